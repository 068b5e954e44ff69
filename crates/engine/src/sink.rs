//! The partitioned sink: rows in, files in Hive-style folders out.
//!
//! Each input stream gathers some ten thousand rows, sorts them by partition with one `interleave` per
//! partition, and hands each partition one batch, which its own writer encodes at once: rows that are handed on
//! in their own small batches would cost most of their time in overhead.
//! The streams share the writers, so that a partition is one file however many streams there are.

mod avro;
mod encode;
mod gather;
mod orc;
mod parquet;
mod slots;
mod text;
mod upload;
mod xml;

pub(crate) use upload::Upload;

use std::sync::Arc;

use ::parquet::file::metadata::ParquetMetaData;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use futures::StreamExt;
use object_store::ObjectStore;
use tokio::task::JoinSet;

use crate::cast::cast_array;
use crate::location::Location;
use crate::plan::{Compression, CsvWriting, Format};

/// Files that are ended at once: the store takes its time to make each durable.
const ENDING: usize = 8;

/// Where and how a target writes.
#[derive(Clone)]
pub(crate) struct SinkSpec {
    /// The target's name.
    pub(crate) node: String,
    /// The bucket.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The folder under which everything is written.
    pub(crate) folder: Location,
    /// The format.
    pub(crate) format: Format,
    /// The compression.
    pub(crate) compression: Compression,
    /// How CSV is written.
    pub(crate) csv: CsvWriting,
    /// The columns that become folders.
    pub(crate) partition_keys: Vec<String>,
    /// The beginning of file names: `run-<milliseconds>-part-r-`.
    pub(crate) prefix: String,
    /// The end of file names: an id of the run's.
    pub(crate) id: String,
    /// How many files there shall be, if that is said.
    pub(crate) files: Option<usize>,
    /// Bytes after which a file is closed and the next one begun.
    pub(crate) target_bytes: u64,
    /// Bytes that writers may hold together, about.
    pub(crate) budget: usize,
    /// What is told of the values in each file of Parquet.
    pub(crate) statistics: Option<Statistics>,
}

/// Tells of a file's values, by its columns and its footer.
pub(crate) type Statistics = fn(&Schema, &ParquetMetaData) -> String;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenFile {
    /// Its URL.
    pub url: String,
    /// Its rows.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is told of its values, where the target wants that.
    pub statistics: Option<String>,
}

/// What a target wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The target's name.
    pub target: String,
    /// Its folder's URL.
    pub folder: String,
    /// Its files, in the order of their keys.
    pub files: Vec<WrittenFile>,
    /// The values of each partition written, in the order of their folders.
    pub partitions: Vec<Vec<String>>,
    /// All rows.
    pub rows: u64,
    /// All bytes.
    pub bytes: u64,
    /// The columns inside the files.
    pub schema: SchemaRef,
    /// The columns that became folders.
    pub partition_schema: SchemaRef,
}

/// Runs the plan and writes its rows. `progress` is told how many rows came since it was last told.
///
/// # Errors
/// The plan's own, or the file that could not be written and why. What was begun is taken back.
pub(crate) async fn write(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    spec: SinkSpec,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<Output, DataFusionError> {
    let streams = context.session_config().target_partitions().max(1);
    let found = plan.output_partitioning().partition_count();
    // A single unsorted stream is dealt out, so that one core reads while the others encode.
    let plan = if found < streams && plan.output_ordering().is_none() {
        Arc::new(RepartitionExec::try_new(plan, Partitioning::RoundRobinBatch(streams))?)
    } else {
        plan
    };
    let streams = plan.output_partitioning().partition_count();
    let layout = Arc::new(Layout::new(&plan.schema(), &spec.partition_keys)?);
    let reservation = MemoryConsumer::new("sink").register(context.memory_pool());
    let slots = Arc::new(slots::Slots::new(spec, Arc::clone(&layout), streams, reservation));
    let mut tasks = JoinSet::new();
    for number in 0..streams {
        let stream = plan.execute(number, Arc::clone(&context))?;
        let gatherer = gather::Gatherer::new(Arc::clone(&slots), number)?;
        let (layout, progress) = (Arc::clone(&layout), Arc::clone(&progress));
        tasks.spawn(async move {
            let mut gatherer = gatherer;
            let mut stream = stream;
            while let Some(batch) = stream.next().await {
                let batch = layout.normal(&batch?)?;
                progress(batch.num_rows() as u64);
                gatherer.take(batch).await?;
            }
            gatherer.finish().await
        });
    }
    let worked = all(&mut tasks).await;
    let finished = match worked {
        Ok(()) => slots.finish(streams.max(ENDING)).await,
        Err(error) => Err(error),
    };
    match finished {
        Ok(()) => Ok(slots.output()),
        Err(error) => {
            tasks.shutdown().await;
            slots.abort().await;
            Err(error)
        }
    }
}

/// Waits for all tasks, or for the first that fails.
async fn all(tasks: &mut JoinSet<Result<(), DataFusionError>>) -> Result<(), DataFusionError> {
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| DataFusionError::Execution(format!("a writing task broke off: {error}")))??;
    }
    Ok(())
}

/// Which columns become folders, and in which types the others are written.
pub(crate) struct Layout {
    /// All columns in the types in which they are written.
    pub(crate) schema: SchemaRef,
    /// The indices of the partition columns, in the order of the keys.
    pub(crate) partition: Vec<usize>,
    /// The indices of the others.
    pub(crate) data: Vec<usize>,
    /// The schema of the files.
    pub(crate) file_schema: SchemaRef,
}

impl Layout {
    fn new(schema: &Schema, keys: &[String]) -> Result<Self, DataFusionError> {
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), written_type(field.data_type()), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let partition = keys
            .iter()
            .map(|key| {
                let at = schema.fields().iter().position(|field| field.name() == key);
                at.ok_or_else(|| DataFusionError::Plan(format!("there is no column `{key}` to partition by")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let data: Vec<usize> = (0..schema.fields().len()).filter(|at| !partition.contains(at)).collect();
        if data.is_empty() {
            return Err(DataFusionError::Plan(
                "no column is left to write beside the partition keys".to_owned(),
            ));
        }
        let file_schema = Arc::new(schema.project(&data)?);
        Ok(Self { schema, partition, data, file_schema })
    }

    fn normal(&self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| cast_array(column, field.data_type()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// The type in which values of a type are written: one that the catalog has too.
pub(crate) fn written_type(from: &DataType) -> DataType {
    match from {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Dictionary(_, value) => written_type(value),
        // An instant: what Spark and Hive call a timestamp.
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        other => other.clone(),
    }
}
