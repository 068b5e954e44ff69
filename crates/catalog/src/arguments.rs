//! How each input names its database and table, and the action that the operation needs.

use mastic_api_glue::glue::types::{
    BatchCreatePartitionRequest, BatchDeletePartitionRequest, BatchDeleteTableRequest,
    BatchDeleteTableVersionRequest, BatchGetPartitionRequest, BatchUpdatePartitionRequest,
    CreateDatabaseRequest, CreatePartitionIndexRequest, CreatePartitionRequest, CreateTableRequest,
    DeleteColumnStatisticsForPartitionRequest, DeleteColumnStatisticsForTableRequest, DeleteDatabaseRequest,
    DeletePartitionIndexRequest, DeletePartitionRequest, DeleteTableRequest, DeleteTableVersionRequest,
    GetColumnStatisticsForPartitionRequest, GetColumnStatisticsForTableRequest, GetDatabaseRequest,
    GetPartitionIndexesRequest, GetPartitionRequest, GetPartitionsRequest, GetTableRequest,
    GetTableVersionRequest, GetTableVersionsRequest, GetTablesRequest,
    UpdateColumnStatisticsForPartitionRequest, UpdateColumnStatisticsForTableRequest, UpdateDatabaseRequest,
    UpdatePartitionRequest, UpdateTableRequest,
};
use mastic_core::Fault;

use crate::errors;

/// The input of an operation on a database, or on things in it.
pub(crate) trait OnDatabase {
    /// The IAM action.
    const ACTION: &'static str;

    fn catalog_id(&self) -> Option<&str>;

    fn database(&self) -> &str;
}

/// The input of an operation on a table, or on things that are part of it.
pub(crate) trait OnTable: OnDatabase {
    /// # Errors
    /// If the input names no table.
    fn table(&self) -> Result<&str, Fault>;
}

macro_rules! on_database {
    ($type:ty, $action:literal, $($name:ident).+) => {
        impl OnDatabase for $type {
            const ACTION: &'static str = $action;

            fn catalog_id(&self) -> Option<&str> {
                self.catalog_id.as_deref()
            }

            fn database(&self) -> &str {
                &self.$($name).+
            }
        }
    };
}

macro_rules! on_table {
    ($type:ty, $action:literal, $name:ident) => {
        on_database!($type, $action, database_name);

        impl OnTable for $type {
            fn table(&self) -> Result<&str, Fault> {
                Ok(&self.$name)
            }
        }
    };
}

macro_rules! on_table_input {
    ($type:ty, $action:literal) => {
        on_database!($type, $action, database_name);

        impl OnTable for $type {
            fn table(&self) -> Result<&str, Fault> {
                let inner = self.table_input.as_ref().map(|input| &input.name);
                inner.or(self.name.as_ref()).map(String::as_str).ok_or_else(no_table_input)
            }
        }
    };
}

/// Nothing says which table is meant.
pub(crate) fn no_table_input() -> Fault {
    errors::invalid("TableInput cannot be null")
}

on_database!(CreateDatabaseRequest, "glue:CreateDatabase", database_input.name);
on_database!(GetDatabaseRequest, "glue:GetDatabase", name);
on_database!(UpdateDatabaseRequest, "glue:UpdateDatabase", name);
on_database!(DeleteDatabaseRequest, "glue:DeleteDatabase", name);
on_database!(GetTablesRequest, "glue:GetTables", database_name);
on_database!(BatchDeleteTableRequest, "glue:BatchDeleteTable", database_name);

on_table_input!(CreateTableRequest, "glue:CreateTable");
on_table_input!(UpdateTableRequest, "glue:UpdateTable");
on_table!(GetTableRequest, "glue:GetTable", name);
on_table!(DeleteTableRequest, "glue:DeleteTable", name);

on_table!(GetTableVersionRequest, "glue:GetTableVersion", table_name);
on_table!(GetTableVersionsRequest, "glue:GetTableVersions", table_name);
on_table!(DeleteTableVersionRequest, "glue:DeleteTableVersion", table_name);
on_table!(BatchDeleteTableVersionRequest, "glue:BatchDeleteTableVersion", table_name);

on_table!(GetColumnStatisticsForTableRequest, "glue:GetColumnStatisticsForTable", table_name);
on_table!(UpdateColumnStatisticsForTableRequest, "glue:UpdateColumnStatisticsForTable", table_name);
on_table!(DeleteColumnStatisticsForTableRequest, "glue:DeleteColumnStatisticsForTable", table_name);
on_table!(GetColumnStatisticsForPartitionRequest, "glue:GetColumnStatisticsForPartition", table_name);
on_table!(UpdateColumnStatisticsForPartitionRequest, "glue:UpdateColumnStatisticsForPartition", table_name);
on_table!(DeleteColumnStatisticsForPartitionRequest, "glue:DeleteColumnStatisticsForPartition", table_name);

on_table!(CreatePartitionRequest, "glue:CreatePartition", table_name);
on_table!(GetPartitionRequest, "glue:GetPartition", table_name);
on_table!(GetPartitionsRequest, "glue:GetPartitions", table_name);
on_table!(UpdatePartitionRequest, "glue:UpdatePartition", table_name);
on_table!(DeletePartitionRequest, "glue:DeletePartition", table_name);
on_table!(BatchCreatePartitionRequest, "glue:BatchCreatePartition", table_name);
on_table!(BatchGetPartitionRequest, "glue:BatchGetPartition", table_name);
on_table!(BatchUpdatePartitionRequest, "glue:BatchUpdatePartition", table_name);
on_table!(BatchDeletePartitionRequest, "glue:BatchDeletePartition", table_name);

on_table!(CreatePartitionIndexRequest, "glue:CreatePartitionIndex", table_name);
on_table!(DeletePartitionIndexRequest, "glue:DeletePartitionIndex", table_name);
on_table!(GetPartitionIndexesRequest, "glue:GetPartitionIndexes", table_name);
