use mastic_api_glue::glue::types as api;

use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{CatalogTarget, Compression, Format, Kind, S3Target, TargetTable, UpdateBehavior};

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
        other => {
            return Err(NodeError::new(node, format!("the format `{}` is not supported", other.as_str())));
        }
    };
    let target = S3Target {
        path: found.path.clone(),
        format,
        compression: compression(node, found.compression.as_deref())?,
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
        compression: compression(node, found.compression.map(api::ParquetCompressionType::as_str))?,
        partition_keys: found.partition_keys.clone().unwrap_or_default(),
        table: table(node, found.schema_change_policy.as_ref())?,
    };
    Ok((node.clone(), Kind::S3Target(target), found.inputs.clone()))
}

fn compression(node: &str, text: Option<&str>) -> Result<Option<Compression>, NodeError> {
    Ok(Some(match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => return Ok(None),
        Some("none" | "uncompressed") => Compression::None,
        Some("snappy") => Compression::Snappy,
        Some("gzip") => Compression::Gzip,
        Some("lz4") => Compression::Lz4,
        Some("zstd") => Compression::Zstd,
        Some(other) => {
            return Err(NodeError::new(node, format!("the compression `{other}` is not supported")));
        }
    }))
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
