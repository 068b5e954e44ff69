//! Column statistics of tables and partitions ("Column statistics API" in the AWS Glue Web API Reference). They
//! hang on the table's id and go with it, with their partition, and with their column.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    ColumnError, ColumnStatistics, ColumnStatisticsError, ColumnStatisticsType,
    DeleteColumnStatisticsForPartitionRequest, DeleteColumnStatisticsForPartitionResponse,
    DeleteColumnStatisticsForTableRequest, DeleteColumnStatisticsForTableResponse,
    GetColumnStatisticsForPartitionRequest, GetColumnStatisticsForPartitionResponse,
    GetColumnStatisticsForTableRequest, GetColumnStatisticsForTableResponse, Partition,
    UpdateColumnStatisticsForPartitionRequest, UpdateColumnStatisticsForPartitionResponse,
    UpdateColumnStatisticsForTableRequest, UpdateColumnStatisticsForTableResponse,
};
use mastic_core::{AccountId, Fault};
use mastic_hive::stored_name;
use mastic_kernel::Ctx;
use mastic_shape::Shape as _;
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::errors;
use crate::keys::{PartitionKey, Sorted};
use crate::partitions::Partitions;
use crate::records::TableRecord;
use crate::tables::Target;

/// Account, the table's id.
const OF_TABLES: Keyspace<(AccountId, String), StatisticsRecord> =
    Keyspace::new("glue.column-statistics").staged();

/// Account, the table's id, values as they are given.
pub(crate) const OF_PARTITIONS: Keyspace<PartitionKey, StatisticsRecord> =
    Keyspace::new("glue.partition-statistics").staged();

/// What is known of the columns, by their names in lower case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StatisticsRecord {
    columns: BTreeMap<String, ColumnStatistics>,
}

impl Record for StatisticsRecord {
    const VERSION: u16 = 1;
}

/// What the statistics are of: a table as a whole, or one of its partitions.
struct Subject {
    account: AccountId,
    table: String,
    values: Option<Vec<String>>,
    /// The columns that exist, in lower case.
    columns: Vec<String>,
}

impl Subject {
    fn new(account: &AccountId, table: &TableRecord) -> Self {
        Self { account: account.clone(), table: table.id.clone(), values: None, columns: names(table) }
    }

    fn of_table(tx: &ReadTx<'_>, target: &Target) -> Result<Self, Fault> {
        let table = target.find(tx)?;
        Ok(Self::new(&target.place.account, &table))
    }

    fn of_partition(tx: &ReadTx<'_>, target: &Target, values: Vec<String>) -> Result<Self, Fault> {
        let subject = Self::of_table(tx, target)?;
        let found = Partitions::of(tx, target.clone())?.get(tx, values.clone())?;
        let partition = found.ok_or_else(errors::partition_missing)?;
        let partition = Partition::from_value(partition).map_err(Fault::internal)?;
        let own = partition.storage_descriptor.and_then(|descriptor| descriptor.columns).unwrap_or_default();
        let columns = subject.columns.into_iter().chain(own.iter().map(|column| stored_name(&column.name)));
        Ok(Self { columns: columns.collect(), values: Some(values), ..subject })
    }

    fn load(&self, tx: &ReadTx<'_>) -> Result<StatisticsRecord, StoreError> {
        let found = match &self.values {
            None => OF_TABLES.get(tx, &(&self.account, self.table.as_str()))?,
            Some(values) => OF_PARTITIONS.get(tx, &partition_key(&self.account, &self.table, values))?,
        };
        Ok(found.unwrap_or_default())
    }

    fn save(&self, tx: &mut WriteTx<'_>, record: &StatisticsRecord) -> Result<(), StoreError> {
        let (account, table) = (&self.account, self.table.as_str());
        match (&self.values, record.columns.is_empty()) {
            (None, true) => forget_table(tx, account, table),
            (None, false) => OF_TABLES.put(tx, &(account, table), record),
            (Some(values), true) => forget_partition(tx, account, table, values),
            (Some(values), false) => OF_PARTITIONS.put(tx, &partition_key(account, table, values), record),
        }
    }

    fn get(&self, tx: &ReadTx<'_>, names: &[String]) -> Result<Found, Fault> {
        let known = self.load(tx)?;
        let mut found = (Vec::new(), Vec::new());
        for name in names {
            match known.columns.get(&stored_name(name)) {
                Some(statistics) => found.0.push(statistics.clone()),
                None => found.1.push(ColumnError {
                    column_name: Some(name.clone()),
                    error: Some(errors::detail(errors::statistics_missing(name))?),
                }),
            }
        }
        Ok(found)
    }

    fn update(
        &self,
        tx: &mut WriteTx<'_>,
        given: Vec<ColumnStatistics>,
    ) -> Result<Vec<ColumnStatisticsError>, Fault> {
        let mut record = self.load(tx)?;
        let mut refused = Vec::new();
        for statistics in given {
            let name = stored_name(&statistics.column_name);
            let outcome = if self.columns.contains(&name) {
                of_its_type(&statistics)
            } else {
                Err(errors::column_missing(&statistics.column_name))
            };
            match outcome {
                Ok(()) => {
                    record.columns.insert(name, statistics);
                }
                Err(fault) => refused.push(ColumnStatisticsError {
                    column_statistics: Some(statistics),
                    error: Some(errors::detail(fault)?),
                }),
            }
        }
        self.save(tx, &record)?;
        Ok(refused)
    }

    fn delete(&self, tx: &mut WriteTx<'_>, name: &str) -> Result<(), Fault> {
        let mut record = self.load(tx)?;
        if record.columns.remove(&stored_name(name)).is_none() {
            return Err(errors::statistics_missing(name));
        }
        Ok(self.save(tx, &record)?)
    }
}

type Found = (Vec<ColumnStatistics>, Vec<ColumnError>);

fn partition_key<'a>(
    account: &'a AccountId,
    table: &'a str,
    values: &[String],
) -> (&'a AccountId, &'a str, Sorted) {
    (account, table, Sorted(values.to_vec()))
}

/// The columns and partition keys of a table, in lower case.
fn names(table: &TableRecord) -> Vec<String> {
    let descriptor = table.input.storage_descriptor.as_ref();
    let columns = descriptor.and_then(|descriptor| descriptor.columns.as_deref()).unwrap_or_default();
    columns.iter().chain(table.keys()).map(|column| stored_name(&column.name)).collect()
}

/// Whether the statistics have the data of their type, and no other.
fn of_its_type(statistics: &ColumnStatistics) -> Result<(), Fault> {
    let data = &statistics.statistics_data;
    let there = [
        (ColumnStatisticsType::Boolean, data.boolean_column_statistics_data.is_some()),
        (ColumnStatisticsType::Date, data.date_column_statistics_data.is_some()),
        (ColumnStatisticsType::Decimal, data.decimal_column_statistics_data.is_some()),
        (ColumnStatisticsType::Double, data.double_column_statistics_data.is_some()),
        (ColumnStatisticsType::Long, data.long_column_statistics_data.is_some()),
        (ColumnStatisticsType::String, data.string_column_statistics_data.is_some()),
        (ColumnStatisticsType::Binary, data.binary_column_statistics_data.is_some()),
    ];
    if there.into_iter().all(|(kind, there)| there == (data.r#type == Some(kind))) {
        return Ok(());
    }
    let kind = data.r#type.map_or("", ColumnStatisticsType::as_str);
    Err(errors::invalid(format!(
        "The StatisticsData of column {} must have the data of type {kind} and no other.",
        statistics.column_name
    )))
}

/// Forgets what is known of columns that the table has no more.
pub(crate) fn keep_columns(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    table: &TableRecord,
) -> Result<(), Fault> {
    let subject = Subject::new(account, table);
    let mut record = subject.load(tx)?;
    let before = record.columns.len();
    record.columns.retain(|name, _| subject.columns.contains(name));
    if record.columns.len() < before { Ok(subject.save(tx, &record)?) } else { Ok(()) }
}

/// Forgets what is known of a partition.
pub(crate) fn forget_partition(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    table: &str,
    values: &[String],
) -> Result<(), StoreError> {
    OF_PARTITIONS.delete(tx, &partition_key(account, table, values)).map(drop)
}

/// Forgets what is known of a table as a whole; its partitions' are swept like these.
pub(crate) fn forget_table(tx: &mut WriteTx<'_>, account: &AccountId, table: &str) -> Result<(), StoreError> {
    OF_TABLES.delete(tx, &(account, table)).map(drop)
}

pub(crate) async fn get_for_table(
    ctx: Ctx,
    input: GetColumnStatisticsForTableRequest,
) -> Result<GetColumnStatisticsForTableResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let (found, missing) = ctx.read(|tx| Subject::of_table(tx, &target)?.get(tx, &input.column_names))?;
    Ok(GetColumnStatisticsForTableResponse { column_statistics_list: Some(found), errors: Some(missing) })
}

pub(crate) async fn get_for_partition(
    ctx: Ctx,
    input: GetColumnStatisticsForPartitionRequest,
) -> Result<GetColumnStatisticsForPartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let (found, missing) = ctx.read(|tx| {
        Subject::of_partition(tx, &target, input.partition_values)?.get(tx, &input.column_names)
    })?;
    Ok(GetColumnStatisticsForPartitionResponse { column_statistics_list: Some(found), errors: Some(missing) })
}

pub(crate) async fn update_for_table(
    ctx: Ctx,
    input: UpdateColumnStatisticsForTableRequest,
) -> Result<UpdateColumnStatisticsForTableResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let refused = Subject::of_table(tx, &target)?.update(tx, input.column_statistics_list)?;
        Ok(UpdateColumnStatisticsForTableResponse { errors: Some(refused) })
    })
    .await
}

pub(crate) async fn update_for_partition(
    ctx: Ctx,
    input: UpdateColumnStatisticsForPartitionRequest,
) -> Result<UpdateColumnStatisticsForPartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let subject = Subject::of_partition(tx, &target, input.partition_values)?;
        let refused = subject.update(tx, input.column_statistics_list)?;
        Ok(UpdateColumnStatisticsForPartitionResponse { errors: Some(refused) })
    })
    .await
}

pub(crate) async fn delete_for_table(
    ctx: Ctx,
    input: DeleteColumnStatisticsForTableRequest,
) -> Result<DeleteColumnStatisticsForTableResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        Subject::of_table(tx, &target)?.delete(tx, &input.column_name)?;
        Ok(DeleteColumnStatisticsForTableResponse {})
    })
    .await
}

pub(crate) async fn delete_for_partition(
    ctx: Ctx,
    input: DeleteColumnStatisticsForPartitionRequest,
) -> Result<DeleteColumnStatisticsForPartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        Subject::of_partition(tx, &target, input.partition_values)?.delete(tx, &input.column_name)?;
        Ok(DeleteColumnStatisticsForPartitionResponse {})
    })
    .await
}
