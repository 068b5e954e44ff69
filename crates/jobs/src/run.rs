//! Job runs as the API shows them: `StartJobRun`, `GetJobRun(s)`, `BatchStopJobRun`.

use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Entropy, Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::definition::key;
use crate::limits::Limits;
use crate::records::{JOBS, JobRecord, OPEN_RUNS, Open, RUN_PLACES, RUNS, RunKey, RunPlace, RunRecord};
use crate::{Jobs, access, page};

/// What AWS says for a run of a job that is not there.
const NO_JOB: &str = "Failed to start job run due to missing metadata.";

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
                Ok(GetJobRunResponse { job_run: Some(shown(record.run, ctx.now())) })
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

    async fn start_run(&self, ctx: &Ctx, input: StartJobRunRequest) -> Result<StartJobRunResponse, Fault> {
        if let Some(name) = &input.security_configuration {
            let text = format!("Mastic does not have security configurations yet: {name}.");
            return Err(Fault::sender("InvalidInputException", text));
        }
        if input.max_capacity.is_some() && (input.worker_type.is_some() || input.number_of_workers.is_some())
        {
            let text = "Please do not set Max Capacity if using Worker Type and Number of Workers.";
            return Err(Fault::sender("InvalidInputException", text));
        }
        let at = key(ctx, &input.job_name)?;
        let id = run_id(ctx.entropy());
        let started = ctx.now();
        let given = id.clone();
        let owner = ctx.clone();
        let limits = Limits::of(ctx)?;
        ctx.write(move |tx| {
            let job = JOBS.get(tx, &at)?;
            let job = job.ok_or_else(|| Fault::sender("EntityNotFoundException", NO_JOB))?;
            let previous = match &input.job_run_id {
                Some(previous) => {
                    let (_, run) = find(tx, &owner, &at.2, previous)?.ok_or_else(|| missing(previous))?;
                    Some(run.run)
                }
                None => None,
            };
            let mut record = new_run(&job, input, previous, given, started)?;
            if let Some(limits) = &limits {
                limits.admit(&mut record.run)?;
            }
            let running = open_runs(tx, &at)?;
            if running >= usize::try_from(record.max_concurrent_runs).unwrap_or(1) {
                if record.run.job_run_queuing_enabled != Some(true) {
                    let text = format!("Concurrent runs exceeded for {}", at.2);
                    return Err(Fault::sender("ConcurrentRunsExceededException", text));
                }
                record.run.job_run_state = Some(JobRunState::Waiting);
                record.run.state_detail =
                    Some("The run waits because the job's maximum of concurrent runs is reached.".to_owned());
            }
            insert(tx, &(at.0, at.1, at.2), started, &record)
        })
        .await?;
        self.wake.notify_one();
        Ok(StartJobRunResponse { job_run_id: Some(id) })
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

fn missing(id: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("JobRun {id} not found."))
}

/// `jr_` and 64 hexadecimal digits, as on AWS.
fn run_id(entropy: &dyn Entropy) -> String {
    format!("jr_{}", entropy.hex(32))
}

fn new_run(
    job: &JobRecord,
    input: StartJobRunRequest,
    previous: Option<JobRun>,
    id: String,
    started: Timestamp,
) -> Result<RunRecord, Fault> {
    let definition = &job.job;
    let nodes = definition.code_gen_configuration_nodes.clone().unwrap_or_default();
    if nodes.is_empty() {
        let text = format!(
            "Mastic does not run scripts yet, only visual jobs: job {} has no CodeGenConfigurationNodes.",
            input.job_name
        );
        return Err(Fault::sender("InvalidInputException", text));
    }
    // "Passing an old JobRunId = retry": the arguments of that run stand unless new ones are given.
    let arguments = input.arguments.or_else(|| previous.as_ref().and_then(|run| run.arguments.clone()));
    let arguments = effective_arguments(definition, arguments.unwrap_or_default());
    let atomic = arguments.get("--atomic-output").is_none_or(|value| value != "false");
    let run = JobRun {
        id: Some(id),
        attempt: Some(previous.as_ref().and_then(|run| run.attempt).map_or(0, |attempt| attempt + 1)),
        previous_run_id: previous.and_then(|run| run.id),
        trigger_name: None,
        job_name: Some(input.job_name),
        job_mode: definition.job_mode,
        job_run_queuing_enabled: input.job_run_queuing_enabled.or(definition.job_run_queuing_enabled),
        started_on: Some(started),
        last_modified_on: Some(started),
        completed_on: None,
        job_run_state: Some(JobRunState::Starting),
        arguments: Some(arguments),
        error_message: None,
        predecessor_runs: Some(Vec::new()),
        allocated_capacity: input.allocated_capacity.or(definition.allocated_capacity),
        execution_time: Some(0),
        timeout: input.timeout.or(definition.timeout),
        max_capacity: input.max_capacity.or(definition.max_capacity),
        worker_type: input.worker_type.or(definition.worker_type),
        number_of_workers: input.number_of_workers.or(definition.number_of_workers),
        security_configuration: None,
        log_group_name: Some("/aws-glue/jobs".to_owned()),
        notification_property: input
            .notification_property
            .or_else(|| definition.notification_property.clone()),
        glue_version: definition.glue_version.clone(),
        dpu_seconds: None,
        execution_class: input.execution_class.or(definition.execution_class),
        maintenance_window: definition.maintenance_window.clone(),
        profile_name: None,
        state_detail: None,
        execution_role_session_policy: input.execution_role_session_policy.clone(),
    };
    let concurrent = definition.execution_property.as_ref().and_then(|p| p.max_concurrent_runs);
    Ok(RunRecord {
        run,
        role: job.role.clone(),
        nodes,
        max_retries: definition.max_retries.unwrap_or(0),
        max_concurrent_runs: concurrent.unwrap_or(1),
        session_policy: input.execution_role_session_policy,
        atomic,
    })
}

/// Non-overridable arguments win over the run's, those over the job's defaults ("Job API", AWS Glue
/// Developer Guide).
pub(crate) fn effective_arguments(job: &Job, run: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut arguments = job.default_arguments.clone().unwrap_or_default();
    arguments.extend(run);
    arguments.extend(job.non_overridable_arguments.clone().unwrap_or_default());
    arguments
}

/// How many runs of the job have begun and not ended.
fn open_runs(tx: &ReadTx<'_>, job: &(String, String, String)) -> Result<usize, StoreError> {
    let mut count = 0;
    for row in OPEN_RUNS.scan(tx, OPEN_RUNS.all()) {
        let (_, open) = row?;
        let (account, region, name, ..) = &open.key;
        if (account, region, name) == (&job.0, &job.1, &job.2) {
            let state = RUNS.get(tx, &open.key)?.and_then(|record| record.run.job_run_state);
            count += usize::from(state != Some(JobRunState::Waiting));
        }
    }
    Ok(count)
}

/// Whether the job has room for one more run.
pub(crate) fn has_room(tx: &ReadTx<'_>, key: &RunKey, record: &RunRecord) -> Result<bool, StoreError> {
    let job = (key.0.clone(), key.1.clone(), key.2.clone());
    Ok(open_runs(tx, &job)? < usize::try_from(record.max_concurrent_runs).unwrap_or(1))
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
    OPEN_RUNS.put(tx, &(started.micros(), id), &Open { key })?;
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
    run.execution_time =
        run.started_on.map(|start| i32::try_from(now.since(start).as_secs()).unwrap_or(i32::MAX));
    run.state_detail = run.state_detail.take().filter(|_| state != JobRunState::Succeeded);
    RUNS.put(tx, key, record)?;
    OPEN_RUNS.delete(tx, &(key.3, key.4.as_str()))?;
    Ok(())
}

fn find(tx: &ReadTx<'_>, ctx: &Ctx, job: &str, id: &str) -> Result<Option<(RunKey, RunRecord)>, Fault> {
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
        page::take(&RUNS, RUNS.scan_reverse(tx, range), limit, |_, record| {
            Ok(Some(shown(record.run, ctx.now())))
        })
    })?;
    Ok(GetJobRunsResponse { job_runs: Some(runs), next_token })
}

/// A run under way shows the time it has taken so far.
fn shown(mut run: JobRun, now: Timestamp) -> JobRun {
    if run.completed_on.is_none() && run.job_run_state != Some(JobRunState::Waiting) {
        run.execution_time =
            run.started_on.map(|start| i32::try_from(now.since(start).as_secs()).unwrap_or(i32::MAX));
    }
    run
}
