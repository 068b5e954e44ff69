//! The bookmark as the runner reads it, and as `mastic bookmark show` tells it: where the sources stand, and which files
//! of each have been read, as they were then, and by which run.

use std::collections::{BTreeMap, BTreeSet};

use mastic_api_mastic::mastic::types::*;
use mastic_core::Fault;
use mastic_kernel::{Ctx, Need};
use mastic_store::ReadTx;

use super::invalid;
use super::records::*;
use super::rewind::mark_of;
use crate::definition::{self, key};
use crate::records::{JOBS, NameKey, RUN_PLACES};
use crate::{Jobs, page};

/// Files of a page where the call does not say.
const PAGE: usize = 1000;

/// Runs that are told of at most.
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
    pub(super) fn run_of(&self, ctx: &Ctx, job: &NameKey) -> Result<Option<String>, Fault> {
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
            for (name, read) in &bookmark.contexts {
                let context = entry(&mut contexts, name);
                context.run_id = Some(read.run_id.clone());
                context.columns = told(&read.columns);
            }
            match &window {
                Some(window) => {
                    for (name, text) in &window.before {
                        entry(&mut contexts, name).document = Some(text.clone());
                    }
                }
                None => {
                    for row in DOCUMENTS.scan_prefix(tx, of(&job)) {
                        let ((.., name), document) = row?;
                        let context = entry(&mut contexts, &name);
                        context.run_id = document.run;
                        context.document = Some(document.text);
                    }
                }
            }
            for mark in window.iter().filter_map(|window| window.until.as_ref()) {
                for (name, text) in &mark.documents {
                    entry(&mut contexts, name).window_document = Some(text.clone());
                }
                for (name, read) in &mark.bookmark.contexts {
                    entry(&mut contexts, name).columns = told(&read.columns);
                }
            }
            let runs = match &input.runs_like {
                Some(text) => Some(runs_like(tx, &job, text)?),
                None => input.with_runs.unwrap_or_default().then(|| newest_runs(tx, &job)).transpose()?,
            };
            Ok(DescribeJobBookmarkResponse {
                job_name: job.2.clone(),
                version: bookmark.version,
                run: number(bookmark.run),
                attempt: bookmark.attempt,
                run_id: bookmark.run_id,
                contexts: contexts.into_values().collect(),
                window_run_ids: window.map(|window| window.runs.into_iter().collect()),
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
            let (account, region, name) = of(&job);
            let all = match (input.transformation_context.as_deref(), input.start_at.as_deref()) {
                (Some(context), None) => FILES.prefix((account, region, name, context)),
                (Some(context), Some(path)) => {
                    let start = (account, region, name, context, path);
                    FILES.prefix((account, region, name, context)).from(&start)
                }
                (None, None) => FILES.prefix(of(&job)),
                (None, Some(_)) => return Err(invalid("StartAt goes with TransformationContext.")),
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
}

fn number(run: i64) -> i32 {
    i32::try_from(run).unwrap_or(i32::MAX)
}

fn entry<'a>(
    contexts: &'a mut BTreeMap<String, JobBookmarkContext>,
    name: &str,
) -> &'a mut JobBookmarkContext {
    let new = || JobBookmarkContext { transformation_context: name.to_owned(), ..Default::default() };
    contexts.entry(name.to_owned()).or_insert_with(new)
}

fn told(columns: &Columns) -> Option<Vec<JobBookmarkColumn>> {
    let columns = columns.iter().cloned().map(|(name, r#type)| JobBookmarkColumn { name, r#type });
    Some(columns.collect()).filter(|columns: &Vec<_>| !columns.is_empty())
}

/// What lies between two runs.
pub(super) struct Window {
    /// The documents as the first run left them.
    before: BTreeMap<String, String>,
    /// The bookmark as the second run left it.
    until: Option<RunMark>,
    /// The runs after the first, up to and with the second.
    pub(super) runs: BTreeSet<String>,
}

/// `--job-bookmark-from` and `--job-bookmark-to`: each stands for the last successful run up to and with it ("AWS Glue job
/// parameters", AWS Glue Developer Guide).
pub(super) fn window(tx: &ReadTx<'_>, job: &NameKey, from: &str, to: &str) -> Result<Window, Fault> {
    let (from, until) = (mark_of(tx, job, from)?, mark_of(tx, job, to)?);
    let (account, region, name) = of(job);
    let place = |mark: &Option<RunMark>| mark.as_ref().map_or(0, |mark| mark.bookmark.run);
    let between = RUN_MARKS.prefix(of(job)).after(&(account, region, name, place(&from)));
    let between = between.before(&(account, region, name, place(&until) + 1));
    let mut runs = BTreeSet::new();
    for row in RUN_MARKS.scan(tx, between) {
        runs.extend(row?.1.bookmark.run_id);
    }
    let before = from.map(|mark| mark.documents).unwrap_or_default();
    Ok(Window { before, until, runs })
}

pub(super) fn newest_runs(tx: &ReadTx<'_>, job: &NameKey) -> Result<Vec<JobBookmarkRun>, Fault> {
    let newest = RUN_MARKS.scan_reverse(tx, RUN_MARKS.prefix(of(job))).take(RUNS_TOLD);
    newest.map(|row| Ok(told_run(row?.1))).collect()
}

/// The run of that number or id, or else those whose ids begin so.
pub(super) fn runs_like(tx: &ReadTx<'_>, job: &NameKey, text: &str) -> Result<Vec<JobBookmarkRun>, Fault> {
    let (account, region, name) = of(job);
    let numbers = match text.parse::<i64>() {
        Ok(number) => vec![number],
        Err(_) => {
            let rows = RUN_NUMBERS.scan(tx, RUN_NUMBERS.prefix_text(of(job), text)).take(RUNS_TOLD);
            let mut found = rows.collect::<Result<Vec<_>, _>>()?;
            // The id that is the whole text comes first.
            if found.first().is_some_and(|((.., id), _)| id == text) {
                found.truncate(1);
            }
            found.into_iter().map(|(_, RunNumber(number))| number).collect()
        }
    };
    let marks = numbers.into_iter().map(|number| RUN_MARKS.get(tx, &(account, region, name, number)));
    marks.filter_map(Result::transpose).map(|mark| Ok(told_run(mark?))).collect()
}

fn told_run(mark: RunMark) -> JobBookmarkRun {
    JobBookmarkRun {
        run: number(mark.bookmark.run),
        run_id: mark.bookmark.run_id.unwrap_or_default(),
        attempt: mark.bookmark.attempt,
        started_on: mark.bookmark.started,
        completed_on: mark.completed,
        files: mark.files,
        bytes: mark.bytes,
    }
}
