//! Iceberg tables as sources: snapshots, partitions and deletes as the format defines them.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::{MemTable, TableType};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::expr::Predicate;
use iceberg::scan::FileScanTask;
use iceberg::spec::{
    DataFileFormat, ManifestContentType, ManifestStatus, Operation, Schema as IcebergSchema, TableMetadata,
};
use iceberg::table::Table;

use super::pushdown;
use crate::bookmark::Mark;
use crate::environment::Environment;
use crate::error::{FileError, NodeError};
use crate::lake::columns::{engine_type, read_column};
use crate::lake::iceberg::{Opened, open, told};
use crate::leaf::{Leaf, LeafExec, Queue};
use crate::plan::{IcebergSource, IcebergVersion};

/// Bytes of a file that one stream reads at a time.
const SPLIT: u64 = 128 << 20;

/// Opens the table that a source names.
///
/// # Errors
/// The table is missing, is none of Iceberg's, or has no such snapshot.
pub(crate) async fn iceberg_table(
    environment: &Environment,
    node: &str,
    source: &IcebergSource,
    mark: Option<&Mark<'_>>,
) -> Result<Arc<dyn TableProvider>> {
    let IcebergSource { database, table: name, at } = source;
    let wrong = |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
    let entry = environment.catalog.get_table(database, name).await.map_err(wrong)?;
    let entry = entry.ok_or_else(|| wrong("it was not found".to_owned()))?;
    let Opened { table, .. } = open(environment, node, entry).await?;
    match mark.filter(|_| *at == IcebergVersion::Current) {
        None => provider(node, table, at).map_err(|message| wrong(message).into()),
        Some(mark) => since_provider(node, table, mark).await,
    }
}

/// The rows of files that the job has not read yet, by its bookmark: that keeps the last snapshot that was read.
///
/// # Errors
/// The bookmark cannot be read or written, or the table does not know the snapshot that it keeps.
pub(crate) async fn since_provider(
    node: &str,
    table: Table,
    mark: &Mark<'_>,
) -> Result<Arc<dyn TableProvider>> {
    let name = table.identifier().to_string();
    let wrong = |message: String| NodeError::new(node, format!("table `{name}`: {message}"));
    let documents = mark.documents();
    let kept = |document: Option<&str>| snapshot_of(document).map_err(wrong);
    let (after, until) = (kept(documents.after.as_deref())?, kept(documents.until.as_deref())?);
    let until = until.or(table.metadata().current_snapshot_id());
    let Some(until) = until else {
        return provider(node, table, &IcebergVersion::Current).map_err(|message| wrong(message).into());
    };
    let only = match after {
        None => None,
        Some(after) => Some(Arc::new(added_files(node, &table, after, until).await?)),
    };
    let columns = Arc::clone(table.metadata().current_schema());
    let schema = Arc::new(engine_schema(&columns).map_err(wrong)?);
    mark.keep(serde_json::json!({ SNAPSHOT: until }).to_string()).await?;
    // Conditions are looked up in the schema of the snapshot, which may be another.
    let known = table.metadata().snapshot_by_id(until).and_then(|snapshot| snapshot.schema_id());
    let judges = known.is_none_or(|known| known == columns.schema_id());
    Ok(Arc::new(IcebergTable { node: node.into(), table, snapshot: until, columns, judges, only, schema }))
}

/// Under which name a bookmark keeps a snapshot.
const SNAPSHOT: &str = "IcebergSnapshotId";

/// The snapshot that a bookmark keeps. Another's document is an error: taken for none, all would be read once more.
fn snapshot_of(document: Option<&str>) -> Result<Option<i64>, String> {
    let Some(text) = document else { return Ok(None) };
    let found = serde_json::from_str::<serde_json::Value>(text).ok();
    let snapshot = found.and_then(|found| found.get(SNAPSHOT)?.as_i64());
    snapshot.map(Some).ok_or_else(|| "the job's bookmark is not one of an Iceberg table: reset it".to_owned())
}

/// The files that were added after one snapshot, up to another. Those that only hold rows that were there before, of
/// compactions, are not among them.
async fn added_files(node: &str, table: &Table, after: i64, until: i64) -> Result<HashSet<String>> {
    let (metadata, mut found) = (table.metadata(), HashSet::new());
    let failed = |error: iceberg::Error| told(node, &error);
    let mut next = Some(until);
    while let Some(id) = next.filter(|id| *id != after) {
        let Some(snapshot) = metadata.snapshot_by_id(id) else {
            next = None;
            break;
        };
        next = snapshot.parent_snapshot_id();
        if snapshot.summary().operation == Operation::Replace {
            continue;
        }
        let list = table.manifest_list_reader(snapshot).load().await.map_err(failed)?;
        let new = list.entries().iter();
        let new = new.filter(|manifest| {
            manifest.added_snapshot_id == id && manifest.content == ManifestContentType::Data
        });
        for manifest in new {
            let entries = manifest.load_manifest(table.file_io()).await.map_err(failed)?;
            let added = entries.entries().iter().filter(|entry| {
                entry.status() == ManifestStatus::Added && entry.snapshot_id().is_none_or(|of| of == id)
            });
            found.extend(added.map(|entry| entry.file_path().to_owned()));
        }
    }
    if next != Some(after) {
        let message = format!(
            "table `{}`: the snapshot {after}, up to which the bookmark has read, is no ancestor of the snapshot \
             {until} any more. Reset the job bookmark to read the whole table",
            table.identifier()
        );
        return Err(NodeError::new(node, message).into());
    }
    Ok(found)
}

/// A snapshot of an opened table.
///
/// # Errors
/// There is no such snapshot, or a column is of a type that the engine does not hold.
pub(crate) fn provider(
    node: &str,
    table: Table,
    at: &IcebergVersion,
) -> Result<Arc<dyn TableProvider>, String> {
    let metadata = table.metadata();
    let snapshot = match at {
        IcebergVersion::Current => metadata.current_snapshot_id(),
        other => Some(snapshot_at(metadata, other)?),
    };
    // The current snapshot is read in the current schema, an older one in its own.
    let known = snapshot.filter(|_| *at != IcebergVersion::Current);
    let columns = match known.and_then(|id| metadata.snapshot_by_id(id)) {
        Some(snapshot) => snapshot.schema(metadata).map_err(|error| error.message().to_owned())?,
        None => Arc::clone(metadata.current_schema()),
    };
    let schema = Arc::new(engine_schema(&columns)?);
    let Some(snapshot) = snapshot else {
        let empty = MemTable::try_new(schema, vec![vec![]]).map_err(|error| error.strip_backtrace())?;
        return Ok(Arc::new(empty));
    };
    let found = metadata.snapshot_by_id(snapshot).and_then(|snapshot| snapshot.schema_id());
    let judges = found.is_none_or(|found| found == columns.schema_id());
    Ok(Arc::new(IcebergTable { node: node.into(), table, snapshot, columns, judges, only: None, schema }))
}

fn engine_schema(schema: &IcebergSchema) -> Result<Schema, String> {
    let fields = schema.as_struct().fields().iter();
    let fields: Vec<Field> = fields
        .map(|field| {
            let of = engine_type(&field.field_type);
            let of = of.map_err(|error| format!("the column `{}`: {error}", field.name))?;
            Ok(Field::new(&field.name, of, true))
        })
        .collect::<Result<_, String>>()?;
    Ok(Schema::new(fields))
}

/// The snapshot that a source asks for, other than the current one.
fn snapshot_at(metadata: &TableMetadata, at: &IcebergVersion) -> Result<i64, String> {
    match at {
        IcebergVersion::Current => {
            metadata.current_snapshot_id().ok_or_else(|| "it has no snapshot".to_owned())
        }
        IcebergVersion::Snapshot(id) => metadata
            .snapshot_by_id(*id)
            .map(|snapshot| snapshot.snapshot_id())
            .ok_or_else(|| format!("it has no snapshot with the id {id}")),
        IcebergVersion::Time(time) => {
            let mut before = metadata.history().iter().filter(|entry| entry.timestamp_ms() <= *time);
            let last = before.next_back().map(|entry| entry.snapshot_id);
            last.ok_or_else(|| format!("it has no snapshot that is as old as {time} ms since 1970"))
        }
        IcebergVersion::Reference(name) => metadata
            .snapshot_for_ref(name)
            .map(|snapshot| snapshot.snapshot_id())
            .ok_or_else(|| format!("it has no branch or tag `{name}`")),
    }
}

/// A snapshot of a table.
struct IcebergTable {
    node: Arc<str>,
    table: Table,
    snapshot: i64,
    columns: Arc<IcebergSchema>,
    /// Whether the snapshot is of the schema that is read: conditions are looked up in the snapshot's.
    judges: bool,
    /// The files to read, if not all are.
    only: Option<Arc<HashSet<String>>>,
    schema: SchemaRef,
}

impl fmt::Debug for IcebergTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IcebergTable").field("node", &self.node).finish_non_exhaustive()
    }
}

impl IcebergTable {
    fn condition(&self, filter: &Expr) -> Option<Predicate> {
        pushdown::predicate(filter, &self.columns).filter(|_| self.judges)
    }

    /// The files, or parts of them, that may hold rows that meet the predicate.
    async fn tasks(&self, ids: &[i32], filter: Option<Predicate>) -> Result<Vec<FileScanTask>> {
        let failed = |error: iceberg::Error| told(&self.node, &error);
        let mut scan = self.table.scan().snapshot_id(self.snapshot).select_empty();
        if let Some(filter) = filter {
            scan = scan.with_filter(filter);
        }
        let found = scan.build().map_err(failed)?.plan_files().await.map_err(failed)?;
        let mut tasks = Vec::new();
        let mut found = std::pin::pin!(found);
        while let Some(mut task) = found.try_next().await.map_err(failed)? {
            if self.only.as_ref().is_some_and(|only| !only.contains(&task.data_file_path)) {
                continue;
            }
            if task.data_file_format != DataFileFormat::Parquet {
                let cause = format!(
                    "data files of the format `{}` are not supported in Iceberg tables",
                    task.data_file_format
                );
                return Err(FileError::new(self.node.as_ref(), &task.data_file_path, cause).into());
            }
            // Columns that are newer than the snapshot are there too, without values.
            task.schema = Arc::clone(&self.columns);
            task.project_field_ids = ids.to_vec();
            tasks.extend(parts(task));
        }
        Ok(tasks)
    }
}

/// A large file in parts. One with deletes stays whole, or each part would read them again.
fn parts(task: FileScanTask) -> Vec<FileScanTask> {
    let whole = task.file_size_in_bytes;
    if !task.deletes.is_empty() || task.start != 0 || task.length != whole || whole < 2 * SPLIT {
        return vec![task];
    }
    let starts = (0..whole.div_ceil(SPLIT)).map(|number| number * SPLIT);
    starts
        .map(|start| FileScanTask {
            start,
            length: SPLIT.min(whole - start),
            record_count: task.record_count.map(|rows| rows * SPLIT.min(whole - start) / whole),
            ..task.clone()
        })
        .collect()
}

#[async_trait]
impl TableProvider for IcebergTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let told = |filter: &&Expr| match self.condition(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(told).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let fields = self.columns.as_struct().fields();
        let ids: Vec<i32> = columns.iter().filter_map(|at| fields.get(*at)).map(|field| field.id).collect();
        let filter = filters.iter().filter_map(|filter| self.condition(filter)).reduce(Predicate::and);
        let filtered = filter.is_some();
        let files = Queue::new(self.tasks(&ids, filter).await?);
        let streams = files.streams(state.config().target_partitions());
        let scan = Scan { node: Arc::clone(&self.node), table: self.table.clone(), schema, filtered };
        Ok(Arc::new(LeafExec::new(IcebergScan { scan: Arc::new(scan), files }, streams)))
    }
}

struct Scan {
    node: Arc<str>,
    table: Table,
    schema: SchemaRef,
    filtered: bool,
}

impl Scan {
    fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let failed = |error: String| NodeError::new(self.node.as_ref(), error);
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| read_column(column, field.data_type()).map_err(failed))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// Reads the files of a snapshot.
struct IcebergScan {
    scan: Arc<Scan>,
    files: Queue<FileScanTask>,
}

impl Leaf for IcebergScan {
    const NAME: &'static str = "IcebergScan";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.scan.schema)
    }

    fn told(&self) -> String {
        format!("node={}, files={}", self.scan.node, self.files.all().len())
    }

    fn again(&self) -> Option<Self> {
        Some(Self { scan: Arc::clone(&self.scan), files: self.files.again() })
    }

    fn rows(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let tasks = stream::iter(self.files.taken()).map(Ok).boxed();
        let reader = self
            .scan
            .table
            .reader_builder()
            .with_batch_size(context.session_config().batch_size())
            .with_data_file_concurrency_limit(1)
            .build();
        let failed = |node: &str, error: iceberg::Error| told(node, &error);
        let batches = reader.read(tasks).map_err(|error| failed(&self.scan.node, error))?.stream();
        let scan = Arc::clone(&self.scan);
        let batches = batches.map(move |batch| match batch {
            Ok(batch) => scan.convert(&batch),
            Err(error) => Err(failed(&scan.node, error)),
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.scan.schema);
        let tasks = || self.files.all().iter();
        let rows: Option<u64> = tasks().map(|task| task.record_count).sum();
        let rows = rows.and_then(|rows| usize::try_from(rows).ok());
        let bytes = usize::try_from(tasks().map(|task| task.length).sum::<u64>());
        if let (Some(rows), Ok(bytes)) = (rows, bytes) {
            let rows = if self.scan.filtered { rows / 3 } else { rows };
            statistics.num_rows = Precision::Inexact(rows);
            statistics.total_byte_size = Precision::Inexact(bytes * 3);
        }
        statistics
    }
}
