//! What lies under an include path.

use std::collections::HashMap;

use mastic_api_glue::glue::types::S3Target;
use mastic_classify::{Exclusions, is_hidden};
use mastic_client::{ObjectEntry, S3};

use crate::failure::Failure;

/// One S3 target of a crawler, read.
pub(super) struct Include {
    pub(super) bucket: String,
    /// A folder or one object's key, without a slash at its end; empty for the whole bucket.
    pub(super) prefix: String,
    /// Whether the path names a folder for sure.
    folder: bool,
    /// The exclude patterns as they were given.
    pub(super) patterns: Vec<String>,
    exclusions: Exclusions,
    /// How many files of each leaf folder are looked at.
    sample: Option<usize>,
}

/// An object that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) size: u64,
}

impl Include {
    /// Reads a target.
    pub(super) fn new(target: &S3Target) -> Result<Self, Failure> {
        let path = target.path.as_deref().unwrap_or_default();
        let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| path.strip_prefix(scheme));
        let (bucket, prefix) = rest.map_or(("", ""), |rest| rest.split_once('/').unwrap_or((rest, "")));
        if bucket.is_empty() {
            return Err(Failure::new(format!(
                "The include path `{path}` is not an S3 path: s3://bucket/folder is wanted."
            )));
        }
        let patterns = target.exclusions.clone().unwrap_or_default();
        let exclusions = Exclusions::parse(&patterns)
            .map_err(|error| Failure::new(error.to_string()).at(format!("The include path `{path}`")))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            folder: prefix.is_empty() || prefix.ends_with('/'),
            patterns,
            exclusions,
            sample: target.sample_size.and_then(|size| usize::try_from(size).ok()),
        })
    }

    /// The URL of what is at `key`.
    pub(super) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Whether a table's location is the include path, or below it.
    pub(super) fn covers(&self, location: &str) -> bool {
        let base = self.url(&self.prefix);
        match location.strip_prefix(&base) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || base.ends_with('/'),
            None => false,
        }
    }
}

/// Lists the objects of a target that are to be looked at, in the order of their keys.
pub(super) async fn list(s3: &S3, include: &Include) -> Result<Vec<Object>, Failure> {
    let told = |error| Failure::from(error).at(include.url(&include.prefix));
    let mut chosen = Chosen::new(include);
    if !include.folder {
        // An object of just this name is the first of all that begin with it.
        let (page, _) =
            s3.list_page(&include.bucket, &include.prefix, None, None, Some(1)).await.map_err(told)?;
        for object in page.objects.into_iter().filter(|object| object.key == include.prefix) {
            chosen.offer(object);
        }
    }
    let folder = chosen.base.clone();
    let mut token = None;
    loop {
        let (page, next) =
            s3.list_page(&include.bucket, &folder, None, token.as_deref(), None).await.map_err(told)?;
        for object in page.objects {
            chosen.offer(object);
        }
        token = next;
        if token.is_none() {
            return Ok(chosen.objects);
        }
    }
}

/// Chooses among the objects of a listing.
struct Chosen<'a> {
    include: &'a Include,
    /// What the keys of a folder's objects begin with.
    base: String,
    /// How many files of a folder were chosen; kept only where it matters.
    of_folder: HashMap<String, usize>,
    objects: Vec<Object>,
}

impl<'a> Chosen<'a> {
    fn new(include: &'a Include) -> Self {
        let base = if include.prefix.is_empty() { String::new() } else { format!("{}/", include.prefix) };
        Self { include, base, of_folder: HashMap::new(), objects: Vec::new() }
    }

    fn offer(&mut self, object: ObjectEntry) {
        let key = object.key.as_str();
        let name = || key.rsplit('/').next().unwrap_or(key);
        let relative = key.strip_prefix(&self.base).unwrap_or_else(name);
        if is_hidden(relative, object.size) || self.include.exclusions.excludes(relative) {
            return;
        }
        if let Some(most) = self.include.sample {
            let folder = relative.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
            let count = self.of_folder.entry(folder.to_owned()).or_default();
            if *count == most {
                return;
            }
            *count += 1;
        }
        self.objects.push(Object { key: object.key, size: object.size });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str, exclusions: &[&str], sample: Option<i32>) -> S3Target {
        S3Target {
            path: Some(path.to_owned()),
            exclusions: Some(exclusions.iter().map(|text| (*text).to_owned()).collect()),
            sample_size: sample,
            ..S3Target::default()
        }
    }

    fn chosen(target: &S3Target, keys: &[&str]) -> Vec<String> {
        let include = Include::new(target).unwrap();
        let mut chosen = Chosen::new(&include);
        for key in keys {
            let size = if key.ends_with("empty") { 0 } else { 1 };
            let etag = String::new();
            chosen.offer(ObjectEntry { key: (*key).to_owned(), size, etag, last_modified: None });
        }
        chosen.objects.into_iter().map(|object| object.key).collect()
    }

    #[test]
    fn hidden_excluded_and_superfluous_files_are_left_out() {
        let keys = ["t/_SUCCESS", "t/a/1.csv", "t/a/2.csv", "t/a/3.csv", "t/b/1.csv", "t/b/x.tmp", "t/empty"];
        let all = chosen(&target("s3://b/t/", &[], None), &keys);
        assert_eq!(all, ["t/a/1.csv", "t/a/2.csv", "t/a/3.csv", "t/b/1.csv", "t/b/x.tmp"]);
        let some = chosen(&target("s3://b/t", &["**.tmp", "a/2*"], Some(1)), &keys);
        assert_eq!(some, ["t/a/1.csv", "t/b/1.csv"]);
        assert_eq!(chosen(&target("s3://b", &["t/*"], None), &["t/a", "u"]), ["u"]);
    }

    #[test]
    fn paths() {
        let include = |path| Include::new(&target(path, &[], None));
        let folder = include("s3://b/x/y/").unwrap();
        assert_eq!((folder.bucket.as_str(), folder.prefix.as_str(), folder.folder), ("b", "x/y", true));
        assert!(
            folder.covers("s3://b/x/y/") && folder.covers("s3://b/x/y") && folder.covers("s3://b/x/y/z.csv")
        );
        assert!(!folder.covers("s3://b/x/yy/") && !folder.covers("s3://c/x/y/"));
        assert!(include("s3://b").unwrap().covers("s3://b/any"));
        assert!(include("/tmp").is_err());
        assert!(Include::new(&target("s3://b/", &["{a"], None)).is_err());
    }
}
