use mastic_api_glue::glue::types as api;

use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{
    CatalogTarget, Compression, CsvWriting, Format, Kind, S3Target, TargetTable, UpdateBehavior,
};

/// The most files that an author may ask for in a folder.
const MOST_FILES: usize = 1000;

/// The target that the node is, if it is one.
pub(super) fn target(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    if let Some(found) = &node.s3_direct_target {
        return Some(direct(found));
    }
    if let Some(found) = &node.s3_glue_parquet_target {
        return Some(parquet(found));
    }
    if let Some(found) = &node.s3_catalog_target {
        let policy = found.schema_change_policy.clone().unwrap_or_default();
        let kind = CatalogTarget {
            database: found.database.clone(),
            table: found.table.clone(),
            partition_keys: found.partition_keys.clone().unwrap_or_default(),
            update: policy.enable_update_catalog.unwrap_or(false).then(|| behavior(policy.update_behavior)),
        };
        let checked = no_quality(&found.name, found.auto_data_quality.as_ref());
        return Some(checked.map(|()| (found.name.clone(), Kind::CatalogTarget(kind), found.inputs.clone())));
    }
    let found = node.catalog_target.as_ref()?;
    let kind = CatalogTarget {
        database: found.database.clone(),
        table: found.table.clone(),
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        update: None,
    };
    Some(Ok((found.name.clone(), Kind::CatalogTarget(kind), found.inputs.clone())))
}

fn direct(found: &api::S3DirectTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    let format = match required(node, "Format", found.format)? {
        api::TargetFormat::Parquet => Format::Parquet,
        api::TargetFormat::Json => Format::Json,
        api::TargetFormat::Csv => Format::Csv,
        api::TargetFormat::Avro => Format::Avro,
        api::TargetFormat::Orc => Format::Orc,
        api::TargetFormat::Xml => Format::Xml,
        other => {
            return Err(NodeError::new(node, format!("the format `{}` is not supported", other.as_str())));
        }
    };
    let target = S3Target {
        path: found.path.clone(),
        format,
        csv: CsvWriting::default(),
        compression: compression(node, found.compression.as_deref(), format)?,
        files: partitions(node, found.number_target_partitions.as_deref())?,
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        table: table(node, found.schema_change_policy.as_ref())?,
    };
    Ok((node.clone(), Kind::S3Target(target), found.inputs.clone()))
}

fn parquet(found: &api::S3GlueParquetTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    no_quality(node, found.auto_data_quality.as_ref())?;
    let target = S3Target {
        path: found.path.clone(),
        format: Format::Parquet,
        csv: CsvWriting::default(),
        compression: compression(
            node,
            found.compression.map(api::ParquetCompressionType::as_str),
            Format::Parquet,
        )?,
        files: partitions(node, found.number_target_partitions.as_deref())?,
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        table: table(node, found.schema_change_policy.as_ref())?,
    };
    Ok((node.clone(), Kind::S3Target(target), found.inputs.clone()))
}

fn compression(node: &str, text: Option<&str>, format: Format) -> Result<Option<Compression>, NodeError> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| Compression::parse(text, format).map_err(|error| NodeError::new(node, error))).transpose()
}

/// `NumberTargetPartitions`, which zero means not to be there.
fn partitions(node: &str, text: Option<&str>) -> Result<Option<usize>, NodeError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let number: usize = text.parse().map_err(|_| {
        NodeError::new(node, format!("`NumberTargetPartitions` is `{text}`, which is no number"))
    })?;
    if number > MOST_FILES {
        let text = format!("`NumberTargetPartitions` is {number}: at most {MOST_FILES} are supported");
        return Err(NodeError::new(node, text));
    }
    Ok(Some(number).filter(|number| *number > 0))
}

pub(super) fn behavior(found: Option<api::UpdateCatalogBehavior>) -> UpdateBehavior {
    match found {
        Some(api::UpdateCatalogBehavior::Log) => UpdateBehavior::Log,
        None | Some(api::UpdateCatalogBehavior::UpdateInDatabase) => UpdateBehavior::UpdateInDatabase,
    }
}

fn table(
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

pub(super) fn no_quality(node: &str, quality: Option<&api::AutoDataQuality>) -> Result<(), NodeError> {
    if quality.is_some_and(|quality| quality.is_enabled == Some(true)) {
        return Err(NodeError::new(node, "`AutoDataQuality` is not supported"));
    }
    Ok(())
}
