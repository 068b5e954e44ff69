use std::collections::BTreeMap;

use super::{CatalogTarget, Compression, FieldPath, TargetTable, UpdateBehavior};

/// Settings of a source that reads an Iceberg table of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcebergSource {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// Which of its snapshots.
    pub at: IcebergVersion,
}

/// Which snapshot of an Iceberg table is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IcebergVersion {
    /// The current one.
    #[default]
    Current,
    /// The one with this id.
    Snapshot(i64),
    /// The one that was current at this time, in milliseconds since 1970.
    Time(i64),
    /// The one that a branch or tag names.
    Reference(String),
}

/// Settings of a source that reads a Delta Lake table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaSource {
    /// The table.
    pub place: DeltaPlace,
    /// Which of its versions.
    pub at: DeltaVersion,
}

/// Where a Delta Lake table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeltaPlace {
    /// In these folders; several are read one after the other.
    Folders(Vec<String>),
    /// Where the catalog says.
    Table {
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
}

/// Which version of a Delta Lake table is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeltaVersion {
    /// The newest one.
    #[default]
    Newest,
    /// The one with this number.
    Number(u64),
    /// The newest one at this time, as `2023-02-24T14:16:18Z`.
    Time(String),
}

/// What a target does with the rows that are there already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LakeMode {
    /// They stay.
    #[default]
    Append,
    /// They go.
    Overwrite,
    /// They go from the partitions that get new rows.
    OverwritePartitions,
    /// They go where a new row has the same values in these columns.
    Upsert(Vec<String>),
}

/// Settings of a target that writes an Iceberg table of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcebergTarget {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// How the table is made if it is not there; without it, it has to be.
    pub new: Option<NewIceberg>,
    /// The columns by which the author divides the table.
    pub partition_keys: Vec<FieldPath>,
    /// What it does with the rows that are there.
    pub mode: LakeMode,
    /// Whether new columns become columns of the table.
    pub merge_schema: bool,
    /// Properties of the table that this target has another opinion of.
    pub overrides: BTreeMap<String, String>,
}

impl IcebergTarget {
    /// What a plain target over a table does if the table turns out to be one of Iceberg's.
    pub(crate) fn of(target: &CatalogTarget) -> Self {
        Self {
            database: target.database.clone(),
            table: target.table.clone(),
            new: None,
            partition_keys: target.partition_keys.clone(),
            mode: LakeMode::Append,
            merge_schema: target.update == Some(UpdateBehavior::UpdateInDatabase),
            overrides: BTreeMap::new(),
        }
    }
}

impl DeltaTarget {
    /// What a plain target over a table does if the table turns out to be one of Delta Lake's.
    pub(crate) fn of(target: &CatalogTarget) -> Self {
        Self {
            place: DeltaPlace::Table { database: target.database.clone(), table: target.table.clone() },
            compression: None,
            partition_keys: target.partition_keys.clone(),
            mode: LakeMode::Append,
            merge_schema: target.update == Some(UpdateBehavior::UpdateInDatabase),
            overwrite_schema: false,
            table: None,
        }
    }
}

/// How an Iceberg table is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIceberg {
    /// Its folder.
    pub path: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
}

/// Settings of a target that writes a Delta Lake table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaTarget {
    /// The table.
    pub place: DeltaPlace,
    /// The compression of its files: Snappy if it is missing.
    pub compression: Option<Compression>,
    /// The columns that become folders.
    pub partition_keys: Vec<FieldPath>,
    /// What it does with the rows that are there.
    pub mode: LakeMode,
    /// Whether new columns become columns of the table.
    pub merge_schema: bool,
    /// Whether an overwritten table gets the schema of what is written.
    pub overwrite_schema: bool,
    /// The table of the catalog that is made for a folder.
    pub table: Option<TargetTable>,
}
