//! Policies and what they are attached to, as people call them.

use crate::{Label, Layer, PolicyKind};

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
