//! Glue's type grammar, partition expressions, SerDe and input-format descriptors.
//!
//! Everything here is pure and synchronous: text in, values out. The catalog filters partitions
//! with [`Expression`], the classifiers describe columns with [`HiveType`], the engine tells from
//! a storage descriptor what to read with [`Format`]. Custom classifiers are checked with [`Custom::check`].

mod classifier;
mod configuration;
mod csv;
mod expression;
mod format;
mod glob;
mod grok;
mod json_path;
mod merge;
mod names;
mod path;
mod types;

pub use classifier::{CsvSerde, CsvSettings, Custom, InvalidClassifier};
pub use configuration::{Configuration, ConfigurationError};
pub use csv::CsvOptions;
pub use expression::{
    BoundExpression, Expression, ExpressionError, PartitionScan, ScanPlan, Step, ValueOrder,
};
pub use format::{Descriptor, Format};
pub use glob::{Exclusions, GlobError};
pub use grok::{Grok, GrokError, GrokField};
pub use json_path::{JsonPath, JsonPathError, JsonStep};
pub use merge::merge;
pub use names::{crawler_table_name, is_column_name, stored_name, suffixed_table_name};
pub use path::{
    DEFAULT_PARTITION, decode_partition_value, encode_partition_value, parse_partition_segment,
    partition_path,
};
pub use types::{HiveType, ParseTypeError, StructField};
