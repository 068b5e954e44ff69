//! Patterns of any text, as a resource and as values of conditions, against the naive evaluator.
#![no_main]

use std::str;

use libfuzzer_sys::fuzz_target;
use mastic_core::Arn;
use mastic_policy::{
    Attached, Context, Document, Label, Outcome, PolicyKind, PolicySet, Principal, Request, allows,
};
use serde_json::json;

#[allow(dead_code, reason = "this target brings its own cases")]
#[path = "../../crates/policy/tests/naive/mod.rs"]
mod naive;

const OPERATORS: [&str; 8] = [
    "StringLike",
    "StringEquals",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "ArnLike",
    "ArnNotEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:ArnLike",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let mut texts =
        bytes.splitn(3, |byte| *byte == b'\n').map(|part| str::from_utf8(part).unwrap_or_default());
    let (pattern, text, value) = (
        texts.next().unwrap_or_default(),
        texts.next().unwrap_or_default(),
        texts.next().unwrap_or_default(),
    );
    if let Ok(arn) = text.parse::<Arn>() {
        let parts = [arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource()];
        assert_eq!(format!("arn:{}", parts.join(":")), text);
    }
    let operator = OPERATORS[usize::from(choice) % OPERATORS.len()];
    let condition = json!({ operator: { "test:Key": pattern } });
    let of_resource = json!({ "Version": "2012-10-17", "Statement":
        { "Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:s3:::{pattern}") } });
    let of_condition = json!({ "Version": "2012-10-17", "Statement":
        { "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition } });
    let principal = Principal::User { arn: "arn:aws:iam::111122223333:user/u".parse().expect("an ARN") };
    let mut context = Context::from_iter([("v", value)]);
    context.set("test:key", text);
    let resource = format!("arn:aws:s3:::{text}");
    let request = Request::new(&principal, "s3:GetObject", &resource, &context);
    for json in [of_resource, of_condition] {
        let Ok(document) = Document::parse(&json.to_string()) else { continue };
        let label = Label {
            account: None,
            kind: PolicyKind::Inline,
            name: "p".into(),
            arn: None,
            attached_to: "x".into(),
        };
        let set = PolicySet { identity: vec![Attached::new(label, document)], ..PolicySet::default() };
        let documents = naive::Documents { identity: vec![json], ..naive::Documents::default() };
        let want = naive::answer(&documents, &request).outcome;
        assert_eq!(allows(&request, &set), want, "{documents:?} {request:?}");
        assert!(want != Outcome::ExplicitDeny);
    }
});
