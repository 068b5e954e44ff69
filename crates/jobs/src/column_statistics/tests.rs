use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mastic_api_glue::glue::types::*;
use mastic_core::{AccountId, Arn, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::ports::{Credentials, Files, RoleSessions, ServiceSession, TableFacts, Tables};
use mastic_kernel::timetable::Timetable;
use mastic_kernel::{Kernel, Seams};
use mastic_store::{Store, StoreError};
use parking_lot::Mutex;

use super::*;
use crate::{Jobs, RunnerConfig};

/// Roles that nobody can assume.
struct NoRoles;

#[async_trait]
impl RoleSessions for NoRoles {
    fn find(&self, _: &AccountId, _: &str) -> Result<Option<Arn>, Fault> {
        Ok(None)
    }

    fn can_assume(&self, _: &'static str, _: &Arn, _: &Arn) -> Result<bool, Fault> {
        Ok(false)
    }

    async fn assume(&self, _: ServiceSession) -> Result<Credentials, Fault> {
        Err(Fault::sender("AccessDenied", "Nobody can."))
    }

    async fn revoke(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }
}

/// A catalog with one table, whose id this is; it goes and another comes.
struct OneTable(Mutex<Option<&'static str>>);

impl Tables for OneTable {
    fn database(&self, _: &Ctx, _: &str) -> Result<bool, Fault> {
        Ok(true)
    }

    fn table(&self, _: &Ctx, _: &str, _: &str) -> Result<Option<TableFacts>, Fault> {
        Ok(None)
    }

    fn table_id(&self, _: &ReadTx<'_>, _: [&str; 4]) -> Result<Option<String>, Fault> {
        Ok(self.0.lock().map(str::to_owned))
    }

    fn connection(&self, _: &Ctx, _: &str) -> Result<bool, Fault> {
        Ok(false)
    }

    fn security_configuration(&self, _: &Ctx, _: &str) -> Result<bool, Fault> {
        Ok(false)
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn any(&self, _: &Ctx, _: &str, _: &str) -> Result<bool, Fault> {
        Ok(false)
    }
}

fn at() -> TableKey {
    ("111122223333".to_owned(), "us-east-1".to_owned(), "d".to_owned(), "t".to_owned())
}

/// A server without anything around it: every run fails at once.
struct World {
    store: Store,
    clock: Arc<ManualClock>,
    jobs: Arc<Jobs>,
    timetable: Arc<Timetable>,
    tables: Arc<OneTable>,
}

impl World {
    async fn new(expression: &str) -> Self {
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-22T10:00:00Z").unwrap()));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(store.clone(), seams);
        kernel.connect_sessions(Arc::new(NoRoles));
        let config = RunnerConfig {
            binary: PathBuf::new(),
            scratch: std::env::temp_dir(),
            ca_file: None,
            memory_limit: 0,
            runs_at_once: 1,
            runtime: mastic_runtime::Place::new(std::env::temp_dir(), None),
            python_environment: std::collections::BTreeMap::new(),
            spark_remote: None,
            session: Duration::from_secs(3600),
        };
        let jobs = Jobs::new(kernel.background("jobs"), config);
        let tables = Arc::new(OneTable(Mutex::new(Some("first"))));
        kernel.connect_plans(jobs.clone(), tables.clone(), Arc::new(NoFiles));
        let timetable = Timetable::new(kernel.background("timetable"));
        timetable.connect(StatisticsStarter::KIND, StatisticsStarter::new(jobs.clone()));
        let settings = ColumnStatisticsTaskSettings {
            schedule: Some(schedule::running(expression).unwrap()),
            column_name_list: Some(vec!["a".to_owned()]),
            sample_size: Some(5.0),
            ..ColumnStatisticsTaskSettings::default()
        };
        let role = Arn::new("iam", "", "111122223333", "role/r");
        let now = kernel.clock().now();
        store
            .write(move |tx| {
                schedule::enter(tx, &at(), settings.schedule.as_ref(), now)?;
                Ok::<_, Fault>(SETTINGS.put(
                    tx,
                    &at(),
                    &SettingsRecord { settings, role, table: "first".to_owned() },
                )?)
            })
            .await
            .unwrap();
        Self { store, clock, jobs, timetable, tables }
    }

    fn runs(&self) -> Vec<ColumnStatisticsTaskRun> {
        let found = self.store.read(|tx| {
            RUNS.scan(tx, RUNS.all()).map(|row| Ok(row?.1.run)).collect::<Result<Vec<_>, StoreError>>()
        });
        found.unwrap()
    }

    fn attempt(&self) -> ExecutionAttempt {
        let found = self.store.read(|tx| SETTINGS.get(tx, &at())).unwrap().unwrap();
        found.settings.last_execution_attempt.unwrap()
    }

    /// Lets time pass, and whatever is due begin and end.
    async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        self.timetable.tick().await.unwrap();
        while !self.jobs.under_way.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_run_begins_when_it_is_due() {
    let world = World::new("cron(30 * * * ? *)").await;
    world.pass(HOUR / 4).await;
    assert!(world.runs().is_empty());
    world.pass(HOUR / 4).await;
    let [run] = world.runs().try_into().unwrap();
    assert_eq!(run.start_time, Timestamp::parse("2026-11-22T10:30:00Z"));
    assert_eq!((run.column_name_list, run.sample_size), (Some(vec!["a".to_owned()]), Some(5.0)));
    assert_eq!(run.status, Some(ColumnStatisticsState::Failed));
    assert!(run.error_message.unwrap().contains("could not assume the role"));
    let attempt = world.attempt();
    assert_eq!(attempt.status, Some(ExecutionStatus::Started));
    assert_eq!(attempt.column_statistics_task_run_id, run.column_statistics_task_run_id);
    // Ten hours without a server: one run makes up for them.
    world.pass(10 * HOUR).await;
    assert_eq!(world.runs().len(), 2);
}

#[tokio::test]
async fn a_table_at_work_is_left_alone_and_a_schedule_that_is_switched_off_too() {
    let world = World::new("cron(30 * * * ? *)").await;
    let under_way = Open { id: "other".to_owned() };
    world.store.write(move |tx| OPEN.put(tx, &at(), &under_way)).await.unwrap();
    world.pass(HOUR).await;
    assert!(world.runs().is_empty());
    let attempt = world.attempt();
    assert_eq!(attempt.status, Some(ExecutionStatus::Failed));
    assert!(attempt.error_message.unwrap().contains("is running already"));
    world.store.write(|tx| OPEN.delete(tx, &at()).map(drop)).await.unwrap();
    let off = world.store.write(|tx| schedule::enter(tx, &at(), None, Timestamp::default()));
    off.await.unwrap();
    world.pass(HOUR).await;
    assert!(world.runs().is_empty());
}

#[tokio::test]
async fn runs_that_a_server_left_open_are_ended() {
    let world = World::new("cron(30 * * * ? *)").await;
    let role = Arn::new("iam", "", "111122223333", "role/r");
    let task = run::Task { at: at(), columns: None, sample: None, role };
    let now = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
    let noted = world.store.write(move |tx| run::note(tx, task, "left".to_owned(), now));
    noted.await.unwrap();
    world.jobs.recover_statistics().await.unwrap();
    let [run] = world.runs().try_into().unwrap();
    assert_eq!(run.status, Some(ColumnStatisticsState::Failed));
    assert!(run.error_message.unwrap().contains("The server stopped"));
    assert_eq!(world.store.read(|tx| OPEN.get(tx, &at())).unwrap().map(|open| open.id), None);
}

#[tokio::test]
async fn settings_go_with_their_table() {
    let world = World::new("cron(30 * * * ? *)").await;
    *world.tables.0.lock() = Some("second");
    world.pass(HOUR).await;
    assert!(world.runs().is_empty());
    assert!(world.store.read(|tx| SETTINGS.get(tx, &at())).unwrap().is_none());
}

#[tokio::test]
async fn old_runs_are_forgotten() {
    let world = World::new("cron(30 10 ? * SUN *)").await;
    for _ in 0..54 {
        world.pass(7 * 24 * HOUR).await;
    }
    let runs = world.runs();
    let year = 365 * 24 * HOUR;
    let now = world.jobs.background.now();
    assert!(
        runs.len() >= 52 && runs.iter().all(|run| run.start_time.unwrap() >= now.minus(year)),
        "{}",
        runs.len()
    );
    let of = world.store.read(|tx| Ok::<_, StoreError>(RUNS_OF.scan(tx, RUNS_OF.all()).count())).unwrap();
    assert_eq!(of, runs.len());
}
