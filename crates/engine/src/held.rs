//! Sources that a script has opened: read when somebody wants their rows, perhaps more than once, as they were then.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::environment::Environment;
use crate::error::{EngineError, FileError};
use crate::exchange::{self, Handles, Rows, Wanted, choices, columns};
use crate::open::{Input, Opened, keep_columns, of_files, open};
use crate::plan::{JobGraph, Kind, Node};
use crate::run::{register, session};
use crate::source::{FileTable, SourceFile};
use crate::types::type_text;

/// A source that is open: which files it has, or which snapshot it is of, is settled.
pub struct HeldSource {
    node: Node,
    opened: Opened,
    schema: Schema,
}

impl fmt::Debug for HeldSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldSource").field("node", &self.node).finish_non_exhaustive()
    }
}

impl HeldSource {
    /// Opens what a node reads: at what no earlier run has read, if there is a bookmark.
    ///
    /// # Errors
    /// What the source meets.
    pub async fn open(node: Node, environment: &Environment) -> Result<Self, EngineError> {
        let failed = |error: DataFusionError| EngineError::at(&node.name, &error);
        let context = session(environment)?;
        let graph = JobGraph::of_source(node.clone());
        let opened = match open(&context, environment, &graph, &node).await.map_err(failed)? {
            Input::Nothing(frame) => Opened::table(frame.into_view()),
            Input::Table(opened) => {
                let frame = opened.frame(&context).map_err(failed)?;
                keep_columns(environment, &node, &frame).await?;
                *opened
            }
        };
        let schema = opened.frame(&context).map_err(failed)?.schema().as_arrow().clone();
        Ok(Self { node, opened, schema })
    }

    /// What it reads, under another id and name.
    #[must_use]
    pub fn node(&self, id: &str) -> Node {
        Node { id: id.to_owned(), ..self.node.clone() }
    }

    /// Whether both have the same files, as they are now, and the same columns.
    #[must_use]
    pub fn has_files_of(&self, other: &Self) -> bool {
        let alike = |(one, two): (&SourceFile, &SourceFile)| {
            one.bucket == two.bucket && one.meta == two.meta && one.partition == two.partition
        };
        let (files, others) = (&self.opened.files, &other.opened.files);
        self.schema == other.schema && files.len() == others.len() && files.iter().zip(others).all(alike)
    }

    /// The columns with their types in Glue's grammar.
    #[must_use]
    pub fn columns(&self) -> Vec<(String, String)> {
        columns(&self.schema)
    }

    /// The partition keys with their types in Glue's grammar.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, String)> {
        self.opened.keys.iter().map(|(name, of)| (name.clone(), type_text(of))).collect()
    }

    /// Where the columns have choices, see [`Rows::choices`].
    #[must_use]
    pub fn choices(&self) -> Vec<Vec<String>> {
        choices(&self.schema)
    }

    /// Its files, if they tell all of it to Spark and `wanted` allows it.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub async fn handles(
        &self,
        environment: &Environment,
        wanted: Wanted,
    ) -> Result<Option<Handles>, EngineError> {
        let found = exchange::handles(environment, &self.opened, &self.schema, wanted).await;
        found.map_err(|error| EngineError::at(&self.node.name, &error))
    }

    /// Makes `folder`, a folder of this machine, with a file that tells the columns. Who reads more of it fails: its rows come
    /// with [`HeldSource::write_rows`].
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn announce(&self, folder: &Path) -> Result<(), EngineError> {
        let unwritable = |cause| FileError::new(&self.node.name, folder.display().to_string(), cause);
        exchange::announce(&self.schema, folder).map_err(|cause| unwritable(cause).into())
    }

    /// Writes its rows, or at most so many of them, into `folder`, a folder of this machine that is made if it is missing.
    ///
    /// # Errors
    /// What the source meets, or the file that cannot be written.
    pub async fn write_rows(
        &self,
        environment: &Environment,
        folder: &Path,
        most: Option<usize>,
    ) -> Result<Rows, EngineError> {
        let failed = |error: DataFusionError| EngineError::at(&self.node.name, &error);
        let context = session(environment)?;
        let graph = JobGraph::of_source(self.node.clone());
        let opened = self.again(&context, environment, &graph, &self.node).await.map_err(failed)?;
        let mut frame = opened.frame(&context).map_err(failed)?;
        if most.is_some() {
            frame = frame.limit(0, most).map_err(failed)?;
        }
        exchange::write_rows(&self.node.name, &context, environment, frame, folder).await
    }

    /// The same source for another plan.
    pub(crate) async fn again(
        &self,
        context: &SessionContext,
        environment: &Environment,
        graph: &JobGraph,
        node: &Node,
    ) -> Result<Opened, DataFusionError> {
        let mut opened = self.opened.clone();
        register(context, environment, &opened.files)?;
        let Some(table) = opened.table.as_any().downcast_ref::<FileTable>() else { return Ok(opened) };
        opened.table = match &node.kind {
            // What the plan casts can be read so.
            Kind::Csv(csv) if csv.schema.is_none() => {
                let files = opened.files.clone();
                of_files(context, environment, graph, node, &opened.keys, files).await?
            }
            _ => Arc::new(table.clone().rejecting(environment.error_rows.clone()).whole()),
        };
        Ok(opened)
    }
}
