//! The `Condition` block: operators and keys.

use std::collections::HashMap;

use mastic_api_iam::accessanalyzer::types::ValidatePolicyFindingType as Type;
use mastic_api_iam::authorization;

use super::Kind;
use super::finding::{Path, Report};
use super::keys::{Key, lookup};
use super::statement::{Condition, Statement};
use super::structure::mismatch;
use super::tree::Node;
use super::values;

const OPERATORS: &[(&str, &str)] = &[
    ("StringEquals", "String"),
    ("StringNotEquals", "String"),
    ("StringEqualsIgnoreCase", "String"),
    ("StringNotEqualsIgnoreCase", "String"),
    ("StringLike", "String"),
    ("StringNotLike", "String"),
    ("NumericEquals", "Numeric"),
    ("NumericNotEquals", "Numeric"),
    ("NumericLessThan", "Numeric"),
    ("NumericLessThanEquals", "Numeric"),
    ("NumericGreaterThan", "Numeric"),
    ("NumericGreaterThanEquals", "Numeric"),
    ("DateEquals", "Date"),
    ("DateNotEquals", "Date"),
    ("DateLessThan", "Date"),
    ("DateLessThanEquals", "Date"),
    ("DateGreaterThan", "Date"),
    ("DateGreaterThanEquals", "Date"),
    ("Bool", "Bool"),
    ("BinaryEquals", "Binary"),
    ("IpAddress", "IPAddress"),
    ("NotIpAddress", "IPAddress"),
    ("ArnEquals", "ARN"),
    ("ArnLike", "ARN"),
    ("ArnNotEquals", "ARN"),
    ("ArnNotLike", "ARN"),
    ("Null", "Null"),
];

/// An operator's name taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator<'a> {
    /// Without set operator and suffix.
    pub(super) base: &'a str,
    /// `String`, `Numeric`, ...
    pub(super) kind: &'static str,
    /// `ForAllValues` or `ForAnyValue`.
    pub(super) qualifier: Option<&'a str>,
    pub(super) if_exists: bool,
}

impl<'a> Operator<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (qualifier, rest) = match name.split_once(':') {
            Some((qualifier @ ("ForAllValues" | "ForAnyValue"), rest)) => (Some(qualifier), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, kind) = OPERATORS.iter().find(|(own, _)| *own == base)?;
        Some(Self { base, kind, qualifier, if_exists })
    }

    pub(super) fn negated(&self) -> bool {
        self.base.contains("Not")
    }
}

pub(super) fn check(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let path = statement.path.to("Condition");
    if let Some(Node::Map(operators)) = statement.node.get("Condition") {
        if operators.is_empty() {
            empty(report, &path);
        }
        for (name, keys) in operators {
            operator(report, name, keys, &path);
        }
    }
    for condition in &statement.conditions {
        let Some(operator) = Operator::parse(condition.operator) else { continue };
        key(report, statement, condition, operator, kind);
        values::check(report, statement, condition, operator);
        pairs(report, statement, condition);
    }
}

fn empty(report: &mut Report<'_>, path: &Path) {
    let text = "This condition block is empty and it does not affect the policy. Specify conditions.";
    report.suggestion("EMPTY_OBJECT_CONDITION", text, path);
}

fn operator(report: &mut Report<'_>, name: &str, keys: &Node, path: &Path) {
    let at = path.name(name);
    match Operator::parse(name) {
        None => {
            let text = format!("The condition operator {name} is not valid. Use a valid condition operator.");
            report.error("INVALID_CONDITION_OPERATOR", text, &at);
        }
        Some(Operator { base: "Null", if_exists: true, .. }) => {
            let text = "The Null condition operator cannot be used with the IfExists suffix. Update the operator or \
                the suffix.";
            report.error("NULL_WITH_IF_EXISTS", text, &at);
        }
        Some(Operator { base: "Null", qualifier: Some(_), .. }) => {
            let text = "Avoid using the Null condition operator with the ForAllValues or ForAnyValue qualifiers \
                because they always return a true or false respectively.";
            report.suggestion("NULL_WITH_QUALIFIER", text, &at);
        }
        Some(_) => {}
    }
    let Node::Map(keys) = keys else {
        mismatch(report, "Object", &path.to(name));
        return;
    };
    if keys.is_empty() {
        empty(report, &path.to(name));
    }
    let mut spelled: HashMap<String, usize> = HashMap::new();
    for (key, _) in keys {
        let times = spelled.entry(key.to_lowercase()).or_default();
        *times += 1;
        if *times == 2 {
            let text = format!(
                "The condition key {key} appears more than once with different capitalization in the same condition \
                 block. Remove the duplicate condition keys."
            );
            report.error("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", text, &path.to(name).name(key));
        }
    }
}

fn key(
    report: &mut Report<'_>,
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    operator: Operator<'_>,
    kind: Kind,
) {
    let (key, at) = (condition.key, &condition.key_path);
    let folded = key.to_lowercase();
    let Some((prefix, _)) = folded.split_once(':') else {
        let text = "The condition key format is not valid. Use the format service:keyname.";
        report.error("INVALID_CONDITION_KEY_FORMAT", text, at);
        return;
    };
    if folded == "aws:arn" {
        let text =
            "The condition key aws:ARN is not supported. Use aws:PrincipalArn or aws:SourceArn instead.";
        report.error("UNSUPPORTED_GLOBAL_CONDITION_KEY", text, at);
        return;
    }
    match lookup(key) {
        Key::Unknown if prefix == "aws" => {
            let text = format!("The condition key {key} does not exist. Use a valid condition key.");
            report.error("INVALID_GLOBAL_CONDITION_KEY", text, at);
        }
        Key::Unknown => {
            let text = format!(
                "The condition key {key} does not exist in the service {prefix}. Use a valid condition key."
            );
            report.error("INVALID_SERVICE_CONDITION_KEY", text, at);
        }
        Key::NoTag => {
            let name = format!("{}/", key.trim_end_matches('/'));
            let text = format!(
                "The condition key {name} must include a tag key to control access based on tags. Use the format \
                 {name}tag-key and specify a key name for tag-key."
            );
            report.error("MISSING_TAG_KEY_IN_CONDITION", text, at);
        }
        Key::Typed(wanted) => {
            typed(report, condition, operator, wanted, statement.allows);
            supported(report, statement, condition, prefix);
        }
        Key::Foreign => {}
    }
    if matches!(folded.as_str(), "aws:referer" | "aws:useragent") {
        let text = format!(
            "The {key} condition key is not recommended for access control as it can be spoofed/manipulated by the \
             caller."
        );
        report.security("UNTRUSTWORTHY_CONDITION_KEY", text, at);
    }
    if folded == "s3:prefix" && operator.kind == "String" && statement.denies != operator.negated() {
        let text = "Using the s3:prefix condition key in a Deny statement or with a negated string operator does not \
            block listing the objects under the matching prefixes. A request that specifies a shorter prefix does not \
            match the condition and can still list those objects. To restrict listing to specific prefixes, use \
            s3:prefix with StringLike in an Allow statement, or use a Deny statement with StringNotLike.";
        report.security("S3_PREFIX_IN_NEGATIVE_CONTEXT", text, at);
    }
    if folded == "s3:resourceaccount" && kind == Kind::Bucket {
        let text = format!(
            "The condition key {key} is not relevant for the S3 Bucket policy.  Use this key in an identity-based \
             policy to govern access to this resource."
        );
        report.suggestion("IRRELEVANT_CONDITION_KEY_IN_POLICY", text, at);
    }
    tags(report, statement, condition, &folded);
}

/// Whether operator and key are of one type, and one value or several.
fn typed(
    report: &mut Report<'_>,
    condition: &Condition<'_>,
    operator: Operator<'_>,
    wanted: &str,
    allows: bool,
) {
    let (key, at) = (condition.key, &condition.key_path);
    let several = wanted.strip_prefix("ArrayOf");
    let kind = several.unwrap_or(wanted);
    let fits = operator.kind == kind
        || operator.kind == "Null"
        || (kind == "ARN" && operator.kind == "String")
        || (kind == "Date" && operator.kind == "Numeric")
        || (kind == "String" && operator.kind == "ARN")
        || operator.kind == "Binary";
    if !fits {
        let text = format!(
            "Use the operator type {} instead of operator {} for the condition key {key}.",
            if kind == "Bool" { "Boolean" } else { kind },
            condition.operator
        );
        report.warning("TYPE_MISMATCH", text, at);
    }
    if kind == "ARN" && matches!(operator.base, "StringLike" | "StringNotLike") {
        let allowed = if operator.negated() { "ArnNotLike" } else { "ArnLike" };
        let text = format!(
            "Use the operator type {allowed} instead of operator {} for the condition key {key}.",
            condition.operator
        );
        report.security("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", text, at);
    }
    match (operator.qualifier, several) {
        (None, Some(_)) if operator.base != "Null" => {
            let text = format!(
                "The request context key {key} has multiple values. Use the ForAllValues or ForAnyValue condition key \
                 qualifiers in your policy."
            );
            report.error("MISSING_QUALIFIER", text, at);
        }
        (Some("ForAllValues"), None) if allows && operator.base != "Null" => {
            let text = format!(
                "Using ForAllValues qualifier with the single-valued condition key {key} can be overly permissive. We \
                 recommend that you remove ForAllValues:."
            );
            report.security("FORALLVALUES_WITH_SINGLE_VALUED_KEY", text, at);
        }
        _ => {}
    }
}

/// Whether the actions that are named know the service's key.
fn supported(report: &mut Report<'_>, statement: &Statement<'_>, condition: &Condition<'_>, prefix: &str) {
    let Some(actions) = statement.actions.as_ref().filter(|actions| !actions.negated && prefix != "aws")
    else {
        return;
    };
    let folded = condition.key.to_lowercase();
    let knows = |action: &str| -> Option<bool> {
        let service = authorization::service(&action.split(':').next()?.to_lowercase())?;
        let action = authorization::action(action)?;
        let types = action.resources.iter().filter_map(|(name, _)| service.resources.get(name));
        let mut keys = action.keys.iter().chain(types.flat_map(|kind| &kind.keys));
        Some(keys.any(|own| {
            let own = own.to_lowercase();
            match own.find("${").or_else(|| own.find('<')).and_then(|at| own.get(..at)) {
                Some(start) => folded.starts_with(start),
                None => own == folded,
            }
        }))
    };
    let wild = |text: &str| text.contains(['*', '?']);
    let strangers: Vec<&(&str, Path)> =
        actions.texts.iter().filter(|(text, _)| !wild(text) && knows(text) == Some(false)).collect();
    if strangers.is_empty() {
        return;
    }
    let names: Vec<&str> = strangers.iter().map(|(text, _)| *text).collect();
    let text = format!(
        "The following actions: {} are not supported by the condition key {}. The condition will not be evaluated for \
         these actions. We recommend that you move these actions to a different statement without this condition key.",
        names.join(", "),
        condition.key
    );
    let mut paths: Vec<Path> = strangers.iter().map(|(_, path)| path.clone()).collect();
    paths.push(condition.path.clone());
    report.add(Type::Error, "UNSUPPORTED_ACTION_FOR_CONDITION_KEY", text, &paths);
}

/// Conditions on a resource's tags, for services whose resources are not known by their tags.
fn tags(report: &mut Report<'_>, statement: &Statement<'_>, condition: &Condition<'_>, folded: &str) {
    if !folded.starts_with("aws:resourcetag/") {
        return;
    }
    let Some(actions) = &statement.actions else { return };
    let (key, at) = (condition.key, &condition.key_path);
    if actions.negated {
        if statement.denies {
            let text = format!(
                "Using the effect Deny with NotAction and the tag condition key {key} can be overly permissive because \
                 some service actions are not denied by this statement. This is because the condition key doesn't \
                 apply to some service actions. We recommend that you use Action instead of NotAction."
            );
            report.security("DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", text, at);
        } else {
            let text = format!(
                "Using the effect Allow with NotAction and the tag condition key {key} allows only service actions \
                 that support the condition key. The condition key doesn't apply to some service actions. We \
                 recommend that you use Action instead of NotAction."
            );
            report.suggestion("ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", text, at);
        }
        return;
    }
    let prefixes =
        actions.texts.iter().filter_map(|(text, _)| text.split_once(':')).map(|(p, _)| p.to_lowercase());
    let mut without: Vec<String> = prefixes
        .filter(|prefix| {
            authorization::service(prefix)
                .is_some_and(|service| !service.keys.contains_key("aws:ResourceTag/${TagKey}"))
        })
        .collect();
    without.sort();
    without.dedup();
    if without.is_empty() {
        return;
    }
    let names = without.join(", ");
    if statement.denies {
        let text = format!(
            "Using the effect Deny with the tag condition key {key} and actions for services with the following \
             prefixes can be overly permissive: {names}. Actions for the listed services are not denied by this \
             statement. We recommend that you move these actions to a different statement without this condition key."
        );
        report.security("DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", text, at);
    } else {
        let text = format!(
            "Using the effect Allow with the tag condition key {key} and actions for services with the following \
             prefixes does not affect the policy: {names}. Actions for the listed service are not allowed by this \
             statement. We recommend that you move these actions to a different statement without this condition key."
        );
        report.suggestion("ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", text, at);
    }
}

/// Keys that mean little alone.
fn pairs(report: &mut Report<'_>, statement: &Statement<'_>, condition: &Condition<'_>) {
    if condition.key.eq_ignore_ascii_case("aws:VpcSourceIp")
        && !statement.asks_for("aws:SourceVpc")
        && !statement.asks_for("aws:SourceVpce")
    {
        let text = format!(
            "Using the condition key {} can be overly permissive without also using the following condition keys: \
             aws:SourceVpc. Condition keys like this one are more secure when paired with a related key. We recommend \
             that you add the related condition keys to the same condition block.",
            condition.key
        );
        report.security("MISSING_PAIRED_CONDITION_KEYS", text, &condition.key_path);
    }
}
