//! Sources: from files and catalog tables to DataFusion tables.

mod csv;
mod glob;
mod json;
mod listing;
mod parquet;
mod scan;
mod slices;

pub(crate) use csv::csv_table;
pub(crate) use json::json_table;
pub(crate) use listing::{SourceFile, list};
pub(crate) use parquet::parquet_table;
