//! Catalog targets: what lies at the location of a table that people made.

use mastic_api_glue::glue::types::{S3Target, Table};
use mastic_classify::{FoundFile, Grouping, group};
use mastic_hive::Configuration;

use crate::describe::Found;
use crate::plan::{Rules, location};
use crate::target::{Include, TargetError};

/// A named table's location, as a target.
///
/// # Errors
/// When it is no S3 path.
pub fn place_of(table: &Table) -> Result<Include, TargetError> {
    Include::new(&S3Target { path: location(table).map(str::to_owned), ..S3Target::default() })
}

/// What the files at a table's location are, as far as they are one table there with as many keys. Schemas are always
/// combined ("Crawler properties", AWS Glue Developer Guide).
#[must_use]
pub fn fit(rules: &Rules, include: &Include, table: &Table, files: &[FoundFile]) -> Option<Found> {
    let configuration =
        Configuration { combine_compatible_schemas: true, table_level: None, ..rules.configuration };
    let grouping =
        Grouping { bucket: &include.bucket, prefix: &include.prefix, table_prefix: "", configuration };
    let place = location(table).unwrap_or_default();
    let at_place = |found: &str| found.trim_end_matches('/') == place.trim_end_matches('/');
    let mut found = group(&grouping, files).into_iter().find(|found| at_place(&found.location))?;
    found.name.clone_from(&table.name);
    let keys: Vec<String> = table.partition_keys.iter().flatten().map(|key| key.name.clone()).collect();
    if keys.len() != found.partition_keys.len() {
        return None;
    }
    found.partition_keys = keys;
    let exclusions = table.parameters.as_ref().and_then(|parameters| parameters.get("exclusions").cloned());
    Some(Found { table: found, exclusions, named: true })
}
