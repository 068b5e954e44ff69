//! `Preflight`: asks, before anything runs, whether a job, crawler or column statistics task may do what it will do.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use mastic_api_mastic::mastic::types as t;
use mastic_core::{AccountId, Arn, Fault, Timestamp};
use mastic_kernel::ports::{Plan, Planned};
use mastic_kernel::{
    Access, Authorizer, Call, Caller, Ctx, Explanation, Identity, Need, RunBinding, SessionIdentity,
};
use mastic_policy::{Barrier, Change, DocumentKind, remedy_text};

use crate::names::{find_arn, last, session_arn};
use crate::records::Role;
use crate::{Iam, documents, explain_shape};

/// The service that runs jobs and crawlers.
const SERVICE: &str = "glue.amazonaws.com";

/// One permission, decided.
struct Checked {
    principal: String,
    need: Need,
    purpose: String,
    /// Why not, if it is missing.
    refused: Option<Box<Explanation>>,
}

/// The caller must be allowed to see the job, the crawler or the table's settings; for the role and the table the handler asks.
pub(crate) fn access(call: &Call, input: &t::PreflightRequest) -> Result<Access, Fault> {
    let account = call.caller.account.as_ref().map(AccountId::as_str).unwrap_or_default();
    let mut needs = vec![Need::new("mastic:Preflight", "*")];
    for (action, kind, name) in
        [("glue:GetJob", "job", &input.job_name), ("glue:GetCrawler", "crawler", &input.crawler_name)]
    {
        let arn = |name| Arn::new("glue", call.region.as_str(), account, &format!("{kind}/{name}"));
        needs.extend(name.as_deref().map(|name| Need::new(action, arn(name).as_str())));
    }
    if input.table_name.is_some() {
        needs.push(Need::new("glue:GetColumnStatisticsTaskSettings", "*"));
    }
    Ok(Access::All(needs))
}

pub(crate) async fn preflight(
    iam: &Iam,
    ctx: Ctx,
    input: t::PreflightRequest,
) -> Result<t::PreflightResponse, Fault> {
    if let Some(policy) = &input.session_policy {
        documents::check(policy, DocumentKind::Identity)?;
    }
    let plans = ctx.kernel().plans()?;
    let role = input.role.as_deref().map(|role| named(iam, &ctx, role)).transpose()?;
    let table = input.database_name.as_ref().zip(input.table_name.as_ref());
    let halves = input.database_name.is_some() != input.table_name.is_some();
    let (what, mut plan) = match (&input.job_name, &input.crawler_name, table) {
        (Some(name), None, None) if !halves => (format!("job {name}"), plans.job(&ctx, name)?),
        (None, Some(name), None) if !halves => (format!("crawler {name}"), plans.crawler(&ctx, name)?),
        (None, None, Some((database, table))) => {
            let what = format!("column statistics of {database}.{table}");
            (what, plans.column_statistics(&ctx, database, table, role.clone())?)
        }
        _ => {
            let text = "Give one of JobName, CrawlerName, or DatabaseName with TableName.";
            return Err(Fault::sender("InvalidInputException", text));
        }
    };
    plan.role = role.unwrap_or(plan.role);
    ctx.authorize(&[Need::new("iam:SimulatePrincipalPolicy", plan.role.as_str())])?;
    let role = ctx.read(|tx| find_arn::<Role>(tx, &plan.role))?;
    let role = role.ok_or_else(|| no_role(last(plan.role.resource())))?;
    let checked = check(iam, &ctx, &plan, role.base.id, input.session_policy)?;
    let refused = checked.iter().filter_map(|checked| checked.refused.as_deref());
    let (changes, barriers) = iam.remedy(ctx.call(), explain_shape::curable(refused))?;
    let ready = checked.iter().all(|checked| checked.refused.is_none());
    Ok(t::PreflightResponse {
        role: plan.role.to_string(),
        ready,
        text: text(&what, &plan, &checked, &changes, &barriers),
        permissions: checked.iter().map(shown).collect(),
        patches: Some(changes.iter().map(explain_shape::patch).collect()),
        barriers: Some(barriers.iter().map(explain_shape::barrier).collect()),
    })
}

fn no_role(name: &str) -> Fault {
    Fault::sender("ResourceNotFoundException", format!("There is no role {name}."))
}

/// The role that the caller names instead of the definition's.
fn named(iam: &Iam, ctx: &Ctx, role: &str) -> Result<Arn, Fault> {
    use mastic_kernel::ports::RoleSessions as _;

    iam.find(ctx.account()?, role)?.ok_or_else(|| no_role(role))
}

fn check(
    iam: &Iam,
    ctx: &Ctx,
    plan: &Plan,
    role_id: String,
    session_policy: Option<String>,
) -> Result<Vec<Checked>, Fault> {
    let account = plan.role.account_id();
    let service = Call {
        caller: Arc::new(Caller {
            account: account.clone(),
            identity: Identity::Service(SERVICE.to_owned()),
            access_key_id: None,
            token: None,
        }),
        ..ctx.call().clone()
    };
    let session = Call {
        caller: Arc::new(Caller {
            account: account.clone(),
            identity: Identity::Session(Box::new(session(plan, role_id, session_policy, ctx.now()))),
            access_key_id: None,
            token: None,
        }),
        // Runners are neighbours of the server.
        source_ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        user_agent: None,
        ..ctx.call().clone()
    };
    let passing = Need::new("iam:PassRole", plan.role.as_str()).with("iam:PassedToService", [SERVICE]);
    let first = [
        (ctx.call(), passing, "who defines it passes the role"),
        (&service, trust_need(&plan.role, &plan.source), "Glue assumes the role"),
    ];
    let first = first.map(|(call, need, purpose)| (call, Planned { need, purpose: purpose.to_owned() }));
    let needs = plan.needs.iter().map(|planned| (&session, planned.clone()));
    let decided = first.into_iter().chain(needs).map(|(call, Planned { need, purpose })| {
        // Not decided as a call's needs are: nobody has tried anything, so no report of last access shall show it.
        let explanation = iam.explain(call, &need)?;
        let allowed = explanation.refused.is_none() && explanation.decision.is_allowed();
        let refused = (!allowed).then(|| Box::new(explanation));
        Ok(Checked { principal: call.caller.arn(), need, purpose, refused })
    });
    decided.collect()
}

/// What a service needs to assume a role for a job or crawler.
pub(crate) fn trust_need(role: &Arn, source: &Arn) -> Need {
    Need::new("sts:AssumeRole", role.as_str())
        .with("aws:SourceArn", [source.as_str()])
        .with("aws:SourceAccount", [source.account()])
}

fn session(plan: &Plan, role_id: String, session_policy: Option<String>, now: Timestamp) -> SessionIdentity {
    let account = plan.role.account_id();
    let name = last(plan.role.resource());
    let arn = account.map(|account| session_arn(&account, name, &plan.session_name));
    SessionIdentity {
        session_arn: arn.unwrap_or_else(|| plan.role.clone()),
        role_arn: plan.role.clone(),
        role_id,
        session_name: plan.session_name.clone(),
        session_policies: session_policy.into_iter().collect(),
        issued: now,
        expires: now,
        issued_to_service: Some(SERVICE.to_owned()),
        run: Some(RunBinding { id: "preflight".to_owned(), staged: true }),
        source_identity: None,
        federation: None,
    }
}

fn shown(checked: &Checked) -> t::Permission {
    t::Permission {
        principal: checked.principal.clone(),
        action: checked.need.action.clone(),
        resource: checked.need.resource.clone(),
        purpose: checked.purpose.clone(),
        allowed: checked.refused.is_none(),
        reasons: checked.refused.as_deref().map(explain_shape::reasons),
    }
}

fn text(what: &str, plan: &Plan, checked: &[Checked], changes: &[Change], barriers: &[Barrier]) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write(&mut out, what, plan, checked, changes, barriers);
    out
}

fn write(
    out: &mut String,
    what: &str,
    plan: &Plan,
    checked: &[Checked],
    changes: &[Change],
    barriers: &[Barrier],
) -> std::fmt::Result {
    let missing = checked.iter().filter(|checked| checked.refused.is_some()).count();
    let verdict = match missing {
        0 => "nothing is missing".to_owned(),
        missing => format!("{missing} missing"),
    };
    writeln!(out, "Preflight of {what} with the role {}", plan.role)?;
    writeln!(out, "{} permissions, {verdict}\n", checked.len())?;
    let width = |of: fn(&Checked) -> &str| checked.iter().map(|checked| of(checked).len()).max().unwrap_or(0);
    let (actions, resources) =
        (width(|checked| &checked.need.action), width(|checked| &checked.need.resource));
    for Checked { need, purpose, refused, .. } in checked {
        let state = if refused.is_some() { "missing" } else { "ok" };
        let (action, resource) = (&need.action, &need.resource);
        writeln!(out, "  {state:7}  {action:actions$}  {resource:resources$}  {purpose}")?;
    }
    let mut said: Vec<String> = Vec::new();
    for refused in checked.iter().filter_map(|checked| checked.refused.as_deref()) {
        for line in explain_shape::reasons(refused).into_iter().chain(refused.decision.near_misses()) {
            if !said.contains(&line) {
                said.push(line);
            }
        }
    }
    for (place, line) in said.iter().enumerate() {
        writeln!(out, "{}{line}", if place == 0 { "\nWhy     " } else { "        " })?;
    }
    match remedy_text(changes, barriers).as_str() {
        "" => Ok(()),
        remedy => write!(out, "\n{remedy}"),
    }
}
