use std::collections::BTreeMap;

use mastic_core::AccountId;
use mastic_policy::{
    Attached, Context, Decision, Document, Layer, Missing, Outcome, PolicySet, Principal, Request, allows,
};
use proptest::prelude::*;

use crate::support::*;

/// Statements by layer, from which a set is built; kept apart so that they can be changed.
pub type Layers = BTreeMap<(Layer, usize), Vec<String>>;

#[derive(Debug, Clone)]
pub struct Case {
    pub principal: Principal,
    pub owner: &'static str,
    pub action: &'static str,
    pub resource: &'static str,
    pub layers: Layers,
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        Just(root(HOME)),
        Just(user()),
        Just(session()),
        Just(federated()),
        Just(service("glue.amazonaws.com")),
        Just(Principal::Anonymous),
    ]
}

fn statement(layer: Layer) -> impl Strategy<Value = String> {
    let effect = prop_oneof![4 => Just("Allow"), 1 => Just("Deny")];
    let action = prop_oneof![
        Just(r#""Action":"*""#),
        Just(r#""Action":"s3:Get*""#),
        Just(r#""Action":["glue:*","sts:*"]"#),
        Just(r#""NotAction":"iam:*""#),
        Just(r#""NotAction":"s3:*""#),
    ];
    let resource = prop_oneof![
        Just(r#","Resource":"*""#),
        Just(r#","Resource":"arn:aws:s3:::b/*""#),
        Just(r#","Resource":["arn:aws:s3:::b/${aws:username}*","arn:aws:glue:*"]"#),
        Just(r#","NotResource":"arn:aws:s3:::${aws:PrincipalTag/x}/*""#),
    ];
    let condition = prop_oneof![
        4 => Just(""),
        1 => Just(r#","Condition":{"StringLike":{"aws:username":"a*"}}"#),
        1 => Just(r#","Condition":{"StringNotEquals":{"aws:PrincipalAccount":["111122223333","${aws:x}"]}}"#),
        1 => Just(r#","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:y":"true"}}"#),
    ];
    let principal = prop_oneof![
        Just(r#","Principal":"*""#.to_owned()),
        Just(format!(r#","Principal":{{"AWS":["{HOME}","{OTHER}"]}}"#)),
        Just(format!(r#","Principal":{{"AWS":"{ROLE}","Service":"glue.amazonaws.com"}}"#)),
        Just(format!(r#","Principal":{{"AWS":["{SESSION}","{USER}"]}}"#)),
        Just(format!(r#","NotPrincipal":{{"AWS":"{USER}"}}"#)),
    ];
    (effect, action, resource, condition, principal).prop_map(
        move |(effect, action, resource, condition, principal)| {
            let names = matches!(layer, Layer::Resource | Layer::Trust | Layer::ResourceControl);
            let principal = if names { principal } else { String::new() };
            let resource = if layer == Layer::Trust { "" } else { resource };
            format!(r#"{{"Effect":"{effect}",{action}{resource}{principal}{condition}}}"#)
        },
    )
}

fn layer(layer: Layer, level: usize) -> impl Strategy<Value = Option<((Layer, usize), Vec<String>)>> {
    prop::option::weighted(0.5, prop::collection::vec(statement(layer), 0..3))
        .prop_map(move |statements| statements.map(|statements| ((layer, level), statements)))
}

pub fn case() -> impl Strategy<Value = Case> {
    let layers = (
        layer(Layer::Identity, 0),
        layer(Layer::Boundary, 0),
        layer(Layer::Session, 0),
        layer(Layer::Resource, 0),
        layer(Layer::ServiceControl, 0),
        layer(Layer::ServiceControl, 1),
        layer(Layer::ResourceControl, 0),
        prop_oneof![3 => Just(None).boxed(), 1 => layer(Layer::Trust, 0).boxed()],
    );
    let what = prop_oneof![
        Just(("s3:GetObject", "arn:aws:s3:::b/alice${x}*")),
        Just(("glue:GetTable", "*")),
        Just(("sts:AssumeRole", "arn:aws:iam::111122223333:role/T")),
    ];
    let owner = prop_oneof![Just(HOME), Just(OTHER)];
    (principal(), owner, what, layers).prop_map(|(principal, owner, (action, resource), l)| {
        let layers = [l.0, l.1, l.2, l.3, l.4, l.5, l.6, l.7].into_iter().flatten().collect();
        Case { principal, owner, action, resource, layers }
    })
}

impl Case {
    fn set(&self) -> PolicySet {
        let mut set = PolicySet::default();
        for ((layer, _), statements) in &self.layers {
            // A document has a statement at least; this one is about nothing.
            let mut all = vec![r#"{"Effect":"Allow","Action":"x:y","Resource":"*"}"#.to_owned()];
            all.extend(statements.iter().cloned());
            let policy: Attached = policy(&layer.to_string(), &all.join(","));
            match layer {
                Layer::Identity => set.identity.push(policy),
                Layer::Boundary => set.boundary = Some(policy),
                Layer::Session => set.session.push(policy),
                Layer::Resource => set.resource = Some(policy),
                Layer::Trust => set.trust = Some(policy),
                Layer::ServiceControl => set.service_control.push(vec![policy]),
                Layer::ResourceControl => set.resource_control.push(vec![policy]),
            }
        }
        set
    }

    fn decide(&self) -> Decision {
        let context = Context::of(&self.principal);
        let owner: AccountId = self.owner.parse().unwrap();
        let request = Request::new(&self.principal, self.action, self.resource, &context).owned_by(&owner);
        both(&request, &self.set())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_further_deny_never_allows(case in case(), at in any::<prop::sample::Index>(), allow in any::<bool>()) {
        prop_assume!(!case.layers.is_empty());
        let before = case.decide().outcome;
        let mut stricter = case.clone();
        let key = *at.get(&stricter.layers.keys().copied().collect::<Vec<_>>());
        let star = if matches!(key.0, Layer::Resource | Layer::Trust | Layer::ResourceControl) { r#""Principal":"*","# } else { "" };
        let deny = format!(r#"{{"Effect":"Deny",{star}"Action":"*","Resource":"*"}}"#);
        let statements = stricter.layers.get_mut(&key).unwrap();
        statements.insert(if allow { 0 } else { statements.len() }, deny);
        let after = stricter.decide().outcome;
        prop_assert!(before == Outcome::Allow || after != Outcome::Allow);
    }

    #[test]
    fn an_allow_less_never_grants(case in case(), at in any::<prop::sample::Index>()) {
        let allows: Vec<_> = case.layers.iter()
            .flat_map(|(key, list)| list.iter().enumerate().map(move |(n, s)| (*key, n, s)))
            .filter(|(_, _, s)| s.contains(r#""Effect":"Allow""#))
            .map(|(key, n, _)| (key, n))
            .collect();
        prop_assume!(!allows.is_empty());
        let (key, n) = *at.get(&allows);
        let before = case.decide().outcome;
        let mut less = case.clone();
        less.layers.get_mut(&key).unwrap().remove(n);
        prop_assert!(before == Outcome::Allow || less.decide().outcome != Outcome::Allow);
    }

    #[test]
    fn what_is_missing_is_enough(case in case()) {
        let decision = case.decide();
        let mut mended = case.clone();
        for missing in decision.missing() {
            let Missing::Allow { layer, level, statement, .. } = missing else { return Ok(()) };
            // Levels are counted in the set; the case may lack the first.
            let level = mended.layers.keys().filter(|(l, _)| l == layer).nth(*level).map_or(0, |(_, level)| *level);
            mended.layers.entry((*layer, level)).or_default().push(statement.to_string());
        }
        let after = mended.decide();
        prop_assert_eq!(after.outcome, Outcome::Allow, "{}\n{}", decision.render(), after.render());
    }

    #[test]
    fn every_decision_survives_storage(case in case()) {
        let decision = case.decide();
        let stored = serde_json::to_string(&decision).unwrap();
        prop_assert_eq!(serde_json::from_str::<Decision>(&stored).unwrap(), decision.clone());
        prop_assert!(!decision.render().is_empty());
    }

    #[test]
    fn no_request_makes_it_panic(action in ".{0,20}", resource in ".{0,30}", key in "[a-z:/]{0,8}", value in ".{0,12}") {
        let (principal, context) = (user(), Context::from_iter([(key.as_str(), value.as_str()), ("aws:username", &value)]));
        let mut escaped = serde_json::to_string(&value).unwrap();
        escaped.retain(|c| c != '"' && c != '\\');
        let json = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:x:::{escaped}${{aws:username}}*",
            "Condition":{{"StringLike":{{"{key}":"{escaped}"}},"DateLessThan":{{"{key}":"2026"}},"IpAddress":{{"{key}":"::/0"}}}}}}}}"#);
        if let Ok(document) = Document::parse(&json) {
            let label = (*policy("p", r#"{"Effect":"Allow","Action":"*"}"#).label).clone();
            let set = PolicySet { identity: vec![Attached::new(label, document)], ..PolicySet::default() };
            let _ = allows(&Request::new(&principal, &action, &resource, &context), &set);
        }
    }
}
