//! Partitions, one at a time and in pages.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mastic_api_glue::glue::types::{
    CreatePartitionRequest, CreatePartitionResponse, DeletePartitionRequest, DeletePartitionResponse,
    GetPartitionRequest, GetPartitionsRequest, GetPartitionsResponse, Partition, PartitionInput,
    StorageDescriptor, UpdatePartitionRequest, UpdatePartitionResponse,
};
use mastic_core::{Fault, Timestamp};
use mastic_hive::{BoundExpression, Step, ValueOrder};
use mastic_kernel::Ctx;
use mastic_kernel::ports::{CatalogChange, TablePartitions};
use mastic_shape::{Name, Shape as _, Value};
use mastic_store::{ReadTx, WriteTx, record};

use crate::events::Events;
use crate::filter::{Part, bound, fnv};
use crate::keys::{PARTITIONS, SHARED, Shelf};
use crate::packed::Packed;
use crate::records::{PartitionContent, PartitionRecord, SharedRecord, TableRecord, answered_members};
use crate::tables::{Target, no_transaction};
use crate::{errors, indexes, paging, statistics};

/// A page ends early when its records have this many bytes, so that wide tables do not make
/// answers that clients choke on.
const PAGE_BYTES: usize = 4 << 20;

/// What a page may cost, so that each comes soon: what as many partitions do that lie side by side. A partition that is
/// found far from the one before costs more, and a page of such ends earlier.
const EFFORT_A_PAGE: usize = (SEEN + ANSWERED) * paging::ROWS_A_PAGE;

/// What it costs to see a key, to answer with its partition, to go to a far one; in parts of the first.
const SEEN: usize = 1;
const ANSWERED: usize = 4;
const JUMPED: usize = 6;

/// What it may cost to tell behind a full page whether more will follow.
const LOOK_AHEAD: usize = 2_000;

/// A table within a transaction, with what is needed to work on its partitions.
pub(crate) struct Partitions {
    target: Target,
    table: TableRecord,
    /// The keys whose values have to fit.
    guarded: Vec<(usize, ValueOrder)>,
    shelf: Shelf,
    /// What partitions met so far share, by digest.
    shared: HashMap<u64, StorageDescriptor>,
    /// The same as it is answered.
    answered: HashMap<u64, Vec<(Name, Value)>>,
    /// What the answers of all partitions have in common.
    common: Vec<(Name, Value)>,
    /// The values of partitions that were changed.
    changed: Vec<Vec<String>>,
}

/// What a page is made of.
pub(crate) struct Wanted {
    expression: BoundExpression,
    part: Option<Part>,
    /// The values of the last partition of the page before.
    after: Option<Vec<String>>,
    size: usize,
    columns: bool,
}

impl Partitions {
    pub(crate) fn of(tx: &ReadTx<'_>, target: Target) -> Result<Self, Fault> {
        let table = target.find(tx)?;
        let guarded = indexes::guarded(tx, &target.place.account, &table)?;
        let shelf = Shelf::of(&target.place.account, &table);
        let common = Partition {
            database_name: Some(target.database.clone()),
            table_name: Some(target.table.clone()),
            catalog_id: Some(target.place.id()),
            ..Partition::default()
        };
        let common = common.into_value().into_members();
        Ok(Self {
            target,
            table,
            guarded,
            shelf,
            shared: HashMap::new(),
            answered: HashMap::new(),
            common: common.into_iter().map(|(name, member)| (name, member.into_shared())).collect(),
            changed: Vec::new(),
        })
    }

    fn check(&self, values: &[String]) -> Result<(), Fault> {
        if values.is_empty() || values.len() != self.table.keys().len() {
            return Err(errors::wrong_value_count());
        }
        Ok(())
    }

    /// The partition of these values, as it is answered.
    pub(crate) fn get(&mut self, tx: &ReadTx<'_>, values: Vec<String>) -> Result<Option<Value>, Fault> {
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
    ) -> Result<Value, Fault> {
        let mut content = open(record)?;
        let own = content.input.storage_descriptor.take();
        let descriptor = match (own, content.shared) {
            (None, _) => None,
            (Some(own), None) => Some(answered_members(own)),
            (Some(own), Some(digest)) => {
                let mut members = own.into_value().into_members();
                members.extend_from_slice(self.answered(tx, digest)?);
                Some(members)
            }
        };
        let mut partition = content.answer(values).into_members();
        partition.extend_from_slice(&self.common);
        if let Some(mut members) = descriptor {
            members.retain(|(name, _)| columns || name != "Columns");
            partition.push((Name::Borrowed("StorageDescriptor"), Value::Map(members)));
        }
        Ok(Value::Map(partition))
    }

    fn answered(&mut self, tx: &ReadTx<'_>, digest: u64) -> Result<&[(Name, Value)], Fault> {
        match self.answered.entry(digest) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let found = SHARED.get(tx, &(&self.shelf.account, digest))?;
                let found = found.ok_or_else(|| Fault::internal("what a partition shares is missing"))?;
                Ok(place.insert(answered_members(found.descriptor)))
            }
        }
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
        indexes::admit(&self.guarded, &values)?;
        if PARTITIONS.contains(tx, &self.shelf.key(&values))? {
            return Err(errors::exists("Partition"));
        }
        self.put(tx, &values, input, now)?;
        self.changed.push(values);
        Ok(())
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
            self.put(tx, values, input, created)?;
            self.changed.push(values.to_vec());
            return Ok(());
        };
        self.check(&moved)?;
        indexes::admit(&self.guarded, &moved)?;
        if PARTITIONS.contains(tx, &self.shelf.key(&moved))? {
            return Err(errors::exists("Partition"));
        }
        PARTITIONS.delete(tx, &self.shelf.key(values))?;
        statistics::forget_partition(tx, &self.shelf.account, &self.table.id, values)?;
        self.put(tx, &moved, input, created)?;
        self.changed.push(moved);
        Ok(())
    }

    pub(crate) fn delete(&mut self, tx: &mut WriteTx<'_>, values: &[String]) -> Result<(), Fault> {
        self.check(values)?;
        if !PARTITIONS.delete(tx, &self.shelf.key(values))? {
            return Err(errors::partition_missing());
        }
        statistics::forget_partition(tx, &self.shelf.account, &self.table.id, values)?;
        self.changed.push(values.to_vec());
        Ok(())
    }

    /// Tells what became of partitions.
    pub(crate) fn tell(
        self,
        tx: &mut WriteTx<'_>,
        events: &Events,
        change: fn(TablePartitions) -> CatalogChange,
    ) -> Result<(), Fault> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let changed = TablePartitions { table: self.target.table, partitions: self.changed };
        events.tell(tx, &self.target.place, self.target.database, change(changed))
    }

    fn put(
        &mut self,
        tx: &mut WriteTx<'_>,
        values: &[String],
        mut input: PartitionInput,
        created: Timestamp,
    ) -> Result<(), Fault> {
        let shared = match input.storage_descriptor.take() {
            Some(mut descriptor) => {
                let own = PartitionContent::own(&mut descriptor);
                let digest = self.share(tx, &descriptor)?;
                input.storage_descriptor = Some(match digest {
                    Some(_) => own,
                    None => PartitionContent::whole(descriptor, own),
                });
                digest
            }
            None => None,
        };
        let content = PartitionContent { created, input, shared };
        let record = PartitionRecord { content: Packed::new(&content).map_err(Fault::internal)? };
        Ok(PARTITIONS.put(tx, &self.shelf.key(values), &record)?)
    }

    /// Keeps a descriptor once for all partitions that have the same; nothing where its digest is
    /// taken by another.
    fn share(&mut self, tx: &mut WriteTx<'_>, descriptor: &StorageDescriptor) -> Result<Option<u64>, Fault> {
        // Partitions that come together mostly share one.
        if let Some((digest, _)) = self.shared.iter().find(|(_, known)| *known == descriptor) {
            return Ok(Some(*digest));
        }
        let record = SharedRecord { descriptor: descriptor.clone() };
        let digest = fnv(record::encode(&record).map_err(Fault::internal)?);
        match SHARED.get(tx, &(&self.shelf.account, digest))? {
            Some(stored) if stored != record => return Ok(None),
            Some(_) => {}
            None => SHARED.put(tx, &(&self.shelf.account, digest), &record)?,
        }
        self.shared.insert(digest, record.descriptor);
        Ok(Some(digest))
    }

    /// One page of the partitions that are wanted.
    fn page(&mut self, tx: &ReadTx<'_>, wanted: &Wanted) -> Result<(Vec<Value>, Option<String>), Fault> {
        let shelf = self.shelf.clone();
        let plan = wanted.expression.plan(&shelf.orders);
        let mut scan = plan.scan();
        let (mut page, mut bytes, mut effort, mut last) = (Vec::new(), 0, 0, None);
        let mut range = shelf.all();
        if let Step::Jump(first) = scan.start() {
            range = range.from(&shelf.at(first));
        }
        if let Some(after) = &wanted.after {
            range = range.after(&shelf.key(after));
        }
        let mut rows = PARTITIONS.scan(tx, range);
        while let Some(row) = rows.next_unread() {
            let row = row?;
            let (_, _, sorted) = &row.key;
            effort += SEEN;
            if last.is_some() && effort > LOOK_AHEAD {
                return Ok((page, last));
            }
            let (matches, step) = scan.see(&sorted.0)?;
            if matches && wanted.part.is_none_or(|part| part.has(&sorted.0)) {
                if last.is_some() {
                    return Ok((page, last));
                }
                let ((_, _, sorted), record) = row.read()?;
                bytes += record.content.size();
                effort += ANSWERED;
                let values = shelf.values(sorted);
                if page.len() + 1 >= wanted.size || bytes >= PAGE_BYTES || effort >= EFFORT_A_PAGE {
                    last = Some(paging::token(&values)?);
                    effort = 0;
                }
                page.push(self.answer(tx, values, &record, wanted.columns)?);
            }
            match step {
                Step::Next => {}
                Step::Jump(to) => {
                    effort += JUMPED;
                    rows.skip_to(&shelf.at(to));
                }
                Step::End => break,
            }
        }
        Ok((page, None))
    }
}

pub(crate) fn open(record: &PartitionRecord) -> Result<PartitionContent, Fault> {
    record.content.open().map_err(Fault::internal)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreatePartitionRequest,
) -> Result<CreatePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let (now, events) = (ctx.now(), Events::of(&ctx));
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        partitions.create(tx, input.partition_input, now)?;
        partitions.tell(tx, &events, CatalogChange::PartitionsCreated)?;
        Ok(CreatePartitionResponse {})
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetPartitionRequest) -> Result<Value, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let found = ctx.read(|tx| Partitions::of(tx, target)?.get(tx, input.partition_values))?;
    Ok(Value::empty().with("Partition", found.ok_or_else(errors::partition_missing)?))
}

pub(crate) async fn list(ctx: Ctx, input: GetPartitionsRequest) -> Result<Value, Fault> {
    no_transaction(input.transaction_id.as_ref(), input.query_as_of_time)?;
    let target = Target::followed(&ctx, &input)?;
    let (partitions, next_token) = paging::aside(&ctx, |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        let wanted = Wanted {
            expression: bound(input.expression.as_deref(), partitions.table.keys())?,
            part: input.segment.as_ref().map(Part::new).transpose()?,
            after: paging::position(input.next_token.as_deref())?,
            size: paging::size(input.max_results, paging::ROWS_A_PAGE),
            columns: input.exclude_column_schema != Some(true),
        };
        partitions.page(tx, &wanted)
    })?;
    let answer = GetPartitionsResponse { next_token, ..GetPartitionsResponse::default() };
    Ok(answer.into_value().with("Partitions", Value::List(partitions)))
}

pub(crate) async fn update(
    ctx: Ctx,
    input: UpdatePartitionRequest,
) -> Result<UpdatePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        partitions.update(tx, &input.partition_value_list, input.partition_input)?;
        partitions.tell(tx, &events, CatalogChange::PartitionsUpdated)?;
        Ok(UpdatePartitionResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeletePartitionRequest,
) -> Result<DeletePartitionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let events = Events::of(&ctx);
    ctx.write(move |tx| {
        let mut partitions = Partitions::of(tx, target)?;
        partitions.delete(tx, &input.partition_values)?;
        partitions.tell(tx, &events, CatalogChange::PartitionsDeleted)?;
        Ok(DeletePartitionResponse {})
    })
    .await
}
