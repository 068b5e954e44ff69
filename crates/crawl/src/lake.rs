//! Tables that their own formats describe.

pub mod delta;
pub mod iceberg;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{Column, SerDeInfo, StorageDescriptor, TableInput};
use serde_json::Value;

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

/// Nesting of types that is followed.
const DEEPEST: u32 = 64;

/// How a format writes its types in JSON.
struct Types {
    /// A list's name, and where that of its elements stands.
    list: [&'static str; 2],
    /// Where the types of a map's keys and values stand.
    map: [&'static str; 2],
    /// The Hive type of a type that is a mere name, if it is another than [`plain`] tells.
    named: fn(&str) -> Option<&'static str>,
}

impl Types {
    /// A type of the format as one of Hive.
    fn hive(&self, ty: &Value, depth: u32) -> Option<String> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(name) = ty.as_str() {
            return (self.named)(name).map(str::to_owned).or_else(|| plain(name));
        }
        let inner = |key: &str| self.hive(ty.get(key)?, depth + 1);
        let ([list, element], [key, value]) = (self.list, self.map);
        match ty.get("type")?.as_str()? {
            name if name == list => Some(format!("array<{}>", inner(element)?)),
            "map" => Some(format!("map<{},{}>", inner(key)?, inner(value)?)),
            "struct" => {
                let fields = ty.get("fields")?.as_array()?.iter().map(|field| {
                    let ty = self.hive(field.get("type")?, depth + 1)?;
                    Some(format!("{}:{ty}", field.get("name")?.as_str()?))
                });
                Some(format!("struct<{}>", fields.collect::<Option<Vec<_>>>()?.join(",")))
            }
            _ => None,
        }
    }
}

/// A type that has the same name in Hive, or `decimal(p,s)`.
fn plain(name: &str) -> Option<String> {
    let known = ["boolean", "float", "double", "date", "string", "binary"].contains(&name);
    let decimal = name.starts_with("decimal(") && name.ends_with(')');
    (known || decimal).then(|| name.replace(' ', ""))
}
