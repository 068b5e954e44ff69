//! The resources of an event: those that the call needed permissions on, and the credentials it made.

use mastic_core::Arn;
use mastic_kernel::AuditRecord;
use serde_json::Value;

/// A resource as event history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// CloudFormation's name of the type.
    pub(crate) kind: String,
    /// The short name.
    pub(crate) name: String,
    /// The ARN, if it has one.
    pub(crate) arn: Option<String>,
    pub(crate) account: Option<String>,
}

/// The resources of a record, each once.
pub(crate) fn resources(record: &AuditRecord) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::new();
    let mut add = |resource: Resource| {
        if !found.contains(&resource) {
            found.push(resource);
        }
    };
    for decision in &record.decisions {
        let owner = decision.need.owner.as_ref().map(ToString::to_string);
        if let Some(resource) = of_arn(&decision.need.resource, owner) {
            add(resource);
        }
    }
    if matches!(record.service.as_str(), "iam" | "sts")
        && let Some(output) =
            record.output.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok())
    {
        let text = |path: &str| output.pointer(path).and_then(Value::as_str);
        for path in ["/Credentials/AccessKeyId", "/AccessKey/AccessKeyId"] {
            if let Some(id) = text(path) {
                let kind = "AWS::IAM::AccessKey".to_owned();
                add(Resource { kind, name: id.to_owned(), arn: None, account: None });
            }
        }
        for path in ["/AssumedRoleUser/Arn", "/FederatedUser/Arn"] {
            if let Some(resource) = text(path).and_then(|arn| of_arn(arn, None)) {
                add(resource);
            }
        }
    }
    found
}

fn of_arn(text: &str, owner: Option<String>) -> Option<Resource> {
    let arn: Arn = text.parse().ok()?;
    let whole = arn.resource();
    let (kind, name) = match arn.service() {
        "s3" => match whole.split_once('/') {
            Some((_, key)) => ("AWS::S3::Object".to_owned(), key),
            None => ("AWS::S3::Bucket".to_owned(), whole),
        },
        "logs" => {
            let group = whole.strip_prefix("log-group:")?;
            match group.split_once(":log-stream:") {
                Some((_, stream)) if !stream.is_empty() => ("AWS::Logs::LogStream".to_owned(), stream),
                Some((group, _)) => ("AWS::Logs::LogGroup".to_owned(), group),
                None => ("AWS::Logs::LogGroup".to_owned(), group.trim_end_matches(":*")),
            }
        }
        service => {
            let (noun, rest) = whole.split_once(['/', ':'])?;
            let service = service_name(service)?;
            (format!("AWS::{service}::{}", type_name(noun)), rest.rsplit('/').next().unwrap_or(rest))
        }
    };
    if name.is_empty() || name.contains('*') {
        return None;
    }
    let account = owner.or_else(|| arn.account_id().map(|account| account.to_string()));
    Some(Resource { kind, name: name.to_owned(), arn: Some(text.to_owned()), account })
}

fn service_name(service: &str) -> Option<&'static str> {
    Some(match service {
        "iam" => "IAM",
        "sts" => "STS",
        "glue" => "Glue",
        "organizations" => "Organizations",
        "access-analyzer" => "AccessAnalyzer",
        "cloudtrail" => "CloudTrail",
        _ => return None,
    })
}

/// `assumed-role` becomes `AssumedRole`.
fn type_name(noun: &str) -> String {
    match noun {
        "saml-provider" => return "SAMLProvider".to_owned(),
        "oidc-provider" => return "OIDCProvider".to_owned(),
        "mfa" => return "VirtualMFADevice".to_owned(),
        "ou" => return "OrganizationalUnit".to_owned(),
        _ => {}
    }
    noun.split(['-', '_'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_have_types_and_names() {
        for (arn, kind, name) in [
            ("arn:aws:iam::111122223333:role/a/b/r", "AWS::IAM::Role", "r"),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", "AWS::IAM::Policy", "ReadOnlyAccess"),
            ("arn:aws:sts::111122223333:assumed-role/r/s", "AWS::STS::AssumedRole", "s"),
            ("arn:aws:glue:eu-west-1:111122223333:table/db/t", "AWS::Glue::Table", "t"),
            ("arn:aws:s3:::bucket", "AWS::S3::Bucket", "bucket"),
            ("arn:aws:s3:::bucket/a/b", "AWS::S3::Object", "a/b"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/g:log-stream:", "AWS::Logs::LogGroup", "/g"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/g:log-stream:s", "AWS::Logs::LogStream", "s"),
        ] {
            let found = of_arn(arn, None).unwrap();
            assert_eq!((found.kind.as_str(), found.name.as_str()), (kind, name));
        }
        for none in ["*", "arn:aws:iam::111122223333:user/*", "arn:aws:glue:eu-west-1:111122223333:catalog"] {
            assert_eq!(of_arn(none, None), None, "{none}");
        }
    }
}
