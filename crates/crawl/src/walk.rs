//! Walks through folders, level by level: those that do not matter are not listed.

use futures::{StreamExt, TryStreamExt, stream};

use crate::incremental::{Folder, KnownFolders};
use crate::lake::iceberg;
use crate::target::Include;

/// Folders listed side by side.
const AT_ONCE: usize = 8;

/// What is right in a folder.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The keys of folders, with a slash at their ends.
    pub folders: Vec<String>,
    /// The keys and sizes in bytes of objects.
    pub objects: Vec<(String, u64)>,
}

/// The folders of a target's bucket.
pub trait Folders: Sync {
    /// Why one cannot be listed.
    type Error;

    /// What is right in the folder of a key that ends in a slash, or is empty.
    fn list(&self, folder: &str) -> impl Future<Output = Result<Listed, Self::Error>> + Send;
}

/// The topmost folders of which nothing is known. What is known is not listed.
///
/// # Errors
/// Where a folder cannot be listed.
pub async fn new_folders<F: Folders>(
    folders: &F,
    include: &Include,
    known: &KnownFolders,
) -> Result<Vec<String>, F::Error> {
    let mut new = Vec::new();
    let mut level = vec![include.base()];
    while !level.is_empty() {
        let listing = level.iter().map(|folder| folders.list(folder));
        let listed: Vec<Listed> = stream::iter(listing).buffered(AT_ONCE).try_collect().await?;
        level = Vec::new();
        for folder in listed.into_iter().flat_map(|listed| listed.folders) {
            match known.tell(&folder) {
                Folder::Known => {}
                Folder::Above => level.push(folder),
                Folder::New => new.push(folder),
            }
        }
    }
    Ok(new)
}

/// The folders of Iceberg tables, each with the key of its newest metadata: as deep as the target's
/// `MaximumTraversalDepth`, where its path itself is at depth 1. No table is looked for within another.
///
/// # Errors
/// Where a folder cannot be listed.
pub async fn iceberg_tables<F: Folders>(
    folders: &F,
    include: &Include,
    depth: Option<i32>,
) -> Result<Vec<(String, String)>, F::Error> {
    let mut found = Vec::new();
    let mut level = vec![include.base()];
    for _ in 0..depth.unwrap_or(iceberg::DEEPEST) {
        let mut below = Vec::new();
        for folder in level {
            let inner = folders.list(&folder).await?.folders;
            let metadata = inner.iter().find(|inner| inner.strip_prefix(&folder) == Some("metadata/"));
            let newest = match metadata {
                Some(metadata) => newest(folders, include, metadata).await?,
                None => None,
            };
            match newest {
                Some(key) => found.push((folder, key)),
                None => below.extend(inner.into_iter().filter(|inner| goes_into(include, inner))),
            }
        }
        level = below;
    }
    Ok(found)
}

/// Whether a folder may hold tables: one that is hidden or excluded does not.
fn goes_into(include: &Include, folder: &str) -> bool {
    include.choose().takes(folder.trim_end_matches('/'), 1)
}

async fn newest<F: Folders>(
    folders: &F,
    include: &Include,
    folder: &str,
) -> Result<Option<String>, F::Error> {
    let listed = folders.list(folder).await?;
    let mut choice = include.choose();
    let keys = listed.objects.iter().filter(|(key, size)| choice.takes(key, *size));
    Ok(iceberg::newest(keys.map(|(key, _)| key.as_str())).map(str::to_owned))
}
