//! The catalog in-process: every call passes the registry, with an authorizer that records.

mod access;
mod catalogs;
mod databases;
mod harness;
mod partition_pages;
mod partitions;
mod search;
mod staged;
mod tables;
