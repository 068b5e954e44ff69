//! Files of one table or partition to what the catalog keeps of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use mastic_hive::{Format, merge};

use crate::classified::{Column, Details, UNKNOWN};
use crate::group::FoundFile;

/// A table that a crawl found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFound {
    /// The table's name, unlike that of any other table of the same crawl target.
    pub name: String,
    /// `s3://bucket/folder/`, or the one file's own path.
    pub location: String,
    /// `csv`, `json`, ... or `UNKNOWN`.
    pub classification: Cow<'static, str>,
    /// The format, whose descriptor the table gets; none for an unknown classification.
    pub format: Option<Format>,
    /// The columns of all files, merged.
    pub columns: Vec<Column>,
    /// Names of the partition keys; all are strings.
    pub partition_keys: Vec<String>,
    /// The partitions, in order of their locations; none when there are no keys.
    pub partitions: Vec<PartitionFound>,
    /// `Parameters`, of the table and of its descriptor alike, but for what depends on the crawler.
    pub parameters: BTreeMap<String, String>,
    /// `SerdeInfo.Parameters`.
    pub serde_parameters: BTreeMap<String, String>,
    /// Why the files became this table and no other.
    pub reasons: Vec<String>,
}

/// A partition of a table that a crawl found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFound {
    /// A value for each key of the table.
    pub values: Vec<String>,
    /// `s3://bucket/folder/`.
    pub location: String,
    /// The columns of the partition's own files, merged.
    pub columns: Vec<Column>,
    /// `StorageDescriptor.Parameters`, with the partition's own counts.
    pub parameters: BTreeMap<String, String>,
    /// `SerdeInfo.Parameters`.
    pub serde_parameters: BTreeMap<String, String>,
}

/// What table and partition have in common.
pub(crate) struct Description {
    pub(crate) format: Option<Format>,
    pub(crate) classification: Cow<'static, str>,
    pub(crate) columns: Vec<Column>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) serde_parameters: BTreeMap<String, String>,
}

/// Describes files that were found to belong together.
pub(crate) fn describe(files: &[&FoundFile]) -> Description {
    let first = files.first().map(|file| &file.classified);
    let format = first.and_then(|first| first.format);
    let classification = first.map_or(Cow::Borrowed(UNKNOWN), |first| first.classification.clone());
    let columns = merge_columns(files.iter().map(|file| file.classified.columns.as_slice()));
    let mut parameters = counts(files);
    let mut put = |key: &str, value: &str| parameters.insert(key.to_owned(), value.to_owned());
    put("CrawlerSchemaSerializerVersion", "1.0");
    put("CrawlerSchemaDeserializerVersion", "1.0");
    put("classification", &classification);
    put("compressionType", first.map_or("none", |first| first.compression.name()));
    put("typeOfData", "file");
    let mut serde_parameters: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in format.iter().flat_map(|format| format.descriptor().serde_parameters) {
        serde_parameters.insert((*key).to_owned(), (*value).to_owned());
    }
    details(files, format, &mut parameters, &mut serde_parameters);
    Description { format, classification, columns, parameters, serde_parameters }
}

/// What the format takes besides, into the parameters of the table and those of the SerDe.
fn details(
    files: &[&FoundFile],
    format: Option<Format>,
    parameters: &mut BTreeMap<String, String>,
    serde_parameters: &mut BTreeMap<String, String>,
) {
    let mut put = |key: &str, value: &str| parameters.insert(key.to_owned(), value.to_owned());
    let mut serde = |key: &str, value: &str| serde_parameters.insert(key.to_owned(), value.to_owned());
    match files.first().map(|file| &file.classified.details) {
        None | Some(Details::None) => {}
        Some(Details::Csv(csv)) => {
            let quoted = files.iter().any(|file| file.classified.csv().is_some_and(|csv| csv.quoted));
            let delimiter = csv.delimiter.to_string();
            put("delimiter", &delimiter);
            put("areColumnsQuoted", if quoted { "true" } else { "false" });
            put("columnsOrdered", "true");
            if csv.header {
                put("skip.header.line.count", "1");
            }
            if format == Some(Format::OpenCsv) {
                serde("separatorChar", &delimiter);
                serde("quoteChar", &csv.quote.to_string());
            } else {
                serde("field.delim", &delimiter);
            }
        }
        Some(Details::Json { path, .. }) => {
            let mut names: Vec<&str> =
                files.iter().flat_map(|file| json_fields(file)).map(String::as_str).collect();
            names.sort_unstable();
            names.dedup();
            serde("paths", &names.join(","));
            if let Some(path) = path {
                put("jsonPath", path);
            }
        }
        Some(Details::Avro { schema }) => {
            put("avro.schema.literal", schema);
            serde("avro.schema.literal", schema);
        }
        Some(Details::Grok { pattern, custom_patterns }) => {
            put("grokPattern", pattern);
            serde("input.format", pattern);
            if !custom_patterns.is_empty() {
                put("grokCustomPatterns", custom_patterns);
                serde("input.grokCustomPatterns", custom_patterns);
            }
        }
        Some(Details::Xml { row_tag }) => {
            put("rowTag", row_tag);
            serde("rowTag", row_tag);
        }
    }
}

fn json_fields(file: &FoundFile) -> &[String] {
    match &file.classified.details {
        Details::Json { fields, .. } => fields,
        _ => &[],
    }
}

/// Counts are summed per file; the average record is that of all files together.
fn counts(files: &[&FoundFile]) -> BTreeMap<String, String> {
    let (mut size, mut records, mut bytes) = (0u64, 0u64, 0u64);
    for file in files {
        let counts = file.classified.counts;
        size = size.saturating_add(file.size);
        records = records.saturating_add(counts.records);
        bytes = bytes.saturating_add(counts.records.saturating_mul(counts.average_size));
    }
    let numbers = [
        ("objectCount", files.len() as u64),
        ("sizeKey", size),
        ("recordCount", records),
        ("averageRecordSize", bytes.checked_div(records).unwrap_or_default()),
    ];
    numbers.into_iter().map(|(key, number)| (key.to_owned(), number.to_string())).collect()
}

/// All columns in the order in which they are first met, with types that hold every file's.
pub(crate) fn merge_columns<'a>(schemas: impl IntoIterator<Item = &'a [Column]>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for column in schemas.into_iter().flatten() {
        match places.get(column.name.as_str()).and_then(|place| columns.get_mut(*place)) {
            Some(known) if known.ty == column.ty => {}
            Some(known) => known.ty = merge(&known.ty, &column.ty),
            None => {
                places.insert(&column.name, columns.len());
                columns.push(column.clone());
            }
        }
    }
    columns
}
