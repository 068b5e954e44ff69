//! Evaluations per second with 50 identity policies of 5 statements, the match in the last one.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and may fail")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mastic_policy::{
    Attached, Context, Document, Label, Outcome, PolicyKind, PolicySet, Principal, Request, allows, decide,
};

fn policy(number: usize) -> Attached {
    let statement = |n: usize| {
        format!(
            r#"{{"Effect":"Allow","Action":["glue:GetTable","glue:Get*"],
            "Resource":"arn:aws:glue:eu-west-1:111122223333:table/db{number}/t{n}*",
            "Condition":{{"StringEquals":{{"aws:PrincipalAccount":"111122223333"}}}}}}"#
        )
    };
    let statements: Vec<String> = (0..5).map(statement).collect();
    let json = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let label = Label {
        account: None,
        kind: PolicyKind::Inline,
        name: format!("p{number}"),
        arn: None,
        attached_to: "arn:aws:iam::111122223333:user/u".to_owned(),
    };
    Attached::new(label, Document::parse(&json).unwrap())
}

fn rate(name: &str, mut run: impl FnMut()) {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(2) {
        (0..100).for_each(|_| run());
        count += 100;
    }
    println!("{name}: {:.0} evaluations/s", f64::from(count) / start.elapsed().as_secs_f64());
}

fn main() {
    let principal = Principal::User { arn: "arn:aws:iam::111122223333:user/u".parse().unwrap() };
    let context = Context::of(&principal);
    let set = PolicySet { identity: (0..50).map(policy).collect(), ..PolicySet::default() };
    let resource = "arn:aws:glue:eu-west-1:111122223333:table/db49/t4";
    let request = Request::new(&principal, "glue:GetTable", resource, &context);
    assert_eq!(allows(&request, &set), Outcome::Allow);
    rate("allows", || {
        black_box(allows(black_box(&request), &set));
    });
    rate("decide", || {
        black_box(decide(black_box(&request), &set));
    });
}
