//! What a run that succeeds leaves in its job's bookmark, in the transaction that makes its output true. Source: "Tracking
//! processed data using job bookmarks" (AWS Glue Developer Guide).

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_glue::glue::types::{CodeGenConfigurationNode, JobRun, JobRunState};
use mastic_core::{Fault, Timestamp};
use mastic_handoff::Bookmarking;
use mastic_shape::{Shape, Value};
use mastic_store::overlay::Conflict;
use mastic_store::{ReadTx, WriteTx};

use super::records::{BOOKMARKS, Bookmark, Context, DOCUMENTS, FILES, RUN_MARKS, RunMark, of};
use crate::records::{JOBS, NameKey, RUNS, RunKey, RunRecord};

/// The milliseconds of `MaxBand` where a source does not say ("S3CsvSource", AWS Glue API reference).
const BAND: i64 = 900_000;

/// How long marks of runs are kept, the newest excepted: as long as runs.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Runs that are looked at for failures since the last success.
const LOOKED_BACK: usize = 1000;

/// What a run has staged for its job's bookmark.
pub(crate) struct Taken {
    files: i64,
    bytes: i64,
}

/// Counts what the run has staged; `None` where nothing moves: bookmarks are not enabled, or the job is not there any
/// more, whose bookmark went with it.
///
/// # Errors
/// A text that says why the run cannot be kept: somebody has set the bookmark back meanwhile.
pub(crate) fn staged(
    tx: &mut WriteTx<'_>,
    key: &RunKey,
    record: &RunRecord,
) -> Result<Result<Option<Taken>, String>, Fault> {
    if !enabled(&record.run) {
        return Ok(Ok(None));
    }
    let job = job_of(key);
    let made = JOBS.get(tx, &job)?.and_then(|found| found.job.created_on);
    let started = Timestamp::from_micros(key.3);
    if made.is_none_or(|made| made > started) {
        FILES.discard_staged(tx, &key.4)?;
        DOCUMENTS.discard_staged(tx, &key.4)?;
        return Ok(Ok(None));
    }
    let reset = BOOKMARKS.get(tx, &job)?.and_then(|bookmark| bookmark.reset);
    if reset.is_some_and(|reset| reset >= started) {
        let text = format!(
            "The bookmark of job {} was reset while the run was under way. None of the run's output was kept.",
            job.2
        );
        return Ok(Err(text));
    }
    let mut taken = Taken { files: 0, bytes: 0 };
    for row in FILES.staged_entries(tx, &key.4) {
        if let (_, Some(file)) = row? {
            taken.files += 1;
            taken.bytes = taken.bytes.saturating_add(file.size);
        }
    }
    Ok(Ok(Some(taken)))
}

/// Moves the bookmark, after what the run has staged was published.
pub(crate) fn note(
    tx: &mut WriteTx<'_>,
    key: &RunKey,
    record: &RunRecord,
    taken: &Taken,
    now: Timestamp,
) -> Result<(), Fault> {
    let job = job_of(key);
    let before = BOOKMARKS.get(tx, &job)?.unwrap_or_default();
    let started = Timestamp::from_micros(key.3);
    let attempt = failures(tx, key, before.run_id.as_deref())?;
    let mut bookmark = Bookmark {
        version: before.version.saturating_add(1),
        run: before.run + 1,
        attempt,
        run_id: Some(key.4.clone()),
        previous_run_id: before.run_id,
        started,
        contexts: before.contexts,
        reset: before.reset,
    };
    for (context, band) in file_contexts(&record.nodes) {
        let read = Context { run: bookmark.run, run_id: key.4.clone(), started, band };
        bookmark.contexts.insert(context, read);
    }
    BOOKMARKS.put(tx, &job, &bookmark)?;
    let documents = documents(tx, &job)?;
    let place = (job.0.as_str(), job.1.as_str(), job.2.as_str(), bookmark.run);
    let mark = RunMark { documents, completed: now, files: taken.files, bytes: taken.bytes, bookmark };
    RUN_MARKS.put(tx, &place, &mark)?;
    forget_old(tx, &job, now)
}

/// What stands against a run whose bookmark another run has moved.
pub(crate) fn explain(conflict: &Conflict) -> Option<String> {
    let files = conflict.keyspace == FILES.name();
    if !files && conflict.keyspace != DOCUMENTS.name() {
        return None;
    }
    let what = if files { "read the same new files" } else { "moved the same bookmark" };
    Some(format!(
        "Another run of the job {what} meanwhile: {conflict}. None of this run's output was kept; a retry reads what is new then."
    ))
}

pub(crate) fn enabled(run: &JobRun) -> bool {
    let arguments = run.arguments.as_ref();
    arguments.is_some_and(|arguments| Bookmarking::of(arguments) == Ok(Bookmarking::Enable))
}

/// What the script of the job calls the outcome of each node: its transformation contexts. Nodes that are not put
/// together well have none; the run tells what is wrong with them.
pub(crate) fn contexts(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> BTreeMap<String, String> {
    mastic_script::variables(nodes).unwrap_or_default()
}

/// The contexts of sources of files, with their `MaxBand`.
fn file_contexts(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Vec<(String, i64)> {
    let contexts = contexts(nodes);
    let band = |node: &CodeGenConfigurationNode| {
        let Value::Map(kinds) = node.clone().into_value() else { return None };
        let (kind, settings) = kinds.first()?;
        let files = &**kind == "CatalogSource" || kind.starts_with("S3") && kind.ends_with("Source");
        let Value::Map(settings) = settings else { return None };
        let band = settings.iter().find_map(|(name, value)| match value {
            Value::Int(band) if &**name == "MaxBand" && *band > 0 => Some(*band),
            _ => None,
        });
        files.then(|| band.unwrap_or(BAND))
    };
    nodes.iter().filter_map(|(id, node)| Some((contexts.get(id)?.clone(), band(node)?))).collect()
}

/// How many runs with bookmarks have failed since the run `last`.
fn failures(tx: &ReadTx<'_>, key: &RunKey, last: Option<&str>) -> Result<i32, Fault> {
    let mut count = 0;
    let of_job = RUNS.prefix((key.0.as_str(), key.1.as_str(), key.2.as_str()));
    for row in RUNS.scan_reverse(tx, of_job.before(key)).take(LOOKED_BACK) {
        let (key, record) = row?;
        if Some(key.4.as_str()) == last {
            break;
        }
        let failed = matches!(record.run.job_run_state, Some(JobRunState::Failed | JobRunState::Timeout));
        count += i32::from(failed && enabled(&record.run));
    }
    Ok(count)
}

/// What the sources of a job keep, by transformation context.
pub(crate) fn documents(tx: &ReadTx<'_>, job: &NameKey) -> Result<BTreeMap<String, String>, Fault> {
    let rows = DOCUMENTS.scan_prefix(tx, of(job));
    rows.map(|row| row.map(|((.., context), document)| (context, document.text)).map_err(Fault::from))
        .collect()
}

/// Forgets the oldest marks, a few at a time.
fn forget_old(tx: &mut WriteTx<'_>, job: &NameKey, now: Timestamp) -> Result<(), Fault> {
    let oldest = RUN_MARKS.scan_prefix(tx, of(job)).take(3).collect::<Result<Vec<_>, _>>()?;
    // One more than are forgotten: so the newest stays.
    for (key, mark) in oldest.iter().take(oldest.len().saturating_sub(1)) {
        if mark.completed < now.minus(KEPT) {
            RUN_MARKS.delete(tx, key)?;
        }
    }
    Ok(())
}

fn job_of((account, region, job, ..): &RunKey) -> NameKey {
    (account.clone(), region.clone(), job.clone())
}
