//! Keyspaces, and how the values of a partition become a key whose order is theirs.

use mastic_core::{AccountId, Region};
use mastic_hive::ValueOrder;
use mastic_store::{Key, KeyError, KeyFor, KeyReader, KeyWriter, Keyspace, Range};

use crate::records::{DatabaseRecord, IndexRecord, OrphanRecord, PartitionRecord, SharedRecord, TableRecord};

/// Account, region, name of the catalog (empty for the default one), name.
pub(crate) const DATABASES: Keyspace<(AccountId, Region, String, String), DatabaseRecord> =
    Keyspace::new("glue.database").staged();

/// Account, the database's id, name.
pub(crate) const TABLES: Keyspace<(AccountId, String, String), TableRecord> =
    Keyspace::new("glue.table").staged();

/// Account, the table's id, number of the version: the archived ones.
pub(crate) const VERSIONS: Keyspace<(AccountId, String, u64), TableRecord> =
    Keyspace::new("glue.version").staged();

/// Account, the table's id, values as they sort.
pub(crate) const PARTITIONS: Keyspace<PartitionKey, PartitionRecord> =
    Keyspace::new("glue.partition").staged();

/// Account, the table's id, name.
pub(crate) const INDEXES: Keyspace<(AccountId, String, String), IndexRecord> =
    Keyspace::new("glue.partition_index").staged();

/// Account, digest: what partitions share. Content is never changed or removed, so it is
/// the same for all runs and not staged.
pub(crate) const SHARED: Keyspace<(AccountId, u64), SharedRecord> = Keyspace::new("glue.shared");

/// Account, id: databases and tables that are gone, but not yet all that hung on them.
pub(crate) const ORPHANS: Keyspace<(AccountId, String), OrphanRecord> = Keyspace::new("glue.orphan").staged();

pub(crate) type PartitionKey = (AccountId, String, Sorted);

/// A partition's values as they sort, in the order of the table's keys; the last part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sorted(pub(crate) Vec<String>);

impl KeyFor<Sorted> for Sorted {
    fn encode(&self, writer: &mut KeyWriter) {
        for value in &self.0 {
            writer.text(value);
        }
    }
}

impl Key for Sorted {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let mut values = Vec::new();
        while !reader.rest().is_empty() {
            values.push(reader.text()?);
        }
        Ok(Self(values))
    }
}

/// Where a table's partitions lie, and in which order.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) account: AccountId,
    pub(crate) table: String,
    pub(crate) orders: Vec<ValueOrder>,
}

impl Shelf {
    pub(crate) fn of(account: &AccountId, table: &TableRecord) -> Self {
        let orders = table.order.iter().map(|ty| ValueOrder::of(ty)).collect();
        Self { account: account.clone(), table: table.id.clone(), orders }
    }

    /// The key of a partition.
    pub(crate) fn key(&self, values: &[String]) -> (&AccountId, &str, Sorted) {
        self.at(values.iter().enumerate().map(|(place, value)| self.order(place).encode(value).into_owned()))
    }

    /// The key of the first partition whose leading values, as they sort, are these or greater.
    pub(crate) fn at(&self, sorted: impl IntoIterator<Item = String>) -> (&AccountId, &str, Sorted) {
        (&self.account, &self.table, Sorted(sorted.into_iter().collect()))
    }

    /// The values of a key.
    pub(crate) fn values(&self, Sorted(sorted): Sorted) -> Vec<String> {
        sorted.into_iter().enumerate().map(|(place, sorted)| self.order(place).decode(sorted)).collect()
    }

    fn order(&self, place: usize) -> ValueOrder {
        self.orders.get(place).copied().unwrap_or_default()
    }

    /// All partitions.
    pub(crate) fn all(&self) -> Range<PartitionKey> {
        PARTITIONS.prefix((&self.account, self.table.as_str()))
    }
}
