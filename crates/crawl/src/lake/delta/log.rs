//! A log, replayed: schema, partition columns and the files that make up the table now.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use crate::lake::LakeError;

/// What a line of a commit, or a row of a checkpoint, does to the table. Other members of it do not matter here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Action {
    /// The table's description from now on.
    #[serde(rename = "metaData")]
    pub metadata: Option<Metadata>,
    /// A file becomes part of the table.
    pub add: Option<Add>,
    /// A file is no longer part of it.
    pub remove: Option<Named>,
    /// A file beside a checkpoint, with more actions in it.
    pub sidecar: Option<Named>,
    /// Who did it, and when.
    #[serde(rename = "commitInfo")]
    pub commit: Option<Commit>,
}

/// A table's description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// The schema, in JSON.
    pub schema_string: String,
    /// Names of the columns whose values are not in the files.
    pub partition_columns: Vec<String>,
    /// The table's properties.
    pub configuration: BTreeMap<String, Option<String>>,
}

/// A file of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Add {
    /// A URI, relative to the table's or absolute.
    pub path: String,
    /// The values of the partition columns; nothing is null.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Which of its rows do not count.
    pub deletion_vector: Option<Value>,
}

/// A file by its path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Named {
    /// A URI, as [`Add::path`].
    pub path: String,
}

/// What is known of a commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Commit {
    /// In milliseconds.
    pub timestamp: Option<i64>,
}

/// What is known of a table while its log is read, newest first.
#[derive(Debug, Default)]
pub struct Log {
    /// Whether the table's files matter.
    files_matter: bool,
    pub(super) version: u64,
    pub(super) timestamp: Option<i64>,
    pub(super) metadata: Option<Metadata>,
    pub(super) files: BTreeMap<String, Add>,
    /// Paths of which something newer was told.
    settled: HashSet<String>,
    sidecars: Vec<String>,
}

impl Log {
    /// A log of which nothing is read yet; whether the table's files matter, or its schema only.
    #[must_use]
    pub fn new(files_matter: bool) -> Self {
        Self { files_matter, ..Self::default() }
    }

    /// Whether older files of the log have no say in what matters.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.metadata.is_some() && !self.files_matter
    }

    /// Whether the table's files matter.
    #[must_use]
    pub fn files_matter(&self) -> bool {
        self.files_matter
    }

    /// The files beside the checkpoint that must be read too.
    pub fn take_sidecars(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sidecars)
    }

    /// Takes up lines of actions: a commit, older than those before, or a checkpoint in JSON.
    ///
    /// # Errors
    /// When a line is no action.
    pub fn take_lines(&mut self, version: u64, bytes: &[u8]) -> Result<(), LakeError> {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let actions: Vec<Action> = lines
            .map(|line| {
                serde_json::from_slice(line)
                    .map_err(|error| LakeError::new(format!("a line is no action: {error}")))
            })
            .collect::<Result<_, _>>()?;
        self.take(version, actions);
        Ok(())
    }

    /// Takes up the actions of one file of the log, older than those before.
    pub fn take(&mut self, version: u64, actions: Vec<Action>) {
        self.version = self.version.max(version);
        let (mut metadata, mut timestamp, mut removed) = (None, None, Vec::new());
        for action in actions {
            metadata = action.metadata.or(metadata);
            timestamp = action.commit.and_then(|commit| commit.timestamp).or(timestamp);
            self.sidecars.extend(action.sidecar.map(|sidecar| sidecar.path));
            if self.files_matter {
                if let Some(add) = action.add.filter(|add| self.settled.insert(add.path.clone())) {
                    self.files.insert(add.path.clone(), add);
                }
                removed.extend(action.remove.map(|file| file.path));
            }
        }
        // A commit that gives a file other rows to pass over removes and adds it: it is there then.
        self.settled.extend(removed);
        self.metadata = self.metadata.take().or(metadata);
        self.timestamp = self.timestamp.or(timestamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(log: &Log) -> Vec<&str> {
        log.files.keys().map(String::as_str).collect()
    }

    #[test]
    fn files_come_and_go() {
        let mut log = Log::new(true);
        log.take_lines(3, br#"{"remove":{"path":"a"}}"#).unwrap();
        log.take_lines(2, b"{\"add\":{\"path\":\"b\"}}\n\n{\"remove\":{\"path\":\"b\"}}").unwrap();
        log.take_lines(
            1,
            b"{\"add\":{\"path\":\"a\"}}\n{\"add\":{\"path\":\"b\",\"partitionValues\":{\"x\":null}}}",
        )
        .unwrap();
        log.take_lines(0, b"{\"add\":{\"path\":\"c\"}}\n{\"protocol\":{}}").unwrap();
        assert_eq!(paths(&log), ["b", "c"]);
        assert!(log.files["b"].partition_values.is_empty() && log.version == 3 && !log.is_settled());
    }

    #[test]
    fn the_newest_description_counts() {
        let mut log = Log::new(false);
        log.take_lines(2, br#"{"commitInfo":{"timestamp":7}}"#).unwrap();
        assert!(!log.is_settled());
        log.take_lines(1, br#"{"metaData":{"schemaString":"new","partitionColumns":["p"]}}"#).unwrap();
        assert!(log.is_settled() && log.files_matter() != log.is_settled());
        log.take_lines(0, b"{\"commitInfo\":{\"timestamp\":5}}\n{\"metaData\":{\"schemaString\":\"old\"}}")
            .unwrap();
        assert_eq!(log.metadata.as_ref().unwrap().schema_string, "new");
        assert_eq!(log.timestamp, Some(7));
        assert!(log.take_lines(0, b"x").unwrap_err().to_string().starts_with("a line is no action"));
        log.take_lines(0, br#"{"sidecar":{"path":"s.parquet"}}"#).unwrap();
        assert_eq!(log.take_sidecars(), ["s.parquet"]);
    }
}
