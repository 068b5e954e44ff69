//! Why a call was allowed or denied.

use std::fmt::Write;

use mastic_api_mastic::mastic::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::{AuditRecord, Authorizer, Ctx, Identity, Outcome};

use crate::{Iam, accounts};

pub(crate) async fn explain(
    iam: &Iam,
    ctx: Ctx,
    input: t::ExplainRequestRequest,
) -> Result<t::ExplainRequestResponse, Fault> {
    let found = match &input.request_id {
        Some(id) => find(&ctx, id).await?,
        None => ctx.kernel().audit_last_denied(ctx.account()?).await?,
    };
    let record = found.ok_or_else(|| {
        let text = match &input.request_id {
            Some(id) => format!("There is no record of a request with id {id} that you may see."),
            None => "No call of this account was denied.".to_owned(),
        };
        Fault::sender("ResourceNotFoundException", text)
    })?;
    let decisions = decisions(iam, &record)?;
    let (error_code, error_message) = match &record.outcome {
        Outcome::Served => (None, None),
        Outcome::Failed { code, message } => (Some(code.clone()), Some(message.clone())),
    };
    Ok(t::ExplainRequestResponse {
        text: text(&record, &decisions),
        event_name: Some(record.operation.clone()),
        event_time: Some(record.time),
        principal: Some(record.caller.arn()),
        error_code,
        error_message,
        decisions: Some(decisions),
        request_id: record.request_id,
    })
}

/// Looks into the trail of the caller's account and, for the root user of the management account,
/// into all others.
async fn find(ctx: &Ctx, id: &str) -> Result<Option<AuditRecord>, Fault> {
    let account = ctx.account()?;
    if let Some(record) = ctx.kernel().audit_record(Some(account), id).await? {
        return Ok(Some(record));
    }
    if !matches!(ctx.caller().identity, Identity::Root) || !ctx.read(|tx| accounts::manages(tx, account))? {
        return Ok(None);
    }
    let others = ctx.read(accounts::all)?;
    // Calls without credentials have a trail of their own.
    for other in others.iter().map(|(other, _)| Some(other)).chain([None]) {
        if let Some(record) = ctx.kernel().audit_record(other, id).await? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// What was said at the time, for denials; permissions are worked out anew.
fn decisions(iam: &Iam, record: &AuditRecord) -> Result<Vec<String>, Fault> {
    let call = record.call()?;
    record
        .decisions
        .iter()
        .map(|decision| match &decision.explanation {
            Some(explanation) => Ok(explanation.clone()),
            None => {
                let today = iam.explain(&call, &decision.need)?;
                Ok(format!("(allowed then; evaluated with today's policies)\n{today}"))
            }
        })
        .collect()
}

fn text(record: &AuditRecord, decisions: &[String]) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_text(&mut out, record, decisions);
    out
}

fn write_text(out: &mut String, record: &AuditRecord, decisions: &[String]) -> std::fmt::Result {
    let account = record.caller.account.as_ref().map_or("no account", AccountId::as_str);
    writeln!(out, "Request {}", record.request_id)?;
    writeln!(out, "  who      {} ({account})", record.caller.arn())?;
    writeln!(out, "  what     {}:{} in {}", record.service, record.operation, record.region)?;
    writeln!(out, "  when     {}", record.time)?;
    let transport = if record.secure { "over TLS" } else { "without TLS" };
    writeln!(out, "  from     {} {transport}", record.source_ip.as_deref().unwrap_or("the server itself"))?;
    if let Some(agent) = &record.user_agent {
        writeln!(out, "  client   {agent}")?;
    }
    match &record.outcome {
        Outcome::Served => writeln!(out, "  outcome  served")?,
        Outcome::Failed { code, message } => writeln!(out, "  outcome  {code}: {message}")?,
    }
    if decisions.is_empty() {
        writeln!(
            out,
            "\nNo decision was taken: the call needs no permission, or ended before one was asked for."
        )?;
    }
    for (place, decision) in decisions.iter().enumerate() {
        writeln!(out, "\nDecision {} of {}: {}", place + 1, decisions.len(), decision.trim_end())?;
    }
    Ok(())
}
