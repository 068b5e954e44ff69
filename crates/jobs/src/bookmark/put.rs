//! `PutJobBookmark`: what a run tells of its job's bookmark while it reads. With each thing that it moves it says what it
//! has seen there: what another run has moved since then it does not move once more.

use mastic_api_glue::glue::types::JobRunState;
use mastic_api_mastic::mastic::types::*;
use mastic_core::Fault;
use mastic_handoff::Tally;
use mastic_kernel::{Ctx, Need};
use mastic_store::WriteTx;

use super::commit::{enabled, moves, overtaken, was_reset};
use super::invalid;
use super::records::*;
use crate::definition::key;
use crate::records::{RunKey, RunRecord};
use crate::{Jobs, run};

impl Jobs {
    pub(super) async fn put_bookmark(
        &self,
        ctx: &Ctx,
        input: PutJobBookmarkRequest,
    ) -> Result<PutJobBookmarkResponse, Fault> {
        let job = key(ctx, &input.job_name)?;
        let Some(id) = self.run_of(ctx, &job)? else {
            ctx.authorize(&[Need::new("mastic:PutJobBookmark", "*")])?;
            let text = format!("Only a run of job {} moves its bookmark.", job.2);
            return Err(invalid(text));
        };
        let owner = ctx.clone();
        ctx.write_staged(move |tx| {
            let (at, record) = run::find(tx, &owner, &job.2, &id)?.ok_or_else(|| run::missing(&id))?;
            let at_work =
                matches!(record.run.job_run_state, Some(JobRunState::Starting | JobRunState::Running));
            if !at_work || !enabled(&record.run) {
                let text = format!("JobRun {id} is not one that moves the bookmark of job {}.", job.2);
                return Err(invalid(text));
            }
            put(tx, &at, &record, input)
        })
        .await?;
        Ok(PutJobBookmarkResponse {})
    }
}

/// Stages what a run tells, in its own scope. Telling it again changes nothing.
///
/// # Errors
/// `VersionMismatchException` where another run, or a reset, has moved what the run has seen.
pub(super) fn put(
    tx: &mut WriteTx<'_>,
    key: &RunKey,
    record: &RunRecord,
    input: PutJobBookmarkRequest,
) -> Result<(), Fault> {
    // Of a job that was deleted meanwhile nothing is kept.
    if !moves(tx, key, record)? {
        return Ok(());
    }
    let (account, region, job, id) = (key.0.as_str(), key.1.as_str(), key.2.as_str(), key.4.as_str());
    let reset = BOOKMARKS.get(tx, &(account, region, job))?.map_or(0, |bookmark| bookmark.reset_version);
    if input.version < reset {
        return Err(mismatch(&was_reset(job)));
    }
    let place = (account, region, job, id);
    let mut reading = READINGS.get(tx, &place)?.unwrap_or_default();
    reading.version = input.version;
    for source in input.sources.unwrap_or_default() {
        let known = reading.sources.entry(source.transformation_context).or_default();
        known.band = source.max_band.unwrap_or(known.band);
        if let Some(columns) = source.columns {
            let columns = columns.into_iter().map(|column| (column.name, column.r#type));
            known.columns = Some(columns.collect());
        }
    }
    READINGS.put(tx, &place, &reading)?;
    for file in input.files.unwrap_or_default() {
        let path = format!("{}/{}", file.bucket, file.key);
        let place = (account, region, job, file.transformation_context.as_str(), path.as_str());
        let last = FILES.get(tx, &place)?.map(|taken| taken.run);
        if last != file.run_id && last.as_deref() != Some(id) {
            return Err(mismatch(&overtaken(true, &path)));
        }
        let (etag, size, modified) = (file.e_tag, file.size, file.last_modified);
        FILES.put(tx, &place, &TakenFile { etag, size, modified, run: id.to_owned() })?;
    }
    for gone in input.gone.unwrap_or_default() {
        let path = format!("{}/{}", gone.bucket, gone.key);
        let place = (account, region, job, gone.transformation_context.as_str(), path.as_str());
        // One that is there again another run may have read.
        if FILES.get(tx, &place)?.is_some_and(|taken| taken.run == gone.run_id) {
            FILES.delete(tx, &place)?;
        }
    }
    for document in input.documents.unwrap_or_default() {
        let place = (account, region, job, document.transformation_context.as_str());
        let last = DOCUMENTS.get(tx, &place)?;
        let own = last.as_ref().is_some_and(|last| last.run.as_deref() == Some(id));
        if !own && last.map(|last| last.text) != document.before {
            return Err(mismatch(&overtaken(false, &document.transformation_context)));
        }
        DOCUMENTS.put(tx, &place, &Document { text: document.document, run: Some(id.to_owned()) })?;
    }
    Ok(())
}

/// AWS's code where a run's bookmark is not the one any more that it has read. The run has not come to what it writes.
fn mismatch(why: &str) -> Fault {
    let text = format!("{why} {}.", Tally::default().not_kept());
    Fault::sender("VersionMismatchException", text)
}
