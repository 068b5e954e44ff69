//! `AssumeRoleWithWebIdentity`: an OpenID Connect provider vouches for the caller.

use mastic_api_iam::sts::types as t;
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::{Caller, Ctx, Federation, FederationKind, Identity};
use serde_json::Value;

use super::assume::Asked;
use super::grant::{Granted, Limits, Tags, duration};
use super::jwt::{Jwt, invalid};
use super::shown;
use crate::Iam;
use crate::faults::{denied, validation};
use crate::names::find_arn;
use crate::providers::oidc::{self, Provider};
use crate::records::Role;

/// Seconds that clocks may differ.
const SKEW: i64 = 300;

pub(super) async fn assume_role(
    iam: &Iam,
    ctx: Ctx,
    input: t::AssumeRoleWithWebIdentityRequest,
) -> Result<t::AssumeRoleWithWebIdentityResponse, Fault> {
    if let Some(provider) = &input.provider_id {
        return Err(validation(format!(
            "Mastic takes OpenID Connect tokens only, not the OAuth 2.0 access tokens of {provider}: leave ProviderId out."
        )));
    }
    let arn: Arn =
        input.role_arn.parse().map_err(|_| validation(format!("{} is invalid", input.role_arn)))?;
    let account = arn.account_id().ok_or_else(|| validation(format!("{} is invalid", input.role_arn)))?;
    let token = Jwt::parse(input.web_identity_token.reveal()).ok_or_else(|| {
        invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    })?;
    let provider = issuer_of(&ctx, &account, &token)?;
    let keys = iam.key_sets.for_token(ctx.kernel(), &provider.url, &provider.thumbprints, &token).await?;
    if !keys.has_key_for(&token) {
        return Err(invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
             documentation for requirements",
        ));
    }
    if !token.verify(&keys) {
        return Err(invalid("The signature of the ID Token provided is invalid."));
    }
    in_time(&token, ctx.now().secs())?;
    let (audience, subject) = meant(&provider, &token)?;
    let federation = federation(&account, &provider, &token, &audience, &subject);
    let tags = tags_of(&token)?;
    let source_identity = token.text("https://aws.amazon.com/source_identity").map(str::to_owned);
    prove(&ctx, &account, federation.clone());
    let asked = Asked {
        action: "sts:AssumeRoleWithWebIdentity",
        role: arn.as_str(),
        session_name: &input.role_session_name,
        source_identity: source_identity.as_deref(),
        tags: &tags,
        context: Vec::new(),
    };
    authorize(&ctx, &asked)?;
    let role = ctx.read(|tx| find_arn::<Role>(tx, &arn))?;
    let role = role.ok_or_else(|| refused(asked.action))?;
    let lasts = duration(&role, input.duration_seconds)?;
    let limits = Limits::read(&ctx, &account, input.policy, input.policy_arns, &tags)?;
    let granted = Granted {
        arn,
        account,
        role: &role,
        name: input.role_session_name,
        lasts,
        limits,
        tags,
        source_identity: source_identity.clone(),
        federation: Some(Box::new(federation.clone())),
    };
    let session = granted.open(iam, &ctx).await?;
    Ok(t::AssumeRoleWithWebIdentityResponse {
        credentials: Some(shown(&session.credentials)),
        subject_from_web_identity_token: Some(subject),
        assumed_role_user: Some(session.user),
        packed_policy_size: session.packed,
        provider: Some(federation.provider),
        audience: Some(audience),
        source_identity,
    })
}

/// From here on the call is that of the federated user; it belongs to the role's account.
pub(super) fn prove(ctx: &Ctx, account: &AccountId, federation: Federation) {
    ctx.prove(Caller {
        account: Some(account.clone()),
        identity: Identity::Federated(Box::new(federation)),
        access_key_id: None,
        token: None,
    });
}

/// Asks the role's trust policy. AWS does not tell strangers why it refuses.
pub(super) fn authorize(ctx: &Ctx, asked: &Asked<'_>) -> Result<(), Fault> {
    match ctx.authorize(&asked.needs()) {
        Err(fault) if fault.code() == "AccessDeniedException" => {
            Err(fault.with_message(refusal(asked.action)))
        }
        other => other,
    }
}

fn refusal(action: &str) -> String {
    format!("Not authorized to perform {action}")
}

pub(super) fn refused(action: &str) -> Fault {
    denied(refusal(action))
}

/// The provider that the token says it is of.
fn issuer_of(ctx: &Ctx, account: &AccountId, token: &Jwt) -> Result<Provider, Fault> {
    let issuer = token.text("iss").ok_or_else(|| invalid("Missing a required claim: iss"))?;
    let provider = ctx.read(|tx| oidc::get_at(tx, account, issuer))?;
    provider
        .filter(|provider| provider.url.trim_end_matches('/') == issuer.trim_end_matches('/'))
        .ok_or_else(|| invalid(format!("No OpenIDConnect provider found in your account for {issuer}")))
}

fn in_time(token: &Jwt, now: i64) -> Result<(), Fault> {
    let missing = |claim| invalid(format!("Missing a required claim: {claim}"));
    let expires = token.seconds("exp").ok_or_else(|| missing("exp"))?;
    let issued = token.seconds("iat").ok_or_else(|| missing("iat"))?;
    if now >= expires {
        return Err(Fault::sender(
            "ExpiredTokenException",
            format!(
                "Token expired: current date/time {now} must be before the expiration date/time {expires}"
            ),
        ));
    }
    if issued > now + SKEW || token.seconds("nbf").is_some_and(|from| from > now + SKEW) {
        return Err(invalid("The ID Token provided is not valid yet."));
    }
    Ok(())
}

/// The audience and the subject; the audience must be a client id of the provider.
fn meant(provider: &Provider, token: &Jwt) -> Result<(String, String), Fault> {
    let subject = token.text("sub").ok_or_else(|| invalid("Missing a required claim: sub"))?;
    let audiences = token.texts("aud");
    if audiences.is_empty() {
        return Err(invalid("Missing a required claim: aud"));
    }
    // A token for several parties says who asked for it ("Available keys for AWS OIDC federation").
    let authorized = token.text("azp").filter(|_| audiences.len() > 1);
    let candidates = authorized.map_or(audiences, |azp| vec![azp]);
    let known = candidates.into_iter().find(|audience| provider.clients.iter().any(|id| id == audience));
    let known = known.ok_or_else(|| invalid("Incorrect token audience"))?;
    Ok((known.to_owned(), subject.to_owned()))
}

fn federation(
    account: &AccountId,
    provider: &Provider,
    token: &Jwt,
    audience: &str,
    subject: &str,
) -> Federation {
    let url = oidc::bare(&provider.url);
    let arn = oidc::arn(account, url).to_string();
    let mut context = vec![
        (format!("{url}:aud"), vec![audience.to_owned()]),
        (format!("{url}:sub"), vec![subject.to_owned()]),
    ];
    let methods: Vec<String> = token.texts("amr").into_iter().map(str::to_owned).collect();
    if !methods.is_empty() {
        context.push((format!("{url}:amr"), methods));
    }
    Federation {
        kind: FederationKind::WebIdentity,
        principal_id: format!("{arn}:{audience}:{subject}"),
        provider: arn,
        subject: subject.to_owned(),
        context,
    }
}

/// Session tags in the token ("Pass session tags using AssumeRoleWithWebIdentity").
fn tags_of(token: &Jwt) -> Result<Tags, Fault> {
    let Some(claim) = token.claims.get("https://aws.amazon.com/tags") else { return Ok(Tags::default()) };
    let malformed = || {
        Fault::sender("IDPRejectedClaim", "The claim https://aws.amazon.com/tags is malformed.")
            .with_status(403)
    };
    let mut tags = Vec::new();
    for (key, value) in claim.get("principal_tags").and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::String(one) => Some(one.as_str()),
            Value::Array(list) => match list.as_slice() {
                [one] => one.as_str(),
                _ => None,
            },
            _ => None,
        };
        tags.push(t::Tag { key: key.clone(), value: value.ok_or_else(malformed)?.to_owned() });
    }
    let transitive = match claim.get("transitive_tag_keys") {
        None => Vec::new(),
        Some(Value::Array(keys)) => keys
            .iter()
            .map(|key| key.as_str().map(str::to_owned).ok_or_else(malformed))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(malformed()),
    };
    Tags::read(tags, transitive)
}
