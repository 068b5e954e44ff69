//! How long one decision takes, here and with `cedar-policy`, over the same policies in one run.
//!
//! Each statement becomes one Cedar policy: a list of actions (a wildcard is an action group), a
//! pattern for the resource, an equality of the context. Every case asks the same questions of
//! both and fails where they answer differently.

use std::hint::black_box;
use std::str::FromStr;
use std::time::{Duration, Instant};

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision, Entities, EntityUid, Policy, PolicyId,
    PolicySet as CedarSet, Request as CedarRequest,
};
use mastic_policy::{
    Attached, Context, Document, Label, Outcome, PolicyKind, PolicySet, Principal, Request, allows, decide,
};

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/u";
const MOST_SAMPLES: usize = 2_000;
const SAMPLE: Duration = Duration::from_micros(200);

/// A statement that both languages can say.
struct Statement {
    deny: bool,
    service: String,
    resource: String,
}

impl Statement {
    fn aws(&self) -> String {
        let Self { deny, service, resource } = self;
        let effect = if *deny { "Deny" } else { "Allow" };
        format!(
            r#"{{"Effect":"{effect}","Action":["{service}:GetTable","{service}:Describe*"],"Resource":"{resource}",
            "Condition":{{"StringEquals":{{"aws:PrincipalAccount":"{ACCOUNT}"}}}}}}"#
        )
    }

    fn cedar(&self, number: usize) -> Policy {
        let Self { deny, service, resource } = self;
        let effect = if *deny { "forbid" } else { "permit" };
        let text = format!(
            r#"{effect}(principal == User::"{USER}", action in [Action::"{service}:GetTable", Action::"{service}:Describe"],
            resource) when {{ context.resource like "{resource}" && context.account == "{ACCOUNT}" }};"#
        );
        Policy::parse(Some(PolicyId::new(format!("p{number}"))), text).expect("a Cedar policy")
    }
}

/// A question and the expected answer.
struct Question {
    action: &'static str,
    resource: String,
    allowed: bool,
}

struct Case {
    name: &'static str,
    statements: Vec<Statement>,
    questions: Vec<Question>,
}

/// Fifty policies of five statements, of one service or of five.
fn own(services: &[&str]) -> Vec<Statement> {
    let statement = |number: usize| {
        let service = services[number % services.len()].to_owned();
        let (policy, table) = (number / 5, number % 5);
        let resource = format!("arn:aws:{service}:eu-west-1:{ACCOUNT}:table/db{policy}/t{table}*");
        Statement { deny: false, service, resource }
    };
    (0..250).map(statement).collect()
}

fn noise(count: usize, service: impl Fn(usize) -> String) -> Vec<Statement> {
    let statement = |number: usize| {
        let service = service(number);
        let resource = format!("arn:aws:{service}:eu-west-1:{ACCOUNT}:table/noise{number}/t*");
        Statement { deny: number % 10 == 0, service, resource }
    };
    (0..count).map(statement).collect()
}

fn questions() -> Vec<Question> {
    let ask = |action, name: &str, allowed| Question {
        action,
        resource: format!("arn:aws:glue:eu-west-1:{ACCOUNT}:table/{name}"),
        allowed,
    };
    vec![
        ask("glue:GetTable", "db49/t0x", true),
        ask("glue:GetTable", "db0/t0", true),
        ask("glue:GetTable", "db50/t0", false),
        ask("glue:DeleteTable", "db49/t0", false),
    ]
}

fn cases() -> Vec<Case> {
    let case = |name, mut statements: Vec<Statement>, more: Vec<Statement>| {
        statements.extend(more);
        Case { name, statements, questions: questions() }
    };
    let five = ["glue", "athena", "sqs", "logs", "kms"];
    vec![
        case("50 policies x 5 statements, one service", own(&["glue"]), Vec::new()),
        case("50 policies x 5 statements, five services", own(&five), Vec::new()),
        case(
            "the same and 5,000 of other services",
            own(&five),
            noise(5_000, |n| format!("service{}", n % 200)),
        ),
        case("the same and 5,000 of this service", own(&five), noise(5_000, |_| "glue".to_owned())),
    ]
}

/// The median time that one question takes, in microseconds. Samples are so short that few of them
/// hold an interruption by other programs.
fn median(mut ask: impl FnMut(), questions: usize) -> f64 {
    let mut sample = |count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| ask());
        start.elapsed()
    };
    let mut count = 1;
    while sample(count) < SAMPLE {
        count *= 2;
    }
    let (start, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < MOST_SAMPLES && start.elapsed() < Duration::from_secs(3) {
        samples.push(sample(count));
    }
    samples.sort();
    samples[samples.len() / 2].as_secs_f64() * 1e6 / f64::from(count) / questions as f64
}

fn set(statements: &[Statement]) -> PolicySet {
    let policy = |statements: &[Statement]| {
        let list: Vec<String> = statements.iter().map(Statement::aws).collect();
        let json = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
        let label = Label {
            account: None,
            kind: PolicyKind::Inline,
            name: "p".into(),
            arn: None,
            attached_to: USER.into(),
        };
        Attached::new(label, Document::parse(&json).expect("a document"))
    };
    PolicySet { identity: statements.chunks(5).map(policy).collect(), ..PolicySet::default() }
}

/// The actions with the groups that stand for wildcards.
fn entities(statements: &[Statement]) -> Entities {
    let mut services: Vec<&str> = statements.iter().map(|s| s.service.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    let mut list = vec![format!(r#"{{"uid":{{"type":"User","id":"{USER}"}},"attrs":{{}},"parents":[]}}"#)];
    for service in services {
        for (name, parents) in [
            ("GetTable", String::new()),
            ("DeleteTable", String::new()),
            ("Describe", String::new()),
            ("DescribeTable", format!(r#"{{"type":"Action","id":"{service}:Describe"}}"#)),
        ] {
            list.push(format!(
                r#"{{"uid":{{"type":"Action","id":"{service}:{name}"}},"attrs":{{}},"parents":[{parents}]}}"#
            ));
        }
    }
    Entities::from_json_str(&format!("[{}]", list.join(",")), None).expect("entities")
}

fn measure(case: &Case) {
    let principal = Principal::User { arn: USER.parse().expect("an ARN") };
    let context = Context::of(&principal);
    let set = set(&case.statements);
    let requests: Vec<Request<'_>> =
        case.questions.iter().map(|q| Request::new(&principal, q.action, &q.resource, &context)).collect();

    let policies = case.statements.iter().enumerate().map(|(n, statement)| statement.cedar(n));
    let cedar_set = CedarSet::from_policies(policies).expect("a policy set");
    let entities = entities(&case.statements);
    let authorizer = Authorizer::new();
    let uid = |kind: &str, id: &str| EntityUid::from_str(&format!("{kind}::\"{id}\"")).expect("an entity");
    let cedar_requests: Vec<CedarRequest> = case
        .questions
        .iter()
        .map(|question| {
            let context = format!(r#"{{"resource":"{}","account":"{ACCOUNT}"}}"#, question.resource);
            let context = CedarContext::from_json_str(&context, None).expect("a context");
            let (user, action) = (uid("User", USER), uid("Action", question.action));
            CedarRequest::new(user, action, uid("Resource", "r"), context, None).expect("a request")
        })
        .collect();

    for ((question, request), cedar) in case.questions.iter().zip(&requests).zip(&cedar_requests) {
        assert_eq!(allows(request, &set) == Outcome::Allow, question.allowed, "{}", question.resource);
        let answer = authorizer.is_authorized(cedar, &cedar_set, &entities).decision();
        assert_eq!(answer == Decision::Allow, question.allowed, "Cedar: {}", question.resource);
    }
    let count = requests.len();
    let allows = median(|| requests.iter().for_each(|r| _ = black_box(allows(black_box(r), &set))), count);
    let decide = median(|| requests.iter().for_each(|r| _ = black_box(decide(black_box(r), &set))), count);
    let cedar = median(
        || {
            cedar_requests
                .iter()
                .for_each(|r| _ = black_box(authorizer.is_authorized(r, &cedar_set, &entities)))
        },
        count,
    );
    println!("{:<44} {allows:>9.2} {cedar:>9.2} {:>7.1}x {decide:>10.2}", case.name, cedar / allows);
}

fn main() {
    println!(
        "{:<44} {:>9} {:>9} {:>8} {:>10}",
        "microseconds for one decision", "Mastic", "Cedar", "ratio", "reasons"
    );
    for case in cases() {
        measure(&case);
    }
}
