//! Keyspaces, and how the values of a partition become a key whose order is theirs.

use std::ops::Bound;

use mastic_core::{AccountId, Region};
use mastic_hive::ScanRange;
use mastic_store::{Key, KeyError, KeyFor, KeyReader, KeyWriter, Keyspace, PrefixFor, Range};

use crate::records::{DatabaseRecord, OrphanRecord, PartitionRecord, SchemaRecord, TableRecord};

/// Account, region, name of the catalog (empty for the default one), name.
pub(crate) const DATABASES: Keyspace<(AccountId, Region, String, String), DatabaseRecord> =
    Keyspace::new("glue.database").staged();

/// Account, the database's id, name.
pub(crate) const TABLES: Keyspace<(AccountId, String, String), TableRecord> =
    Keyspace::new("glue.table").staged();

/// Account, the table's id, number of the version: the archived ones.
pub(crate) const VERSIONS: Keyspace<(AccountId, String, u64), TableRecord> =
    Keyspace::new("glue.version").staged();

/// Account, the table's id, values.
pub(crate) const PARTITIONS: Keyspace<PartitionKey, PartitionRecord> =
    Keyspace::new("glue.partition").staged();

/// Account, digest: columns that partitions share. Content is never changed or removed, so it is
/// the same for all runs and not staged.
pub(crate) const SCHEMAS: Keyspace<(AccountId, u64), SchemaRecord> = Keyspace::new("glue.schema");

/// Account, id: databases and tables that are gone, but not yet all that hung on them.
pub(crate) const ORPHANS: Keyspace<(AccountId, String), OrphanRecord> = Keyspace::new("glue.orphan").staged();

pub(crate) type PartitionKey = (AccountId, String, Values);

/// A partition's values in the order of the table's keys; the last part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values(pub(crate) Vec<String>);

impl KeyFor<Values> for Values {
    fn encode(&self, writer: &mut KeyWriter) {
        KeyFor::<Values>::encode(self.0.as_slice(), writer);
    }
}

impl KeyFor<Values> for [String] {
    fn encode(&self, writer: &mut KeyWriter) {
        for value in self {
            writer.text(value);
        }
    }
}

impl Key for Values {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let mut values = Vec::new();
        while !reader.rest().is_empty() {
            values.push(reader.text()?);
        }
        Ok(Self(values))
    }
}

/// Where a table's partitions lie.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) account: AccountId,
    pub(crate) table: String,
}

impl Shelf {
    pub(crate) fn key<'a>(&'a self, values: &'a [String]) -> (&'a AccountId, &'a str, &'a [String]) {
        (&self.account, &self.table, values)
    }

    /// All partitions.
    pub(crate) fn all(&self) -> Range<PartitionKey> {
        PARTITIONS.prefix((&self.account, self.table.as_str()))
    }

    /// The partitions of one stretch of a scan plan.
    pub(crate) fn range(&self, stretch: &ScanRange) -> Range<PartitionKey> {
        let edge = |next| Edge { shelf: self, values: &stretch.prefix, next, side: Side::Before };
        let range = PARTITIONS.prefix(edge(None));
        let range = match &stretch.lower {
            Bound::Included(value) => range.from(&edge(Some(value))),
            Bound::Excluded(value) => range.past(edge(Some(value))),
            Bound::Unbounded => range,
        };
        match &stretch.upper {
            Bound::Included(value) => range.before(&Edge { side: Side::Behind, ..edge(Some(value)) }),
            Bound::Excluded(value) => range.before(&edge(Some(value))),
            Bound::Unbounded => range,
        }
    }
}

/// A place among a table's partitions: just before, or just behind, all that begin with some values.
struct Edge<'a> {
    shelf: &'a Shelf,
    values: &'a [String],
    next: Option<&'a String>,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Before,
    Behind,
}

impl KeyFor<PartitionKey> for Edge<'_> {
    fn encode(&self, writer: &mut KeyWriter) {
        self.encode_prefix(writer);
    }
}

impl PrefixFor<PartitionKey> for Edge<'_> {
    type Next = String;

    fn encode_prefix(&self, writer: &mut KeyWriter) {
        self.shelf.key(self.values).encode(writer);
        match (self.next, self.side) {
            (Some(value), Side::Before) => writer.text(value),
            // Longer texts by a zero character sort right behind the text itself.
            (Some(value), Side::Behind) => writer.text_start(&format!("{value}\0")),
            (None, _) => {}
        }
    }
}
