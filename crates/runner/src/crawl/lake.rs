//! Iceberg targets: tables as their metadata describes them.

use std::sync::Arc;

use mastic_api_glue::glue::types::{IcebergTarget, S3Target};
use mastic_crawl::lake::iceberg as metadata;
use mastic_crawl::walk::iceberg_tables;
use mastic_crawl::{Gathered, Include};

use super::{Begun, failed, listing};
use crate::failure::Failure;

/// Finds the Iceberg tables under a target's paths.
pub(super) async fn iceberg(
    begun: &Begun<'_>,
    target: &IcebergTarget,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    for path in target.paths.iter().flatten() {
        let as_s3 = S3Target {
            path: Some(path.clone()),
            exclusions: target.exclusions.clone(),
            ..S3Target::default()
        };
        let include = Arc::new(Include::new(&as_s3).map_err(failed)?);
        let bucket = listing::Bucket { s3: begun.session.client.s3(), include: &include };
        for (folder, key) in iceberg_tables(&bucket, &include, target.maximum_traversal_depth).await? {
            read(begun, &include, &folder, &key, gathered).await?;
        }
        gathered.includes.push(include);
    }
    Ok(())
}

async fn read(
    begun: &Begun<'_>,
    include: &Include,
    folder: &str,
    key: &str,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let url = include.url(key);
    let bytes = begun.session.client.s3().get_object(&include.bucket, key).await;
    let bytes = bytes.map_err(|error| Failure::from(error).at(&url))?;
    let name = name_of(include, folder);
    let lake = metadata::read(&bytes, &url, prefix(begun), name).map_err(|error| failed(error).at(&url))?;
    gathered.lakes.push(lake);
    Ok(())
}

/// What the names of the crawler's tables begin with.
pub(super) fn prefix<'a>(begun: &'a Begun<'_>) -> &'a str {
    begun.crawler.table_prefix.as_deref().unwrap_or_default()
}

/// The last part of a folder's key; the bucket's name at its root.
pub(super) fn name_of<'a>(include: &'a Include, folder: &'a str) -> &'a str {
    let last = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.is_empty() { &include.bucket } else { last }
}
