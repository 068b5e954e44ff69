use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;
use mastic_hive::{DEFAULT_PARTITION, parse_partition_segment};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::glob;
use crate::environment::Stores;
use crate::error::FileError;
use crate::location::Location;
use crate::plan::{Codec, S3Files};

/// One file to read.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Where its bytes are.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Its bucket.
    pub(crate) bucket: String,
    /// Its key, size and tag.
    pub(crate) meta: ObjectMeta,
    /// How it is compressed.
    pub(crate) codec: Option<Codec>,
    /// The values of the partition columns, in their order.
    pub(crate) partition: Vec<Option<String>>,
}

impl SourceFile {
    /// The file's URL.
    pub(crate) fn url(&self) -> String {
        format!("s3://{}", self.path())
    }

    /// Bucket and key, with a slash between them.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.bucket, self.meta.location)
    }
}

/// The files of a source, and what tells of any other whether it is gone.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The files.
    pub(crate) found: Vec<SourceFile>,
    /// What was listed, see [`covers`].
    pub(crate) places: Vec<String>,
    /// The paths of what lies there and is none of the source's files.
    pub(crate) others: HashSet<String>,
}

/// Whether a path is at a place: within a folder, whose own path ends with a slash, or the one file of that path.
pub(crate) fn covers(place: &str, path: &str) -> bool {
    if place.ends_with('/') { path.starts_with(place) } else { path == place }
}

/// The files of an S3 source.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The partition columns that their folders name.
    pub(crate) keys: Vec<String>,
    /// All of them, by path and key.
    pub(crate) files: Files,
    /// The first path under which nothing lies.
    pub(crate) empty: Option<FileError>,
}

/// Lists the files of an S3 source.
///
/// # Errors
/// Names the path that cannot be listed.
pub(crate) async fn list(node: &str, stores: &dyn Stores, files: &S3Files) -> Result<Listing, FileError> {
    let (mut found, mut all, mut empty) = (Vec::new(), Files::default(), None);
    for path in &files.paths {
        let before = found.len();
        let fail = |cause: String| FileError::new(node, path, cause);
        let location = Location::parse(path).map_err(fail)?;
        let store = stores.bucket(&location.bucket).map_err(fail)?;
        let (root, pattern) = pattern_root(&location);
        let lying = objects(store.as_ref(), &location.bucket, &root, &mut all);
        for meta in lying.await.map_err(|error| fail(error.to_string()))? {
            let key = meta.location.as_ref();
            if !wanted(files, &location, &root, pattern, key) {
                all.others.insert(format!("{}/{key}", location.bucket));
                continue;
            }
            let folders = folder_values(key.strip_prefix(root.as_str()).unwrap_or(key));
            let codec = codec_of(key).or(files.compression);
            let (store, bucket) = (Arc::clone(&store), location.bucket.clone());
            found.push((folders, SourceFile { store, bucket, meta, codec, partition: vec![] }));
        }
        if found.len() == before {
            empty.get_or_insert_with(|| fail("there are no files to read".to_owned()));
        }
    }
    let mut keys: Vec<String> = Vec::new();
    for (folders, _) in &found {
        for (key, _) in folders {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    let found = found.into_iter().map(|(folders, mut file)| {
        let mut folders: BTreeMap<String, Option<String>> = folders.into_iter().collect();
        file.partition = keys.iter().map(|key| folders.remove(key).flatten()).collect();
        file
    });
    all.found = found.collect();
    Ok(Listing { keys, files: all, empty })
}

/// Keys and values that folders name.
type FolderValues = Vec<(String, Option<String>)>;

/// Keeps the first files, as many as the source reads at most.
pub(crate) fn bound(files: &S3Files, mut found: Vec<SourceFile>) -> Vec<SourceFile> {
    if let Some(sample) = files.sample {
        found = sample.keep(found, |file| file.partition.clone());
    }
    if let Some(limit) = files.bounded_files {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    if let Some(limit) = files.bounded_size {
        let mut total = 0u64;
        found.retain(|file| {
            total = total.saturating_add(file.meta.size);
            total <= limit
        });
    }
    found
}

/// All objects under a key, or the one object at it, in the order of their keys. Markers of folders and
/// hidden files (a name that begins with `_` or `.`) are left out. What was listed and left out goes to `all`.
pub(crate) async fn objects(
    store: &dyn ObjectStore,
    bucket: &str,
    root: &str,
    all: &mut Files,
) -> Result<Vec<ObjectMeta>, object_store::Error> {
    let prefix = Path::parse(root.trim_end_matches('/'))?;
    let mut found: Vec<ObjectMeta> = store.list(Some(&prefix)).try_collect().await?;
    let folder = if prefix.as_ref().is_empty() { String::new() } else { format!("{prefix}/") };
    all.places.push(format!("{bucket}/{folder}"));
    if found.is_empty() && !root.is_empty() && !root.ends_with('/') {
        match store.head(&prefix).await {
            Ok(meta) => {
                all.places.push(format!("{bucket}/{prefix}"));
                found.push(meta);
            }
            Err(object_store::Error::NotFound { .. }) => {}
            // The answer to HEAD has no body to say who is denied what; that to GET has.
            Err(error @ object_store::Error::PermissionDenied { .. }) => {
                return Err(store.get_range(&prefix, 0..1).await.err().unwrap_or(error));
            }
            Err(error) => return Err(error),
        }
    }
    found.retain(|meta| {
        let key = meta.location.as_ref();
        let below = key.strip_prefix(root).unwrap_or(key);
        let data = meta.size > 0
            && !below.ends_with("_$folder$")
            && !below
                .split('/')
                .any(|part| part.starts_with('.') || (part.starts_with('_') && !part.contains('=')));
        if !data {
            all.others.insert(format!("{bucket}/{key}"));
        }
        data
    });
    found.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(found)
}

/// The folder above the first wildcard of a location, and its pattern if it has a wildcard.
fn pattern_root(location: &Location) -> (String, Option<&str>) {
    if !glob::is_pattern(&location.key) {
        return (location.key.clone(), None);
    }
    let mut root = String::new();
    for part in location.key.split('/').take_while(|part| !glob::is_pattern(part)) {
        root.push_str(part);
        root.push('/');
    }
    (root, Some(&location.key))
}

fn wanted(files: &S3Files, location: &Location, root: &str, pattern: Option<&str>, key: &str) -> bool {
    if let Some(pattern) = pattern {
        let folder = format!("{}/**", pattern.trim_end_matches('/'));
        if !glob::matches(pattern, key) && !glob::matches(&folder, key) {
            return false;
        }
    }
    let below = key.strip_prefix(root).unwrap_or(key).trim_start_matches('/');
    if !files.recurse && pattern.is_none() && below.contains('/') {
        return false;
    }
    let url = location.at(key).to_string();
    !files.exclusions.iter().any(|exclusion| {
        if exclusion.contains("://") {
            glob::matches(exclusion, &url)
        } else {
            glob::matches(exclusion, below)
        }
    })
}

fn folder_values(below: &str) -> FolderValues {
    let folders = below.rsplit_once('/').map(|(folders, _)| folders).unwrap_or_default();
    folders
        .split('/')
        .filter_map(parse_partition_segment)
        .map(|(key, value)| (key, (value != DEFAULT_PARTITION).then_some(value)))
        .collect()
}

/// The compression that a file's name tells.
pub(crate) fn codec_of(key: &str) -> Option<Codec> {
    let end = key.rsplit('.').next().unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "gz" | "gzip" => Some(Codec::Gzip),
        "bz2" => Some(Codec::Bzip2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    struct One(Arc<dyn ObjectStore>);

    impl Stores for One {
        fn bucket(&self, _: &str) -> Result<Arc<dyn ObjectStore>, String> {
            Ok(Arc::clone(&self.0))
        }
    }

    async fn keys(paths: &[&str], exclusions: &[&str], recurse: bool) -> Vec<String> {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for key in ["t/a.csv", "t/year=1/b.csv.gz", "t/year=2/_tmp/c.csv", "t/year=%3A/d.csv", "tt/e.csv"] {
            store.put(&Path::parse(key).unwrap(), "x".into()).await.unwrap();
        }
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let files = S3Files { paths: own(paths), exclusions: own(exclusions), recurse, ..S3Files::default() };
        match list("n", &One(store), &files).await {
            Ok(Listing { empty: Some(error), .. }) => vec![error.to_string()],
            Ok(Listing { keys, files, .. }) => {
                let mut out = keys;
                let found = files.found.iter();
                out.extend(found.map(|file| format!("{} {:?}", file.meta.location, file.partition)));
                out
            }
            Err(error) => vec![error.to_string()],
        }
    }

    #[tokio::test]
    async fn folders_files_and_patterns() {
        let all = keys(&["s3://b/t"], &[], true).await;
        assert_eq!(
            all,
            ["year", "t/a.csv [None]", "t/year=%3A/d.csv [Some(\":\")]", "t/year=1/b.csv.gz [Some(\"1\")]"]
        );
        assert_eq!(keys(&["s3://b/t/"], &[], false).await, ["t/a.csv []"]);
        assert_eq!(keys(&["s3://b/tt/e.csv"], &[], true).await, ["tt/e.csv []"]);
        let pattern = keys(&["s3://b/t/year=[0-9]/*"], &[], true).await;
        assert_eq!(pattern, ["year", "t/year=1/b.csv.gz [Some(\"1\")]"]);
        assert_eq!(keys(&["s3://b/t"], &["**.gz", "s3://b/t/a*"], true).await.len(), 2);
        assert_eq!(
            keys(&["s3://b/no"], &[], true).await,
            ["node `n`: `s3://b/no`: there are no files to read"]
        );
    }
}
