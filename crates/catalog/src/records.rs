//! What is stored, and how it looks in an answer.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    BackfillError, Column, DataLakePrincipal, Database, DatabaseInput, Partition, PartitionIndexStatus,
    PartitionInput, Permission, PrincipalPermissions, StorageDescriptor, Table, TableInput,
};
use mastic_core::Timestamp;
use mastic_hive::stored_name;
use mastic_shape::{Name, Shape as _, Value};
use mastic_store::Record;
use serde::{Deserialize, Serialize};

use crate::packed::Packed;
use crate::place::Place;
use crate::views;

/// A database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DatabaseRecord {
    /// What its tables hang on.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) input: DatabaseInput,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Record for DatabaseRecord {
    const VERSION: u16 = 1;
}

/// One version of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TableRecord {
    /// What its versions and partitions hang on.
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) created_by: String,
    pub(crate) input: TableInput,
    /// The types in whose order its partitions lie, key by key; as texts where there is none.
    pub(crate) order: Vec<String>,
}

impl Record for TableRecord {
    const VERSION: u16 = 1;
}

/// A partition as it lies in its keyspace.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartitionRecord {
    pub(crate) content: Packed,
}

impl Record for PartitionRecord {
    const VERSION: u16 = 1;
}

/// What is packed into a partition's record; its values are in the key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartitionContent {
    pub(crate) created: Timestamp,
    /// Without values, and without what is shared.
    pub(crate) input: PartitionInput,
    /// The digest of what is shared.
    pub(crate) shared: Option<u64>,
}

impl Record for PartitionContent {
    const VERSION: u16 = 1;
}

/// What partitions have in common: all of their descriptors that is not one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SharedRecord {
    pub(crate) descriptor: StorageDescriptor,
}

impl Record for SharedRecord {
    const VERSION: u16 = 1;
}

/// An index of a table, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IndexRecord {
    /// The id of the table's database, and the table's name.
    pub(crate) table: (String, String),
    /// Which of the table's indexes it was, counted from 0.
    pub(crate) number: u32,
    pub(crate) keys: Vec<String>,
    pub(crate) status: PartitionIndexStatus,
    pub(crate) errors: Vec<BackfillError>,
}

impl Record for IndexRecord {
    const VERSION: u16 = 1;
}

/// Something gone whose contents are still to be swept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum OrphanRecord {
    /// Its tables are.
    Database,
    /// Its versions and partitions are.
    Table,
}

impl Record for OrphanRecord {
    const VERSION: u16 = 1;
}

impl DatabaseRecord {
    pub(crate) fn answer(self, place: &Place) -> Database {
        let input = self.input;
        Database {
            name: input.name,
            description: input.description,
            location_uri: input.location_uri,
            parameters: input.parameters,
            create_time: Some(self.created),
            create_table_default_permissions: input.create_table_default_permissions,
            target_database: input.target_database,
            catalog_id: Some(place.id()),
            federated_database: None,
        }
    }
}

/// A database's input as it is kept: the name in lower case, and Lake Formation's default
/// permissions where none are given.
pub(crate) fn kept_database(mut input: DatabaseInput) -> DatabaseInput {
    input.name = stored_name(&input.name);
    input.create_table_default_permissions.get_or_insert_with(|| {
        let principal =
            DataLakePrincipal { data_lake_principal_identifier: Some("IAM_ALLOWED_PRINCIPALS".to_owned()) };
        vec![PrincipalPermissions { principal: Some(principal), permissions: Some(vec![Permission::All]) }]
    });
    input
}

impl TableRecord {
    /// The types of the partition keys; a key without one is a string.
    pub(crate) fn key_types(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.r#type.clone().unwrap_or_else(|| "string".to_owned())).collect()
    }

    /// The partition keys.
    pub(crate) fn keys(&self) -> &[Column] {
        self.input.partition_keys.as_deref().unwrap_or_default()
    }

    pub(crate) fn answer(self, place: &Place, database: &str) -> Table {
        let input = self.input;
        Table {
            name: input.name,
            database_name: Some(database.to_owned()),
            description: input.description,
            owner: input.owner,
            create_time: Some(self.created),
            update_time: Some(self.updated),
            last_access_time: input.last_access_time,
            last_analyzed_time: input.last_analyzed_time,
            retention: input.retention.or(Some(0)),
            storage_descriptor: input.storage_descriptor.map(answered_descriptor),
            partition_keys: input.partition_keys,
            view_original_text: input.view_original_text,
            view_expanded_text: input.view_expanded_text,
            table_type: input.table_type,
            parameters: input.parameters,
            created_by: Some(self.created_by),
            is_registered_with_lake_formation: Some(false),
            target_table: input.target_table,
            catalog_id: Some(place.id()),
            version_id: Some(self.version.to_string()),
            is_multi_dialect_view: Some(input.view_definition.is_some()),
            view_definition: input.view_definition.map(views::answered),
            ..Table::default()
        }
    }
}

impl PartitionContent {
    /// Parts from a descriptor what is a partition's own: where it is, and what is counted of it.
    pub(crate) fn own(descriptor: &mut StorageDescriptor) -> StorageDescriptor {
        StorageDescriptor {
            location: descriptor.location.take(),
            additional_locations: descriptor.additional_locations.take(),
            parameters: descriptor.parameters.take(),
            ..StorageDescriptor::default()
        }
    }

    /// Joins what is shared with what is a partition's own.
    pub(crate) fn whole(shared: StorageDescriptor, own: StorageDescriptor) -> StorageDescriptor {
        StorageDescriptor {
            location: own.location,
            additional_locations: own.additional_locations,
            parameters: own.parameters,
            ..shared
        }
    }

    /// The partition as it is answered, but for its descriptor and what all of its table have in common.
    pub(crate) fn answer(self, values: Vec<String>) -> Value {
        let input = self.input;
        let partition = Partition {
            values: Some(values),
            creation_time: Some(self.created),
            last_access_time: input.last_access_time,
            parameters: input.parameters,
            last_analyzed_time: input.last_analyzed_time,
            ..Partition::default()
        };
        partition.into_value()
    }
}

/// The members of a descriptor as they are answered, each of which many answers can have.
pub(crate) fn answered_members(descriptor: StorageDescriptor) -> Vec<(Name, Value)> {
    let members = answered_descriptor(descriptor).into_value().into_members();
    members.into_iter().map(|(name, member)| (name, member.into_shared())).collect()
}

/// AWS answers these three even if they were not given.
fn answered_descriptor(mut descriptor: StorageDescriptor) -> StorageDescriptor {
    descriptor.compressed.get_or_insert(false);
    descriptor.number_of_buckets.get_or_insert(0);
    descriptor.stored_as_sub_directories.get_or_insert(false);
    descriptor
}
