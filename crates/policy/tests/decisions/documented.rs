//! Examples that AWS documents, each under the title of its page in the IAM User Guide (where no
//! other guide is named), with what the page says becomes of them.

use mastic_core::AccountId;
use mastic_policy::Outcome::{self, Allow, ExplicitDeny, ImplicitDeny};
use mastic_policy::{Context, Principal, Request};

use crate::support::*;

/// The context of a request besides what follows from the caller.
type Keys<'a> = &'a [(&'a str, &'a [&'a str])];

struct Page {
    title: &'static str,
    layers: Vec<(char, String)>,
    principal: Principal,
    owner: &'static str,
}

impl Page {
    /// Policies of these layers (see [`set`]), the user `alice` as caller, the resource in the same account.
    fn new(title: &'static str, layers: &[(char, &str)]) -> Self {
        let layers = layers.iter().map(|(layer, statements)| (*layer, (*statements).to_owned())).collect();
        Self { title, layers, principal: user(), owner: HOME }
    }

    fn by(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    fn of(mut self, owner: &'static str) -> Self {
        self.owner = owner;
        self
    }

    fn ask(self, action: &str, resource: &str, keys: Keys<'_>, want: Outcome) -> Self {
        let mut context = Context::of(&self.principal);
        for (key, values) in keys {
            context.set_all(key, values.iter().copied());
        }
        let owner: AccountId = self.owner.parse().unwrap();
        let request = Request::new(&self.principal, action, resource, &context).owned_by(&owner);
        let decision = both(&request, &set(&self.layers));
        assert_eq!(
            decision.outcome,
            want,
            "{}: {action} {resource} {keys:?}\n{}",
            self.title,
            decision.render()
        );
        self
    }
}

const OBJECT: &str = "arn:aws:s3:::amzn-s3-demo-bucket/x";

fn named(account: &str, path: &str) -> Principal {
    Principal::User { arn: format!("arn:aws:iam::{account}:user/{path}").parse().unwrap() }
}

fn role_session(account: &str, role: &str) -> Principal {
    Principal::Session {
        role: format!("arn:aws:iam::{account}:role/{role}").parse().unwrap(),
        session: format!("arn:aws:sts::{account}:assumed-role/{role}/s").parse().unwrap(),
    }
}

#[test]
fn evaluation_within_an_account() {
    let own = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*"},
        {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*log*"}"#;
    Page::new("How AWS enforcement code logic evaluates requests to allow or deny access", &[('i', own)])
        .ask("s3:GetObject", OBJECT, &[], Allow)
        .ask("s3:PutObject", OBJECT, &[], ImplicitDeny)
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket-logs/x", &[], ExplicitDeny);
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    Page::new("SCP evaluation (AWS Organizations)", &[('i', everything), ('c', everything), ('c', own)])
        .ask("s3:GetObject", OBJECT, &[], Allow)
        .ask("s3:DeleteObject", OBJECT, &[], ImplicitDeny)
        .ask("s3:GetObject", "arn:aws:s3:::a-log", &[], ExplicitDeny);
    let boundary = r#"{"Effect":"Allow","Action":["s3:*","cloudwatch:*","ec2:*"],"Resource":"*"}"#;
    let create = r#"{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"}"#;
    Page::new("Permissions boundaries for IAM entities", &[('i', create), ('b', boundary)])
        .ask("iam:CreateUser", "arn:aws:iam::111122223333:user/bob", &[], ImplicitDeny)
        .ask("s3:GetObject", OBJECT, &[], ImplicitDeny);
    let from_resource = |principal: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:*","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*"}}"#
        )
    };
    let other = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#;
    for (principal, by, want) in [
        (USER, user(), Allow),
        (SESSION, session(), Allow),
        (ROLE, session(), ImplicitDeny),
        ("111122223333", user(), ImplicitDeny),
    ] {
        let policy = from_resource(principal);
        let title = "Policy evaluation for requests within a single account: resource-based policies";
        Page::new(title, &[('r', &policy), ('i', other), ('b', other), ('s', other)]).by(by).ask(
            "s3:PutObject",
            OBJECT,
            &[],
            want,
        );
    }
    let role = from_resource(ROLE);
    Page::new("Session policies", &[('i', boundary), ('s', own)])
        .by(session())
        .ask("s3:GetObject", OBJECT, &[], Allow)
        .ask("s3:PutObject", OBJECT, &[], ImplicitDeny);
    Page::new("Session policies", &[('r', &role), ('s', own)])
        .by(session())
        .ask("s3:GetObject", OBJECT, &[], Allow)
        .ask("s3:PutObject", OBJECT, &[], ImplicitDeny);
}

#[test]
fn evaluation_across_accounts() {
    let carlos = r#"{"Sid":"AllowS3ListRead","Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetAccountPublicAccessBlock","s3:ListAccessPoints","s3:ListAllMyBuckets"],"Resource":"arn:aws:s3:::*"},
        {"Sid":"AllowS3Production","Effect":"Allow","Action":"s3:*Object*","Resource":"arn:aws:s3:::Production/*"},
        {"Sid":"DenyS3Logs","Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::*log*","arn:aws:s3:::*log*/*"]}"#;
    let bucket = r#"{"Effect":"Allow","Action":["s3:GetObject*","s3:PutObject*","s3:ReplicateObject","s3:RestoreObject"],
        "Principal":{"AWS":"arn:aws:iam::111122223333:user/CarlosSalazar"},"Resource":"arn:aws:s3:::Production/*"}"#;
    let title = "Example cross-account policy evaluation";
    Page::new(title, &[('i', carlos), ('r', bucket)])
        .by(named(HOME, "CarlosSalazar"))
        .of(OTHER)
        .ask("s3:PutObject", "arn:aws:s3:::Production/CarlosSalazar/f", &[], Allow)
        .ask("s3:DeleteObject", "arn:aws:s3:::Production/f", &[], ImplicitDeny)
        .ask("s3:GetObject", "arn:aws:s3:::Production/log1", &[], ExplicitDeny)
        .ask("s3:ListAllMyBuckets", "arn:aws:s3:::*", &[], ImplicitDeny);
    Page::new(title, &[('i', carlos)]).of(OTHER).ask(
        "s3:GetObject",
        "arn:aws:s3:::Production/f",
        &[],
        ImplicitDeny,
    );
    Page::new(title, &[('r', bucket)]).by(named(HOME, "CarlosSalazar")).of(OTHER).ask(
        "s3:GetObject",
        "arn:aws:s3:::Production/f",
        &[],
        ImplicitDeny,
    );
    let delegates = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"*"}"#;
    let own = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    for (identity, boundary, want) in
        [(own, own, Allow), (own, carlos, ImplicitDeny), (carlos, own, ImplicitDeny)]
    {
        Page::new(
            "Cross-account resource access in IAM",
            &[('i', identity), ('b', boundary), ('r', delegates)],
        )
        .by(role_session(HOME, "R"))
        .of(OTHER)
        .ask("s3:GetObject", OBJECT, &[], want);
    }
}

#[test]
fn not_principal_with_deny() {
    let title = "AWS JSON policy elements: NotPrincipal";
    let everyone = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    let except = |list: &str| {
        format!(
            r#"{everyone},{{"Effect":"Deny","NotPrincipal":{{"AWS":[{list}]}},"Action":"s3:*","Resource":["arn:aws:s3:::amzn-s3-demo-bucket","arn:aws:s3:::amzn-s3-demo-bucket/*"]}}"#
        )
    };
    let bob = except(r#""arn:aws:iam::444455556666:user/Bob","arn:aws:iam::444455556666:root""#);
    let own = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    let page = |by| Page::new(title, &[('i', own), ('r', &bob)]).by(by).of(OTHER);
    page(named(OTHER, "Bob")).ask("s3:GetObject", OBJECT, &[], Allow);
    page(named(OTHER, "Eve")).ask("s3:GetObject", OBJECT, &[], ExplicitDeny);
    page(named(HOME, "Bob")).ask("s3:GetObject", OBJECT, &[], ExplicitDeny);
    let session = r#""arn:aws:sts::444455556666:assumed-role/cross-account-read-only-role/s","arn:aws:iam::444455556666:role/cross-account-read-only-role","arn:aws:iam::444455556666:root""#;
    let policy = except(session);
    let page = |by| Page::new(title, &[('i', own), ('r', &policy)]).by(by).of(OTHER);
    page(role_session(OTHER, "cross-account-read-only-role")).ask("s3:GetObject", OBJECT, &[], Allow);
    page(role_session(OTHER, "other")).ask("s3:GetObject", OBJECT, &[], ExplicitDeny);
}

#[test]
fn several_values_of_a_key() {
    let tags = r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/environment":["preprod","production"]},"ForAllValues:StringEquals":{"aws:TagKeys":["environment"]}}}"#;
    Page::new("Controlling access to AWS resources using tags", &[('i', tags)])
        .ask(
            "ec2:CreateTags",
            "*",
            &[("aws:RequestTag/environment", &["preprod"]), ("aws:TagKeys", &["environment"])],
            Allow,
        )
        .ask(
            "ec2:CreateTags",
            "*",
            &[("aws:RequestTag/environment", &["test"]), ("aws:TagKeys", &["environment"])],
            ImplicitDeny,
        )
        .ask(
            "ec2:CreateTags",
            "*",
            &[("aws:RequestTag/environment", &["preprod"]), ("aws:TagKeys", &["environment", "owner"])],
            ImplicitDeny,
        );
    let all = r#"{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"dynamodb:Attributes":["ID","Message"]}}}"#;
    let title = "Multivalued context keys";
    Page::new(title, &[('i', all)])
        .ask("dynamodb:GetItem", "*", &[("dynamodb:attributes", &["Message", "ID"])], Allow)
        .ask("dynamodb:GetItem", "*", &[("dynamodb:attributes", &["Message", "User"])], ImplicitDeny)
        // No key at all, or nothing in it, is true for all values there are.
        .ask("dynamodb:GetItem", "*", &[], Allow)
        .ask("dynamodb:GetItem", "*", &[("dynamodb:attributes", &[""])], Allow);
    let guarded = r#"{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"dynamodb:Attributes":["ID","Message"]},"Null":{"dynamodb:Attributes":"false"}}}"#;
    Page::new(title, &[('i', guarded)])
        .ask("dynamodb:GetItem", "*", &[("dynamodb:Attributes", &["ID"])], Allow)
        .ask("dynamodb:GetItem", "*", &[], ImplicitDeny);
    let any = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["webserver"]}}}"#;
    Page::new(title, &[('i', any)])
        .ask("ec2:RunInstances", "*", &[("aws:TagKeys", &["a", "webserver"])], ExplicitDeny)
        .ask("ec2:RunInstances", "*", &[("aws:TagKeys", &["a"])], Allow)
        .ask("ec2:RunInstances", "*", &[], Allow);
}

#[test]
fn policy_variables() {
    let title = "IAM policy elements: Variables and tags";
    let home = r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::amzn-s3-demo-bucket","Condition":{"StringLike":{"s3:prefix":["${aws:username}/*"]}}},
        {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::amzn-s3-demo-bucket/${aws:username}/*"}"#;
    Page::new(title, &[('i', home)])
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/alice/x", &[], Allow)
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/bob/x", &[], ImplicitDeny)
        .ask("s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket", &[("s3:prefix", &["alice/"])], Allow)
        .ask("s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket", &[("s3:prefix", &["a"])], ImplicitDeny);
    let default = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket-${aws:PrincipalTag/team, 'company-wide'}/*"}"#;
    Page::new(title, &[('i', default)])
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket-company-wide/x", &[], Allow)
        .ask(
            "s3:GetObject",
            "arn:aws:s3:::amzn-s3-demo-bucket-yellow/x",
            &[("aws:principaltag/TEAM", &["yellow"])],
            Allow,
        )
        .ask(
            "s3:GetObject",
            "arn:aws:s3:::amzn-s3-demo-bucket-company-wide/x",
            &[("aws:PrincipalTag/team", &["yellow"])],
            ImplicitDeny,
        );
    let special = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/${*}-${?}-${$}"}"#;
    Page::new(title, &[('i', special)])
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/*-?-$", &[], Allow)
        .ask("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/a-b-c", &[], ImplicitDeny);
    let team = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEquals":{"s3:ExistingObjectTag/Team":"${aws:PrincipalTag/Team}"}}}"#;
    let tag: (&str, &[&str]) = ("s3:ExistingObjectTag/Team", &["a"]);
    Page::new("Policy variables with no value", &[('i', team)])
        .ask("s3:GetObject", OBJECT, &[tag, ("aws:PrincipalTag/Team", &["a"])], Allow)
        .ask("s3:GetObject", OBJECT, &[tag, ("aws:PrincipalTag/Team", &["b"])], ExplicitDeny)
        .ask("s3:GetObject", OBJECT, &[tag], ExplicitDeny);
    let owner = r#"{"Effect":"Allow","Action":["ec2:StartInstances","ec2:StopInstances"],"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Owner":"${aws:username}"}}}"#;
    Page::new("Controlling access to AWS resources using tags", &[('i', owner)])
        .ask(
            "ec2:StopInstances",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i",
            &[("aws:ResourceTag/Owner", &["alice"])],
            Allow,
        )
        .ask(
            "ec2:StopInstances",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i",
            &[("aws:ResourceTag/owner", &["Alice"])],
            ImplicitDeny,
        );
    let attributes = r#"{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/access-project":"${aws:PrincipalTag/access-project}"},"StringEqualsIfExists":{"aws:RequestTag/access-team":"${aws:PrincipalTag/access-team}"},"ForAllValues:StringEquals":{"aws:TagKeys":["access-project","access-team"]}}}"#;
    let caller: (&str, &[&str]) = ("aws:PrincipalTag/access-project", &["peg"]);
    Page::new("IAM tutorial: Define permissions to access AWS resources based on tags", &[('i', attributes)])
        .ask(
            "secretsmanager:GetSecretValue",
            "*",
            &[caller, ("aws:ResourceTag/access-project", &["peg"])],
            Allow,
        )
        .ask(
            "secretsmanager:GetSecretValue",
            "*",
            &[caller, ("aws:ResourceTag/access-project", &["uni"])],
            ImplicitDeny,
        )
        .ask(
            "secretsmanager:TagResource",
            "*",
            &[
                caller,
                ("aws:ResourceTag/access-project", &["peg"]),
                ("aws:TagKeys", &["access-project", "more"]),
            ],
            ImplicitDeny,
        );
}

#[test]
fn letter_case() {
    let policy = r#"{"Effect":"Allow","Action":"S3:gEtObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*","Condition":{"StringEquals":{"AWS:USERAGENT":"Example"}}}"#;
    Page::new("IAM JSON policy elements: Action; Condition", &[('i', policy)])
        .ask("s3:GetObject", OBJECT, &[("aws:UserAgent", &["Example"])], Allow)
        .ask("s3:GetObject", OBJECT, &[("aws:UserAgent", &["example"])], ImplicitDeny)
        .ask(
            "s3:GetObject",
            "arn:aws:s3:::AMZN-S3-demo-bucket/x",
            &[("aws:UserAgent", &["Example"])],
            ImplicitDeny,
        );
}

#[test]
fn callers_that_services_vouch_for() {
    let deputy = r#"{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*",
        "Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}}"#;
    let keys = |account: &'static [&'static str; 1],
                arn: &'static [&'static str; 1]|
     -> [(&str, &[&str]); 2] { [("aws:SourceAccount", account), ("aws:SourceArn", arn)] };
    Page::new("The confused deputy problem", &[('r', deputy)])
        .by(service("cloudtrail.amazonaws.com"))
        .ask(
            "s3:PutObject",
            OBJECT,
            &keys(&["111122223333"], &["arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"]),
            Allow,
        )
        .ask(
            "s3:PutObject",
            OBJECT,
            &keys(&["444455556666"], &["arn:aws:cloudtrail:eu-west-1:444455556666:trail/t"]),
            ImplicitDeny,
        )
        .ask("s3:PutObject", OBJECT, &[], ImplicitDeny);
    let role = "arn:aws:iam::444455556666:role/Auditor";
    let external = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"12345"}}}"#;
    let own = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::444455556666:role/*"}"#;
    Page::new("Access to AWS accounts owned by third parties", &[('t', external), ('i', own)])
        .of(OTHER)
        .ask("sts:AssumeRole", role, &[("sts:ExternalId", &["12345"])], Allow)
        .ask("sts:AssumeRole", role, &[("sts:ExternalId", &["54321"])], ImplicitDeny)
        .ask("sts:AssumeRole", role, &[], ImplicitDeny);
    Page::new("Access to AWS accounts owned by third parties", &[('t', external)]).of(OTHER).ask(
        "sts:AssumeRole",
        role,
        &[("sts:ExternalId", &["12345"])],
        ImplicitDeny,
    );
}

#[test]
fn guardrails() {
    let mfa = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"DenyAllExceptListedIfNoMFA","Effect":"Deny","NotAction":["iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:GetUser","iam:ListMFADevices","iam:ResyncMFADevice","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;
    Page::new("AWS: Allows MFA-authenticated IAM users to manage their own credentials", &[('i', mfa)])
        .ask("s3:GetObject", OBJECT, &[], ExplicitDeny)
        .ask("s3:GetObject", OBJECT, &[("aws:MultiFactorAuthPresent", &["false"])], ExplicitDeny)
        .ask("s3:GetObject", OBJECT, &[("aws:MultiFactorAuthPresent", &["true"])], Allow)
        .ask("iam:EnableMFADevice", "arn:aws:iam::111122223333:user/alice", &[], Allow);
    let region = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":["cloudfront:*","iam:*","route53:*","support:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1","eu-west-1"]}}}"#;
    let own = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    Page::new("AWS: Denies access to AWS based on the requested Region", &[('i', own), ('c', region)])
        .ask("s3:GetObject", OBJECT, &[("aws:RequestedRegion", &["eu-west-1"])], Allow)
        .ask("s3:GetObject", OBJECT, &[("aws:RequestedRegion", &["us-east-1"])], ExplicitDeny)
        .ask("iam:GetUser", "*", &[("aws:RequestedRegion", &["us-east-1"])], Allow);
    let perimeter = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#;
    let full = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    let both = format!("{full},{perimeter}");
    let page = |by| {
        let open = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
        Page::new(
            "Resource control policies (RCPs) (AWS Organizations)",
            &[('i', own), ('r', open), ('R', &both)],
        )
        .by(by)
    };
    page(user())
        .ask("s3:GetObject", OBJECT, &[("aws:PrincipalOrgID", &["o-1"])], Allow)
        .ask("s3:GetObject", OBJECT, &[("aws:PrincipalOrgID", &["o-2"])], ExplicitDeny)
        .ask("s3:GetObject", OBJECT, &[], ExplicitDeny)
        // Glue is none of the services that RCPs guard.
        .ask("glue:GetTable", "arn:aws:glue:eu-west-1:111122223333:table/d/t", &[], Allow);
    page(service("cloudtrail.amazonaws.com")).ask("s3:PutObject", OBJECT, &[], Allow);
    page(Principal::Anonymous).ask("s3:GetObject", OBJECT, &[], ExplicitDeny);
}
