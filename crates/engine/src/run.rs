//! Runs a job: one plan per target.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::common::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::cast::glue_cast;
use crate::environment::{Environment, Progress};
use crate::error::{EngineError, NodeError};
use crate::exchange::columns;
use crate::flow::{self, End};
use crate::join::SpillJoins;
use crate::location::Location;
use crate::memory::RunPool;
use crate::plan::{JobGraph, Node};
use crate::share::Ledger;
use crate::sink::Output;
use crate::source::SourceFile;
use crate::target::{self, Share, Target};
use crate::transform::exact;

/// Rows that flow through a plan at a time.
const BATCH_ROWS: usize = 8192;

/// What each sort keeps for merging what it has spilled, as a part of the run's memory.
const MERGE_SHARE: usize = 64;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// What each target wrote.
    pub outputs: Vec<Output>,
    /// How many records were put aside because they cannot be read.
    pub error_rows: usize,
    /// The connections to databases through which rows were written, which are committed.
    pub committed: Vec<String>,
}

/// Runs a job: reads its sources, writes its targets, brings their catalog tables up to date.
///
/// What feeds several nodes is worked out once; targets that have such a node in common are written side by side, others
/// one after the other.
///
/// # Errors
/// The first that any node meets, with the node and, where there is one, the file named.
pub async fn run(graph: &JobGraph, environment: &Environment) -> Result<RunSummary, EngineError> {
    let planned = Planned::of(graph, environment).await;
    concluded(environment, async { work(planned?, environment).await }).await
}

/// A job whose nodes fit together.
pub struct Planned {
    context: SessionContext,
    ends: Vec<End>,
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned").field("targets", &self.ends.len()).finish_non_exhaustive()
    }
}

impl Planned {
    /// Builds what the nodes answer. Nothing is written.
    ///
    /// # Errors
    /// The first that any node meets.
    pub async fn of(graph: &JobGraph, environment: &Environment) -> Result<Self, EngineError> {
        let context = session(environment)?;
        let ends = flow::ends(&context, environment, graph).await?;
        Ok(Self { context, ends })
    }

    /// What each target gets: columns with their types in Glue's grammar.
    ///
    /// # Errors
    /// The engine has no way to work a target's rows out.
    pub async fn columns(&self) -> Result<Vec<Vec<(String, String)>>, EngineError> {
        let (state, mut found) = (self.context.state(), Vec::with_capacity(self.ends.len()));
        for End { node, input } in &self.ends {
            let failed = |error| EngineError::at(&node.name, &error);
            state.create_physical_plan(input.logical_plan()).await.map_err(failed)?;
            found.push(columns(input.schema().as_arrow()));
        }
        Ok(found)
    }

    /// Runs it, as [`run`] does.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn run(self, environment: &Environment) -> Result<RunSummary, EngineError> {
        concluded(environment, work(self, environment)).await
    }
}

/// What a run has come to, when its transactions in databases have ended as it did.
async fn concluded(
    environment: &Environment,
    work: impl Future<Output = Result<RunSummary, EngineError>>,
) -> Result<RunSummary, EngineError> {
    let done = match work.await {
        Ok(summary) => match environment.databases.commit().await {
            Ok(committed) => Ok(RunSummary { committed, ..summary }),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    if done.is_err() {
        let warn = |text| (environment.progress)(Progress::Warned { text });
        environment.databases.abandon(warn).await;
    }
    done
}

async fn work(planned: Planned, environment: &Environment) -> Result<RunSummary, EngineError> {
    let Planned { context, ends } = planned;
    let ledger = Arc::new(Ledger::default());
    let state = ledger.state(&context);
    let mut writes = Vec::with_capacity(ends.len());
    for end in ends {
        let name = end.node.name.clone();
        writes.push(
            Write::plan(&state, environment, end).await.map_err(|error| EngineError::at(&name, &error))?,
        );
    }
    let plans: Vec<_> = writes.iter().map(|write| Arc::clone(&write.plan)).collect();
    let groups = ledger.settle(&state, &plans).await.map_err(|error| EngineError::at("(job)", &error))?;
    drop(plans);
    let mut open: BTreeMap<usize, Write> = writes.into_iter().enumerate().collect();
    let (mut outputs, mut targets) = (BTreeMap::new(), Vec::new());
    for group in groups {
        let together: Vec<(usize, Write)> =
            group.iter().filter_map(|number| Some((*number, open.remove(number)?))).collect();
        for (number, output, target) in write(&context, environment, &ledger, together).await? {
            outputs.insert(number, output);
            targets.push(target);
        }
    }
    for target in targets {
        target.conclude().await.map_err(|error| EngineError::at("(job)", &error))?;
    }
    let error_rows = match &environment.error_rows {
        Some(errors) => errors.write(environment).await.map_err(|error| EngineError::at("(job)", &error))?,
        None => 0,
    };
    Ok(RunSummary { outputs: outputs.into_values().collect(), error_rows, committed: Vec::new() })
}

/// A session with the run's limits, in which SQL is read as Spark reads it.
pub(crate) fn session(environment: &Environment) -> Result<SessionContext, EngineError> {
    let mut disk = DiskManagerBuilder::default();
    if let Some(folder) = &environment.spill_folder {
        disk = disk.with_mode(DiskManagerMode::Directories(vec![folder.clone()]));
    }
    if let Some(limit) = environment.spill_limit {
        disk = disk.with_max_temp_directory_size(limit);
    }
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(RunPool::new(environment.memory_limit)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(|error| EngineError::Setup(error.strip_backtrace()))?;
    let mut config = SessionConfig::new()
        .with_target_partitions(environment.target_partitions.max(1))
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::Databricks;
    options.sql_parser.enable_ident_normalization = false;
    // Of groups of which only the first are wanted, DataFusion 53 loses those that are null.
    options.optimizer.enable_topk_aggregation = false;
    options.execution.sort_spill_reservation_bytes =
        (environment.memory_limit / MERGE_SHARE).clamp(1 << 20, 10 << 20);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_physical_optimizer_rule(Arc::new(SpillJoins))
        .build();
    let context = SessionContext::new_with_state(state);
    // DataFusion 53 mixes qualified and plain names of a column when these rules move field accesses.
    for rule in ["extract_leaf_expressions", "push_down_leaf_projections"] {
        context.remove_optimizer_rule(rule);
    }
    Ok(context)
}

/// A column of a table just read, whose columns still have the table's name before them.
pub(crate) fn own(frame: &DataFrame, name: &str) -> Expr {
    let found = frame.schema().columns().into_iter().find(|column| column.name == name);
    found.map_or_else(|| exact(name), Expr::Column)
}

/// The frame with exactly these columns: found by their names in any case, cast, or null.
pub(crate) fn as_columns(frame: &DataFrame, columns: &[(String, DataType)]) -> Vec<Expr> {
    let fields = frame.schema().fields();
    columns
        .iter()
        .map(|(name, of)| {
            let same = fields.iter().find(|field| field.name() == name);
            let found = same.or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)));
            match found {
                Some(field) if field.data_type() == of => own(frame, field.name()).alias(name),
                Some(field) => glue_cast(own(frame, field.name()), of).alias(name),
                None => glue_cast(lit(ScalarValue::Null), of).alias(name),
            }
        })
        .collect()
}

/// DataFusion's own readers find buckets by their URLs.
pub(crate) fn register(
    context: &SessionContext,
    environment: &Environment,
    files: &[SourceFile],
) -> Result<(), DataFusionError> {
    for file in files {
        let url =
            datafusion::execution::object_store::ObjectStoreUrl::parse(format!("s3://{}", file.bucket))?;
        if context.runtime_env().object_store(&url).is_err() {
            let store = environment.stores.bucket(&file.bucket).map_err(DataFusionError::Execution)?;
            context.runtime_env().register_object_store(url.as_ref(), store);
        }
    }
    Ok(())
}

/// A target that is about to be written.
struct Write {
    node: Node,
    input: DataFrame,
    target: Box<dyn Target>,
    plan: Arc<dyn ExecutionPlan>,
}

impl Write {
    async fn plan(
        state: &SessionState,
        environment: &Environment,
        end: End,
    ) -> Result<Self, DataFusionError> {
        let End { node, input } = end;
        let target = target::open(environment, &node, &input).await?;
        let shaped = target.shaped(input.clone())?;
        let plan = state.create_physical_plan(shaped.logical_plan()).await?;
        tracing::debug!(node = %node.name, "{}", datafusion::physical_plan::displayable(plan.as_ref()).indent(false));
        Ok(Self { node, input, target, plan })
    }
}

/// Writes targets side by side; the first that fails ends all.
async fn write(
    context: &SessionContext,
    environment: &Environment,
    ledger: &Ledger,
    writes: Vec<(usize, Write)>,
) -> Result<Vec<(usize, Output, Box<dyn Target>)>, EngineError> {
    let count = writes.len().max(1);
    let mut running: FuturesUnordered<_> = writes
        .into_iter()
        .map(|(number, Write { node, input, target, plan })| async move {
            let share = share(environment, &node, count);
            let output = target.write(environment, context, plan, share).await;
            (number, node, input, target, output)
        })
        .collect();
    let (mut done, mut failure) = (BTreeMap::new(), None);
    while let Some((number, node, input, target, output)) = running.next().await {
        match output {
            Ok(output) => drop(done.insert(number, (node, input, target, output))),
            Err(error) if failure.is_none() => {
                failure = Some(EngineError::at(&node.name, &error));
                ledger.cancel(&format!("`{}` has failed", node.name));
            }
            Err(_) => {}
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let mut outputs = Vec::with_capacity(done.len());
    for (number, (node, input, mut target, output)) in done {
        let failed = |error: DataFusionError| EngineError::at(&node.name, &error);
        if !outputs.is_empty() && target.ages() {
            // One that was written beside it may have made or changed its table.
            target = target::open(environment, &node, &input).await.map_err(failed)?;
        }
        target.register(environment, &output).await.map_err(failed)?;
        let (rows, files) = (output.rows, output.files.len() as u64);
        (environment.progress)(Progress::Finished { target: node.name.clone(), rows, files });
        outputs.push((number, output, target));
    }
    Ok(outputs)
}

/// The part of one of `targets` targets.
fn share(environment: &Environment, node: &Node, targets: usize) -> Share {
    (environment.progress)(Progress::Started { target: node.name.clone() });
    let (told, name, rows) = (Arc::clone(&environment.progress), node.name.clone(), AtomicU64::new(0));
    let progress = Arc::new(move |more: u64| {
        let rows = rows.fetch_add(more, Ordering::Relaxed) + more;
        told(Progress::Rows { target: name.clone(), rows });
    });
    Share { targets, progress }
}

/// The bucket and prefix of a location, with its store.
pub(crate) fn store_of(
    environment: &Environment,
    node: &str,
    location: &Location,
) -> Result<Arc<dyn object_store::ObjectStore>, NodeError> {
    environment
        .stores
        .bucket(&location.bucket)
        .map_err(|cause| NodeError::new(node, format!("`{location}`: {cause}")))
}
