use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat, interleave_record_batch, take};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, HashMap};

use super::parquet::{SAMPLE, without_dictionary};
use super::slots::{Slot, Slots};
use crate::cast::cast_array;

/// Rows that a stream gathers before it sorts them by partition: so few that a column of them stays in the processor's
/// cache, unless there are many partitions.
const ROWS: usize = 65_536;
/// Rows that each partition shall get of those, on average.
const EACH: usize = 1024;
/// The most rows that a stream gathers.
const MOST_ROWS: usize = 262_144;
/// Rows that show how those of one folder are encoded.
const FIRST_ROWS: usize = 32_768;

/// Rows, each by its number among all that are held.
type Places = Vec<u32>;

/// Gathers one stream's rows and hands them on by partition.
pub(super) struct Gatherer {
    slots: Arc<Slots>,
    number: usize,
    converter: RowConverter,
    known: HashMap<Box<[u8]>, usize>,
    found: Vec<Arc<Slot>>,
    held: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    turn: usize,
}

impl Gatherer {
    /// The gatherer of the stream `number`.
    pub(super) fn new(slots: Arc<Slots>, number: usize) -> Result<Self, DataFusionError> {
        let layout = slots.layout();
        let fields = layout.partition.iter();
        let fields = fields.map(|at| SortField::new(layout.schema.field(*at).data_type().clone())).collect();
        Ok(Self {
            converter: RowConverter::new(fields)?,
            slots,
            number,
            known: HashMap::new(),
            found: Vec::new(),
            held: Vec::new(),
            rows: 0,
            bytes: 0,
            turn: number,
        })
    }

    /// Takes a batch up.
    pub(super) async fn take(&mut self, batch: RecordBatch) -> Result<(), DataFusionError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.held.push(batch);
        let enough = match (self.slots.layout().partition.is_empty(), self.slots.dictionaries()) {
            (false, _) => (EACH * self.found.len()).clamp(ROWS, MOST_ROWS),
            // Rows of one folder need no sorting: a first lot is held to decide how they are encoded.
            (true, None) => FIRST_ROWS,
            (true, Some(_)) => 1,
        };
        if self.rows >= enough || self.bytes >= self.slots.gather_bytes() {
            self.finish().await
        } else {
            Ok(())
        }
    }

    /// Hands on what is held.
    pub(super) async fn finish(&mut self) -> Result<(), DataFusionError> {
        let held = std::mem::take(&mut self.held);
        (self.rows, self.bytes) = (0, 0);
        if held.is_empty() {
            return Ok(());
        }
        let layout = Arc::clone(self.slots.layout());
        let data = held.iter().map(|batch| batch.project(&layout.data)).collect::<Result<Vec<_>, _>>()?;
        self.decide_dictionaries(&data)?;
        if layout.partition.is_empty() {
            let slot = self.slots.slot(vec![]);
            for batch in data {
                match self.slots.files() {
                    None => self.slots.deposit(&slot, self.number, batch).await?,
                    Some(files) => self.spread(&slot, files, &batch).await?,
                }
            }
            return Ok(());
        }
        let places = self.places(&held)?;
        drop(held);
        let few = places.len() < 2 * self.slots.streams();
        let mut batches = dealt(&layout.file_schema, data, places)?;
        // Each stream begins elsewhere, and leaves for later what another is busy with.
        let begin = batches.len() * self.number / self.slots.streams().max(1);
        batches.rotate_left(begin);
        let mut busy = Vec::new();
        for (slot, batch) in batches {
            let Some(slot) = self.found.get(slot) else { continue };
            let lane = if few { self.number % self.slots.streams().max(1) } else { 0 };
            if slot.is_busy(lane) {
                busy.push((slot, lane, batch));
            } else {
                self.slots.deposit(slot, lane, batch).await?;
            }
        }
        for (slot, lane, batch) in busy {
            self.slots.deposit(slot, lane, batch).await?;
        }
        Ok(())
    }

    /// Gives each file an equal part of the rows.
    async fn spread(
        &mut self,
        slot: &Slot,
        files: usize,
        batch: &RecordBatch,
    ) -> Result<(), DataFusionError> {
        let rows = batch.num_rows();
        for part in 0..files {
            let (from, to) = (rows * part / files, rows * (part + 1) / files);
            if from < to {
                let lane = (part + self.turn) % files;
                self.slots.deposit(slot, lane, batch.slice(from, to - from)).await?;
            }
        }
        // The next batch begins elsewhere, so that small ones do not all go to the last.
        self.turn += 1;
        Ok(())
    }

    fn decide_dictionaries(&self, data: &[RecordBatch]) -> Result<(), DataFusionError> {
        if self.slots.dictionaries().is_some() {
            return Ok(());
        }
        let total: usize = data.iter().map(RecordBatch::num_rows).sum();
        let step = total.div_ceil(SAMPLE).max(1);
        let mut rows = Vec::with_capacity(SAMPLE);
        let mut next = 0;
        for (number, batch) in data.iter().enumerate() {
            while next < batch.num_rows() {
                rows.push((number, next));
                next += step;
            }
            next -= batch.num_rows();
        }
        let views: Vec<&RecordBatch> = data.iter().collect();
        let sample = interleave_record_batch(&views, &rows)?;
        self.slots.decide(without_dictionary(&sample)?);
        Ok(())
    }

    /// The rows of each partition.
    fn places(&mut self, held: &[RecordBatch]) -> Result<Vec<(usize, Places)>, DataFusionError> {
        let layout = Arc::clone(self.slots.layout());
        let mut lists: Vec<Places> = vec![Vec::new(); self.found.len()];
        let mut before = 0;
        for batch in held {
            let keys = batch.project(&layout.partition)?;
            let rows = self.converter.convert_columns(keys.columns())?;
            let mut last: Option<(usize, usize)> = None;
            for at in 0..rows.num_rows() {
                let row = rows.row(at);
                let slot = match last {
                    Some((above, slot)) if rows.row(above) == row => slot,
                    _ => match self.known.get(row.data()) {
                        Some(slot) => *slot,
                        None => {
                            let slot = self.slots.slot(values(&keys, at)?);
                            self.known.insert(row.data().into(), self.found.len());
                            self.found.push(slot);
                            lists.push(Vec::new());
                            self.found.len() - 1
                        }
                    },
                };
                last = Some((at, slot));
                if let Some(list) = lists.get_mut(slot) {
                    list.push((before + at) as u32);
                }
            }
            before += batch.num_rows();
        }
        Ok(lists.into_iter().enumerate().filter(|(_, list)| !list.is_empty()).collect())
    }
}

/// One batch of each partition. A column is dealt to all of them before the next is looked at, so that it is
/// still in the processor's cache when the last gets its values.
fn dealt(
    schema: &SchemaRef,
    data: Vec<RecordBatch>,
    places: Vec<(usize, Places)>,
) -> Result<Vec<(usize, RecordBatch)>, DataFusionError> {
    let (slots, places): (Vec<usize>, Vec<UInt32Array>) =
        places.into_iter().map(|(slot, rows)| (slot, UInt32Array::from(rows))).unzip();
    let mut dealt: Vec<Vec<ArrayRef>> =
        places.iter().map(|_| Vec::with_capacity(schema.fields().len())).collect();
    let mut sources: Vec<_> = data.into_iter().map(|batch| batch.columns().to_vec().into_iter()).collect();
    for _ in schema.fields() {
        let column: Vec<ArrayRef> = sources.iter_mut().filter_map(Iterator::next).collect();
        let views: Vec<&dyn Array> = column.iter().map(AsRef::as_ref).collect();
        // One array is looked up faster than many, by more than it takes to make it of them.
        let whole = concat(&views)?;
        for (columns, rows) in dealt.iter_mut().zip(&places) {
            columns.push(take(&whole, rows, None)?);
        }
    }
    let batches = dealt
        .into_iter()
        .zip(slots)
        .map(|(columns, slot)| Ok((slot, RecordBatch::try_new(Arc::clone(schema), columns)?)));
    batches.collect()
}

/// The partition values of a row, as folders name them.
fn values(keys: &RecordBatch, at: usize) -> Result<Vec<Option<String>>, DataFusionError> {
    keys.columns()
        .iter()
        .map(|column| {
            let text = cast_array(&column.slice(at, 1), &DataType::Utf8)?;
            let text = text.as_string::<i32>();
            Ok(text.is_valid(0).then(|| text.value(0).to_owned()))
        })
        .collect()
}
