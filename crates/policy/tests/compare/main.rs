//! What `compare` promises, against the evaluator: a comparison that finds nothing is a proof.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use mastic_core::AccountId;
use mastic_policy::{
    Attached, Context, Document, Label, Outcome, PolicyKind, PolicySet, Principal, Request, allows, compare,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "iam:GetUser"];
const ACTION_PATTERNS: &[&str] =
    &["*", "s3:*", "s3:Get*", "S3:getobject", "s3:?utObject", "iam:GetUser", "*:Get*"];
const RESOURCES: &[&str] =
    &["arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::u/x", "arn:aws:s3:::b/u", "*"];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::*/${aws:username, 'u'}",
    "arn:aws:s3:::?/x",
];
const PRINCIPALS: &[&str] = &[
    r#""*""#,
    r#"{"AWS":"111122223333"}"#,
    r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#,
    r#"{"AWS":["arn:aws:iam::111122223333:role/r","444455556666"]}"#,
    r#"{"Service":"glue.amazonaws.com"}"#,
    r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"}"#,
];
const CONDITIONS: &[&str] = &[
    r#""StringEquals":{"aws:PrincipalTag/a":"x"}"#,
    r#""StringEquals":{"aws:PrincipalTag/a":["x","y"]}"#,
    r#""StringNotEquals":{"aws:PrincipalTag/a":"x"}"#,
    r#""StringLike":{"aws:PrincipalTag/a":"*"}"#,
    r#""StringLike":{"aws:PrincipalTag/a":"${aws:username}*"}"#,
    r#""StringNotLike":{"aws:PrincipalTag/a":["${aws:username}","x"]}"#,
    r#""StringEqualsIfExists":{"aws:PrincipalTag/a":"x"}"#,
    r#""StringNotEqualsIfExists":{"aws:PrincipalTag/a":"y"}"#,
    r#""StringEqualsIgnoreCase":{"aws:PrincipalTag/a":"X"}"#,
    r#""Null":{"aws:PrincipalTag/a":"true"}"#,
    r#""Null":{"aws:PrincipalTag/a":"false"}"#,
    r#""ForAllValues:StringEquals":{"aws:TagKeys":["x"]}"#,
    r#""ForAllValues:StringLike":{"aws:TagKeys":["x","y*"]}"#,
    r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":["x"]}"#,
    r#""ForAnyValue:StringEquals":{"aws:TagKeys":["x","y"]}"#,
    r#""NumericLessThan":{"s3:max-keys":"5"}"#,
    r#""NumericLessThanEquals":{"s3:max-keys":["3","7"]}"#,
    r#""NumericNotEquals":{"s3:max-keys":"3"}"#,
    r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#,
    r#""NotIpAddress":{"aws:SourceIp":["10.1.0.0/16","192.0.2.1"]}"#,
    r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}"#,
    r#""StringEquals":{"aws:PrincipalOrgID":"o-mine"}"#,
    r#""Bool":{"aws:SecureTransport":"true"}"#,
];

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Identity,
    Resource,
    Trust,
}

fn list(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    subsequence(pool.to_vec(), 1..3).prop_map(|texts| serde_json::to_string(&texts).unwrap())
}

fn statement(place: Place) -> impl Strategy<Value = String> {
    let conditions = subsequence(CONDITIONS.to_vec(), 0..3).prop_map(distinct);
    let not = |odds| proptest::bool::weighted(odds);
    (
        proptest::bool::weighted(0.7),
        not(0.15),
        list(ACTION_PATTERNS),
        not(0.15),
        list(RESOURCE_PATTERNS),
        select(PRINCIPALS),
        not(0.1),
        conditions,
    )
        .prop_map(
            move |(allow, not_action, actions, not_resource, resources, whom, not_whom, conditions)| {
                let effect = if allow { "Allow" } else { "Deny" };
                let no = |not: bool| if not { "Not" } else { "" };
                let mut text = format!(r#"{{"Effect":"{effect}","{}Action":{actions}"#, no(not_action));
                if place != Place::Trust {
                    text += &format!(r#","{}Resource":{resources}"#, no(not_resource));
                }
                if place != Place::Identity {
                    text += &format!(r#","{}Principal":{whom}"#, no(not_whom && whom != r#""*""#));
                }
                text + &format!(r#","Condition":{{{conditions}}}}}"#)
            },
        )
}

/// Operators stand once in a block.
fn distinct(conditions: Vec<&'static str>) -> String {
    let mut seen = Vec::new();
    let operator = |text: &str| text.split("\":{").next().unwrap().to_owned();
    let fresh = |text: &&&str| {
        let name = operator(text);
        !seen.contains(&name) && {
            seen.push(name);
            true
        }
    };
    let mut fresh = fresh;
    conditions.iter().filter(|text| fresh(text)).copied().collect::<Vec<_>>().join(",")
}

fn place() -> impl Strategy<Value = Place> {
    select(vec![Place::Identity, Place::Resource, Place::Trust])
}

/// Two documents that share statements more often than not.
fn documents() -> impl Strategy<Value = (Place, Document, Document)> {
    place().prop_flat_map(|place| {
        let pool = proptest::collection::vec(statement(place), 2..5);
        pool.prop_flat_map(move |pool| {
            let some = || subsequence(pool.clone(), 1..=pool.len());
            (Just(place), some(), some())
        })
        .prop_map(|(place, old, new)| (place, parsed(&old), parsed(&new)))
    })
}

fn parsed(statements: &[String]) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    Document::parse(&text).unwrap()
}

fn principal() -> impl Strategy<Value = Principal> {
    let user = |arn: &str| Principal::User { arn: arn.parse().unwrap() };
    select(vec![
        user("arn:aws:iam::111122223333:user/u"),
        user("arn:aws:iam::111122223333:user/other"),
        user("arn:aws:iam::444455556666:user/u"),
        user("arn:aws:iam::777788889999:user/x"),
        Principal::Root { account: "111122223333".parse().unwrap() },
        Principal::Session {
            role: "arn:aws:iam::111122223333:role/r".parse().unwrap(),
            session: "arn:aws:sts::111122223333:assumed-role/r/s".parse().unwrap(),
        },
        Principal::Service { name: "glue.amazonaws.com".into() },
        Principal::Anonymous,
    ])
}

fn context() -> impl Strategy<Value = Vec<(&'static str, Vec<&'static str>)>> {
    let values = |pool: Vec<&'static str>| subsequence(pool, 0..3);
    (
        values(vec!["x", "y", "X", "ux"]),
        values(vec!["x", "y", "yy", ""]),
        values(vec!["3", "5", "7", "9"]),
        values(vec!["10.0.0.1", "10.1.2.3", "192.0.2.1", "8.8.8.8"]),
        values(vec!["arn:aws:sns:r:111122223333:t", "arn:aws:sns:r:444455556666:t"]),
        values(vec!["o-mine", "o-other"]),
        values(vec!["true", "false"]),
    )
        .prop_map(|(tag, keys, max, address, source, organization, secure)| {
            vec![
                ("aws:PrincipalTag/a", tag),
                ("aws:TagKeys", keys),
                ("s3:max-keys", max),
                ("aws:SourceIp", address),
                ("aws:SourceArn", source),
                ("aws:PrincipalOrgID", organization),
                ("aws:SecureTransport", secure),
            ]
        })
}

#[derive(Debug, Clone)]
struct Case {
    principal: Principal,
    action: &'static str,
    resource: &'static str,
    keys: Vec<(&'static str, Vec<&'static str>)>,
    owner: AccountId,
    /// Its own account's policies allow it everything.
    trusted: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let owners = ["111122223333", "999999999999"].to_vec();
    (principal(), select(ACTIONS), select(RESOURCES), context(), select(owners), any::<bool>()).prop_map(
        |(principal, action, resource, keys, owner, trusted)| {
            // The root user may do in its own account whatever no policy denies.
            let owner = if matches!(principal, Principal::Root { .. }) { "999999999999" } else { owner };
            Case { principal, action, resource, keys, owner: owner.parse().unwrap(), trusted }
        },
    )
}

impl Case {
    fn allowed_by(&self, document: &Document, place: Place) -> bool {
        let mut context = Context::of(&self.principal);
        for (key, values) in &self.keys {
            context.set_all(key, values.iter().copied());
        }
        let request = Request::new(&self.principal, self.action, self.resource, &context);
        let label = Label {
            account: None,
            kind: PolicyKind::Inline,
            name: "p".into(),
            arn: None,
            attached_to: "x".into(),
        };
        let attached = Attached::new(label.clone(), document.clone());
        let everything = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let everything = Attached::new(label, Document::parse(everything).unwrap());
        // Within one account other policies can allow: then a deny less allows more, though it grants nothing.
        let alone = place == Place::Resource && !request.owned_by(&self.owner).cross_account();
        let identity = if self.trusted && !alone { vec![everything] } else { Vec::new() };
        let set = match place {
            Place::Identity => PolicySet { identity: vec![attached], ..PolicySet::default() },
            Place::Resource => PolicySet { resource: Some(attached), identity, ..PolicySet::default() },
            Place::Trust => PolicySet { trust: Some(attached), identity, ..PolicySet::default() },
        };
        allows(&request.owned_by(&self.owner), &set) == Outcome::Allow
    }
}

/// Cases for each pair of documents.
const CASES: usize = 60;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_new_is_allowed(
        (place, old, new) in documents(),
        cases in proptest::collection::vec(case(), CASES),
    ) {
        if compare::new_access(&new, &old).is_empty() {
            for case in cases {
                prop_assert!(!case.allowed_by(&new, place) || case.allowed_by(&old, place), "{place:?} {case:?}");
            }
        }
    }

    #[test]
    fn what_is_not_granted_is_not_allowed(
        (place, document, _) in documents(),
        actions in subsequence(ACTIONS.to_vec(), 0..3),
        resources in subsequence(RESOURCES.to_vec(), 0..3),
        cases in proptest::collection::vec(case(), CASES),
    ) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        if compare::grants(&document, &owned(&actions), &owned(&resources)).is_empty() {
            for mut case in cases {
                case.trusted = false;
                let asked = (actions.is_empty() || actions.contains(&case.action))
                    && (resources.is_empty() || resources.contains(&case.resource));
                prop_assert!(!asked || matches!(case.principal, Principal::Root { .. })
                    || !case.allowed_by(&document, place), "{place:?} {case:?}");
            }
        }
    }

    #[test]
    fn what_is_not_public_is_closed_to_strangers(
        (_, document, _) in documents(),
        cases in proptest::collection::vec(case(), CASES),
    ) {
        if compare::public(&document).is_empty() {
            for mut case in cases {
                case.principal = Principal::Anonymous;
                case.trusted = false;
                let known = ["aws:PrincipalOrgID", "aws:SourceArn", "aws:SourceIp"];
                case.keys.retain(|(key, _)| !known.contains(key));
                case.keys.push(("aws:SourceIp", vec!["8.8.8.8"]));
                prop_assert!(!case.allowed_by(&document, Place::Resource), "{case:?}");
            }
        }
    }
}
