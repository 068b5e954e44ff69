//! Glue jobs, crawlers and interactive sessions: definitions, runs, and the scheduler that drives them.
//!
//! A run is a document before it is anything else: `StartJobRun` writes it, the scheduler finds it,
//! assumes the role, and starts a runner process that works as that role through the front door. What the
//! runner writes is staged; when it reports success, one transaction makes its output and the
//! run's end true together. Any other end drops the output.

mod access;
mod bookmark;
mod classifier;
mod column_statistics;
mod conclude;
mod connection_test;
mod crawl;
mod crawl_plan;
#[cfg(test)]
mod crawl_tests;
mod crawler;
mod crawler_schedule;
mod definition;
mod draft;
mod execution;
mod history;
mod limits;
mod node;
mod page;
mod plan;
mod planning;
mod records;
mod run;
#[cfg(test)]
mod run_tests;
mod schedule;
mod script;
mod session;
mod start;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use column_statistics::StatisticsStarter;
pub use crawler_schedule::CrawlStarter;
use mastic_kernel::Background;
use mastic_runtime::Place;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};

/// Tests of connections that run at a time.
const CONNECTION_TESTS: usize = 8;

/// How runners are started.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// The runner's binary.
    pub binary: PathBuf,
    /// Where runs get their scratch directories.
    pub scratch: PathBuf,
    /// A PEM file with the authority that signed the server's certificate.
    pub ca_file: Option<PathBuf>,
    /// Bytes of memory that a run may use at most, whatever its worker type promises.
    pub memory_limit: u64,
    /// How many job runs may be at work at once; more wait for their turn.
    pub runs_at_once: usize,
    /// The Python of scripts.
    pub runtime: Place,
    /// What of the server's environment Python needs to install packages: see [`mastic_handoff::Python`].
    pub python_environment: BTreeMap<String, String>,
    /// The Spark Connect endpoint, `sc://...`, of scripts that name none; without it each run has its own Spark.
    pub spark_remote: Option<String>,
    /// How long the credentials of a run last before they are made anew; the run may last longer.
    pub session: Duration,
}

/// The service.
pub struct Jobs {
    background: Background,
    config: RunnerConfig,
    endpoint: OnceLock<String>,
    /// Runs and crawls under way in this process, with the switch that stops each.
    under_way: Mutex<HashMap<String, watch::Sender<bool>>>,
    /// The places of job runs at work.
    places: Arc<Semaphore>,
    wake: Notify,
    /// Turns of tests of connections, each of which is a process.
    connection_tests: Semaphore,
    /// Interactive sessions under way, and who is woken by a change of one.
    sessions: session::Live,
    /// Plans of what jobs would read, by the id of their session.
    plans: Mutex<HashMap<String, records::NameKey>>,
}

impl Jobs {
    /// The service over a store; nothing runs before [`Jobs::start`].
    #[must_use]
    pub fn new(background: Background, config: RunnerConfig) -> Arc<Self> {
        Arc::new(Self {
            background,
            places: Arc::new(Semaphore::new(config.runs_at_once.max(1))),
            config,
            endpoint: OnceLock::new(),
            under_way: Mutex::new(HashMap::new()),
            wake: Notify::new(),
            connection_tests: Semaphore::new(CONNECTION_TESTS),
            sessions: session::Live::default(),
            plans: Mutex::new(HashMap::new()),
        })
    }
}

impl Jobs {
    /// Registers the operations of jobs, runs, bookmarks, classifiers, crawlers, crawls and column statistics tasks, interactive sessions; Glue's service itself is made known by the
    /// catalog.
    pub fn register(self: &Arc<Self>, registry: &mut mastic_kernel::Registry) {
        self.register_definitions(registry);
        self.register_runs(registry);
        self.register_bookmarks(registry);
        self.register_classifiers(registry);
        self.register_crawlers(registry);
        self.register_crawler_schedules(registry);
        self.register_crawls(registry);
        self.register_plans(registry);
        self.register_history(registry);
        self.register_statistics_runs(registry);
        self.register_statistics_settings(registry);
        self.register_sessions(registry);
        script::register(registry);
    }
}
