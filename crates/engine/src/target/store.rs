//! Rows on their way into a table that says by itself how they are stored.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::StreamExt;

/// Makes of a batch the one that is stored.
pub(super) type Storing = Arc<dyn Fn(&RecordBatch) -> Result<Vec<ArrayRef>, DataFusionError> + Send + Sync>;

/// Stored rows of another plan.
pub(super) struct StoreExec {
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    storing: Storing,
    properties: Arc<PlanProperties>,
}

impl StoreExec {
    /// Rows of `input` as rows of `schema`.
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, storing: Storing) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, schema, storing, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for StoreExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreExec").finish_non_exhaustive()
    }
}

impl DisplayAs for StoreExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl ExecutionPlan for StoreExec {
    fn name(&self) -> &'static str {
        "Store"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, Arc::clone(&self.schema), Arc::clone(&self.storing))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, storing) = (Arc::clone(&self.schema), Arc::clone(&self.storing));
        let batches = self.input.execute(partition, context)?.map(move |batch| {
            let columns = storing(&batch?)?;
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}
