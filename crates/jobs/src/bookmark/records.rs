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
    /// When it was last reset: runs that were at work then no longer know where the job stands.
    #[serde(default)]
    pub reset: Option<Timestamp>,
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
}

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

/// What a source keeps from run to run, in its own words: the last keys of a database's table, the columns of files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub text: String,
}

impl Record for Document {
    const VERSION: u16 = 1;
}

/// Account, region, job, transformation context.
pub(crate) const DOCUMENTS: Keyspace<(String, String, String, String), Document> =
    Keyspace::new("glue.job-bookmark-document").staged();

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

/// A job as a prefix of keys.
pub(crate) fn of((account, region, job): &NameKey) -> (&str, &str, &str) {
    (account, region, job)
}
