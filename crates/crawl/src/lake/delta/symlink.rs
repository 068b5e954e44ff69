//! Tables that engines read by way of manifests: lists of the Parquet files that make up a Delta table now ("Presto,
//! Trino, and Athena to Delta Lake integration", Delta Lake).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{PartitionInput, StorageDescriptor};
use mastic_hive::{DEFAULT_PARTITION, crawler_table_name, partition_path};
use percent_encoding::percent_decode_str;

use super::log::{Add, Log};
use crate::describe::Lake;
use crate::lake::{LakeError, table};

/// The folder of the manifests, in the table's own.
pub const MANIFESTS: &str = "_symlink_format_manifest/";

/// Texts of manifests, by their places in the folder of the manifests.
pub type Manifests = BTreeMap<String, String>;

const FORMATS: [&str; 3] = [
    "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
];

impl Log {
    /// The table over its manifests, and these. `location` is the URL of the table's folder, with a slash at its end.
    ///
    /// # Errors
    /// When the schema is not known, or the table has what manifests cannot tell: renamed columns, deleted rows.
    pub fn symlink_table(
        &self,
        location: &str,
        table_prefix: &str,
        folder: &str,
    ) -> Result<(Lake, Manifests), LakeError> {
        let metadata = self.metadata()?;
        let mapping = metadata.configuration.get("delta.columnMapping.mode").cloned().flatten();
        if let Some(mode) = mapping.filter(|mode| mode != "none") {
            return Err(LakeError::new(format!(
                "manifests cannot tell that columns are mapped (delta.columnMapping.mode is {mode}): set \
                 CreateNativeDeltaTable and leave out WriteManifest"
            )));
        }
        let names = &metadata.partition_columns;
        let (mut keys, columns): (Vec<_>, Vec<_>) =
            self.columns()?.into_iter().partition(|(name, _)| names.contains(name));
        keys.sort_by_key(|(name, _)| names.iter().position(|wanted| wanted == name));
        let parameters = BTreeMap::from([("classification".to_owned(), "parquet".to_owned())]);
        let at = format!("{location}{MANIFESTS}");
        let name = crawler_table_name(table_prefix, folder);
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let mut input = table(name, at.clone(), columns, parameters, FORMATS);
        input.partition_keys = Some(keys.into_iter().map(|(_, key)| key).collect());
        let mut manifests = self.manifests(names, location)?;
        let mut partitions = Vec::new();
        if names.is_empty() {
            manifests.entry(Vec::new()).or_default();
        } else {
            let own = input.storage_descriptor.clone().unwrap_or_default();
            partitions.extend(manifests.keys().map(|values| partition(&own, &at, names, values)));
        }
        let manifests = manifests.into_iter().map(|(values, text)| (place(names, &values), text)).collect();
        let reasons = vec![format!(
            "`{location}_delta_log/` is the log of a Delta table, at version {}, and `{at}` has its manifests",
            self.version
        )];
        Ok((Lake { table: input, partitions, reasons }, manifests))
    }

    /// The files of each partition, by its values.
    fn manifests(
        &self,
        names: &[String],
        location: &str,
    ) -> Result<BTreeMap<Vec<String>, String>, LakeError> {
        let mut manifests: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for add in self.files.values() {
            if add.deletion_vector.as_ref().is_some_and(|vector| !vector.is_null()) {
                return Err(LakeError::new(format!(
                    "manifests cannot tell that rows of `{}` are deleted: purge the deletion vectors, or set \
                     CreateNativeDeltaTable and leave out WriteManifest",
                    add.path
                )));
            }
            let value = |name| add.partition_values.get(name).cloned().flatten().filter(|v| !v.is_empty());
            let values = names.iter().map(|name| value(name).unwrap_or_else(|| DEFAULT_PARTITION.to_owned()));
            let text = manifests.entry(values.collect()).or_default();
            text.push_str(&url(add, location));
            text.push('\n');
        }
        Ok(manifests)
    }
}

/// Where a file is. A path that has a scheme is told from one that has none by what stands before its first colon.
fn url(add: &Add, location: &str) -> String {
    let path = percent_decode_str(&add.path).decode_utf8_lossy();
    match path.split_once("://") {
        Some(("s3" | "s3a" | "s3n", rest)) => format!("s3://{rest}"),
        Some((scheme, _)) if !scheme.contains('/') => path.into_owned(),
        _ => format!("{location}{path}"),
    }
}

/// The place of a partition's manifest.
fn place(names: &[String], values: &[String]) -> String {
    let folder = partition_path(names.iter().map(String::as_str).zip(values.iter().map(String::as_str)));
    if folder.is_empty() { "manifest".to_owned() } else { format!("{folder}/manifest") }
}

fn partition(own: &StorageDescriptor, at: &str, names: &[String], values: &[String]) -> PartitionInput {
    let place = place(names, values);
    let folder = place.strip_suffix("manifest").unwrap_or_default();
    let parameters = BTreeMap::from([("classification".to_owned(), "parquet".to_owned())]);
    PartitionInput {
        values: Some(values.to_vec()),
        storage_descriptor: Some(StorageDescriptor {
            location: Some(format!("{at}{folder}")),
            parameters: Some(parameters),
            ..own.clone()
        }),
        ..PartitionInput::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(partition_columns: &[&str], more: &[serde_json::Value]) -> Log {
        let schema = json!({"type": "struct", "fields": [
            {"name": "City", "type": "string", "metadata": {}},
            {"name": "id", "type": "long", "metadata": {}},
            {"name": "day", "type": "date", "metadata": {}},
        ]});
        let metadata =
            json!({"metaData": {"schemaString": schema.to_string(), "partitionColumns": partition_columns}});
        let lines: Vec<String> = [metadata].iter().chain(more).map(ToString::to_string).collect();
        let mut log = Log::new(true);
        log.take_lines(0, lines.join("\n").as_bytes()).unwrap();
        log
    }

    #[test]
    fn a_manifest_for_each_partition() {
        let add = |path: &str, city: Option<&str>| json!({"add": {"path": path, "partitionValues": {"day": "2024-01-01", "City": city}}});
        let files = [
            add("day=2024-01-01/City=a%253Ab/1%20x.parquet", Some("a:b")),
            add("s3a://other/2.parquet", None),
            add("day=2024-01-01/City=a%253Ab/0.parquet", Some("a:b")),
        ];
        let (lake, manifests) = log(&["day", "City"], &files).symlink_table("s3://b/t/", "p_", "t").unwrap();
        let keys = lake.table.partition_keys.unwrap();
        let keys: Vec<(&str, &str)> =
            keys.iter().map(|key| (key.name.as_str(), key.r#type.as_deref().unwrap())).collect();
        assert_eq!(keys, [("day", "date"), ("city", "string")]);
        assert_eq!(lake.table.name, "p_t");
        let descriptor = lake.table.storage_descriptor.unwrap();
        assert_eq!(descriptor.location.unwrap(), "s3://b/t/_symlink_format_manifest/");
        assert_eq!(descriptor.columns.unwrap().len(), 1);
        let place = "day=2024-01-01/City=a%3Ab/manifest";
        assert_eq!(
            manifests[place],
            "s3://b/t/day=2024-01-01/City=a%3Ab/0.parquet\ns3://b/t/day=2024-01-01/City=a%3Ab/1 x.parquet\n"
        );
        let null = "day=2024-01-01/City=__HIVE_DEFAULT_PARTITION__/manifest";
        assert_eq!(manifests[null], "s3://other/2.parquet\n");
        assert_eq!(lake.partitions.len(), 2);
        let of = |place: usize| lake.partitions[place].storage_descriptor.clone().unwrap().location.unwrap();
        assert_eq!(of(1), "s3://b/t/_symlink_format_manifest/day=2024-01-01/City=a%3Ab/");
    }

    #[test]
    fn one_manifest_without_partitions() {
        let (lake, manifests) = log(&[], &[]).symlink_table("s3://b/t/", "", "t").unwrap();
        assert_eq!(manifests, BTreeMap::from([("manifest".to_owned(), String::new())]));
        assert!(lake.partitions.is_empty());
    }

    #[test]
    fn what_manifests_cannot_tell_is_refused() {
        let vector = json!({"add": {"path": "x", "deletionVector": {"storageType": "u"}}});
        let refusal = log(&[], &[vector]).symlink_table("", "", "").unwrap_err().to_string();
        assert!(refusal.contains("rows of `x` are deleted"), "{refusal}");
        let mapped = json!({"metaData": {"schemaString": "{}", "configuration": {"delta.columnMapping.mode": "name"}}});
        let refusal = log(&[], &[mapped]).symlink_table("", "", "").unwrap_err().to_string();
        assert!(refusal.contains("columns are mapped"), "{refusal}");
    }
}
