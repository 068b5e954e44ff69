//! Iceberg: a table's newest metadata file to what the catalog keeps ("Table metadata", Apache Iceberg
//! specification).

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use mastic_api_glue::glue::types::Column;
use mastic_hive::crawler_table_name;
use serde_json::Value;

use super::{LakeError, Types, table};
use crate::describe::Lake;

/// How deep tables are looked for unless the target says otherwise: the most that it can say.
pub const DEEPEST: i32 = 20;

/// The most that a metadata file may hold, in bytes, once it is decompressed.
const LARGEST: u64 = 256 << 20;

/// How its schemas write types.
const TYPES: Types = Types {
    list: ["list", "element"],
    map: ["key", "value"],
    named: |name| match name {
        "int" => Some("int"),
        "long" => Some("bigint"),
        "time" | "uuid" => Some("string"),
        "timestamp" | "timestamptz" | "timestamp_ns" | "timestamptz_ns" => Some("timestamp"),
        fixed if fixed.starts_with("fixed[") => Some("binary"),
        _ => None,
    },
};

/// The newest of a table's metadata files, by the version that its name begins with.
pub fn newest<'a>(keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    keys.filter_map(|key| Some((version(key.rsplit('/').next()?)?, key))).max().map(|(_, key)| key)
}

/// The version in `00003-uuid.metadata.json`, `v3.metadata.json` or their compressed forms.
fn version(name: &str) -> Option<u64> {
    let ends = [".metadata.json", ".metadata.json.gz", ".gz.metadata.json"];
    ends.iter().find(|end| name.ends_with(*end))?;
    let digits = name.strip_prefix('v').unwrap_or(name);
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    digits.get(..end)?.parse().ok()
}

/// The table that a metadata file describes; `folder` is its folder's name, `at` the file's URL.
///
/// # Errors
/// When the file is not metadata of Iceberg.
pub fn read(bytes: &[u8], at: &str, table_prefix: &str, folder: &str) -> Result<Lake, LakeError> {
    let mut plain_bytes = Vec::new();
    let bytes = if bytes.starts_with(b"\x1f\x8b") {
        let mut limited = MultiGzDecoder::new(bytes).take(LARGEST);
        limited.read_to_end(&mut plain_bytes).map_err(|error| LakeError::new(error.to_string()))?;
        plain_bytes.as_slice()
    } else {
        bytes
    };
    let metadata: Value =
        serde_json::from_slice(bytes).map_err(|error| LakeError::new(format!("it is no JSON: {error}")))?;
    let version = metadata.get("format-version").and_then(Value::as_u64);
    let version = version.ok_or_else(|| LakeError::new("it has no format-version"))?;
    let location = metadata.get("location").and_then(Value::as_str);
    let location = location.ok_or_else(|| LakeError::new("it has no location"))?.trim_end_matches('/');
    let schema = schema(&metadata).ok_or_else(|| LakeError::new("it has no current schema"))?;
    let fields = schema.get("fields").and_then(Value::as_array).into_iter().flatten();
    let columns = fields.map(column).collect::<Result<Vec<_>, _>>()?;
    let parameters = BTreeMap::from([
        ("table_type".to_owned(), "ICEBERG".to_owned()),
        ("metadata_location".to_owned(), at.to_owned()),
    ]);
    let name = crawler_table_name(table_prefix, folder);
    Ok(Lake {
        table: table(name, location.to_owned(), columns, parameters, ["", "", ""]),
        reasons: vec![format!(
            "`{at}` is the newest metadata of an Iceberg table of format version {version}"
        )],
        partitions: Vec::new(),
    })
}

fn schema(metadata: &Value) -> Option<&Value> {
    let Some(id) = metadata.get("current-schema-id").and_then(Value::as_i64) else {
        return metadata.get("schema");
    };
    let mut schemas = metadata.get("schemas").and_then(Value::as_array)?.iter();
    schemas.find(|schema| schema.get("schema-id").and_then(Value::as_i64) == Some(id))
}

fn column(field: &Value) -> Result<Column, LakeError> {
    let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
    let unusable = || LakeError::new(format!("the type of the column `{name}` is not known"));
    let ty = field.get("type").and_then(|ty| TYPES.hive(ty, 0)).ok_or_else(unusable)?;
    let optional = field.get("required").and_then(Value::as_bool) != Some(true);
    let id = field.get("id").and_then(Value::as_i64).unwrap_or_default();
    let parameters = [
        ("iceberg.field.current", "true".to_owned()),
        ("iceberg.field.id", id.to_string()),
        ("iceberg.field.optional", optional.to_string()),
    ];
    Ok(Column {
        name: name.to_lowercase(),
        r#type: Some(ty),
        comment: field.get("doc").and_then(Value::as_str).map(str::to_owned),
        parameters: Some(parameters.into_iter().map(|(key, text)| (key.to_owned(), text)).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_metadata_is_that_of_the_highest_version() {
        let keys = [
            "t/metadata/00002-x.metadata.json",
            "t/metadata/00010-a.gz.metadata.json",
            "t/metadata/00009-b.metadata.json",
            "t/metadata/snap-1.avro",
            "t/metadata/version-hint.text",
        ];
        assert_eq!(newest(keys.into_iter()), Some("t/metadata/00010-a.gz.metadata.json"));
        assert_eq!(
            newest(["m/v9.metadata.json", "m/v12.metadata.json"].into_iter()),
            Some("m/v12.metadata.json")
        );
        assert_eq!(newest(["m/x.json"].into_iter()), None);
    }

    #[test]
    fn the_current_schema_becomes_columns() {
        let metadata = serde_json::json!({
            "format-version": 2, "location": "s3://b/t", "current-schema-id": 1,
            "schemas": [
                {"schema-id": 0, "fields": []},
                {"schema-id": 1, "fields": [
                    {"id": 1, "name": "Id", "required": true, "type": "long", "doc": "key"},
                    {"id": 2, "name": "price", "required": false, "type": "decimal(9, 2)"},
                    {"id": 3, "name": "tags", "required": false,
                     "type": {"type": "list", "element-id": 5, "element": "string", "element-required": false}},
                    {"id": 4, "name": "at", "required": false, "type": {"type": "struct", "fields": [
                        {"id": 6, "name": "ts", "required": false, "type": "timestamptz"}]}},
                ]},
            ],
        });
        let lake = read(metadata.to_string().as_bytes(), "s3://b/t/metadata/1.json", "p_", "t").unwrap();
        let descriptor = lake.table.storage_descriptor.unwrap();
        let columns: Vec<String> = descriptor
            .columns
            .unwrap()
            .iter()
            .map(|column| format!("{}:{}", column.name, column.r#type.as_deref().unwrap()))
            .collect();
        assert_eq!(
            columns,
            ["id:bigint", "price:decimal(9,2)", "tags:array<string>", "at:struct<ts:timestamp>"]
        );
        assert_eq!((lake.table.name.as_str(), descriptor.location.as_deref()), ("p_t", Some("s3://b/t")));
        assert_eq!(lake.table.parameters.unwrap()["table_type"], "ICEBERG");
    }

    #[test]
    fn what_is_not_metadata_says_why() {
        for (text, why) in
            [("x", "no JSON"), ("{}", "format-version"), ("{\"format-version\":2}", "location")]
        {
            assert!(read(text.as_bytes(), "", "", "").unwrap_err().to_string().contains(why), "{text}");
        }
    }
}
