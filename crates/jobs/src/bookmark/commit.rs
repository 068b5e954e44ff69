//! What a run that succeeds leaves in its job's bookmark, in the transaction that makes its output true. Source: "Tracking
//! processed data using job bookmarks" (AWS Glue Developer Guide).

use std::collections::BTreeMap;
use std::fmt::Display;

use mastic_api_glue::glue::types::{CodeGenConfigurationNode, JobRun, JobRunState};
use mastic_core::{Fault, Timestamp};
use mastic_handoff::Bookmarking;
use mastic_store::overlay::Conflict;
use mastic_store::{ReadTx, WriteTx};

use super::records::*;
use crate::records::{JOBS, NameKey, RUNS, RunKey, RunRecord};
use crate::run::KEPT;

/// Runs that are looked at for failures since the last success.
const LOOKED_BACK: usize = 1000;

/// What a run has staged for its job's bookmark.
pub(crate) struct Taken {
    files: i64,
    bytes: i64,
    sources: BTreeMap<String, FileSource>,
}

/// Whether a run may move its job's bookmark: bookmarks are enabled, and its job has not been deleted, together with the
/// bookmark, since it was started.
pub(super) fn moves(tx: &ReadTx<'_>, key: &RunKey, record: &RunRecord) -> Result<bool, Fault> {
    if !enabled(&record.run) {
        return Ok(false);
    }
    let made = JOBS.get(tx, &job_of(key))?.and_then(|found| found.job.created_on);
    Ok(made.is_some_and(|made| made <= Timestamp::from_micros(key.3)))
}

/// Counts what the run has staged; `None` where nothing moves.
///
/// # Errors
/// A text that says why the run cannot be kept: somebody has set the bookmark back that the run has seen.
pub(crate) fn staged(
    tx: &mut WriteTx<'_>,
    key: &RunKey,
    record: &RunRecord,
) -> Result<Result<Option<Taken>, String>, Fault> {
    let reading = READINGS.staged_entries(tx, &key.4).next().transpose()?.and_then(|(_, reading)| reading);
    READINGS.discard_staged(tx, &key.4)?;
    if !moves(tx, key, record)? {
        FILES.discard_staged(tx, &key.4)?;
        DOCUMENTS.discard_staged(tx, &key.4)?;
        return Ok(Ok(None));
    }
    let job = job_of(key);
    let reset = BOOKMARKS.get(tx, &job)?.map_or(0, |bookmark| bookmark.reset_version);
    if reading.as_ref().is_some_and(|reading| reading.version < reset) {
        return Ok(Err(was_reset(&job.2)));
    }
    let sources = reading.unwrap_or_default().sources;
    let mut taken = Taken { files: 0, bytes: 0, sources };
    for row in FILES.staged_entries(tx, &key.4) {
        if let (_, Some(file)) = row? {
            taken.files += 1;
            taken.bytes = taken.bytes.saturating_add(file.size);
        }
    }
    Ok(Ok(Some(taken)))
}

/// Moves the bookmark, after what the run has staged was published.
pub(crate) fn note(tx: &mut WriteTx<'_>, key: &RunKey, taken: Taken, now: Timestamp) -> Result<(), Fault> {
    let job = job_of(key);
    let before = BOOKMARKS.get(tx, &job)?.unwrap_or_default();
    let started = Timestamp::from_micros(key.3);
    let mut bookmark = Bookmark {
        version: before.version.saturating_add(1),
        run: before.run + 1,
        attempt: failures(tx, key, &before)?,
        run_id: Some(key.4.clone()),
        previous_run_id: before.run_id,
        started,
        contexts: before.contexts,
        reset_version: before.reset_version,
    };
    for (context, FileSource { band, columns }) in taken.sources {
        let known = || bookmark.contexts.get(&context).map(|known| known.columns.clone());
        let columns = columns.or_else(known).unwrap_or_default();
        let read = Context { run: bookmark.run, run_id: key.4.clone(), started, band, columns };
        bookmark.contexts.insert(context, read);
    }
    BOOKMARKS.put(tx, &job, &bookmark)?;
    let (account, region, name) = of(&job);
    RUN_NUMBERS.put(tx, &(account, region, name, key.4.as_str()), &RunNumber(bookmark.run))?;
    let place = (account, region, name, bookmark.run);
    let documents = documents(tx, &job)?;
    let mark = RunMark { documents, completed: now, files: taken.files, bytes: taken.bytes, bookmark };
    RUN_MARKS.put(tx, &place, &mark)?;
    forget_old(tx, &job, now)
}

/// What stands against a run whose bookmark another run has moved.
pub(crate) fn explain(conflict: &Conflict) -> Option<String> {
    let keyspaces = [FILES.name(), DOCUMENTS.name()];
    let of_bookmark = keyspaces.contains(&conflict.keyspace.as_str());
    of_bookmark.then(|| overtaken(conflict.keyspace == FILES.name(), &conflict.key))
}

/// That another run has read the file, or else moved the source, of that name.
pub(super) fn overtaken(file: bool, name: &dyn Display) -> String {
    let what = if file { "read the same new files" } else { "moved the same bookmark" };
    format!("Another run of the job {what} meanwhile: `{name}`; a retry reads what is new then.")
}

pub(super) fn was_reset(job: &str) -> String {
    format!("The bookmark of job {job} was reset while the run was under way.")
}

pub(crate) fn enabled(run: &JobRun) -> bool {
    let arguments = run.arguments.as_ref();
    arguments.is_some_and(|arguments| Bookmarking::of(arguments) == Ok(Bookmarking::Enable))
}

/// What the script of the job calls the outcome of each node: its transformation contexts.
///
/// # Errors
/// Nodes that are not put together well.
pub(crate) fn contexts(
    nodes: &BTreeMap<String, CodeGenConfigurationNode>,
) -> Result<BTreeMap<String, String>, Fault> {
    mastic_script::variables(nodes).map_err(|error| Fault::sender("InvalidInputException", error.to_string()))
}

/// How many runs with bookmarks have failed since the bookmark was moved last.
fn failures(tx: &ReadTx<'_>, key: &RunKey, last: &Bookmark) -> Result<i32, Fault> {
    let (account, region, job, ..) = key;
    let place = |run| (account.as_str(), region.as_str(), job.as_str(), last.started.micros(), run);
    let mut range = RUNS.prefix((account.as_str(), region.as_str(), job.as_str())).before(key);
    if let Some(run) = last.run_id.as_deref() {
        range = range.after(&place(run));
    }
    let mut count = 0;
    for row in RUNS.scan_reverse(tx, range).take(LOOKED_BACK) {
        let (_, record) = row?;
        let failed = matches!(record.run.job_run_state, Some(JobRunState::Failed | JobRunState::Timeout));
        count += i32::from(failed && enabled(&record.run));
    }
    Ok(count)
}

/// How far the sources without files have been read, by transformation context.
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
            let (account, region, job, _) = key;
            if let Some(run) = &mark.bookmark.run_id {
                RUN_NUMBERS.delete(tx, &(account.as_str(), region.as_str(), job.as_str(), run.as_str()))?;
            }
            RUN_MARKS.delete(tx, key)?;
        }
    }
    Ok(())
}

fn job_of((account, region, job, ..): &RunKey) -> NameKey {
    (account.clone(), region.clone(), job.clone())
}
