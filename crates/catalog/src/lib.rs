//! The Glue Data Catalog: databases, tables, their versions, partitions, partition indexes, search
//! and tags.
//!
//! Tables hang on their database, and versions and partitions on their table, by ids that nobody
//! sees: deleting a parent is one small write that makes all below it unreachable at once, and what
//! is left behind is swept in short transactions afterwards.
//!
//! Source of the rules: the AWS Glue Web API Reference and "Specifying Glue resource ARNs" in the AWS Glue
//! Developer Guide.

mod access;
mod arguments;
mod backfill;
mod batch;
mod catalogs;
mod connection_input;
mod connection_test;
mod connections;
mod databases;
mod errors;
mod events;
mod facts;
mod filter;
mod functions;
mod iceberg;
mod iceberg_types;
mod indexes;
mod keys;
mod links;
mod orphans;
mod packed;
mod paging;
mod partitions;
mod place;
mod policies;
mod records;
mod reorder;
mod search;
mod security;
mod service;
mod statistics;
mod tables;
mod tags;
mod tokens;
mod usage_profiles;
mod versions;
mod views;

#[cfg(test)]
mod tests;

pub use policies::CatalogPolicies;
pub use service::Catalog;
pub use tags::GlueTags;
