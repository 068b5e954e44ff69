//! Partition indexes. The order of partitions serves every expression already, so an index is
//! ACTIVE at once; what it changes is that values have to fit the types of its keys
//! ("Working with partition indexes" in the AWS Glue Developer Guide).

use mastic_api_glue::glue::types::{
    CreatePartitionIndexRequest, CreatePartitionIndexResponse, DeletePartitionIndexRequest,
    DeletePartitionIndexResponse, GetPartitionIndexesRequest, GetPartitionIndexesResponse, KeySchemaElement,
    PartitionIndex, PartitionIndexDescriptor, PartitionIndexStatus,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::records::TableRecord;
use crate::tables::Target;
use crate::{errors, filter};

/// How many indexes a table can have.
const MOST: usize = 3;

/// Adds an index to a table.
///
/// # Errors
/// If there is one of this name, there are too many, or it has keys that are not the table's.
pub(crate) fn add(table: &mut TableRecord, index: PartitionIndex) -> Result<(), Fault> {
    if table.indexes.iter().any(|known| known.index_name == index.index_name) {
        return Err(errors::index_exists(&index.index_name));
    }
    if table.indexes.len() >= MOST {
        return Err(errors::too_many_indexes());
    }
    table.indexes.push(index);
    check(table)
}

/// Whether the keys of every index are partition keys.
pub(crate) fn check(table: &TableRecord) -> Result<(), Fault> {
    let mut keys = table.indexes.iter().flat_map(|index| &index.keys);
    match keys.find(|name| type_of(table, name).is_none()) {
        Some(name) => Err(errors::invalid(format!(
            "The key {name} of a partition index is not a partition key of the table."
        ))),
        None => Ok(()),
    }
}

/// Whether an indexed table takes these values of a partition.
pub(crate) fn admit(table: &TableRecord, values: &[String]) -> Result<(), Fault> {
    if table.indexes.is_empty() {
        return Ok(());
    }
    if values.iter().any(|value| value.contains(['\0', '\u{1}', '\u{2}'])) {
        return Err(errors::invalid(
            "Partition values of an indexed table cannot contain the characters U+0000 to U+0002.",
        ));
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    for name in table.indexes.iter().flat_map(|index| &index.keys) {
        // Asking whether it is null makes the value be read as its key's type. A name that
        // expressions cannot spell has no type to be compared by.
        if let Ok(expression) = filter::bound(&format!("{name} IS NULL"), table.keys()) {
            expression.matches(&values).map_err(|error| errors::invalid(error.to_string()))?;
        }
    }
    Ok(())
}

fn type_of<'a>(table: &'a TableRecord, name: &str) -> Option<&'a str> {
    let key = table.keys().iter().find(|key| key.name.eq_ignore_ascii_case(name))?;
    Some(key.r#type.as_deref().unwrap_or("string"))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreatePartitionIndexRequest,
) -> Result<CreatePartitionIndexResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    ctx.write(move |tx| {
        target.change(tx, |table| add(table, input.partition_index))?;
        Ok(CreatePartitionIndexResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeletePartitionIndexRequest,
) -> Result<DeletePartitionIndexResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    ctx.write(move |tx| {
        target.change(tx, |table| {
            let before = table.indexes.len();
            table.indexes.retain(|index| index.index_name != input.index_name);
            if table.indexes.len() < before { Ok(()) } else { Err(errors::index_missing(&input.index_name)) }
        })?;
        Ok(DeletePartitionIndexResponse {})
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: GetPartitionIndexesRequest,
) -> Result<GetPartitionIndexesResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    if input.next_token.as_ref().is_some_and(|token| !token.is_empty()) {
        // Three indexes fit one page, so nobody has been given a token.
        return Err(errors::bad_token());
    }
    let table = ctx.read(|tx| target.find(tx))?;
    let indexes = table.indexes.iter().map(|index| PartitionIndexDescriptor {
        index_name: index.index_name.clone(),
        keys: index
            .keys
            .iter()
            .map(|name| KeySchemaElement {
                name: name.clone(),
                r#type: type_of(&table, name).unwrap_or_default().to_owned(),
            })
            .collect(),
        index_status: Some(PartitionIndexStatus::Active),
        backfill_errors: None,
    });
    Ok(GetPartitionIndexesResponse {
        partition_index_descriptor_list: Some(indexes.collect()),
        next_token: None,
    })
}
