//! The ledger as the runner reads and writes it, and as `mastic bookmark show` tells it: which files of each source
//! have been read, as they were then, and by which run.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_glue::glue::types::JobRunState;
use mastic_api_mastic::mastic::types::*;
use mastic_core::Fault;
use mastic_kernel::{Ctx, Need};
use mastic_store::ReadTx;

use super::commit::{documents, enabled};
use super::records::{BOOKMARKS, DOCUMENTS, Document, FILES, RUN_MARKS, TakenFile, of};
use super::rewind::mark_of;
use crate::definition::{self, key};
use crate::records::{JOBS, NameKey, RUN_PLACES};
use crate::{Jobs, page, run};

/// Files of a page where the call does not say.
const PAGE: usize = 1000;

/// Runs that are told of, the newest first.
const RUNS_TOLD: usize = 100;

impl Jobs {
    /// Lets in whom the job's bookmark may be shown to, and the job's own runs: who may start the job lets it read where
    /// it stands, whatever its role may do.
    fn may_read(&self, ctx: &Ctx, job: &NameKey) -> Result<(), Fault> {
        if self.run_of(ctx, job)?.is_some() || self.plans_for(ctx, job) {
            return Ok(());
        }
        // AWS checks it against no resource, nor does `GetJobBookmark` here.
        ctx.authorize(&[Need::new("glue:GetJobBookmark", "*")])
    }

    /// The run of the job for which the caller works.
    fn run_of(&self, ctx: &Ctx, job: &NameKey) -> Result<Option<String>, Fault> {
        let Some(run) = ctx.caller().run() else { return Ok(None) };
        let place = (job.0.as_str(), job.1.as_str(), job.2.as_str(), run.id.as_str());
        let own = ctx.read(|tx| Ok::<_, Fault>(RUN_PLACES.contains(tx, &place)?))?;
        Ok(own.then(|| run.id.clone()))
    }

    fn plans_for(&self, ctx: &Ctx, job: &NameKey) -> bool {
        ctx.caller().run().is_some_and(|run| self.plans.lock().get(&run.id) == Some(job))
    }

    pub(super) fn describe_bookmark(
        &self,
        ctx: &Ctx,
        input: &DescribeJobBookmarkRequest,
    ) -> Result<DescribeJobBookmarkResponse, Fault> {
        let job = key(ctx, &input.job_name)?;
        self.may_read(ctx, &job)?;
        let own = self.run_of(ctx, &job)?.is_some();
        ctx.read(|tx| {
            // A job that is deleted lets its runs go on.
            if !own && !JOBS.contains(tx, &job)? {
                return Err(definition::missing(&job.2));
            }
            let window = match (&input.from, &input.to) {
                (Some(from), Some(to)) => Some(window(tx, &job, from, to)?),
                (None, None) => None,
                _ => return Err(invalid("From and To go together.")),
            };
            let bookmark = BOOKMARKS.get(tx, &job)?.unwrap_or_default();
            let mut contexts: BTreeMap<String, JobBookmarkContext> = BTreeMap::new();
            let mut of_context = |name: &str, set: &dyn Fn(&mut JobBookmarkContext)| {
                let context = contexts.entry(name.to_owned()).or_insert_with(|| JobBookmarkContext {
                    transformation_context: name.to_owned(),
                    ..JobBookmarkContext::default()
                });
                set(context);
            };
            for (name, read) in &bookmark.contexts {
                of_context(name, &|context| context.run_id = Some(read.run_id.clone()));
            }
            let window = window.unwrap_or_default();
            let before = match &input.from {
                Some(_) => window.before,
                None => documents(tx, &job)?,
            };
            for (name, text) in &before {
                of_context(name, &|context| context.document = Some(text.clone()));
            }
            for (name, text) in &window.until {
                of_context(name, &|context| context.window_document = Some(text.clone()));
            }
            let runs = input.with_runs.unwrap_or_default().then(|| runs(tx, &job)).transpose()?;
            Ok(DescribeJobBookmarkResponse {
                job_name: job.2.clone(),
                version: bookmark.version,
                run: number(bookmark.run),
                attempt: bookmark.attempt,
                run_id: bookmark.run_id,
                contexts: contexts.into_values().collect(),
                window_run_ids: input.from.is_some().then(|| window.runs.into_iter().collect()),
                runs,
            })
        })
    }

    pub(super) fn list_bookmark_files(
        &self,
        ctx: &Ctx,
        input: &ListJobBookmarkFilesRequest,
    ) -> Result<ListJobBookmarkFilesResponse, Fault> {
        let job = key(ctx, &input.job_name)?;
        self.may_read(ctx, &job)?;
        ctx.read(|tx| {
            let all = match &input.transformation_context {
                Some(context) => {
                    FILES.prefix((job.0.as_str(), job.1.as_str(), job.2.as_str(), context.as_str()))
                }
                None => FILES.prefix(of(&job)),
            };
            let range = page::after(all, input.next_token.as_deref())?;
            let asked = input.max_results.and_then(|most| usize::try_from(most).ok());
            let (files, next_token) =
                page::take(&FILES, FILES.scan(tx, range), asked.unwrap_or(PAGE), |key, file| {
                    let (bucket, object) = key.4.split_once('/').unwrap_or_default();
                    Ok(Some(JobBookmarkFile {
                        transformation_context: key.3.clone(),
                        bucket: bucket.to_owned(),
                        key: object.to_owned(),
                        e_tag: file.etag,
                        size: file.size,
                        last_modified: file.modified,
                        run_id: Some(file.run),
                    }))
                })?;
            Ok(ListJobBookmarkFilesResponse { files, next_token })
        })
    }

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
            let (_, record) = run::find(tx, &owner, &job.2, &id)?.ok_or_else(|| run::missing(&id))?;
            let at_work =
                matches!(record.run.job_run_state, Some(JobRunState::Starting | JobRunState::Running));
            if !at_work || !enabled(&record.run) {
                let text = format!("JobRun {id} is not one that moves the bookmark of job {}.", job.2);
                return Err(invalid(text));
            }
            for file in input.files.unwrap_or_default() {
                let path = format!("{}/{}", file.bucket, file.key);
                let context = file.transformation_context;
                let place = (job.0.as_str(), job.1.as_str(), job.2.as_str(), context.as_str(), path.as_str());
                let taken = TakenFile {
                    etag: file.e_tag,
                    size: file.size,
                    modified: file.last_modified,
                    run: id.clone(),
                };
                FILES.put(tx, &place, &taken)?;
            }
            for document in input.documents.unwrap_or_default() {
                let context = document.transformation_context;
                let place = (job.0.as_str(), job.1.as_str(), job.2.as_str(), context.as_str());
                DOCUMENTS.put(tx, &place, &Document { text: document.document })?;
            }
            Ok(PutJobBookmarkResponse {})
        })
        .await
    }
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

fn number(run: i64) -> i32 {
    i32::try_from(run).unwrap_or(i32::MAX)
}

/// What lies between two runs.
#[derive(Default)]
struct Window {
    /// The documents as the first run left them, and as the second did.
    before: BTreeMap<String, String>,
    until: BTreeMap<String, String>,
    /// The runs after the first, up to and with the second.
    runs: BTreeSet<String>,
}

/// `--job-bookmark-from` and `--job-bookmark-to`: each stands for the last successful run up to and with it ("AWS Glue job
/// parameters", AWS Glue Developer Guide).
fn window(tx: &ReadTx<'_>, job: &NameKey, from: &str, to: &str) -> Result<Window, Fault> {
    let (from, to) = (mark_of(tx, job, from)?, mark_of(tx, job, to)?);
    let place = |mark: &Option<super::records::RunMark>| mark.as_ref().map_or(0, |mark| mark.bookmark.run);
    let (first, last) = (place(&from), place(&to));
    let mut runs = BTreeSet::new();
    for row in RUN_MARKS.scan_prefix(tx, of(job)) {
        let ((.., number), mark) = row?;
        if number > first && number <= last {
            runs.extend(mark.bookmark.run_id);
        }
    }
    let documents =
        |mark: Option<super::records::RunMark>| mark.map(|mark| mark.documents).unwrap_or_default();
    Ok(Window { before: documents(from), until: documents(to), runs })
}

fn runs(tx: &ReadTx<'_>, job: &NameKey) -> Result<Vec<JobBookmarkRun>, Fault> {
    let newest = RUN_MARKS.scan_reverse(tx, RUN_MARKS.prefix(of(job))).take(RUNS_TOLD);
    newest
        .map(|row| {
            let (_, mark) = row?;
            Ok(JobBookmarkRun {
                run: number(mark.bookmark.run),
                run_id: mark.bookmark.run_id.unwrap_or_default(),
                attempt: mark.bookmark.attempt,
                started_on: mark.bookmark.started,
                completed_on: mark.completed,
                files: mark.files,
                bytes: mark.bytes,
            })
        })
        .collect()
}
