use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_client::{Client, ClientError};
use mastic_engine::CatalogClient;

use crate::failure::Failure;

/// Partitions of one call, as the API allows.
const BATCH: usize = 100;

/// Calls under way side by side.
const AT_ONCE: usize = 4;

/// The catalog as the engine sees it: the server's, as the run's role.
pub(crate) struct Catalog {
    client: Client,
    /// The account whose catalog it is; the role's own if it is missing.
    id: Option<String>,
}

impl Catalog {
    pub(crate) fn of(client: Client, id: Option<String>) -> Self {
        Self { client, id }
    }
}

fn told(error: ClientError) -> String {
    Failure::from(error).to_string()
}

#[async_trait]
impl CatalogClient for Catalog {
    async fn get_table(&self, database: &str, table: &str) -> Result<Option<Table>, String> {
        let input = GetTableRequest {
            catalog_id: self.id.clone(),
            database_name: database.to_owned(),
            name: table.to_owned(),
            ..GetTableRequest::default()
        };
        let error = match self.client.call::<op::GetTable>(input).await {
            Ok(found) => return Ok(found.table),
            Err(error) => error,
        };
        if error.code() != Some("EntityNotFoundException") {
            return Err(told(error));
        }
        // A table that is not there can be made, but not in a database that is not there.
        let input = GetDatabaseRequest { catalog_id: self.id.clone(), name: database.to_owned() };
        match self.client.call::<op::GetDatabase>(input).await {
            Err(error) if error.code() == Some("EntityNotFoundException") => Err(told(error)),
            _ => Ok(None),
        }
    }

    async fn get_partitions(
        &self,
        database: &str,
        table: &str,
        expression: Option<&str>,
    ) -> Result<Vec<Partition>, String> {
        let mut partitions = Vec::new();
        let mut next_token = None;
        loop {
            let input = GetPartitionsRequest {
                catalog_id: self.id.clone(),
                database_name: database.to_owned(),
                table_name: table.to_owned(),
                expression: expression.map(str::to_owned),
                next_token,
                ..GetPartitionsRequest::default()
            };
            let page = self.client.call::<op::GetPartitions>(input).await.map_err(told)?;
            partitions.extend(page.partitions.into_iter().flatten());
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(partitions);
            }
        }
    }

    async fn create_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        crate::pass("runner.table");
        let input = CreateTableRequest {
            catalog_id: self.id.clone(),
            database_name: database.to_owned(),
            table_input: Some(table),
            ..CreateTableRequest::default()
        };
        self.client.call::<op::CreateTable>(input).await.map(drop).map_err(told)
    }

    async fn update_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        let input = UpdateTableRequest {
            catalog_id: self.id.clone(),
            database_name: database.to_owned(),
            table_input: Some(table),
            ..UpdateTableRequest::default()
        };
        self.client.call::<op::UpdateTable>(input).await.map(drop).map_err(told)
    }

    async fn swap_table(
        &self,
        database: &str,
        table: TableInput,
        version: Option<&str>,
    ) -> Result<bool, String> {
        let input = UpdateTableRequest {
            catalog_id: self.id.clone(),
            database_name: database.to_owned(),
            table_input: Some(table),
            version_id: version.map(str::to_owned),
            // The table's own history tells what it was.
            skip_archive: Some(true),
            ..UpdateTableRequest::default()
        };
        match self.client.call::<op::UpdateTable>(input).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConcurrentModificationException") => Ok(false),
            Err(error) => Err(told(error)),
        }
    }

    async fn create_partitions(
        &self,
        database: &str,
        table: &str,
        mut partitions: Vec<PartitionInput>,
    ) -> Result<(), String> {
        let mut batches = Vec::new();
        while !partitions.is_empty() {
            let rest = partitions.split_off(BATCH.min(partitions.len()));
            batches.push(std::mem::replace(&mut partitions, rest));
        }
        stream::iter(batches)
            .map(|batch| self.create_batch(database, table, batch))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

impl Catalog {
    async fn create_batch(
        &self,
        database: &str,
        table: &str,
        partition_input_list: Vec<PartitionInput>,
    ) -> Result<(), String> {
        crate::pass("runner.partitions");
        let input = BatchCreatePartitionRequest {
            catalog_id: self.id.clone(),
            database_name: database.to_owned(),
            table_name: table.to_owned(),
            partition_input_list,
        };
        let answer = self.client.call::<op::BatchCreatePartition>(input).await.map_err(told)?;
        for error in answer.errors.into_iter().flatten() {
            let detail = error.error_detail.unwrap_or_default();
            let code = detail.error_code.unwrap_or_default();
            if code != "AlreadyExistsException" {
                let values = error.partition_values.unwrap_or_default().join(", ");
                return Err(format!(
                    "partition [{values}]: {code}: {}",
                    detail.error_message.unwrap_or_default()
                ));
            }
        }
        Ok(())
    }
}
