//! What a crawl found, as the catalog keeps it.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{Column, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput};
use mastic_classify::{Counts, Form, PartitionFound, TableFound};
use mastic_core::Timestamp;
use mastic_hive::Format;
use mastic_shape::{Shape, Value};

/// Who crawls, and when.
#[derive(Debug, Clone)]
pub struct Crawl {
    /// The crawler's name.
    pub crawler: String,
    /// The crawl's id, a UUID.
    pub id: String,
    /// The crawl's time.
    pub at: Timestamp,
}

/// A table that a target gave.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was found.
    pub table: TableFound,
    /// The target's exclude patterns as full paths, in JSON; none where there are none.
    pub exclusions: Option<String>,
    /// Whether a catalog target names the table: people made it, and chose its keys.
    pub named: bool,
}

/// A table that its own format describes, such as Iceberg's, or its database.
#[derive(Debug, Clone, PartialEq)]
pub struct Lake {
    /// The table, but for who crawled it.
    pub table: TableInput,
    /// Its partitions, but for who crawled them; none where the format itself tells them to engines.
    pub partitions: Vec<PartitionInput>,
    /// Why it is there.
    pub reasons: Vec<String>,
}

/// The parameter by which a crawler knows its tables.
pub(crate) const UPDATED_BY: &str = "UPDATED_BY_CRAWLER";
/// The parameter of a table whose data is gone: when that was noticed, in milliseconds.
pub(crate) const DEPRECATED_BY: &str = "DEPRECATED_BY_CRAWLER";
/// The parameter of a table whose partitions can be filtered by an index.
pub(crate) const FILTERING: &str = "partition_filtering.enabled";
/// The parameter that names the crawl which wrote a table.
pub(crate) const RUN_ID: &str = "CRAWL_RUN_ID";

impl Lake {
    pub(crate) fn location(&self) -> &str {
        let descriptor = self.table.storage_descriptor.as_ref();
        descriptor.and_then(|descriptor| descriptor.location.as_deref()).unwrap_or_default()
    }
}

impl Crawl {
    /// The table as the crawl would make it.
    pub(crate) fn table(&self, found: &Found, indexed: bool) -> TableInput {
        let table = &found.table;
        let mut parameters = self.parameters(&table.form, table.counts);
        if let Some(exclusions) = &found.exclusions {
            parameters.insert("exclusions".to_owned(), exclusions.clone());
        }
        if indexed && !table.partition_keys.is_empty() {
            parameters.insert(FILTERING.to_owned(), "true".to_owned());
        }
        let keys = table.partition_keys.iter().map(|name| column(name, "string"));
        TableInput {
            name: table.name.clone(),
            owner: Some("owner".to_owned()),
            retention: Some(0),
            last_access_time: Some(self.at),
            storage_descriptor: Some(descriptor(&table.form, &table.location, parameters.clone())),
            partition_keys: Some(keys.collect()),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            parameters: Some(parameters),
            ..TableInput::default()
        }
    }

    /// A partition as the crawl would make it.
    pub(crate) fn partition(&self, found: &PartitionFound) -> PartitionInput {
        let parameters = self.parameters(&found.form, found.counts);
        PartitionInput {
            values: Some(found.values.clone()),
            last_access_time: Some(self.at),
            storage_descriptor: Some(descriptor(&found.form, &found.location, parameters)),
            ..PartitionInput::default()
        }
    }

    fn parameters(&self, form: &Form, counts: Counts) -> BTreeMap<String, String> {
        let mut parameters = form.parameters.clone();
        parameters.extend(counts.parameters());
        self.sign(&mut parameters);
        parameters
    }

    /// A partition of a table that its own format describes.
    pub(crate) fn told(&self, partition: &PartitionInput) -> PartitionInput {
        let mut partition = partition.clone();
        partition.last_access_time = Some(self.at);
        let descriptor = partition.storage_descriptor.get_or_insert_default();
        self.sign(descriptor.parameters.get_or_insert_default());
        partition
    }

    /// Puts down who crawled.
    pub(crate) fn sign(&self, parameters: &mut BTreeMap<String, String>) {
        parameters.insert(UPDATED_BY.to_owned(), self.crawler.clone());
        parameters.insert(RUN_ID.to_owned(), self.id.clone());
    }
}

fn descriptor(form: &Form, location: &str, parameters: BTreeMap<String, String>) -> StorageDescriptor {
    let format = form.format.map(Format::descriptor);
    StorageDescriptor {
        columns: Some(form.columns.iter().map(|c| column(&c.name, &c.ty.to_string())).collect()),
        location: Some(location.to_owned()),
        input_format: format.as_ref().map(|format| format.input_format.to_owned()),
        output_format: format.as_ref().map(|format| format.output_format.to_owned()),
        compressed: Some(false),
        number_of_buckets: Some(-1),
        serde_info: Some(SerDeInfo {
            name: None,
            // XML and BSON have no SerDe, and an empty name is none.
            serialization_library: format
                .map(|format| format.serde.to_owned())
                .filter(|serde| !serde.is_empty()),
            parameters: Some(form.serde_parameters.clone()),
        }),
        bucket_columns: Some(Vec::new()),
        sort_columns: Some(Vec::new()),
        parameters: Some(parameters),
        stored_as_sub_directories: Some(false),
        ..StorageDescriptor::default()
    }
}

fn column(name: &str, ty: &str) -> Column {
    Column { name: name.to_owned(), r#type: Some(ty.to_owned()), ..Column::default() }
}

/// A table of the catalog as the input that would make it again.
pub(crate) fn input_of(table: &Table) -> TableInput {
    let table = table.clone();
    TableInput {
        name: table.name,
        description: table.description,
        owner: table.owner,
        last_access_time: table.last_access_time,
        last_analyzed_time: table.last_analyzed_time,
        retention: table.retention,
        storage_descriptor: table.storage_descriptor,
        partition_keys: table.partition_keys,
        view_original_text: table.view_original_text,
        view_expanded_text: table.view_expanded_text,
        table_type: table.table_type,
        parameters: table.parameters,
        target_table: table.target_table,
        view_definition: None,
    }
}

/// Whether two shapes say the same: what is empty, zero or false says nothing, and neither do the id of the
/// crawl that wrote it and the times at which it was looked at.
pub(crate) fn same<T: Shape>(a: T, b: T) -> bool {
    said(a.into_value()) == said(b.into_value())
}

fn said(value: Value) -> Option<Value> {
    match value.into_plain() {
        Value::Bool(false) | Value::Int(0) => None,
        Value::Str(text) if text.is_empty() => None,
        Value::List(items) if items.is_empty() => None,
        // The items of a list are told by their places: an empty one counts.
        Value::List(items) => {
            Some(Value::List(items.into_iter().map(|item| said(item).unwrap_or_default()).collect()))
        }
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .into_iter()
                .filter(|(name, _)| !matches!(name.as_ref(), RUN_ID | "LastAccessTime" | "LastAnalyzedTime"))
                .filter_map(|(name, value)| Some((name, said(value)?)))
                .collect();
            (!entries.is_empty()).then_some(Value::Map(entries))
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sameness_is_a_matter_of_content() {
        let with = |run: &str, count: &str| StorageDescriptor {
            compressed: Some(false),
            parameters: Some(BTreeMap::from([
                (RUN_ID.to_owned(), run.to_owned()),
                ("objectCount".to_owned(), count.to_owned()),
            ])),
            ..StorageDescriptor::default()
        };
        let terse = StorageDescriptor { compressed: None, bucket_columns: Some(vec![]), ..with("2", "1") };
        assert!(same(with("1", "1"), terse));
        assert!(!same(with("1", "1"), with("1", "2")));
    }
}
