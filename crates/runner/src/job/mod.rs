//! A run of a visual job: the engine with the run's buckets and catalog, and a log in words.

mod arguments;
mod bookmarks;
mod plan;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mastic_engine::{Bookmarks, Databases, Environment, JobGraph, Output, Progress};
use mastic_handoff::{Bookmarking, Category, JobWork, Tally};

use crate::catalog::Catalog;
use crate::connection::Connections;
use crate::events::{Events, Pace};
use crate::failure::Failure;
use crate::session::Session;
use crate::stores::Buckets;

pub(crate) use arguments::{disk, null_values};
pub(crate) use bookmarks::JobBookmark;
pub(crate) use plan::plan;

/// What of the run's memory is left to what the engine does not count: code, buffers of connections, and the least of
/// batches on their way.
const UNCOUNTED: u64 = 96 << 20;

/// How much of the rest the engine is given, in percent: the allocator keeps what was freed, and rows are held while they
/// move from one operator to the next. A process that uses more than the whole is ended.
const SHARE: u64 = 60;

/// The least that the engine is given.
const LEAST: u64 = 64 << 20;

/// Runs the job.
pub(crate) async fn run(session: &Session, work: JobWork) -> Result<Tally, Failure> {
    let done = job(session, work).await;
    if let Err(failure) = &done {
        session.events.error(format!("Job run failed: {failure}"));
    }
    done
}

async fn job(session: &Session, work: JobWork) -> Result<Tally, Failure> {
    let events = &session.events;
    let begun = session.clock.now();
    events.output(format!("Job {} started with run id {}", work.job_name, work.run_id));
    let bookmarking =
        Bookmarking::of(&work.arguments).map_err(|text| Failure::of(Category::InvalidArgument, text))?;
    let graph = JobGraph::from_nodes(&work.nodes)?;
    for node in graph.nodes() {
        let inputs = node.inputs.join(", ");
        let from = if inputs.is_empty() { String::new() } else { format!(" <- {inputs}") };
        events.output(format!("Node {} ({}){from}", node.name, node.id));
    }
    let bookmark = JobBookmark::open(&session.client, &work.job_name, work.contexts, bookmarking).await?;
    crate::pass("runner.begin");
    let mut environment = environment(session, bookmark)?;
    environment.null_values = arguments::null_values(&work.arguments);
    environment.error_rows = arguments::error_rows(&work.arguments)?;
    environment.spill_limit = arguments::disk(&work.arguments)?;
    let summary = mastic_engine::run(&graph, &environment).await?;
    let mut tally = Tally { committed: summary.committed.clone(), ..Tally::default() };
    for output in &summary.outputs {
        tally.rows += output.rows;
        tally.files += output.files.len() as u64;
        tally.bytes += output.bytes;
        events.output(written(output));
    }
    if summary.error_rows > 0 {
        let folder = work.arguments.get("--error-rows").map_or("", String::as_str);
        events.output(format!("{} records could not be read: they are in {folder}", summary.error_rows));
    }
    let took = session.clock.now().since(begun).as_secs_f64();
    events.output(format!("Job {} finished in {took:.2} s", work.job_name));
    Ok(tally)
}

/// The engine's view of the run: its buckets, catalog, bookmark and limits.
pub(crate) fn environment(session: &Session, bookmark: Option<JobBookmark>) -> Result<Environment, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = (session.memory_limit.saturating_sub(UNCOUNTED) / 100 * SHARE).max(LEAST);
    Ok(Environment {
        stores: Arc::new(Buckets::new(session)?),
        catalog: Arc::new(Catalog::of(session.client.clone(), None)),
        bookmarks: bookmark.map(|bookmark| Arc::new(bookmark) as Arc<dyn Bookmarks>),
        databases: Databases::new(Arc::new(Connections(session.client.clone()))),
        clock: Arc::clone(&session.clock),
        entropy: Arc::clone(&session.entropy),
        memory_limit: usize::try_from(memory).unwrap_or(usize::MAX),
        target_partitions: cores,
        spill_folder: Some(session.scratch.clone()),
        spill_limit: None,
        null_values: vec![],
        error_rows: None,
        held: BTreeMap::new(),
        progress: told(session),
    })
}

/// Tells the log when a target begins, and the server now and then how many rows there are.
fn told(session: &Session) -> Arc<dyn Fn(Progress) + Send + Sync> {
    let (events, clock): (Events, _) = (session.events.clone(), Arc::clone(&session.clock));
    let pace = Mutex::new(Pace::new(Duration::from_millis(500)));
    Arc::new(move |progress| match progress {
        Progress::Started { target } => events.output(format!("Writing {target}")),
        Progress::Found { source, files, known, waiting } => {
            let wait = if waiting > 0 { format!(", {waiting} wait for the next run") } else { String::new() };
            events.output(format!("Reading {source}: {files} files; {known} were read before{wait}"));
        }
        Progress::Warned { text } => events.error(text),
        Progress::Rows { rows, .. }
            if pace.lock().unwrap_or_else(PoisonError::into_inner).due(clock.now()) =>
        {
            events.progress(rows);
        }
        _ => {}
    })
}

fn written(output: &Output) -> String {
    let partitions = match output.partitions.len() {
        0 => String::new(),
        count => format!(" in {count} partitions"),
    };
    let (target, rows, files, bytes) = (&output.target, output.rows, output.files.len(), output.bytes);
    let files = if files > 0 { format!(", {files} files") } else { String::new() };
    format!("Wrote {target}: {rows} rows{files}, {bytes} bytes{partitions} to {}", output.folder)
}
