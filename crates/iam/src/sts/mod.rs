//! The operations of STS.

mod assume;
mod grant;
mod jwt;
mod key_sets;
pub(crate) mod preferences;
mod saml;
mod saml_attributes;
mod tokens;
mod web;

use std::sync::Arc;

use mastic_api_iam::iam::op as iam_op;
use mastic_api_iam::sts::{self as api, op, types as t};
use mastic_core::Fault;
use mastic_kernel::ports::Credentials;
use mastic_kernel::{Access, Ctx, Registry};

pub(crate) use key_sets::KeySets;

use crate::access;
use crate::faults::{denied, validation};
use crate::records::{KEYS, SESSIONS};
use crate::{Iam, people};

/// Serves every operation of STS that is implemented.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    registry.service(&api::SERVICE);
    registry.on::<iam_op::SetSecurityTokenServicePreferences, _, _>(
        |_, _| access::everywhere::<iam_op::SetSecurityTokenServicePreferences>(),
        preferences::set,
    );
    registry.on::<op::GetCallerIdentity, _, _>(|_, _| Ok(Access::Anybody), get_caller_identity);
    registry.on::<op::GetAccessKeyInfo, _, _>(
        |_, _| access::everywhere::<op::GetAccessKeyInfo>(),
        get_access_key_info,
    );
    let own = Arc::clone(iam);
    registry.on::<op::GetSessionToken, _, _>(
        |_, _| Ok(Access::Anybody),
        move |ctx, i| {
            let iam = Arc::clone(&own);
            async move { tokens::get_session_token(&iam, ctx, i).await }
        },
    );
    let own = Arc::clone(iam);
    registry.on::<op::GetFederationToken, _, _>(access::get_federation_token, move |ctx, i| {
        let iam = Arc::clone(&own);
        async move { tokens::get_federation_token(&iam, ctx, i).await }
    });
    let own = Arc::clone(iam);
    // What it needs depends on the device's code, which is checked first, and on the caller's own session.
    registry.on::<op::AssumeRole, _, _>(
        |_, _| Ok(Access::PerEntry),
        move |ctx, i| {
            let iam = Arc::clone(&own);
            async move { assume::assume_role(&iam, ctx, i).await }
        },
    );
    let own = Arc::clone(iam);
    // Who calls is in the token, which the handler reads.
    registry.on::<op::AssumeRoleWithWebIdentity, _, _>(
        |_, _| Ok(Access::PerEntry),
        move |ctx, i| {
            let iam = Arc::clone(&own);
            async move { web::assume_role(&iam, ctx, i).await }
        },
    );
    let own = Arc::clone(iam);
    registry.on::<op::AssumeRoleWithSAML, _, _>(
        |_, _| Ok(Access::PerEntry),
        move |ctx, i| {
            let iam = Arc::clone(&own);
            async move { saml::assume_role(&iam, ctx, i).await }
        },
    );
}

fn shown(credentials: &Credentials) -> t::Credentials {
    t::Credentials {
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        session_token: credentials.session_token.reveal().clone(),
        expiration: credentials.expires,
    }
}

/// Checks the code of an MFA device, if one is given; whether it was.
async fn proven_by_device(ctx: &Ctx, serial: Option<&String>, code: Option<&String>) -> Result<bool, Fault> {
    match (serial, code) {
        (None, None) => Ok(false),
        (Some(serial), Some(code)) => people::mfa::verify(ctx, serial, code).await.map(|()| true),
        _ => Err(denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}

async fn get_caller_identity(
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

async fn get_access_key_info(
    ctx: Ctx,
    input: t::GetAccessKeyInfoRequest,
) -> Result<t::GetAccessKeyInfoResponse, Fault> {
    let id = input.access_key_id;
    let account = ctx.read(|tx| {
        let long_term = KEYS.get(tx, &id)?.map(|key| key.account);
        let temporary = SESSIONS.get(tx, &id)?.map(|session| session.account);
        Ok::<_, Fault>(long_term.or(temporary))
    })?;
    let account = account.ok_or_else(|| validation(format!("The access key ID {id} is not valid.")))?;
    Ok(t::GetAccessKeyInfoResponse { account: Some(account.to_string()) })
}
