//! The request context: what conditions may look at ("AWS global condition context keys").

use mastic_core::{AccountId, Arn, Timestamp};
use mastic_kernel::tags::Tags;
use mastic_kernel::{Call, Federation, Identity, Need, SessionIdentity, Token};
use mastic_policy::{Context, Principal};

use crate::organization::Place;
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
        (Identity::FederatedUser(user), _) => {
            Principal::FederatedUser { user: user.user_arn.clone(), session: user.session_arn.clone() }
        }
        (Identity::Federated(federation), _) => {
            Principal::Federated { provider: federation.provider.clone() }
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
    /// The tags of a resource that is not IAM's.
    pub(crate) tags: Tags,
    pub(crate) owner: Option<&'a AccountId>,
    /// Where the caller's account and the resource's stand in their organizations.
    pub(crate) places: (Option<&'a Place>, Option<&'a Place>),
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
    if !matches!(call.caller.identity, Identity::Service(_) | Identity::Federated(_) | Identity::Anonymous) {
        context.set("aws:userid", call.caller.user_id());
    }
    let owner = facts.owner.map(AccountId::as_str).or_else(|| facts.principal.account());
    if let Some(owner) = owner {
        context.set("aws:ResourceAccount", owner);
    }
    for (key, value) in facts.known.map(|known| &known.tags).into_iter().flatten() {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
    if let Some(place) = facts.places.0 {
        place.describe("Principal", &mut context);
    }
    if let Some(place) = facts.places.1 {
        place.describe("Resource", &mut context);
    }
    of_session(&mut context, facts);
    of_target(&mut context, facts);
    for (key, value) in &facts.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
        if facts.need.action.starts_with("glue:") {
            context.set(&format!("glue:resourceTag/{key}"), value.as_str());
        }
    }
    for (key, values) in &facts.need.context {
        context.set_all(key, values.iter().map(String::as_str));
    }
    context
}

fn of_session(context: &mut Context, facts: &Facts<'_>) {
    let caller = &facts.call.caller;
    if let Some(token) = &caller.token {
        of_token(context, token, facts.call.time);
    }
    match &caller.identity {
        Identity::Session(session) => {
            of_service(context, session);
            if let Some(source) = &session.source_identity {
                context.set("aws:SourceIdentity", source.as_str());
            }
            if let Some(federation) = &session.federation {
                of_provider(context, federation);
            }
        }
        Identity::Federated(federation) => of_provider(context, federation),
        _ => {}
    }
    let tags = match facts.session.map(|session| &session.holder) {
        Some(Holder::Role(assumed)) => &assumed.tags,
        Some(Holder::Federated(user)) => &user.tags,
        _ => return,
    };
    for (key, value) in tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
}

/// These keys are there for temporary credentials only; long-term ones never carry MFA.
fn of_token(context: &mut Context, token: &Token, now: Timestamp) {
    context
        .set("aws:TokenIssueTime", token.issued.iso8601())
        .set("aws:MultiFactorAuthPresent", token.mfa.is_some().to_string());
    if let Some(proven) = token.mfa {
        context.set("aws:MultiFactorAuthAge", (now.secs() - proven.secs()).max(0).to_string());
    }
}

/// What the identity provider said of whoever assumes, or has assumed, the role.
fn of_provider(context: &mut Context, federation: &Federation) {
    context.set("aws:FederatedProvider", federation.provider.as_str());
    for (key, values) in &federation.context {
        context.set_all(key, values.iter().map(String::as_str));
    }
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

/// The context in which an AWS service assumes a role for `source`, a job or crawler ("The confused deputy problem").
pub(crate) fn service_context(
    principal: &Principal,
    role_account: &AccountId,
    source: &Arn,
    now: Timestamp,
) -> Context {
    let mut context = Context::of(principal);
    context
        .set("aws:SourceArn", source.as_str())
        .set("aws:SourceAccount", source.account())
        .set("aws:ResourceAccount", role_account.as_str())
        .set("aws:CurrentTime", now.iso8601())
        .set("aws:EpochTime", now.secs().to_string())
        .set("aws:SecureTransport", "true");
    context
}
