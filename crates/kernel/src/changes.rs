//! Changes of the Data Catalog, as those hear of them who listen.

use async_trait::async_trait;
use mastic_core::{AccountId, Fault, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// A change that has become true.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogEvent {
    /// The account whose catalog it is.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The catalog's id, as `CatalogId` names it.
    pub catalog_id: String,
    /// The database's name.
    pub database: String,
    /// What changed.
    pub change: CatalogChange,
    /// When it was asked for; a job run's changes become true later.
    pub time: Timestamp,
}

/// What changed in, or became of, a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CatalogChange {
    /// It was created.
    DatabaseCreated,
    /// It was updated.
    DatabaseUpdated,
    /// It was deleted, with all that was in it.
    DatabaseDeleted,
    /// The table of this name was created.
    TableCreated(String),
    /// The table of this name has a new version.
    TableUpdated(String),
    /// The table of this name was deleted.
    TableDeleted(String),
    /// Partitions were created.
    PartitionsCreated(TablePartitions),
    /// Partitions were updated; one whose values changed is named by the new ones.
    PartitionsUpdated(TablePartitions),
    /// Partitions were deleted.
    PartitionsDeleted(TablePartitions),
}

/// Partitions of a table that one call changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TablePartitions {
    /// The table's name.
    pub table: String,
    /// The values of each.
    pub partitions: Vec<Vec<String>>,
}

/// Hears of changes of the Data Catalog. Where nobody is connected, changes are not told.
#[async_trait]
pub trait CatalogEvents: Send + Sync {
    /// Takes an event. Events come one by one, in the order in which they became true, those of a job run when the
    /// run has succeeded. After a fault, or a crash in between, an event comes again.
    async fn changed(&self, event: CatalogEvent) -> Result<(), Fault>;
}
