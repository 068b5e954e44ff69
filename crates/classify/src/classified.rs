//! What is known of one file.

use std::borrow::Cow;
use std::sync::Arc;

use mastic_hive::{Format, HiveType, StructField, stored_name};

use crate::compression::Compression;

/// The classification of a file that no classifier recognises.
pub const UNKNOWN: &str = "UNKNOWN";

/// A column of a file or table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, in lower case as the catalog keeps it.
    pub name: String,
    /// The type; never `void`.
    pub ty: HiveType,
}

impl Column {
    /// A column of what was found to be a field.
    pub(crate) fn of_field(field: StructField) -> Self {
        Self { name: stored_name(&field.name), ty: field.ty.without_void() }
    }
}

/// What was found of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// `csv`, `json`, ..., what a custom classifier says, or [`UNKNOWN`].
    pub classification: Cow<'static, str>,
    /// The format; none when no classifier recognises the file.
    pub format: Option<Format>,
    /// How the file as a whole is compressed; compression inside Parquet, ORC and Avro does not count.
    pub compression: Compression,
    /// The columns, in the order of the data.
    pub columns: Vec<Column>,
    /// What reading the format takes besides.
    pub details: Details,
    /// How many records there are.
    pub counts: RecordCounts,
}

/// What reading a file takes besides its format and columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Details {
    /// Nothing.
    #[default]
    None,
    /// How the lines of CSV are taken apart.
    Csv(CsvDetails),
    /// Of JSON.
    Json {
        /// The names of the top-level fields as written, in the order of the data.
        fields: Vec<String>,
        /// The custom classifier's path to the records.
        path: Option<Arc<str>>,
    },
    /// The schema in an Avro file's header.
    Avro {
        /// As it stands there.
        schema: String,
    },
    /// The pattern that takes lines apart.
    Grok {
        /// `GrokPattern`.
        pattern: Arc<str>,
        /// `CustomPatterns`; may be empty.
        custom_patterns: Arc<str>,
    },
    /// Of XML.
    Xml {
        /// The name of the elements that are records.
        row_tag: Arc<str>,
    },
}

impl Classified {
    /// A file of a format, with its own classification and nothing else known.
    pub(crate) fn new(format: Format, compression: Compression) -> Self {
        Self {
            classification: Cow::Borrowed(format.classification()),
            format: Some(format),
            ..Self::unknown(compression)
        }
    }

    /// A file that no classifier recognises.
    #[must_use]
    pub fn unknown(compression: Compression) -> Self {
        Self {
            classification: Cow::Borrowed(UNKNOWN),
            format: None,
            compression,
            columns: Vec::new(),
            details: Details::None,
            counts: RecordCounts::default(),
        }
    }

    /// How lines are taken apart, for CSV.
    #[must_use]
    pub fn csv(&self) -> Option<CsvDetails> {
        match self.details {
            Details::Csv(details) => Some(details),
            _ => None,
        }
    }
}

/// How the lines of a CSV file are taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvDetails {
    /// Between cells.
    pub delimiter: char,
    /// Round cells that may hold delimiters.
    pub quote: char,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Whether some cell stands between quotes.
    pub quoted: bool,
}

/// The number of records in a file, and how large one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordCounts {
    /// Records in the whole file; an estimate unless the format tells, or all was read.
    pub records: u64,
    /// Bytes of an average record, before compression.
    pub average_size: u64,
}

impl RecordCounts {
    /// Counts for a text of `size` bytes of which `seen` records in `bytes` bytes were read.
    /// AWS derives the number of records from the rounded average, which is why the average is
    /// rounded first.
    pub(crate) fn estimate(size: u64, seen: u64, bytes: u64) -> Self {
        if seen == 0 {
            return Self::default();
        }
        let average_size = (bytes / seen).max(1);
        Self { records: size / average_size, average_size }
    }

    /// Counts for `records` records in a file of `bytes` bytes.
    pub(crate) fn exact(bytes: u64, records: u64) -> Self {
        Self { records, average_size: bytes.checked_div(records).unwrap_or_default() }
    }
}
