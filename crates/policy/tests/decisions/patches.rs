//! What a patch grants: all that was refused, and nothing else.

use std::collections::BTreeMap;

use mastic_core::AccountId;
use mastic_policy::{
    Attached, Context, Decision, Document, Label, Layer, Outcome, PatchError, PolicyKind, PolicySet,
    Principal, Remedy, Request, decide,
};
use proptest::prelude::*;

use crate::properties::{Case, case};
use crate::support::*;

/// What is asked besides what the case asks: near it, and near what a careless patch would grant.
const ACTIONS: [&str; 6] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "glue:GetTable",
    "sts:AssumeRole",
    "sts:TagSession",
];
const RESOURCES: [&str; 8] = [
    "arn:aws:s3:::b/alice${x}*",
    "arn:aws:s3:::b/alice${x}zz",
    "arn:aws:s3:::b/alicezz",
    "arn:aws:s3:::b",
    "arn:aws:s3:::c/alice${x}*",
    "*",
    "arn:aws:iam::111122223333:role/T",
    "arn:aws:iam::111122223333:role/TT",
];

/// The documents of a case, by layer and place in it.
#[derive(Debug, Clone)]
struct Documents(BTreeMap<(Layer, usize), Vec<String>>);

impl Documents {
    fn of(case: &Case) -> Self {
        let mut all = BTreeMap::<(Layer, usize), Vec<String>>::new();
        for ((layer, _), statements) in &case.layers {
            let mut list = vec![r#"{"Effect":"Allow","Action":"x:y","Resource":"*"}"#.to_owned()];
            list.extend(statements.iter().cloned());
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
            let level = all.keys().filter(|(known, _)| known == layer).count();
            all.insert((*layer, level), vec![document]);
        }
        Self(all)
    }

    /// As the case's principal has them, or, with the layers of the caller from `other`, as somebody else.
    fn set(&self) -> PolicySet {
        let mut set = PolicySet::default();
        for ((layer, _), documents) in &self.0 {
            let attached: Vec<Attached> = documents.iter().map(|json| attached(*layer, json)).collect();
            let first = attached.first().cloned();
            match layer {
                Layer::Identity => set.identity.extend(attached),
                Layer::Boundary => set.boundary = first,
                Layer::Session => set.session.extend(attached),
                Layer::Resource => set.resource = first,
                Layer::Trust => set.trust = first,
                Layer::ServiceControl => set.service_control.push(attached),
                Layer::ResourceControl => set.resource_control.push(attached),
            }
        }
        set
    }

    fn patched(&self, remedy: &Remedy) -> Self {
        let mut after = self.clone();
        for patch in &remedy.patches {
            let documents = after.0.entry((patch.layer, patch.level)).or_default();
            if patch.layer == Layer::Identity {
                documents.push(patch.document(None).unwrap());
            } else {
                let existing = documents.first().cloned();
                let document = patch.document(existing.as_deref()).unwrap();
                // What is there stays, and a second time changes nothing.
                assert_eq!(patch.document(Some(&document)).unwrap(), document);
                *documents = vec![document];
            }
        }
        after
    }

    /// The resource's side of these, with the caller's side of `other`.
    fn for_another(&self, other: &Self) -> Self {
        let own = |layer: Layer| matches!(layer, Layer::Identity | Layer::Boundary | Layer::Session);
        let mut all = self.0.clone();
        all.retain(|(layer, _), _| !own(*layer));
        all.extend(other.0.iter().filter(|((layer, _), _)| own(*layer)).map(|(k, v)| (*k, v.clone())));
        Self(all)
    }
}

fn attached(layer: Layer, json: &str) -> Attached {
    let label = Label {
        account: Some(HOME.parse().unwrap()),
        kind: PolicyKind::Inline,
        name: layer.to_string(),
        arn: None,
        attached_to: format!("arn:of:{layer}"),
    };
    Attached::new(label, Document::parse(json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

fn ask(principal: &Principal, owner: &str, action: &str, resource: &str, set: &PolicySet) -> Decision {
    let context = Context::of(principal);
    let owner: AccountId = owner.parse().unwrap();
    decide(&Request::new(principal, action, resource, &context).owned_by(&owner), set)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn a_patch_grants_what_was_refused_and_nothing_else(
        case in case(),
        more in prop::collection::vec((prop::sample::select(&ACTIONS[..]), prop::sample::select(&RESOURCES[..])), 0..3),
    ) {
        let before = Documents::of(&case);
        let set = before.set();
        let mut asked = vec![(case.action, case.resource)];
        asked.extend(more);
        let decisions: Vec<Decision> =
            asked.iter().map(|(action, resource)| ask(&case.principal, case.owner, action, resource, &set)).collect();
        let remedy = Remedy::of(&decisions);
        prop_assert_eq!(remedy.is_empty(), decisions.iter().all(Decision::is_allowed));
        prop_assert_eq!(&Remedy::of(decisions.iter().rev().chain(&decisions)), &remedy);

        let after = before.patched(&remedy);
        let patched = after.set();
        for ((action, resource), decision) in asked.iter().zip(&decisions) {
            let outcome = ask(&case.principal, case.owner, action, resource, &patched).outcome;
            let wanted = if decision.outcome == Outcome::ExplicitDeny { Outcome::ExplicitDeny } else { Outcome::Allow };
            prop_assert_eq!(outcome, wanted, "{} on {}: {:?}", action, resource, remedy);
        }

        // The language of these policies names nobody, or has no word for the anonymous but everybody.
        let for_all = remedy.patches.iter().any(|p| matches!(p.layer, Layer::ServiceControl | Layer::ResourceControl))
            || case.principal == Principal::Anonymous;
        let others = after.for_another(&before).set();
        for principal in [root(HOME), root(OTHER), user(), session(), service("glue.amazonaws.com"), Principal::Anonymous] {
            let same = principal == case.principal;
            for action in ACTIONS {
                for resource in RESOURCES {
                    // What has no resource is granted on all, which is never asked of such an action.
                    let was_asked = asked.iter().any(|(a, r)| *a == action && (*r == resource || *r == "*"));
                    // A trust policy has no resource: the role is.
                    let of_role = patched.trust.is_some() && asked.iter().any(|(a, _)| *a == action);
                    if (was_asked || of_role) && (same || for_all) {
                        continue;
                    }
                    let was = ask(&principal, case.owner, action, resource, &set).outcome;
                    let now = ask(&principal, case.owner, action, resource, if same { &patched } else { &others }).outcome;
                    prop_assert_eq!(now, was, "{:?} {} {}: {:?}", principal, action, resource, remedy);
                }
            }
        }
    }
}

#[test]
fn pairs_are_merged_exactly() {
    let set = set(&[]);
    let principal = user();
    let decisions =
        [("s3:GetObject", "b/k"), ("s3:PutObject", "b/k"), ("s3:GetObject", "b/l"), ("s3:PutObject", "b/l")]
            .map(|(action, key)| ask(&principal, HOME, action, &format!("arn:aws:s3:::{key}"), &set));
    let all = Remedy::of(&decisions);
    assert_eq!(all.patches.len(), 1);
    assert_eq!(
        all.patches[0].document(None).unwrap(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::b/k","arn:aws:s3:::b/l"]}]}"#
    );
    // Three of the four are not a rectangle.
    let three = Remedy::of(&decisions[..3]);
    assert_eq!(three.patches[0].grants.len(), 2);
}

#[test]
fn documents_keep_what_they_have() {
    let denied = ask(&user(), OTHER, "s3:GetObject", "arn:aws:s3:::b/*", &set(&[('i', s3("Allow"))]));
    let remedy = Remedy::of([&denied]);
    let [patch] = remedy.patches.as_slice() else { panic!("{remedy:?}") };
    let grant = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${*}"}"#;
    let one = r#"{"Id":"i","Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Deny","NotPrincipal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}}"#;
    let wanted =
        one.replace(r#""Statement":"#, r#""Statement":["#).replace("}}}}", &format!("}}}}}},{grant}]}}"));
    assert_eq!(patch.document(Some(one)).unwrap(), wanted);
    // The wildcard can be written in the newer language only.
    let older = r#"{"Statement":[]}"#;
    assert!(patch.document(Some(older)).unwrap().starts_with(r#"{"Version":"2012-10-17","Statement":[{"#));
    let other = r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"x${y}"}]}"#;
    assert_eq!(patch.document(Some(other)), Err(PatchError::Version));
    assert_eq!(patch.document(Some("[]")), Err(PatchError::Document));
}

#[test]
fn commands_are_words_for_the_shell() {
    let quoted = "arn:aws:s3:::b/it's";
    let denied = ask(&user(), HOME, "s3:GetObject", quoted, &set(&[]));
    let remedy = Remedy::of([&denied]);
    let document = remedy.patches[0].document(None).unwrap();
    let command = remedy.patches[0].command(&document).unwrap();
    assert!(
        command.starts_with("aws iam put-user-policy --user-name alice --policy-name allow-"),
        "{command}"
    );
    assert!(command.ends_with(r#""Resource":"arn:aws:s3:::b/it'\''s"}]}'"#), "{command}");
}

#[test]
fn a_role_is_passed_to_the_service_only() {
    let (principal, mut context) = (user(), Context::of(&user()));
    context.set("iam:PassedToService", "glue.amazonaws.com");
    let request = Request::new(&principal, "iam:PassRole", ROLE, &context);
    let remedy = Remedy::of([&decide(&request, &PolicySet::default())]);
    assert!(
        remedy.patches[0]
            .document(None)
            .unwrap()
            .contains(r#""Condition":{"StringEquals":{"iam:PassedToService":"glue.amazonaws.com"}}"#)
    );
}
