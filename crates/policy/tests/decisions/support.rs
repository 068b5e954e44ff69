use mastic_core::AccountId;
use mastic_policy::{
    Attached, Context, Decision, Document, Label, Outcome, PolicyKind, PolicySet, Principal, Request, allows,
    decide,
};

pub const HOME: &str = "111122223333";
pub const OTHER: &str = "444455556666";
pub const BUCKET: &str = "arn:aws:s3:::b/k";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/etl/R";
pub const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/S";
pub const USER: &str = "arn:aws:iam::111122223333:user/alice";

pub fn root(account: &str) -> Principal {
    Principal::Root { account: account.parse().unwrap() }
}

pub fn user() -> Principal {
    Principal::User { arn: USER.parse().unwrap() }
}

pub fn session() -> Principal {
    Principal::Session { role: ROLE.parse().unwrap(), session: SESSION.parse().unwrap() }
}

pub fn federated() -> Principal {
    Principal::FederatedUser {
        user: USER.parse().unwrap(),
        session: "arn:aws:sts::111122223333:federated-user/f".parse().unwrap(),
    }
}

pub fn service(name: &str) -> Principal {
    Principal::Service { name: name.to_owned() }
}

pub fn document(statements: &str) -> Document {
    let json = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::parse(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

pub fn policy(name: &str, statements: &str) -> Attached {
    let label = Label {
        account: Some(HOME.parse().unwrap()),
        kind: PolicyKind::Inline,
        name: name.to_owned(),
        arn: None,
        attached_to: format!("arn:of:{name}"),
    };
    Attached::new(label, document(statements))
}

/// A statement about the bucket's object with this effect.
pub fn s3(effect: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#)
}

/// The same for whom `principal` (JSON) names.
pub fn s3_for(effect: &str, principal: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#
    )
}

pub fn aws(arn: &str) -> String {
    format!(r#"{{"AWS":"{arn}"}}"#)
}

/// A set by layers: each pair is a layer's letter and its statements. `i`dentity, `b`oundary,
/// `s`ession, `r`esource, `t`rust, s`c`p, rcp (`R`). Each SCP or RCP is a level of its own.
pub fn set(layers: &[(char, String)]) -> PolicySet {
    let mut set = PolicySet::default();
    for (layer, statements) in layers {
        let named = |name| policy(name, statements);
        match layer {
            'i' => set.identity.push(named("identity")),
            'b' => set.boundary = Some(named("boundary")),
            's' => set.session.push(named("session")),
            'r' => set.resource = Some(named("resource")),
            't' => set.trust = Some(named("trust")),
            'c' => set.service_control.push(vec![named("scp")]),
            'R' => set.resource_control.push(vec![named("rcp")]),
            other => panic!("{other}"),
        }
    }
    set
}

/// Decides a read of the object in a bucket of `owner`, by both roads.
pub fn read(principal: &Principal, owner: &str, set: &PolicySet) -> Decision {
    let context = Context::of(principal);
    let owner: AccountId = owner.parse().unwrap();
    let request = Request::new(principal, "s3:GetObject", BUCKET, &context).owned_by(&owner);
    both(&request, set)
}

/// Decides by both roads and checks that they agree.
pub fn both(request: &Request<'_>, set: &PolicySet) -> Decision {
    let decision = decide(request, set);
    assert_eq!(decision.outcome, allows(request, set));
    assert_eq!(decision.missing().is_empty(), decision.outcome == Outcome::Allow);
    decision
}
