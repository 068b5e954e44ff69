use std::any::Any;
use std::fmt;
use std::sync::Arc;

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
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::SourceFile;
use super::slices::{self, Framing, Pieces, Slice};
use crate::cast::cast_array;
use crate::error::FileError;
use crate::error_rows::{ErrorRows, Rejects};
use crate::leaf::{Leaf, LeafExec, Queue};

/// Batches of data columns, or why a file cannot be read.
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, String>>;

/// One slice of a file, to be decoded.
pub(crate) struct Work {
    /// The file.
    pub(crate) file: Arc<SourceFile>,
    /// Which part of which file of the table it is.
    pub(crate) slice: Slice,
    /// Its bytes; none where the format reads them itself.
    pub(crate) pieces: Pieces,
    /// The columns wanted.
    pub(crate) schema: SchemaRef,
    /// Their indices in the table.
    pub(crate) columns: Arc<[usize]>,
    /// The most rows of a batch.
    pub(crate) rows: usize,
    /// Where records go that cannot be read; they are errors if it is missing.
    pub(crate) rejects: Option<Rejects>,
}

/// A format of files.
pub(crate) trait FileFormat: fmt::Debug + Send + Sync {
    /// How records are told apart in the file with the index `file`.
    fn framing(&self, file: usize) -> Framing;

    /// The parts of a file that are read side by side.
    fn slices(&self, index: usize, file: &SourceFile) -> Vec<Slice> {
        slices::slices(index, file, self.framing(index))
    }

    /// Decodes a slice into batches of the schema of the work.
    fn decode(&self, work: Work) -> Batches;
}

/// A table over files: its data columns, then its partition columns.
#[derive(Debug, Clone)]
pub(crate) struct FileTable {
    node: Arc<str>,
    schema: SchemaRef,
    data_columns: usize,
    files: Vec<Arc<SourceFile>>,
    format: Arc<dyn FileFormat>,
    errors: Option<Arc<ErrorRows>>,
    whole: bool,
}

impl FileTable {
    /// A table whose first `data_columns` columns are in the files.
    pub(crate) fn new(
        node: &str,
        schema: SchemaRef,
        data_columns: usize,
        files: Vec<SourceFile>,
        format: Arc<dyn FileFormat>,
    ) -> Self {
        let files = files.into_iter().map(Arc::new).collect();
        Self { node: node.into(), schema, data_columns, files, format, errors: None, whole: false }
    }

    /// The same table, whose records that cannot be read go to `errors`, if there are any.
    pub(crate) fn rejecting(self, errors: Option<Arc<ErrorRows>>) -> Self {
        Self { errors, ..self }
    }

    /// The same table, which puts aside the same records whichever columns a plan takes up.
    pub(crate) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }
}

#[async_trait]
impl TableProvider for FileTable {
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
        let files = self.files.iter().enumerate();
        let slices: Vec<Slice> = files.flat_map(|(index, file)| self.format.slices(index, file)).collect();
        let slices = Queue::new(slices);
        let streams = slices.streams(state.config().target_partitions());
        let inside: Vec<usize> = if self.whole && self.errors.is_some() {
            (0..self.data_columns).collect()
        } else {
            columns.iter().copied().filter(|column| *column < self.data_columns).collect()
        };
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
            inside: inside.into(),
            files: self.files.clone(),
            format: Arc::clone(&self.format),
            errors: self.errors.clone(),
        };
        Ok(Arc::new(LeafExec::new(FileScan { scan: Arc::new(scan), slices }, streams)))
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
    inside: Arc<[usize]>,
    files: Vec<Arc<SourceFile>>,
    format: Arc<dyn FileFormat>,
    errors: Option<Arc<ErrorRows>>,
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

/// Reads the slices of a table's files.
struct FileScan {
    scan: Arc<Scan>,
    slices: Queue<Slice>,
}

impl Leaf for FileScan {
    const NAME: &'static str = "FileScan";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.scan.schema)
    }

    fn told(&self) -> String {
        let names: Vec<&str> = self.scan.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let (node, files, slices) = (&self.scan.node, self.scan.files.len(), self.slices.all().len());
        format!("node={node}, files={files}, slices={slices}, columns=[{}]", names.join(", "))
    }

    fn again(&self) -> Option<Self> {
        Some(Self { scan: Arc::clone(&self.scan), slices: self.slices.again() })
    }

    fn rows(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (scan, rows) = (Arc::clone(&self.scan), context.session_config().batch_size());
        let opener = Arc::clone(&scan);
        let batches = stream::iter(self.slices.taken())
            .filter_map(move |slice| {
                let file = opener.files.get(slice.file).cloned();
                let framing = opener.format.framing(slice.file);
                async move { file.map(|file| (slice, file, framing)) }
            })
            // The next slice is fetched while this one is decoded.
            .map(move |(slice, file, framing)| async move {
                let pieces =
                    SpawnedTask::spawn(slices::read(slice.clone(), Arc::clone(&file), framing)).await;
                pieces
                    .map(|pieces| (slice, file, pieces))
                    .map_err(|error| DataFusionError::Execution(error.to_string()))
            })
            .buffered(2)
            .map_ok(move |(slice, file, pieces)| {
                let scan = Arc::clone(&scan);
                let (schema, columns) = (Arc::clone(&scan.decoded), Arc::clone(&scan.inside));
                let errors = scan.errors.as_ref();
                let rejects = errors.map(|errors| Rejects::new(errors, &scan.node, &file));
                let file_of = Arc::clone(&file);
                let work = Work { file: file_of, slice, pieces, schema, columns, rows, rejects };
                scan.format.decode(work).map(move |batch| match batch {
                    Ok(batch) => scan.complete(&file, &batch),
                    Err(cause) => Err(FileError::new(scan.node.as_ref(), file.url(), cause).into()),
                })
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn statistics(&self) -> Statistics {
        // Sizes let a join keep its smaller side in memory; compressed text is about a quarter.
        let sizes = self.scan.files.iter();
        let bytes: u64 =
            sizes.map(|file| if file.codec.is_some() { file.meta.size * 4 } else { file.meta.size }).sum();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut statistics = Statistics::new_unknown(&self.scan.schema);
        statistics.num_rows = Precision::Inexact(bytes / 64 + 1);
        statistics.total_byte_size = Precision::Inexact(bytes);
        statistics
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
