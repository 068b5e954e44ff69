//! Cases made from bytes: the same for generated tests and for the fuzzer.

use std::collections::{BTreeMap, BTreeSet};

use mastic_core::AccountId;
use mastic_policy::{
    Attached, Context, Document, Label, Layer, PolicyKind, PolicySet, Principal, Request, allows,
    allows_in_any_context, decide, missing_context,
};
use serde_json::{Map, Value, json};

use super::{Answer, Documents, Place, answer};

const HOME: &str = "111122223333";
const OTHER: &str = "444455556666";
const USER: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/etl/R";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/S";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/f";
const USER_ID: &str = "AIDACKCEVSQ6C2EXAMPLE";
const ROLE_ID: &str = "AROACKCEVSQ6C2EXAMPLE";

const ACTIONS: &[&str] =
    &["s3:GetObject", "glue:GetTable", "s3:PutObject", "sts:AssumeRole", "logs:PutLogEvents"];
const RESOURCES: &[&str] = &[
    "arn:aws:s3:::b/alice/x",
    "arn:aws:s3:::b/k",
    "*",
    "arn:aws:glue:eu-west-1:111122223333:table/d/t",
    "arn:aws:glue:eu-west-1:444455556666:table/d/t",
    "arn:aws:iam::111122223333:role/T",
    "arn:aws:s3:::b/*",
];
const ACTION_PATTERNS: &[&str] = &[
    "*",
    "s3:*",
    "S3:get*",
    "s3:GetObject",
    "glue:Get?able",
    "*:Get*",
    "sts:AssumeRole",
    "glue:*",
    "s3:*Object",
    "logs:PutLogEvents",
    "GLUE:GETTABLE",
    "*:*",
];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/Team, 'k'}",
    "arn:aws:s3:::?/k",
    "arn:aws:s3:::B/*",
    "arn:aws:glue:*:*:table/d/*",
    "arn:aws:s3:::b/${aws:nothing}*",
    "arn:aws:s3:::b/${*}",
    "arn:aws:iam::*:role/*",
    "arn:aws:s3:::*k",
    "arn:aws:s3:::*/${AWS:UserName}?x",
    "arn:aws:s3:::b/${aws:TagKeys}",
    "arn:aws:glue:eu-west-1:111122223333:table/d/t",
];

/// Keys with the values that requests and policies have for them.
struct Family {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    actual: &'static [&'static str],
    wanted: &'static [&'static str],
}

const FAMILIES: &[Family] = &[
    Family {
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
        keys: &["aws:username", "aws:PrincipalTag/Team", "aws:TagKeys", "s3:prefix"],
        actual: &["alice", "Alice", "bob", "", "al*ce", "k", "ÄÖ", "x$"],
        wanted: &[
            "alice",
            "Alice",
            "",
            "al?ce",
            "*",
            "a*",
            "${aws:username}",
            "${aws:PrincipalTag/Team}",
            "${AWS:USERNAME, 'bob'}",
            "x${$}",
            "al${*}ce",
            "äö",
            "${aws:TagKeys}",
            "*${aws:username}*",
            "${",
            "${a, b}",
        ],
    },
    Family {
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        keys: &["s3:max-keys"],
        actual: &["10", "9.5", "-1", "ten"],
        wanted: &["10", "10.0", "9.5", "-1e1"],
    },
    Family {
        operators: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        keys: &["aws:CurrentTime"],
        actual: &["2026-11-21T12:00:00Z", "2024-02-29", "1800000000", "soon"],
        wanted: &[
            "2026-11-21T13:00:00+01:00",
            "2026",
            "2024-02-29T00:00:00.5Z",
            "1800000000",
            "2026-11",
            "2026-11-21T12:00Z",
        ],
    },
    Family {
        operators: &["IpAddress", "NotIpAddress"],
        keys: &["aws:SourceIp"],
        actual: &["203.0.113.9", "198.51.100.1", "2001:db8::1", "::ffff:203.0.113.200", "glue.amazonaws.com"],
        wanted: &["203.0.113.0/24", "203.0.113.9", "0.0.0.0/0", "2001:db8::/32", "::/0", "203.0.113.128/25"],
    },
    Family {
        operators: &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        keys: &["aws:SourceArn"],
        actual: &[
            "arn:aws:sns:eu-west-1:111122223333:topic",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:s3:::b",
            "x",
            "arn:aws:sns:a:b:c:111122223333:t",
        ],
        wanted: &[
            "arn:aws:sns:*:111122223333:t*",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "*",
            "arn:aws:s3*",
            "arn:aws:s3:::b",
            "arn:aws:s3:::${aws:nothing}",
            "arn:aws:s?*:*:*:t",
            "x",
            "arn:aws:iam::111122223333:${s3:prefix, 'user/*'}",
        ],
    },
    Family {
        operators: &["Bool"],
        keys: &["aws:SecureTransport"],
        actual: &["true", "false", "TRUE", "${aws:username}", "alice"],
        wanted: &["true", "false", "True", "${aws:username}"],
    },
    Family {
        operators: &["BinaryEquals"],
        keys: &["test:Binary"],
        actual: &["QmluYXJ5", "AAAA", "Qm", "!"],
        wanted: &["QmluYXJ5", "AAAA"],
    },
];

/// Choices, one byte each; when there are no more, always the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % count
    }

    fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn some(&mut self, from: &[&'static str], most: usize) -> Vec<&'static str> {
        (0..=self.below(most)).map(|_| self.one(from)).collect()
    }

    /// One in `count`, never once the bytes have ended.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }
}

/// A request and all that bears on it.
#[derive(Debug)]
pub struct Case {
    principal: Principal,
    action: &'static str,
    resource: &'static str,
    owner: Option<AccountId>,
    canonical_user: Option<&'static str>,
    context: Context,
    documents: Documents,
}

impl Case {
    /// The case that the bytes choose.
    pub fn new(bytes: &[u8]) -> Self {
        let mut choices = Choices(bytes);
        let c = &mut choices;
        let principal = principal(c);
        let action = c.one(ACTIONS);
        let resource = c.one(RESOURCES);
        let owner =
            c.one(&[None, Some(HOME), Some(HOME), Some(OTHER)]).map(|account| account.parse().unwrap());
        let canonical_user = c.once_in(4).then_some("79a59df9");
        let context = context(c, &principal);
        let mut documents = Documents {
            identity: (0..c.below(3)).map(|_| document(c, Layer::Identity)).collect(),
            boundary: c.once_in(4).then(|| document(c, Layer::Boundary)),
            ..Documents::default()
        };
        if c.once_in(4) {
            documents.session = (0..=c.below(2)).map(|_| document(c, Layer::Session)).collect();
        }
        if action == "sts:AssumeRole" && c.once_in(2) {
            documents.trust = Some(document(c, Layer::Trust));
        } else {
            documents.resource = c.once_in(2).then(|| document(c, Layer::Resource));
        }
        for (layer, levels) in [
            (Layer::ServiceControl, &mut documents.service_control),
            (Layer::ResourceControl, &mut documents.resource_control),
        ] {
            if c.once_in(4) {
                *levels =
                    (0..=c.below(2)).map(|_| (0..c.below(3)).map(|_| document(c, layer)).collect()).collect();
            }
        }
        Self { principal, action, resource, owner, canonical_user, context, documents }
    }

    /// Asks the crate, by both roads, and the naive evaluator.
    ///
    /// # Panics
    /// If they do not agree.
    pub fn check(&self) -> Answer {
        let mut request = Request::new(&self.principal, self.action, self.resource, &self.context);
        request.resource_account = self.owner.as_ref();
        request.canonical_user = self.canonical_user;
        let set = self.set();
        let decision = decide(&request, &set);
        let mut numbers = BTreeMap::new();
        let mut matched = BTreeSet::<Place>::new();
        for policy in &decision.policies {
            let number = numbers.entry((policy.layer, policy.level)).or_insert(0);
            let applied = policy.statements.iter().filter(|statement| statement.matched());
            matched.extend(applied.map(|statement| (policy.layer, policy.level, *number, statement.index)));
            *number += 1;
        }
        let found = Answer { outcome: decision.outcome, matched };
        assert_eq!(found, answer(&self.documents, &request), "{self:#?}\n{}", decision.render());
        assert_eq!(allows(&request, &set), decision.outcome, "{self:#?}");
        for key in missing_context(&request, &set) {
            assert!(self.context.get(&key).is_empty(), "{key} {self:#?}");
        }
        let nothing = Context::new();
        request.context = &nothing;
        if let Some(outcome) = allows_in_any_context(&request, &set) {
            assert_eq!(outcome, decision.outcome, "without context {self:#?}");
        }
        found
    }

    fn set(&self) -> PolicySet {
        let one = |value: &Value| {
            let label = Label {
                account: None,
                kind: PolicyKind::Inline,
                name: "p".to_owned(),
                arn: None,
                attached_to: "x".to_owned(),
            };
            Attached::new(
                label,
                Document::parse(&value.to_string()).unwrap_or_else(|error| panic!("{error}: {value}")),
            )
        };
        let all = |values: &Vec<Value>| values.iter().map(one).collect::<Vec<_>>();
        let documents = &self.documents;
        PolicySet {
            identity: all(&documents.identity),
            boundary: documents.boundary.as_ref().map(one),
            session: all(&documents.session),
            resource: documents.resource.as_ref().map(one),
            trust: documents.trust.as_ref().map(one),
            service_control: documents.service_control.iter().map(all).collect(),
            resource_control: documents.resource_control.iter().map(all).collect(),
        }
    }
}

fn principal(c: &mut Choices<'_>) -> Principal {
    let arn = |text: &str| text.parse().unwrap();
    match c.below(8) {
        0 | 1 => Principal::User { arn: arn(USER) },
        2 | 3 => Principal::Session { role: arn(ROLE), session: arn(SESSION) },
        4 => Principal::FederatedUser { user: arn(USER), session: arn(FEDERATED) },
        5 => Principal::Root { account: HOME.parse().unwrap() },
        6 => Principal::Service { name: "glue.amazonaws.com".to_owned() },
        _ if c.once_in(2) => Principal::Federated { provider: "accounts.google.com".to_owned() },
        _ => Principal::Anonymous,
    }
}

fn context(c: &mut Choices<'_>, principal: &Principal) -> Context {
    let mut context = Context::of(principal);
    match principal {
        Principal::User { .. } => _ = context.set("aws:userid", USER_ID),
        Principal::Session { .. } => _ = context.set("aws:userid", format!("{ROLE_ID}:S")),
        _ => {}
    }
    for family in FAMILIES {
        for key in family.keys {
            if c.once_in(2) {
                let most = if c.once_in(3) { 3 } else { 1 };
                context.set_all(key, c.some(family.actual, most));
            }
        }
    }
    context
}

fn document(c: &mut Choices<'_>, layer: Layer) -> Value {
    let version = if c.once_in(5) { "2008-10-17" } else { "2012-10-17" };
    let mut statements: Vec<Value> = (0..=c.below(3)).map(|_| statement(c, layer)).collect();
    if statements.len() == 1 && c.once_in(2) {
        return json!({ "Version": version, "Statement": statements.remove(0) });
    }
    json!({ "Version": version, "Statement": statements })
}

fn statement(c: &mut Choices<'_>, layer: Layer) -> Value {
    let mut statement = Map::new();
    statement.insert("Effect".into(), if c.once_in(4) { "Deny" } else { "Allow" }.into());
    let not =
        |c: &mut Choices<'_>, name: &str| if c.once_in(5) { format!("Not{name}") } else { name.to_owned() };
    statement.insert(not(c, "Action"), patterns(c, ACTION_PATTERNS));
    if layer != Layer::Trust {
        statement.insert(not(c, "Resource"), patterns(c, RESOURCE_PATTERNS));
    }
    if matches!(layer, Layer::Resource | Layer::Trust | Layer::ResourceControl) {
        statement.insert(not(c, "Principal"), names(c));
    }
    let mut conditions = Map::new();
    for _ in 0..c.one(&[0, 0, 0, 1, 1, 2]) {
        let family = &FAMILIES[c.below(FAMILIES.len())];
        let key = c.one(family.keys);
        let key = if c.once_in(3) { key.to_uppercase() } else { key.to_owned() };
        let (operator, wanted) = if c.once_in(8) {
            ("Null".to_owned(), c.some(&["true", "False"], 2))
        } else {
            let set = c.one(&["", "", "ForAllValues:", "ForAnyValue:"]);
            let operator = c.one(family.operators);
            let if_exists = if c.once_in(4) { "IfExists" } else { "" };
            (format!("{set}{operator}{if_exists}"), c.some(family.wanted, 3))
        };
        let keys = conditions.entry(operator).or_insert_with(|| json!({}));
        keys[key] = if wanted.len() == 1 { json!(wanted[0]) } else { json!(wanted) };
    }
    if !conditions.is_empty() {
        statement.insert("Condition".into(), conditions.into());
    }
    statement.into()
}

fn patterns(c: &mut Choices<'_>, from: &[&'static str]) -> Value {
    if c.once_in(3) { "*".into() } else { json!(c.some(from, 2)) }
}

fn names(c: &mut Choices<'_>) -> Value {
    if c.once_in(4) {
        return "*".into();
    }
    let root = "arn:aws:iam::111122223333:root";
    let mut kinds = Map::new();
    let aws = c.some(&[HOME, ROLE, SESSION, USER, root, "*", OTHER, FEDERATED, USER_ID, ROLE_ID], 4);
    kinds.insert("AWS".into(), json!(aws));
    for (kind, value) in [
        ("Service", "glue.amazonaws.com"),
        ("Federated", "accounts.google.com"),
        ("CanonicalUser", "79a59df9"),
    ] {
        if c.once_in(4) {
            kinds.insert(kind.into(), value.into());
        }
    }
    kinds.into()
}
