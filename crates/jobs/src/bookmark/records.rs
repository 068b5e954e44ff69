//! What is stored of bookmarks. What runs write is staged: it becomes true with their success only.

use std::collections::BTreeMap;

use mastic_core::Timestamp;
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::records::NameKey;

/// Where a job stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    /// Counts what changed the bookmark: runs and resets.
    pub version: i32,
    /// Counts the runs that succeeded.
    pub run: i64,
    /// How many runs had failed since the one before.
    pub attempt: i32,
    /// The run that moved it last.
    pub run_id: Option<String>,
    /// The run that moved it before that.
    pub previous_run_id: Option<String>,
    /// When the run that moved it last was started.
    pub started: Timestamp,
    /// The sources of files that runs have read, by transformation context.
    pub contexts: BTreeMap<String, Context>,
    /// The version that its last reset made: runs that have seen an earlier one no longer know where the job stands.
    #[serde(default)]
    pub reset_version: i32,
}

impl Record for Bookmark {
    const VERSION: u16 = 1;
}

/// The run that last read a source of files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Context {
    pub run: i64,
    pub run_id: String,
    pub started: Timestamp,
    /// The source's `MaxBand`, in milliseconds.
    pub band: i64,
    /// The names and types of its columns, for runs that find no files; empty where the source itself knows them.
    #[serde(default)]
    pub columns: Columns,
}

/// Names and types.
pub(crate) type Columns = Vec<(String, String)>;

pub(crate) const BOOKMARKS: Keyspace<NameKey, Bookmark> = Keyspace::new("glue.job-bookmark");

/// A file as a run has read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TakenFile {
    pub etag: String,
    pub size: i64,
    pub modified: Timestamp,
    /// The run.
    pub run: String,
}

impl Record for TakenFile {
    const VERSION: u16 = 1;
}

/// Account, region, job, transformation context, bucket and key with a slash between them.
pub(crate) type FileKey = (String, String, String, String, String);

/// The ledger.
pub(crate) const FILES: Keyspace<FileKey, TakenFile> = Keyspace::new("glue.job-bookmark-file").staged();

/// How far a source without files has been read, in its own words: the last keys of a database's table, the snapshot of
/// a lake's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub text: String,
    /// The run that read so far, so that two runs that come equally far are in conflict; none where a reset wrote it.
    #[serde(default)]
    pub run: Option<String>,
}

impl Record for Document {
    const VERSION: u16 = 1;
}

/// Account, region, job, transformation context.
pub(crate) const DOCUMENTS: Keyspace<(String, String, String, String), Document> =
    Keyspace::new("glue.job-bookmark-document").staged();

/// What a run that moves the bookmark has told of it so far. It is staged under the run's own id, where no two runs
/// meet, and never becomes true: [`Bookmark::contexts`] takes it up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// The version of the bookmark that the run has seen.
    pub version: i32,
    /// The sources of files that it reads, by transformation context.
    pub sources: BTreeMap<String, FileSource>,
}

impl Record for Reading {
    const VERSION: u16 = 1;
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileSource {
    pub band: i64,
    /// Missing where they are what they were.
    pub columns: Option<Columns>,
}

/// Account, region, job, run.
pub(crate) const READINGS: Keyspace<(String, String, String, String), Reading> =
    Keyspace::new("glue.job-bookmark-reading").staged();

/// The bookmark as a run left it: where it can be set back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunMark {
    pub bookmark: Bookmark,
    pub documents: BTreeMap<String, String>,
    pub completed: Timestamp,
    /// Files that the run read, and their bytes.
    pub files: i64,
    pub bytes: i64,
}

impl Record for RunMark {
    const VERSION: u16 = 1;
}

/// Account, region, job, number of the run.
pub(crate) const RUN_MARKS: Keyspace<(String, String, String, i64), RunMark> =
    Keyspace::new("glue.job-bookmark-run");

/// The number of the run of that id, among those that succeeded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct RunNumber(pub i64);

impl Record for RunNumber {
    const VERSION: u16 = 1;
}

/// Account, region, job, run: as many as [`RUN_MARKS`].
pub(crate) const RUN_NUMBERS: Keyspace<(String, String, String, String), RunNumber> =
    Keyspace::new("glue.job-bookmark-run-number");

/// A job as a prefix of keys.
pub(crate) fn of((account, region, job): &NameKey) -> (&str, &str, &str) {
    (account, region, job)
}
