//! How runs begin, wait, end and are retried, in the store and with small programs in the runner's place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mastic_api_glue::glue::types::*;
use mastic_core::{AccountId, Arn, Fault, ManualClock, Secret, SeededEntropy, Timestamp};
use mastic_handoff::{JobWork, Work};
use mastic_kernel::ports::{Credentials, RoleSessions, ServiceSession};
use mastic_kernel::{Caller, Kernel, Seams};
use mastic_store::{Store, StoreError};
use tokio::sync::watch;

use crate::execution::{Ending, Execution};
use crate::records::{JOBS, JobRecord, OPEN_RUNS, RUNS};
use crate::run::{close, insert};
use crate::schedule::log_places;
use crate::start::new_run;
use crate::{Jobs, RunnerConfig};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Roles that everybody can assume, or nobody.
struct Roles(bool, Arc<ManualClock>);

#[async_trait]
impl RoleSessions for Roles {
    fn find(&self, _: &AccountId, _: &str) -> Result<Option<Arn>, Fault> {
        Ok(None)
    }

    fn can_assume(&self, _: &'static str, _: &Arn, _: &Arn) -> Result<bool, Fault> {
        Ok(self.0)
    }

    async fn assume(&self, session: ServiceSession) -> Result<Credentials, Fault> {
        use mastic_core::Clock as _;

        let credentials = Credentials {
            access_key_id: "ASIA".to_owned(),
            secret_access_key: Secret::new(String::new()),
            session_token: Secret::new(String::new()),
            expires: self.1.now().plus(session.duration),
            caller: Caller::anonymous(),
        };
        self.0.then_some(credentials).ok_or_else(|| Fault::sender("AccessDenied", "Nobody can."))
    }

    async fn revoke(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }
}

/// A server without anything around it.
struct World {
    store: Store,
    clock: Arc<ManualClock>,
    jobs: Arc<Jobs>,
}

fn at(job: &str) -> (String, String, String) {
    ("111122223333".to_owned(), "us-east-1".to_owned(), job.to_owned())
}

impl World {
    /// Runs of `program`; without one, roles that cannot be assumed, so that every run fails at once.
    fn new(program: Option<&str>) -> Self {
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-22T10:00:00Z").unwrap()));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(store.clone(), seams);
        kernel.connect_sessions(Arc::new(Roles(program.is_some(), clock.clone())));
        let config = RunnerConfig {
            binary: PathBuf::from(program.unwrap_or_default()),
            scratch: std::env::temp_dir().join("mastic-run-tests"),
            ca_file: None,
            memory_limit: 1 << 40,
            runs_at_once: 2,
            runtime: mastic_runtime::Place::new(std::env::temp_dir(), None),
            python_environment: std::collections::BTreeMap::new(),
            spark_remote: None,
            session: Duration::from_secs(3600),
        };
        let jobs = Jobs::new(kernel.background("jobs"), config);
        jobs.endpoint.get_or_init(|| "http://127.0.0.1:1".to_owned());
        Self { store, clock, jobs }
    }

    async fn job(&self, name: &str, of: Job) -> JobRecord {
        let command = JobCommand { name: Some("glueetl".to_owned()), ..JobCommand::default() };
        let nodes = BTreeMap::from([("a".to_owned(), CodeGenConfigurationNode::default())]);
        let job = Job {
            name: Some(name.to_owned()),
            command: Some(command),
            code_gen_configuration_nodes: Some(nodes),
            max_capacity: Some(10.0),
            ..of
        };
        let record = JobRecord { job, role: Arn::new("iam", "", "111122223333", "role/r") };
        let (place, kept) = (at(name), record.clone());
        self.store.write(move |tx| JOBS.put(tx, &place, &kept)).await.unwrap();
        record
    }

    /// Queues a run; it waits if `waits`.
    async fn queue(&self, job: &JobRecord, id: &str, waits: bool) {
        let name = job.job.name.clone().unwrap_or_default();
        let input = StartJobRunRequest { job_name: name.clone(), ..StartJobRunRequest::default() };
        let now = self.now();
        let mut record = new_run(job, input, None, id.to_owned(), now).unwrap();
        if waits {
            record.run.job_run_state = Some(JobRunState::Waiting);
        }
        self.store.write(move |tx| insert(tx, &at(&name), now, &record)).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        use mastic_core::Clock as _;
        self.clock.now()
    }

    fn runs(&self) -> Vec<JobRun> {
        let found = self.store.read(|tx| {
            RUNS.scan(tx, RUNS.all()).map(|row| Ok(row?.1.run)).collect::<Result<Vec<_>, StoreError>>()
        });
        found.unwrap()
    }

    fn run(&self, id: &str) -> JobRun {
        self.runs().into_iter().find(|run| run.id.as_deref() == Some(id)).unwrap()
    }

    fn state(&self, id: &str) -> JobRunState {
        self.run(id).job_run_state.unwrap()
    }

    /// Turns of the scheduler until it has nothing to do.
    async fn settle(&self) {
        loop {
            self.jobs.take_up().await.unwrap();
            if self.jobs.under_way.lock().is_empty() {
                let open = self.store.read(|tx| OPEN_RUNS.count(tx, OPEN_RUNS.all())).unwrap();
                let waiting =
                    self.runs().iter().filter(|run| run.job_run_state == Some(JobRunState::Waiting)).count();
                if open == waiting as u64 {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        while !what(self) {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(&self, id: &str) {
        self.jobs.stop(id);
        self.until(|world| world.run(id).completed_on.is_some()).await;
    }
}

#[tokio::test]
async fn failed_runs_are_retried_under_ids_of_their_own() {
    let world = World::new(None);
    let job = world.job("j", Job { max_retries: Some(2), ..Job::default() }).await;
    world.queue(&job, "jr_1", false).await;
    world.settle().await;
    let mut runs = world.runs();
    runs.sort_by_key(|run| run.attempt);
    let told: Vec<_> = runs
        .iter()
        .map(|run| (run.id.as_deref().unwrap(), run.previous_run_id.as_deref(), run.job_run_state.unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("jr_1", None, JobRunState::Failed),
            ("jr_1_attempt_1", Some("jr_1"), JobRunState::Failed),
            ("jr_1_attempt_2", Some("jr_1_attempt_1"), JobRunState::Failed),
        ]
    );
    for run in runs {
        assert_eq!(
            run.error_message.as_deref(),
            Some(
                "Error Category: PERMISSION_ERROR; Glue could not assume the role arn:aws:iam::111122223333:role/r: Nobody can."
            )
        );
        assert_eq!((run.execution_time, run.dpu_seconds), (Some(0), Some(0.0)));
    }
}

#[tokio::test]
async fn a_run_of_a_deleted_job_is_not_retried() {
    let world = World::new(None);
    let job = world.job("j", Job { max_retries: Some(2), ..Job::default() }).await;
    world.queue(&job, "jr_1", false).await;
    world.store.write(|tx| JOBS.delete(tx, &at("j"))).await.unwrap();
    world.settle().await;
    assert_eq!(world.runs().len(), 1);
}

#[tokio::test]
async fn only_failures_are_retried() {
    let world = World::new(None);
    let job = world.job("j", Job { max_retries: Some(2), timeout: Some(7), ..Job::default() }).await;
    for (id, ending, state, message) in [
        (
            "jr_1",
            Ending::TimedOut,
            JobRunState::Timeout,
            Some("The run was stopped after its timeout of 7 minutes."),
        ),
        ("jr_2", Ending::Stopped, JobRunState::Stopped, None),
    ] {
        world.queue(&job, id, false).await;
        let open = world.store.read(|tx| OPEN_RUNS.scan(tx, OPEN_RUNS.all()).collect::<Result<Vec<_>, _>>());
        let (_, open) = open.unwrap().pop().unwrap();
        world.jobs.conclude(&open.key, ending).await.unwrap();
        assert_eq!((world.state(id), world.run(id).error_message.as_deref()), (state, message));
    }
    assert_eq!(world.runs().len(), 2);
}

#[tokio::test]
async fn only_flexible_runs_give_up_waiting() {
    let world = World::new(Some("/bin/cat"));
    let job = world.job("j", Job::default()).await;
    world.queue(&job, "jr_1", false).await;
    world.jobs.take_up().await.unwrap();
    world.until(|world| world.state("jr_1") == JobRunState::Running).await;
    let flexible =
        world.job("j", Job { execution_class: Some(ExecutionClass::Flex), ..Job::default() }).await;
    world.queue(&job, "jr_2", true).await;
    world.queue(&flexible, "jr_3", true).await;
    let next = world.jobs.take_up().await.unwrap();
    assert_eq!(next, Some(world.now().plus(20 * MINUTE)));
    world.clock.advance(20 * MINUTE);
    assert_eq!(world.jobs.take_up().await.unwrap(), None);
    assert_eq!((world.state("jr_2"), world.state("jr_3")), (JobRunState::Waiting, JobRunState::Failed));
    let message = world.run("jr_3").error_message.unwrap();
    assert!(
        message.starts_with("Error Category: LAUNCH_ERROR; ") && message.contains("20 minutes"),
        "{message}"
    );

    world.stop("jr_1").await;
    let first = world.run("jr_1");
    assert_eq!((first.job_run_state, first.execution_time), (Some(JobRunState::Stopped), Some(1200)));
    assert_eq!(first.dpu_seconds, Some(12_000.0));
    world.jobs.take_up().await.unwrap();
    world.until(|world| world.state("jr_2") == JobRunState::Running).await;
    world.stop("jr_2").await;
    assert_eq!(world.run("jr_2").execution_time, Some(0));
}

#[tokio::test]
async fn a_server_has_a_number_of_runs_at_work() {
    let world = World::new(Some("/bin/cat"));
    for name in ["a", "b", "c", "d"] {
        let job = world.job(name, Job::default()).await;
        world.queue(&job, name, false).await;
    }
    world.jobs.take_up().await.unwrap();
    let turns = |world: &World| world.runs().iter().filter(|run| run.state_detail.is_some()).count();
    world
        .until(|world| {
            world.runs().iter().filter(|r| r.job_run_state == Some(JobRunState::Running)).count() == 2
        })
        .await;
    assert_eq!((world.state("c"), turns(&world)), (JobRunState::Starting, 2));
    assert!(world.run("d").state_detail.unwrap().contains("2 runs at work at most"));
    world.stop("a").await;
    world.until(|world| !world.jobs.under_way.lock().contains_key("a")).await;
    world.jobs.take_up().await.unwrap();
    world.until(|world| world.state("c") == JobRunState::Running).await;
    assert_eq!((world.run("c").state_detail, turns(&world)), (None, 1));
    world.stop("b").await;
    world.stop("c").await;
}

fn execution(timeout: Option<Duration>, memory: Option<(u64, String)>) -> Execution {
    let arn = Arn::new("iam", "", "111122223333", "role/r");
    Execution {
        id: "jr_1".to_owned(),
        account: "111122223333".to_owned(),
        region: "us-east-1".parse().unwrap(),
        role: arn.clone(),
        source: arn,
        session_name: "s",
        session_policy: None,
        staged: false,
        timeout,
        memory,
        work: Work::Job(Box::new(JobWork {
            job_name: "j".to_owned(),
            run_id: "jr_1".to_owned(),
            ..JobWork::default()
        })),
        logs: log_places(None, &BTreeMap::new(), "jr_1"),
    }
}

#[tokio::test]
async fn a_runner_is_ended_by_timeout_and_by_memory() {
    let world = World::new(Some("/bin/cat"));
    let (_switch, stop) = watch::channel(false);
    let timed = execution(Some(Duration::from_millis(1)), None);
    let ending = world.jobs.execute(timed, stop.clone(), async {}).await;
    assert!(matches!(ending, Ending::TimedOut), "{ending:?}");
    let small = execution(None, Some((1, "worker type G.1X".to_owned())));
    let Ending::Failed(cause) = world.jobs.execute(small, stop, async {}).await else { panic!("no failure") };
    assert_eq!(cause.category.as_str(), "OUT_OF_MEMORY_ERROR");
    assert!(cause.text.ends_with("its limit is 0 MB (worker type G.1X)."), "{}", cause.text);
}

#[tokio::test]
async fn runs_are_kept_for_ninety_days() {
    let world = World::new(None);
    let job = world.job("j", Job::default()).await;
    for id in ["jr_1", "jr_2", "jr_3"] {
        world.queue(&job, id, false).await;
        world.clock.advance(MINUTE);
    }
    let closed = world.store.write(|tx| {
        for (key, mut record) in RUNS.scan(tx, RUNS.all()).collect::<Result<Vec<_>, _>>()? {
            if key.4 != "jr_2" {
                close(tx, &key, &mut record, JobRunState::Succeeded, Timestamp::default())?;
            }
        }
        Ok::<_, StoreError>(())
    });
    closed.await.unwrap();
    world.clock.advance(91 * DAY);
    world.queue(&job, "jr_4", false).await;
    let ids: Vec<_> = world.runs().into_iter().filter_map(|run| run.id).collect();
    // What has not ended is not forgotten.
    assert_eq!(ids, ["jr_2", "jr_3", "jr_4"]);
    world.queue(&job, "jr_5", false).await;
    let ids: Vec<_> = world.runs().into_iter().filter_map(|run| run.id).collect();
    assert_eq!(ids, ["jr_2", "jr_4", "jr_5"]);
}

#[test]
fn logs_go_where_the_arguments_say() {
    let places = |pairs: &[(&str, &str)]| {
        let arguments = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        log_places(Some("/aws-glue/jobs-etl-sealed"), &arguments, "jr_1")
    };
    let plain = places(&[]);
    assert_eq!(
        (plain.output_group.as_str(), plain.stream.as_str()),
        ("/aws-glue/jobs-etl-sealed/output", "jr_1")
    );
    assert_eq!(plain.continuous, None);
    let on = ("--enable-continuous-cloudwatch-log", "true");
    let continuous = |pairs: &[(&str, &str)]| places(pairs).continuous.unwrap();
    assert_eq!(continuous(&[on]), ("/aws-glue/jobs-etl-sealed/logs-v2".to_owned(), "jr_1-driver".to_owned()));
    let named = [on, ("--continuous-log-logGroup", "/mine"), ("--continuous-log-logStreamPrefix", "p")];
    assert_eq!(continuous(&named), ("/mine".to_owned(), "p-driver".to_owned()));
    assert_eq!(places(&[("--enable-continuous-cloudwatch-log", "false")]).continuous, None);
}
