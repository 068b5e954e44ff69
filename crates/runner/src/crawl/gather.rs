//! What a crawl's targets hold.

use std::sync::Arc;

use mastic_api_glue::glue::types::Table;
use mastic_classify::{Grouping, group};
use mastic_crawl::incremental::{KnownFolders, own_tables, sort_out};
use mastic_crawl::walk::new_folders;
use mastic_crawl::{Catalog as _, Found, Gathered, Include};

use super::apply::Database;
use super::{Begun, database, delta, failed, lake, listing, sampling};
use crate::failure::Failure;

/// Looks at all targets; what two of them share counts once.
pub(super) async fn gather(
    begun: &Begun<'_>,
    catalog: &Database<'_>,
) -> Result<(Gathered, Vec<delta::Manifested>), Failure> {
    let (mut gathered, mut manifests) = (Gathered::default(), Vec::new());
    let targets = begun.crawler.targets.clone().unwrap_or_default();
    for target in targets.s3_targets.iter().flatten() {
        let include = Arc::new(Include::new(target).map_err(failed)?);
        if !(begun.rules.incremental && new_only(begun, catalog, &include, &mut gathered).await?) {
            all(begun, include, &mut gathered).await?;
        }
    }
    for target in targets.iceberg_targets.iter().flatten() {
        lake::iceberg(begun, target, &mut gathered).await?;
    }
    for target in targets.delta_targets.iter().flatten() {
        delta::look(begun, target, &mut gathered, &mut manifests).await?;
    }
    for target in targets.jdbc_targets.iter().flatten() {
        database::look(begun, target, &mut gathered).await?;
    }
    Ok((gathered, manifests))
}

async fn all(begun: &Begun<'_>, include: Arc<Include>, gathered: &mut Gathered) -> Result<(), Failure> {
    let session = begun.session;
    let objects = listing::list(&session.client.s3(), &include).await?;
    let files = sampling::look_at(session, &include, &begun.classifiers, objects).await?;
    let grouping = Grouping {
        bucket: &include.bucket,
        prefix: &include.prefix,
        table_prefix: begun.crawler.table_prefix.as_deref().unwrap_or_default(),
        configuration: begun.rules.configuration,
    };
    for table in group(&grouping, &files) {
        if gathered.found.iter().all(|known| known.table.location != table.location) {
            gathered.found.push(Found { table, exclusions: include.exclusions(), named: false });
        }
    }
    gathered.includes.push(include);
    Ok(())
}

/// Looks at the folders that the catalog does not know; false if it knows nothing of the target.
async fn new_only(
    begun: &Begun<'_>,
    database: &Database<'_>,
    include: &Arc<Include>,
    gathered: &mut Gathered,
) -> Result<bool, Failure> {
    let session = begun.session;
    let existing = begun.database(&database.name).tables().await?;
    let tables = own_tables(&existing, &begun.rules.crawl.crawler, include);
    if tables.is_empty() {
        return Ok(false);
    }
    let known = known_folders(database, include, &tables).await?;
    let mut folders = Vec::new();
    let bucket = listing::Bucket { s3: session.client.s3(), include };
    for folder in new_folders(&bucket, include, &known).await? {
        let objects = listing::list_folder(&session.client.s3(), include, &folder).await?;
        let files = sampling::look_at(session, include, &begun.classifiers, objects).await?;
        if files.iter().any(|file| file.size > 0) {
            folders.push((folder, files));
        }
    }
    let table_prefix = begun.crawler.table_prefix.as_deref().unwrap_or_default();
    let sorted = sort_out(&begun.rules, include, table_prefix, &tables, &folders).map_err(failed)?;
    for line in sorted.lines {
        session.events.output(line);
    }
    gathered.found.extend(sorted.found);
    gathered.added.extend(sorted.added);
    Ok(true)
}

async fn known_folders(
    database: &Database<'_>,
    include: &Include,
    tables: &[&Table],
) -> Result<KnownFolders, Failure> {
    let mut known = KnownFolders::default();
    for table in tables {
        let partitioned = table.partition_keys.as_ref().is_some_and(|keys| !keys.is_empty());
        let locations = if partitioned { database.locations(&table.name).await? } else { Vec::new() };
        for location in &locations {
            known.note(include, location);
        }
        let own = table.storage_descriptor.as_ref().and_then(|descriptor| descriptor.location.as_deref());
        if let Some(own) = own.filter(|_| locations.is_empty()) {
            known.note(include, own);
        }
    }
    Ok(known)
}
