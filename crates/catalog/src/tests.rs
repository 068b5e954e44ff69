//! The catalog in-process: every call passes the registry, with an authorizer that records.

mod access;
mod catalogs;
mod databases;
mod documents;
mod events;
mod harness;
mod indexes;
mod partition_pages;
mod partitions;
mod reorder;
mod search;
mod staged;
mod tables;
