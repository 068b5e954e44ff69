//! What the operations need. Sources: "Actions, resources, and condition keys for AWS Glue" (Service Authorization
//! Reference), "Passing roles to AWS services" (IAM User Guide).

use std::collections::BTreeMap;

use mastic_core::{Arn, Fault};
use mastic_kernel::{Access, Call, Ctx, Need, tags};
use mastic_store::ReadTx;

/// The service principal that runs jobs and crawlers.
pub(crate) const SERVICE_PRINCIPAL: &str = "glue.amazonaws.com";

pub(crate) fn account_of(call: &Call) -> Result<&str, Fault> {
    let account = call.caller.account.as_ref().map(mastic_core::AccountId::as_str);
    account.ok_or_else(|| {
        Fault::sender("AccessDeniedException", "A caller without an account has no jobs or crawlers.")
    })
}

fn arn(call: &Call, kind: &str, name: &str) -> Result<Arn, Fault> {
    Ok(Arn::new("glue", call.region.as_str(), account_of(call)?, &format!("{kind}/{name}")))
}

pub(crate) fn job_arn(call: &Call, name: &str) -> Result<Arn, Fault> {
    arn(call, "job", name)
}

pub(crate) fn crawler_arn(call: &Call, name: &str) -> Result<Arn, Fault> {
    arn(call, "crawler", name)
}

pub(crate) fn job(call: &Call, action: &str, name: &str) -> Result<Access, Fault> {
    Ok(Access::one(format!("glue:{action}"), job_arn(call, name)?.as_str()))
}

pub(crate) fn crawler(call: &Call, action: &str, name: &str) -> Result<Access, Fault> {
    Ok(Access::one(format!("glue:{action}"), crawler_arn(call, name)?.as_str()))
}

pub(crate) fn session_arn(call: &Call, id: &str) -> Result<Arn, Fault> {
    arn(call, "session", id)
}

pub(crate) fn session(call: &Call, action: &str, id: &str) -> Result<Access, Fault> {
    Ok(Access::one(format!("glue:{action}"), session_arn(call, id)?.as_str()))
}

pub(crate) fn dev_endpoint(call: &Call, action: &str, name: &str) -> Result<Access, Fault> {
    Ok(Access::one(format!("glue:{action}"), arn(call, "devEndpoint", name)?.as_str()))
}

/// Operations that AWS does not check against a resource.
pub(crate) fn any(action: &str) -> Access {
    Access::one(format!("glue:{action}"), "*")
}

/// A need with the tags of the request as condition keys.
pub(crate) fn with_tags(need: Need, tags: Option<&BTreeMap<String, String>>) -> Access {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return Access::All(vec![need]) };
    let need = tags
        .iter()
        .fold(need, |need, (key, value)| need.with(format!("aws:RequestTag/{key}"), [value.clone()]))
        .with("aws:TagKeys", tags.keys().cloned());
    Access::All(vec![need])
}

fn passing(role: &str) -> Need {
    Need::new("iam:PassRole", role).with("iam:PassedToService", [SERVICE_PRINCIPAL])
}

/// The same, and that the caller may pass the role to Glue: asked together, so that all that is missing is told at
/// once. Another account's role cannot be passed at all, which the handler says.
pub(crate) fn with_role(call: &Call, access: Access, role: Option<&str>) -> Result<Access, Fault> {
    let (Access::All(mut needs), Some(role)) = (access.clone(), role.filter(|role| !role.is_empty())) else {
        return Ok(access);
    };
    let account = account_of(call)?;
    let arn = role
        .parse::<Arn>()
        .unwrap_or_else(|_| Arn::new("iam", "", account, &format!("role/{}", role.trim_start_matches('/'))));
    if arn.account() == account {
        needs.push(passing(arn.as_str()));
    }
    Ok(Access::All(needs))
}

/// Finds the role, which the caller may pass to Glue (see [`with_role`]), and demands that Glue may assume it for
/// `source`, the job or crawler.
pub(crate) fn pass_role(
    ctx: &Ctx,
    role: &str,
    source: &Arn,
    refusal: impl Fn(&str) -> Fault,
) -> Result<Arn, Fault> {
    let sessions = ctx.kernel().sessions()?;
    let account = ctx.account()?;
    let named = role.parse::<Arn>().ok();
    if named.as_ref().is_some_and(|arn| arn.account() != account.as_str()) {
        return Err(Fault::sender("AccessDeniedException", "Cross-account pass role is not allowed."));
    }
    let found = sessions.find(account, role)?;
    let arn = found.clone().or(named).unwrap_or_else(|| {
        Arn::new("iam", "", account.as_str(), &format!("role/{}", role.trim_start_matches('/')))
    });
    match found {
        Some(arn) if sessions.can_assume(SERVICE_PRINCIPAL, &arn, source)? => Ok(arn),
        _ => Err(refusal(arn.as_str())),
    }
}

/// The role as Glue shows it: without what precedes its path and name.
pub(crate) fn role_name(role: &str) -> &str {
    role.split_once(":role/").map_or(role, |(_, name)| name)
}

/// Whether a resource carries all of these tags.
pub(crate) fn carries(tx: &ReadTx<'_>, arn: &Arn, wanted: &BTreeMap<String, String>) -> Result<bool, Fault> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let found = tags::get(tx, arn)?.unwrap_or_default();
    Ok(wanted.iter().all(|(key, value)| found.get(key) == Some(value)))
}
