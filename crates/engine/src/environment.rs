use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_core::{Clock, Entropy};
use object_store::ObjectStore;

/// The buckets that a run may reach.
pub trait Stores: Send + Sync {
    /// The store of one bucket; its keys are the objects' keys.
    ///
    /// # Errors
    /// A text that says why there is none.
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String>;
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

    /// Adds partitions, as many as there are; those that exist already stay as they are.
    async fn create_partitions(
        &self,
        database: &str,
        table: &str,
        partitions: Vec<PartitionInput>,
    ) -> Result<(), String>;
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
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
}

/// What a run needs from outside.
#[derive(Clone)]
pub struct Environment {
    /// The buckets.
    pub stores: Arc<dyn Stores>,
    /// The catalog.
    pub catalog: Arc<dyn CatalogClient>,
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
