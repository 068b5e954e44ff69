//! Plans without inputs: what reads files, tables, or rows that are there already.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// What the rows of a plan without inputs come from.
pub(crate) trait Leaf: Send + Sync + Sized + 'static {
    /// What plans call it.
    const NAME: &'static str;

    /// The columns of its rows.
    fn schema(&self) -> SchemaRef;

    /// What a plan tells of it.
    fn told(&self) -> String;

    /// One stream of its rows.
    ///
    /// # Errors
    /// They cannot be read.
    fn rows(&self, stream: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream>;

    /// The same with nothing read of it; none where that makes no difference.
    fn again(&self) -> Option<Self> {
        None
    }

    /// What is known of all its rows.
    fn statistics(&self) -> Statistics {
        Statistics::new_unknown(&self.schema())
    }
}

/// A plan over a leaf.
pub(crate) struct LeafExec<L> {
    leaf: L,
    properties: Arc<PlanProperties>,
}

impl<L: Leaf> LeafExec<L> {
    /// A plan whose rows come in so many streams.
    pub(crate) fn new(leaf: L, streams: usize) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(leaf.schema()),
            Partitioning::UnknownPartitioning(streams),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { leaf, properties: Arc::new(properties) }
    }

    /// What the rows come from.
    pub(crate) fn leaf(&self) -> &L {
        &self.leaf
    }
}

impl<L: Leaf> fmt::Debug for LeafExec<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", L::NAME, self.leaf.told())
    }
}

impl<L: Leaf> DisplayAs for LeafExec<L> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", L::NAME, self.leaf.told())
    }
}

impl<L: Leaf> ExecutionPlan for LeafExec<L> {
    fn name(&self) -> &'static str {
        L::NAME
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
        Ok(match self.leaf.again() {
            Some(leaf) => Arc::new(Self { leaf, properties: Arc::clone(&self.properties) }),
            None => self,
        })
    }

    fn execute(&self, stream: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.leaf.rows(stream, context)
    }

    fn partition_statistics(&self, stream: Option<usize>) -> Result<Statistics> {
        Ok(match stream {
            None => self.leaf.statistics(),
            Some(_) => Statistics::new_unknown(&self.schema()),
        })
    }
}

/// Work that streams take from one queue, so that none waits while another has much left.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    all: Arc<[T]>,
    next: Arc<AtomicUsize>,
}

impl<T: Clone> Queue<T> {
    /// All of the work.
    pub(crate) fn new(all: impl Into<Arc<[T]>>) -> Self {
        Self { all: all.into(), next: Arc::default() }
    }

    /// The same work, nothing of it taken.
    pub(crate) fn again(&self) -> Self {
        Self { all: Arc::clone(&self.all), next: Arc::default() }
    }

    /// All of it, taken or not.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    /// How many streams of at most `most` have something to do.
    pub(crate) fn streams(&self, most: usize) -> usize {
        self.all.len().clamp(1, most.max(1))
    }

    /// Takes what no other stream has taken, piece by piece.
    pub(crate) fn taken(&self) -> impl Iterator<Item = T> + Send + use<T>
    where
        T: Send + Sync,
    {
        let (all, next) = (Arc::clone(&self.all), Arc::clone(&self.next));
        std::iter::from_fn(move || all.get(next.fetch_add(1, Ordering::Relaxed)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_share_a_queue() {
        let queue = Queue::new((0..5).collect::<Vec<u8>>());
        let (mut one, mut other) = (queue.taken(), queue.taken());
        assert_eq!((one.next(), other.next(), one.next()), (Some(0), Some(1), Some(2)));
        assert_eq!((other.by_ref().collect(), one.next()), (vec![3, 4], None));
        assert_eq!(queue.again().taken().count(), 5);
        assert_eq!((queue.streams(2), queue.streams(9), Queue::<u8>::new([]).streams(4)), (2, 5, 1));
    }
}
