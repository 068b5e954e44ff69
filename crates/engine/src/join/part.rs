//! Inputs of the plans that a join makes for one of its partitions.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Rest, weight};

fn properties(schema: SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

/// One partition of a plan, begun when its first row is asked for.
pub(super) struct Lazy {
    input: Arc<dyn ExecutionPlan>,
    partition: usize,
    kept: Arc<Mutex<Option<Vec<RecordBatch>>>>,
    properties: Arc<PlanProperties>,
}

impl Lazy {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, partition: usize) -> Arc<Self> {
        let properties = properties(input.schema());
        Arc::new(Self { input, partition, kept: Arc::default(), properties })
    }

    /// Keeps the other side's rows as long as no row of this one has been asked for.
    pub(super) fn keep(&self, rows: Vec<RecordBatch>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows);
    }

    /// The other side's rows; none once a row of this one has been asked for.
    pub(super) fn take_kept(&self) -> Option<Vec<RecordBatch>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Rows that were read already, and those that follow them; they can be read once.
pub(super) struct Held {
    rows: Mutex<Option<(Vec<RecordBatch>, Option<Rest>)>>,
    properties: Arc<PlanProperties>,
}

impl Held {
    pub(super) fn new(schema: SchemaRef, rows: Vec<RecordBatch>, rest: Option<Rest>) -> Arc<Self> {
        Arc::new(Self { rows: Mutex::new(Some((rows, rest))), properties: properties(schema) })
    }
}

macro_rules! leaf {
    ($of:ident, |$this:ident, $context:ident| $execute:block) => {
        impl fmt::Debug for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($of))
            }
        }

        impl DisplayAs for $of {
            fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($of))
            }
        }

        impl ExecutionPlan for $of {
            fn name(&self) -> &'static str {
                stringify!($of)
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

            fn with_new_children(
                self: Arc<Self>,
                _: Vec<Arc<dyn ExecutionPlan>>,
            ) -> Result<Arc<dyn ExecutionPlan>> {
                Ok(self)
            }

            fn execute(&self, _: usize, $context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
                let $this = self;
                $execute
            }
        }
    };
}

leaf!(Lazy, |this, context| {
    let (input, partition, kept) = (Arc::clone(&this.input), this.partition, Arc::clone(&this.kept));
    let rows = async move {
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
        input.execute(partition, context)
    };
    let schema = this.input.schema();
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(rows).try_flatten())))
});

leaf!(Held, |this, _context| {
    let taken = this.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (rows, rest) =
        taken.ok_or_else(|| DataFusionError::Internal("rows of a join are read twice".to_owned()))?;
    let (rest, reservation) = rest.unzip();
    // Whoever takes a batch reserves it himself.
    let first = stream::iter(rows).map(move |batch| {
        if let Some(reservation) = &reservation {
            reservation.shrink(weight(&batch).min(reservation.size()));
        }
        Ok(batch)
    });
    let rest = stream::iter(rest).flatten();
    let schema = Arc::clone(this.properties.eq_properties.schema());
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, first.chain(rest))))
});
