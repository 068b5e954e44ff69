//! Sources: from files and catalog tables to DataFusion tables.

mod arrow;
mod avro;
pub(crate) mod catalog;
mod csv;
pub(crate) mod database;
mod delta;
mod excel;
mod glob;
mod iceberg;
mod json;
mod listing;
mod orc;
mod own;
mod parquet;
mod pushdown;
mod scan;
mod slices;
mod xml;

pub(crate) use arrow::arrow_table;
pub(crate) use avro::{avro_columns, avro_table};
pub(crate) use csv::{CsvShape, csv_table};
pub(crate) use delta::delta_table;
pub(crate) use excel::{ExcelShape, excel_table};
pub(crate) use iceberg::{iceberg_table, provider as iceberg_provider, since_provider};
pub(crate) use json::{JsonShape, json_table};
pub(crate) use listing::{Files, Listing, SourceFile, bound, covers, list};
pub(crate) use orc::{orc_columns, orc_table};
pub(crate) use parquet::{ParquetTable, parquet_table};
pub(crate) use scan::FileTable;
pub(crate) use slices::whole;
pub use xml::declared_columns;
pub(crate) use xml::xml_source;
