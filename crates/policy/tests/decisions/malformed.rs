//! What AWS says of documents that will not do, fault by fault and kind by kind.

use mastic_policy::Document;
use mastic_policy::DocumentKind::{
    self, Identity, Managed, Resource, ResourceControl, ServiceControl, Trust,
};

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const ORGANIZATION: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

fn fault(kind: DocumentKind, json: &str) -> String {
    Document::parse_as(json, kind).err().map(|error| error.to_string()).unwrap_or_default()
}

/// A document of one statement with these elements.
fn one(elements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{elements}}}}}"#)
}

fn table(kind: DocumentKind, cases: &[(&str, &str)]) {
    for (elements, want) in cases {
        assert_eq!(&fault(kind, &one(elements)), want, "{kind:?} {elements}");
    }
}

#[test]
fn the_form_of_a_document() {
    let good = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    for (json, identity, trust) in [
        ("no JSON".to_owned(), SYNTAX, "This policy contains invalid Json"),
        ("[]".to_owned(), SYNTAX, "This policy contains invalid Json"),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), SYNTAX, "Could not parse the policy: Statement is empty!"),
        (r#"{"Statement":[]}"#.to_owned(), SYNTAX, "Could not parse the policy: Statement is empty!"),
        (
            format!(r#"{{"Version":"2013-10-17","Statement":{good}}}"#),
            SYNTAX,
            "The policy must contain a valid version string",
        ),
        (format!(r#"{{"Version":"2012-10-17","Statement":{good},"More":"x"}}"#), SYNTAX, SYNTAX),
        (format!(r#"{{"Version":"2012-10-17","Id":["x"],"Statement":{good}}}"#), SYNTAX, SYNTAX),
        (r#"{"Statement":["x"]}"#.to_owned(), SYNTAX, SYNTAX),
    ] {
        assert_eq!(fault(Identity, &json), identity, "{json}");
        assert_eq!(fault(Managed, &json), identity, "{json}");
        assert_eq!(fault(Trust, &json), trust, "{json}");
        assert_eq!(fault(Resource, &json), trust, "{json}");
        assert_eq!(fault(ServiceControl, &json), ORGANIZATION, "{json}");
    }
    let old = format!(r#"{{"Statement":{good}}}"#);
    assert_eq!(fault(Identity, &old), "");
    assert_eq!(fault(Managed, &old), "Policy document must be version 2012-10-17 or greater.");
}

#[test]
fn values_of_identity_based_policies() {
    let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    let path = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
                instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, \
                report/, access-report/.";
    table(
        Managed,
        &[
            (r#""Effect":"permit","Action":"s3:*","Resource":"*""#, SYNTAX),
            (r#""Effect":"allow","Action":"s3:*","Resource":"*""#, LEGACY),
            (r#""Effect":"allow","Action":"s3:*","Resource":{}"#, SYNTAX),
            (r#""Action":"s3:*","Resource":"*""#, SYNTAX),
            (r#""Effect":"Allow","Action":"s3:*","Resource":["*",null]"#, ""),
            (r#""Effect":"Allow","Action":[["s3:*"]],"Resource":"*""#, SYNTAX),
            (r#""Effect":"Allow","Action":"s3:*","NotAction":[],"Resource":"*""#, SYNTAX),
            (r#""Effect":"Allow","Action":"s3:*","Resource":"*","NotResource":"*""#, SYNTAX),
            (r#""Effect":"Allow","Action":"List","Resource":"*""#, vendor),
            (r#""Effect":"Allow","NotAction":"","Resource":"*""#, vendor),
            (r#""Effect":"Allow","Action":"List""#, vendor),
            (r#""Effect":"Allow","Action":"a b:List","Resource":"*""#, "Vendor a b is not valid"),
            (
                r#""Effect":"Allow","Action":"s:3:L","Resource":"*""#,
                "Actions/Condition can contain only one colon.",
            ),
            (r#""Effect":"Allow","Action":"s:3:L","Resource":"b"#, SYNTAX),
            (
                r#""Effect":"Allow","Action":"s:3:L","Resource":"b""#,
                r#"Resource b must be in ARN format or "*"."#,
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"""#,
                r#"Resource  must be in ARN format or "*"."#,
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"x:y""#,
                r#"Partition "y" is not valid for resource "arn:y:*:*:*:*"."#,
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"aws:s3:::bucket""#,
                r#"Partition "s3" is not valid for resource "arn:s3:::bucket:*"."#,
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"a:b:c:d:e:f:g""#,
                r#"Partition "b" is not valid for resource "arn:b:c:d:e:f:g"."#,
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws""#,
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3::b""#, LEGACY),
            (r#""Effect":"Allow","Action":[],"NotResource":"arn:aws::::b""#, LEGACY),
            (r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:::b""#, path),
            (r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam::*:*""#, ""),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:us-east-1::b""#,
                "IAM resource arn:aws:iam:us-east-1::b cannot contain region information.",
            ),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:us-east-1::b""#,
                "Resource arn:aws:s3:us-east-1::b can not contain region information.",
            ),
            (r#""Effect":"Allow","Action":"s3:*""#, "Policy statement must contain resources."),
            (r#""Effect":"Allow","Action":"s3:*","Resource":[]"#, "Policy statement must contain resources."),
            (r#""Effect":"Allow","Resource":"*""#, "Policy statement must contain actions."),
            (r#""Effect":"Allow","NotAction":[],"Resource":"*""#, "Policy statement must contain actions."),
            (
                r#""Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*""#,
                "Policy document should not specify a principal.",
            ),
            (
                r#""Sid":"a-b","Effect":"Allow","Action":"s3:*","Resource":"*""#,
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
            ),
        ],
    );
    let twice =
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow"},{"Sid":"a","Effect":"Deny"}]}"#;
    assert_eq!(fault(Identity, twice), "Statement IDs (SID) in a single policy must be unique.");
}

#[test]
fn conditions() {
    let with = |condition: &str| {
        let json =
            one(&format!(r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{condition}"#));
        fault(Identity, &json)
    };
    for (condition, want) in [
        (r#"[]"#, SYNTAX),
        (r#""x""#, SYNTAX),
        (r#"{"StringEquals":"x"}"#, SYNTAX),
        (r#"{"StringEquals":[]}"#, SYNTAX),
        (r#"{"StringEquals":{"a":{}}}"#, SYNTAX),
        (r#"{"Like":{"a":"1"}}"#, SYNTAX),
        (r#"{"Like":{}}"#, ""),
        (r#"{"ForAnyValue::StringEquals":{"a":"1"}}"#, SYNTAX),
        (r#"{"DateGreaterThan":{"a":"soon"}}"#, LEGACY),
        (r#"{"DateGreaterThan":{"a":"soon"},"Like":{"a":"1"}}"#, SYNTAX),
        (r#"{"DateLessThan":{"a":"9223372036854775808"}}"#, LEGACY),
        (r#"{"DateLessThan":{"a":"2016-13-01"}}"#, LEGACY),
        (r#"{"Bool":{"a":true},"Null":{"a":false},"NumericEquals":{"a":5}}"#, ""),
    ] {
        assert_eq!(with(condition), want, "{condition}");
    }
}

#[test]
fn trust_policies() {
    table(
        Trust,
        &[
            (r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#, ""),
            (r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#, "Missing required field Effect"),
            (
                r#""Effect":"allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
                "Invalid effect: allow",
            ),
            (r#""Effect":"Allow","Action":"sts:AssumeRole""#, "Missing required field Principal"),
            (
                r#""Effect":"Allow","Principal":{},"Action":"sts:AssumeRole""#,
                "Missing required field Principal cannot be empty!",
            ),
            (
                r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#,
                r#"AssumeRolepolicy contained an invalid principal: "STAR":"*"."#,
            ),
            (
                r#""Effect":"Allow","Principal":{"AWS":"nobody"},"Action":"sts:AssumeRole""#,
                r#"Invalid principal in policy: "AWS":"nobody""#,
            ),
            (
                r#""Effect":"Allow","Principal":{"Service":"*"},"Action":"sts:AssumeRole""#,
                r#"Invalid principal in policy: "SERVICE":"*""#,
            ),
            (
                r#""Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
                "Allow with NotPrincipal is not allowed.",
            ),
            (
                r#""Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
                "AssumeRole policy must not contain NotPrincipal field.",
            ),
            (r#""Effect":"Allow","Principal":{"AWS":"*"}"#, "Missing required field Action"),
            (
                r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"*""#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*""#,
                "Has prohibited field Resource",
            ),
            (
                r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","NotResource":"*""#,
                "AssumeRole policy must not contain resources.",
            ),
        ],
    );
    let statement = r#"{"Sid":"a","Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#;
    let twice = format!(r#"{{"Version":"2012-10-17","Statement":[{statement},{statement}]}}"#);
    assert_eq!(fault(Trust, &twice), "The Statement Ids in the policy are not unique");
}

#[test]
fn resource_based_policies() {
    table(
        Resource,
        &[
            (r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b""#, ""),
            (r#""Effect":"Allow","Action":"s3:*","Resource":"*""#, "Missing required field Principal"),
            (r#""Effect":"Allow","Principal":"*","Resource":"*""#, "Missing required field Action"),
            (r#""Effect":"Allow","Principal":"*","Action":"s3:*""#, "Missing required field Resource"),
            (r#""Effect":"Allow","Principal":{"Group":"x"},"Action":"s3:*","Resource":"*""#, SYNTAX),
            (
                r#""Effect":"Allow","NotPrincipal":"*","Action":"s3:*","Resource":"*""#,
                "Allow with NotPrincipal is not allowed.",
            ),
        ],
    );
}

/// "SCP syntax" and "RCP syntax"; Organizations has one text for all faults.
#[test]
fn policies_of_organizations() {
    table(
        ServiceControl,
        &[
            (r#""Effect":"Deny","Action":"s3:*","Resource":"*""#, ""),
            (
                r#""Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::b","Condition":{"Bool":{"aws:SecureTransport":true}}"#,
                "",
            ),
            (r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*""#, ORGANIZATION),
            (r#""Effect":"Deny","NotPrincipal":"*","Action":"s3:*","Resource":"*""#, ORGANIZATION),
            (r#""Effect":"Deny","Action":"s3:*""#, ORGANIZATION),
            (r#""Effect":"Deny","Action":"List","Resource":"*""#, ORGANIZATION),
        ],
    );
    table(
        ResourceControl,
        &[
            (r#""Effect":"Deny","Principal":"*","Action":["s3:*","sts:AssumeRole"],"Resource":"*""#, ""),
            (r#""Effect":"Deny","Principal":"*","Action":"kms:*","NotResource":"arn:aws:kms:*:*:key/x""#, ""),
            (r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*""#, ORGANIZATION),
            (
                r#""Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*""#,
                ORGANIZATION,
            ),
            (r#""Effect":"Deny","NotPrincipal":"*","Action":"s3:*","Resource":"*""#, ORGANIZATION),
            (r#""Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*""#, ORGANIZATION),
            (r#""Effect":"Deny","Principal":"*","Action":"glue:*","Resource":"*""#, ORGANIZATION),
            (r#""Effect":"Deny","Principal":"*","Action":"s3:*""#, ORGANIZATION),
            (r#""Effect":"Deny","Action":"s3:*","Resource":"*""#, ORGANIZATION),
        ],
    );
}
