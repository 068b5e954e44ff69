use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{BookmarkKeys, ColumnType, CsvFormat, Parts, QUILLEMET, S3Files};

/// Settings of a source of Avro files, which tell their own columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvroSource {
    /// The files.
    pub files: S3Files,
}

/// Settings of a source of ORC files, which tell their own columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrcSource {
    /// The files.
    pub files: S3Files,
}

/// Settings of a source of XML files ("Using the XML format in AWS Glue", AWS Glue Developer Guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlSource {
    /// The files.
    pub files: S3Files,
    /// The format's options by their names: `rowTag`, `attributePrefix` and so on.
    pub options: BTreeMap<String, String>,
    /// The columns as the JSON text of a `StructType` (`withSchema`); they are inferred from all data otherwise.
    pub schema: Option<String>,
}

/// Settings of a source of files that Spark has put into a folder of this machine: Arrow's file format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrowSource {
    /// The folder.
    pub folder: PathBuf,
    /// The columns, which a folder without files does not tell.
    pub columns: Vec<ColumnType>,
}

/// How much a sample of a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Partitions at most.
    pub partitions: usize,
    /// Files of each at most.
    pub files: usize,
}

/// Settings of a catalog source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogSource {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// Which partitions to read, as SQL over the partition keys.
    pub predicate: Option<String>,
    /// Which partitions the catalog answers, in the grammar of `GetPartitions`.
    pub expression: Option<String>,
    /// Read at most so many files.
    pub bounded_files: Option<u64>,
    /// Read at most so many bytes.
    pub bounded_size: Option<u64>,
    /// Read some of the files only.
    pub sample: Option<Sampling>,
    /// Of a table of a database, how reading is shared out; what the table's parameters say if it is missing.
    pub parts: Option<Parts>,
    /// Of a table of a database, by which rows a run with bookmarks knows those that earlier runs have read.
    pub keys: BookmarkKeys,
    /// Whether text is read as Hive's SerDes do, and not as AWS Glue's own readers.
    pub hive: bool,
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvWriting {
    /// Between fields.
    pub separator: u8,
    /// Around fields that need it; such fields stand as they are if it is missing.
    pub quote: Option<u8>,
    /// Before a quote within quotes, which is doubled if this is missing.
    pub escape: Option<u8>,
    /// Whether files begin with the names of their columns.
    pub header: bool,
}

impl Default for CsvWriting {
    fn default() -> Self {
        Self { separator: b',', quote: Some(b'"'), escape: None, header: true }
    }
}

impl CsvFormat {
    /// Quotes are `«`.
    #[must_use]
    pub fn quillemet() -> Self {
        Self { quote: Some(QUILLEMET), quillemet: true, ..Self::default() }
    }
}

impl Sampling {
    /// Keeps the first of the files, which come partition by partition.
    pub(crate) fn keep<T>(self, files: Vec<T>, partition: impl Fn(&T) -> Vec<Option<String>>) -> Vec<T> {
        let mut seen: Vec<(Vec<Option<String>>, usize)> = Vec::new();
        let mut kept = Vec::new();
        for file in files {
            let values = partition(&file);
            let at = seen.iter().position(|(known, _)| *known == values).unwrap_or(seen.len());
            if at == seen.len() {
                if at == self.partitions {
                    continue;
                }
                seen.push((values, 0));
            }
            if let Some((_, count)) = seen.get_mut(at).filter(|(_, count)| *count < self.files) {
                *count += 1;
                kept.push(file);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_first_of_everything() {
        let files: Vec<(&str, u8)> = vec![("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)];
        let kept = Sampling { partitions: 2, files: 2 }.keep(files, |(of, _)| vec![Some((*of).to_owned())]);
        assert_eq!(kept.iter().map(|(_, file)| *file).collect::<Vec<_>>(), [1, 2, 4, 6]);
    }
}
