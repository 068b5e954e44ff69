//! Which elements a document and its statements have, and of which types.

use std::collections::HashSet;

use mastic_api_iam::accessanalyzer::types::ValidatePolicyFindingType as Type;

use super::Kind;
use super::finding::{Path, Report};
use super::statement::Statement;
use super::tree::Node;

/// Characters without white space at most: managed policies, trust policies, bucket policies, and the policies
/// of organizations ("IAM and AWS STS quotas", "Quotas for AWS Organizations").
const IDENTITY: usize = 6_144;
const TRUST: usize = 2_048;
const RESOURCE: usize = 20_480;
const ORGANIZATION: usize = 5_120;

pub(super) fn document(report: &mut Report<'_>, root: &Node, text: &str, kind: Kind) {
    let top = Path::default();
    let Node::Map(members) = root else {
        mismatch(report, "Object", &top);
        return;
    };
    for (name, value) in members {
        match name.as_str() {
            "Version" => version(report, value, &top.to(name)),
            "Id" if value.text().is_none() => mismatch(report, "String", &top.to(name)),
            "Statement" => statement_list(report, value, &top.to(name)),
            "Id" => {}
            _ => unknown(report, name, &top.name(name)),
        }
    }
    if root.get("Version").is_none() {
        let text =
            "We recommend that you specify the Version element to help you with debugging permission issues.";
        report.warning("MISSING_VERSION", text, &top);
    }
    if root.get("Statement").is_none() {
        report.error("MISSING_STATEMENT", "Add a statement to the policy", &top);
    }
    size(report, text, kind);
}

fn version(report: &mut Report<'_>, value: &Node, path: &Path) {
    match value.text() {
        None => mismatch(report, "String", path),
        Some("2008-10-17" | "2012-10-17") => {}
        Some(other) => {
            let text = format!(
                "The version {other} is not valid. Use one of the following versions: 2008-10-17, 2012-10-17"
            );
            report.error("INVALID_VERSION", text, path);
        }
    }
}

fn statement_list(report: &mut Report<'_>, value: &Node, path: &Path) {
    match value {
        Node::List(items) if items.is_empty() => {
            report.error("MISSING_STATEMENT", "Add a statement to the policy", path);
        }
        Node::List(items) => {
            for (at, item) in items.iter().enumerate() {
                if !matches!(item, Node::Map(_)) {
                    mismatch(report, "Object", &path.item(Some(at)));
                }
            }
        }
        Node::Map(_) => {}
        _ => mismatch(report, "Array", path),
    }
}

fn size(report: &mut Report<'_>, text: &str, kind: Kind) {
    let dense = text.chars().filter(|c| !c.is_whitespace()).count();
    let top = Path::default();
    let granular = "We recommend that you use multiple granular policies.";
    match kind {
        Kind::Identity if dense > IDENTITY => {
            let text = format!(
                "The {dense} characters in the identity policy, excluding whitespace, exceed the {IDENTITY} \
                 character maximum for inline and managed policies. {granular}"
            );
            report.warning("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", text, &top);
        }
        Kind::Trust if dense > TRUST => {
            let text = "The characters in the role trust policy, excluding whitespace, exceed the character \
                maximum. We recommend that you request a role trust policy length quota increase using Service \
                Quotas and AWS Support Center. If the quotas have already been increased, then you can ignore \
                this warning.";
            report.warning("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", text, &top);
        }
        Kind::Bucket if text.len() > RESOURCE => {
            let text = format!(
                "The {} characters in the resource policy exceed the {RESOURCE} character maximum for resource \
                 policies. {granular}",
                text.len()
            );
            report.warning("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", text, &top);
        }
        Kind::ServiceControl | Kind::ResourceControl if text.chars().count() > ORGANIZATION => {
            let (code, long, short) = match kind {
                Kind::ServiceControl => ("POLICY_SIZE_EXCEEDS_SCP_QUOTA", "service control policy", "SCP"),
                _ => ("POLICY_SIZE_EXCEEDS_RCP_QUOTA", "resource control policy", "RCP"),
            };
            let text = format!(
                "The {} characters in the {long} ({short}) exceed the {ORGANIZATION} character maximum for \
                 {short}s. {granular}",
                text.chars().count()
            );
            report.error(code, text, &top);
        }
        _ => {}
    }
}

pub(super) fn statement(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let Node::Map(members) = statement.node else { return };
    let path = &statement.path;
    for (name, value) in members {
        let at = path.to(name);
        match name.as_str() {
            "Sid" => sid(report, value, &at, kind),
            "Effect" => effect(report, value, &at),
            "Action" | "NotAction" => {
                let text =
                    "This statement includes no actions and does not affect the policy. Specify actions.";
                texts(report, value, &at, "EMPTY_ARRAY_ACTION", text);
            }
            "Resource" | "NotResource" => {
                let text =
                    "This statement includes no resources and does not affect the policy. Specify resources.";
                texts(report, value, &at, "EMPTY_ARRAY_RESOURCE", text);
            }
            "Principal" | "NotPrincipal" => {}
            "Condition" => {
                if !matches!(value, Node::Map(_)) {
                    mismatch(report, "Object", &at);
                }
            }
            _ => unknown(report, name, &path.name(name)),
        }
    }
    if statement.node.get("Effect").is_none() {
        let text = "Add an Effect element to the policy statement with a value of Allow or Deny.";
        report.error("MISSING_EFFECT", text, path);
    }
    if statement.actions.is_none() {
        report.error("MISSING_ACTION", "Add an Action or NotAction element to the policy statement.", path);
    }
    // What a trust policy is about is the role, and bucket policies may leave it out in this check, too.
    if statement.resources.is_none() && !matches!(kind, Kind::Trust | Kind::Resource) {
        let text = "Add a Resource or NotResource element to the policy statement.";
        report.error("MISSING_RESOURCE", text, path);
    }
    for (one, other) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")]
    {
        if statement.node.get(one).is_some() && statement.node.get(other).is_some() {
            let text = format!(
                "The policy elements {one} and {other} can not be used in the same statement. Remove one of \
                 these elements."
            );
            report.add(Type::Error, "UNSUPPORTED_ELEMENT_COMBINATION", text, &[path.to(one), path.to(other)]);
        }
    }
}

fn sid(report: &mut Report<'_>, value: &Node, at: &Path, kind: Kind) {
    let legal = |b: u8| b.is_ascii_alphanumeric();
    match value.text() {
        None => mismatch(report, "String", at),
        Some("") => {
            report.suggestion("EMPTY_SID_VALUE", "Add a value to the empty string in the Sid element.", at);
        }
        Some(text) if unique(kind) && !text.bytes().all(legal) => {
            let text = "Update the characters in the Sid element to use one of the following character types: [a-z, A-Z, 0-9]";
            report.error("UNSUPPORTED_SID", text, at);
        }
        Some(_) => {}
    }
}

fn effect(report: &mut Report<'_>, value: &Node, at: &Path) {
    match value.text() {
        None => mismatch(report, "String", at),
        Some("Allow" | "Deny") => {}
        Some(other) => {
            report.error(
                "INVALID_EFFECT",
                format!("The effect {other} is not valid. Use Allow or Deny."),
                at,
            );
        }
    }
}

/// Whether the kind of policy insists on unique statement ids of letters and digits.
fn unique(kind: Kind) -> bool {
    matches!(kind, Kind::Identity | Kind::Trust | Kind::ServiceControl | Kind::ResourceControl)
}

/// Finds statements that share an id.
pub(super) fn sids(report: &mut Report<'_>, statements: &[Statement<'_>], kind: Kind) {
    let mut seen = HashSet::new();
    for statement in statements {
        let Some(sid) = statement.sid.filter(|sid| !sid.is_empty()) else { continue };
        if seen.insert(sid) {
            continue;
        }
        let at = statement.path.to("Sid");
        if unique(kind) {
            let text =
                "Duplicate statement IDs are not supported for this policy type. Update the Sid value.";
            report.error("UNIQUE_SIDS_REQUIRED", text, &at);
        } else {
            let text = "We recommend that you use statement IDs that are unique to your policy. Update the Sid value.";
            report.warning("UNIQUE_SIDS_RECOMMENDED", text, &at);
        }
    }
}

/// An element that is a text or a list of texts.
fn texts(report: &mut Report<'_>, value: &Node, at: &Path, code: &str, empty: &str) {
    match value {
        Node::List(items) if items.is_empty() => report.suggestion(code, empty, at),
        _ => {
            for (item, node) in value.items() {
                if node.text().is_none() {
                    mismatch(report, "String", &at.item(item));
                }
            }
        }
    }
}

pub(super) fn mismatch(report: &mut Report<'_>, wanted: &str, at: &Path) {
    let text = format!("The text does not match the expected JSON data type {wanted}.");
    report.error("DATA_TYPE_MISMATCH", text, at);
}

fn unknown(report: &mut Report<'_>, name: &str, at: &Path) {
    report.error("INVALID_POLICY_ELEMENT", format!("The policy element {name} is not valid."), at);
}
