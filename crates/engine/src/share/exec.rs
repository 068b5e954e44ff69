use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::spill::spill_pool::{self, SpillPoolWriter};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::leaf::{Leaf, LeafExec};

/// Batches that wait for each stream of a consumer.
const WAITING: usize = 2;
/// Bytes after which a file of rows that wait on disk is closed and the next one begun.
const SPILL_FILE: usize = 64 << 20;

type Item = Result<RecordBatch>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A shared frame at work.
pub(super) struct Source {
    node: Arc<str>,
    number: usize,
    consumers: Mutex<Vec<Weak<Consumer>>>,
    work: Mutex<Work>,
    patient: AtomicBool,
}

enum Work {
    /// Not all consumers are known.
    Open,
    /// The plan, and which of the frame's columns it answers.
    Planned(Arc<dyn ExecutionPlan>, Vec<usize>),
    /// Somebody has begun to read; the task ends when the last reader is gone.
    Begun { _task: SpawnedTask<()>, stop: mpsc::Sender<String> },
    /// It must not begin any more.
    Cancelled(String),
}

impl Source {
    pub(super) fn new(node: Arc<str>, number: usize) -> Self {
        let work = Mutex::new(Work::Open);
        Self { node, number, consumers: Mutex::default(), work, patient: AtomicBool::new(true) }
    }

    /// The columns that any consumer wants, in their order.
    pub(super) fn wanted(&self) -> Vec<usize> {
        let consumers = self.consumers();
        let mut wanted: Vec<usize> = consumers.iter().flat_map(|consumer| consumer.columns.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // A plan without columns would lose its rows' count on the way.
        if wanted.is_empty() { vec![0] } else { wanted }
    }

    /// Says how the frame is computed.
    pub(super) fn settle(&self, plan: Arc<dyn ExecutionPlan>, columns: Vec<usize>) {
        *locked(&self.work) = Work::Planned(plan, columns);
    }

    /// Whether rows wait for the slowest consumer, or go to disk.
    pub(super) fn set_patient(&self, patient: bool) {
        self.patient.store(patient, Ordering::Relaxed);
    }

    /// Ends the work.
    pub(super) fn cancel(&self, reason: &str) {
        let mut work = locked(&self.work);
        match &*work {
            Work::Begun { stop, .. } => drop(stop.try_send(reason.to_owned())),
            _ => *work = Work::Cancelled(reason.to_owned()),
        }
    }

    /// Those that are still there: the planner gives some up.
    fn consumers(&self) -> Vec<Arc<Consumer>> {
        locked(&self.consumers).iter().filter_map(Weak::upgrade).collect()
    }

    /// Begins the work, if nobody has.
    fn begin(&self, context: &Arc<TaskContext>) -> Result<()> {
        let mut work = locked(&self.work);
        match &*work {
            Work::Begun { .. } => return Ok(()),
            Work::Cancelled(reason) => return Err(DataFusionError::Execution(reason.clone())),
            Work::Open => {
                return Err(DataFusionError::Internal(format!(
                    "`{}` is read before it is planned",
                    self.node
                )));
            }
            Work::Planned(..) => {}
        }
        let (stop, stopped) = mpsc::channel(1);
        let before = std::mem::replace(&mut *work, Work::Cancelled("it did not begin".to_owned()));
        let Work::Planned(plan, columns) = before else { return Ok(()) };
        let patient = self.patient.load(Ordering::Relaxed);
        let outlets: Vec<Outlet> =
            self.consumers().iter().map(|consumer| consumer.open(&columns, patient, context)).collect();
        let streams = (0..plan.output_partitioning().partition_count())
            .map(|number| plan.execute(number, Arc::clone(context)))
            .collect::<Result<Vec<_>>>()?;
        let task = SpawnedTask::spawn(supply(streams, Arc::new(outlets), stopped));
        *work = Work::Begun { _task: task, stop };
        Ok(())
    }
}

/// Hands all rows on; what goes wrong is told to every consumer.
async fn supply(
    streams: Vec<SendableRecordBatchStream>,
    outlets: Arc<Vec<Outlet>>,
    mut stopped: mpsc::Receiver<String>,
) {
    let mut tasks = JoinSet::new();
    for mut stream in streams {
        let outlets = Arc::clone(&outlets);
        tasks.spawn(async move {
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                let open = join_all(outlets.iter().map(|outlet| outlet.put(&batch))).await;
                if !open.into_iter().collect::<Result<Vec<_>>>()?.contains(&true) {
                    break;
                }
            }
            Ok(())
        });
    }
    let error = loop {
        tokio::select! {
            done = tasks.join_next() => match done {
                None => return,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => break error,
                Some(Err(error)) => break DataFusionError::Execution(format!("a reading task broke off: {error}")),
            },
            Some(reason) = stopped.recv() => break DataFusionError::Execution(reason),
        }
    };
    tasks.shutdown().await;
    let error = Arc::new(error);
    join_all(outlets.iter().map(|outlet| outlet.fail(Arc::clone(&error)))).await;
}

/// The supplier's end of the way to one consumer.
struct Outlet {
    columns: Vec<usize>,
    sender: mpsc::Sender<Item>,
    /// Where rows go that the consumer is not ready for, if it is not waited for.
    disk: Option<SpillPoolWriter>,
}

impl Outlet {
    /// Hands a batch on; answers whether the consumer still takes any.
    async fn put(&self, batch: &RecordBatch) -> Result<bool> {
        let batch = batch.project(&self.columns)?;
        let Some(disk) = &self.disk else { return Ok(self.sender.send(Ok(batch)).await.is_ok()) };
        match self.sender.try_send(Ok(batch)) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Full(batch)) => disk.push_batch(&batch?).map(|()| true),
        }
    }

    async fn fail(&self, error: Arc<DataFusionError>) {
        // A consumer that is gone needs no telling.
        let _: std::result::Result<(), _> = self.sender.send(Err(DataFusionError::Shared(error))).await;
    }
}

/// One place that reads a shared frame.
struct Consumer {
    columns: Vec<usize>,
    schema: SchemaRef,
    streams: usize,
    intake: Mutex<Option<Intake>>,
}

struct Intake {
    receiver: Arc<tokio::sync::Mutex<mpsc::Receiver<Item>>>,
    /// The first stream reads it.
    disk: Option<SendableRecordBatchStream>,
}

impl Consumer {
    fn open(&self, supplied: &[usize], patient: bool, context: &Arc<TaskContext>) -> Outlet {
        let (sender, receiver) = mpsc::channel(WAITING * self.streams);
        let (writer, reader) = if patient {
            (None, None)
        } else {
            let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
            let manager = SpillManager::new(context.runtime_env(), metrics, Arc::clone(&self.schema));
            let (writer, reader) = spill_pool::channel(SPILL_FILE, Arc::new(manager));
            (Some(writer), Some(reader))
        };
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        *locked(&self.intake) = Some(Intake { receiver, disk: reader });
        let at = |column: &usize| supplied.iter().position(|found| found == column);
        Outlet { columns: self.columns.iter().filter_map(at).collect(), sender, disk: writer }
    }
}

/// Reads a shared frame.
pub(super) struct Shared {
    source: Arc<Source>,
    consumer: Arc<Consumer>,
}

impl Shared {
    pub(super) fn plan(
        source: Arc<Source>,
        schema: SchemaRef,
        columns: Vec<usize>,
        streams: usize,
    ) -> LeafExec<Self> {
        let consumer = Arc::new(Consumer { columns, schema, streams, intake: Mutex::new(None) });
        locked(&source.consumers).push(Arc::downgrade(&consumer));
        LeafExec::new(Self { source, consumer }, streams)
    }

    /// Which of the shared frames it reads.
    pub(super) fn number(&self) -> usize {
        self.source.number
    }
}

impl Leaf for Shared {
    const NAME: &'static str = "Shared";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.consumer.schema)
    }

    fn told(&self) -> String {
        let fields = self.consumer.schema.fields().iter();
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        format!("node={}, columns=[{}]", self.source.node, names.join(", "))
    }

    fn rows(&self, number: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.source.begin(&context)?;
        let missing = || DataFusionError::Internal(format!("`{}` has an unknown reader", self.source.node));
        let (receiver, disk) = match &mut *locked(&self.consumer.intake) {
            Some(intake) => (Arc::clone(&intake.receiver), intake.disk.take_if(|_| number == 0)),
            None => return Err(missing()),
        };
        // The source stays at work as long as any of its streams is read.
        let state = (receiver, Arc::clone(&self.source));
        let rows = stream::unfold(state, |(receiver, source)| async move {
            let item = receiver.lock().await.recv().await?;
            Some((item, (receiver, source)))
        });
        Ok(match disk {
            None => Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)),
            Some(disk) => {
                Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream::select(rows.boxed(), disk)))
            }
        })
    }
}
