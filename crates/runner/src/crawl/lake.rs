//! Iceberg targets: tables as their metadata describes them.

use std::sync::Arc;

use mastic_api_glue::glue::types::{IcebergTarget, S3Target};
use mastic_crawl::lake::iceberg as metadata;
use mastic_crawl::{Gathered, Include};

use super::{Begun, failed, listing};
use crate::failure::Failure;

/// How deep tables are looked for unless the target says otherwise: the most that it can say.
const DEEPEST: i32 = 20;

/// Finds the Iceberg tables under a target's paths.
pub(super) async fn iceberg(
    begun: &Begun<'_>,
    target: &IcebergTarget,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let deepest = target.maximum_traversal_depth.unwrap_or(DEEPEST);
    for path in target.paths.iter().flatten() {
        let as_s3 = S3Target {
            path: Some(path.clone()),
            exclusions: target.exclusions.clone(),
            ..S3Target::default()
        };
        let include = Arc::new(Include::new(&as_s3).map_err(failed)?);
        let mut level = vec![include.base()];
        for _ in 0..deepest {
            let mut below = Vec::new();
            for folder in level {
                let folders = listing::folders(&begun.session.client.s3(), &include.bucket, &folder).await?;
                let is_metadata = |inner: &&String| inner.strip_prefix(&folder) == Some("metadata/");
                let found = match folders.iter().find(is_metadata) {
                    Some(inner) => newest(begun, &include, inner).await?,
                    None => None,
                };
                match found {
                    Some(key) => read(begun, &include, &folder, &key, gathered).await?,
                    None => below.extend(folders.into_iter().filter(|inner| goes_into(&include, inner))),
                }
            }
            level = below;
        }
        gathered.includes.push(include);
    }
    Ok(())
}

/// Whether a folder may hold tables: one that is hidden or excluded does not.
fn goes_into(include: &Include, folder: &str) -> bool {
    include.choose().takes(folder.trim_end_matches('/'), 1)
}

async fn newest(begun: &Begun<'_>, include: &Include, folder: &str) -> Result<Option<String>, Failure> {
    let listing = begun.session.client.s3().list(&include.bucket, folder, Some("/")).await;
    let listing = listing.map_err(|error| Failure::from(error).at(include.url(folder)))?;
    let mut choice = include.choose();
    let keys = listing.objects.iter().filter(|object| choice.takes(&object.key, object.size));
    Ok(metadata::newest(keys.map(|object| object.key.as_str())).map(str::to_owned))
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
