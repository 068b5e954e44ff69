//! Sources and targets of Iceberg and Delta Lake ("Using Delta Lake framework in AWS Glue Studio", "Using Apache Iceberg
//! framework in AWS Glue Studio" in the AWS Glue Developer Guide; "Writes" and "Queries" in Iceberg's documentation for
//! Spark; "Table batch reads and writes" in Delta Lake's).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types as api;

use super::targets::{behavior, no_quality};
use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{
    Compression, DeltaPlace, DeltaSource, DeltaTarget, DeltaVersion, FieldPath, IcebergSource, IcebergTarget,
    IcebergVersion, Kind, LakeMode, NewIceberg, TargetTable, UpdateBehavior,
};

/// Options of Spark's readers and writers that only tune how it spreads its work.
const TUNING: [&str; 16] = [
    "batch-size",
    "check-ordering",
    "distribution-mode",
    "fanout-enabled",
    "file-open-cost",
    "isolation-level",
    "locality",
    "lookback",
    "maxRecordsPerFile",
    "optimizeWrite",
    "split-size",
    "use-table-distribution-and-ordering",
    "vectorization-enabled",
    "read.split.target-size",
    "streaming-skip-delete-snapshots",
    "streaming-skip-overwrite-snapshots",
];

/// The options of a node, of which all must be known.
struct Options<'a> {
    node: &'a str,
    given: BTreeMap<String, String>,
}

impl<'a> Options<'a> {
    fn new(node: &'a str, given: Option<&BTreeMap<String, String>>) -> Self {
        Self { node, given: given.cloned().unwrap_or_default() }
    }

    fn wrong(&self, message: String) -> NodeError {
        NodeError::new(self.node, message)
    }

    /// Takes an option out; the first of the names that is there.
    fn take(&mut self, names: &[&str]) -> Option<(String, String)> {
        let found = self.given.keys().find(|key| names.iter().any(|name| key.eq_ignore_ascii_case(name)));
        let key = found.cloned()?;
        self.given.remove(&key).map(|text| (key, text.trim().to_owned())).filter(|(_, text)| !text.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, NodeError> {
        let Some((key, text)) = self.take(&[name]) else { return Ok(None) };
        let parsed = text.parse();
        parsed.map(Some).map_err(|_| self.wrong(format!("the option `{key}` cannot be `{text}`")))
    }

    fn flag(&mut self, names: &[&str]) -> Result<bool, NodeError> {
        let Some((key, text)) = self.take(names) else { return Ok(false) };
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.wrong(format!("the option `{key}` cannot be `{text}`: true or false"))),
        }
    }

    /// What a target does with the rows that are there; `dynamic` is the option that limits it to partitions.
    fn mode(&mut self, dynamic: &str) -> Result<LakeMode, NodeError> {
        let partitions = match self.take(&[dynamic, "spark.sql.sources.partitionOverwriteMode"]) {
            None => false,
            Some((key, text)) => match text.to_ascii_lowercase().as_str() {
                "dynamic" => true,
                "static" => false,
                _ => {
                    return Err(
                        self.wrong(format!("the option `{key}` cannot be `{text}`: static or dynamic"))
                    );
                }
            },
        };
        let keys = self.take(&["mergeKeys"]);
        let keys: Option<Vec<String>> =
            keys.map(|(_, text)| text.split(',').map(|key| key.trim().to_owned()).collect());
        let mode = self.take(&["mode"]).map(|(_, text)| text.to_ascii_lowercase());
        match (mode.as_deref(), keys) {
            (None | Some("append"), None) => Ok(LakeMode::Append),
            (Some("overwrite"), None) if partitions => Ok(LakeMode::OverwritePartitions),
            (Some("overwrite"), None) => Ok(LakeMode::Overwrite),
            (Some("upsert"), Some(keys)) => Ok(LakeMode::Upsert(keys)),
            (Some("upsert"), None) => {
                Err(self
                    .wrong("the mode `upsert` needs the option `mergeKeys`: columns, with commas".to_owned()))
            }
            (Some(mode @ ("append" | "overwrite")), Some(_)) => {
                Err(self.wrong(format!("the mode `{mode}` has no use for the option `mergeKeys`")))
            }
            (None, Some(_)) => Err(self.wrong("the option `mergeKeys` needs the mode `upsert`".to_owned())),
            (Some(mode), _) => {
                Err(self.wrong(format!("the mode `{mode}` is not supported: append, overwrite or upsert")))
            }
        }
    }

    /// Refuses what is left, unless it only tunes.
    fn end(self) -> Result<(), NodeError> {
        let left = self.given.keys().find(|key| !TUNING.contains(&key.as_str()));
        match left {
            None => Ok(()),
            Some(key) => Err(self.wrong(format!("the option `{key}` is not supported"))),
        }
    }
}

/// The source that the node is, if it is one of a lake.
pub(super) fn source(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    if let Some(found) = &node.catalog_iceberg_source {
        return Some(iceberg(
            &found.name,
            &found.database,
            &found.table,
            found.additional_iceberg_options.as_ref(),
        ));
    }
    if let Some(found) = &node.s3_catalog_iceberg_source {
        return Some(iceberg(
            &found.name,
            &found.database,
            &found.table,
            found.additional_iceberg_options.as_ref(),
        ));
    }
    let table = |database: &String, table: &String| DeltaPlace::Table {
        database: database.clone(),
        table: table.clone(),
    };
    if let Some(found) = &node.catalog_delta_source {
        let place = table(&found.database, &found.table);
        return Some(delta(&found.name, place, found.additional_delta_options.as_ref()));
    }
    if let Some(found) = &node.s3_catalog_delta_source {
        let place = table(&found.database, &found.table);
        return Some(delta(&found.name, place, found.additional_delta_options.as_ref()));
    }
    let found = node.s3_delta_source.as_ref()?;
    let bounded = found.additional_options.as_ref();
    if bounded.is_some_and(|options| options.bounded_files.is_some() || options.bounded_size.is_some()) {
        return Some(Err(NodeError::new(
            &found.name,
            "bounded reads of Delta Lake tables are not supported",
        )));
    }
    let place = DeltaPlace::Folders(found.paths.clone());
    Some(delta(&found.name, place, found.additional_delta_options.as_ref()))
}

fn iceberg(
    node: &str,
    database: &str,
    table: &str,
    options: Option<&BTreeMap<String, String>>,
) -> Result<Parts, NodeError> {
    let mut options = Options::new(node, options);
    let named = [
        options.parsed("snapshot-id")?.map(IcebergVersion::Snapshot),
        options.parsed("as-of-timestamp")?.map(IcebergVersion::Time),
        options.take(&["branch"]).map(|(_, name)| IcebergVersion::Reference(name)),
        options.take(&["tag"]).map(|(_, name)| IcebergVersion::Reference(name)),
    ];
    let mut named = named.into_iter().flatten();
    let at = named.next().unwrap_or_default();
    if named.next().is_some() {
        return Err(
            options.wrong("more than one of `snapshot-id`, `as-of-timestamp`, `branch`, `tag`".to_owned())
        );
    }
    options.end()?;
    let source = IcebergSource { database: database.to_owned(), table: table.to_owned(), at };
    Ok((node.to_owned(), Kind::Iceberg(source), vec![]))
}

fn delta(
    node: &str,
    place: DeltaPlace,
    options: Option<&BTreeMap<String, String>>,
) -> Result<Parts, NodeError> {
    let mut options = Options::new(node, options);
    let number = options.parsed("versionAsOf")?.map(DeltaVersion::Number);
    let time = match options.take(&["timestampAsOf"]) {
        None => None,
        Some((key, text)) => {
            let time = instant(&text);
            let time = time.ok_or_else(|| options.wrong(format!("the option `{key}` cannot be `{text}`")))?;
            Some(DeltaVersion::Time(time))
        }
    };
    if number.is_some() && time.is_some() {
        return Err(options.wrong("`versionAsOf` and `timestampAsOf` exclude each other".to_owned()));
    }
    options.end()?;
    let at = number.or(time).unwrap_or_default();
    Ok((node.to_owned(), Kind::Delta(DeltaSource { place, at }), vec![]))
}

/// A date, or date and time, as one with its zone, which is UTC unless it says otherwise.
fn instant(text: &str) -> Option<String> {
    let text = text.trim().replacen(' ', "T", 1);
    let date = |text: &str| {
        let shape: Vec<usize> = text.split('-').map(str::len).collect();
        shape == [4, 2, 2] && text.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    match text.split_once('T') {
        None if date(&text) => Some(format!("{text}T00:00:00Z")),
        Some((day, time)) if date(day) && time.len() >= 5 => {
            let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
            let zoned = time.ends_with('Z') || time.contains('+') || time.contains('-');
            Some(format!("{day}T{time}{}", if zoned { "" } else { "Z" }))
        }
        _ => None,
    }
}

/// The target that the node is, if it is one of a lake.
pub(super) fn target(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    if let Some(found) = &node.s3_iceberg_direct_target {
        return Some(iceberg_direct(found));
    }
    if let Some(found) = &node.s3_iceberg_catalog_target {
        return Some(iceberg_catalog(found));
    }
    if let Some(found) = &node.s3_delta_direct_target {
        return Some(delta_direct(found));
    }
    node.s3_delta_catalog_target.as_ref().map(delta_catalog)
}

const MERGE_SCHEMA: [&str; 2] = ["mergeSchema", "merge-schema"];

fn iceberg_direct(found: &api::S3IcebergDirectTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    format(node, found.format, &[api::TargetFormat::Iceberg, api::TargetFormat::Parquet])?;
    let table = catalog_table(node, found.schema_change_policy.as_ref())?;
    let Some(table) = table else {
        let message = "an Iceberg table needs the Data Catalog: `SchemaChangePolicy` has to name a database and a \
                       table, with `EnableUpdateCatalog`";
        return Err(NodeError::new(node, message));
    };
    let mut options = Options::new(node, found.additional_options.as_ref());
    let mode = options.mode("overwrite-mode")?;
    let merge_schema = options.flag(&MERGE_SCHEMA)?;
    // What else the author says becomes the new table's properties.
    let mut properties = options.given;
    let codec = match required(node, "Compression", found.compression)? {
        api::IcebergTargetCompressionType::Lzo => {
            return Err(NodeError::new(node, "the compression `lzo` is not supported"));
        }
        codec => codec.as_str().to_owned(),
    };
    properties.entry("write.parquet.compression-codec".to_owned()).or_insert(codec);
    let target = IcebergTarget {
        database: table.database,
        table: table.table,
        new: Some(NewIceberg { path: found.path.clone(), properties }),
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        mode,
        merge_schema,
        overrides: BTreeMap::new(),
    };
    Ok((node.clone(), Kind::IcebergTarget(target), found.inputs.clone()))
}

fn iceberg_catalog(found: &api::S3IcebergCatalogTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    let mut options = Options::new(node, found.additional_options.as_ref());
    let mode = options.mode("overwrite-mode")?;
    let merge = options.flag(&MERGE_SCHEMA)?;
    let mut overrides = BTreeMap::new();
    for (option, property) in [
        ("target-file-size-bytes", "write.target-file-size-bytes"),
        ("compression-codec", "write.parquet.compression-codec"),
        ("compression-level", "write.parquet.compression-level"),
        ("write-format", "write.format.default"),
    ] {
        overrides.extend(options.take(&[option]).map(|(_, text)| (property.to_owned(), text)));
    }
    options.end()?;
    let target = IcebergTarget {
        database: found.database.clone(),
        table: found.table.clone(),
        new: None,
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        mode,
        merge_schema: merge || follows(found.schema_change_policy.as_ref()),
        overrides,
    };
    Ok((node.clone(), Kind::IcebergTarget(target), found.inputs.clone()))
}

fn delta_direct(found: &api::S3DeltaDirectTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    format(node, found.format, &[api::TargetFormat::Delta, api::TargetFormat::Parquet])?;
    let codec = match required(node, "Compression", found.compression)? {
        api::DeltaTargetCompressionType::Snappy => Compression::Snappy,
        api::DeltaTargetCompressionType::Uncompressed => Compression::None,
    };
    let target = DeltaTarget {
        place: DeltaPlace::Folders(vec![found.path.clone()]),
        table: catalog_table(node, found.schema_change_policy.as_ref())?,
        ..delta_target(node, found.additional_options.as_ref(), found.partition_keys.as_ref(), Some(codec))?
    };
    Ok((node.clone(), Kind::DeltaTarget(target), found.inputs.clone()))
}

fn delta_catalog(found: &api::S3DeltaCatalogTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    let target = delta_target(node, found.additional_options.as_ref(), found.partition_keys.as_ref(), None)?;
    let target = DeltaTarget {
        place: DeltaPlace::Table { database: found.database.clone(), table: found.table.clone() },
        merge_schema: target.merge_schema || follows(found.schema_change_policy.as_ref()),
        ..target
    };
    Ok((node.clone(), Kind::DeltaTarget(target), found.inputs.clone()))
}

fn delta_target(
    node: &str,
    options: Option<&BTreeMap<String, String>>,
    keys: Option<&Vec<FieldPath>>,
    compression: Option<Compression>,
) -> Result<DeltaTarget, NodeError> {
    let mut options = Options::new(node, options);
    let mode = options.mode("partitionOverwriteMode")?;
    let merge_schema = options.flag(&MERGE_SCHEMA)?;
    let overwrite_schema = options.flag(&["overwriteSchema"])?;
    if overwrite_schema && mode != LakeMode::Overwrite {
        return Err(options.wrong("the option `overwriteSchema` needs the mode `overwrite`".to_owned()));
    }
    // Scripts of the studio say it once more.
    let given = match options.take(&["compression", "write.parquet.compression-codec"]) {
        None => None,
        Some((key, text)) => Some(match text.to_ascii_lowercase().as_str() {
            "snappy" => Compression::Snappy,
            "gzip" => Compression::Gzip,
            "zstd" => Compression::Zstd,
            "none" | "uncompressed" => Compression::None,
            _ => return Err(options.wrong(format!("the option `{key}` cannot be `{text}`"))),
        }),
    };
    options.end()?;
    Ok(DeltaTarget {
        place: DeltaPlace::Folders(vec![]),
        compression: given.or(compression),
        partition_keys: keys.cloned().unwrap_or_default(),
        mode,
        merge_schema,
        overwrite_schema,
        table: None,
    })
}

fn format(
    node: &str,
    given: Option<api::TargetFormat>,
    known: &[api::TargetFormat],
) -> Result<(), NodeError> {
    let given = required(node, "Format", given)?;
    if known.contains(&given) {
        return Ok(());
    }
    Err(NodeError::new(
        node,
        format!("the format `{}` is not supported by this kind of target", given.as_str()),
    ))
}

fn catalog_table(
    node: &str,
    policy: Option<&api::DirectSchemaChangePolicy>,
) -> Result<Option<TargetTable>, NodeError> {
    let Some(policy) = policy.filter(|policy| policy.enable_update_catalog == Some(true)) else {
        return Ok(None);
    };
    Ok(Some(TargetTable {
        database: required(node, "Database", policy.database.clone())?,
        table: required(node, "Table", policy.table.clone())?,
        update: behavior(policy.update_behavior),
    }))
}

fn follows(policy: Option<&api::CatalogSchemaChangePolicy>) -> bool {
    policy.is_some_and(|policy| {
        policy.enable_update_catalog == Some(true)
            && behavior(policy.update_behavior) == UpdateBehavior::UpdateInDatabase
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    fn catalog(pairs: &[(&str, &str)]) -> Result<IcebergTarget, String> {
        let found = api::S3IcebergCatalogTarget {
            name: "n".to_owned(),
            additional_options: Some(options(pairs)),
            ..api::S3IcebergCatalogTarget::default()
        };
        match iceberg_catalog(&found) {
            Ok((_, Kind::IcebergTarget(target), _)) => Ok(target),
            Ok(_) => Err("another kind".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn modes_are_read() {
        assert_eq!(catalog(&[]).unwrap().mode, LakeMode::Append);
        assert_eq!(catalog(&[("mode", "OVERWRITE")]).unwrap().mode, LakeMode::Overwrite);
        let dynamic = catalog(&[("mode", "overwrite"), ("overwrite-mode", "dynamic")]).unwrap();
        assert_eq!(dynamic.mode, LakeMode::OverwritePartitions);
        let spark = [("mode", "overwrite"), ("spark.sql.sources.partitionOverwriteMode", "DYNAMIC")];
        assert_eq!(catalog(&spark).unwrap().mode, LakeMode::OverwritePartitions);
        let upsert = catalog(&[("mode", "upsert"), ("mergeKeys", "id, day")]).unwrap();
        assert_eq!(upsert.mode, LakeMode::Upsert(vec!["id".to_owned(), "day".to_owned()]));
        assert!(catalog(&[("mode", "upsert")]).unwrap_err().contains("mergeKeys"));
        assert!(catalog(&[("mode", "ignore")]).unwrap_err().contains("`ignore`"));
    }

    #[test]
    fn options_are_known_or_refused() {
        assert!(catalog(&[("mergeSchema", "true"), ("fanout-enabled", "true")]).unwrap().merge_schema);
        assert!(catalog(&[("mergeSchema", "maybe")]).unwrap_err().contains("`maybe`"));
        assert!(catalog(&[("snapshot-property.x", "1")]).unwrap_err().contains("`snapshot-property.x`"));
        let read = |pairs: &[(&str, &str)]| iceberg("n", "d", "t", Some(&options(pairs)));
        let (_, kind, _) = read(&[("snapshot-id", "17")]).unwrap();
        let source = IcebergSource {
            database: "d".to_owned(),
            table: "t".to_owned(),
            at: IcebergVersion::Snapshot(17),
        };
        assert_eq!(kind, Kind::Iceberg(source));
        assert!(read(&[("snapshot-id", "x")]).is_err() && read(&[("tag", "a"), ("branch", "b")]).is_err());
    }

    #[test]
    fn times_have_zones() {
        assert_eq!(instant("2023-02-24 14:16:18").as_deref(), Some("2023-02-24T14:16:18Z"));
        assert_eq!(instant("2023-02-24").as_deref(), Some("2023-02-24T00:00:00Z"));
        assert_eq!(instant("2023-02-24T14:16+02:00").as_deref(), Some("2023-02-24T14:16+02:00"));
        assert_eq!(instant("yesterday"), None);
    }
}
