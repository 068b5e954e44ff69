//! `GetSessionToken` and `GetFederationToken`: credentials of a user's own, or for somebody else.

use mastic_api_iam::sts::types as t;
use mastic_core::Fault;
use mastic_kernel::{Ctx, Identity};

use super::grant::{Limits, Tags, seconds};
use super::{proven_by_device, shown};
use crate::Iam;
use crate::faults::denied;
use crate::names::{self, folded};
use crate::records::{FederatedUser, Holder};

/// Seconds that these credentials last where the request does not say, and at most for the root user.
const USUAL: i32 = 43_200;
const OF_ROOT: i32 = 3600;

pub(super) async fn get_session_token(
    iam: &Iam,
    ctx: Ctx,
    input: t::GetSessionTokenRequest,
) -> Result<t::GetSessionTokenResponse, Fault> {
    let (holder, lasts) = match &ctx.caller().identity {
        _ if ctx.caller().token.is_some() => return Err(with_session("GetSessionToken")),
        Identity::User { id, name, .. } => {
            (Holder::User { key: folded(name), id: id.clone() }, input.duration_seconds.unwrap_or(USUAL))
        }
        // The root user gets an hour, whatever it asks for.
        Identity::Root => (Holder::Root, input.duration_seconds.unwrap_or(OF_ROOT).min(OF_ROOT)),
        _ => return Err(with_session("GetSessionToken")),
    };
    let proven = proven_by_device(&ctx, input.serial_number.as_ref(), input.token_code.as_ref()).await?;
    let mfa = proven.then(|| ctx.now());
    let credentials = iam.open(ctx.account()?.clone(), holder, mfa, ctx.now(), seconds(lasts)).await?;
    Ok(t::GetSessionTokenResponse { credentials: Some(shown(&credentials)) })
}

fn with_session(operation: &str) -> Fault {
    denied(format!("Cannot call {operation} with session credentials"))
}

pub(super) async fn get_federation_token(
    iam: &Iam,
    ctx: Ctx,
    input: t::GetFederationTokenRequest,
) -> Result<t::GetFederationTokenResponse, Fault> {
    let account = ctx.account()?.clone();
    let (maker, lasts) = match &ctx.caller().identity {
        _ if ctx.caller().token.is_some() => return Err(with_session("GetFederationToken")),
        Identity::User { id, name, .. } => {
            (Some((folded(name), id.clone())), input.duration_seconds.unwrap_or(USUAL))
        }
        Identity::Root => (None, input.duration_seconds.unwrap_or(OF_ROOT).min(OF_ROOT)),
        _ => return Err(with_session("GetFederationToken")),
    };
    let tags = Tags::read(input.tags.unwrap_or_default(), Vec::new())?;
    let limits = Limits::read(&ctx, &account, input.policy, input.policy_arns, &tags)?;
    let user = t::FederatedUser {
        federated_user_id: format!("{account}:{}", input.name),
        arn: names::federated_arn(&account, &input.name).to_string(),
    };
    let holder = Holder::Federated(Box::new(FederatedUser {
        maker,
        name: input.name,
        policies: limits.policies,
        tags: tags.all,
    }));
    let credentials = iam.open(account, holder, None, ctx.now(), seconds(lasts)).await?;
    Ok(t::GetFederationTokenResponse {
        credentials: Some(shown(&credentials)),
        federated_user: Some(user),
        packed_policy_size: limits.packed,
    })
}
