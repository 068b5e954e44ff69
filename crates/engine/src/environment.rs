use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_core::{Clock, Entropy, Timestamp};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::databases::Databases;
use crate::error_rows::ErrorRows;
use crate::held::HeldSource;

/// The buckets that a run may reach.
pub trait Stores: Send + Sync {
    /// The store of one bucket; its keys are the objects' keys.
    ///
    /// # Errors
    /// A text that says why there is none.
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String>;

    /// Demands that a file is read with this tag, and that reading it fails once it is written anew. Stores in which
    /// nobody else writes need not do anything.
    ///
    /// # Errors
    /// As [`Stores::bucket`].
    fn pin(&self, bucket: &str, key: &Path, tag: &str) -> Result<(), String> {
        let _ = (bucket, key, tag);
        Ok(())
    }
}

/// The catalog as the engine uses it. Errors are the texts of the faults, with their codes.
#[async_trait]
pub trait CatalogClient: Send + Sync {
    /// The table, if there is one.
    async fn get_table(&self, database: &str, table: &str) -> Result<Option<Table>, String>;

    /// All partitions of the table that meet the expression (`GetPartitions`), or simply all.
    async fn get_partitions(
        &self,
        database: &str,
        table: &str,
        expression: Option<&str>,
    ) -> Result<Vec<Partition>, String>;

    /// Makes a table.
    async fn create_table(&self, database: &str, table: TableInput) -> Result<(), String>;

    /// Replaces a table's definition.
    async fn update_table(&self, database: &str, table: TableInput) -> Result<(), String>;

    /// Replaces a table's definition if it is still of this version; whether it was.
    async fn swap_table(
        &self,
        database: &str,
        table: TableInput,
        version: Option<&str>,
    ) -> Result<bool, String>;

    /// Adds partitions, as many as there are; those that exist already stay as they are.
    async fn create_partitions(
        &self,
        database: &str,
        table: &str,
        partitions: Vec<PartitionInput>,
    ) -> Result<(), String>;
}

/// Where the job's sources stand: what earlier runs have read. What is noted here becomes true with the success of the run
/// only, and with its output. A source's place is its transformation context: what the job's script calls its outcome.
///
/// Sources of files keep what they have read in the ledger, and their columns. Any other kind of source keeps one small
/// document for its context, in its own words: the last keys of a database's table, an Iceberg table's last snapshot. A
/// document that is a JSON object with AWS's `jsonClass` is shown by `GetJobBookmark` as it is.
///
/// Where the bookmark is paused, noting does nothing. Noting fails where another run has noted meanwhile what this one has
/// not seen.
#[async_trait]
pub trait Bookmarks: Send + Sync {
    /// The transformation context of the node with that id; `None` for one that reads all there is.
    fn context(&self, node: &str) -> Option<String>;

    /// Whether the run reads what earlier runs have read, those of the ledger's, and nothing else: a pause with their
    /// range.
    fn replays(&self) -> bool;

    /// The files of the context that have been read, a page of them, from the path `from` on.
    async fn ledger(&self, context: &str, from: &str) -> Result<LedgerPage, String>;

    /// Notes what the run reads of a source of files, however many there are.
    async fn take(&self, context: &str, taken: Taken) -> Result<(), String>;

    /// Names and types of the columns that a source of files had when it was last read.
    fn columns(&self, context: &str) -> Option<&[(String, String)]>;

    /// Keeps the columns of a source of files for runs that find none.
    async fn keep_columns(&self, context: &str, columns: Vec<(String, String)>) -> Result<(), String>;

    /// The documents between which the run reads.
    fn documents(&self, context: &str) -> Documents;

    /// Keeps a document for the next run.
    async fn keep(&self, context: &str, document: String) -> Result<(), String>;
}

/// A file as it was when it was read: another tag or size, another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMark {
    /// Its tag, without quotes.
    pub etag: String,
    /// Its bytes.
    pub size: u64,
}

/// A file that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// What it is like.
    pub mark: FileMark,
    /// When it was written.
    pub modified: Timestamp,
    /// The run that has read it as it was before.
    pub before: Option<String>,
}

/// What a run reads of a source of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The source's `MaxBand`, in milliseconds.
    pub band: u64,
    /// The files.
    pub files: Vec<ReadFile>,
    /// Files of the ledger that are there no more.
    pub gone: Vec<KnownFile>,
}

/// A file of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Bucket and key, with a slash between them.
    pub path: String,
    /// What it was like.
    pub mark: FileMark,
    /// The run that has read it.
    pub run: String,
}

/// A part of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerPage {
    /// The files, in the order of their paths' bytes.
    pub files: Vec<KnownFile>,
    /// The path at which the next page begins; none where this was the last.
    pub next: Option<String>,
}

/// The documents of a source that keeps one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// What this run reads comes after this one; everything if it is missing.
    pub after: Option<String>,
    /// And goes up to this one, in a pause with a range of runs; to the end if it is missing.
    pub until: Option<String>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A source has listed its files, and looked them up in the bookmark.
    Found {
        /// The source's name.
        source: String,
        /// Files to read.
        files: u64,
        /// Files that earlier runs have read.
        known: u64,
        /// Files that wait for a later run.
        waiting: u64,
    },
    /// The plan of a target stands; its rows are being read and written.
    Started {
        /// The target's name.
        target: String,
    },
    /// So many rows of a target have been taken up in all.
    Rows {
        /// The target's name.
        target: String,
        /// Rows.
        rows: u64,
    },
    /// A target is complete.
    Finished {
        /// The target's name.
        target: String,
        /// Rows written.
        rows: u64,
        /// Files written.
        files: u64,
    },
    /// Something went wrong that does not decide how the run ends.
    Warned {
        /// What, and what of it may be left.
        text: String,
    },
}

/// What a run needs from outside.
#[derive(Clone)]
pub struct Environment {
    /// The buckets.
    pub stores: Arc<dyn Stores>,
    /// The catalog.
    pub catalog: Arc<dyn CatalogClient>,
    /// The job's bookmark, if the run pays heed to it.
    pub bookmarks: Option<Arc<dyn Bookmarks>>,
    /// The databases.
    pub databases: Databases,
    /// Times in file names.
    pub clock: Arc<dyn Clock>,
    /// Ids in file names.
    pub entropy: Arc<dyn Entropy>,
    /// Bytes that the run may hold, about.
    pub memory_limit: usize,
    /// Streams that work side by side.
    pub target_partitions: usize,
    /// Where to spill; the system's temporary folder if it is missing.
    pub spill_folder: Option<PathBuf>,
    /// Bytes that the run may spill; 100 GiB if it is missing.
    pub spill_limit: Option<u64>,
    /// Texts that stand for no value in CSV files, besides those that a table names.
    pub null_values: Vec<String>,
    /// Where records go that cannot be read; the first of them ends the run if it is missing.
    pub error_rows: Option<Arc<ErrorRows>>,
    /// Sources that have been opened before, by the ids of the nodes that read them.
    pub held: BTreeMap<String, Arc<HeldSource>>,
    /// Told how far the run is.
    pub progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("memory_limit", &self.memory_limit)
            .field("target_partitions", &self.target_partitions)
            .finish_non_exhaustive()
    }
}
