//! Statements: `RunStatement`, `GetStatement`, `ListStatements`, `CancelStatement`.

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_handoff::{Outcome, Raised};
use mastic_kernel::{Ctx, Registry};
use mastic_store::ReadTx;

use super::{SESSIONS, STATEMENTS, SessionRecord, StatementRecord, missing, statement_key, word};
use crate::definition::key;
use crate::records::NameKey;
use crate::{Jobs, access, page};

/// Statements of a page.
const PAGE: usize = 100;

/// Bytes of text after which a page ends all the same.
const PAGE_BYTES: usize = 4 << 20;

impl Jobs {
    pub(super) fn register_statements(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::RunStatement, _, _>(
            |call, input| access::session(call, "RunStatement", &input.session_id),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.run_statement(&ctx, input).await }
            },
        );
        registry.on::<op::GetStatement, _, _>(
            |call, input| access::session(call, "GetStatement", &input.session_id),
            |ctx, input| async move {
                let at = key(&ctx, &input.session_id)?;
                let record = ctx.read(|tx| {
                    session(tx, &at)?;
                    statement(tx, &at, input.id)
                })?;
                Ok(GetStatementResponse { statement: Some(record.statement) })
            },
        );
        registry.on::<op::ListStatements, _, _>(
            |call, input| access::session(call, "ListStatements", &input.session_id),
            |ctx, input| async move { list(&ctx, &input) },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::CancelStatement, _, _>(
            |call, input| access::session(call, "CancelStatement", &input.session_id),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.cancel_statement(&ctx, input).await }
            },
        );
    }

    async fn run_statement(
        &self,
        ctx: &Ctx,
        input: RunStatementRequest,
    ) -> Result<RunStatementResponse, Fault> {
        let at = key(ctx, &input.session_id)?;
        let (id, run) = ctx
            .write(move |tx| {
                let mut record = session(tx, &at)?;
                if record.session.status != Some(SessionStatus::Ready) {
                    // The text is AWS's; its own Jupyter kernel looks for this code to begin a new session.
                    let status = word(record.session.status);
                    let text = format!("Session is not ready, session_id={}, status={status}", at.2);
                    return Err(Fault::sender("InvalidInputException", text));
                }
                record.statements += 1;
                let id = record.statements;
                let statement = Statement {
                    id: Some(id),
                    code: Some(input.code),
                    state: Some(StatementState::Waiting),
                    progress: Some(0.0),
                    ..Statement::default()
                };
                STATEMENTS.put(tx, &statement_key(&at, id), &StatementRecord { statement, cancels: 0 })?;
                SESSIONS.put(tx, &at, &record)?;
                Ok((id, record.run))
            })
            .await?;
        self.sessions.wake(&run);
        Ok(RunStatementResponse { id: Some(id) })
    }

    async fn cancel_statement(
        &self,
        ctx: &Ctx,
        input: CancelStatementRequest,
    ) -> Result<CancelStatementResponse, Fault> {
        let (at, now) = (key(ctx, &input.session_id)?, ctx.now());
        let run = ctx
            .write(move |tx| {
                let record = session(tx, &at)?;
                let mut found = statement(tx, &at, input.id)?;
                match found.statement.state {
                    Some(StatementState::Waiting) => cancel(&mut found.statement, now),
                    Some(StatementState::Running | StatementState::Cancelling) => {
                        found.statement.state = Some(StatementState::Cancelling);
                        found.cancels = found.cancels.saturating_add(1);
                    }
                    // It has ended.
                    _ => return Ok::<_, Fault>(record.run),
                }
                STATEMENTS.put(tx, &statement_key(&at, input.id), &found)?;
                Ok(record.run)
            })
            .await?;
        self.sessions.wake(&run);
        Ok(CancelStatementResponse {})
    }
}

fn list(ctx: &Ctx, input: &ListStatementsRequest) -> Result<ListStatementsResponse, Fault> {
    let at = key(ctx, &input.session_id)?;
    ctx.read(|tx| {
        session(tx, &at)?;
        let range = STATEMENTS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str()));
        let range = page::after(range, input.next_token.as_deref())?;
        let (mut statements, mut bytes, mut last) = (Vec::new(), 0, None);
        for row in STATEMENTS.scan(tx, range) {
            let (key, record) = row?;
            if statements.len() == PAGE || bytes > PAGE_BYTES {
                let next_token = last.map(|key| hex::encode(STATEMENTS.encode(&key)));
                return Ok(ListStatementsResponse { statements: Some(statements), next_token });
            }
            bytes += size(&record.statement);
            statements.push(record.statement);
            last = Some(key);
        }
        Ok(ListStatementsResponse { statements: Some(statements), next_token: None })
    })
}

/// Bytes of what may be long.
fn size(statement: &Statement) -> usize {
    let length = |text: Option<&String>| text.map_or(0, String::len);
    let output = statement.output.as_ref();
    let printed = output.and_then(|output| output.data.as_ref()).and_then(|data| data.text_plain.as_ref());
    length(statement.code.as_ref())
        + length(printed)
        + length(output.and_then(|output| output.error_value.as_ref()))
}

fn session(tx: &ReadTx<'_>, at: &NameKey) -> Result<SessionRecord, Fault> {
    SESSIONS.get(tx, at)?.ok_or_else(|| missing(&at.2))
}

fn statement(tx: &ReadTx<'_>, at: &NameKey, id: i32) -> Result<StatementRecord, Fault> {
    STATEMENTS.get(tx, &statement_key(at, id))?.ok_or_else(|| {
        let text = format!("Statement {id} of session {} not found.", at.2);
        Fault::sender("EntityNotFoundException", text)
    })
}

/// Ends a statement that never began.
pub(super) fn cancel(statement: &mut Statement, now: Timestamp) {
    let raised = Raised {
        name: "Cancelled".to_owned(),
        value: "The statement was cancelled before it began.".to_owned(),
        traceback: Vec::new(),
    };
    let outcome = Outcome { error: Some(raised), cancelled: true, ..Outcome::default() };
    end(statement, StatementState::Cancelled, outcome, now);
}

/// Ends a statement as its process says. An exception is an outcome too: `ERROR` is for what the session is to blame for.
pub(super) fn done(statement: &mut Statement, outcome: Outcome, now: Timestamp) {
    let state = if outcome.cancelled { StatementState::Cancelled } else { StatementState::Available };
    end(statement, state, outcome, now);
}

/// Ends a statement that was under way when its session ended.
pub(super) fn lost(statement: &mut Statement, why: &str, now: Timestamp) {
    let raised = Raised { name: "SessionEnded".to_owned(), value: why.to_owned(), traceback: Vec::new() };
    let outcome = Outcome { error: Some(raised), ..Outcome::default() };
    end(statement, StatementState::Error, outcome, now);
}

fn end(statement: &mut Statement, state: StatementState, outcome: Outcome, now: Timestamp) {
    let Outcome { text, error, .. } = outcome;
    statement.state = Some(state);
    statement.completed_on = Some(now.millis());
    if state == StatementState::Available {
        statement.progress = Some(1.0);
    }
    let failed = error.is_some();
    let (name, value, traceback) = match error {
        Some(Raised { name, value, traceback }) => (Some(name), Some(value), Some(traceback)),
        None => (None, None, None),
    };
    // Clients look for the text even where there is none.
    let data = (!failed || !text.is_empty()).then_some(StatementOutputData { text_plain: Some(text) });
    statement.output = Some(StatementOutput {
        data,
        execution_count: statement.id,
        status: Some(if failed { "error" } else { "ok" }.to_owned()),
        error_name: name,
        error_value: value,
        traceback,
    });
}
