//! Bytes to schema: format detection, type inference, table grouping.
//!
//! A crawl gives each file's first (and, where asked for, last) bytes to [`Classifiers::classify`], then all
//! files with what was found of them to [`group`], which answers the tables and partitions that
//! AWS Glue's crawler would make, each with the reasons for it. Everything is pure, synchronous
//! and bounded, whatever the bytes are.

mod avro;
mod bson;
mod classified;
mod classifiers;
mod compression;
mod content;
mod csv;
mod custom;
mod describe;
mod found;
mod group;
mod ion;
mod json;
mod lines;
mod logs;
mod numbers;
mod orc;
mod parquet;
mod sample;
mod shape;
mod thrift;
mod tree;
mod xml;

pub use classified::{Classified, Column, CsvDetails, Details, RecordCounts, UNKNOWN};
pub use classifiers::{Classifiers, classify};
pub use compression::Compression;
pub use describe::{Counts, Form, PartitionFound, TableFound};
pub use group::{FoundFile, Grouping, Likenesses, THRESHOLD, group, is_hidden, similarity};
pub use mastic_hive::{CsvSerde, CsvSettings, Custom, InvalidClassifier};
pub use sample::{ClassifyError, HEAD_BYTES, Outcome, Sample};
