//! Opens sources: what a node reads, and what of it is new.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::bookmark::Mark;
use crate::environment::Environment;
use crate::error::NodeError;
use crate::plan::{CsvFormat, JobGraph, Kind, Node, S3Files};
use crate::run::{as_columns, own, register};
use crate::source::{self, CsvShape, ExcelShape, JsonShape, Listing, SourceFile};
use crate::transform::names;
use crate::types::arrow_type;

/// A source, ready to be read.
#[derive(Clone)]
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
    pub(crate) fn table(table: Arc<dyn TableProvider>) -> Self {
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
    if let Some(held) = environment.held.get(&node.id) {
        return held
            .again(context, environment, graph, node)
            .await
            .map(|opened| Input::Table(Box::new(opened)));
    }
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
pub(crate) async fn of_files(
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
            let lenient = declared.is_none();
            // Headers tell which columns there are; without them the author does.
            let (columns, wanted) = match declared {
                Some(declared) if csv.format.header => (None, declared.into_iter().collect()),
                Some(declared) => (Some(declared), BTreeMap::new()),
                None => (None, wanted_types(graph, &node.id)),
            };
            let wanted = |column: &str| wanted.get(column).cloned();
            let format = CsvFormat { nulls: environment.null_values.clone(), ..csv.format.clone() };
            let shape = CsvShape { format: &format, columns, partitions, wanted: &wanted, lenient };
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

/// The types to which every consumer of a CSV source casts its columns at once: the reader can answer
/// them itself and save the text. As with a mapping, what cannot be cast is null, and no error.
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
