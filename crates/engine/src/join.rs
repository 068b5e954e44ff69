//! Joins in bounded memory.
//!
//! DataFusion's hash join keeps one side in memory and fails if that does not fit; its sort-merge join spills but sorts
//! both sides always. Which of the two is right shows only at work, so the choice is made then.

mod part;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericByteViewArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{ByteViewType, DataType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{self, Column};
use datafusion::physical_expr::projection::{ProjectionExpr, ProjectionExprs};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode, SortMergeJoinExec};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::leaf::LeafExec;
use part::{Held, Lazy};

/// What a hash table needs beside the rows themselves, in bytes a row: its entries, at most half full, and the chains.
const TABLE_ROW: usize = 32;

/// The metric that counts the partitions which did not fit.
const MERGES: &str = "merges";

/// Bytes of buffers that a column may hold in vain.
const WASTE: usize = 16 << 10;

/// Lets joins go over to the disk.
#[derive(Debug)]
pub(crate) struct SpillJoins;

impl PhysicalOptimizerRule for SpillJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(match plan.as_any().downcast_ref::<HashJoinExec>() {
                Some(join) if spills(join) => Transformed::yes(Arc::new(SpillJoinExec::new(join)?) as _),
                _ => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "spill_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether each partition of the join can be worked out on its own. The planner collects one side for all partitions
/// only if it knows that side to be small.
fn spills(join: &HashJoinExec) -> bool {
    let alone = join.right().output_partitioning().partition_count() == 1;
    let columns = join.on().iter().all(|(left, right)| is_column(left) && is_column(right));
    columns && !join.null_aware && (join.mode == PartitionMode::Partitioned || alone)
}

fn is_column(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.as_any().is::<Column>()
}

/// A hash join that sorts and merges if its build side does not fit into memory.
#[derive(Debug)]
struct SpillJoinExec {
    /// Without a dynamic filter: that would come from one partition and hide rows of the others.
    join: HashJoinExec,
    metrics: ExecutionPlanMetricsSet,
}

impl SpillJoinExec {
    fn new(join: &HashJoinExec) -> Result<Self> {
        let join = hash(join, Arc::clone(join.left()), Arc::clone(join.right()), join.mode)?;
        Ok(Self { join, metrics: ExecutionPlanMetricsSet::new() })
    }
}

fn hash(
    like: &HashJoinExec,
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    mode: PartitionMode,
) -> Result<HashJoinExec> {
    HashJoinExec::try_new(
        left,
        right,
        like.on().to_vec(),
        like.filter().cloned(),
        like.join_type(),
        like.projection.as_ref().map(|columns| columns.to_vec()),
        mode,
        like.null_equality(),
        like.null_aware,
    )
}

impl DisplayAs for SpillJoinExec {
    fn fmt_as(&self, of: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpillJoinExec: ")?;
        self.join.fmt_as(of, f)
    }
}

impl ExecutionPlan for SpillJoinExec {
    fn name(&self) -> &'static str {
        "SpillJoinExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.join.required_input_distribution()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [left, right] = children.as_slice() else {
            return Err(DataFusionError::Internal("a join has two inputs".to_owned()));
        };
        let join = hash(&self.join, Arc::clone(left), Arc::clone(right), self.join.mode)?;
        Ok(Arc::new(Self { join, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let left = Arc::clone(self.join.left());
        let right = Lazy::plan(Arc::clone(self.join.right()), partition);
        let like = hash(&self.join, Arc::clone(&left), Arc::clone(self.join.right()), self.join.mode)?;
        let merges = MetricBuilder::new(&self.metrics).counter(MERGES, partition);
        let rows = async move {
            let left = left.execute(partition, Arc::clone(&context))?;
            join(&like, left, right, context, merges).await
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream::once(rows).try_flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Joins one partition: by hash if the left side fits into memory, else by sorting.
async fn join(
    like: &HashJoinExec,
    left: SendableRecordBatchStream,
    right: Arc<LeafExec<Lazy>>,
    context: Arc<TaskContext>,
    merges: Count,
) -> Result<SendableRecordBatchStream> {
    let schema = left.schema();
    let size = context.session_config().batch_size();
    let mut left = compact(left, size);
    let reservation =
        MemoryConsumer::new("rows of a join").with_can_spill(true).register(context.memory_pool());
    let mut held = Vec::new();
    let mut fits = true;
    while let Some(batch) = left.next().await {
        let batch = batch?;
        fits = reservation.try_grow(weight(&batch)).is_ok();
        held.push(batch);
        if !fits {
            break;
        }
    }
    if !fits {
        merges.add(1);
        return merge(like, Held::plan(schema, held, Some((left, reservation))), right, context);
    }
    // The join reserves what it holds itself.
    drop(reservation);
    right.leaf().keep(held.clone());
    let build = Held::plan(Arc::clone(&schema), held, None);
    let hashed = hash(like, build, Arc::clone(&right) as _, PartitionMode::CollectLeft)?;
    let mut rows = hashed.execute(0, Arc::clone(&context))?;
    let first = rows.next().await;
    // Another operator may have been faster to take what was free a moment ago.
    if let Some(Err(DataFusionError::ResourcesExhausted(_))) = &first
        && let Some(held) = right.leaf().take_kept()
    {
        drop(rows);
        merges.add(1);
        return merge(like, Held::plan(schema, held, None), right, context);
    }
    let schema = rows.schema();
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(first).chain(rows))))
}

/// Sorts both sides by the keys and merges them.
fn merge(
    like: &HashJoinExec,
    left: Arc<LeafExec<Held>>,
    right: Arc<LeafExec<Lazy>>,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let (left_keys, right_keys): (Vec<_>, Vec<_>) = like.on().iter().cloned().unzip();
    let unreserved = MemoryConsumer::new("rows of a join").register(context.memory_pool());
    let right = compact(right.execute(0, Arc::clone(&context))?, context.session_config().batch_size());
    let right = Held::plan(right.schema(), vec![], Some((right, unreserved)));
    let orders = vec![Default::default(); like.on().len()];
    let merged = SortMergeJoinExec::try_new(
        sorted(left, left_keys)?,
        sorted(right, right_keys)?,
        like.on().to_vec(),
        like.filter().cloned(),
        *like.join_type(),
        orders,
        like.null_equality(),
    )?;
    let merged: Arc<dyn ExecutionPlan> = match &like.projection {
        None => Arc::new(merged),
        Some(columns) => {
            let merged: Arc<dyn ExecutionPlan> = Arc::new(merged);
            let kept = ProjectionExprs::from_indices(columns, &merged.schema());
            Arc::new(ProjectionExec::try_new(kept.iter().cloned(), merged)?)
        }
    };
    merged.execute(0, context)
}

/// The rows in the order of the keys, which are columns.
fn sorted(input: Arc<dyn ExecutionPlan>, keys: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn ExecutionPlan>> {
    let order = keys.into_iter().map(|expr| PhysicalSortExpr { expr, options: Default::default() });
    let order = LexOrdering::new(order)
        .ok_or_else(|| DataFusionError::Internal("a join by hash has keys".to_owned()))?;
    let schema = input.schema();
    let plain = cast(input, |at| plain_type(schema.field(at).data_type()))?;
    cast(Arc::new(SortExec::new(order, plain)), |at| schema.field(at).data_type().clone())
}

/// The type without views. A sort cuts its rows into batches which, of views, hold all that they were cut from: it would
/// count that many times over, and so would whoever reads them back.
fn plain_type(from: &DataType) -> DataType {
    match from {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// The plan with its columns in other types.
fn cast(input: Arc<dyn ExecutionPlan>, to: impl Fn(usize) -> DataType) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = input.schema();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let column = Arc::new(Column::new(field.name(), at));
        let expr = expressions::cast(column, &schema, to(at))?;
        Ok(ProjectionExpr::new(expr, field.name()))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, input)?))
}

/// Bytes that a batch takes on the build side of a hash join.
fn weight(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size() + batch.num_rows() * TABLE_ROW
}

/// The rows in batches of at most so many with buffers of their own: operators that keep rows keep, and count, all that a
/// batch holds.
fn compact(rows: SendableRecordBatchStream, size: usize) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let compacted = rows.map_ok(move |batch| stream::iter(pieces(batch, size))).try_flatten();
    Box::pin(RecordBatchStreamAdapter::new(schema, compacted))
}

fn pieces(batch: RecordBatch, size: usize) -> impl Iterator<Item = Result<RecordBatch>> {
    let rows = batch.num_rows();
    (0..rows).step_by(size).map(move |first| {
        let piece = batch.slice(first, size.min(rows - first));
        let columns = piece.columns().iter().map(own_buffers).collect::<Result<_>>()?;
        Ok(RecordBatch::try_new(piece.schema(), columns)?)
    })
}

fn own_buffers(column: &ArrayRef) -> Result<ArrayRef> {
    if let Some(text) = column.as_string_view_opt() {
        return Ok(if is_wasteful(text) { Arc::new(text.gc()) } else { Arc::clone(column) });
    }
    if let Some(bytes) = column.as_binary_view_opt() {
        return Ok(if is_wasteful(bytes) { Arc::new(bytes.gc()) } else { Arc::clone(column) });
    }
    if column.get_array_memory_size() <= 2 * column.to_data().get_slice_memory_size()? + WASTE {
        return Ok(Arc::clone(column));
    }
    let all = UInt64Array::from_iter_values(0..column.len() as u64);
    Ok(take(column, &all, None)?)
}

/// Whether most of what a column of views holds is not its own.
fn is_wasteful<T: ByteViewType + ?Sized>(column: &GenericByteViewArray<T>) -> bool {
    let used = column.total_buffer_bytes_used() + column.len() * size_of::<u128>();
    column.get_array_memory_size() > 2 * used + WASTE
}

/// What follows the rows that are held, and what these have reserved.
type Rest = (SendableRecordBatchStream, MemoryReservation);

#[cfg(test)]
mod tests;
