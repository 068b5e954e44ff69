//! Catalog targets: tables that people made, whose data is crawled.

use std::sync::Arc;

use mastic_api_glue::glue::types::{CatalogTarget, Table};
use mastic_crawl::named::{fit, place_of};
use mastic_crawl::{Catalog, Found, refresh};
use mastic_handoff::Tally;

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

/// What lies at a table's location, as far as it is one table there.
async fn look(begun: &Begun<'_>, table: &Table) -> Result<Option<Found>, Failure> {
    let include =
        Arc::new(place_of(table).map_err(|error| failed(error).at(format!("table {}", table.name)))?);
    let objects = listing::list(&begun.session.client.s3(), &include).await?;
    let files = sampling::look_at(begun.session, &include, &begun.classifiers, objects).await?;
    Ok(fit(&begun.rules, &include, table, &files))
}
