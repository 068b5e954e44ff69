//! Partition indexes. The order of partitions serves every expression already, so what an index adds is that
//! values have to fit the types of its keys ("Working with partition indexes" in the AWS Glue Developer Guide).

use mastic_api_glue::glue::types::{
    CreatePartitionIndexRequest, CreatePartitionIndexResponse, DeletePartitionIndexRequest,
    DeletePartitionIndexResponse, GetPartitionIndexesRequest, GetPartitionIndexesResponse, KeySchemaElement,
    PartitionIndex, PartitionIndexDescriptor, PartitionIndexStatus,
};
use mastic_core::{AccountId, Fault};
use mastic_hive::ValueOrder;
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::errors;
use crate::keys::INDEXES;
use crate::records::{IndexRecord, TableRecord};
use crate::tables::Target;

/// How many indexes a table can have.
const MOST: usize = 3;

/// The indexes of a table with their names, the oldest first.
pub(crate) fn of(
    tx: &ReadTx<'_>,
    account: &AccountId,
    table: &TableRecord,
) -> Result<Vec<(String, IndexRecord)>, StoreError> {
    let rows = INDEXES.scan_prefix(tx, (account, table.id.as_str()));
    let mut indexes: Vec<(String, IndexRecord)> =
        rows.map(|row| row.map(|((_, _, name), index)| (name, index))).collect::<Result<_, _>>()?;
    indexes.sort_by_key(|(_, index)| index.number);
    Ok(indexes)
}

/// Adds an index to a table that is in a database of this id.
///
/// # Errors
/// If there is one of this name, there are too many, or it has keys that it cannot have.
pub(crate) fn add(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    database: &str,
    table: &TableRecord,
    index: PartitionIndex,
    status: PartitionIndexStatus,
) -> Result<(), Fault> {
    let known = of(tx, account, table)?;
    if known.iter().any(|(name, _)| *name == index.index_name) {
        return Err(errors::index_exists(&index.index_name));
    }
    if known.len() >= MOST {
        return Err(errors::too_many_indexes());
    }
    check(table, &index.keys)?;
    let key = (account, table.id.as_str(), index.index_name.as_str());
    let table = (database.to_owned(), table.input.name.clone());
    let number = known.last().map_or(0, |(_, last)| last.number + 1);
    let record = IndexRecord { table, number, keys: index.keys, status, errors: Vec::new() };
    Ok(INDEXES.put(tx, &key, &record)?)
}

/// Whether these are partition keys of the table, each once, and of types that can be compared.
fn check(table: &TableRecord, keys: &[String]) -> Result<(), Fault> {
    for (place, name) in keys.iter().enumerate() {
        let ty = type_of(table, name).ok_or_else(|| {
            errors::invalid(format!(
                "The key {name} of a partition index is not a partition key of the table."
            ))
        })?;
        if keys.iter().take(place).any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(errors::invalid(format!("A partition index has the key {name} more than once.")));
        }
        if !ValueOrder::exists(ty) {
            return Err(errors::invalid(format!(
                "The key {name} of a partition index is of type {ty}, which indexes do not support."
            )));
        }
    }
    Ok(())
}

/// Whether all indexes still fit a table that is about to change.
pub(crate) fn check_all(tx: &ReadTx<'_>, account: &AccountId, table: &TableRecord) -> Result<(), Fault> {
    of(tx, account, table)?.iter().try_for_each(|(_, index)| check(table, &index.keys))
}

/// The keys of a table's indexes, as far as new partitions have to fit them: their places, and their types.
pub(crate) fn guarded(
    tx: &ReadTx<'_>,
    account: &AccountId,
    table: &TableRecord,
) -> Result<Vec<(usize, ValueOrder)>, StoreError> {
    let indexes = of(tx, account, table)?.into_iter().map(|(_, index)| index);
    let guarding = indexes.filter(|index| {
        matches!(index.status, PartitionIndexStatus::Creating | PartitionIndexStatus::Active)
    });
    let keys = guarding.flat_map(|index| index.keys);
    Ok(keys.filter_map(|name| place_of(table, &name)).collect())
}

/// The place and type of a partition key.
pub(crate) fn place_of(table: &TableRecord, name: &str) -> Option<(usize, ValueOrder)> {
    let place = table.keys().iter().position(|key| key.name.eq_ignore_ascii_case(name))?;
    Some((place, ValueOrder::of(type_of(table, name)?)))
}

/// Whether an indexed table takes these values of a partition.
pub(crate) fn admit(guarded: &[(usize, ValueOrder)], values: &[String]) -> Result<(), Fault> {
    if !guarded.is_empty() && values.iter().any(|value| has_reserved(value)) {
        return Err(errors::invalid(
            "Partition values of an indexed table cannot contain the characters U+0000 to U+0002.",
        ));
    }
    for (place, order) in guarded {
        if let Some(value) = values.get(*place) {
            order.check(value).map_err(errors::invalid)?;
        }
    }
    Ok(())
}

/// Whether a value has characters that AWS's indexes cannot hold.
pub(crate) fn has_reserved(value: &str) -> bool {
    value.contains(['\0', '\u{1}', '\u{2}'])
}

fn type_of<'a>(table: &'a TableRecord, name: &str) -> Option<&'a str> {
    let key = table.keys().iter().find(|key| key.name.eq_ignore_ascii_case(name))?;
    Some(key.r#type.as_deref().unwrap_or("string"))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreatePartitionIndexRequest,
) -> Result<CreatePartitionIndexResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let (database, table) = target.find_with_database(tx)?;
        let account = &target.place.account;
        add(tx, account, &database, &table, input.partition_index, PartitionIndexStatus::Creating)?;
        Ok(CreatePartitionIndexResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeletePartitionIndexRequest,
) -> Result<DeletePartitionIndexResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let table = target.find(tx)?;
        let key = (&target.place.account, table.id.as_str(), input.index_name.as_str());
        let mut index = INDEXES.get(tx, &key)?.ok_or_else(|| errors::index_missing(&input.index_name))?;
        if matches!(index.status, PartitionIndexStatus::Creating | PartitionIndexStatus::Deleting) {
            return Err(errors::index_busy(&input.index_name, index.status.as_str()));
        }
        index.status = PartitionIndexStatus::Deleting;
        INDEXES.put(tx, &key, &index)?;
        Ok(DeletePartitionIndexResponse {})
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: GetPartitionIndexesRequest,
) -> Result<GetPartitionIndexesResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    if input.next_token.as_ref().is_some_and(|token| !token.is_empty()) {
        // Three indexes fit one page, so nobody has been given a token.
        return Err(errors::bad_token());
    }
    let (table, indexes) = ctx.read(|tx| {
        let table = target.find(tx)?;
        let indexes = of(tx, &target.place.account, &table)?;
        Ok::<_, Fault>((table, indexes))
    })?;
    let described = indexes.into_iter().map(|(index_name, index)| PartitionIndexDescriptor {
        index_name,
        keys: index
            .keys
            .into_iter()
            .map(|name| KeySchemaElement {
                r#type: type_of(&table, &name).unwrap_or_default().to_owned(),
                name,
            })
            .collect(),
        index_status: Some(index.status),
        backfill_errors: Some(index.errors).filter(|errors| !errors.is_empty()),
    });
    Ok(GetPartitionIndexesResponse {
        partition_index_descriptor_list: Some(described.collect()),
        next_token: None,
    })
}
