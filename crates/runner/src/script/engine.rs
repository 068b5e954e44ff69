//! What a script asks of the engine: sources, targets and the job's bookmark, in GlueContext's own words ("GlueContext
//! class" in the AWS Glue Developer Guide).
//!
//! A source is answered by its files where Spark reads them with the same meaning, and else by its rows, which the engine puts
//! into a folder of the run's scratch. Rows for a target come the same way. What a run has read moves its job's bookmark only
//! once the script commits.

mod bookmark;
mod connections;
mod plans;
mod requests;
mod source;
mod sources;
mod stores;
mod target;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::TryStreamExt;
use mastic_api_glue::glue::types as api;
use mastic_engine::plan::{Compression, CsvWriting, Format, Kind, Node, S3Target};
use mastic_engine::{
    Bookmarks, Databases, Environment, ErrorKind, ErrorRows, Handles, HeldSource, JobGraph, Planned,
    Progress, RunSummary, Wanted,
};
use mastic_handoff::{Bookmarking, Category, Tally};
use object_store::path::Path as ObjectPath;

use crate::catalog::Catalog;
use crate::failure::Failure;
use crate::session::Session;

use bookmark::ScriptBookmark;
use connections::ScriptConnections;
use plans::Nodes;
pub(crate) use requests::{
    Column, CommitRequest, Done, FileGroup, FillRequest, InitRequest, PrepareRequest, ReadAnswer,
    ReadRequest, Road, WriteAnswer, WriteRequest,
};
use sources::{Open, Sources};
use stores::{SCRATCH, ScriptStores};

/// Groups of files that Spark is given one by one; more of them come as rows.
const GROUPS: usize = 64;

/// The engine as one script sees it.
pub(crate) struct Engine {
    session: Arc<Session>,
    environment: Environment,
    connections: Arc<ScriptConnections>,
    scratch: PathBuf,
    arguments: BTreeMap<String, String>,
    job_name: Option<String>,
    /// How many folders there are.
    folders: AtomicU64,
    sources: Sources,
    bookmark: Mutex<Option<Arc<ScriptBookmark>>>,
    tally: Mutex<Tally>,
}

impl Engine {
    /// For a script whose rows go through the folder `scratch`. `job_name` is of a job's run, with its arguments.
    ///
    /// # Errors
    /// The folder cannot be made, or certificates not be read.
    pub(crate) fn new(
        session: &Arc<Session>,
        scratch: PathBuf,
        job_name: Option<String>,
        arguments: BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let mut environment = crate::job::environment(session, None)?;
        let connections = Arc::new(ScriptConnections::new(session.client.clone()));
        environment.stores = Arc::new(ScriptStores::new(environment.stores, &scratch)?);
        environment.databases = Databases::new(Arc::<ScriptConnections>::clone(&connections));
        environment.null_values = crate::job::null_values(&arguments);
        environment.spill_limit = crate::job::disk(&arguments)?;
        // A script says by itself what it writes.
        let tell = Arc::clone(&environment.progress);
        environment.progress = Arc::new(move |progress| match progress {
            Progress::Started { .. } => {}
            other => tell(other),
        });
        Ok(Self {
            session: Arc::clone(session),
            environment,
            connections,
            scratch,
            arguments,
            job_name,
            folders: AtomicU64::new(0),
            sources: Sources::default(),
            bookmark: Mutex::default(),
            tally: Mutex::default(),
        })
    }

    /// What the script wrote through the engine so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the job's bookmark: from now on sources with a transformation context pay heed to it.
    ///
    /// # Errors
    /// An argument about bookmarks is wrong, or the server refuses.
    pub(crate) async fn init(&self, request: InitRequest) -> Result<Done, Failure> {
        if let (Some(own), Some(named)) = (&self.job_name, &request.job_name)
            && own != named
        {
            self.session.events.error(format!(
                "Job.init names the job {named}; the run is one of {own}, and so is the bookmark."
            ));
        }
        let Some(job_name) = &self.job_name else { return Ok(Done::default()) };
        let bookmarking =
            Bookmarking::of(&self.arguments).map_err(|text| Failure::of(Category::InvalidArgument, text))?;
        let opened = ScriptBookmark::open(&self.session.client, job_name, bookmarking).await?;
        *self.bookmark.lock().unwrap_or_else(PoisonError::into_inner) = opened.map(Arc::new);
        Ok(Done::default())
    }

    /// Makes what was read since the last time part of the job's bookmark.
    ///
    /// # Errors
    /// A file was written anew while Spark read it, or another run has moved the bookmark.
    pub(crate) async fn commit(&self) -> Result<Done, Failure> {
        if let Some(bookmark) = self.opened_bookmark() {
            let next = bookmark.commit(self.environment.stores.as_ref()).await?;
            *self.bookmark.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(next));
        }
        Ok(Done::default())
    }

    fn opened_bookmark(&self) -> Option<Arc<ScriptBookmark>> {
        self.bookmark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A folder's name that no other exchange has.
    fn folder(&self, stem: &str) -> String {
        format!("{stem}-{}", self.folders.fetch_add(1, Ordering::Relaxed))
    }

    /// What the engine sees of the world while it answers one request.
    fn environment(&self, context: &str, catalog_id: Option<String>) -> Environment {
        let mut environment = self.environment.clone();
        environment.bookmarks = self
            .opened_bookmark()
            .filter(|_| !context.is_empty())
            .map(|bookmark| bookmark as Arc<dyn Bookmarks>);
        environment.catalog = Arc::new(Catalog::of(self.session.client.clone(), catalog_id));
        environment
    }

    /// Opens a source, and reads it unless the script can wait for its rows.
    ///
    /// # Errors
    /// The source is of a kind or has an option that is not supported, or cannot be read.
    pub(crate) async fn read(&self, request: ReadRequest) -> Result<ReadAnswer, Failure> {
        let context = request.transformation_ctx.clone();
        let mut environment = self.environment(&context, request.catalog_id.clone());
        let read = source::of(&request, &self.connections, environment.catalog.as_ref()).await?;
        let node = Node { id: context.clone(), name: read.name, kind: read.kind, inputs: vec![] };
        let errors = self.put_aside(&mut environment, read.fail_fast);
        if let Some(exchange) = &request.exchange {
            return self.read_to(&environment, vec![node], exchange, &errors).await;
        }
        let held = HeldSource::open(node, &environment).await.map_err(|error| without_node(&error))?;
        if let Some(number) = request.known {
            let open = self.sources.get(number)?;
            if open.held.has_files_of(&held) {
                return Ok(self.later(&open.held, &open.folder, Some(number)));
            }
        }
        let rows = request.sample.as_ref().and_then(|sample| sample.num);
        let groups = if request.direct && rows.is_none() { GROUPS } else { 0 };
        let wanted = Wanted { groups, folders: request.folders };
        let files = held.handles(&environment, wanted).await.map_err(|error| without_node(&error))?;
        let folder = self.folder("read");
        if files.is_none() && (rows.is_some() || !request.later) {
            return self.rows(&environment, &held, &folder, rows, &errors).await;
        }
        let answer = match files {
            Some(found) => {
                if let Some(bookmark) = self.opened_bookmark() {
                    bookmark.read_by_spark(&context);
                }
                by_files(found)
            }
            None => {
                held.announce(&self.scratch.join(&folder)).map_err(|error| without_node(&error))?;
                self.later(&held, &folder, None)
            }
        };
        let source = self.sources.keep(Open { held: Arc::new(held), folder, fail_fast: read.fail_fast });
        Ok(ReadAnswer { source: Some(source), ..answer })
    }

    /// What tells of a source whose rows are put into a folder when they are asked for.
    fn later(&self, held: &HeldSource, folder: &str, source: Option<u64>) -> ReadAnswer {
        ReadAnswer {
            road: Road::Later,
            source,
            format: Some("arrow"),
            folder: Some(self.url(folder)),
            keys: Column::all(held.keys()),
            columns: Column::all(held.columns()),
            choices: held.choices(),
            ..ReadAnswer::default()
        }
    }

    /// Has records that cannot be read put aside, unless one ends the run: the folder for them.
    fn put_aside(&self, environment: &mut Environment, fail_fast: bool) -> String {
        let errors = self.folder("errors");
        if !fail_fast {
            environment.error_rows =
                Some(Arc::new(ErrorRows::new(format!("s3://{SCRATCH}/{errors}/"), ErrorRows::MOST)));
        }
        errors
    }

    /// Puts the rows of an open source where its answer has said that they would be.
    ///
    /// # Errors
    /// There is no such source, or it cannot be read.
    pub(crate) async fn fill(&self, request: FillRequest) -> Result<ReadAnswer, Failure> {
        let open = self.sources.get(request.source)?;
        let mut environment = self.environment("", None);
        let errors = self.put_aside(&mut environment, open.fail_fast);
        self.rows(&environment, &open.held, &open.folder, None, &errors).await
    }

    async fn rows(
        &self,
        environment: &Environment,
        held: &HeldSource,
        folder: &str,
        most: Option<usize>,
        errors: &str,
    ) -> Result<ReadAnswer, Failure> {
        let written = held.write_rows(environment, &self.scratch.join(folder), most).await;
        let found = written.map_err(|error| without_node(&error))?;
        Ok(ReadAnswer {
            road: Road::Engine,
            format: Some("arrow"),
            folder: Some(self.url(folder)),
            columns: Column::all(found.columns),
            choices: found.choices,
            rows: found.rows,
            error_rows: found.error_rows,
            errors: (found.error_rows > 0).then(|| self.url(errors)),
            ..ReadAnswer::default()
        })
    }

    /// Makes of rows what the steps of a recipe say.
    ///
    /// # Errors
    /// A step is not supported, or does not fit the rows.
    pub(crate) async fn prepare(&self, request: PrepareRequest) -> Result<ReadAnswer, Failure> {
        let mut environment = self.environment("", None);
        let recipe = api::Recipe { recipe_steps: Some(request.steps), ..Default::default() };
        let recipe = api::CodeGenConfigurationNode { recipe: Some(recipe), ..Default::default() };
        let (name, rows) = (request.rows.transformation_ctx.clone(), "(rows)".to_owned());
        let recipe = Node {
            id: "(recipe)".to_owned(),
            name: name.clone(),
            kind: words::kind_of(&recipe)?,
            inputs: vec![rows.clone()],
        };
        let rows = Node { id: rows, name, kind: self.handed(&request.rows).await?, inputs: vec![] };
        let errors = self.put_aside(&mut environment, true);
        self.read_to(&environment, vec![rows, recipe], &request.exchange, &errors).await
    }

    /// Puts what nodes make, each of the one before, into files of Parquet in a folder of S3 or the scratch.
    async fn read_to(
        &self,
        environment: &Environment,
        nodes: Vec<Node>,
        exchange: &str,
        errors: &str,
    ) -> Result<ReadAnswer, Failure> {
        if !exchange.starts_with("file://")
            && self.arguments.get("--atomic-output").is_none_or(|of| of != "false")
        {
            // What a run writes is seen by others once it has succeeded.
            return Err(words::wrong(
                "Spark is on another machine and cannot see what this run writes before it ends: give the job \
                 --atomic-output false",
            ));
        }
        let folder = format!("{}/{}/", exchange.trim_end_matches('/'), self.folder("read"));
        let target = Kind::S3Target(S3Target {
            path: self.within(&folder)?,
            format: Format::Parquet,
            csv: CsvWriting::default(),
            compression: Some(Compression::Snappy),
            files: None,
            partition_keys: vec![],
            table: None,
        });
        let summary = self.run(environment, nodes, target).await?;
        let output = summary.outputs.first();
        let schema = output.map(|output| output.schema.as_ref());
        Ok(ReadAnswer {
            road: Road::Engine,
            format: Some("parquet"),
            folder: Some(folder),
            columns: Column::all(schema.map(mastic_engine::columns).unwrap_or_default()),
            choices: schema.map(mastic_engine::choices).unwrap_or_default(),
            rows: summary.outputs.iter().map(|output| output.rows).sum(),
            error_rows: summary.error_rows,
            errors: (summary.error_rows > 0).then(|| self.url(errors)),
            ..ReadAnswer::default()
        })
    }

    async fn run(
        &self,
        environment: &Environment,
        mut nodes: Vec<Node>,
        target: Kind,
    ) -> Result<RunSummary, Failure> {
        let inputs = nodes.last().map(|node| node.id.clone()).into_iter().collect();
        let name = nodes.last().map(|node| node.name.clone()).unwrap_or_default();
        nodes.push(Node { id: "(target)".to_owned(), name, kind: target, inputs });
        let graph = JobGraph::new(nodes)?;
        mastic_engine::run(&graph, environment).await.map_err(|error| without_node(&error))
    }

    /// Writes what Spark has put into a folder, or what a plan makes. One that the engine cannot do as Spark does is not begun.
    ///
    /// # Errors
    /// The target is of a kind or has an option that is not supported, or cannot be written.
    pub(crate) async fn write(&self, request: WriteRequest) -> Result<WriteAnswer, Failure> {
        let mut environment = self.environment("", request.catalog_id.clone());
        let target =
            target::of(&request, &self.session.client, &self.connections, environment.catalog.as_ref())
                .await?;
        if !request.plan.is_empty() {
            return self.write_plan(&mut environment, target, &request).await;
        }
        let kind = self.handed(&request).await?;
        let source = Node { id: "(rows)".to_owned(), name: target.name, kind, inputs: vec![] };
        let summary = self.run(&environment, vec![source], target.kind).await?;
        Ok(self.told(summary))
    }

    /// The rows that Spark has put into a folder.
    async fn handed(&self, request: &WriteRequest) -> Result<Kind, Failure> {
        match request.data_format.as_str() {
            "arrow" => target::arrow(request),
            "parquet" => {
                let folder = self.within(&request.data)?;
                if self.is_empty(&folder).await? {
                    target::nothing(request, &self.scratch.join(self.folder("nothing")))
                } else {
                    Ok(target::parquet(folder))
                }
            }
            other => Err(words::wrong(format!("`data_format` is `{other}`"))),
        }
    }

    async fn write_plan(
        &self,
        environment: &mut Environment,
        target: target::Write,
        request: &WriteRequest,
    ) -> Result<WriteAnswer, Failure> {
        let Nodes { mut nodes, sources } = request.plan.nodes(&target.name)?;
        let mut fail_fast = true;
        for (id, number) in sources {
            let open = self.sources.get(number)?;
            nodes.push(open.held.node(&id));
            environment.held.insert(id, Arc::clone(&open.held));
            fail_fast &= open.fail_fast;
        }
        self.put_aside(environment, fail_fast);
        let inputs = vec![request.plan.last()];
        nodes.push(Node { id: "(target)".to_owned(), name: target.name, kind: target.kind, inputs });
        let declined = |why| Ok(WriteAnswer { declined: Some(why), ..WriteAnswer::default() });
        let graph = match JobGraph::new(nodes) {
            Ok(graph) => graph,
            Err(error) => return declined(error.to_string()),
        };
        let planned = match Planned::of(&graph, environment).await {
            Ok(planned) => planned,
            Err(error) => return declined(error.to_string()),
        };
        match planned.columns().await.as_deref() {
            Ok([columns]) if Column::all(columns.clone()) == request.columns => {}
            Ok(columns) => return declined(format!("Spark's columns are others than {columns:?}")),
            Err(error) => return declined(error.to_string()),
        }
        let summary = planned.run(environment).await.map_err(|error| without_node(&error))?;
        Ok(self.told(summary))
    }

    fn told(&self, summary: RunSummary) -> WriteAnswer {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = WriteAnswer::default();
        for output in &summary.outputs {
            answer.rows += output.rows;
            answer.files += output.files.len() as u64;
            answer.bytes += output.bytes;
            answer.partitions += output.partitions.len() as u64;
            answer.folder.clone_from(&output.folder);
        }
        tally.rows += answer.rows;
        tally.files += answer.files;
        tally.bytes += answer.bytes;
        for connection in summary.committed {
            if !tally.committed.contains(&connection) {
                tally.committed.push(connection);
            }
        }
        answer
    }

    /// Whether there is no file in a folder: some writers make none where there are no rows.
    async fn is_empty(&self, folder: &str) -> Result<bool, Failure> {
        let place = folder.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let (bucket, key) = place.ok_or_else(|| words::wrong(format!("`{folder}` is no folder in S3")))?;
        let failed = |error: String| Failure::of_engine(ErrorKind::Other, &format!("`{folder}`: {error}"));
        let store = self.environment.stores.bucket(bucket).map_err(failed)?;
        let prefix =
            ObjectPath::parse(key.trim_end_matches('/')).map_err(|error| failed(error.to_string()))?;
        let first = store.list(Some(&prefix)).try_next().await;
        Ok(first.map_err(|error| failed(error.to_string()))?.is_none())
    }

    /// A folder as the engine's stores know it.
    fn within(&self, url: &str) -> Result<String, Failure> {
        let Some(path) = url.strip_prefix("file://") else { return Ok(url.to_owned()) };
        let below = Path::new(path).strip_prefix(&self.scratch).ok().and_then(Path::to_str);
        let below = below.ok_or_else(|| words::wrong(format!("`{url}` is not in the run's scratch")))?;
        Ok(format!("s3://{SCRATCH}/{below}/"))
    }

    fn url(&self, folder: &str) -> String {
        format!("file://{}", self.scratch.join(folder).display())
    }
}

/// A script has no nodes whose names would help.
fn without_node(error: &mastic_engine::EngineError) -> Failure {
    Failure::of_engine(error.kind(), &error.without_node())
}

fn by_files(found: Handles) -> ReadAnswer {
    let groups = found.groups.into_iter();
    ReadAnswer {
        road: Road::Spark,
        folder: found.folder,
        keys: Column::all(found.keys),
        columns: Column::all(found.columns),
        groups: groups.map(|group| FileGroup { values: group.values, files: group.files }).collect(),
        ..ReadAnswer::default()
    }
}
