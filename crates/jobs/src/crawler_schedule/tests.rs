use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use mastic_core::{AccountId, Arn, ManualClock, SeededEntropy};
use mastic_kernel::ports::{Credentials, RoleSessions, ServiceSession};
use mastic_kernel::timetable::Timetable;
use mastic_kernel::{Kernel, Seams};
use mastic_store::{ReadTx, Store};

use super::*;
use crate::RunnerConfig;
use crate::records::CRAWLS;

fn at() -> NameKey {
    ("111122223333".to_owned(), "us-east-1".to_owned(), "c".to_owned())
}

fn schedule(expression: &str) -> Schedule {
    changed(None, Some(expression)).unwrap().unwrap()
}

fn crawler(expression: Option<&str>) -> Crawler {
    Crawler {
        name: Some("c".to_owned()),
        state: Some(CrawlerState::Ready),
        schedule: expression.map(schedule),
        version: Some(1),
        ..Crawler::default()
    }
}

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

/// A server without anything around it: every crawl fails at once.
struct World {
    store: Store,
    clock: Arc<ManualClock>,
    kernel: Kernel,
    jobs: Arc<Jobs>,
    timetable: Arc<Timetable>,
}

impl World {
    async fn new(crawler: Crawler) -> Self {
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
        let timetable = Timetable::new(kernel.background("timetable"));
        timetable.connect(CrawlStarter::KIND, CrawlStarter::new(jobs.clone()));
        let world = Self { store, clock, kernel, jobs, timetable };
        let role = Arn::new("iam", "", "111122223333", "role/r");
        world.put(CrawlerRecord { crawler, role, crawl_id: None }).await;
        world
    }

    async fn put(&self, record: CrawlerRecord) {
        let now = self.kernel.clock().now();
        let written = self.store.write(move |tx| {
            enter(tx, &at(), record.crawler.schedule.as_ref(), now)?;
            Ok::<_, Fault>(CRAWLERS.put(tx, &at(), &record)?)
        });
        written.await.unwrap();
    }

    fn record(&self) -> CrawlerRecord {
        self.store.read(|tx| CRAWLERS.get(tx, &at())).unwrap().unwrap()
    }

    fn crawls(&self) -> Vec<CrawlerHistory> {
        let all = |tx: &ReadTx<'_>| CRAWLS.scan(tx, CRAWLS.all()).map(|row| Ok(row?.1.crawl)).collect();
        let found: Result<Vec<_>, mastic_store::StoreError> = self.store.read(all);
        found.unwrap()
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
async fn a_crawl_begins_when_it_is_due() {
    let world = World::new(crawler(Some("cron(30 * * * ? *)"))).await;
    world.pass(HOUR / 4).await;
    assert!(world.crawls().is_empty());
    world.pass(HOUR / 4).await;
    let [crawl] = world.crawls().try_into().unwrap();
    assert_eq!(crawl.start_time, Timestamp::parse("2026-11-22T10:30:00Z"));
    assert_eq!(crawl.state, Some(CrawlerHistoryState::Failed));
    let last = world.record().crawler.last_crawl.unwrap();
    assert_eq!((last.status, last.message_prefix), (Some(LastCrawlStatus::Failed), crawl.crawl_id));
    world.pass(HOUR / 2).await;
    assert_eq!(world.crawls().len(), 1);
    // Ten hours without a server: one crawl makes up for them.
    world.pass(10 * HOUR).await;
    assert_eq!(world.crawls().len(), 2);
    world.pass(HOUR / 2).await;
    assert_eq!(world.crawls().len(), 3);
}

#[tokio::test]
async fn a_crawler_at_work_is_left_alone() {
    let world = World::new(crawler(Some("cron(30 * * * ? *)"))).await;
    let mut record = world.record();
    record.crawler.state = Some(CrawlerState::Running);
    world.put(record.clone()).await;
    world.pass(HOUR).await;
    assert!(world.crawls().is_empty());
    record.crawler.state = Some(CrawlerState::Ready);
    world.put(record).await;
    world.pass(HOUR).await;
    assert_eq!(world.crawls().len(), 1);
}

#[tokio::test]
async fn a_crawl_that_cannot_begin_is_told_in_the_history() {
    let lacking =
        Crawler { classifiers: Some(vec!["gone".to_owned()]), ..crawler(Some("cron(30 * * * ? *)")) };
    let world = World::new(lacking).await;
    world.pass(HOUR).await;
    let [crawl] = world.crawls().try_into().unwrap();
    assert!(crawl.error_message.unwrap().contains("gone"));
    assert_eq!(world.record().crawler.state, Some(CrawlerState::Ready));
}

#[test]
fn schedules_are_switched() {
    let code = |result: Result<(), Fault>| result.unwrap_err().code().to_owned();
    let mut none = crawler(None);
    assert_eq!(code(start(&mut none)), "NoScheduleException");
    assert_eq!(code(stop(&mut none)), "SchedulerNotRunningException");
    let mut some = crawler(Some("cron(0 0 * * ? *)"));
    assert_eq!(code(start(&mut some)), "SchedulerRunningException");
    stop(&mut some).unwrap();
    assert_eq!(code(stop(&mut some)), "SchedulerNotRunningException");
    // Another expression does not start it again.
    let other = changed(some.schedule.as_ref(), Some("cron(0 1 * * ? *)")).unwrap().unwrap();
    assert_eq!(other.state, Some(ScheduleState::NotScheduled));
    start(&mut some).unwrap();
    assert_eq!(some.schedule.unwrap().state, Some(ScheduleState::Scheduled));
    assert_eq!(changed(Some(&other), Some(" ")), Ok(None));
    let refusal = changed(None, Some("cron(* * * * ? *)")).unwrap_err();
    assert_eq!(refusal.code(), "InvalidInputException");
}
