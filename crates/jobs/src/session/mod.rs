//! Interactive sessions: Python processes that run statements for their owners, one after another.
//!
//! A session is a document first, as a run is; so are its statements. The driver of a session (`drive`) takes its
//! statements in their order, says each to the process, and writes down what came of it. The operations change
//! documents and wake the driver: nothing else connects them. What a session writes is not staged: each statement's
//! effects are seen at once.
//!
//! Sources: "Interactive sessions API" and "Getting started with AWS Glue interactive sessions" (AWS Glue Developer
//! Guide).

mod define;
mod dev_endpoint;
mod drive;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Arn, Fault, Timestamp};
use mastic_kernel::{Ctx, Need, Registry, tags};
use mastic_store::{Keyspace, Record, WriteTx};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::definition::key;
use crate::records::NameKey;
use crate::{Jobs, access, page};

/// A session, and what it takes to run it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SessionRecord {
    session: Session,
    role: Arn,
    /// What tells it from others that had or get its id; its process works under this name.
    run: String,
    /// Minutes that it may last.
    timeout: i32,
    /// Bytes of memory that it may have, and what people call that.
    memory: (u64, String),
    /// When it became ready.
    began: Option<Timestamp>,
    /// How many statements there have been: the id of the newest.
    statements: i32,
}

impl Record for SessionRecord {
    const VERSION: u16 = 1;
}

const SESSIONS: Keyspace<NameKey, SessionRecord> = Keyspace::new("glue.session");

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StatementRecord {
    statement: Statement,
    /// How often it was to be interrupted: code may catch an interrupt and go on.
    cancels: u32,
}

impl Record for StatementRecord {
    const VERSION: u16 = 1;
}

/// Account, region, session, statement.
type StatementKey = (String, String, String, i64);

const STATEMENTS: Keyspace<StatementKey, StatementRecord> = Keyspace::new("glue.session-statement");

fn statement_key((account, region, session): &NameKey, id: i32) -> StatementKey {
    (account.clone(), region.clone(), session.clone(), i64::from(id))
}

/// Who is woken when something about a session has changed, by the name of its process.
#[derive(Default)]
pub(crate) struct Live(Mutex<HashMap<String, Arc<Notify>>>);

impl Live {
    fn enter(&self, run: &str) -> Arc<Notify> {
        Arc::clone(self.0.lock().entry(run.to_owned()).or_default())
    }

    fn wake(&self, run: &str) {
        if let Some(driver) = self.0.lock().get(run) {
            driver.notify_one();
        }
    }

    fn leave(&self, run: &str) {
        self.0.lock().remove(run);
    }
}

impl Jobs {
    pub(crate) fn register_sessions(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::CreateSession, _, _>(
            |call, input| {
                let need = Need::new("glue:CreateSession", access::session_arn(call, &input.id)?.as_str());
                access::with_role(call, access::with_tags(need, input.tags.as_ref()), Some(&input.role))
            },
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.create_session(&ctx, input).await }
            },
        );
        registry.on::<op::GetSession, _, _>(
            |call, input| access::session(call, "GetSession", &input.id),
            |ctx, input| async move {
                let at = key(&ctx, &input.id)?;
                let record = ctx.read(|tx| Ok::<_, Fault>(SESSIONS.get(tx, &at)?))?;
                let record = record.ok_or_else(|| missing(&input.id))?;
                Ok(GetSessionResponse { session: Some(shown(record, ctx.now())) })
            },
        );
        registry.on::<op::ListSessions, _, _>(
            |_, _| Ok(access::any("ListSessions")),
            |ctx, input| async move { list(&ctx, input) },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::StopSession, _, _>(
            |call, input| access::session(call, "StopSession", &input.id),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.stop_session(&ctx, input.id).await }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::DeleteSession, _, _>(
            |call, input| access::session(call, "DeleteSession", &input.id),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.delete_session(&ctx, input.id).await }
            },
        );
        self.register_statements(registry);
        dev_endpoint::register(registry);
    }

    async fn create_session(
        self: &Arc<Self>,
        ctx: &Ctx,
        input: CreateSessionRequest,
    ) -> Result<CreateSessionResponse, Fault> {
        let arn = access::session_arn(ctx.call(), &input.id)?;
        let given = input.tags.clone().unwrap_or_default();
        tags::check(&given)?;
        // A stop that comes as soon as the session is seen must find it.
        let switch = self.switch(ctx.entropy().uuid())?;
        let record = define::define(ctx, input, &switch.id)?;
        let at = key(ctx, record.session.id.as_deref().unwrap_or_default())?;
        let wake = self.sessions.enter(&record.run);
        let (place, kept) = (at.clone(), record.clone());
        let written = ctx
            .write(move |tx| {
                if !SESSIONS.insert_new(tx, &place, &kept)? {
                    let text = format!("Session with id {} already exists.", place.2);
                    return Err(Fault::sender("AlreadyExistsException", text));
                }
                Ok(tags::put(tx, &arn, given)?)
            })
            .await;
        if let Err(fault) = written {
            self.sessions.leave(&record.run);
            return Err(fault);
        }
        let session = record.session.clone();
        tokio::spawn(Arc::clone(self).drive_session(at, record, switch, wake));
        Ok(CreateSessionResponse { session: Some(session) })
    }

    async fn stop_session(&self, ctx: &Ctx, id: String) -> Result<StopSessionResponse, Fault> {
        let at = key(ctx, &id)?;
        let run = ctx
            .write(move |tx| {
                let mut record = SESSIONS.get(tx, &at)?.ok_or_else(|| missing(&at.2))?;
                match record.session.status {
                    Some(SessionStatus::Provisioning | SessionStatus::Ready) => {
                        record.session.status = Some(SessionStatus::Stopping);
                        SESSIONS.put(tx, &at, &record)?;
                    }
                    Some(SessionStatus::Stopping) => {}
                    status => {
                        let text = format!("Session is in {} status", word(status));
                        return Err(Fault::sender("IllegalSessionStateException", text));
                    }
                }
                Ok(record.run)
            })
            .await?;
        self.stop(&run);
        Ok(StopSessionResponse { id: Some(id) })
    }

    async fn delete_session(&self, ctx: &Ctx, id: String) -> Result<DeleteSessionResponse, Fault> {
        let (at, arn) = (key(ctx, &id)?, access::session_arn(ctx.call(), &id)?);
        let run = ctx
            .write(move |tx| {
                let record = SESSIONS.get(tx, &at)?.ok_or_else(|| missing(&at.2))?;
                forget(tx, &at, &arn)?;
                Ok::<_, Fault>(record.run)
            })
            .await?;
        // One that is under way ends; its driver finds nothing to write its end into.
        self.stop(&run);
        Ok(DeleteSessionResponse { id: Some(id) })
    }
}

fn missing(id: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Session {id} not found."))
}

fn word(status: Option<SessionStatus>) -> &'static str {
    status.map_or("UNKNOWN", SessionStatus::as_str)
}

/// Deletes a session and its statements.
fn forget(tx: &mut WriteTx<'_>, at: &NameKey, arn: &Arn) -> Result<(), Fault> {
    SESSIONS.delete(tx, at)?;
    STATEMENTS.clear(tx, STATEMENTS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str())))?;
    Ok(tags::delete(tx, arn)?)
}

fn list(ctx: &Ctx, input: ListSessionsRequest) -> Result<ListSessionsResponse, Fault> {
    let (account, region, _) = key(ctx, "")?;
    let wanted = input.tags.unwrap_or_default();
    let (sessions, next_token) = ctx.read(|tx| {
        let range = SESSIONS.prefix((account.as_str(), region.as_str()));
        let range = page::after(range, input.next_token.as_deref())?;
        page::take(&SESSIONS, SESSIONS.scan(tx, range), page::limit(input.max_results, 1000), |at, record| {
            let arn = access::session_arn(ctx.call(), &at.2)?;
            Ok(access::carries(tx, &arn, &wanted)?.then(|| shown(record, ctx.now())))
        })
    })?;
    let ids = sessions.iter().filter_map(|session| session.id.clone()).collect();
    Ok(ListSessionsResponse { ids: Some(ids), sessions: Some(sessions), next_token })
}

/// A session that has not ended shows what it has consumed so far.
fn shown(mut record: SessionRecord, now: Timestamp) -> Session {
    if record.session.completed_on.is_none() {
        meter(&mut record, now);
    }
    record.session
}

/// Seconds and DPU-seconds to the millisecond, from when it became ready.
fn meter(record: &mut SessionRecord, until: Timestamp) {
    let took = record.began.map(|began| until.since(began)).unwrap_or_default().as_secs_f64();
    let rounded = |number: f64| Some((number * 1000.0).round() / 1000.0);
    record.session.execution_time = rounded(took);
    record.session.dpu_seconds = rounded(took * record.session.max_capacity.unwrap_or_default());
}
