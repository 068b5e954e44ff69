//! The request context: what conditions may look at ("AWS global condition context keys").

use std::collections::BTreeMap;

use mastic_core::{AccountId, Timestamp};
use mastic_kernel::{Call, Identity, Need, SessionIdentity};
use mastic_policy::{Context, Principal};

use crate::principals::{Known, Target};
use crate::records::{Holder, Session};

/// The principal behind a call, in the evaluator's words.
pub(crate) fn principal(call: &Call) -> Principal {
    match (&call.caller.identity, &call.caller.account) {
        (Identity::Root, Some(account)) => Principal::Root { account: account.clone() },
        (Identity::User { arn, .. }, _) => Principal::User { arn: arn.clone() },
        (Identity::Session(session), _) => {
            Principal::Session { role: session.role_arn.clone(), session: session.session_arn.clone() }
        }
        (Identity::Service(name), _) => Principal::Service { name: name.clone() },
        (Identity::Root, None) | (Identity::Anonymous, _) => Principal::Anonymous,
    }
}

/// Everything that a context is made of.
pub(crate) struct Facts<'a> {
    pub(crate) call: &'a Call,
    pub(crate) need: &'a Need,
    pub(crate) principal: &'a Principal,
    /// The user or role, with its tags.
    pub(crate) known: Option<&'a Known>,
    /// The temporary credentials, as they were issued.
    pub(crate) session: Option<&'a Session>,
    /// The IAM resource, if it is one.
    pub(crate) target: Option<&'a Target>,
    pub(crate) owner: Option<&'a AccountId>,
}

/// The context of a need.
pub(crate) fn context(facts: &Facts<'_>) -> Context {
    let call = facts.call;
    let mut context = Context::of(facts.principal);
    context
        .set("aws:CurrentTime", call.time.iso8601())
        .set("aws:EpochTime", call.time.secs().to_string())
        .set("aws:RequestedRegion", call.region.as_str())
        .set("aws:SecureTransport", call.secure.to_string())
        .set("aws:ViaAWSService", "false");
    if let Some(ip) = call.source_ip {
        context.set("aws:SourceIp", ip.to_string());
    }
    if let Some(agent) = &call.user_agent {
        context.set("aws:UserAgent", agent.as_str());
    }
    if !matches!(call.caller.identity, Identity::Service(_) | Identity::Anonymous) {
        context.set("aws:userid", call.caller.user_id());
    }
    let owner = facts.owner.map(AccountId::as_str).or_else(|| facts.principal.account());
    if let Some(owner) = owner {
        context.set("aws:ResourceAccount", owner);
    }
    for (key, value) in facts.known.map(|known| &known.tags).into_iter().flatten() {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
    of_session(&mut context, facts);
    of_target(&mut context, facts);
    for (key, values) in &facts.need.context {
        context.set_all(key, values.iter().map(String::as_str));
    }
    context
}

fn of_session(context: &mut Context, facts: &Facts<'_>) {
    if let Identity::Session(session) = &facts.call.caller.identity {
        issued(context, session.issued);
        of_service(context, session);
    }
    let Some(session) = facts.session else { return };
    issued(context, session.issued);
    if let Holder::Role(assumed) = &session.holder {
        for (key, value) in &assumed.tags {
            context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        if let Some(source) = &assumed.source_identity {
            context.set("aws:SourceIdentity", source.as_str());
        }
    }
}

/// Both keys are there for temporary credentials only; long-term ones never carry MFA.
fn issued(context: &mut Context, at: Timestamp) {
    context.set("aws:TokenIssueTime", at.iso8601()).set("aws:MultiFactorAuthPresent", "false");
}

/// Glue tells code that runs in a job from what the service does itself ("Actions, resources, and
/// condition keys for AWS Glue").
fn of_service(context: &mut Context, session: &SessionIdentity) {
    if session.issued_to_service.as_deref() == Some("glue.amazonaws.com") {
        let key = if session.run.is_some() { "glue:CredentialIssuingService" } else { "glue:RoleAssumedBy" };
        context.set(key, "glue.amazonaws.com");
    }
}

fn of_target(context: &mut Context, facts: &Facts<'_>) {
    let Some(target) = facts.target else { return };
    for (key, value) in &target.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
        context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
    }
    if let Some(boundary) = &target.boundary {
        context.set("iam:PermissionsBoundary", boundary.as_str());
    }
}

/// The context in which an AWS service assumes a role for a run of the role's own account.
pub(crate) fn service_context(principal: &Principal, role_account: &AccountId, now: Timestamp) -> Context {
    let mut context = Context::of(principal);
    context
        .set("aws:SourceAccount", role_account.as_str())
        .set("aws:ResourceAccount", role_account.as_str())
        .set("aws:CurrentTime", now.iso8601())
        .set("aws:EpochTime", now.secs().to_string())
        .set("aws:SecureTransport", "true");
    context
}

/// Tags of a session: those that the caller's session hands on, and over them those of the request.
pub(crate) fn session_tags(
    caller: Option<&Session>,
    own: BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let mut tags = BTreeMap::new();
    let mut transitive = Vec::new();
    if let Some(Holder::Role(assumed)) = caller.map(|session| &session.holder) {
        for key in &assumed.transitive {
            if let Some(value) = assumed.tags.get(key) {
                tags.insert(key.clone(), value.clone());
                transitive.push(key.clone());
            }
        }
    }
    for (key, value) in own {
        // A transitive tag cannot be overridden ("Chaining roles with session tags").
        tags.entry(key).or_insert(value);
    }
    (tags, transitive)
}
