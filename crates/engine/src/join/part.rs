//! Inputs of the plans that a join makes for one of its partitions.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Rest, weight};
use crate::leaf::{Leaf, LeafExec};

/// One partition of a plan, begun when its first row is asked for.
pub(super) struct Lazy {
    input: Arc<dyn ExecutionPlan>,
    partition: usize,
    kept: Arc<Mutex<Option<Vec<RecordBatch>>>>,
}

impl Lazy {
    pub(super) fn plan(input: Arc<dyn ExecutionPlan>, partition: usize) -> Arc<LeafExec<Self>> {
        Arc::new(LeafExec::new(Self { input, partition, kept: Arc::default() }, 1))
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

impl Leaf for Lazy {
    const NAME: &'static str = "Lazy";

    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }

    fn told(&self) -> String {
        format!("partition={} of {}", self.partition, self.input.name())
    }

    fn rows(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (input, partition, kept) = (Arc::clone(&self.input), self.partition, Arc::clone(&self.kept));
        let rows = async move {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
            input.execute(partition, context)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream::once(rows).try_flatten())))
    }
}

/// Rows that were read already, and those that follow them; they can be read once.
pub(super) struct Held {
    schema: SchemaRef,
    rows: Mutex<Option<(Vec<RecordBatch>, Option<Rest>)>>,
}

impl Held {
    pub(super) fn plan(schema: SchemaRef, rows: Vec<RecordBatch>, rest: Option<Rest>) -> Arc<LeafExec<Self>> {
        Arc::new(LeafExec::new(Self { schema, rows: Mutex::new(Some((rows, rest))) }, 1))
    }
}

impl Leaf for Held {
    const NAME: &'static str = "Held";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn told(&self) -> String {
        "rows of a join".to_owned()
    }

    fn rows(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let taken = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
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
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), first.chain(rest))))
    }
}
