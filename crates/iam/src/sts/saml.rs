//! `AssumeRoleWithSAML`: a SAML provider vouches for the caller ("Configure SAML assertions for the authentication
//! response").

use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mastic_api_iam::sts::types as t;
use mastic_core::{Arn, Fault, Timestamp};
use mastic_kernel::{Ctx, Federation, FederationKind};

use super::assume::Asked;
use super::grant::{Granted, Limits, Tags, duration};
use super::jwt::invalid;
use super::saml_attributes::known;
use super::shown;
use super::web::{authorize, prove, refused};
use crate::Iam;
use crate::faults::validation;
use crate::names::{find_arn, last};
use crate::providers::saml::{self, Provider};
use crate::records::Role;
use crate::saml::{Assertion, Distrust, Metadata};

/// AWS's own attributes.
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

/// How soon after its issue an assertion must be used, and how far clocks may differ.
const FRESH: Duration = Duration::from_secs(5 * 60);
const SKEW: Duration = Duration::from_secs(60);

fn expired(text: &str) -> Fault {
    Fault::sender("ExpiredTokenException", text)
}

fn rejected(text: impl Into<String>) -> Fault {
    Fault::sender("IDPRejectedClaim", text).with_status(403)
}

pub(super) async fn assume_role(
    iam: &Iam,
    ctx: Ctx,
    input: t::AssumeRoleWithSAMLRequest,
) -> Result<t::AssumeRoleWithSAMLResponse, Fault> {
    let bad = |arn: &str| validation(format!("{arn} is invalid"));
    let arn: Arn = input.role_arn.parse().map_err(|_| bad(&input.role_arn))?;
    let provider_arn: Arn = input.principal_arn.parse().map_err(|_| bad(&input.principal_arn))?;
    let account = arn.account_id().ok_or_else(|| bad(&input.role_arn))?;
    let provider = provider_of(&ctx, &provider_arn)?;
    let metadata = Metadata::parse(&provider.metadata).map_err(Fault::internal)?;
    let assertion = read(input.saml_assertion.reveal(), &metadata)?;
    if assertion.issuer != metadata.entity {
        return Err(invalid("Issuer not present in specified provider"));
    }
    if ctx.now() >= provider.valid_until {
        return Err(invalid("The metadata of the specified provider is not valid any more."));
    }
    let recipient = in_time(&assertion, ctx.now())?;
    let action = "sts:AssumeRoleWithSAML";
    let federation = federation(&provider_arn, &assertion, &recipient);
    prove(&ctx, &account, federation.clone());
    let name = session_name(&assertion)?;
    let source_identity = source_identity(&assertion)?;
    let tags = tags_of(&assertion)?;
    if !offers(&assertion, &arn, &provider_arn) {
        return Err(refused(action));
    }
    let asked = Asked {
        action,
        role: arn.as_str(),
        session_name: &name,
        source_identity: source_identity.as_deref(),
        tags: &tags,
        context: Vec::new(),
    };
    authorize(&ctx, &asked)?;
    let role = ctx.read(|tx| find_arn::<Role>(tx, &arn))?.ok_or_else(|| refused(action))?;
    let lasts = lasting(&role, &assertion, input.duration_seconds, ctx.now())?;
    let limits = Limits::read(&ctx, &account, input.policy, input.policy_arns, &tags)?;
    let granted = Granted {
        arn,
        account,
        role: &role,
        name,
        lasts,
        limits,
        tags,
        source_identity: source_identity.clone(),
        federation: Some(Box::new(federation)),
    };
    let session = granted.open(iam, &ctx).await?;
    Ok(t::AssumeRoleWithSAMLResponse {
        credentials: Some(shown(&session.credentials)),
        assumed_role_user: Some(session.user),
        packed_policy_size: session.packed,
        subject: Some(assertion.subject.clone()),
        subject_type: Some(subject_type(&assertion)),
        name_qualifier: Some(name_qualifier(&provider_arn, &assertion)),
        issuer: Some(assertion.issuer),
        audience: Some(recipient),
        source_identity,
    })
}

fn provider_of(ctx: &Ctx, arn: &Arn) -> Result<Provider, Fault> {
    let name = arn.resource().strip_prefix("saml-provider/");
    let found = match (arn.account_id(), name) {
        (Some(account), Some(name)) => ctx.read(|tx| saml::get_at(tx, &account, name))?,
        _ => None,
    };
    found.ok_or_else(|| {
        invalid(
            "Specified provider doesn't exist (service: AWSOpenIdDiscoveryService; status code: 400; error code: \
             AuthSamlManifestNotFoundException)",
        )
    })
}

fn read(encoded: &str, metadata: &Metadata) -> Result<Assertion, Fault> {
    let compact: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let response = bytes.ok_or_else(|| invalid("Invalid base64 SAMLResponse"))?;
    Assertion::read(&response, metadata).map_err(|distrust| match distrust {
        Distrust::Malformed(why) => invalid(format!("Invalid SAML response: {why}")),
        Distrust::Signature => invalid("Response signature invalid"),
    })
}

/// Where AWS has assertions sent, in any region, and on Mastic likewise: providers need no other settings.
fn is_aws(recipient: &str) -> bool {
    let host = recipient.strip_prefix("https://").and_then(|rest| {
        let (host, path) = rest.split_once('/')?;
        (path == "saml" || path.starts_with("saml/")).then_some(host)
    });
    host.is_some_and(|host| host == "signin.aws.amazon.com" || host.ends_with(".signin.aws.amazon.com"))
}

/// Checks times and places; answers where the assertion was sent.
fn in_time(assertion: &Assertion, now: Timestamp) -> Result<String, Fault> {
    if now >= assertion.issued.plus(FRESH) {
        return Err(expired("Token must be redeemed within 5 minutes of issuance"));
    }
    if assertion.not_on_or_after.is_some_and(|end| now >= end) {
        return Err(expired("The SAML assertion has expired."));
    }
    let early = |from: Timestamp| from > now.plus(SKEW);
    if early(assertion.issued) || assertion.not_before.is_some_and(early) {
        return Err(invalid("The SAML assertion is not valid yet."));
    }
    let known = |audience: &String| audience == "urn:amazon:webservices" || is_aws(audience);
    if !assertion.audiences.iter().any(known) {
        return Err(invalid("The audience of the SAML assertion is not AWS."));
    }
    let mut here = assertion.recipients.iter().filter(|(recipient, _)| is_aws(recipient)).peekable();
    if here.peek().is_none() {
        return Err(invalid("The recipient of the SAML assertion is not AWS."));
    }
    let (recipient, _) = here
        .find(|(_, until)| now < *until)
        .ok_or_else(|| expired("The subject confirmation of the SAML assertion has expired."))?;
    Ok(recipient.clone())
}

fn attribute<'a>(assertion: &'a Assertion, name: &str) -> &'a [String] {
    assertion.values(&format!("{ATTRIBUTES}{name}"))
}

fn is_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

fn session_name(assertion: &Assertion) -> Result<String, Fault> {
    match attribute(assertion, "RoleSessionName") {
        [name] if is_name(name) => Ok(name.clone()),
        [_] => Err(invalid("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")),
        _ => Err(invalid("RoleSessionName is required in AuthnResponse")),
    }
}

fn source_identity(assertion: &Assertion) -> Result<Option<String>, Fault> {
    match attribute(assertion, "SourceIdentity") {
        [] => Ok(None),
        [name] if is_name(name) && !name.to_ascii_lowercase().starts_with("aws:") => Ok(Some(name.clone())),
        _ => Err(invalid(
            "Source Identity in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
        )),
    }
}

/// Whether the assertion has the pair of role and provider, in either order.
fn offers(assertion: &Assertion, role: &Arn, provider: &Arn) -> bool {
    attribute(assertion, "Role").iter().any(|pair| {
        let parts: Vec<&str> = pair.split(',').map(str::trim).collect();
        parts == [role.as_str(), provider.as_str()] || parts == [provider.as_str(), role.as_str()]
    })
}

fn tags_of(assertion: &Assertion) -> Result<Tags, Fault> {
    let prefix = format!("{ATTRIBUTES}PrincipalTag:");
    let mut tags = Vec::new();
    for (name, values) in &assertion.attributes {
        let Some(key) = name.strip_prefix(&prefix) else { continue };
        match values.as_slice() {
            [value] => tags.push(t::Tag { key: key.to_owned(), value: value.clone() }),
            _ => return Err(rejected(format!("The session tag {key} must have exactly one value."))),
        }
    }
    Tags::read(tags, attribute(assertion, "TransitiveTagKeys").to_vec())
}

/// The shortest of what the request, the assertion and the person's session at the provider allow.
fn lasting(
    role: &Role,
    assertion: &Assertion,
    asked: Option<i32>,
    now: Timestamp,
) -> Result<Duration, Fault> {
    let given = match attribute(assertion, "SessionDuration") {
        [] => None,
        [seconds] => {
            let seconds = seconds.parse::<i32>().ok().filter(|seconds| (900..=43_200).contains(seconds));
            Some(seconds.ok_or_else(|| rejected("SessionDuration must be between 900 and 43200 seconds."))?)
        }
        _ => return Err(rejected("SessionDuration must have exactly one value.")),
    };
    let asked = match (asked, given) {
        (Some(asked), Some(given)) => Some(asked.min(given)),
        (asked, given) => asked.or(given),
    };
    let lasts = duration(role, asked)?;
    let Some(ends) = assertion.session_ends else { return Ok(lasts) };
    let left = u64::try_from(ends.secs() - now.secs()).unwrap_or(0);
    if left == 0 {
        return Err(expired("The session at the identity provider has ended."));
    }
    Ok(lasts.min(Duration::from_secs(left)))
}

fn subject_type(assertion: &Assertion) -> String {
    const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
    let format =
        assertion.format.as_deref().unwrap_or("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    format.strip_prefix(FORMAT).unwrap_or(format).to_owned()
}

/// Issuer, account and provider in one word ("AssumeRoleWithSAML").
fn name_qualifier(provider: &Arn, assertion: &Assertion) -> String {
    let text = format!("{}{}/{}", assertion.issuer, provider.account(), last(provider.resource()));
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

/// The keys that conditions may ask for ("Available keys for SAML-based AWS STS federation").
fn federation(provider: &Arn, assertion: &Assertion, recipient: &str) -> Federation {
    let qualifier = name_qualifier(provider, assertion);
    let doc = format!("{}/{}", provider.account(), last(provider.resource()));
    let one = |key: &str, value: &str| (format!("saml:{key}"), vec![value.to_owned()]);
    let mut context = vec![
        one("aud", recipient),
        one("iss", &assertion.issuer),
        one("sub", &assertion.subject),
        one("sub_type", &subject_type(assertion)),
        one("namequalifier", &qualifier),
        one("doc", &doc),
    ];
    for (name, values) in &assertion.attributes {
        if let Some(key) = known(name)
            && !values.is_empty()
        {
            context.push((format!("saml:{key}"), values.clone()));
        }
    }
    Federation {
        kind: FederationKind::Saml,
        provider: provider.to_string(),
        subject: assertion.subject.clone(),
        principal_id: format!("{qualifier}:{}", assertion.subject),
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_are_sent_to_aws() {
        for here in ["https://signin.aws.amazon.com/saml", "https://eu-west-1.signin.aws.amazon.com/saml"] {
            assert!(is_aws(here), "{here}");
        }
        for other in [
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com.evil.org/saml",
            "https://x/saml",
        ] {
            assert!(!is_aws(other), "{other}");
        }
    }
}
