//! An S3 target of a crawler, and which of the objects below it are looked at.

use std::collections::HashMap;

use mastic_api_glue::glue::types::S3Target;
use mastic_classify::is_hidden;
use mastic_hive::Exclusions;

/// A target that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(String);

impl TargetError {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

/// One S3 target of a crawler, read.
#[derive(Debug)]
pub struct Include {
    /// The bucket.
    pub bucket: String,
    /// A folder or one object's key, without a slash at its end; empty for the whole bucket.
    pub prefix: String,
    /// Whether the path names a folder for sure.
    pub folder: bool,
    patterns: Vec<String>,
    exclusions: Exclusions,
    sample: Option<usize>,
}

impl Include {
    /// Reads a target.
    ///
    /// # Errors
    /// When its path is no S3 path or a pattern of it cannot be used.
    pub fn new(target: &S3Target) -> Result<Self, TargetError> {
        let path = target.path.as_deref().unwrap_or_default();
        let (bucket, prefix) = split(path)?;
        let patterns = target.exclusions.clone().unwrap_or_default();
        let exclusions = Exclusions::parse(&patterns)
            .map_err(|error| TargetError(format!("The include path `{path}`: {error}")))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            folder: prefix.is_empty() || prefix.ends_with('/'),
            patterns,
            exclusions,
            sample: target.sample_size.and_then(|size| usize::try_from(size).ok()),
        })
    }

    /// What the keys of the folder's objects begin with.
    #[must_use]
    pub fn base(&self) -> String {
        if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) }
    }

    /// The URL of what is at `key`.
    #[must_use]
    pub fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Whether a table's location is the include path, or below it.
    #[must_use]
    pub fn covers(&self, location: &str) -> bool {
        let base = self.url(&self.prefix);
        match location.strip_prefix(&base) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || base.ends_with('/'),
            None => false,
        }
    }

    /// The exclude patterns as full paths, in JSON, as tables keep them.
    #[must_use]
    pub fn exclusions(&self) -> Option<String> {
        let base = self.url(&self.base());
        let full: Vec<String> = self.patterns.iter().map(|pattern| format!("{base}{pattern}")).collect();
        (!full.is_empty()).then(|| serde_json::json!(full).to_string())
    }

    /// A choice among its objects; nothing is chosen yet.
    #[must_use]
    pub fn choose(&self) -> Choice<'_> {
        Choice { include: self, base: self.base(), of_folder: HashMap::new() }
    }
}

/// Bucket and key of an S3 path.
///
/// # Errors
/// When it is none.
pub fn split(path: &str) -> Result<(&str, &str), TargetError> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| path.strip_prefix(scheme));
    let (bucket, key) = rest.map_or(("", ""), |rest| rest.split_once('/').unwrap_or((rest, "")));
    if bucket.is_empty() {
        let text = format!("The include path `{path}` is not an S3 path: s3://bucket/folder is wanted.");
        return Err(TargetError(text));
    }
    Ok((bucket, key))
}

/// Chooses among the objects of a listing.
#[derive(Debug)]
pub struct Choice<'a> {
    include: &'a Include,
    base: String,
    /// How many files of a folder were chosen; kept only where it matters.
    of_folder: HashMap<String, usize>,
}

impl Choice<'_> {
    /// Whether the object of a key and a size in bytes is to be looked at. Empty ones are taken: they tell
    /// where folders are split.
    pub fn takes(&mut self, key: &str, size: u64) -> bool {
        let name = || key.rsplit('/').next().unwrap_or(key);
        let relative = key.strip_prefix(&self.base).unwrap_or_else(name);
        if is_hidden(relative) || self.include.exclusions.excludes(relative) {
            return false;
        }
        if let Some(most) = self.include.sample.filter(|_| size > 0) {
            let folder = relative.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
            let count = self.of_folder.entry(folder.to_owned()).or_default();
            if *count == most {
                return false;
            }
            *count += 1;
        }
        true
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

    fn chosen<'a>(target: &S3Target, keys: &[&'a str]) -> Vec<&'a str> {
        let include = Include::new(target).unwrap();
        let mut choice = include.choose();
        let size = |key: &str| if key.ends_with("empty") { 0 } else { 1 };
        keys.iter().filter(|key| choice.takes(key, size(key))).copied().collect()
    }

    #[test]
    fn hidden_excluded_and_superfluous_files_are_left_out() {
        let keys = ["t/_SUCCESS", "t/a/", "t/a/1.csv", "t/a/2.csv", "t/b/1.csv", "t/b/x.tmp", "t/empty"];
        let all = chosen(&target("s3://b/t/", &[], None), &keys);
        assert_eq!(all, ["t/a/1.csv", "t/a/2.csv", "t/b/1.csv", "t/b/x.tmp", "t/empty"]);
        let some = chosen(&target("s3://b/t", &["**.tmp", "a/2*"], Some(1)), &keys);
        assert_eq!(some, ["t/a/1.csv", "t/b/1.csv", "t/empty"]);
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
        let patterns = Include::new(&target("s3://b/x", &["**.tmp"], None)).unwrap().exclusions();
        assert_eq!(patterns.as_deref(), Some(r#"["s3://b/x/**.tmp"]"#));
    }
}
