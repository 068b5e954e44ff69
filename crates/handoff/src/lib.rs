//! What server and runner say to each other over the runner's standard streams.
//!
//! The server writes an [`Assignment`] as the first line of the runner's standard input, and fresh
//! [`RunCredentials`] as further lines before the old ones end; closing the input tells the runner to stop. To an
//! interactive session the server says more (see [`Input`]).
//! The runner writes [`Event`]s, one JSON line each, to its standard output; the last one is
//! [`Event::Finished`]. Whatever else a runner needs it asks for through the public API, as its role:
//! nothing here gives it a right.

mod bookmark;
mod cause;
mod classifier;
mod script;
mod session;

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{Classifier, CodeGenConfigurationNode, Crawler};
use mastic_api_mastic::mastic::types::{PlanCrawlResponse, PlanJobBookmarkResponse};
use mastic_core::{Secret, Timestamp};
use serde::{Deserialize, Serialize};

pub use bookmark::Bookmarking;
pub use cause::{Category, Cause};
pub use classifier::custom;
pub use script::{Python, ScriptKind, ScriptSource, ScriptWork};
pub use session::{Input, Outcome, Raised, SessionEvent, SessionInput, SessionWork};

/// The bytes of an argument, written as Spark writes memory: `512m`, `4g`.
///
/// # Errors
/// Names the argument that is no such number.
pub fn bytes_of(argument: &str, text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, shift) = match (lower.strip_suffix('m'), lower.strip_suffix('g')) {
        (Some(digits), _) => (digits, 20),
        (_, Some(digits)) => (digits, 30),
        _ => ("", 0),
    };
    match digits.parse::<u64>() {
        Ok(number @ 1..=1_048_576) => Ok(number << shift),
        _ => Err(format!("{argument} is a number with its unit, such as 512m or 4g, not {text:?}.")),
    }
}

/// What a runner is to do, and as whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assignment {
    /// The server's URL.
    pub endpoint: String,
    /// A PEM file with the authority that signed the server's certificate, where it is not a public one.
    pub ca_file: Option<String>,
    /// The region of the run.
    pub region: String,
    /// The account of the run.
    pub account: String,
    /// The role session of the run; none where the work needs nothing of the server.
    pub credentials: Option<RunCredentials>,
    /// Bytes of memory that the run may use.
    pub memory_limit: u64,
    /// A directory of the run's own for what it spills; the server removes it.
    pub scratch: String,
    /// The work.
    pub work: Work,
}

/// Temporary credentials of the run's role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunCredentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// The session token.
    pub session_token: Secret<String>,
    /// When they end.
    pub expires: Timestamp,
}

/// The kinds of work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// A visual job.
    Job(Box<JobWork>),
    /// A job with a script.
    Script(Box<ScriptWork>),
    /// A crawl.
    Crawl(Box<CrawlWork>),
    /// A column statistics task run.
    ColumnStatistics(Box<StatisticsWork>),
    /// A test of a connection.
    TestConnection(Box<ConnectionWork>),
    /// An interactive session.
    Session(Box<SessionWork>),
}

/// A run of a visual job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JobWork {
    /// The job's name.
    pub job_name: String,
    /// The run's id, `jr_...`.
    pub run_id: String,
    /// The arguments, defaults merged in.
    pub arguments: BTreeMap<String, String>,
    /// The graph, by node id.
    pub nodes: BTreeMap<String, CodeGenConfigurationNode>,
    /// The transformation contexts of the nodes, by node id: what the job's script calls them. Empty where the run pays
    /// no heed to the bookmark.
    #[serde(default)]
    pub contexts: BTreeMap<String, String>,
    /// Whether nothing is read or written, and what a run with bookmarks would read is told at the end.
    #[serde(default)]
    pub plan: bool,
}

/// A crawl.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrawlWork {
    /// The crawl's id, a UUID.
    pub crawl_id: String,
    /// The crawler as it was when the crawl began.
    pub crawler: Crawler,
    /// The crawler's custom classifiers as they were then, in its order.
    pub classifiers: Vec<Classifier>,
    /// Whether nothing is written, and what would be is told at the end.
    #[serde(default)]
    pub plan: Option<PlanOptions>,
}

/// How a crawl is planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOptions {
    /// Whether as if the crawler's `Configuration` had `KeepComments`.
    pub keep_comments: bool,
}

/// A column statistics task run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatisticsWork {
    /// The run's id, a UUID.
    pub run_id: String,
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The columns; all that are no partition keys if there are none.
    pub columns: Vec<String>,
    /// The percentage of the rows to look at; all if it is missing.
    pub sample: Option<f64>,
}

/// A test of a connection: all that it takes is here, so that it needs no role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionWork {
    /// The connection's type, such as `JDBC`.
    pub connection_type: String,
    /// Its properties, the password among them.
    pub properties: Secret<BTreeMap<String, String>>,
    /// The secret of Secrets Manager that it names.
    pub secret_arn: Option<String>,
    /// The PEM text of the authority that `CUSTOM_JDBC_CERT` names.
    pub authority: Option<String>,
}

/// What a runner tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A line for the run's log.
    Log {
        /// Which log.
        log: Log,
        /// The line, without its end.
        line: String,
    },
    /// How far it is, for people who watch.
    Progress {
        /// Rows written (job) or files looked at (crawl) so far.
        done: u64,
    },
    /// What an interactive session has to say.
    Session(SessionEvent),
    /// The end; nothing follows.
    Finished(Finish),
}

/// The logs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Log {
    /// What the run prints.
    Output,
    /// What goes wrong, and how.
    Error,
}

/// How the work ended. Output is still staged: the server makes it true, or drops it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Finish {
    /// It is done.
    Succeeded(Tally),
    /// It was to be planned only, and this is the plan.
    Planned(Box<Plan>),
    /// It failed, and this is the root cause.
    Failed(Cause),
}

/// What work that was only planned would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Plan {
    /// What a crawl would write.
    Crawl(PlanCrawlResponse),
    /// What a run of a job would read.
    Job(PlanJobBookmarkResponse),
}

/// What was done, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows written.
    pub rows: u64,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Tables made.
    pub tables_created: u64,
    /// Tables changed.
    pub tables_updated: u64,
    /// Tables deleted or marked deprecated.
    pub tables_deleted: u64,
    /// Partitions made.
    pub partitions_created: u64,
    /// Partitions changed.
    pub partitions_updated: u64,
    /// Partitions deleted.
    pub partitions_deleted: u64,
    /// Which tables.
    #[serde(default)]
    pub names: TableNames,
    /// Connections to databases through which rows were written: those are true already.
    #[serde(default)]
    pub committed: Vec<String>,
}

impl Tally {
    /// What people read of a run that did all this and whose output cannot be kept.
    #[must_use]
    pub fn not_kept(&self) -> String {
        match self.committed.as_slice() {
            [] => "None of the run's output was kept".to_owned(),
            through => format!(
                "What the run wrote into databases, through `{}`, is committed there, and a further run writes it again; \
                 nothing else of its output was kept",
                through.join("`, `")
            ),
        }
    }
}

/// Names of the tables that a [`Tally`] counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableNames {
    /// Tables made.
    pub created: Vec<String>,
    /// Tables changed.
    pub updated: Vec<String>,
    /// Tables deleted or marked deprecated.
    pub deleted: Vec<String>,
}

/// One line for the wire: JSON and a line end.
///
/// # Errors
/// Never for the types of this crate; the signature is serde's.
pub fn to_line<T: Serialize>(message: &T) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    Ok(line)
}

/// Reads one line.
///
/// # Errors
/// When it is not a message of this type.
pub fn from_line<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(line.trim_end())
}

#[cfg(test)]
mod tests {
    use mastic_api_glue::glue::types::SelectFields;

    use super::*;

    #[test]
    fn work_survives_the_wire() {
        let node = CodeGenConfigurationNode {
            select_fields: Some(SelectFields {
                name: "keep".to_owned(),
                inputs: vec!["a".to_owned()],
                paths: vec![vec!["x".to_owned()]],
            }),
            ..Default::default()
        };
        let work = Work::Job(Box::new(JobWork {
            job_name: "j".to_owned(),
            run_id: "jr_1".to_owned(),
            nodes: BTreeMap::from([("node-1".to_owned(), node.clone())]),
            ..JobWork::default()
        }));
        let line = to_line(&work).unwrap();
        let Work::Job(back) = from_line(&line).unwrap() else { panic!("another kind of work") };
        assert_eq!(back.nodes.get("node-1"), Some(&node));
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn events_survive_the_wire() {
        let event = Event::Finished(Finish::Failed("a\nb".to_owned().into()));
        assert_eq!(from_line::<Event>(&to_line(&event).unwrap()).unwrap(), event);
    }
}
