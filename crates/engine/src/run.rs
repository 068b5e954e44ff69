//! Runs a job: one plan per target.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
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

use crate::bookmark::Mark;
use crate::cast::glue_cast;
use crate::environment::{Environment, Progress};
use crate::error::{EngineError, NodeError};
use crate::flow::{self, End};
use crate::join::SpillJoins;
use crate::location::Location;
use crate::memory::RunPool;
use crate::plan::{CsvFormat, JobGraph, Kind, Node, S3Files};
use crate::share::Ledger;
use crate::sink::Output;
use crate::source::{self, CsvShape, ExcelShape, JsonShape, Listing, SourceFile};
use crate::target::{self, Share, Target};
use crate::transform::{exact, names};
use crate::types::arrow_type;

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
    let done = match work(graph, environment).await {
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

async fn work(graph: &JobGraph, environment: &Environment) -> Result<RunSummary, EngineError> {
    let context = session(environment)?;
    let ends = flow::ends(&context, environment, graph).await?;
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

/// A source, ready to be read.
pub(crate) struct Opened {
    /// Its table.
    pub(crate) table: Arc<dyn TableProvider>,
    /// The columns that it should answer, where they differ from those that it has.
    pub(crate) columns: Option<Vec<(String, DataType)>>,
    /// Its files, as far as they are known.
    pub(crate) files: Vec<SourceFile>,
    /// The partition keys, whose values each file tells.
    pub(crate) keys: Vec<(String, DataType)>,
}

impl Opened {
    fn table(table: Arc<dyn TableProvider>) -> Self {
        Self { table, columns: None, files: Vec::new(), keys: Vec::new() }
    }

    /// Its rows.
    pub(crate) fn frame(&self, context: &SessionContext) -> Result<DataFrame, DataFusionError> {
        let frame = context.read_table(Arc::clone(&self.table))?;
        let exprs = match &self.columns {
            None => names(&frame).iter().map(|name| own(&frame, name).alias(name)).collect(),
            Some(columns) => as_columns(&frame, columns),
        };
        frame.select(exprs)
    }
}

/// What opening a source answers.
pub(crate) enum Input {
    /// A table.
    Table(Box<Opened>),
    /// No rows: there is nothing new to read.
    Nothing(Box<DataFrame>),
}

pub(crate) async fn read(
    context: &SessionContext,
    environment: &Environment,
    graph: &JobGraph,
    node: &Node,
) -> Result<DataFrame, DataFusionError> {
    match open(context, environment, graph, node).await? {
        Input::Nothing(frame) => Ok(*frame),
        Input::Table(opened) => {
            let frame = opened.frame(context)?;
            keep_columns(environment, node, &frame).await?;
            Ok(frame)
        }
    }
}

/// Keeps the columns of a source of files for runs that find nothing new.
pub(crate) async fn keep_columns(
    environment: &Environment,
    node: &Node,
    frame: &DataFrame,
) -> Result<(), NodeError> {
    match (Mark::of(environment, node), node.kind.files()) {
        (Some(mark), Some(_)) => mark.keep_columns(frame).await,
        _ => Ok(()),
    }
}

/// Opens a source: at what no earlier run has read, if there is a bookmark.
pub(crate) async fn open(
    context: &SessionContext,
    environment: &Environment,
    graph: &JobGraph,
    node: &Node,
) -> Result<Input, DataFusionError> {
    let (name, mark) = (node.name.as_str(), Mark::of(environment, node));
    let found = match node.kind.files() {
        None => None,
        Some(files) => match listed(environment, node, files).await? {
            None => {
                return nothing(context, environment, node)
                    .await
                    .map(|frame| Input::Nothing(Box::new(frame)));
            }
            Some(found) => Some(found),
        },
    };
    let opened = match (&node.kind, found) {
        (Kind::Database(database), _) => {
            let found = source::database::open(environment, name, database, mark.as_ref()).await?;
            Opened { columns: found.columns, ..Opened::table(found.table) }
        }
        (Kind::Catalog(catalog), _) => {
            let found = source::catalog::open(context, environment, name, catalog, mark.as_ref()).await?;
            register(context, environment, &found.files)?;
            Opened { table: found.table, columns: Some(found.columns), files: found.files, keys: found.keys }
        }
        (Kind::Iceberg(iceberg), _) => {
            Opened::table(source::iceberg_table(environment, name, iceberg, mark.as_ref()).await?)
        }
        (Kind::Delta(delta), _) => {
            let (table, columns) = source::delta_table(context, environment, name, delta).await?;
            Opened { columns: Some(columns), ..Opened::table(table) }
        }
        (Kind::Arrow(arrow), _) => Opened::table(source::arrow_table(context, name, arrow).await?),
        (_, Some((keys, files))) => {
            let table = of_files(context, environment, graph, node, &keys, files.clone()).await?;
            Opened { table, columns: None, files, keys }
        }
        _ => return Err(NodeError::new(name, "it is no source").into()),
    };
    Ok(Input::Table(Box::new(opened)))
}

/// A table over the files of a source that is told where they are.
async fn of_files(
    context: &SessionContext,
    environment: &Environment,
    graph: &JobGraph,
    node: &Node,
    keys: &[(String, DataType)],
    files: Vec<SourceFile>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let (name, partitions, rejected) = (node.name.as_str(), keys.to_vec(), environment.error_rows.clone());
    Ok(match &node.kind {
        Kind::Csv(csv) => {
            let declared = csv.schema.as_deref().map(|schema| declared(name, schema)).transpose()?;
            // Headers tell which columns there are; without them the author does.
            let (columns, wanted) = match declared {
                Some(declared) if csv.format.header => (None, declared.into_iter().collect()),
                Some(declared) => (Some(declared), BTreeMap::new()),
                // What a mapping cannot cast is null, and no error.
                None if environment.error_rows.is_some() => (None, BTreeMap::new()),
                None => (None, wanted_types(graph, &node.id)),
            };
            let wanted = |column: &str| wanted.get(column).cloned();
            let format = CsvFormat { nulls: environment.null_values.clone(), ..csv.format.clone() };
            let shape = CsvShape { format: &format, columns, partitions, wanted: &wanted };
            Arc::new(source::csv_table(name, files, shape).await?.rejecting(rejected))
        }
        Kind::Json(json) => {
            let columns = json.schema.as_deref().map(|schema| declared(name, schema)).transpose()?;
            let shape = JsonShape {
                path: json.path.as_deref(),
                multiline: json.multiline,
                columns,
                partitions,
                width: environment.target_partitions,
                tolerant: rejected.is_some(),
            };
            Arc::new(source::json_table(name, files, shape).await?.rejecting(rejected))
        }
        Kind::Excel(excel) => {
            let declared = excel.schema.as_deref().map(|schema| declared(name, schema)).transpose()?;
            let shape = ExcelShape { rows: excel.rows, skip_footer: excel.skip_footer, declared, partitions };
            Arc::new(source::excel_table(name, files, shape).await?)
        }
        Kind::Avro(_) => {
            let columns = source::avro_columns(name, &files).await?;
            Arc::new(source::avro_table(name, files, &columns, keys))
        }
        Kind::Orc(_) => {
            let columns = source::orc_columns(name, &files).await?;
            Arc::new(source::orc_table(name, files, &columns, keys).await?)
        }
        Kind::Xml(xml) => Arc::new(source::xml_source(name, files, xml, keys).await?.rejecting(rejected)),
        Kind::Parquet(_) => {
            register(context, environment, &files)?;
            source::parquet_table(context, name, files, keys).await?
        }
        _ => return Err(NodeError::new(name, "it is no source of files").into()),
    })
}

/// A column of a table just read, whose columns still have the table's name before them.
fn own(frame: &DataFrame, name: &str) -> Expr {
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

fn declared(node: &str, schema: &[(String, String)]) -> Result<Vec<(String, DataType)>, NodeError> {
    let typed = |(name, of): &(String, String)| {
        let of =
            arrow_type(of).map_err(|error| NodeError::new(node, format!("the column `{name}`: {error}")))?;
        Ok((name.clone(), of))
    };
    schema.iter().map(typed).collect()
}

/// The partition columns and files of a source; `None` where earlier runs have read all of its files.
async fn listed(
    environment: &Environment,
    node: &Node,
    limits: &S3Files,
) -> Result<Option<(Vec<(String, DataType)>, Vec<SourceFile>)>, DataFusionError> {
    let Listing { keys, files, empty } =
        source::list(&node.name, environment.stores.as_ref(), limits).await?;
    let files = match (Mark::of(environment, node), empty) {
        // Somebody may have cleared away what earlier runs have read.
        (Some(mark), _) => mark.unread(files, limits).await?,
        (None, Some(empty)) => return Err(empty.into()),
        (None, None) => source::bound(limits, files.found),
    };
    let partitions = keys.into_iter().map(|key| (key, DataType::Utf8View)).collect();
    Ok(Some((partitions, files)).filter(|(_, files)| !files.is_empty()))
}

/// No rows of a source of which there is nothing new to read.
async fn nothing(
    context: &SessionContext,
    environment: &Environment,
    node: &Node,
) -> Result<DataFrame, DataFusionError> {
    match Mark::of(environment, node) {
        Some(mark) => mark.nothing(context),
        None => Err(NodeError::new(&node.name, "there are no files to read").into()),
    }
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

/// The types to which every consumer of a CSV source casts its columns at once: the reader can answer
/// them itself and save the text.
fn wanted_types(graph: &JobGraph, source: &str) -> BTreeMap<String, DataType> {
    let mut wanted: BTreeMap<String, Option<DataType>> = BTreeMap::new();
    for consumer in graph.consumers(source) {
        let Kind::ApplyMapping(mappings) = &consumer.kind else { return BTreeMap::new() };
        for mapping in mappings.iter().filter(|mapping| !mapping.dropped) {
            let [column] = mapping.from.as_slice() else { return BTreeMap::new() };
            let plain = mapping.children.is_empty();
            let of = mapping.to_type.as_deref().filter(|_| plain).and_then(|of| arrow_type(of).ok());
            let of = of.filter(|of| !of.is_nested());
            wanted
                .entry(column.clone())
                .and_modify(|known| {
                    if *known != of {
                        *known = None;
                    }
                })
                .or_insert(of);
        }
    }
    wanted.into_iter().filter_map(|(column, of)| Some((column, of?))).collect()
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
