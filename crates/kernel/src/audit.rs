use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mastic_core::{AccountId, Fault, RequestId, Timestamp};
use mastic_store::{Keyspace, Record, Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::history::{self, Indexer};
use crate::ports::EventIndex;
use crate::{Call, Explanation, Lookup, Need};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was served.
    Served,
    /// It ended in an error.
    Failed {
        /// AWS's error code.
        code: String,
        /// The text that the caller saw.
        message: String,
    },
}

/// One decision that was taken for a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// What was asked for.
    pub need: Need,
    /// Whether it was allowed.
    pub allowed: bool,
    /// For a denial, the decision with its reasons and what is missing.
    #[serde(default)]
    pub explained: Option<Box<Explanation>>,
}

/// The id of a request's decision, counted from 1: the request's id and the number.
pub(crate) fn decision_id(request: &str, number: usize) -> String {
    format!("{request}.{number}")
}

/// The trail's record of one call. Input values that AWS's model marks as sensitive are not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The call's id.
    pub request_id: String,
    /// When it came in.
    pub time: Timestamp,
    /// The service's id, for example `glue`.
    pub service: String,
    /// The operation's name.
    pub operation: String,
    /// Who called.
    pub caller: crate::Caller,
    /// The region called.
    pub region: String,
    /// Where from.
    pub source_ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The job run or crawl that it was made for.
    #[serde(default)]
    pub run: Option<String>,
    /// The input without its secrets, as JSON: of a long one its lists' first entries, and `None` where that is too
    /// long still or it could not be read.
    pub input: Option<String>,
    /// The decisions, in the order in which they were taken.
    pub decisions: Vec<DecisionRecord>,
    /// How it ended.
    pub outcome: Outcome,
    /// For a call that changes something, its output without secrets, as JSON.
    #[serde(default)]
    pub output: Option<String>,
}

impl Record for AuditRecord {
    const VERSION: u16 = 1;
}

/// Key: account (`-` where the caller has none) and request id; ids begin with the time.
pub(crate) const TRAIL: Keyspace<(String, String), AuditRecord> = Keyspace::new("audit.trail");

/// Key: account, run and request: the calls of runs that had a need refused, which `mastic explain --run` tells
/// together.
const RUN_DENIALS: Keyspace<(String, String, String), Denied> = Keyspace::new("audit.run-denials");

/// An entry of an index.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Denied {}

impl Record for Denied {
    const VERSION: u16 = 1;
}

/// Calls of one run that are explained at most.
const OF_RUN: usize = 200;

/// How long event history reaches back (AWS CloudTrail: 90 days).
pub(crate) const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Records waiting for the disk at most; past that, calls wait.
const QUEUE: usize = 16_384;

enum Message {
    Write(Box<AuditRecord>),
    Flush(oneshot::Sender<()>),
}

/// Collects the records of concurrent calls and writes them together.
#[derive(Clone)]
pub(crate) struct Trail {
    store: Store,
    queue: mpsc::Sender<Message>,
    index: Arc<OnceLock<Arc<dyn EventIndex>>>,
}

impl Trail {
    pub(crate) fn start(store: Store) -> Self {
        let (queue, mut incoming) = mpsc::channel(QUEUE);
        let index = Arc::new(OnceLock::new());
        let trail = Self { store: store.clone(), queue, index: Arc::clone(&index) };
        let mut indexer = Indexer::new(index);
        tokio::spawn(async move {
            let mut messages = Vec::new();
            while incoming.recv_many(&mut messages, 4096).await > 0 {
                let mut records = Vec::new();
                let mut waiting = Vec::new();
                for message in messages.drain(..) {
                    match message {
                        Message::Write(record) => records.push(record),
                        Message::Flush(done) => waiting.push(done),
                    }
                }
                let rows = indexer.rows(&records);
                let written = store.write(move |tx| {
                    write_all(tx, &records)?;
                    history::write(tx, &rows)
                });
                if let Err(error) = written.await {
                    indexer.failed();
                    tracing::error!(%error, "audit records could not be written");
                }
                for done in waiting {
                    // The asker may have gone away.
                    let _ = done.send(());
                }
            }
        });
        trail
    }

    pub(crate) async fn record(&self, record: AuditRecord) {
        if self.queue.send(Message::Write(Box::new(record))).await.is_err() {
            tracing::error!("the audit trail has stopped");
        }
    }

    /// Returns when every record handed in before is on disk.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // The writer answers, or has stopped and there is nothing to wait for.
            let _ = wait.await;
        }
    }

    /// Indexes later records; the first index stays.
    pub(crate) fn connect(&self, index: Arc<dyn EventIndex>) {
        self.index.get_or_init(|| index);
    }

    /// The newest records that answer a question, the newest first.
    pub(crate) fn lookup(&self, lookup: &Lookup) -> Result<Vec<AuditRecord>, StoreError> {
        match self.index.get() {
            Some(index) => self.store.read(|tx| history::find(tx, &**index, lookup)),
            None => Ok(Vec::new()),
        }
    }

    /// The record of a request in one account's trail, by its id or that of one of its decisions.
    pub(crate) fn find(
        &self,
        account: Option<&AccountId>,
        id: &str,
    ) -> Result<Option<AuditRecord>, StoreError> {
        let request = id.split('.').next().unwrap_or(id);
        self.store.read(|tx| TRAIL.get(tx, &(trail_of(account), request)))
    }

    /// The calls of a run that had a need refused, the oldest first.
    pub(crate) fn denied_of_run(
        &self,
        account: &AccountId,
        run: &str,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.store.read(|tx| {
            let mut found = Vec::new();
            for row in RUN_DENIALS.scan(tx, RUN_DENIALS.prefix((account.as_str(), run))).take(OF_RUN) {
                let ((.., request), _) = row?;
                found.extend(TRAIL.get(tx, &(account.as_str(), request.as_str()))?);
            }
            Ok(found)
        })
    }

    /// The newest record of an account with a need that was not allowed and that ended in an error.
    pub(crate) fn last_denied(&self, account: &AccountId) -> Result<Option<AuditRecord>, StoreError> {
        self.store.read(|tx| {
            for row in TRAIL.scan_reverse(tx, TRAIL.prefix((account.as_str(),))) {
                let (_, record) = row?;
                let failed = matches!(record.outcome, Outcome::Failed { .. });
                if failed && record.decisions.iter().any(|decision| !decision.allowed) {
                    return Ok(Some(record));
                }
            }
            Ok(None)
        })
    }

    /// Shows the records of an account from one moment up to another.
    pub(crate) fn between(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
        mut see: impl FnMut(AuditRecord),
    ) -> Result<(), StoreError> {
        let (first, behind) = (RequestId::earliest_at(from), RequestId::earliest_at(to));
        self.store.read(|tx| {
            let range = TRAIL.prefix((account.as_str(),));
            let range =
                range.from(&(account.as_str(), first.as_str())).before(&(account.as_str(), behind.as_str()));
            for row in TRAIL.scan(tx, range) {
                see(row?.1);
            }
            Ok(())
        })
    }

    /// Drops what is older than event history reaches back.
    pub(crate) async fn prune(&self, now: Timestamp) -> Result<(), StoreError> {
        let oldest = RequestId::earliest_at(now.minus(RETENTION));
        self.store
            .write(move |tx| {
                let mut range = TRAIL.all();
                while let Some(row) = TRAIL.scan(tx, range.clone()).next() {
                    let ((account, _), _) = row?;
                    let old = TRAIL.prefix((account.as_str(),)).before(&(account.as_str(), oldest.as_str()));
                    TRAIL.clear(tx, old)?;
                    range = range.past((account.as_str(),));
                }
                let rows = RUN_DENIALS.scan(tx, RUN_DENIALS.all());
                let keys: Vec<_> = rows.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
                for (account, run, request) in keys {
                    if request.as_str() < oldest.as_str() {
                        RUN_DENIALS.delete(tx, &(account.as_str(), run.as_str(), request.as_str()))?;
                    }
                }
                history::prune(tx, now)?;
                Ok(())
            })
            .await
    }
}

pub(crate) fn trail_of(account: Option<&AccountId>) -> &str {
    account.map_or("-", AccountId::as_str)
}

fn write_all(tx: &mut WriteTx<'_>, records: &[Box<AuditRecord>]) -> Result<(), StoreError> {
    for record in records {
        let (account, request) = (trail_of(record.caller.account.as_ref()), record.request_id.as_str());
        TRAIL.put(tx, &(account, request), record)?;
        if let Some(run) = &record.run
            && record.decisions.iter().any(|decision| !decision.allowed)
        {
            RUN_DENIALS.put(tx, &(account, run.as_str(), request), &Denied {})?;
        }
    }
    Ok(())
}

impl AuditRecord {
    /// The record of a call that ended in `outcome`.
    pub(crate) fn new(
        call: &Call,
        service: &str,
        operation: &str,
        input: Option<String>,
        decisions: Vec<DecisionRecord>,
        outcome: Outcome,
    ) -> Self {
        Self {
            request_id: call.request_id.to_string(),
            time: call.time,
            service: service.to_owned(),
            operation: operation.to_owned(),
            caller: (*call.caller).clone(),
            region: call.region.to_string(),
            source_ip: call.source_ip.map(|ip| ip.to_string()),
            user_agent: call.user_agent.clone(),
            secure: call.secure,
            run: call.caller.run().map(|run| run.id.clone()),
            input,
            decisions,
            outcome,
            output: None,
        }
    }

    /// The id of one of the decisions, by its place from 0.
    #[must_use]
    pub fn decision_id(&self, place: usize) -> String {
        decision_id(&self.request_id, place + 1)
    }

    /// When the call got its id, in milliseconds: the order of records.
    #[must_use]
    pub fn received(&self) -> Timestamp {
        RequestId::parse(&self.request_id).at().unwrap_or(self.time)
    }

    /// The call that this is the record of, as far as decisions need it.
    ///
    /// # Errors
    /// When the record holds a region that does not parse, which it never wrote.
    pub fn call(&self) -> Result<Call, Fault> {
        Ok(Call {
            caller: Arc::new(self.caller.clone()),
            region: self.region.parse().map_err(Fault::internal)?,
            request_id: RequestId::parse(&self.request_id),
            time: self.time,
            source_ip: self.source_ip.as_ref().and_then(|ip| ip.parse().ok()),
            user_agent: self.user_agent.clone(),
            secure: self.secure,
        })
    }

    /// The input's members by name, for people.
    #[must_use]
    pub fn input_members(&self) -> BTreeMap<String, serde_json::Value> {
        self.input.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}
