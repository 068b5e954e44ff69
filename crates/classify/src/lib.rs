//! Bytes to schema: format detection, type inference, table grouping.
//!
//! A crawl gives each file's first (and, where asked for, last) bytes to [`classify`], then all
//! files with what was found of them to [`group`], which answers the tables and partitions that
//! AWS Glue's crawler would make, each with the reasons for it. Everything is pure, synchronous
//! and bounded, whatever the bytes are.

mod classified;
mod compression;
mod configuration;
mod csv;
mod describe;
mod glob;
mod group;
mod json;
mod parquet;
mod sample;
mod thrift;
mod tree;

pub use classified::{Classified, Column, CsvDetails, RecordCounts, UNKNOWN};
pub use compression::Compression;
pub use configuration::{Configuration, ConfigurationError};
pub use describe::{PartitionFound, TableFound};
pub use glob::{Exclusions, GlobError};
pub use group::{FoundFile, Grouping, group, is_hidden};
pub use sample::{ClassifyError, HEAD_BYTES, Outcome, Sample, classify};
