//! Drives a session from its first moment to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Fault, Timestamp};
use mastic_handoff::{Python, SessionEvent, SessionInput, SessionWork, Work};
use mastic_store::{ReadTx, WriteTx};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::statement::{cancel, done, lost};
use super::{SESSIONS, STATEMENTS, SessionRecord, StatementRecord, forget, meter, statement_key};
use crate::Jobs;
use crate::crawl::Switch;
use crate::execution::{Dialog, Ending, Execution};
use crate::records::NameKey;
use crate::run::KEPT;
use crate::schedule::{END_AGAIN, SESSION_NAME, log_places};

/// Where the lines of sessions go.
const LOG_GROUP: &str = "/aws-glue/sessions";

/// Characters of a session's error message.
const LONGEST_MESSAGE: usize = 2048;

/// What people read of a session that the server's own end cut short.
const LOST: &str = "The server stopped while the session was under way. Create a new session.";

/// What people read of a session that ended by itself.
const LEFT: &str = "The session's process ended by itself.";

/// What the driver knows of its session.
struct Talk {
    jobs: Arc<Jobs>,
    at: NameKey,
    run: String,
    say: mpsc::UnboundedSender<SessionInput>,
    ready: bool,
    /// The statement under way, and how often it was told to end.
    current: Option<(i32, u32)>,
    /// The id of the newest statement that has been looked at.
    seen: i32,
    idle_since: Instant,
}

impl Jobs {
    pub(super) async fn drive_session(
        self: Arc<Self>,
        at: NameKey,
        record: SessionRecord,
        switch: Switch,
        wake: Arc<Notify>,
    ) {
        let (run, idle) = (record.run.clone(), minutes(record.session.idle_timeout));
        let (say, said) = mpsc::unbounded_channel();
        let (told, mut heard) = mpsc::unbounded_channel();
        let mut talk = Talk {
            jobs: Arc::clone(&self),
            at: at.clone(),
            run: run.clone(),
            say,
            ready: false,
            current: None,
            seen: 0,
            idle_since: Instant::now(),
        };
        let mut timed_out = false;
        let ending = match execution(&at, &record) {
            Ok(execution) => {
                let dialog = Dialog { said, heard: told };
                let running =
                    self.converse(execution, Some(dialog), switch.stop.clone(), std::future::ready(()));
                let mut running = std::pin::pin!(running);
                loop {
                    tokio::select! {
                        ending = &mut running => break ending,
                        Some(event) = heard.recv() => talk.hear(event).await,
                        () = wake.notified() => talk.look().await,
                        () = tokio::time::sleep_until(talk.idle_since + idle), if talk.idle() && !timed_out => {
                            timed_out = true;
                            self.stop(&run);
                        }
                    }
                }
            }
            Err(fault) => Ending::not_begun(&fault),
        };
        // The last words of a process that is gone count as well.
        while let Ok(event) = heard.try_recv() {
            talk.hear(event).await;
        }
        let idle = timed_out.then(|| record.session.idle_timeout.unwrap_or_default());
        while let Err(fault) = self.conclude_session(&at, &run, &ending, idle).await {
            tracing::error!(
                session = at.2,
                cause = fault.cause(),
                "the end of a session could not be written yet"
            );
            tokio::time::sleep(END_AGAIN).await;
        }
        self.sessions.leave(&run);
    }

    /// Ends a session; `idle` are the minutes that it was idle for, if it ends for that.
    async fn conclude_session(
        &self,
        at: &NameKey,
        run: &str,
        ending: &Ending,
        idle: Option<i32>,
    ) -> Result<(), Fault> {
        self.end_sessions(run).await?;
        let (at, run, ending, now) = (at.clone(), run.to_owned(), ending.clone(), self.background.now());
        self.background.write(move |tx| close(tx, &at, &run, &ending, idle, now)).await
    }

    /// Sessions that were under way when the server ended; those that ended long ago are forgotten.
    pub(crate) async fn recover_sessions(&self) -> Result<(), Fault> {
        let now = self.background.now();
        let all = |tx: &ReadTx<'_>| {
            SESSIONS.scan(tx, SESSIONS.all()).map(|row| Ok(row?)).collect::<Result<Vec<_>, Fault>>()
        };
        for (at, record) in self.background.read(all)? {
            match record.session.completed_on {
                None if record.session.status == Some(SessionStatus::Stopping) => {
                    self.conclude_session(&at, &record.run, &Ending::Stopped, None).await?;
                }
                None => {
                    let ending = Ending::Failed(LOST.to_owned().into());
                    self.conclude_session(&at, &record.run, &ending, None).await?;
                }
                Some(ended) if ended < now.minus(KEPT) => {
                    let arn = arn(&at);
                    self.background.write(move |tx| forget(tx, &at, &arn)).await?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

impl Talk {
    fn idle(&self) -> bool {
        self.ready && self.current.is_none()
    }

    /// Takes up what the process says.
    async fn hear(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Ready => {
                self.ready = true;
                self.note(|tx, at, now| {
                    let Some(mut record) = SESSIONS.get(tx, at)? else { return Ok(()) };
                    record.began = Some(now);
                    if record.session.status == Some(SessionStatus::Provisioning) {
                        record.session.status = Some(SessionStatus::Ready);
                    }
                    Ok(SESSIONS.put(tx, at, &record)?)
                })
                .await;
            }
            SessionEvent::Done { statement, outcome } => {
                self.current = None;
                self.note(move |tx, at, now| {
                    let key = statement_key(at, statement);
                    let Some(mut record) = STATEMENTS.get(tx, &key)? else { return Ok(()) };
                    done(&mut record.statement, outcome.clone(), now);
                    Ok(STATEMENTS.put(tx, &key, &record)?)
                })
                .await;
            }
        }
        self.idle_since = Instant::now();
        self.look().await;
    }

    /// Looks whether there is something to say to the process: a statement whose turn it is, or one to end.
    async fn look(&mut self) {
        if let Some((id, told)) = self.current {
            let wanted = self.statement(id).map_or(0, |record| record.cancels);
            if told < wanted {
                self.current = Some((id, wanted));
                self.tell(SessionInput::Cancel { statement: id });
            }
            return;
        }
        while self.idle() && self.statement(self.seen + 1).is_some() {
            self.seen += 1;
            if let Some(code) = self.begin(self.seen).await {
                self.current = Some((self.seen, 0));
                self.tell(SessionInput::Run { statement: self.seen, code });
            }
        }
    }

    /// Marks a statement as running, unless it was cancelled: its code.
    async fn begin(&self, id: i32) -> Option<String> {
        let begun = self.note(move |tx, at, now| {
            let key = statement_key(at, id);
            let Some(mut record) = STATEMENTS.get(tx, &key)? else { return Ok(None) };
            if record.statement.state != Some(StatementState::Waiting) {
                return Ok(None);
            }
            record.statement.state = Some(StatementState::Running);
            record.statement.started_on = Some(now.millis());
            STATEMENTS.put(tx, &key, &record)?;
            Ok(record.statement.code)
        });
        begun.await.flatten()
    }

    fn tell(&self, word: SessionInput) {
        // A process that is gone needs no words; its end is told by another road.
        let _ = self.say.send(word);
    }

    fn statement(&self, id: i32) -> Option<StatementRecord> {
        let key = statement_key(&self.at, id);
        let found = self.jobs.background.read(|tx| Ok::<_, Fault>(STATEMENTS.get(tx, &key)?));
        found.unwrap_or_else(|fault| {
            tracing::error!(session = self.at.2, %fault, "a statement could not be read");
            None
        })
    }

    /// Writes something of this session, however long it takes until that is possible; `None` if the session is not
    /// there any more.
    async fn note<T: Send + 'static>(
        &self,
        change: impl Fn(&mut WriteTx<'_>, &NameKey, Timestamp) -> Result<T, Fault> + Clone + Send + 'static,
    ) -> Option<T> {
        loop {
            let (at, run, now) = (self.at.clone(), self.run.clone(), self.jobs.background.now());
            let change = change.clone();
            let written = self.jobs.background.write(move |tx| match SESSIONS.get(tx, &at)? {
                Some(record) if record.run == run => change(tx, &at, now).map(Some),
                _ => Ok(None),
            });
            match written.await {
                Ok(noted) => return noted,
                Err(fault) => {
                    tracing::error!(
                        session = self.at.2,
                        cause = fault.cause(),
                        "a session could not be written yet"
                    );
                    tokio::time::sleep(END_AGAIN).await;
                }
            }
        }
    }
}

/// Writes a session's end, and that of its statements that have none.
fn close(
    tx: &mut WriteTx<'_>,
    at: &NameKey,
    run: &str,
    ending: &Ending,
    idle: Option<i32>,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(mut record) = SESSIONS.get(tx, at)?.filter(|record| record.run == run) else { return Ok(()) };
    if record.session.completed_on.is_some() {
        return Ok(());
    }
    let (status, message) = match (ending, idle) {
        (Ending::Stopped, Some(minutes)) => {
            (SessionStatus::Timeout, Some(format!("The session was idle for {minutes} minutes.")))
        }
        (Ending::Stopped, None) => (SessionStatus::Stopped, None),
        (Ending::TimedOut, _) => {
            let minutes = record.timeout;
            (SessionStatus::Timeout, Some(format!("The session's timeout of {minutes} minutes was reached.")))
        }
        (Ending::Failed(cause), _) => (SessionStatus::Failed, Some(cause.text.clone())),
        (Ending::Succeeded(_) | Ending::Planned(_), _) => (SessionStatus::Failed, Some(LEFT.to_owned())),
    };
    let why = message.as_deref().unwrap_or("The session was stopped.");
    for id in (1..=record.statements).rev() {
        let key = statement_key(at, id);
        let Some(mut open) = STATEMENTS.get(tx, &key)? else { continue };
        match open.statement.state {
            Some(StatementState::Waiting) => cancel(&mut open.statement, now),
            Some(StatementState::Running | StatementState::Cancelling) => lost(&mut open.statement, why, now),
            Some(StatementState::Cancelled) => continue,
            // All that precede it have ended.
            _ => break,
        }
        STATEMENTS.put(tx, &key, &open)?;
    }
    record.session.status = Some(status);
    record.session.error_message = message.map(|text| text.chars().take(LONGEST_MESSAGE).collect());
    record.session.completed_on = Some(now);
    meter(&mut record, now);
    Ok(SESSIONS.put(tx, at, &record)?)
}

fn minutes(minutes: Option<i32>) -> Duration {
    Duration::from_secs(60 * u64::try_from(minutes.unwrap_or_default()).unwrap_or_default())
}

fn arn((account, region, id): &NameKey) -> Arn {
    Arn::new("glue", region, account, &format!("session/{id}"))
}

fn execution(at: &NameKey, record: &SessionRecord) -> Result<Execution, Fault> {
    let session = &record.session;
    let arguments: BTreeMap<String, String> = session.default_arguments.clone().unwrap_or_default();
    let role = record.role.as_str().rsplit_once('/').map_or(record.role.as_str(), |(_, name)| name);
    let group = match &session.security_configuration {
        Some(name) => format!("{LOG_GROUP}-{role}-{name}"),
        None => LOG_GROUP.to_owned(),
    };
    Ok(Execution {
        id: record.run.clone(),
        account: at.0.clone(),
        region: at.1.parse().map_err(Fault::internal)?,
        role: record.role.clone(),
        source: arn(at),
        session_name: SESSION_NAME,
        session_policy: None,
        staged: false,
        timeout: Some(minutes(Some(record.timeout))),
        memory: Some(record.memory.clone()),
        logs: log_places(Some(&group), &arguments, &at.2),
        work: Work::Session(Box::new(SessionWork {
            session_id: at.2.clone(),
            arguments,
            glue_version: record.session.glue_version.clone().unwrap_or_default(),
            // What the server has of both, the execution adds.
            python: Python::default(),
            spark_remote: None,
        })),
    })
}
