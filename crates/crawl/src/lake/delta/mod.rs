//! Delta Lake: a table's log to what the catalog keeps ("Delta Transaction Log Protocol", Delta Lake).

mod files;
mod log;
mod symlink;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::Column;
use mastic_hive::crawler_table_name;
use serde_json::Value;

pub use files::{Files, choose};
pub use log::{Action, Add, Commit, Log, Metadata, Named};
pub use symlink::{MANIFESTS, Manifests};

use super::{LakeError, Types, table};
use crate::describe::Lake;

/// How its schemas write types.
const TYPES: Types = Types {
    list: ["array", "elementType"],
    map: ["keyType", "valueType"],
    named: |name| match name {
        "long" => Some("bigint"),
        "integer" => Some("int"),
        "short" => Some("smallint"),
        "byte" => Some("tinyint"),
        "timestamp_ntz" | "timestamp" => Some("timestamp"),
        _ => None,
    },
};

/// The longest text of a parameter that Spark writes a schema into, in bytes.
const PART: usize = 4000;

impl Log {
    /// The table, as native engines read it (`CreateNativeDeltaTable`).
    ///
    /// # Errors
    /// When nothing that was read tells the schema, or a type in it is not known.
    pub fn native_table(&self, location: &str, table_prefix: &str, folder: &str) -> Result<Lake, LakeError> {
        let schema = &self.metadata()?.schema_string;
        let columns = self.columns()?.into_iter().map(|(_, column)| column).collect();
        let mut input = table(
            crawler_table_name(table_prefix, folder),
            location.to_owned(),
            columns,
            self.parameters(schema),
            [
                "org.apache.hadoop.mapred.SequenceFileInputFormat",
                "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
                "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            ],
        );
        let serde = input.storage_descriptor.as_mut().and_then(|descriptor| descriptor.serde_info.as_mut());
        if let Some(serde) = serde {
            let parameters = [("serialization.format", "1"), ("path", location)];
            let owned = parameters.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned()));
            serde.parameters = Some(owned.collect());
        }
        Ok(Lake {
            table: input,
            reasons: vec![format!(
                "`{location}_delta_log/` is the log of a Delta table, at version {}",
                self.version
            )],
            partitions: Vec::new(),
        })
    }

    fn metadata(&self) -> Result<&Metadata, LakeError> {
        self.metadata.as_ref().ok_or_else(|| LakeError::new("nothing in the log tells the schema"))
    }

    /// The columns, each by the name that the log has for it.
    fn columns(&self) -> Result<Vec<(String, Column)>, LakeError> {
        let read: Value = serde_json::from_str(&self.metadata()?.schema_string)
            .map_err(|error| LakeError::new(format!("its schema is no JSON: {error}")))?;
        let fields = read.get("fields").and_then(Value::as_array).into_iter().flatten();
        fields.map(column).collect()
    }

    fn parameters(&self, schema: &str) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::new();
        let mut put = |key: &str, text: String| parameters.insert(key.to_owned(), text);
        put("EXTERNAL", "TRUE".to_owned());
        put("classification", "delta".to_owned());
        put("table_type", "delta".to_owned());
        put("spark.sql.sources.provider", "delta".to_owned());
        put("spark.sql.partitionProvider", "catalog".to_owned());
        put("delta.lastUpdateVersion", self.version.to_string());
        if let Some(timestamp) = self.timestamp {
            put("delta.lastCommitTimestamp", timestamp.to_string());
        }
        let mut parts: Vec<String> = Vec::new();
        for c in schema.chars() {
            match parts.last_mut().filter(|part| part.len() + c.len_utf8() <= PART) {
                Some(part) => part.push(c),
                None => parts.push(c.to_string()),
            }
        }
        put("spark.sql.sources.schema.numParts", parts.len().to_string());
        for (number, part) in parts.into_iter().enumerate() {
            put(&format!("spark.sql.sources.schema.part.{number}"), part);
        }
        parameters
    }
}

fn column(field: &Value) -> Result<(String, Column), LakeError> {
    let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
    let unusable = || LakeError::new(format!("the type of the column `{name}` is not known"));
    let ty = field.get("type").and_then(|ty| TYPES.hive(ty, 0)).ok_or_else(unusable)?;
    let comment = field.pointer("/metadata/comment").and_then(Value::as_str).map(str::to_owned);
    let column = Column { name: name.to_lowercase(), r#type: Some(ty), comment, ..Column::default() };
    Ok((name.to_owned(), column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_schema_becomes_columns() {
        let schema = serde_json::json!({"type": "struct", "fields": [
            {"name": "Id", "type": "long", "nullable": true, "metadata": {"comment": "key"}},
            {"name": "tags", "type": {"type": "array", "elementType": "integer", "containsNull": true}},
        ]});
        let commit = format!(
            "{}\n{}\n",
            serde_json::json!({"commitInfo": {"timestamp": 5}}),
            serde_json::json!({"metaData": {"schemaString": schema.to_string(), "partitionColumns": []}}),
        );
        let mut log = Log::new(false);
        log.take_lines(1, b"{\"commitInfo\":{\"timestamp\":7}}\n").unwrap();
        log.take_lines(0, commit.as_bytes()).unwrap();
        let lake = log.native_table("s3://b/t/", "", "t").unwrap();
        let columns = lake.table.storage_descriptor.unwrap().columns.unwrap();
        let shown: Vec<&str> = columns.iter().map(|column| column.r#type.as_deref().unwrap()).collect();
        assert_eq!(shown, ["bigint", "array<int>"]);
        let parameters = lake.table.parameters.unwrap();
        assert_eq!(parameters["delta.lastUpdateVersion"], "1");
        assert_eq!(parameters["delta.lastCommitTimestamp"], "7");
        assert_eq!(parameters["spark.sql.sources.schema.part.0"], schema.to_string());
        assert!(Log::new(false).native_table("", "", "").unwrap_err().to_string().contains("schema"));
    }
}
