use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock, OnceLock, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use mastic_hive::{DEFAULT_PARTITION, partition_path};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

use super::encode::{OpenFile, extension};
use super::parquet::Dictionaries;
use super::upload::PART;
use super::{Layout, Output, SinkSpec, WrittenFile, all};
use crate::error::FileError;

/// Rows that a partition collects before its writer is troubled.
const ROWS: usize = 256;
/// Bytes of memory that a column's encoder holds before it has seen a value.
const PER_COLUMN: usize = 16 << 10;

/// The writers of all partitions, shared by all streams.
pub(super) struct Slots {
    spec: SinkSpec,
    layout: Arc<Layout>,
    /// How many streams bring rows.
    streams: usize,
    /// How many files of a partition may be open at once.
    lanes: usize,
    slots: Lock<BTreeMap<String, Arc<Slot>>>,
    finished: Lock<Vec<WrittenFile>>,
    dictionaries: OnceLock<Dictionaries>,
    files: AtomicUsize,
    used: AtomicUsize,
    relief: Mutex<()>,
    reservation: MemoryReservation,
}

/// One partition: a lane for each stream, of which mostly only the first is used, or for each of the files that are wanted.
pub(super) struct Slot {
    folder: String,
    values: Vec<String>,
    lanes: Vec<Mutex<Lane>>,
}

#[derive(Default)]
struct Lane {
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    file: Option<OpenFile>,
    counted: usize,
}

impl Slot {
    /// Whether another stream is at work on the lane.
    pub(super) fn is_busy(&self, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.try_lock().is_err())
    }
}

impl Slots {
    /// No writers yet.
    pub(super) fn new(
        spec: SinkSpec,
        layout: Arc<Layout>,
        streams: usize,
        reservation: MemoryReservation,
    ) -> Self {
        let lanes = spec.files.unwrap_or(streams);
        Self {
            spec,
            layout,
            streams,
            lanes,
            slots: Lock::default(),
            finished: Lock::default(),
            dictionaries: OnceLock::new(),
            files: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            relief: Mutex::default(),
            reservation,
        }
    }

    /// The columns.
    pub(super) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// How many streams there are.
    pub(super) fn streams(&self) -> usize {
        self.streams
    }

    /// How many files there shall be, if that is said.
    pub(super) fn files(&self) -> Option<usize> {
        self.spec.files
    }

    /// Bytes that a stream may gather.
    pub(super) fn gather_bytes(&self) -> usize {
        (self.spec.budget / (2 * self.streams.max(1))).max(1 << 20)
    }

    /// The columns without a dictionary, once they are decided.
    pub(super) fn dictionaries(&self) -> Option<&Dictionaries> {
        self.dictionaries.get()
    }

    /// Decides them; the first decision stands.
    pub(super) fn decide(&self, dictionaries: Dictionaries) {
        self.dictionaries.get_or_init(|| dictionaries);
    }

    /// The partition of these values.
    pub(super) fn slot(&self, values: Vec<Option<String>>) -> Arc<Slot> {
        let values: Vec<String> = values.into_iter().map(Option::unwrap_or_default).collect();
        let keys = self.spec.partition_keys.iter().map(String::as_str);
        let mut folder = self.spec.folder.key.clone();
        if !values.is_empty() {
            folder.push_str(&partition_path(keys.zip(values.iter().map(String::as_str))));
            folder.push('/');
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(folder).or_insert_with_key(|folder| {
            let named = |value: String| if value.is_empty() { DEFAULT_PARTITION.to_owned() } else { value };
            Arc::new(Slot {
                folder: folder.clone(),
                values: values.into_iter().map(named).collect(),
                lanes: (0..self.lanes).map(|_| Mutex::default()).collect(),
            })
        });
        Arc::clone(slot)
    }

    /// Gives a partition rows.
    pub(super) async fn deposit(
        &self,
        slot: &Slot,
        lane: usize,
        batch: RecordBatch,
    ) -> Result<(), DataFusionError> {
        let Some(lane) = slot.lanes.get(lane) else {
            return Err(DataFusionError::Internal("a stream has no lane".to_owned()));
        };
        let mut lane = lane.lock().await;
        lane.pending_rows += batch.num_rows();
        if lane.pending_rows >= ROWS {
            lane.pending.push(batch);
            self.write_pending(slot, &mut lane).await?;
        } else {
            let batch = compact(&batch)?;
            lane.pending_bytes += batch.get_array_memory_size();
            lane.pending.push(batch);
        }
        self.count(&mut lane);
        drop(lane);
        self.relieve().await
    }

    fn fail(&self, file: impl Into<String>, cause: impl ToString) -> DataFusionError {
        FileError::new(&self.spec.node, file, cause).into()
    }

    async fn write_pending(&self, slot: &Slot, lane: &mut Lane) -> Result<(), DataFusionError> {
        let pending = std::mem::take(&mut lane.pending);
        (lane.pending_rows, lane.pending_bytes) = (0, 0);
        let batch = match pending.as_slice() {
            [] => return Ok(()),
            [only] => only.clone(),
            many => concat_batches(&self.layout.file_schema, many)?,
        };
        drop(pending);
        // The file stays in its lane meanwhile: whoever breaks off finds it there and takes it back.
        let file = match &mut lane.file {
            Some(file) => file,
            None => lane.file.insert(self.open(slot)?),
        };
        file.write(&batch).await.map_err(|cause| self.fail(file.url(), cause))?;
        if file.size() >= self.spec.target_bytes {
            self.close(lane).await?;
        }
        Ok(())
    }

    fn open(&self, slot: &Slot) -> Result<OpenFile, DataFusionError> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let SinkSpec { prefix, id, format, compression, .. } = &self.spec;
        let key = format!("{}{prefix}{number:05}-{id}{}", slot.folder, extension(*format, *compression));
        let none = Dictionaries::default();
        let dictionaries = self.dictionaries.get().unwrap_or(&none);
        OpenFile::new(&self.spec, &key, &self.layout.file_schema, dictionaries)
            .map_err(|cause| self.fail(self.spec.folder.at(&key).to_string(), cause))
    }

    async fn close(&self, lane: &mut Lane) -> Result<(), DataFusionError> {
        let Some(file) = lane.file.take() else { return Ok(()) };
        let url = file.url().to_owned();
        let written = file.finish().await.map_err(|cause| self.fail(url, cause))?;
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push(written);
        Ok(())
    }

    fn count(&self, lane: &mut Lane) {
        let overhead = PER_COLUMN * self.layout.data.len();
        let now = lane.pending_bytes + lane.file.as_ref().map_or(0, |file| file.memory() + overhead);
        let before = std::mem::replace(&mut lane.counted, now);
        if now >= before {
            self.used.fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    /// Lets go of memory if the writers hold too much: the largest send off what they have, or end
    /// their file if that would be too little for a part.
    async fn relieve(&self) -> Result<(), DataFusionError> {
        self.reservation.resize(self.used.load(Ordering::Relaxed));
        if self.used.load(Ordering::Relaxed) <= self.spec.budget {
            return Ok(());
        }
        // One stream does it; the others go on meanwhile.
        let Ok(_relief) = self.relief.try_lock() else { return Ok(()) };
        let slots = self.all_slots();
        let mut lanes: Vec<(usize, &Slot, &Mutex<Lane>)> = Vec::new();
        for slot in &slots {
            for lane in &slot.lanes {
                if let Ok(held) = lane.try_lock()
                    && held.counted > 0
                {
                    lanes.push((held.counted, slot, lane));
                }
            }
        }
        lanes.sort_by_key(|(counted, ..)| std::cmp::Reverse(*counted));
        for (_, slot, lane) in lanes {
            if self.used.load(Ordering::Relaxed) <= self.spec.budget / 4 * 3 {
                break;
            }
            if let Ok(lane) = lane.try_lock() {
                self.let_go(slot, lane).await?;
            }
        }
        Ok(())
    }

    async fn let_go(&self, slot: &Slot, mut lane: MutexGuard<'_, Lane>) -> Result<(), DataFusionError> {
        self.write_pending(slot, &mut lane).await?;
        match &mut lane.file {
            Some(file) if file.memory() >= PART => {
                file.flush().await.map_err(|cause| self.fail(file.url(), cause))?;
            }
            _ => self.close(&mut lane).await?,
        }
        self.count(&mut lane);
        Ok(())
    }

    fn all_slots(&self) -> Vec<Arc<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ends all files, `width` at a time.
    pub(super) async fn finish(self: &Arc<Self>, width: usize) -> Result<(), DataFusionError> {
        let mut tasks = JoinSet::new();
        let slots = Arc::new(Lock::new(self.all_slots()));
        for _ in 0..width {
            let (this, slots) = (Arc::clone(self), Arc::clone(&slots));
            tasks.spawn(async move {
                loop {
                    let next = slots.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(slot) = next else { return Ok(()) };
                    this.unite(&slot).await;
                    for lane in &slot.lanes {
                        let mut lane = lane.lock().await;
                        this.write_pending(&slot, &mut lane).await?;
                        this.close(&mut lane).await?;
                        this.count(&mut lane);
                    }
                }
            });
        }
        all(&mut tasks).await
    }

    /// Puts into one lane what lanes without a file hold: a few rows each would be as many small files.
    async fn unite(&self, slot: &Slot) {
        if self.spec.files.is_some() {
            return;
        }
        let mut rest = Vec::new();
        for lane in slot.lanes.iter().skip(1) {
            let mut lane = lane.lock().await;
            if lane.file.is_none() {
                rest.append(&mut lane.pending);
                (lane.pending_rows, lane.pending_bytes) = (0, 0);
                self.count(&mut lane);
            }
        }
        if let Some(first) = slot.lanes.first() {
            first.lock().await.pending.append(&mut rest);
        }
    }

    /// Takes back the files that are not ended.
    pub(super) async fn abort(&self) {
        for slot in self.all_slots() {
            for lane in &slot.lanes {
                if let Some(file) = lane.lock().await.file.take() {
                    file.abort().await;
                }
            }
        }
    }

    /// What was written.
    pub(super) fn output(&self) -> Output {
        let mut files = self.finished.lock().unwrap_or_else(PoisonError::into_inner).clone();
        files.sort();
        let fields = self.layout.partition.iter().map(|at| self.layout.schema.field(*at).clone());
        Output {
            target: self.spec.node.clone(),
            folder: self.spec.folder.to_string(),
            rows: files.iter().map(|file| file.rows).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            partitions: self
                .all_slots()
                .iter()
                .filter(|slot| !slot.values.is_empty())
                .map(|slot| slot.values.clone())
                .collect(),
            files,
            schema: Arc::clone(&self.layout.file_schema),
            partition_schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        }
    }
}

/// The batch without the rest of the buffers from which its text was taken.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::Field;
    use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
    use object_store::memory::InMemory;

    use super::*;
    use crate::location::Location;
    use crate::plan::{Compression, CsvWriting, Format};

    #[test]
    fn streams_gather_as_much_however_many_files_there_shall_be() {
        let slots = |files| {
            let spec = SinkSpec {
                node: "n".to_owned(),
                store: Arc::new(InMemory::new()),
                folder: Location::parse("s3://b/w/").unwrap(),
                format: Format::Csv,
                compression: Compression::None,
                csv: CsvWriting::default(),
                partition_keys: vec![],
                prefix: String::new(),
                id: String::new(),
                files,
                target_bytes: u64::MAX,
                statistics: None,
                budget: 64 << 20,
            };
            let schema = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
            let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
            let reservation = MemoryConsumer::new("sink").register(&pool);
            Slots::new(spec, Arc::new(Layout::new(&schema, &[]).unwrap()), 2, reservation)
        };
        for (files, lanes) in [(None, 2), (Some(1), 1), (Some(200), 200)] {
            let slots = slots(files);
            assert_eq!((slots.gather_bytes(), slots.slot(vec![]).lanes.len()), (16 << 20, lanes));
        }
    }
}
