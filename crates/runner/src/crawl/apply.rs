//! A crawl's dealings with the catalog.

use futures::{StreamExt, TryStreamExt, stream};
use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_client::{Client, ClientError};
use mastic_crawl::{Change, Step};

use crate::events::Events;
use crate::failure::Failure;

/// Partitions of one call, as the API allows: 100 to create or update, 25 to delete.
const WRITTEN: usize = 100;
const DELETED: usize = 25;

/// Parts in which a table's partitions are read side by side.
const SEGMENTS: i32 = 4;

/// Calls under way side by side.
const AT_ONCE: usize = 4;

/// The database that a crawl writes into.
pub(super) struct Database<'a> {
    pub(super) client: &'a Client,
    pub(super) name: String,
    pub(super) events: &'a Events,
}

impl Database<'_> {
    /// A table that must be there.
    pub(super) async fn table(&self, name: &str) -> Result<Table, Failure> {
        let input = GetTableRequest {
            database_name: self.name.clone(),
            name: name.to_owned(),
            ..GetTableRequest::default()
        };
        let answer = self.client.call::<op::GetTable>(input).await.map_err(|error| self.at(name, error))?;
        answer.table.ok_or_else(|| Failure::new(format!("table {}.{name} is not there", self.name)))
    }

    /// Where a table's partitions are.
    pub(super) async fn locations(&self, table: &str) -> Result<Vec<String>, Failure> {
        let segments = (0..SEGMENTS).map(|number| self.segment(table, number));
        let found = futures::future::try_join_all(segments).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn segment(&self, table: &str, segment_number: i32) -> Result<Vec<String>, Failure> {
        let mut locations = Vec::new();
        let mut next_token = None;
        loop {
            let input = GetPartitionsRequest {
                database_name: self.name.clone(),
                table_name: table.to_owned(),
                next_token,
                segment: Some(Segment { segment_number, total_segments: SEGMENTS }),
                exclude_column_schema: Some(true),
                ..GetPartitionsRequest::default()
            };
            let page =
                self.client.call::<op::GetPartitions>(input).await.map_err(|error| self.at(table, error))?;
            let found = page.partitions.into_iter().flatten();
            locations.extend(found.filter_map(|partition| partition.storage_descriptor?.location));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(locations);
            }
        }
    }

    async fn change(&self, name: &str, change: Change, index: Option<PartitionIndex>) -> Result<(), Failure> {
        let database_name = self.name.clone();
        match change {
            Change::None => Ok(()),
            Change::Create(table) => {
                let input = CreateTableRequest {
                    database_name,
                    table_input: Some(*table),
                    partition_indexes: index.map(|index| vec![index]),
                    ..CreateTableRequest::default()
                };
                self.client.call::<op::CreateTable>(input).await.map_err(|error| self.at(name, error))?;
                Ok(())
            }
            Change::Update(table) | Change::Deprecate(table) => self.update(name, *table).await,
            Change::Delete => {
                let input = DeleteTableRequest {
                    database_name,
                    name: name.to_owned(),
                    ..DeleteTableRequest::default()
                };
                self.client.call::<op::DeleteTable>(input).await.map_err(|error| self.at(name, error))?;
                Ok(())
            }
        }
    }

    async fn update(&self, name: &str, table: TableInput) -> Result<(), Failure> {
        let input = UpdateTableRequest {
            database_name: self.name.clone(),
            table_input: Some(table),
            ..UpdateTableRequest::default()
        };
        self.client.call::<op::UpdateTable>(input).await.map_err(|error| self.at(name, error))?;
        Ok(())
    }

    async fn create_index(&self, name: &str, partition_index: PartitionIndex) -> Result<(), Failure> {
        let input = CreatePartitionIndexRequest {
            catalog_id: None,
            database_name: self.name.clone(),
            table_name: name.to_owned(),
            partition_index,
        };
        match self.client.call::<op::CreatePartitionIndex>(input).await {
            Err(error) if error.code() != Some("AlreadyExistsException") => Err(self.at(name, error)),
            _ => Ok(()),
        }
    }

    async fn create_partitions(&self, table: &str, partitions: Vec<PartitionInput>) -> Result<(), Failure> {
        self.in_batches(partitions, WRITTEN, |partition_input_list| async {
            let input = BatchCreatePartitionRequest {
                catalog_id: None,
                database_name: self.name.clone(),
                table_name: table.to_owned(),
                partition_input_list,
            };
            let answer = self.client.call::<op::BatchCreatePartition>(input).await;
            let errors = answer.map_err(|error| self.at(table, error))?.errors;
            self.refuse(table, errors.into_iter().flatten().map(|e| (e.partition_values, e.error_detail)))
        })
        .await
    }

    async fn update_partitions(&self, table: &str, partitions: Vec<PartitionInput>) -> Result<(), Failure> {
        self.in_batches(partitions, WRITTEN, |partitions| async {
            let entries = partitions.into_iter().map(|partition_input| BatchUpdatePartitionRequestEntry {
                partition_value_list: partition_input.values.clone().unwrap_or_default(),
                partition_input,
            });
            let input = BatchUpdatePartitionRequest {
                catalog_id: None,
                database_name: self.name.clone(),
                table_name: table.to_owned(),
                entries: entries.collect(),
            };
            let answer = self.client.call::<op::BatchUpdatePartition>(input).await;
            let errors = answer.map_err(|error| self.at(table, error))?.errors;
            self.refuse(table, errors.into_iter().flatten().map(|e| (e.partition_value_list, e.error_detail)))
        })
        .await
    }

    async fn delete_partitions(&self, table: &str, partitions: Vec<Vec<String>>) -> Result<(), Failure> {
        self.in_batches(partitions, DELETED, |partitions| async {
            let input = BatchDeletePartitionRequest {
                catalog_id: None,
                database_name: self.name.clone(),
                table_name: table.to_owned(),
                partitions_to_delete: partitions
                    .into_iter()
                    .map(|values| PartitionValueList { values })
                    .collect(),
            };
            let answer = self.client.call::<op::BatchDeletePartition>(input).await;
            let errors = answer.map_err(|error| self.at(table, error))?.errors;
            self.refuse(table, errors.into_iter().flatten().map(|e| (e.partition_values, e.error_detail)))
        })
        .await
    }

    async fn in_batches<T, F: Future<Output = Result<(), Failure>>>(
        &self,
        mut items: Vec<T>,
        size: usize,
        work: impl Fn(Vec<T>) -> F,
    ) -> Result<(), Failure> {
        let mut batches = Vec::new();
        while !items.is_empty() {
            let rest = items.split_off(size.min(items.len()));
            batches.push(std::mem::replace(&mut items, rest));
        }
        stream::iter(batches).map(work).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// A batch answers well even if some of its entries fail.
    fn refuse(
        &self,
        table: &str,
        mut errors: impl Iterator<Item = (Option<Vec<String>>, Option<ErrorDetail>)>,
    ) -> Result<(), Failure> {
        let Some((values, detail)) = errors.next() else { return Ok(()) };
        let detail = detail.unwrap_or_default();
        let text = format!(
            "partition [{}]: {}: {}",
            values.unwrap_or_default().join(", "),
            detail.error_code.unwrap_or_default(),
            detail.error_message.unwrap_or_default()
        );
        Err(Failure::new(text).at(format!("table {}.{table}", self.name)))
    }

    fn told(&self, error: ClientError) -> Failure {
        Failure::from(error).at(format!("database {}", self.name))
    }

    fn at(&self, table: &str, error: ClientError) -> Failure {
        Failure::from(error).at(format!("table {}.{table}", self.name))
    }
}

impl mastic_crawl::Catalog for Database<'_> {
    type Error = Failure;

    async fn ensure(&mut self) -> Result<(), Failure> {
        let input = GetDatabaseRequest { name: self.name.clone(), ..GetDatabaseRequest::default() };
        match self.client.call::<op::GetDatabase>(input).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == Some("EntityNotFoundException") => {}
            Err(error) => return Err(self.told(error)),
        }
        let database_input = DatabaseInput { name: self.name.clone(), ..DatabaseInput::default() };
        let input = CreateDatabaseRequest { database_input, ..CreateDatabaseRequest::default() };
        match self.client.call::<op::CreateDatabase>(input).await {
            Err(error) if error.code() != Some("AlreadyExistsException") => Err(self.told(error)),
            _ => Ok(()),
        }
    }

    async fn tables(&mut self) -> Result<Vec<Table>, Failure> {
        let mut tables = Vec::new();
        let mut next_token = None;
        loop {
            let input = GetTablesRequest {
                database_name: self.name.clone(),
                next_token,
                ..GetTablesRequest::default()
            };
            let page = match self.client.call::<op::GetTables>(input).await {
                Ok(page) => page,
                // A database that is not there yet has none.
                Err(error) if error.code() == Some("EntityNotFoundException") => return Ok(tables),
                Err(error) => return Err(self.told(error)),
            };
            tables.extend(page.table_list.into_iter().flatten());
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(tables);
            }
        }
    }

    async fn partitions(
        &mut self,
        table: &str,
        next_token: Option<String>,
    ) -> Result<(Vec<Partition>, Option<String>), Failure> {
        let input = GetPartitionsRequest {
            database_name: self.name.clone(),
            table_name: table.to_owned(),
            next_token,
            ..GetPartitionsRequest::default()
        };
        let page =
            self.client.call::<op::GetPartitions>(input).await.map_err(|error| self.at(table, error))?;
        Ok((page.partitions.unwrap_or_default(), page.next_token))
    }

    async fn take(&mut self, table: &str, step: Step) -> Result<(), Failure> {
        match step {
            Step::Table(change, index) => self.change(table, change, index).await,
            Step::Index(index) => self.create_index(table, index).await,
            Step::CreatePartitions(partitions) => self.create_partitions(table, partitions).await,
            Step::UpdatePartitions(partitions) | Step::DeprecatePartitions(partitions) => {
                self.update_partitions(table, partitions).await
            }
            Step::DeletePartitions(values) => self.delete_partitions(table, values).await,
        }
    }

    fn tell(&mut self, line: String) {
        self.events.output(line);
    }
}
