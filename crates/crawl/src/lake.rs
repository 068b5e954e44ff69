//! Tables that their own formats describe.

pub mod delta;
pub mod iceberg;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{Column, SerDeInfo, StorageDescriptor, TableInput};

/// A file of a table format that says nothing that can be used; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LakeError(String);

impl LakeError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// What all such tables have in common.
fn table(
    name: String,
    location: String,
    columns: Vec<Column>,
    mut parameters: BTreeMap<String, String>,
    formats: [&str; 3],
) -> TableInput {
    for key in ["CrawlerSchemaSerializerVersion", "CrawlerSchemaDeserializerVersion"] {
        parameters.insert(key.to_owned(), "1.0".to_owned());
    }
    let [input, output, serde] = formats.map(|text| (!text.is_empty()).then(|| text.to_owned()));
    TableInput {
        name,
        owner: Some("owner".to_owned()),
        retention: Some(0),
        storage_descriptor: Some(StorageDescriptor {
            columns: Some(columns),
            location: Some(location),
            input_format: input,
            output_format: output,
            compressed: Some(false),
            number_of_buckets: Some(-1),
            serde_info: Some(SerDeInfo { serialization_library: serde, ..SerDeInfo::default() }),
            stored_as_sub_directories: Some(false),
            ..StorageDescriptor::default()
        }),
        partition_keys: Some(Vec::new()),
        table_type: Some("EXTERNAL_TABLE".to_owned()),
        parameters: Some(parameters),
        ..TableInput::default()
    }
}

/// A type that has the same name in Hive, or `decimal(p,s)`.
fn plain(name: &str) -> Option<String> {
    let known = ["boolean", "float", "double", "date", "string", "binary"].contains(&name);
    let decimal = name.starts_with("decimal(") && name.ends_with(')');
    (known || decimal).then(|| name.replace(' ', ""))
}
