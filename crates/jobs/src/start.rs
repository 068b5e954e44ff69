//! `StartJobRun`: what a run is made of. Sources: "Job runs" (AWS Glue Web API Reference) and "AWS Glue job parameters" (AWS
//! Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::*;
use mastic_core::{Entropy, Fault, Timestamp};
use mastic_handoff::{ScriptKind, ScriptSource, bytes_of};
use mastic_kernel::Ctx;
use mastic_policy::{Document, DocumentKind};

use crate::definition::{self, Kind, Size, key};
use crate::limits::Limits;
use crate::records::{JOBS, JobRecord, RunRecord, Script};
use crate::run::{at_work, find, insert, missing};
use crate::{Jobs, node};

/// What AWS says for a run of a job that is not there.
const NO_JOB: &str = "Failed to start job run due to missing metadata.";

/// Why a run waits, for people.
const FULL: &str = "The run waits because the job's maximum of concurrent runs is reached.";

/// A run's memory, where not its worker type says.
pub(crate) const MEMORY: &str = "--run-memory";

/// The disk that a run may have for what does not fit into its memory; the runner reads it.
const DISK: &str = "--run-disk";

/// Whether a run's output is kept only if the run succeeds: always, unless this is `false`.
const ATOMIC: &str = "--atomic-output";

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

impl Jobs {
    pub(crate) async fn start_run(
        &self,
        ctx: &Ctx,
        input: StartJobRunRequest,
    ) -> Result<StartJobRunResponse, Fault> {
        if let Some(name) = &input.security_configuration {
            definition::security_configuration(ctx, name)?;
        }
        if let Some(policy) = &input.execution_role_session_policy {
            Document::parse_as(policy, DocumentKind::Identity)
                .map_err(|error| invalid(format!("ExecutionRoleSessionPolicy is no policy: {error}")))?;
        }
        definition::timeout(input.timeout)?;
        definition::arguments(input.arguments.iter())?;
        let at = key(ctx, &input.job_name)?;
        let id = run_id(ctx.entropy());
        let started = ctx.now();
        let given = id.clone();
        let owner = ctx.clone();
        let limits = Limits::of(ctx)?;
        let written = ctx
            .write(move |tx| {
                let job = JOBS.get(tx, &at)?;
                let job = job.ok_or_else(|| Fault::sender("EntityNotFoundException", NO_JOB))?;
                let previous = match &input.job_run_id {
                    Some(previous) => {
                        let (_, run) = find(tx, &owner, &at.2, previous)?.ok_or_else(|| missing(previous))?;
                        if run.run.completed_on.is_none() {
                            let text = format!("JobRun {previous} has not ended: it cannot be retried.");
                            return Err(invalid(text));
                        }
                        Some(run.run)
                    }
                    None => None,
                };
                if let Some(limits) = &limits {
                    limits.check(input.number_of_workers, input.worker_type, input.timeout)?;
                }
                let mut record = new_run(&job, input, previous, given, started)?;
                if let Some(limits) = &limits {
                    limits.admit(&mut record.run)?;
                }
                if at_work(tx, &at)? >= usize::try_from(record.max_concurrent_runs).unwrap_or(1) {
                    if record.run.job_run_queuing_enabled != Some(true) {
                        let text = format!("Concurrent runs exceeded for {}", at.2);
                        return Err(Fault::sender("ConcurrentRunsExceededException", text));
                    }
                    record.run.job_run_state = Some(JobRunState::Waiting);
                    record.run.state_detail = Some(FULL.to_owned());
                }
                insert(tx, &at, started, &record)
            })
            .await;
        // A store that fails may have kept the run all the same: it must not wait for the next one.
        self.wake.notify_one();
        written?;
        Ok(StartJobRunResponse { job_run_id: Some(id) })
    }
}

/// `jr_` and 64 hexadecimal digits, as on AWS.
fn run_id(entropy: &dyn Entropy) -> String {
    format!("jr_{}", entropy.hex(32))
}

/// The size of a run: what the call says, else what the run that is retried had, else the job's.
fn size(job: &Job, input: &StartJobRunRequest, previous: Option<&JobRun>, kind: Kind) -> Result<Size, Fault> {
    let given = Size {
        allocated: input.allocated_capacity,
        max: input.max_capacity,
        worker: input.worker_type,
        workers: input.number_of_workers,
    };
    let version = definition::version(job);
    let (worker, workers) = match previous {
        Some(run) => (run.worker_type, run.number_of_workers),
        None => (job.worker_type, job.number_of_workers),
    };
    if given.is_given() {
        // Half of a pair is completed by the job.
        let paired = given.max.is_none() && given.allocated.is_none();
        let given = Size {
            worker: given.worker.or(worker.filter(|_| paired)),
            workers: given.workers.or(workers.filter(|_| paired)),
            ..given
        };
        given.check(kind, version)?;
        return Ok(Size { max: Some(given.dpus(kind)), allocated: Some(given.dpus(kind) as i32), ..given });
    }
    Ok(match previous {
        Some(run) => Size { allocated: run.allocated_capacity, max: run.max_capacity, worker, workers },
        None => Size::of_job(job),
    })
}

pub(crate) fn new_run(
    job: &JobRecord,
    input: StartJobRunRequest,
    previous: Option<JobRun>,
    id: String,
    started: Timestamp,
) -> Result<RunRecord, Fault> {
    let definition = &job.job;
    let command = definition.command.as_ref();
    let kind = Kind::parse(command.and_then(|command| command.name.as_deref()))?;
    let nodes = definition.code_gen_configuration_nodes.clone().unwrap_or_default();
    let script = if nodes.is_empty() {
        Some(script(command, kind)?)
    } else if node::is_code(&nodes) {
        let text = mastic_script::visual(&nodes).map_err(|error| invalid(error.to_string()))?;
        Some(Script { kind: ScriptKind::Spark, source: ScriptSource::Text(text) })
    } else {
        None
    };
    let Size { allocated, max, worker, workers } = size(definition, &input, previous.as_ref(), kind)?;
    let before = previous.unwrap_or_default();
    let retried = before.id.is_some();
    let execution_class = input.execution_class.or(before.execution_class).or(definition.execution_class);
    definition::execution_class(execution_class, kind, definition::version(definition))?;
    // A run that is retried keeps what it was started with; what the call says goes before that.
    let given = input.arguments.or(before.arguments).unwrap_or_default();
    let arguments = effective_arguments(definition, given);
    let atomic = arguments.get(ATOMIC).is_none_or(|value| value != "false");
    let bytes =
        |name: &str| arguments.get(name).map(|text| bytes_of(name, text)).transpose().map_err(invalid);
    let asked = bytes(MEMORY)?;
    bytes(DISK)?;
    let session_policy = input.execution_role_session_policy.or(before.execution_role_session_policy);
    let security_configuration = input
        .security_configuration
        .or(before.security_configuration)
        .or_else(|| definition.security_configuration.clone());
    let log_group = log_group(definition, security_configuration.as_deref());
    let run = JobRun {
        id: Some(id),
        attempt: Some(if retried { before.attempt.unwrap_or_default() + 1 } else { 0 }),
        previous_run_id: before.id,
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
        allocated_capacity: allocated,
        execution_time: Some(0),
        timeout: input.timeout.or(before.timeout).or(definition.timeout),
        max_capacity: max,
        worker_type: worker,
        number_of_workers: workers,
        security_configuration,
        log_group_name: Some(log_group),
        notification_property: input
            .notification_property
            .or(before.notification_property)
            .or_else(|| definition.notification_property.clone()),
        glue_version: definition.glue_version.clone(),
        dpu_seconds: Some(0.0),
        execution_class,
        maintenance_window: definition.maintenance_window.clone(),
        profile_name: None,
        state_detail: None,
        execution_role_session_policy: session_policy.clone(),
    };
    let concurrent = definition.execution_property.as_ref().and_then(|p| p.max_concurrent_runs);
    let (worker, of_worker) = definition::memory(&run, command);
    Ok(RunRecord {
        memory: Some(asked.map_or((of_worker, worker), |bytes| (bytes, MEMORY.to_owned()))),
        run,
        role: job.role.clone(),
        nodes,
        max_retries: definition.max_retries.unwrap_or(0),
        max_concurrent_runs: concurrent.unwrap_or(1),
        session_policy,
        atomic,
        retried: 0,
        began: None,
        script,
    })
}

/// The script of a job without a graph. A graph with code of the user's own runs as its script, too.
fn script(command: Option<&JobCommand>, kind: Kind) -> Result<Script, Fault> {
    let location = command.and_then(|command| command.script_location.clone()).unwrap_or_default();
    if !location.starts_with("s3://") {
        return Err(invalid(format!("A script is an object in S3, s3://bucket/key, not {location:?}.")));
    }
    let kind = match kind {
        Kind::Spark | Kind::Streaming if location.ends_with(".scala") => {
            return Err(invalid(format!(
                "{location} is written in Scala; Mastic runs Python scripts, over Spark Connect."
            )));
        }
        Kind::Spark | Kind::Streaming => ScriptKind::Spark,
        Kind::PythonShell => ScriptKind::PythonShell,
        Kind::Ray => {
            return Err(invalid(
                "Mastic does not run Ray jobs (Job Command glueray): it runs glueetl, gluestreaming and pythonshell.",
            ));
        }
    };
    Ok(Script { kind, source: ScriptSource::Object(location) })
}

/// Non-overridable arguments win over the run's, those over the job's defaults ("Job API", AWS Glue
/// Developer Guide).
pub(crate) fn effective_arguments(job: &Job, run: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut arguments = job.default_arguments.clone().unwrap_or_default();
    arguments.extend(run);
    arguments.extend(job.non_overridable_arguments.clone().unwrap_or_default());
    arguments
}

/// The group of a run's logs: one of its own for each role with a security configuration.
pub(crate) fn log_group(job: &Job, security_configuration: Option<&str>) -> String {
    let role = job.role.as_deref().unwrap_or_default();
    let role = role.rsplit_once('/').map_or(role, |(_, name)| name);
    let kind = job.command.as_ref().and_then(|command| Kind::parse(command.name.as_deref()).ok());
    let jobs = if kind == Some(Kind::PythonShell) { "python-jobs" } else { "jobs" };
    match security_configuration {
        Some(name) => format!("/aws-glue/{jobs}-{role}-{name}"),
        None => format!("/aws-glue/{jobs}"),
    }
}

#[cfg(test)]
mod tests {
    use mastic_core::Arn;

    use super::*;

    fn job(of: Job) -> JobRecord {
        let command = JobCommand { name: Some("glueetl".to_owned()), ..JobCommand::default() };
        let nodes = BTreeMap::from([("a".to_owned(), CodeGenConfigurationNode::default())]);
        let job = Job {
            command: Some(command),
            code_gen_configuration_nodes: Some(nodes),
            role: Some("arn:aws:iam::111122223333:role/path/etl".to_owned()),
            ..of
        };
        JobRecord { job, role: Arn::new("iam", "", "111122223333", "role/path/etl") }
    }

    fn begun(job: &JobRecord, input: StartJobRunRequest, previous: Option<JobRun>) -> RunRecord {
        new_run(job, input, previous, "jr_2".to_owned(), Timestamp::from_secs(60)).unwrap()
    }

    fn map(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
        Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn arguments_have_an_order() {
        let job = job(Job {
            default_arguments: map(&[("--a", "job"), ("--b", "job"), ("--c", "job")]),
            non_overridable_arguments: map(&[("--c", "fixed")]),
            ..Job::default()
        });
        let input = StartJobRunRequest {
            arguments: map(&[("--b", "run"), ("--c", "run"), ("--d", "run")]),
            ..StartJobRunRequest::default()
        };
        let run = begun(&job, input, None).run;
        assert_eq!(run.arguments, map(&[("--a", "job"), ("--b", "run"), ("--c", "fixed"), ("--d", "run")]));
        assert_eq!((run.attempt, run.previous_run_id), (Some(0), None));
    }

    #[test]
    fn a_retry_keeps_what_the_run_was_started_with() {
        let job = job(Job { timeout: Some(480), max_capacity: Some(10.0), ..Job::default() });
        let policy = Some("{}".to_owned());
        let input = StartJobRunRequest {
            arguments: map(&[("--day", "7")]),
            timeout: Some(5),
            worker_type: Some(WorkerType::G2x),
            number_of_workers: Some(3),
            execution_role_session_policy: policy.clone(),
            ..StartJobRunRequest::default()
        };
        let first = begun(&job, input, None);
        assert_eq!((first.run.max_capacity, first.run.allocated_capacity), (Some(6.0), Some(6)));
        assert_eq!(first.memory, Some((32 << 30, "worker type G.2X".to_owned())));
        let again = begun(&job, StartJobRunRequest::default(), Some(first.run.clone())).run;
        assert_eq!((again.attempt, again.previous_run_id), (Some(1), first.run.id));
        assert_eq!(
            (again.timeout, again.max_capacity, again.number_of_workers),
            (Some(5), Some(6.0), Some(3))
        );
        assert_eq!((again.arguments, again.execution_role_session_policy), (map(&[("--day", "7")]), policy));
    }

    #[test]
    fn memory_is_overridable() {
        let job = job(Job::default());
        let with = |text: &str| StartJobRunRequest {
            arguments: map(&[(MEMORY, text)]),
            ..StartJobRunRequest::default()
        };
        assert_eq!(begun(&job, with("512m"), None).memory, Some((512 << 20, MEMORY.to_owned())));
        assert_eq!(begun(&job, with("4G"), None).memory, Some((4 << 30, MEMORY.to_owned())));
        for wrong in ["", "4", "g", "-1g", "4t", "1.5g", "99999999g", "0m"] {
            let refused = new_run(&job, with(wrong), None, String::new(), Timestamp::default());
            assert!(refused.unwrap_err().message().contains("such as 512m or 4g"), "{wrong}");
        }
        let disk = StartJobRunRequest { arguments: map(&[(DISK, "20")]), ..StartJobRunRequest::default() };
        let refused = new_run(&job, disk, None, String::new(), Timestamp::default()).unwrap_err();
        assert!(refused.message().starts_with("--run-disk is a number with its unit"), "{refused:?}");
    }

    #[test]
    fn a_security_configuration_has_log_groups_of_its_own() {
        let job = job(Job { security_configuration: Some("sealed".to_owned()), ..Job::default() });
        let run = begun(&job, StartJobRunRequest::default(), None).run;
        assert_eq!(run.log_group_name.as_deref(), Some("/aws-glue/jobs-etl-sealed"));
    }
}
