//! Partitions, one at a time and in pages.

use std::collections::HashMap;

use mastic_api_glue::glue::types::{
    Column, CreatePartitionRequest, CreatePartitionResponse, DeletePartitionRequest, DeletePartitionResponse,
    GetPartitionRequest, GetPartitionResponse, GetPartitionsRequest, GetPartitionsResponse, Partition,
    PartitionInput, UpdatePartitionRequest, UpdatePartitionResponse,
};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, WriteTx, record};

use crate::filter::{Filter, fnv};
use crate::keys::{PARTITIONS, SCHEMAS, Shelf, Values};
use crate::packed::Packed;
use crate::records::{PartitionContent, PartitionRecord, SchemaRecord, TableRecord};
use crate::tables::{Target, no_transaction};
use crate::{errors, indexes, paging};

/// A page ends early when its records have this many bytes, so that wide tables do not make
/// answers that clients choke on.
const PAGE_BYTES: usize = 4 << 20;

/// How many rows are looked at behind a full page to tell whether more will follow.
const LOOK_AHEAD: usize = 10_000;

/// A table within a transaction, with what is needed to work on its partitions.
pub(crate) struct Partitions {
    target: Target,
    table: TableRecord,
    shelf: Shelf,
    /// Columns met so far, by digest.
    schemas: HashMap<u64, Vec<Column>>,
}

impl Partitions {
    pub(crate) fn of(tx: &ReadTx<'_>, target: Target) -> Result<Self, Fault> {
        let table = target.find(tx)?;
        let shelf = target.shelf(&table);
        Ok(Self { target, table, shelf, schemas: HashMap::new() })
    }

    fn check(&self, values: &[String]) -> Result<(), Fault> {
        if values.is_empty() || values.len() != self.table.keys().len() {
            return Err(errors::wrong_value_count());
        }
        Ok(())
    }

    pub(crate) fn get(&mut self, tx: &ReadTx<'_>, values: Vec<String>) -> Result<Option<Partition>, Fault> {
        self.check(&values)?;
        let record = PARTITIONS.get(tx, &self.shelf.key(&values))?;
        record.map(|record| self.answer(tx, values, &record, true)).transpose()
    }

    fn answer(
        &mut self,
        tx: &ReadTx<'_>,
        values: Vec<String>,
        record: &PartitionRecord,
        columns: bool,
    ) -> Result<Partition, Fault> {
        let mut content = open(record)?;
        if let Some(descriptor) = &mut content.input.storage_descriptor {
            match content.columns {
                _ if !columns => descriptor.columns = None,
                Some(digest) => descriptor.columns = Some(self.columns(tx, digest)?),
                None => {}
            }
        }
        Ok(content.answer(&self.target.place, &self.target.database, &self.target.table, values))
    }

    fn columns(&mut self, tx: &ReadTx<'_>, digest: u64) -> Result<Vec<Column>, Fault> {
        if let Some(columns) = self.schemas.get(&digest) {
            return Ok(columns.clone());
        }
        let schema = SCHEMAS
            .get(tx, &(&self.shelf.account, digest))?
            .ok_or_else(|| Fault::internal("the columns of a partition are missing"))?;
        self.schemas.insert(digest, schema.columns.clone());
        Ok(schema.columns)
    }

    /// Adds a partition; its input carries the values.
    pub(crate) fn create(
        &mut self,
        tx: &mut WriteTx<'_>,
        mut input: PartitionInput,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let values = input.values.take().unwrap_or_default();
        self.check(&values)?;
        indexes::admit(&self.table, &values)?;
        if PARTITIONS.contains(tx, &self.shelf.key(&values))? {
            return Err(errors::exists("Partition"));
        }
        self.put(tx, &values, input, now)
    }

    /// Replaces a partition; an input with other values moves it.
    pub(crate) fn update(
        &mut self,
        tx: &mut WriteTx<'_>,
        values: &[String],
        mut input: PartitionInput,
    ) -> Result<(), Fault> {
        self.check(values)?;
        let old = PARTITIONS.get(tx, &self.shelf.key(values))?.ok_or_else(errors::partition_missing)?;
        let created = open(&old)?.created;
        let moved = input.values.take().filter(|moved| moved != values);
        let Some(moved) = moved else {
            return self.put(tx, values, input, created);
        };
        self.check(&moved)?;
        indexes::admit(&self.table, &moved)?;
        if PARTITIONS.contains(tx, &self.shelf.key(&moved))? {
            return Err(errors::exists("Partition"));
        }
        PARTITIONS.delete(tx, &self.shelf.key(values))?;
        self.put(tx, &moved, input, created)
    }

    pub(crate) fn delete(&self, tx: &mut WriteTx<'_>, values: &[String]) -> Result<(), Fault> {
        self.check(values)?;
        if PARTITIONS.delete(tx, &self.shelf.key(values))? {
            Ok(())
        } else {
            Err(errors::partition_missing())
        }
    }

    fn put(
        &mut self,
        tx: &mut WriteTx<'_>,
        values: &[String],
        mut input: PartitionInput,
        created: Timestamp,
    ) -> Result<(), Fault> {
        let columns = match input.storage_descriptor.as_mut().and_then(|descriptor| descriptor.columns.take())
        {
            Some(columns) => match self.share(tx, columns)? {
                Ok(digest) => Some(digest),
                Err(columns) => {
                    if let Some(descriptor) = &mut input.storage_descriptor {
                        descriptor.columns = Some(columns);
                    }
                    None
                }
            },
            None => None,
        };
        let content = PartitionContent { created, input, columns };
        let record = PartitionRecord { content: Packed::new(&content).map_err(Fault::internal)? };
        Ok(PARTITIONS.put(tx, &self.shelf.key(values), &record)?)
    }

    /// Keeps columns once for all partitions that have the same; gives them back where their digest
    /// is taken by others.
    fn share(
        &mut self,
        tx: &mut WriteTx<'_>,
        columns: Vec<Column>,
    ) -> Result<Result<u64, Vec<Column>>, Fault> {
        let schema = SchemaRecord { columns };
        let digest = fnv(record::encode(&schema).map_err(Fault::internal)?);
        let same = match self.schemas.get(&digest) {
            Some(known) => *known == schema.columns,
            None => share_stored(tx, &self.shelf.account, digest, &schema)?,
        };
        if !same {
            return Ok(Err(schema.columns));
        }
        self.schemas.insert(digest, schema.columns);
        Ok(Ok(digest))
    }

    /// One page of the partitions that pass the filter.
    fn page(
        &mut self,
        tx: &ReadTx<'_>,
        filter: &Filter,
        after: Option<&[String]>,
        size: usize,
        columns: bool,
    ) -> Result<(Vec<Partition>, Option<String>), Fault> {
        let (mut page, mut bytes, mut ahead) = (Vec::new(), 0, 0);
        let mut last = None;
        for mut range in filter.ranges(&self.shelf) {
            if let Some(after) = after {
                range = range.after(&self.shelf.key(after));
            }
            for row in PARTITIONS.scan(tx, range) {
                let ((_, _, Values(values)), record) = row?;
                let full = page.len() >= size || bytes >= PAGE_BYTES;
                ahead += usize::from(full);
                if full && ahead > LOOK_AHEAD {
                    return Ok((page, last));
                }
                if !filter.admits(&values)? {
                    continue;
                }
                if full {
                    return Ok((page, last));
                }
                bytes += record.content.size();
                if page.len() + 1 >= size || bytes >= PAGE_BYTES {
                    last = Some(paging::token(&values)?);
                }
                page.push(self.answer(tx, values, &record, columns)?);
            }
        }
        Ok((page, None))
    }
}

fn share_stored(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    digest: u64,
    schema: &SchemaRecord,
) -> Result<bool, Fault> {
    match SCHEMAS.get(tx, &(account, digest))? {
        Some(stored) => Ok(stored == *schema),
        None => {
            SCHEMAS.put(tx, &(account, digest), schema)?;
            Ok(true)
        }
    }
}

pub(crate) fn open(record: &PartitionRecord) -> Result<PartitionContent, Fault> {
    record.content.open().map_err(Fault::internal)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreatePartitionRequest,
) -> Result<CreatePartitionResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        Partitions::of(tx, target)?.create(tx, input.partition_input, now)?;
        Ok(CreatePartitionResponse {})
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetPartitionRequest) -> Result<GetPartitionResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    let found = ctx.read(|tx| Partitions::of(tx, target)?.get(tx, input.partition_values))?;
    Ok(GetPartitionResponse { partition: Some(found.ok_or_else(errors::partition_missing)?) })
}

pub(crate) async fn list(ctx: Ctx, input: GetPartitionsRequest) -> Result<GetPartitionsResponse, Fault> {
    no_transaction(input.transaction_id.as_ref(), input.query_as_of_time)?;
    let target = Target::of(ctx.call(), &input)?;
    let size = paging::size(input.max_results, paging::ROWS_A_PAGE);
    let after = paging::position::<Vec<String>>(input.next_token.as_deref())?;
    let columns = input.exclude_column_schema != Some(true);
    let (partitions, next_token) = paging::aside(ctx, move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let filter =
            Filter::new(input.expression.as_deref(), input.segment.as_ref(), partitions.table.keys())?;
        partitions.page(tx, &filter, after.as_deref(), size, columns)
    })
    .await?;
    Ok(GetPartitionsResponse { partitions: Some(partitions), next_token })
}

pub(crate) async fn update(
    ctx: Ctx,
    input: UpdatePartitionRequest,
) -> Result<UpdatePartitionResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    ctx.write(move |tx| {
        Partitions::of(tx, target)?.update(tx, &input.partition_value_list, input.partition_input)?;
        Ok(UpdatePartitionResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeletePartitionRequest,
) -> Result<DeletePartitionResponse, Fault> {
    let target = Target::of(ctx.call(), &input)?;
    ctx.write(move |tx| {
        Partitions::of(tx, target)?.delete(tx, &input.partition_values)?;
        Ok(DeletePartitionResponse {})
    })
    .await
}
