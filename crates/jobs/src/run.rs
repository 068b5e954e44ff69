//! Job runs as the API shows them: `GetJobRun(s)`, `BatchStopJobRun`, and their documents.

use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::definition::key;
use crate::records::{JOBS, OPEN_RUNS, Open, RUN_PLACES, RUNS, RunKey, RunPlace, RunRecord};
use crate::{Jobs, access, page};

impl Jobs {
    pub(crate) fn register_runs(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::StartJobRun, _, _>(
            |call, input| access::job(call, "StartJobRun", &input.job_name),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.start_run(&ctx, input).await }
            },
        );
        registry.on::<op::GetJobRun, _, _>(
            |call, input| access::job(call, "GetJobRun", &input.job_name),
            |ctx, input| async move {
                let found = ctx.read(|tx| find(tx, &ctx, &input.job_name, &input.run_id))?;
                let (_, record) = found.ok_or_else(|| missing(&input.run_id))?;
                Ok(GetJobRunResponse { job_run: Some(shown(record, ctx.now())) })
            },
        );
        registry.on::<op::GetJobRuns, _, _>(
            |call, input| access::job(call, "GetJobRuns", &input.job_name),
            |ctx, input| async move { runs_of(&ctx, input) },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::BatchStopJobRun, _, _>(
            |call, input| access::job(call, "BatchStopJobRun", &input.job_name),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.stop_runs(&ctx, input).await }
            },
        );
    }

    async fn stop_runs(
        &self,
        ctx: &Ctx,
        input: BatchStopJobRunRequest,
    ) -> Result<BatchStopJobRunResponse, Fault> {
        let mut stopped = Vec::new();
        let mut errors = Vec::new();
        for id in input.job_run_ids {
            let outcome = self.stop_run(ctx, &input.job_name, &id).await;
            let (job_name, job_run_id) = (Some(input.job_name.clone()), Some(id));
            match outcome {
                Ok(()) => stopped.push(BatchStopJobRunSuccessfulSubmission { job_name, job_run_id }),
                Err(fault) => errors.push(BatchStopJobRunError {
                    job_name,
                    job_run_id,
                    error_detail: Some(ErrorDetail {
                        error_code: Some(fault.code().to_owned()),
                        error_message: Some(fault.message().to_owned()),
                    }),
                }),
            }
        }
        Ok(BatchStopJobRunResponse { successful_submissions: Some(stopped), errors: Some(errors) })
    }

    async fn stop_run(&self, ctx: &Ctx, job: &str, id: &str) -> Result<(), Fault> {
        let (owner, job, run) = (ctx.clone(), job.to_owned(), id.to_owned());
        let waiting = ctx
            .write(move |tx| {
                let (at, mut record) = find(tx, &owner, &job, &run)?.ok_or_else(|| missing(&run))?;
                match record.run.job_run_state {
                    Some(JobRunState::Waiting) => {
                        close(tx, &at, &mut record, JobRunState::Stopped, owner.now())?;
                        Ok(true)
                    }
                    Some(JobRunState::Starting | JobRunState::Running) => {
                        record.run.job_run_state = Some(JobRunState::Stopping);
                        record.run.last_modified_on = Some(owner.now());
                        RUNS.put(tx, &at, &record)?;
                        let place = (at.3, at.4.as_str());
                        if let Some(mut open) = OPEN_RUNS.get(tx, &place)? {
                            open.stopped = true;
                            OPEN_RUNS.put(tx, &place, &open)?;
                        }
                        Ok(false)
                    }
                    Some(JobRunState::Stopping) => Ok(false),
                    state => {
                        let state = state.map_or("UNKNOWN", JobRunState::as_str);
                        let text = format!("JobRun {run} cannot be stopped: its state is {state}.");
                        Err(Fault::sender("InvalidInputException", text))
                    }
                }
            })
            .await?;
        if !waiting {
            self.stop(id);
            // It may not have begun yet: then the scheduler ends it.
            self.wake.notify_one();
        }
        Ok(())
    }
}

pub(crate) fn missing(id: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("JobRun {id} not found."))
}

/// How many runs of the job have begun and not ended.
pub(crate) fn at_work(tx: &ReadTx<'_>, job: &(String, String, String)) -> Result<usize, StoreError> {
    let mut count = 0;
    for row in OPEN_RUNS.scan(tx, OPEN_RUNS.all()) {
        let (_, open) = row?;
        let (account, region, name, ..) = &open.key;
        count += usize::from(!open.waits && (account, region, name) == (&job.0, &job.1, &job.2));
    }
    Ok(count)
}

pub(crate) fn insert(
    tx: &mut WriteTx<'_>,
    (account, region, job): &(String, String, String),
    started: Timestamp,
    record: &RunRecord,
) -> Result<(), Fault> {
    let id = record.run.id.clone().unwrap_or_default();
    let key: RunKey = (account.clone(), region.clone(), job.clone(), started.micros(), id.clone());
    RUNS.put(tx, &key, record)?;
    let place = RunPlace { started: started.micros() };
    RUN_PLACES.put(tx, &(account.as_str(), region.as_str(), job.as_str(), id.as_str()), &place)?;
    let waits = record.run.job_run_state == Some(JobRunState::Waiting);
    let flexible = record.run.execution_class == Some(ExecutionClass::Flex);
    let open = Open {
        key,
        waits,
        places: usize::try_from(record.max_concurrent_runs).ok(),
        expires: flexible.then(|| started.plus(FLEXIBLE_WAIT)),
        stopped: false,
        noted: false,
    };
    OPEN_RUNS.put(tx, &(started.micros(), id), &open)?;
    forget_old(tx, (account, region, job), started)
}

/// How long a run of the flexible class waits at most ("AWS Glue job run statuses", AWS Glue Developer Guide).
const FLEXIBLE_WAIT: Duration = Duration::from_secs(20 * 60);

/// How long runs are kept ("Job runs", AWS Glue API reference), and marks of where they left the bookmark.
pub(crate) const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Forgets the oldest runs of a job, a few at a time.
fn forget_old(
    tx: &mut WriteTx<'_>,
    (account, region, job): (&str, &str, &str),
    now: Timestamp,
) -> Result<(), Fault> {
    let mut old = Vec::new();
    for row in RUNS.scan_prefix(tx, (account, region, job)).take(2) {
        let (key, record) = row?;
        if key.3 < now.minus(KEPT).micros() && record.run.completed_on.is_some() {
            old.push(key);
        }
    }
    for key in old {
        RUN_PLACES.delete(tx, &(account, region, job, key.4.as_str()))?;
        RUNS.delete(tx, &key)?;
    }
    Ok(())
}

/// Ends a run: its state is final, and the queue forgets it.
pub(crate) fn close(
    tx: &mut WriteTx<'_>,
    key: &RunKey,
    record: &mut RunRecord,
    state: JobRunState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let run = &mut record.run;
    run.job_run_state = Some(state);
    run.last_modified_on = Some(now);
    run.completed_on = Some(now);
    meter(run, record.began, now);
    run.state_detail = run.state_detail.take().filter(|_| state != JobRunState::Succeeded);
    RUNS.put(tx, key, record)?;
    OPEN_RUNS.delete(tx, &(key.3, key.4.as_str()))?;
    Ok(())
}

pub(crate) fn find(
    tx: &ReadTx<'_>,
    ctx: &Ctx,
    job: &str,
    id: &str,
) -> Result<Option<(RunKey, RunRecord)>, Fault> {
    let (account, region, job) = key(ctx, job)?;
    let place = RUN_PLACES.get(tx, &(account.as_str(), region.as_str(), job.as_str(), id))?;
    let Some(place) = place else { return Ok(None) };
    let key: RunKey = (account, region, job, place.started, id.to_owned());
    Ok(RUNS.get(tx, &key)?.map(|record| (key, record)))
}

fn runs_of(ctx: &Ctx, input: GetJobRunsRequest) -> Result<GetJobRunsResponse, Fault> {
    let (account, region, job) = key(ctx, &input.job_name)?;
    let (runs, next_token) = ctx.read(|tx| {
        if !JOBS.contains(tx, &(account.as_str(), region.as_str(), job.as_str()))? {
            return Err(Fault::sender("EntityNotFoundException", format!("Job {job} not found.")));
        }
        let prefix = RUNS.prefix((account.as_str(), region.as_str(), job.as_str()));
        let range = page::before(prefix, input.next_token.as_deref())?;
        let limit = page::limit(input.max_results, 200);
        page::take(&RUNS, RUNS.scan_reverse(tx, range), limit, |_, record| Ok(Some(shown(record, ctx.now()))))
    })?;
    Ok(GetJobRunsResponse { job_runs: Some(runs), next_token })
}

/// A run under way shows the time it has taken so far.
fn shown(record: RunRecord, now: Timestamp) -> JobRun {
    let RunRecord { mut run, began, .. } = record;
    if run.completed_on.is_none() {
        meter(&mut run, began, now);
    }
    run
}

/// Whole seconds, and DPU-seconds to the millisecond: what the run has consumed from when it `began` until `until`.
fn meter(run: &mut JobRun, began: Option<Timestamp>, until: Timestamp) {
    let took = began.map(|began| until.since(began)).unwrap_or_default();
    run.execution_time = Some(i32::try_from(took.as_secs()).unwrap_or(i32::MAX));
    let dpus = run.max_capacity.unwrap_or_default();
    run.dpu_seconds = Some((took.as_secs_f64() * dpus * 1000.0).round() / 1000.0);
}
