//! What is stored of jobs, runs, crawlers and crawls.

use mastic_api_glue::glue::types::{
    Classifier, CodeGenConfigurationNode, Crawler, CrawlerHistory, Job, JobRun,
};
use mastic_core::{Arn, Timestamp};
use mastic_handoff::{ScriptKind, ScriptSource};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Account, region, name.
pub(crate) type NameKey = (String, String, String);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub job: Job,
    pub role: Arn,
}

impl Record for JobRecord {
    const VERSION: u16 = 1;
}

pub(crate) const JOBS: Keyspace<NameKey, JobRecord> = Keyspace::new("glue.job");

/// A run, with what of its job it needs: later changes of the job do not touch it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub run: JobRun,
    pub role: Arn,
    pub nodes: BTreeMap<String, CodeGenConfigurationNode>,
    pub max_retries: i32,
    pub max_concurrent_runs: i32,
    pub session_policy: Option<String>,
    /// Whether output is staged until the run succeeds.
    pub atomic: bool,
    /// How many failures before it were retried for `max_retries`.
    #[serde(default)]
    pub retried: i32,
    /// When it began to consume resources.
    #[serde(default)]
    pub began: Option<Timestamp>,
    /// Bytes of memory that its worker type, or its arguments, give it, and what people call that.
    #[serde(default)]
    pub memory: Option<(u64, String)>,
    /// The script of a job that has no graph.
    #[serde(default)]
    pub script: Option<Script>,
}

/// The script of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    pub kind: ScriptKind,
    pub source: ScriptSource,
}

impl Record for RunRecord {
    const VERSION: u16 = 1;
}

/// Account, region, job name, start in microseconds, run id.
pub(crate) type RunKey = (String, String, String, i64, String);

pub(crate) const RUNS: Keyspace<RunKey, RunRecord> = Keyspace::new("glue.job-run");

/// Where a run of an id stands among its job's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunPlace {
    pub started: i64,
}

impl Record for RunPlace {
    const VERSION: u16 = 1;
}

/// Account, region, job name, run id.
pub(crate) const RUN_PLACES: Keyspace<(String, String, String, String), RunPlace> =
    Keyspace::new("glue.job-run-place");

/// The queue: every run that has not ended, oldest first, with what the scheduler asks of each at every turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Open {
    pub key: RunKey,
    /// Whether it waits until its job has room.
    #[serde(default)]
    pub waits: bool,
    /// How many runs its job may have at work.
    #[serde(default)]
    pub places: Option<usize>,
    /// When it gives up if it still waits.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Whether it was stopped before it began.
    #[serde(default)]
    pub stopped: bool,
    /// Whether it says that it waits for its turn.
    #[serde(default)]
    pub noted: bool,
}

impl Record for Open {
    const VERSION: u16 = 1;
}

/// Start in microseconds, run id.
pub(crate) const OPEN_RUNS: Keyspace<(i64, String), Open> = Keyspace::new("glue.job-run-open");

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CrawlerRecord {
    pub crawler: Crawler,
    pub role: Arn,
    /// The crawl under way, if any.
    pub crawl_id: Option<String>,
}

impl Record for CrawlerRecord {
    const VERSION: u16 = 1;
}

pub(crate) const CRAWLERS: Keyspace<NameKey, CrawlerRecord> = Keyspace::new("glue.crawler");

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CrawlRecord {
    pub crawl: CrawlerHistory,
    pub tables_created: i32,
    pub tables_updated: i32,
    pub tables_deleted: i32,
}

impl Record for CrawlRecord {
    const VERSION: u16 = 1;
}

/// Account, region, crawler, start in microseconds, crawl id.
pub(crate) const CRAWLS: Keyspace<(String, String, String, i64, String), CrawlRecord> =
    Keyspace::new("glue.crawl");

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClassifierRecord {
    pub classifier: Classifier,
}

impl Record for ClassifierRecord {
    const VERSION: u16 = 1;
}

pub(crate) const CLASSIFIERS: Keyspace<NameKey, ClassifierRecord> = Keyspace::new("glue.classifier");
