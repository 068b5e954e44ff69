use std::collections::HashSet;

use crate::control;
use crate::document::{Document, DocumentKind, Effect, Part, Statement, Version};
use crate::error::PolicyError;
use crate::parse;

/// Parses a document and checks it for its use. What is told is the fault that AWS comes to first.
pub(crate) fn checked(json: &str, kind: Option<DocumentKind>) -> Result<Document, PolicyError> {
    let checked = parse::document(json).and_then(|(document, fault)| {
        use DocumentKind::{Managed, ResourceControl, ServiceControl};
        let newer = matches!(kind, Some(Managed | ServiceControl | ResourceControl));
        if newer && document.version < Version::V2012 {
            return Err(PolicyError::Version);
        }
        fault.map_or(Ok(()), Err)?;
        rules(&document, kind)?;
        Ok(document)
    });
    checked.map_err(|error| match kind {
        Some(DocumentKind::Trust | DocumentKind::Resource) => error,
        Some(DocumentKind::ServiceControl | DocumentKind::ResourceControl) => PolicyError::PolicyType,
        _ => error.of_identity(),
    })
}

fn rules(document: &Document, kind: Option<DocumentKind>) -> Result<(), PolicyError> {
    let statements = &document.statements;
    match kind {
        None => common(document),
        Some(DocumentKind::Identity | DocumentKind::Managed | DocumentKind::ServiceControl) => {
            common(document)?;
            statements.iter().try_for_each(identity)
        }
        Some(DocumentKind::Trust) => {
            statements.iter().try_for_each(trust)?;
            common(document)
        }
        Some(DocumentKind::Resource) => {
            statements.iter().try_for_each(on_resource)?;
            common(document)
        }
        Some(DocumentKind::ResourceControl) => {
            statements.iter().try_for_each(resource_control)?;
            common(document)
        }
    }
}

/// What every document must be, whatever its use.
fn common(document: &Document) -> Result<(), PolicyError> {
    let statements = &document.statements;
    let mut format = Ok(());
    for text in statements.iter().flat_map(Statement::resources) {
        match resource(text, document.version) {
            Ok(()) => {}
            Err(PolicyError::LegacyParsing) => return Err(PolicyError::LegacyParsing),
            checked => {
                format = checked;
                break;
            }
        }
    }
    let mut sids = HashSet::new();
    if !statements.iter().filter_map(Statement::sid).all(|sid| sid.is_empty() || sids.insert(sid)) {
        return Err(PolicyError::SharedSid);
    }
    if statements.iter().any(|statement| is_empty(statement.action.as_ref())) {
        return Err(PolicyError::NoActions);
    }
    format?;
    statements.iter().flat_map(Statement::actions).try_for_each(action)
}

fn identity(statement: &Statement) -> Result<(), PolicyError> {
    if statement.sid().is_some_and(|sid| !sid.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(PolicyError::SidCharacters);
    }
    if statement.principal.is_some() {
        return Err(PolicyError::PrincipalProhibited);
    }
    if is_empty(statement.resource.as_ref()) { Err(PolicyError::NoResources) } else { Ok(()) }
}

fn resource_control(statement: &Statement) -> Result<(), PolicyError> {
    let everyone = statement.principal.as_ref().is_some_and(|named| !named.negated)
        && statement.principals().all(|principal| principal == ("AWS", "*"));
    let actions = statement.action.as_ref().is_some_and(|part| !part.negated)
        && statement.actions().all(|action| action == "*" || control::has_resource_control(action));
    let resources = !is_empty(statement.resource.as_ref());
    let denies = statement.effect == Effect::Deny;
    if denies && everyone && actions && resources { Ok(()) } else { Err(PolicyError::PolicyType) }
}

fn trust(statement: &Statement) -> Result<(), PolicyError> {
    match &statement.resource {
        Some(part) if part.negated => return Err(PolicyError::NotResourceProhibited),
        Some(_) => return Err(PolicyError::ResourceProhibited),
        None => {}
    }
    match &statement.principal {
        None => return Err(PolicyError::MissingField("Principal")),
        Some(named) if named.negated && statement.effect == Effect::Allow => {
            return Err(PolicyError::AllowNotPrincipal);
        }
        Some(named) if named.negated => return Err(PolicyError::NotPrincipalProhibited),
        Some(named) if named.star => return Err(PolicyError::TrustStar),
        Some(named) if named.texts().is_empty() => {
            return Err(PolicyError::MissingField("Principal cannot be empty!"));
        }
        Some(_) => {}
    }
    if is_empty(statement.action.as_ref()) {
        return Err(PolicyError::MissingField("Action"));
    }
    let sts = |text: &str| text.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"));
    if statement.actions().all(sts) { Ok(()) } else { Err(PolicyError::TrustAction) }
}

fn on_resource(statement: &Statement) -> Result<(), PolicyError> {
    match &statement.principal {
        None => return Err(PolicyError::MissingField("Principal")),
        Some(named) if named.texts().is_empty() => {
            return Err(PolicyError::MissingField("Principal cannot be empty!"));
        }
        Some(named) if named.negated && statement.effect == Effect::Allow => {
            return Err(PolicyError::AllowNotPrincipal);
        }
        Some(_) => {}
    }
    if is_empty(statement.action.as_ref()) {
        return Err(PolicyError::MissingField("Action"));
    }
    if is_empty(statement.resource.as_ref()) { Err(PolicyError::MissingField("Resource")) } else { Ok(()) }
}

fn is_empty(part: Option<&Part>) -> bool {
    part.is_none_or(|part| part.patterns.is_empty())
}

fn action(text: &str) -> Result<(), PolicyError> {
    if text == "*" {
        return Ok(());
    }
    let (vendor, name) = text.split_once(':').ok_or(PolicyError::NoVendor)?;
    if name.contains(':') {
        return Err(PolicyError::Colons);
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if vendor == "*" || (!vendor.is_empty() && vendor.bytes().all(legal)) {
        Ok(())
    } else {
        Err(PolicyError::Vendor(vendor.to_owned()))
    }
}

fn resource(text: &str, version: Version) -> Result<(), PolicyError> {
    if text == "*" {
        return Ok(());
    }
    let owned = || text.to_owned();
    let (arn, rest) = text.split_once(':').ok_or_else(|| PolicyError::ResourceFormat(owned()))?;
    let (partition, rest) = match rest.split_once(':') {
        Some((partition, rest)) => (partition, Some(rest)),
        None => (rest, None),
    };
    if !PARTITIONS.contains(&partition) {
        return Err(PolicyError::Partition {
            partition: partition.to_owned(),
            resource: whole(partition, rest),
        });
    }
    if arn != "arn" {
        return Err(PolicyError::ResourceFormat(owned()));
    }
    let rest = rest.ok_or(PolicyError::ResourceVendor)?;
    let mut parts = rest.splitn(4, ':');
    let (service, region, account) = (parts.next(), parts.next(), parts.next());
    let name = parts.next();
    let before = [service, region, account];
    if version == Version::V2012 && before.iter().flatten().any(|part| part.contains("${")) {
        return Err(PolicyError::VariablePlace(owned()));
    }
    let regional = region.is_some_and(|region| !matches!(region, "" | "*"));
    // AWS's own policies for root tasks name the root user, whom its message leaves out.
    let typed =
        |name: &str| matches!(name, "*" | "root") || IAM_PATHS.iter().any(|path| name.starts_with(path));
    match service {
        None | Some("") => Err(PolicyError::LegacyParsing),
        // An empty region is fine, and so is a pattern that ends early; an ARN cut short is not.
        _ if name.is_none() && text.contains("::") => Err(PolicyError::LegacyParsing),
        Some("iam") if regional => Err(PolicyError::IamRegion(owned())),
        Some("iam") if !name.is_none_or(typed) => Err(PolicyError::IamPath),
        Some("s3") if regional && !name.is_some_and(|name| name.starts_with("accesspoint/")) => {
            Err(PolicyError::S3Region(owned()))
        }
        _ => Ok(()),
    }
}

/// A resource as AWS repeats it: an ARN, a star for each part that is not there.
fn whole(partition: &str, rest: Option<&str>) -> String {
    let mut parts = rest.unwrap_or("*").splitn(4, ':');
    let [service, region, account, name] = std::array::from_fn(|_| parts.next().unwrap_or("*"));
    format!("arn:{partition}:{service}:{region}:{account}:{name}")
}

const PARTITIONS: [&str; 9] =
    ["*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// How the names of IAM's resources begin.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

#[cfg(test)]
mod tests {
    use DocumentKind::{Identity, Managed, Resource, Trust};

    use super::*;

    fn fault(kind: DocumentKind, fields: &str) -> Option<String> {
        let json = format!(r#"{{"Version":"2012-10-17","Statement":[{{{fields}}}]}}"#);
        Document::parse_as(&json, kind).err().map(|error| error.to_string())
    }

    #[test]
    fn each_kind_has_its_elements() {
        let allow = r#""Effect":"Allow","Action":"#;
        for (kind, fields, want) in [
            (Identity, r#""s3:Get*","Resource":"*""#, None),
            (Identity, r#""s3:Get*""#, Some("Policy statement must contain resources.")),
            (Identity, r#"[],"Resource":"*""#, Some("Policy statement must contain actions.")),
            (
                Identity,
                r#""s3:Get*","Resource":"*","Principal":"*""#,
                Some("Policy document should not specify a principal."),
            ),
            (
                Identity,
                r#""GetObject","Resource":"*""#,
                Some("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
            ),
            (Identity, r#""a:b:c","Resource":"*""#, Some("Actions/Condition can contain only one colon.")),
            (Identity, r#""s3 :b","Resource":"*""#, Some("Vendor s3  is not valid")),
            (Trust, r#""sts:AssumeRole","Principal":{"Service":"glue.amazonaws.com"}"#, None),
            (Trust, r#"["sts:AssumeRole","sts:TagSession"],"Principal":{"AWS":"*"}"#, None),
            (
                Trust,
                r#""sts:AssumeRole","Principal":{"AWS":"*"},"Resource":"*""#,
                Some("Has prohibited field Resource"),
            ),
            (Trust, r#""sts:AssumeRole""#, Some("Missing required field Principal")),
            (
                Trust,
                r#""sts:AssumeRole","Principal":"*""#,
                Some(r#"AssumeRolepolicy contained an invalid principal: "STAR":"*"."#),
            ),
            (
                Trust,
                r#""s3:*","Principal":{"AWS":"*"}"#,
                Some("AssumeRole policy may only specify STS AssumeRole actions."),
            ),
            (
                Trust,
                r#""sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"}"#,
                Some(r#"Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*""#),
            ),
            (Resource, r#""s3:*","Principal":"*","Resource":"arn:aws:s3:::b""#, None),
            (Resource, r#""s3:*","Resource":"*""#, Some("Missing required field Principal")),
            (Resource, r#""s3:*","Principal":"*""#, Some("Missing required field Resource")),
            (
                Resource,
                r#""s3:*","NotPrincipal":{"AWS":"111122223333"},"Resource":"*""#,
                Some("Allow with NotPrincipal is not allowed."),
            ),
        ] {
            let found = fault(kind, &format!("{allow}{fields}"));
            assert_eq!(found.as_deref(), want, "{kind:?} {fields}");
        }
        let old = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert!(Document::parse_as(old, Identity).is_ok());
        assert_eq!(Document::parse_as(old, Managed).unwrap_err(), PolicyError::Version);
    }

    #[test]
    fn sids() {
        let two = |a: &str, b: &str| {
            let s = |sid| format!(r#"{{"Sid":"{sid}","Effect":"Allow","Action":"*","Resource":"*"}}"#);
            Document::parse_as(&format!(r#"{{"Statement":[{},{}]}}"#, s(a), s(b)), Identity).err()
        };
        assert_eq!(two("a", "b"), None);
        assert_eq!(two("", ""), None);
        assert_eq!(two("a", "a"), Some(PolicyError::DuplicateSid));
        assert_eq!(two("a b", "c"), Some(PolicyError::SidCharacters));
    }

    #[test]
    fn resources() {
        for (text, want) in [
            ("*", None),
            ("arn:aws:s3:::b/${aws:username}/*", None),
            ("arn:aws:logs:*:*:*", None),
            ("arn:aws:logs:*", None),
            ("arn:*:s3:::b", None),
            ("arn:aws:s3:eu-west-1:111122223333:accesspoint/x", None),
            ("bucket", Some("Resource bucket must be in ARN format or \"*\".")),
            ("arn:was:s3:::b", Some("Partition \"was\" is not valid for resource \"arn:was:s3:::b\".")),
            ("arn:aws", Some("Resource vendor must be fully qualified and cannot contain regexes.")),
            ("arn:aws:s3::b", Some("The policy failed legacy parsing")),
            (
                "arn:aws:s3:eu-west-1::b",
                Some("Resource arn:aws:s3:eu-west-1::b can not contain region information."),
            ),
            (
                "arn:aws:iam:eu-west-1:1:role/x",
                Some("IAM resource arn:aws:iam:eu-west-1:1:role/x cannot contain region information."),
            ),
            (
                "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q",
                Some(
                    "Resource arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q may contain policy variables only after its fifth colon.",
                ),
            ),
        ] {
            let found = fault(Identity, &format!(r#""Effect":"Allow","Action":"*","Resource":"{text}""#));
            assert_eq!(found.as_deref(), want, "{text}");
        }
    }
}
