//! Operations on many partitions of one table: each entry succeeds or fails by itself, in one
//! transaction.

use std::collections::HashSet;

use mastic_api_glue::glue::types::{
    BatchCreatePartitionRequest, BatchCreatePartitionResponse, BatchDeletePartitionRequest,
    BatchDeletePartitionResponse, BatchGetPartitionRequest, BatchGetPartitionResponse,
    BatchUpdatePartitionFailureEntry, BatchUpdatePartitionRequest, BatchUpdatePartitionResponse,
    PartitionError, PartitionValueList,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_kernel::ports::CatalogChange;
use mastic_shape::{Shape as _, Value};

use crate::events::Events;
use crate::partitions::Partitions;
use crate::tables::Target;
use crate::{errors, paging};

pub(crate) async fn create(
    ctx: Ctx,
    input: BatchCreatePartitionRequest,
) -> Result<BatchCreatePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let (now, events) = (ctx.now(), Events::of(&ctx));
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let mut errors = Vec::new();
        for entry in input.partition_input_list {
            let values = entry.values.clone();
            if let Err(fault) = partitions.create(tx, entry, now) {
                errors.push(error(values.unwrap_or_default(), fault)?);
            }
        }
        partitions.tell(tx, &events, CatalogChange::PartitionsCreated)?;
        Ok(BatchCreatePartitionResponse { errors: Some(errors) })
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: BatchGetPartitionRequest) -> Result<Value, Fault> {
    let target = Target::followed(&ctx, &input)?;
    paging::aside(&ctx, |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let (mut found, mut missing, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for PartitionValueList { values } in input.partitions_to_get {
            if !seen.insert(values.clone()) {
                continue;
            }
            match partitions.get(tx, values.clone())? {
                Some(partition) => found.push(partition),
                None => missing.push(PartitionValueList { values }),
            }
        }
        let answer = BatchGetPartitionResponse { unprocessed_keys: Some(missing), ..Default::default() };
        Ok(answer.into_value().with("Partitions", Value::List(found)))
    })
}

pub(crate) async fn update(
    ctx: Ctx,
    input: BatchUpdatePartitionRequest,
) -> Result<BatchUpdatePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let mut errors = Vec::new();
        for entry in input.entries {
            let outcome = partitions.update(tx, &entry.partition_value_list, entry.partition_input);
            if let Err(fault) = outcome {
                errors.push(BatchUpdatePartitionFailureEntry {
                    partition_value_list: Some(entry.partition_value_list),
                    error_detail: Some(errors::detail(fault)?),
                });
            }
        }
        partitions.tell(tx, &events, CatalogChange::PartitionsUpdated)?;
        Ok(BatchUpdatePartitionResponse { errors: Some(errors) })
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: BatchDeletePartitionRequest,
) -> Result<BatchDeletePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let mut errors = Vec::new();
        for PartitionValueList { values } in input.partitions_to_delete {
            if let Err(fault) = partitions.delete(tx, &values) {
                errors.push(error(values, fault)?);
            }
        }
        partitions.tell(tx, &events, CatalogChange::PartitionsDeleted)?;
        Ok(BatchDeletePartitionResponse { errors: Some(errors) })
    })
    .await
}

fn error(values: Vec<String>, fault: Fault) -> Result<PartitionError, Fault> {
    Ok(PartitionError { partition_values: Some(values), error_detail: Some(errors::detail(fault)?) })
}
