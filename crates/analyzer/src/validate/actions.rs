//! `Action` and `NotAction`: what exists, and what should not be granted so widely.

use mastic_api_iam::authorization;
use mastic_policy::compare::{action_within, actions_meet, resource_within};

use super::Kind;
use super::finding::{Path, Report};
use super::statement::{Element, Statement};

/// Operations of S3 that are authorized under another name ("Required permissions for Amazon S3 API operations").
const OTHER_NAMES: &[(&str, &str, &str)] = &[
    ("s3:listbuckets", "ListBuckets", "s3:ListAllMyBuckets"),
    ("s3:listobjects", "ListObjects", "s3:ListBucket"),
    ("s3:listobjectsv2", "ListObjectsV2", "s3:ListBucket"),
    ("s3:headbucket", "HeadBucket", "s3:ListBucket"),
    ("s3:headobject", "HeadObject", "s3:GetObject"),
    ("s3:copyobject", "CopyObject", "s3:PutObject"),
    ("s3:deleteobjects", "DeleteObjects", "s3:DeleteObject"),
    ("s3:createmultipartupload", "CreateMultipartUpload", "s3:PutObject"),
    ("s3:uploadpart", "UploadPart", "s3:PutObject"),
    ("s3:completemultipartupload", "CompleteMultipartUpload", "s3:PutObject"),
];

/// Services whose resources resource control policies know ("List of AWS services that support RCPs").
const RCP_SERVICES: &[&str] = &[
    "s3",
    "sts",
    "kms",
    "sqs",
    "secretsmanager",
    "cognito-idp",
    "cognito-sync",
    "logs",
    "ecr",
    "aoss",
    "dynamodb",
];

pub(super) fn check(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let Some(actions) = &statement.actions else { return };
    for (text, path) in &actions.texts {
        exists(report, text, path);
        if let Some((name, service)) = kind.resource_type()
            && let Some((prefix, _)) = text.split_once(':')
            && !prefix.contains(['*', '?'])
            && !prefix.eq_ignore_ascii_case(service)
        {
            let text = format!(
                "The action {text} is not supported for the resource-based policy attached to the resource type \
                 {name}."
            );
            report.error("UNSUPPORTED_ACTION_IN_POLICY", text, path);
        }
        let prefix = text.split(':').next().unwrap_or_default().to_lowercase();
        if kind == Kind::ResourceControl && !(*text == "*" || RCP_SERVICES.contains(&prefix.as_str())) {
            let text = "RCPs only support specifying select service prefixes in the Action element. Learn more here.";
            report.error("RCP_SYNTAX_ERROR_ACTION", text, path);
        }
    }
    if kind == Kind::ResourceControl && actions.negated {
        let text = "RCPs do not support the NotAction element. Update to use the Action element.";
        report.error("RCP_SYNTAX_ERROR_NOTACTION", text, &statement.path.to("NotAction"));
    }
    if statement.allows && kind == Kind::Identity {
        sensitive(report, statement, actions, &PASS_ROLE);
        sensitive(report, statement, actions, &CREATE_SLR);
    }
}

/// Whether an action, or any action that a pattern fits, exists; of services without a table nothing is said.
fn exists(report: &mut Report<'_>, text: &str, path: &Path) {
    if text == "*" || text.contains("${") {
        return;
    }
    let Some((prefix, name)) = text.split_once(':') else {
        report.error("INVALID_ACTION", format!("The action {text} does not exist."), path);
        return;
    };
    if prefix.contains(['*', '?']) {
        let text = "Avoid using wildcards (*, ?) in the service name because it might grant unintended access to \
            other AWS services with similar names.";
        report.suggestion("WILDCARD_IN_SERVICE_NAME", text, path);
        return;
    }
    let prefix = prefix.to_lowercase();
    let Some(service) = authorization::service(&prefix) else { return };
    let known = |name: &str| service.actions.contains_key(&name.to_lowercase());
    let exists = if name.contains(['*', '?']) {
        service.actions.values().any(|action| action_within(&format!("{prefix}:{}", action.name), text))
    } else {
        known(name)
    };
    if exists {
        return;
    }
    let folded = text.to_lowercase();
    if let Some((_, api, action)) = OTHER_NAMES.iter().find(|(own, _, _)| *own == folded) {
        let text = format!(
            "The action {text} does not exist. Did you mean {action}? The API called {api} authorizes against the \
             IAM action {action}."
        );
        report.error("INVALID_ACTION", text, path);
        return;
    }
    let nearest = service
        .actions
        .iter()
        .map(|(own, action)| (distance(own, &name.to_lowercase()), action.name))
        .min()
        .filter(|(far, _)| *far <= 3);
    let text = match nearest {
        Some((_, name)) => format!("The action {text} does not exist. Did you mean {prefix}:{name}?"),
        None => format!("The action {text} does not exist."),
    };
    report.error("INVALID_ACTION", text, path);
}

/// How many letters have to be changed, added or left out (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, c) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((d, above), (left_above, _)) in other.iter().zip(row.iter().skip(1)).zip(row.iter().zip(&other))
        {
            let left = next.last().copied().unwrap_or_default();
            next.push((left + 1).min(above + 1).min(left_above + usize::from(c != *d)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// An action that should be granted on named resources only, and what findings say of it.
struct Sensitive {
    action: &'static str,
    /// Begins the codes.
    code: &'static str,
    security: bool,
    /// A role of this action that a pattern for all of them contains.
    sample: &'static str,
    /// A condition that makes up for wide resources.
    key: Option<&'static str>,
    not_resource: &'static str,
    star_action_not_resource: &'static str,
    not_action_not_resource: &'static str,
    star_resource: &'static str,
    star_both: &'static str,
    star_resource_not_action: &'static str,
}

const PASS_ROLE: Sensitive = Sensitive {
    action: "iam:PassRole",
    code: "PASS_ROLE",
    security: true,
    sample: "role/*",
    key: Some("iam:PassedToService"),
    not_resource: "Using the iam:PassRole action with NotResource can be overly permissive because it can allow \
        iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    star_action_not_resource: "Using an action with a wildcard (*) and NotResource can be overly permissive because it \
        can allow iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    not_action_not_resource: "Using NotAction with NotResource can be overly permissive because it can allow \
        iam:PassRole permissions on multiple resources.. We recommend that you specify resource ARNs instead.",
    star_resource: "Using the iam:PassRole action with wildcards (*) in the resource can be overly permissive because \
        it allows iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs or add \
        the iam:PassedToService condition key to your statement.",
    star_both: "Using wildcards (*) in the action and the resource can be overly permissive because it allows \
        iam:PassRole permissions on all resources. We recommend that you specify resource ARNs or add the \
        iam:PassedToService condition key to your statement.",
    star_resource_not_action: "Using a resource with wildcards (*) and NotAction can be overly permissive because it \
        allows iam:PassRole permissions on all resources. We recommend that you specify resource ARNs or add the \
        iam:PassedToService condition key to your statement.",
};

const CREATE_SLR: Sensitive = Sensitive {
    action: "iam:CreateServiceLinkedRole",
    code: "CREATE_SLR",
    security: false,
    sample: "role/aws-service-role/*",
    key: Some("iam:AWSServiceName"),
    not_resource: "Using the iam:CreateServiceLinkedRole action with NotResource can allow creation of unintended \
        service-linked roles for multiple resources. We recommend that you specify resource ARNs instead.",
    star_action_not_resource: "Using an action with a wildcard(*) and NotResource can allow creation of unintended \
        service-linked roles because it can allow iam:CreateServiceLinkedRole permissions on multiple resources. We \
        recommend that you specify resource ARNs instead.",
    not_action_not_resource: "Using NotAction with NotResource can allow creation of unintended service-linked roles \
        because it allows iam:CreateServiceLinkedRole permissions on multiple resources. We recommend that you specify \
        resource ARNs instead.",
    star_resource: "Using the iam:CreateServiceLinkedRole action with wildcards (*) in the resource can allow creation \
        of unintended service-linked roles. We recommend that you specify resource ARNs instead.",
    star_both: "Using wildcards (*) in the action and the resource can allow creation of unintended service-linked \
        roles because it allows iam:CreateServiceLinkedRole permissions on all resources. We recommend that you \
        specify resource ARNs instead.",
    star_resource_not_action: "Using a resource with wildcards (*) and NotAction can allow creation of unintended \
        service-linked roles because it allows iam:CreateServiceLinkedRole permissions on all resources. We recommend \
        that you specify resource ARNs instead.",
};

fn sensitive(report: &mut Report<'_>, statement: &Statement<'_>, actions: &Element<'_>, what: &Sensitive) {
    let Some(resources) = &statement.resources else { return };
    // How the action is granted: by name, by a pattern, or by not being left out.
    let granted: Option<(&str, Path)> = if actions.negated {
        let left_out = actions.texts.iter().any(|(text, _)| actions_meet(what.action, text));
        (!left_out).then(|| ("not", statement.path.to(actions.name)))
    } else {
        let named = actions.texts.iter().find(|(text, _)| text.eq_ignore_ascii_case(what.action));
        let fits = || actions.texts.iter().find(|(text, _)| actions_meet(what.action, text));
        named
            .map(|(_, path)| ("name", path.clone()))
            .or_else(|| fits().map(|(_, path)| ("star", path.clone())))
    };
    let Some((how, at)) = granted else { return };
    if resources.negated {
        let (code, text) = match how {
            "name" => ("WITH_NOT_RESOURCE", what.not_resource),
            "star" => ("WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", what.star_action_not_resource),
            _ => ("WITH_NOT_ACTION_AND_NOT_RESOURCE", what.not_action_not_resource),
        };
        tell(report, what, code, text, &[at, statement.path.to(resources.name)]);
        return;
    }
    if what.key.is_some_and(|key| statement.asks_for(key)) {
        return;
    }
    let all = |account: &str| format!("arn:aws:iam::{account}:{}", what.sample);
    let covers_all = |text: &str| {
        let account = text.split(':').nth(4).filter(|part| !part.contains(['*', '?']));
        resource_within(&all(account.unwrap_or("*")), text)
    };
    let Some((_, star)) = resources.texts.iter().find(|(text, _)| covers_all(text)) else { return };
    let (code, text) = match how {
        "name" => ("WITH_STAR_IN_RESOURCE", what.star_resource),
        "star" => ("WITH_STAR_IN_ACTION_AND_RESOURCE", what.star_both),
        _ => ("WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", what.star_resource_not_action),
    };
    tell(report, what, code, text, &[at, star.clone()]);
}

fn tell(report: &mut Report<'_>, what: &Sensitive, code: &str, text: &str, at: &[Path]) {
    use mastic_api_iam::accessanalyzer::types::ValidatePolicyFindingType as Type;
    let kind = if what.security { Type::SecurityWarning } else { Type::Warning };
    report.add(kind, &format!("{}_{code}", what.code), text.to_owned(), at);
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        assert_eq!(distance("getobject", "getobject"), 0);
        assert_eq!(distance("getobject", "getobjct"), 1);
        assert_eq!(distance("abc", "acb"), 2);
        assert_eq!(distance("", "ab"), 2);
    }
}
