//! Why a call was allowed or denied, and what would allow it.

use std::fmt::Write;

use mastic_api_iam::sts::types as sts;
use mastic_api_mastic::mastic::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::{AuditRecord, AuthorizationMessage, Authorizer, Ctx, Explanation, Identity, Outcome};
use mastic_policy::{Barrier, Change, considered, explain as reasons_of, key_name, remedy_text};

use crate::{Iam, accounts, explain_shape};

/// Decisions of one request that are told, at most.
const DECISIONS: usize = 64;

/// What is told of: a decision with its place in its record.
struct Told<'a> {
    record: &'a AuditRecord,
    place: usize,
    explanation: Explanation,
    /// Whether it is today's: of allowed needs no reasons are kept.
    today: bool,
}

pub(crate) async fn explain(
    iam: &Iam,
    ctx: Ctx,
    input: t::ExplainRequestRequest,
) -> Result<t::ExplainRequestResponse, Fault> {
    let (records, wanted) = records(&ctx, &input).await?;
    let first = records.first().ok_or_else(|| unknown(&input))?;
    let mut told = Vec::new();
    for record in &records {
        told.extend(decisions(iam, &ctx, record, wanted, input.run_id.is_some())?);
    }
    told.truncate(DECISIONS);
    let refused = told.iter().map(|told| &told.explanation).filter(|told| !allowed(told));
    let (changes, barriers) = iam.remedy(ctx.call(), explain_shape::curable(refused))?;
    let text = match &input.run_id {
        Some(run) => of_run(run, &records, &told, &changes, &barriers),
        None => of_request(first, &told, &changes, &barriers),
    };
    let (error_code, error_message) = match &first.outcome {
        Outcome::Served => (None, None),
        Outcome::Failed { code, message } => (Some(code.clone()), Some(message.clone())),
    };
    let shown = told.iter().map(|told| explain_shape::decision(told.record, told.place, &told.explanation));
    Ok(t::ExplainRequestResponse {
        text,
        event_name: Some(first.operation.clone()),
        event_time: Some(first.time),
        principal: Some(first.caller.arn()),
        error_code,
        error_message,
        decisions: Some(shown.collect()),
        patches: Some(changes.iter().map(explain_shape::patch).collect()),
        barriers: Some(barriers.iter().map(explain_shape::barrier).collect()),
        request_id: first.request_id.clone(),
    })
}

fn unknown(input: &t::ExplainRequestRequest) -> Fault {
    let text = match (&input.run_id, &input.request_id, &input.encoded_message) {
        (Some(run), ..) => format!("No call of a run {run} that you may see was denied."),
        (_, Some(id), _) => format!("There is no record of a request with id {id} that you may see."),
        (_, _, Some(_)) => "There is no record of the request that the message is about.".to_owned(),
        _ => "No call of this account was denied.".to_owned(),
    };
    Fault::sender("ResourceNotFoundException", text)
}

/// The place in a decision's id, from 0; a request's id has none.
fn place_in(id: &str) -> Option<usize> {
    id.split_once('.')?.1.parse::<usize>().ok()?.checked_sub(1)
}

/// The records that were asked for, the oldest first, and the place of the decision if it was for one.
async fn records(
    ctx: &Ctx,
    input: &t::ExplainRequestRequest,
) -> Result<(Vec<AuditRecord>, Option<usize>), Fault> {
    let (id, encoded, run) = (&input.request_id, &input.encoded_message, &input.run_id);
    let found = match (id, encoded, run) {
        (None, None, Some(run)) => {
            let mut found = Vec::new();
            for account in trails(ctx)?.iter().flatten() {
                found.extend(ctx.kernel().audit_denied_of_run(account, run).await?);
            }
            return Ok((found, None));
        }
        (Some(id), None, None) => return Ok((find(ctx, id).await?.into_iter().collect(), place_in(id))),
        (None, Some(encoded), None) => {
            let message = AuthorizationMessage::open(ctx.kernel().vault(), encoded).ok_or_else(|| {
                Fault::sender("InvalidInputException", "The message was not encoded by this server.")
            })?;
            let found = find(ctx, &message.decision).await?;
            return Ok((found.into_iter().collect(), place_in(&message.decision)));
        }
        (None, None, None) => ctx.kernel().audit_last_denied(ctx.account()?).await?,
        _ => {
            let text = "Give one of RequestId, EncodedMessage and RunId.";
            return Err(Fault::sender("InvalidInputException", text));
        }
    };
    Ok((found.into_iter().collect(), None))
}

/// `sts:DecodeAuthorizationMessage`: what was denied to a principal of the caller's account.
pub(crate) fn decode(
    ctx: &Ctx,
    input: &sts::DecodeAuthorizationMessageRequest,
) -> Result<sts::DecodeAuthorizationMessageResponse, Fault> {
    let message = AuthorizationMessage::open(ctx.kernel().vault(), &input.encoded_message)
        .filter(|message| message.account.as_deref() == ctx.caller().account.as_ref().map(AccountId::as_str))
        .ok_or_else(|| Fault::sender("InvalidAuthorizationMessageException", "Message is not valid"))?;
    Ok(sts::DecodeAuthorizationMessageResponse { decoded_message: Some(message.message) })
}

/// The trails that the caller may see: its account's and, for the root user of the management account, all others;
/// calls without credentials have a trail of their own.
fn trails(ctx: &Ctx) -> Result<Vec<Option<AccountId>>, Fault> {
    let account = ctx.account()?;
    let mut trails = vec![Some(account.clone())];
    if sees_all(ctx)? {
        let others = ctx.read(accounts::all)?.into_iter().map(|(other, _)| other);
        trails.extend(others.filter(|other| other != account).map(Some));
        trails.push(None);
    }
    Ok(trails)
}

fn sees_all(ctx: &Ctx) -> Result<bool, Fault> {
    let account = ctx.account()?;
    Ok(matches!(ctx.caller().identity, Identity::Root) && ctx.read(|tx| accounts::manages(tx, account))?)
}

async fn find(ctx: &Ctx, id: &str) -> Result<Option<AuditRecord>, Fault> {
    for account in trails(ctx)? {
        if let Some(record) = ctx.kernel().audit_record(account.as_ref(), id).await? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// What was said at the time, for denials; permissions are worked out anew.
fn decisions<'a>(
    iam: &Iam,
    ctx: &Ctx,
    record: &'a AuditRecord,
    wanted: Option<usize>,
    denials_only: bool,
) -> Result<Vec<Told<'a>>, Fault> {
    let call = record.call()?;
    let all = sees_all(ctx)?;
    let mut told = Vec::new();
    for (place, decision) in record.decisions.iter().enumerate().take(DECISIONS) {
        if wanted.is_some_and(|wanted| wanted != place) || (denials_only && decision.allowed) {
            continue;
        }
        let (mut explanation, today) = match &decision.explained {
            Some(explanation) => (Explanation::clone(explanation), false),
            None => (iam.explain(&call, &decision.need)?, true),
        };
        if !all {
            explanation.decision = explanation.decision.seen_from(ctx.account()?);
        }
        told.push(Told { record, place, explanation, today });
    }
    Ok(told)
}

fn allowed(told: &Explanation) -> bool {
    told.refused.is_none() && told.decision.is_allowed()
}

fn of_request(record: &AuditRecord, told: &[Told<'_>], changes: &[Change], barriers: &[Barrier]) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_head(&mut out, record).and_then(|()| write_body(&mut out, told, changes, barriers));
    out
}

fn of_run(
    run: &str,
    records: &[AuditRecord],
    told: &[Told<'_>],
    changes: &[Change],
    barriers: &[Barrier],
) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_run(&mut out, run, records).and_then(|()| write_body(&mut out, told, changes, barriers));
    out.push_str(
        "\nA run ends where it is denied something: `mastic preflight` tells what else it will need.\n",
    );
    out
}

fn write_run(out: &mut String, run: &str, records: &[AuditRecord]) -> std::fmt::Result {
    let count = records.len();
    writeln!(out, "Run     {run}: {count} {} denied", if count == 1 { "call was" } else { "calls were" })?;
    if let Some(first) = records.first() {
        writeln!(out, "by      {}", first.caller.arn())?;
    }
    for record in records.iter().take(DECISIONS) {
        writeln!(out, "        {}:{} (request {})", record.service, record.operation, record.request_id)?;
    }
    Ok(())
}

fn write_head(out: &mut String, record: &AuditRecord) -> std::fmt::Result {
    let (service, operation, region) = (&record.service, &record.operation, &record.region);
    writeln!(out, "Request {}: {service}:{operation} in {region} at {}", record.request_id, record.time)?;
    writeln!(out, "by      {}", record.caller.arn())?;
    let transport = if record.secure { "over TLS" } else { "without TLS" };
    let agent = record.user_agent.as_deref().map(|agent| format!(", {}", client(agent))).unwrap_or_default();
    writeln!(
        out,
        "from    {} {transport}{agent}",
        record.source_ip.as_deref().unwrap_or("the server itself")
    )?;
    match &record.outcome {
        Outcome::Served => writeln!(out, "outcome served"),
        // The sentence is said again below, in parts.
        Outcome::Failed { code, .. } if code.starts_with("AccessDenied") && !record.decisions.is_empty() => {
            writeln!(out, "outcome {code}")
        }
        Outcome::Failed { code, message } => writeln!(out, "outcome {code}: {message}"),
    }
}

/// The client without the details of its platform.
fn client(agent: &str) -> &str {
    agent.split(" md/").next().unwrap_or(agent)
}

fn write_body(
    out: &mut String,
    told: &[Told<'_>],
    changes: &[Change],
    barriers: &[Barrier],
) -> std::fmt::Result {
    if told.is_empty() {
        let text = "No decision was taken: the call needs no permission, or ended before one was asked for.";
        return writeln!(out, "\n{text}");
    }
    for (_, gone) in refusals(told) {
        writeln!(out, "\n{gone}")?;
    }
    let then: Vec<_> = told.iter().filter(|told| !told.today && told.explanation.refused.is_none()).collect();
    let now: Vec<_> = told.iter().filter(|told| told.today).collect();
    for (title, part) in [(None, then), (Some("Allowed then; evaluated with today's policies:"), now)] {
        let decisions: Vec<_> = part.iter().map(|told| &told.explanation.decision).collect();
        if decisions.is_empty() {
            continue;
        }
        if let Some(title) = title {
            writeln!(out, "\n{title}")?;
        }
        write!(out, "\n{}", reasons_of(&decisions))?;
    }
    let remedy = remedy_text(changes, barriers);
    if !remedy.is_empty() {
        write!(out, "\n{remedy}")?;
    }
    let decisions: Vec<_> = told.iter().map(|told| &told.explanation.decision).collect();
    write!(out, "\nPolicies considered:\n{}", considered(&decisions))?;
    write_context(out, told)
}

/// Needs that no policy could have allowed.
fn refusals<'a>(told: &'a [Told<'_>]) -> Vec<(&'a str, String)> {
    let refused = told.iter().filter_map(|told| {
        let decision = &told.explanation.decision;
        let reason = told.explanation.refused.as_deref()?;
        let text = format!("DENIED  {} on {}\n  why   {reason}", decision.action, decision.resource);
        Some((reason, text))
    });
    refused.collect()
}

/// The condition keys; those in which decisions differ are told with each value.
fn write_context(out: &mut String, told: &[Told<'_>]) -> std::fmt::Result {
    let mut keys = std::collections::BTreeMap::<&str, Vec<&[String]>>::new();
    for told in told.iter().filter(|told| !told.today || told.explanation.decision.is_allowed()) {
        for (key, values) in told.explanation.context.iter() {
            let known = keys.entry(key_name(key)).or_default();
            if !known.contains(&values) {
                known.push(values);
            }
        }
    }
    let width = keys.keys().map(|key| key.len()).max().unwrap_or_default();
    writeln!(out, "\nContext:")?;
    for (key, values) in keys {
        let values: Vec<String> = values.iter().map(|values| values.join(", ")).collect();
        writeln!(out, "  {key:width$}  {}", values.join(" | "))?;
    }
    Ok(())
}
