//! What is known of one file.

use mastic_hive::{Format, HiveType};

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

/// What was found of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The format; none when no classifier recognises the file.
    pub format: Option<Format>,
    /// How the file as a whole is compressed; compression inside Parquet does not count.
    pub compression: Compression,
    /// The columns, in the order of the data.
    pub columns: Vec<Column>,
    /// How lines are taken apart, for CSV.
    pub csv: Option<CsvDetails>,
    /// The names of JSON's top-level fields as written, in the order of the data.
    pub json_paths: Vec<String>,
    /// How many records there are.
    pub counts: RecordCounts,
}

impl Classified {
    /// A file that no classifier recognises.
    pub(crate) fn unknown(compression: Compression) -> Self {
        Self {
            format: None,
            compression,
            columns: Vec::new(),
            csv: None,
            json_paths: Vec::new(),
            counts: RecordCounts::default(),
        }
    }

    /// The classification string of the built-in classifiers: `csv`, `json`, ... or [`UNKNOWN`].
    #[must_use]
    pub fn classification(&self) -> &'static str {
        self.format.map_or(UNKNOWN, Format::classification)
    }
}

/// How the lines of a CSV file are taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvDetails {
    /// Between cells.
    pub delimiter: char,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Whether some cell stands between double quotes.
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
}
