//! `Principal` and `NotPrincipal`.

use mastic_api_iam::accessanalyzer::types::ValidatePolicyFindingType as Type;

use super::Kind;
use super::finding::{Path, Report};
use super::statement::Statement;
use super::structure::mismatch;
use super::tree::Node;

/// Keys that tell on whose behalf a service calls.
const SOURCES: &[&str] = &["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

const ROLES_ANYWHERE: &str = "rolesanywhere.amazonaws.com";

pub(super) fn check(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let (named, not) = (statement.node.get("Principal"), statement.node.get("NotPrincipal"));
    let path = &statement.path;
    if named.is_none() && not.is_none() {
        if kind.has_principals() {
            report.error("MISSING_PRINCIPAL", "Add a Principal element to the policy statement.", path);
        }
        return;
    }
    let (name, node) = match (named, not) {
        (Some(node), _) => ("Principal", node),
        (_, Some(node)) => ("NotPrincipal", node),
        _ => return,
    };
    let at = path.to(name);
    match kind {
        Kind::Identity => {
            let text = "The policy type IDENTITY_POLICY does not support the Principal element. Remove the Principal \
                element.";
            report.error("UNSUPPORTED_PRINCIPAL", text, &at);
            return;
        }
        Kind::ServiceControl => {
            let text =
                "SCPs do not support specifying principals. Remove the Principal or NotPrincipal element.";
            report.error("SCP_SYNTAX_ERROR_PRINCIPAL", text, &at);
            return;
        }
        Kind::ResourceControl => {
            resource_control(report, statement, node, name, &at);
            return;
        }
        Kind::Trust if not.is_some() => {
            let text = "Role trust policies do not support NotPrincipal. Update the policy to use a Principal element \
                instead.";
            report.error("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", text, &path.to("NotPrincipal"));
        }
        _ => {}
    }
    if not.is_some() && statement.allows {
        let text = "Using Allow with NotPrincipal can be overly permissive. We recommend that you use Principal instead.";
        report.security("ALLOW_WITH_NOT_PRINCIPAL", text, &path.to("NotPrincipal"));
    }
    element(report, node, &at, kind);
    for (key, value, at) in statement.principals() {
        entry(report, key, value, &at, kind);
    }
    services(report, statement, kind);
    if kind == Kind::Trust {
        federation(report, statement);
        sessions(report, statement);
    }
}

fn resource_control(report: &mut Report<'_>, statement: &Statement<'_>, node: &Node, name: &str, at: &Path) {
    if name == "NotPrincipal" || node.text() != Some("*") {
        let text = "The Principal element contents are not valid. RCPs only support specifying all principals (\"*\") \
            in the Principal element. The NotPrincipal element is not supported for RCPs.";
        report.error("RCP_SYNTAX_ERROR_PRINCIPAL", text, at);
    }
    let everything = statement
        .resources
        .as_ref()
        .is_some_and(|resources| !resources.negated && resources.texts.iter().all(|(text, _)| *text == "*"));
    if statement.allows && (!everything || statement.node.get("Condition").is_some()) {
        let text = "RCPs only support specifying all principals (\"*\") in the Principal element, all resources \
            (\"*\") in the Resource element, and no Condition element with an effect of Allow.";
        report.error("RCP_SYNTAX_ERROR_ALLOW", text, &statement.path);
    }
}

/// The element as a whole: `"*"`, or kinds with their values.
fn element(report: &mut Report<'_>, node: &Node, at: &Path, kind: Kind) {
    let nobody = "This statement includes no principals and does not affect the policy. Specify principals.";
    match node {
        Node::Text(text) if text == "*" => {
            if kind == Kind::Trust {
                let text = "\"Principal:\" \"*\" is not supported in the principal element of a role trust policy. \
                    Replace the wildcard with a valid principal value.";
                report.error("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", text, at);
            }
        }
        Node::Map(members) if members.is_empty() => report.suggestion("EMPTY_OBJECT_PRINCIPAL", nobody, at),
        Node::Map(members) => {
            for (key, value) in members {
                let place = at.to(key);
                if !matches!(key.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") {
                    let text = format!("The principal key {key} is not valid.");
                    report.error("INVALID_PRINCIPAL_KEY", text, &at.name(key));
                }
                match value {
                    Node::List(items) if items.is_empty() => {
                        report.suggestion("EMPTY_ARRAY_PRINCIPAL", nobody, &place);
                    }
                    _ => {
                        for (item, node) in value.items() {
                            if node.text().is_none() {
                                mismatch(report, "String", &place.item(item));
                            }
                        }
                    }
                }
            }
        }
        _ => {
            let text = "The Principal element contents are not valid. Specify a key-value pair in the Principal element.";
            report.error("INVALID_PRINCIPAL_FORMAT", text, at);
        }
    }
}

fn entry(report: &mut Report<'_>, key: &str, value: &str, at: &Path, kind: Kind) {
    if value.contains(['*', '?']) && !(key == "AWS" && value == "*") {
        let text = format!(
            "Wildcards (*, ?) are not supported with the principal key {key}. Replace the wildcard with a valid \
             principal value."
        );
        report.error("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", text, at);
        return;
    }
    match key {
        "AWS" if value.starts_with("AROA") => {
            let text = format!(
                "The Principal element includes the IAM role ID {value}. We recommend that you use a role ARN instead."
            );
            report.warning("INVALID_ROLE_REFERENCE", text, at);
        }
        "AWS" if value.starts_with("AIDA") => {
            let text = format!(
                "The Principal element includes the IAM user ID {value}. We recommend that you use a user ARN instead."
            );
            report.warning("INVALID_USER_REFERENCE", text, at);
        }
        "Service" => {
            let (service, suffix) = value.split_once(".amazonaws.com").unwrap_or((value, "x"));
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
            let well = matches!(suffix, "" | ".cn") && !service.is_empty() && service.bytes().all(legal);
            if !well {
                let text = "The service principal does not match the expected format. Use the format \
                    <service-name>.amazonaws.com.";
                report.error("INVALID_SERVICE_PRINCIPAL_FORMAT", text, at);
            }
        }
        "Federated" if !matches!(kind, Kind::Trust | Kind::Resource) => {
            let text = "The policy type does not support a federated identity provider in the principal element. Use a \
                supported principal.";
            report.error("FEDERATED_PRINCIPAL_NOT_SUPPORTED", text, at);
        }
        "Federated" if provider(value) == Provider::Neither => {
            let text = "The principal value specifies a federated principal that does not match the expected format. \
                Update the federated principal to a domain name or a SAML metadata ARN.";
            report.error("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", text, at);
        }
        _ => {}
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Saml,
    Oidc,
    Neither,
}

fn provider(value: &str) -> Provider {
    if value.starts_with("arn:") {
        return match value.split(':').nth(5) {
            Some(resource) if resource.starts_with("saml-provider/") => Provider::Saml,
            Some(resource) if resource.starts_with("oidc-provider/") => Provider::Oidc,
            _ => Provider::Neither,
        };
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/' | b'_');
    if value.contains('.') && value.bytes().all(legal) { Provider::Oidc } else { Provider::Neither }
}

/// Services that are let in without saying for whom.
fn services(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let principals = statement.principals();
    let services: Vec<_> = principals.iter().filter(|(key, _, _)| *key == "Service").collect();
    let Some((_, first, at)) = services.first() else { return };
    let sourced = SOURCES.iter().any(|key| statement.asks_for(key));
    let on_resource = matches!(kind, Kind::Bucket | Kind::Typed(..));
    if statement.allows && on_resource && !sourced {
        match ["aws:Referer", "aws:UserAgent"].iter().find(|key| statement.asks_for(key)) {
            Some(key) => {
                let text = format!(
                    "To restrict access to the service principal {first} operating on your behalf, we recommend \
                     aws:SourceArn, aws:SourceAccount, aws:SourceOrgID, or aws:SourceOrgPaths instead of {key}."
                );
                report.suggestion("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", text, at);
            }
            None => {
                let text = "Granting access to a service principal without specifying a source is overly permissive. \
                    Use aws:SourceArn, aws:SourceAccount, aws:SourceOrgID, or aws:SourceOrgPaths condition key to grant \
                    fine-grained access.";
                report.security("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", text, at);
            }
        }
    }
    let anywhere = services.iter().find(|(_, value, _)| *value == ROLES_ANYWHERE);
    if let (Kind::Trust, Some((_, _, at)), Some(actions)) = (kind, anywhere, &statement.actions) {
        let has = |wanted: &str| actions.texts.iter().any(|(text, _)| text.eq_ignore_ascii_case(wanted));
        if !["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"].into_iter().all(has) {
            let text = "The rolesanywhere.amazonaws.com service principal requires the sts:AssumeRole, \
                sts:SetSourceIdentity, and sts:TagSession permissions to assume a role. Add the missing permissions to \
                the policy.";
            report.error("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", text, at);
        }
    }
}

/// Whether actions and identity providers go together, and whether a provider's tokens are asked who they are for.
fn federation(report: &mut Report<'_>, statement: &Statement<'_>) {
    let principals = statement.principals();
    let providers: Vec<_> = principals.iter().filter(|(key, _, _)| *key == "Federated").collect();
    let Some(actions) = &statement.actions else { return };
    for (action, path) in &actions.texts {
        let wanted = match action.to_lowercase().as_str() {
            "sts:assumerole" => Provider::Neither,
            "sts:assumerolewithsaml" => Provider::Saml,
            "sts:assumerolewithwebidentity" => Provider::Oidc,
            _ => continue,
        };
        let wrong = |key: &str, value: &str| match wanted {
            Provider::Neither => key == "Federated",
            wanted => key != "Federated" || provider(value) != wanted,
        };
        let strangers: Vec<_> = principals.iter().filter(|(key, value, _)| wrong(key, value)).collect();
        if strangers.is_empty() {
            continue;
        }
        let names: Vec<&str> = strangers.iter().map(|(_, value, _)| *value).collect();
        let text = format!(
            "The {action} action is invalid with the following principal(s): {}. Use a SAML provider principal with \
             the sts:AssumeRoleWithSAML action or use an OIDC provider principal with the \
             sts:AssumeRoleWithWebIdentity action. Ensure the provider is Federated if you use either of the two \
             options.",
            names.join(", ")
        );
        let mut at = vec![path.clone()];
        at.extend(strangers.iter().map(|(_, _, path)| path.clone()));
        report.add(Type::Error, "MISMATCHED_ACTION_FOR_PRINCIPAL", text, &at);
    }
    for (_, value, at) in providers.iter().filter(|(_, value, _)| provider(value) == Provider::Oidc) {
        let host = value.split_once("oidc-provider/").map_or(*value, |(_, host)| host).to_lowercase();
        let of_host =
            |key: &str| key.to_lowercase().strip_prefix(&host).is_some_and(|rest| rest.starts_with(':'));
        if !statement.conditions.iter().any(|condition| of_host(condition.key)) {
            let text = "Using an Open ID Connect principal without a condition can be overly permissive. Add condition \
                keys with a prefix that matches your federated OIDC principals to ensure that only the intended \
                identity provider assumes the role.";
            report.security("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", text, at);
        }
        if host == "token.actions.githubusercontent.com" && !statement.asks_for(&format!("{host}:sub")) {
            let text = "Granting a federated GitHub principal permissions without a condition key can allow more \
                sources to assume the role than you intended. Add the token.actions.githubusercontent.com:sub condition \
                key and specify the branch and repository name in the value.";
            report.security("MISSING_GITHUB_REPO_CONDITION_KEY", text, at);
        }
    }
}

/// Sessions of a role that is itself let in.
fn sessions(report: &mut Report<'_>, statement: &Statement<'_>) {
    let principals = statement.principals();
    for (_, value, at) in principals.iter().filter(|(key, _, _)| *key == "AWS") {
        let Some((head, name)) = value.split_once(":assumed-role/") else { continue };
        let (Some(account), Some(role)) = (head.split(':').nth(4), name.split('/').next()) else { continue };
        let parent = format!("arn:aws:iam::{account}:role/{role}");
        if principals.iter().any(|(_, other, _)| *other == parent) {
            let text = format!(
                "The assumed-role principal {value} is redundant with its parent role {parent}. Remove the \
                 assumed-role principal."
            );
            report.suggestion("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", text, at);
        }
    }
}
