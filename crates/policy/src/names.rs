//! Policies and what they are attached to, as people call them.

use crate::{Label, Layer, PolicyKind};

/// What the policy of a resource is attached to: of an object its bucket, of a table its catalog.
#[must_use]
pub fn policy_holder(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    match (parts.get(2).copied(), parts.last_mut()) {
        (Some("s3"), Some(last)) => *last = last.split('/').next().unwrap_or(last),
        (Some("glue"), Some(last)) => *last = "catalog",
        _ => {}
    }
    parts.join(":")
}

/// Condition keys as AWS writes them; a context keeps them in lower case.
const KEYS: [&str; 40] = [
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "glue:CredentialIssuingService",
    "glue:RoleAssumedBy",
    "iam:AssociatedResourceArn",
    "iam:PassedToService",
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "s3:ExistingObjectTag",
    "s3:RequestObjectTagKeys",
    "s3:VersionId",
    "s3:authType",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:TransitiveTagKeys",
];

/// A key of a context as AWS writes it, as far as that is known.
#[must_use]
pub fn key_name(folded: &str) -> &str {
    KEYS.into_iter().find(|key| key.eq_ignore_ascii_case(folded)).unwrap_or(folded)
}

/// What an ARN names, with its kind: `role etl`, `bucket sales`.
pub(crate) fn thing(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':');
    let (service, resource) = (parts.nth(2).unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let last = resource.rsplit('/').next().unwrap_or(resource);
    let kind = resource.split('/').next().unwrap_or_default();
    match (service, kind) {
        ("iam", "root") => "the root user".to_owned(),
        ("iam", "user" | "role" | "group") => format!("{kind} {last}"),
        ("sts", "assumed-role" | "federated-user") => format!("session {last}"),
        ("s3", bucket) if !bucket.is_empty() => format!("bucket {bucket}"),
        ("glue", "catalog") => "the Data Catalog".to_owned(),
        ("organizations", "ou") => format!("organizational unit {last}"),
        ("organizations", "root" | "account") => format!("{kind} {last}"),
        _ => arn.to_owned(),
    }
}

/// A policy in its place: `inline policy \`own\` of role etl`.
pub(crate) fn policy(layer: Layer, label: &Label) -> String {
    let (name, of) = (&label.name, thing(&label.attached_to));
    match (layer, label.kind) {
        (Layer::Trust, _) => format!("trust policy of {of}"),
        (Layer::Resource, _) => resource_policy(&label.attached_to),
        (Layer::Session, PolicyKind::Session) => name.clone(),
        (Layer::Boundary | Layer::Session, _) => format!("{layer} `{name}` of {of}"),
        (Layer::ServiceControl | Layer::ResourceControl, _) => format!("{layer} `{name}` on {of}"),
        (Layer::Identity, kind) => format!("{kind} `{name}` of {of}"),
    }
}

/// What the policy on a resource is called.
pub(crate) fn resource_policy(arn: &str) -> String {
    match thing(arn).strip_prefix("bucket ") {
        Some(bucket) => format!("bucket policy of {bucket}"),
        None => format!("resource policy of {}", thing(arn)),
    }
}

/// A statement by its place, from 0, and its `Sid`.
pub(crate) fn statement(index: usize, sid: Option<&str>) -> String {
    match sid {
        Some(sid) => format!("statement {} `{sid}`", index + 1),
        None => format!("statement {}", index + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_of_policies() {
        for (arn, holder) in [
            ("arn:aws:s3:::b/k:l/m", "arn:aws:s3:::b"),
            ("arn:aws:s3:::b", "arn:aws:s3:::b"),
            ("arn:aws:glue:r:1:table/d/t", "arn:aws:glue:r:1:catalog"),
            ("arn:aws:sqs:r:1:q", "arn:aws:sqs:r:1:q"),
            ("*", "*"),
        ] {
            assert_eq!(policy_holder(arn), holder);
        }
        assert_eq!(key_name("aws:sourceip"), "aws:SourceIp");
        assert_eq!(key_name("s3:prefix"), "s3:prefix");
    }

    #[test]
    fn arns_in_words() {
        for (arn, words) in [
            ("arn:aws:iam::111122223333:role/etl/Nightly", "role Nightly"),
            ("arn:aws:iam::111122223333:root", "the root user"),
            ("arn:aws:sts::111122223333:assumed-role/R/S", "session S"),
            ("arn:aws:s3:::b", "bucket b"),
            ("arn:aws:glue:eu-west-1:111122223333:catalog", "the Data Catalog"),
            ("arn:aws:organizations::111122223333:ou/o-1/ou-1-2", "organizational unit ou-1-2"),
            ("arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:q"),
            ("r-ab12", "r-ab12"),
        ] {
            assert_eq!(thing(arn), words);
        }
    }
}
