//! The operations of STS.

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_iam::iam::types as iam_types;
use mastic_api_iam::sts::types as t;
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::ports::Credentials;
use mastic_kernel::{Ctx, Identity};
use mastic_policy::DocumentKind;

use crate::context::session_tags;
use crate::faults::{denied, validation};
use crate::names::{find_arn, folded};
use crate::records::{Assumed, Holder, Role, Session};
use crate::{Iam, documents, names, policies, tags};

/// Characters that session policies, their ARNs and session tags may have together.
const PACKED: usize = 2048;

/// Seconds of a session of a role assumed by a session ("Role chaining").
const CHAINED: i32 = 3600;

fn shown(credentials: &Credentials) -> t::Credentials {
    t::Credentials {
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        session_token: credentials.session_token.reveal().clone(),
        expiration: credentials.expires,
    }
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Nobody has an MFA device here, so no code can be right.
fn no_mfa(serial: Option<&String>, code: Option<&String>) -> Result<(), Fault> {
    match (serial, code) {
        (None, None) => Ok(()),
        _ => Err(denied(
            "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is \
             valid and associated with this user.",
        )),
    }
}

pub(crate) async fn get_caller_identity(
    ctx: Ctx,
    _: t::GetCallerIdentityRequest,
) -> Result<t::GetCallerIdentityResponse, Fault> {
    let caller = ctx.caller();
    Ok(t::GetCallerIdentityResponse {
        user_id: Some(caller.user_id()),
        account: Some(ctx.account()?.to_string()),
        arn: Some(caller.arn()),
    })
}

pub(crate) async fn get_session_token(
    iam: &Iam,
    ctx: Ctx,
    input: t::GetSessionTokenRequest,
) -> Result<t::GetSessionTokenResponse, Fault> {
    no_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
    let temporary = ctx.caller().access_key_id.as_deref().is_some_and(|id| id.starts_with("ASIA"));
    let (holder, lasts) = match &ctx.caller().identity {
        _ if temporary => return Err(denied("Cannot call GetSessionToken with session credentials")),
        Identity::User { id, name, .. } => {
            (Holder::User { key: folded(name), id: id.clone() }, input.duration_seconds.unwrap_or(43_200))
        }
        // The root user gets an hour, whatever it asks for.
        Identity::Root => (Holder::Root, input.duration_seconds.unwrap_or(3600).min(3600)),
        _ => return Err(denied("Cannot call GetSessionToken with session credentials")),
    };
    let credentials = iam.open(ctx.account()?.clone(), holder, None, ctx.now(), seconds(lasts)).await?;
    Ok(t::GetSessionTokenResponse { credentials: Some(shown(&credentials)) })
}

pub(crate) async fn assume_role(
    iam: &Iam,
    ctx: Ctx,
    input: t::AssumeRoleRequest,
) -> Result<t::AssumeRoleResponse, Fault> {
    no_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
    if input.provided_contexts.as_ref().is_some_and(|contexts| !contexts.is_empty()) {
        return Err(validation(
            "Mastic does not know ProvidedContexts: it has no trusted context providers.",
        ));
    }
    if matches!(ctx.caller().identity, Identity::Root) {
        return Err(denied("Roles may not be assumed by root accounts."));
    }
    let arn: Arn =
        input.role_arn.parse().map_err(|_| validation(format!("{} is invalid", input.role_arn)))?;
    let role = ctx.read(|tx| find_arn::<Role>(tx, &arn))?;
    let (Some(role), Some(account)) = (role, arn.account_id()) else {
        let who = ctx.caller().arn();
        return Err(denied(format!(
            "User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )));
    };
    let lasts = duration(&ctx, &role, input.duration_seconds)?;
    let caller_session = match &ctx.caller().access_key_id {
        Some(id) if id.starts_with("ASIA") => iam.session(id)?,
        _ => None,
    };
    let source_identity = source(caller_session.as_deref(), input.source_identity)?;
    let own = session_own_tags(input.tags.unwrap_or_default())?;
    let wanted = input.transitive_tag_keys.unwrap_or_default();
    if let Some(unknown) = wanted.iter().find(|key| !own.contains_key(*key)) {
        return Err(validation(format!(
            "The specified transitive tag key {unknown} must be included in the requested tags."
        )));
    }
    let (policies, size) =
        session_policies(&ctx, &account, input.policy, input.policy_arns.unwrap_or_default(), &own)?;
    let (tags, mut transitive) = session_tags(caller_session.as_deref(), own);
    transitive.extend(wanted);
    let role_id = role.base.id.clone();
    let name = input.role_session_name;
    let user = t::AssumedRoleUser {
        assumed_role_id: format!("{role_id}:{name}"),
        arn: names::session_arn(&account, &role.base.name, &name).to_string(),
    };
    let assumed = Assumed {
        role: arn,
        role_id,
        name,
        policies,
        tags,
        transitive,
        source_identity: source_identity.clone(),
        service: None,
        run: None,
        federation: None,
    };
    let credentials =
        iam.open(account, Holder::Role(Box::new(assumed)), None, ctx.now(), seconds(lasts)).await?;
    Ok(t::AssumeRoleResponse {
        credentials: Some(shown(&credentials)),
        assumed_role_user: Some(user),
        packed_policy_size: size,
        source_identity,
    })
}

fn duration(ctx: &Ctx, role: &Role, asked: Option<i32>) -> Result<i32, Fault> {
    let chained = matches!(ctx.caller().identity, Identity::Session(_));
    let asked = asked.unwrap_or(CHAINED);
    if chained && asked > CHAINED {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if asked > role.max_session {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(asked)
}

/// The source identity stays the same through a chain ("Monitor and control actions taken with assumed
/// roles").
fn source(caller: Option<&Session>, asked: Option<String>) -> Result<Option<String>, Fault> {
    let inherited = match caller.map(|session| &session.holder) {
        Some(Holder::Role(assumed)) => assumed.source_identity.clone(),
        _ => None,
    };
    match (inherited, asked) {
        (Some(old), Some(new)) if old != new => {
            Err(denied("The source identity of a session cannot be changed."))
        }
        (inherited, asked) => Ok(inherited.or(asked)),
    }
}

fn session_own_tags(tags: Vec<t::Tag>) -> Result<BTreeMap<String, String>, Fault> {
    tags::read(tags.into_iter().map(|tag| iam_types::Tag { key: tag.key, value: tag.value }).collect())
}

/// The documents that limit the session, and how full of them it is, in percent.
fn session_policies(
    ctx: &Ctx,
    account: &AccountId,
    inline: Option<String>,
    arns: Vec<t::PolicyDescriptorType>,
    tags: &BTreeMap<String, String>,
) -> Result<(Vec<String>, Option<i32>), Fault> {
    let mut size: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let mut found = Vec::new();
    if let Some(document) = inline {
        documents::check(&document, DocumentKind::Identity)?;
        size += document.chars().count();
        found.push(document);
    }
    for arn in arns.into_iter().filter_map(|descriptor| descriptor.arn) {
        let policy = ctx.read(|tx| policies::find(tx, account, &arn))?;
        let policy =
            policy.ok_or_else(|| validation(format!("The specified policy {arn} does not exist.")))?;
        size += arn.len();
        found.push(policy.document().to_owned());
    }
    if size > PACKED {
        let percent = size * 100 / PACKED;
        return Err(Fault::sender(
            "PackedPolicyTooLarge",
            format!(
                "PackedPolicyTooLarge: the session policies and tags fill {percent}% of the allotted space."
            ),
        ));
    }
    let percent = (size > 0).then(|| i32::try_from((size * 100).div_ceil(PACKED)).unwrap_or(100));
    Ok((found, percent))
}
