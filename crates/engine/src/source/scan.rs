use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use datafusion::scalar::ScalarValue;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::SourceFile;
use super::slices::{self, Framing, Pieces, Slice};
use crate::cast::cast_array;
use crate::error::FileError;

/// Batches of data columns, or why a file cannot be read.
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, String>>;

/// A format of text files.
pub(crate) trait TextFormat: fmt::Debug + Send + Sync {
    /// How records are told apart in the file with the index `file`.
    fn framing(&self, file: usize) -> Framing;

    /// Decodes pieces of the file with the index `file` into batches of `schema`, whose columns are those
    /// of the table with the indices `columns`.
    fn decode(
        &self,
        file: usize,
        pieces: Pieces,
        schema: SchemaRef,
        columns: &[usize],
        rows: usize,
    ) -> Batches;
}

/// A table over text files: its data columns, then its partition columns.
#[derive(Debug)]
pub(crate) struct TextTable {
    node: Arc<str>,
    schema: SchemaRef,
    data_columns: usize,
    files: Vec<Arc<SourceFile>>,
    format: Arc<dyn TextFormat>,
}

impl TextTable {
    /// A table whose first `data_columns` columns are in the files.
    pub(crate) fn new(
        node: &str,
        schema: SchemaRef,
        data_columns: usize,
        files: Vec<SourceFile>,
        format: Arc<dyn TextFormat>,
    ) -> Self {
        let files = files.into_iter().map(Arc::new).collect();
        Self { node: node.into(), schema, data_columns, files, format }
    }
}

#[async_trait]
impl TableProvider for TextTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let queue: VecDeque<Slice> = self
            .files
            .iter()
            .enumerate()
            .flat_map(|(index, file)| slices::slices(index, file, self.format.framing(index)))
            .collect();
        let partitions = queue.len().clamp(1, state.config().target_partitions());
        let inside: Vec<usize> =
            columns.iter().copied().filter(|column| *column < self.data_columns).collect();
        let scan = Scan {
            node: Arc::clone(&self.node),
            schema: Arc::clone(&schema),
            decoded: Arc::new(self.schema.project(&inside)?),
            places: columns
                .iter()
                .map(|column| match inside.iter().position(|found| found == column) {
                    Some(at) => Place::Data(at),
                    None => Place::Partition(column - self.data_columns),
                })
                .collect(),
            inside,
            files: self.files.clone(),
            format: Arc::clone(&self.format),
        };
        Ok(Arc::new(ScanExec::new(Arc::new(scan), queue, partitions)))
    }
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Data(usize),
    Partition(usize),
}

#[derive(Debug)]
struct Scan {
    node: Arc<str>,
    schema: SchemaRef,
    decoded: SchemaRef,
    places: Vec<Place>,
    inside: Vec<usize>,
    files: Vec<Arc<SourceFile>>,
    format: Arc<dyn TextFormat>,
}

impl Scan {
    fn complete(&self, file: &SourceFile, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns = self
            .places
            .iter()
            .zip(self.schema.fields())
            .map(|(place, field)| match place {
                Place::Data(at) => Ok(Arc::clone(batch.column(*at))),
                Place::Partition(at) => partition_array(file.partition.get(*at), field.data_type(), rows),
            })
            .collect::<Result<Vec<ArrayRef>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

fn partition_array(value: Option<&Option<String>>, to: &DataType, rows: usize) -> Result<ArrayRef> {
    let text = ScalarValue::Utf8View(value.cloned().flatten()).to_array_of_size(1)?;
    let typed = cast_array(&text, to)?;
    ScalarValue::try_from_array(&typed, 0)?.to_array_of_size(rows)
}

/// Reads the slices of a table's files; its streams take them from one queue, so that none waits
/// while another has much left.
#[derive(Debug)]
struct ScanExec {
    scan: Arc<Scan>,
    all: VecDeque<Slice>,
    queue: Arc<Mutex<VecDeque<Slice>>>,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    fn new(scan: Arc<Scan>, all: VecDeque<Slice>, partitions: usize) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&scan.schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { scan, queue: Arc::new(Mutex::new(all.clone())), all, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.scan.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(
            f,
            "TextScan: node={}, files={}, slices={}, columns=[{}]",
            self.scan.node,
            self.scan.files.len(),
            self.all.len(),
            names.join(", ")
        )
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "TextScan"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = self.properties.partitioning.partition_count();
        Ok(Arc::new(Self::new(Arc::clone(&self.scan), self.all.clone(), partitions)))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let queue = Arc::clone(&self.queue);
        let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let (scan, rows) = (Arc::clone(&self.scan), context.session_config().batch_size());
        let opener = Arc::clone(&scan);
        let batches = stream::iter(std::iter::from_fn(next))
            .filter_map(move |slice| {
                let file = opener.files.get(slice.file).cloned();
                let framing = opener.format.framing(slice.file);
                async move { file.map(|file| (slice, file, framing)) }
            })
            // The next slice is fetched while this one is decoded.
            .map(move |(slice, file, framing)| async move {
                let index = slice.file;
                let pieces = SpawnedTask::spawn(slices::read(slice, Arc::clone(&file), framing)).await;
                pieces
                    .map(|pieces| (index, file, pieces))
                    .map_err(|error| DataFusionError::Execution(error.to_string()))
            })
            .buffered(2)
            .map_ok(move |(index, file, pieces)| {
                let scan = Arc::clone(&scan);
                let schema = Arc::clone(&scan.decoded);
                let decoded = scan.format.decode(index, pieces, schema, &scan.inside, rows);
                decoded.map(move |batch| match batch {
                    Ok(batch) => scan.complete(&file, &batch),
                    Err(cause) => Err(FileError::new(scan.node.as_ref(), file.url(), cause).into()),
                })
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.scan.schema), batches)))
    }

    fn partition_statistics(&self, _: Option<usize>) -> Result<Statistics> {
        // Sizes let a join keep its smaller side in memory; compressed text is about a quarter.
        let bytes: u64 = self
            .scan
            .files
            .iter()
            .map(|file| if file.codec.is_some() { file.meta.size * 4 } else { file.meta.size })
            .sum();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut statistics = Statistics::new_unknown(&self.scan.schema);
        statistics.num_rows = Precision::Inexact(bytes / 64 + 1);
        statistics.total_byte_size = Precision::Inexact(bytes);
        Ok(statistics)
    }
}

/// The table's schema: `data` columns that no partition column hides, then the partition columns.
/// The second answer are the indices of the kept data columns.
pub(crate) fn with_partitions(data: &Schema, partitions: &[(String, DataType)]) -> (SchemaRef, Vec<usize>) {
    let hidden = |name: &str| partitions.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    let kept: Vec<usize> = (0..data.fields().len()).filter(|at| !hidden(data.field(*at).name())).collect();
    let mut fields: Vec<FieldRef> = kept.iter().filter_map(|at| data.fields().get(*at).cloned()).collect();
    fields.extend(partitions.iter().map(|(name, of)| Arc::new(Field::new(name, of.clone(), true))));
    (Arc::new(Schema::new(fields)), kept)
}
