//! Files of one table or partition to what the catalog keeps of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use mastic_hive::{Format, merge};

use crate::classified::{Classified, Column, Details, UNKNOWN};
use crate::group::FoundFile;

/// A table that a crawl found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFound {
    /// The table's name, unlike that of any other table of the same crawl target.
    pub name: String,
    /// `s3://bucket/folder/`, or the one file's own path.
    pub location: String,
    /// What all files together are.
    pub form: Arc<Form>,
    /// All files, counted.
    pub counts: Counts,
    /// Names of the partition keys; all are strings.
    pub partition_keys: Vec<String>,
    /// The partitions, in order of their locations; none when there are no keys.
    pub partitions: Vec<PartitionFound>,
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
    /// What the partition's own files are; partitions that are alike share it.
    pub form: Arc<Form>,
    /// The partition's own files, counted.
    pub counts: Counts,
}

/// What files that belong together have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// `csv`, `json`, ... or `UNKNOWN`.
    pub classification: Cow<'static, str>,
    /// The format, whose descriptor the table gets; none for an unknown classification.
    pub format: Option<Format>,
    /// The columns of all files, merged.
    pub columns: Vec<Column>,
    /// `Parameters`, of the table and of its descriptor alike, but for counts and for what depends on the
    /// crawler.
    pub parameters: BTreeMap<String, String>,
    /// `SerdeInfo.Parameters`.
    pub serde_parameters: BTreeMap<String, String>,
}

/// Files in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many there are.
    pub objects: u64,
    /// Their bytes.
    pub size: u64,
    /// Their records.
    pub records: u64,
    /// The bytes of all records, before compression.
    pub record_bytes: u64,
}

impl Counts {
    pub(crate) fn of(files: &[&FoundFile]) -> Self {
        let mut all = Self::default();
        for file in files {
            all.objects += 1;
            all.size = all.size.saturating_add(file.size);
            all.records = all.records.saturating_add(file.counts.records);
            let bytes = file.counts.records.saturating_mul(file.counts.average_size);
            all.record_bytes = all.record_bytes.saturating_add(bytes);
        }
        all
    }

    /// The counts as parameters: summed per file; the average record is that of all files together.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let average = self.record_bytes.checked_div(self.records).unwrap_or_default();
        [
            ("objectCount", self.objects),
            ("sizeKey", self.size),
            ("recordCount", self.records),
            ("averageRecordSize", average),
        ]
        .into_iter()
        .map(|(key, number)| (key.to_owned(), number.to_string()))
    }
}

/// The forms of files and of what they make together, each kept once however many files have it.
#[derive(Debug, Default)]
pub(crate) struct Forms(HashMap<Vec<usize>, Arc<Form>>);

impl Forms {
    /// The form of files that were found to belong together.
    pub(crate) fn of(&mut self, files: &[&FoundFile]) -> Arc<Form> {
        let mut seen = HashSet::new();
        let mut kinds: Vec<&Arc<Classified>> = Vec::new();
        let mut key = Vec::new();
        for file in files {
            let kind = Arc::as_ptr(&file.classified) as usize;
            if seen.insert(kind) {
                kinds.push(&file.classified);
                key.push(kind);
            }
        }
        Arc::clone(self.0.entry(key).or_insert_with(|| Arc::new(describe(&kinds))))
    }
}

fn describe(kinds: &[&Arc<Classified>]) -> Form {
    let first = kinds.first();
    // A SerDe that knows quotes is taken for all files if it is for one.
    let quoting = kinds.iter().map(|kind| kind.format).find(|format| *format == Some(Format::OpenCsv));
    let format = quoting.or_else(|| first.map(|first| first.format)).flatten();
    let classification = first.map_or(Cow::Borrowed(UNKNOWN), |first| first.classification.clone());
    let columns = merge_columns(kinds.iter().map(|kind| kind.columns.as_slice()));
    let mut parameters = BTreeMap::new();
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
    details(kinds, format, &mut parameters, &mut serde_parameters);
    Form { classification, format, columns, parameters, serde_parameters }
}

/// What the format takes besides, into the parameters of the table and those of the SerDe.
fn details(
    kinds: &[&Arc<Classified>],
    format: Option<Format>,
    parameters: &mut BTreeMap<String, String>,
    serde_parameters: &mut BTreeMap<String, String>,
) {
    let mut put = |key: &str, value: &str| parameters.insert(key.to_owned(), value.to_owned());
    let mut serde = |key: &str, value: &str| serde_parameters.insert(key.to_owned(), value.to_owned());
    match kinds.first().map(|kind| &kind.details) {
        None | Some(Details::None) => {}
        Some(Details::Csv(csv)) => {
            let quoted = kinds.iter().any(|kind| kind.csv().is_some_and(|csv| csv.quoted));
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
                kinds.iter().flat_map(|kind| json_fields(kind)).map(String::as_str).collect();
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
            serde("input.format", pattern);
            if !custom_patterns.is_empty() {
                serde("input.grokCustomPatterns", custom_patterns);
            }
        }
        Some(Details::Xml { row_tag }) => {
            put("rowTag", row_tag);
            serde("rowTag", row_tag);
        }
    }
}

fn json_fields(kind: &Classified) -> &[String] {
    match &kind.details {
        Details::Json { fields, .. } => fields,
        _ => &[],
    }
}

/// All columns in the order in which they are first met, with types that hold every file's.
pub(crate) fn merge_columns<'a>(schemas: impl IntoIterator<Item = &'a [Column]>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    let mut last: Option<&'a [Column]> = None;
    for schema in schemas {
        // Neighbours often share one schema.
        if last.is_some_and(|last| std::ptr::eq(last, schema)) {
            continue;
        }
        last = Some(schema);
        for column in schema {
            match places.get(column.name.as_str()).and_then(|place| columns.get_mut(*place)) {
                Some(known) if known.ty == column.ty => {}
                Some(known) => known.ty = merge(&known.ty, &column.ty),
                None => {
                    places.insert(&column.name, columns.len());
                    columns.push(column.clone());
                }
            }
        }
    }
    columns
}
