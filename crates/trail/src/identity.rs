//! Who called, in CloudTrail's words ("CloudTrail userIdentity element").

use mastic_core::{AccountId, Arn, Timestamp};
use mastic_kernel::{AuditRecord, Caller, Federation, FederationKind, Identity, SessionIdentity};
use serde_json::{Value, json};

/// The element as the account `viewer` sees it: of callers of other accounts it is told less.
pub(crate) fn user_identity(record: &AuditRecord, viewer: &AccountId) -> Value {
    let caller = &record.caller;
    if let Some(account) = caller.account.as_ref().filter(|account| *account != viewer) {
        let principal = caller.user_id();
        return json!({"type": "AWSAccount", "principalId": principal, "accountId": account.as_str()});
    }
    let mut element = own(caller);
    if let (Some(fields), Some(key)) = (element.as_object_mut(), &caller.access_key_id) {
        fields.insert("accessKeyId".to_owned(), key.as_str().into());
    }
    element
}

fn own(caller: &Caller) -> Value {
    let account = caller.account.as_ref().map_or("", AccountId::as_str);
    let with_token = |mut element: Value| {
        if let (Some(fields), Some(token)) = (element.as_object_mut(), &caller.token) {
            let context = json!({"attributes": attributes(token.issued, token.mfa.is_some())});
            fields.insert("sessionContext".to_owned(), context);
        }
        element
    };
    match &caller.identity {
        Identity::Root => with_token(
            json!({"type": "Root", "principalId": account, "arn": caller.arn(), "accountId": account}),
        ),
        Identity::User { arn, id, name } => with_token(json!({
            "type": "IAMUser", "principalId": id, "arn": arn.as_str(), "accountId": account, "userName": name,
        })),
        Identity::Session(session) => of_role(session, caller, account),
        Identity::FederatedUser(user) => {
            let issuer = if user.user_arn.resource() == "root" {
                json!({"type": "Root", "principalId": user.user_id, "arn": user.user_arn.as_str(), "accountId": account})
            } else {
                issuer("IAMUser", &user.user_id, &user.user_arn, account)
            };
            let mut context = json!({"sessionIssuer": issuer});
            if let (Some(fields), Some(token)) = (context.as_object_mut(), &caller.token) {
                fields.insert("attributes".to_owned(), attributes(token.issued, token.mfa.is_some()));
            }
            json!({
                "type": "FederatedUser", "principalId": caller.user_id(), "arn": user.session_arn.as_str(),
                "accountId": account, "sessionContext": context,
            })
        }
        Identity::Federated(federation) => json!({
            "type": match federation.kind {
                FederationKind::WebIdentity => "WebIdentityUser",
                FederationKind::Saml => "SAMLUser",
            },
            "principalId": federation.principal_id,
            "userName": federation.subject,
            "identityProvider": federation.provider,
        }),
        Identity::Service(name) => json!({"type": "AWSService", "invokedBy": name}),
        Identity::Anonymous => json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
    }
}

fn of_role(session: &SessionIdentity, caller: &Caller, account: &str) -> Value {
    let mfa = caller.token.is_some_and(|token| token.mfa.is_some());
    let mut context = json!({
        "sessionIssuer": issuer("Role", &session.role_id, &session.role_arn, account),
        "attributes": attributes(session.issued, mfa),
    });
    let mut element = json!({
        "type": "AssumedRole", "principalId": caller.user_id(), "arn": session.session_arn.as_str(),
        "accountId": account,
    });
    if let Some(fields) = context.as_object_mut() {
        if let Some(source) = &session.source_identity {
            fields.insert("sourceIdentity".to_owned(), source.as_str().into());
        }
        if let Some(Federation { kind: FederationKind::WebIdentity, provider, .. }) =
            session.federation.as_deref()
        {
            let data = json!({"federatedProvider": provider, "attributes": {}});
            fields.insert("webIdFederationData".to_owned(), data);
        }
    }
    if let Some(fields) = element.as_object_mut() {
        fields.insert("sessionContext".to_owned(), context);
        if let Some(service) = &session.issued_to_service {
            fields.insert("invokedBy".to_owned(), service.as_str().into());
        }
    }
    element
}

fn issuer(kind: &str, id: &str, arn: &Arn, account: &str) -> Value {
    let name = arn.resource().rsplit('/').next().unwrap_or_default();
    json!({"type": kind, "principalId": id, "arn": arn.as_str(), "accountId": account, "userName": name})
}

fn attributes(issued: Timestamp, mfa: bool) -> Value {
    json!({"creationDate": issued.iso8601(), "mfaAuthenticated": mfa.to_string()})
}

/// What the attribute `Username` holds: a user's name, `root`, or the name of a role's session.
pub(crate) fn user_name(caller: &Caller) -> Option<&str> {
    match &caller.identity {
        Identity::Root => Some("root"),
        Identity::User { name, .. } => Some(name),
        Identity::Session(session) => Some(&session.session_name),
        Identity::FederatedUser(user) => Some(&user.name),
        Identity::Federated(federation) => Some(&federation.subject),
        Identity::Service(_) | Identity::Anonymous => None,
    }
}
