//! Catalog targets: tables that people made, whose data is crawled.

use std::sync::Arc;

use mastic_api_glue::glue::types::{CatalogTarget, S3Target, Table};
use mastic_classify::{Grouping, group};
use mastic_crawl::{Catalog, Found, Include, refresh};
use mastic_handoff::Tally;
use mastic_hive::Configuration;

use super::apply::Database;
use super::{Begun, failed, listing, sampling};
use crate::failure::Failure;

/// Brings the tables of all catalog targets up to date.
pub(super) async fn refresh_all<'a, C: Catalog<Error = Failure>>(
    begun: &Begun<'a>,
    targets: &[CatalogTarget],
    over: impl Fn(Database<'a>) -> C,
) -> Result<(Tally, Vec<C>), Failure> {
    let mut all = Tally::default();
    let mut catalogs = Vec::new();
    for target in targets {
        let database = begun.database(&target.database_name);
        let mut named = Vec::new();
        for name in &target.tables {
            let table = database.table(name).await?;
            let found = look(begun, &table).await?;
            named.push((table, found));
        }
        let mut catalog = over(database);
        // The draft of a plan tells differences from the tables that it has seen.
        catalog.tables().await?;
        let tally = refresh(&mut catalog, &begun.crawler, &target.database_name, &begun.rules, named).await?;
        all.tables_updated += tally.tables_updated;
        all.names.updated.extend(tally.names.updated);
        all.partitions_created += tally.partitions_created;
        all.partitions_updated += tally.partitions_updated;
        catalogs.push(catalog);
    }
    Ok((all, catalogs))
}

/// What lies at a table's location, as far as it is one table there. Schemas are always combined ("Crawler
/// properties", AWS Glue Developer Guide).
async fn look(begun: &Begun<'_>, table: &Table) -> Result<Option<Found>, Failure> {
    let location = table.storage_descriptor.as_ref().and_then(|descriptor| descriptor.location.clone());
    let target = S3Target { path: location, ..S3Target::default() };
    let include =
        Arc::new(Include::new(&target).map_err(|error| failed(error).at(format!("table {}", table.name)))?);
    let objects = listing::list(&begun.session.client.s3(), &include).await?;
    let files = sampling::look_at(begun.session, &include, &begun.classifiers, objects).await?;
    let configuration =
        Configuration { combine_compatible_schemas: true, table_level: None, ..begun.rules.configuration };
    let grouping =
        Grouping { bucket: &include.bucket, prefix: &include.prefix, table_prefix: "", configuration };
    let place = target.path.as_deref().unwrap_or_default();
    let at_place = |found: &str| found.trim_end_matches('/') == place.trim_end_matches('/');
    let Some(mut found) = group(&grouping, &files).into_iter().find(|found| at_place(&found.location)) else {
        return Ok(None);
    };
    found.name.clone_from(&table.name);
    let keys: Vec<String> = table.partition_keys.iter().flatten().map(|key| key.name.clone()).collect();
    if keys.len() != found.partition_keys.len() {
        return Ok(None);
    }
    found.partition_keys = keys;
    let exclusions = table.parameters.as_ref().and_then(|parameters| parameters.get("exclusions").cloned());
    Ok(Some(Found { table: found, exclusions, named: true }))
}
