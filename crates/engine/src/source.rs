//! Sources: from files and catalog tables to DataFusion tables.

pub(crate) mod catalog;
mod csv;
pub(crate) mod database;
mod glob;
mod json;
mod listing;
mod parquet;
mod scan;
mod slices;

pub(crate) use csv::{CsvShape, csv_table};
pub(crate) use json::{JsonShape, json_table};
pub(crate) use listing::{Listing, SourceFile, bound, list};
pub(crate) use parquet::parquet_table;
