//! `GetJobBookmark` and `ResetJobBookmark`: the bookmark in AWS's stored form, and back to where a run left it. Source:
//! "Tracking processed data using job bookmarks" (AWS Glue Developer Guide).

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_glue::glue::types::*;
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};
use serde::Serialize;
use serde_json::Value;

use super::commit::documents;
use super::records::*;
use crate::definition::key;
use crate::records::{NameKey, RUN_PLACES};
use crate::run;

pub(super) fn get(ctx: &Ctx, input: &GetJobBookmarkRequest) -> Result<GetJobBookmarkResponse, Fault> {
    let job = key(ctx, &input.job_name)?;
    ctx.read(|tx| {
        let (bookmark, documents) = match &input.run_id {
            None => {
                let bookmark = BOOKMARKS.get(tx, &job)?.ok_or_else(|| missing(&job.2))?;
                (bookmark, documents(tx, &job)?)
            }
            Some(run) => {
                let mark = mark_of(tx, &job, run)?.ok_or_else(|| missing(&job.2))?;
                (mark.bookmark, mark.documents)
            }
        };
        Ok(GetJobBookmarkResponse { job_bookmark_entry: Some(entry(&job.2, &bookmark, &documents)) })
    })
}

pub(super) async fn reset(
    ctx: &Ctx,
    input: ResetJobBookmarkRequest,
) -> Result<ResetJobBookmarkResponse, Fault> {
    let job = key(ctx, &input.job_name)?;
    // Past the stage of a run that might call it: the bookmark that is true is set back.
    ctx.write_plain(move |tx| {
        let before = BOOKMARKS.get(tx, &job)?.ok_or_else(|| missing(&job.2))?;
        let mark = match &input.run_id {
            None => None,
            Some(run) => mark_of(tx, &job, run)?,
        };
        let (bookmark, documents) = mark.map(|mark| (mark.bookmark, mark.documents)).unwrap_or_default();
        let version = before.version.saturating_add(1);
        let bookmark = Bookmark { version, reset_version: version, ..bookmark };
        set_back(tx, &job, &bookmark, &documents)?;
        Ok(ResetJobBookmarkResponse { job_bookmark_entry: Some(entry(&job.2, &bookmark, &documents)) })
    })
    .await
}

/// What AWS says where a job has no bookmark.
fn missing(job: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Continuation for job {job} not found"))
}

/// The bookmark as this run left it, or the last that had succeeded when it was started; `None` if there was none.
///
/// # Errors
/// There is no such run, or it is too long ago.
pub(super) fn mark_of(tx: &ReadTx<'_>, job: &NameKey, run: &str) -> Result<Option<RunMark>, Fault> {
    let (account, region, name) = of(job);
    let mark = |number: i64| RUN_MARKS.get(tx, &(account, region, name, number));
    if let Some(RunNumber(number)) = RUN_NUMBERS.get(tx, &(account, region, name, run))? {
        return Ok(mark(number)?);
    }
    let place = RUN_PLACES.get(tx, &(account, region, name, run))?.ok_or_else(|| run::missing(run))?;
    let oldest = RUN_MARKS.scan_prefix(tx, of(job)).next().transpose()?;
    let Some(((.., first), _)) = oldest else { return Ok(None) };
    // Marks stand in the order in which their runs ended.
    let (mut low, mut high) = (first, BOOKMARKS.get(tx, job)?.map_or(0, |bookmark| bookmark.run) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let ended = mark(middle)?.is_some_and(|mark| mark.completed.micros() <= place.started);
        (low, high) = if ended { (middle + 1, high) } else { (low, middle) };
    }
    if low > first {
        return Ok(mark(low - 1)?);
    }
    if first > 1 {
        let text = format!("The bookmark of job {name} as of JobRun {run} is no longer kept.");
        return Err(Fault::sender("EntityNotFoundException", text));
    }
    Ok(None)
}

/// Makes the bookmark what it was, and forgets what later runs have read.
pub(super) fn set_back(
    tx: &mut WriteTx<'_>,
    job: &NameKey,
    bookmark: &Bookmark,
    documents: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let (account, region, name) = of(job);
    let later = RUN_MARKS.prefix(of(job)).after(&(account, region, name, bookmark.run));
    let mut runs = BTreeSet::new();
    for row in RUN_MARKS.scan(tx, later.clone()) {
        runs.extend(row?.1.bookmark.run_id);
    }
    for run in &runs {
        RUN_NUMBERS.delete(tx, &(account, region, name, run.as_str()))?;
    }
    RUN_MARKS.clear(tx, later)?;
    if bookmark.run == 0 {
        FILES.clear(tx, FILES.prefix(of(job)))?;
    } else {
        FILES.clear_where(tx, FILES.prefix(of(job)), |file| runs.contains(&file.run))?;
    }
    DOCUMENTS.clear(tx, DOCUMENTS.prefix(of(job)))?;
    for (context, text) in documents {
        let document = Document { text: text.clone(), run: None };
        DOCUMENTS.put(tx, &(account, region, name, context.as_str()), &document)?;
    }
    Ok(BOOKMARKS.put(tx, job, bookmark)?)
}

/// Forgets all of a job's bookmark.
pub(crate) fn delete(tx: &mut WriteTx<'_>, job: &NameKey) -> Result<(), StoreError> {
    FILES.clear(tx, FILES.prefix(of(job)))?;
    DOCUMENTS.clear(tx, DOCUMENTS.prefix(of(job)))?;
    RUN_MARKS.clear(tx, RUN_MARKS.prefix(of(job)))?;
    RUN_NUMBERS.clear(tx, RUN_NUMBERS.prefix(of(job)))?;
    BOOKMARKS.delete(tx, job)?;
    Ok(())
}

fn entry(job: &str, bookmark: &Bookmark, documents: &BTreeMap<String, String>) -> JobBookmarkEntry {
    JobBookmarkEntry {
        job_name: Some(job.to_owned()),
        version: Some(bookmark.version),
        run: Some(i32::try_from(bookmark.run).unwrap_or(i32::MAX)),
        attempt: Some(bookmark.attempt),
        previous_run_id: bookmark.previous_run_id.clone(),
        run_id: bookmark.run_id.clone(),
        job_bookmark: Some(text(&bookmark.contexts, documents)),
    }
}

/// AWS's stored form of a source of files. What it knows by moments the ledger knows by file: the lists are empty.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileState {
    json_class: &'static str,
    timestamps: Moments,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Moments {
    run: String,
    high_band: String,
    curr_latest_partition: &'static str,
    curr_latest_partitions: &'static str,
    curr_run_start_time: String,
    include_list: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Files(FileState),
    Own(Value),
}

/// The states of a job by transformation context. A document that says its `jsonClass` is a state as it is.
fn text(contexts: &BTreeMap<String, Context>, documents: &BTreeMap<String, String>) -> String {
    let files = contexts.iter().map(|(name, context)| {
        let timestamps = Moments {
            run: context.run.to_string(),
            high_band: context.band.to_string(),
            curr_latest_partition: "0",
            curr_latest_partitions: "",
            curr_run_start_time: millis(context.started),
            include_list: "",
        };
        let state = FileState { json_class: "HadoopDataSourceJobBookmarkState", timestamps };
        (name.as_str(), State::Files(state))
    });
    let own = documents.iter().filter_map(|(name, document)| {
        let state: Value = serde_json::from_str(document).ok()?;
        state.get("jsonClass").is_some().then_some((name.as_str(), State::Own(state)))
    });
    let states: BTreeMap<&str, State> = files.chain(own).collect();
    serde_json::to_string(&states).unwrap_or_default()
}

/// `2024-10-28T01:32:45.613Z`.
fn millis(moment: Timestamp) -> String {
    let seconds = moment.iso8601();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), moment.millis().rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_form_of_aws() {
        let started = Timestamp::from_millis(1_730_079_165_613);
        let context = Context { run: 1, run_id: "jr_1".to_owned(), started, band: 900_000, columns: vec![] };
        let contexts = BTreeMap::from([("datasource0".to_owned(), context)]);
        let documents = BTreeMap::from([
            ("visits".to_owned(), r#"{"IcebergSnapshotId":7}"#.to_owned()),
            ("orders".to_owned(), r#"{"a":1,"jsonClass":"X"}"#.to_owned()),
        ]);
        assert_eq!(
            text(&contexts, &documents),
            r#"{"datasource0":{"jsonClass":"HadoopDataSourceJobBookmarkState","timestamps":{"RUN":"1","HIGH_BAND":"900000","CURR_LATEST_PARTITION":"0","CURR_LATEST_PARTITIONS":"","CURR_RUN_START_TIME":"2024-10-28T01:32:45.613Z","INCLUDE_LIST":""}},"orders":{"a":1,"jsonClass":"X"}}"#
        );
        assert_eq!(text(&BTreeMap::new(), &BTreeMap::new()), "{}");
    }
}
