use mastic_core::AccountId;
use mastic_policy::Layer::{
    self, Boundary, Identity, Resource, ResourceControl, ServiceControl, Session, Trust,
};
use mastic_policy::Outcome::{self, Allow, ExplicitDeny, ImplicitDeny};
use mastic_policy::{Context, Document, DocumentKind, Miss, Missing, Principal, Request};

use crate::support::*;

fn check(principal: &Principal, owner: &str, layers: &[(char, String)], want: Outcome, lacking: &[Layer]) {
    let decision = read(principal, owner, &set(layers));
    assert_eq!((decision.outcome, &*decision.lacking), (want, lacking), "{layers:#?}\n{}", decision.render());
}

fn no() -> String {
    r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#.into()
}

fn yes() -> String {
    s3("Allow")
}

#[test]
fn within_an_account_identity_or_resource_allows() {
    for principal in [user(), session(), federated()] {
        check(&principal, HOME, &[], ImplicitDeny, &[Identity]);
        check(&principal, HOME, &[('i', yes())], Allow, &[]);
        check(&principal, HOME, &[('i', no())], ImplicitDeny, &[Identity]);
        check(&principal, HOME, &[('i', no()), ('i', yes())], Allow, &[]);
        check(&principal, HOME, &[('r', s3_for("Allow", "\"*\""))], Allow, &[]);
        check(&principal, HOME, &[('i', yes()), ('r', s3_for("Allow", &aws(OTHER)))], Allow, &[]);
    }
}

#[test]
fn an_explicit_deny_anywhere_wins() {
    let allow =
        || vec![('i', yes()), ('b', yes()), ('s', yes()), ('c', yes()), ('R', s3_for("Allow", "\"*\""))];
    check(&session(), HOME, &allow(), Allow, &[]);
    for layer in ['i', 's', 'c'] {
        let mut layers = allow();
        layers.push((layer, s3("Deny")));
        let decision = read(&session(), HOME, &set(&layers));
        assert_eq!(decision.outcome, ExplicitDeny, "{layer}");
        assert_eq!(decision.denials().count(), 1);
        assert!(matches!(decision.missing(), [Missing::Deny { index: 0, .. }, ..]));
    }
    let mut layers = allow();
    layers.push(('r', s3_for("Deny", "\"*\"")));
    check(&session(), HOME, &layers, ExplicitDeny, &[]);
    layers.pop();
    layers.push(('b', format!("{},{}", yes(), s3("Deny"))));
    check(&session(), HOME, &layers, ExplicitDeny, &[]);
    layers.pop();
    layers.push(('R', s3_for("Deny", "\"*\"")));
    check(&session(), HOME, &layers, ExplicitDeny, &[ResourceControl]);
}

#[test]
fn boundary_session_and_organization_limit_the_identity() {
    check(&session(), HOME, &[('i', yes()), ('b', no())], ImplicitDeny, &[Boundary]);
    check(&session(), HOME, &[('i', yes()), ('s', no())], ImplicitDeny, &[Session]);
    check(&session(), HOME, &[('i', yes()), ('s', no()), ('s', yes())], Allow, &[]);
    check(&session(), HOME, &[('b', yes()), ('s', yes())], ImplicitDeny, &[Identity]);
    check(&session(), HOME, &[('b', no()), ('s', no())], ImplicitDeny, &[Identity, Boundary, Session]);
    check(&session(), HOME, &[('i', yes()), ('c', yes()), ('c', no())], ImplicitDeny, &[ServiceControl]);
    check(&session(), HOME, &[('i', yes()), ('R', s3_for("Allow", "\"*\""))], Allow, &[]);
    check(&session(), HOME, &[('i', yes()), ('R', yes())], ImplicitDeny, &[ResourceControl]);
    let mut empty_level = set(&[('i', yes())]);
    empty_level.service_control.push(Vec::new());
    assert_eq!(read(&session(), HOME, &empty_level).outcome, ImplicitDeny);
}

/// "Resource-based policies and implicit denies in other policy types (same account)".
#[test]
fn how_a_resource_policy_names_the_caller_decides_what_limits_it() {
    let r = |arn: &str| ('r', s3_for("Allow", &aws(arn)));
    let refusing = |first| vec![first, ('i', no()), ('b', no()), ('s', no())];

    check(&session(), HOME, &refusing(r(SESSION)), Allow, &[]);
    check(&session(), HOME, &refusing(r(ROLE)), ImplicitDeny, &[Boundary, Session]);
    check(&session(), HOME, &[r(ROLE), ('i', no())], Allow, &[]);
    check(&session(), HOME, &[r(ROLE), ('b', yes()), ('s', yes())], Allow, &[]);
    check(&user(), HOME, &refusing(r(USER)), Allow, &[]);
    check(&federated(), HOME, &refusing(r("arn:aws:sts::111122223333:federated-user/f")), Allow, &[]);
    check(&federated(), HOME, &refusing(r(USER)), ImplicitDeny, &[Boundary, Session]);
    check(&federated(), HOME, &[r(USER)], Allow, &[]);
    check(&session(), HOME, &refusing(('r', s3_for("Allow", "\"*\""))), Allow, &[]);

    for account in [HOME, "arn:aws:iam::111122223333:root"] {
        for principal in [user(), session()] {
            check(&principal, HOME, &[r(account)], ImplicitDeny, &[Identity]);
            check(&principal, HOME, &[r(account), ('i', yes())], Allow, &[]);
        }
        check(&root(HOME), HOME, &[r(account)], Allow, &[]);
    }
    check(&session(), HOME, &[r("arn:aws:iam::111122223333:role/R")], ImplicitDeny, &[Identity]);
    check(&session(), HOME, &[r("arn:aws:sts::111122223333:assumed-role/R/T")], ImplicitDeny, &[Identity]);
}

#[test]
fn across_accounts_both_sides_must_allow() {
    for name in ["\"*\"".to_owned(), aws(HOME), aws(ROLE), aws(SESSION)] {
        let theirs = ('r', s3_for("Allow", &name));
        check(&session(), OTHER, std::slice::from_ref(&theirs), ImplicitDeny, &[Identity]);
        check(&session(), OTHER, &[('i', yes()), theirs.clone()], Allow, &[]);
        check(&session(), OTHER, &[('i', yes()), ('b', no()), theirs.clone()], ImplicitDeny, &[Boundary]);
        check(&session(), OTHER, &[('i', yes()), ('s', no()), theirs], ImplicitDeny, &[Session]);
    }
    check(&session(), OTHER, &[('i', yes())], ImplicitDeny, &[Resource]);
    check(&session(), OTHER, &[], ImplicitDeny, &[Identity, Resource]);
    check(&session(), OTHER, &[('i', yes()), ('r', s3_for("Allow", &aws(OTHER)))], ImplicitDeny, &[Resource]);
    check(&root(HOME), OTHER, &[], ImplicitDeny, &[Resource]);
    check(&root(HOME), OTHER, &[('r', s3_for("Allow", &aws(HOME)))], Allow, &[]);
}

#[test]
fn the_owner_is_told_by_the_arn_where_nobody_says() {
    let (principal, context) = (user(), Context::new());
    let ask = |resource| {
        let identity = r#"{"Effect":"Allow","Action":"glue:*","Resource":"*"}"#;
        both(&Request::new(&principal, "glue:GetTable", resource, &context), &set(&[('i', identity.into())]))
            .outcome
    };
    assert_eq!(ask("arn:aws:glue:eu-west-1:111122223333:catalog"), Allow);
    assert_eq!(ask("arn:aws:glue:eu-west-1:444455556666:catalog"), ImplicitDeny);
    assert_eq!(ask("*"), Allow);
}

#[test]
fn the_root_user_may_do_all_in_its_account() {
    check(&root(HOME), HOME, &[], Allow, &[]);
    check(&root(HOME), HOME, &[('r', s3_for("Deny", "\"*\""))], ExplicitDeny, &[]);
    check(&root(HOME), HOME, &[('r', s3_for("Deny", &aws(HOME)))], ExplicitDeny, &[]);
    check(&root(HOME), HOME, &[('i', s3("Deny")), ('b', no())], Allow, &[]);
    check(&root(HOME), HOME, &[('c', no())], ImplicitDeny, &[ServiceControl]);
    check(&root(HOME), HOME, &[('c', format!("{},{}", yes(), s3("Deny")))], ExplicitDeny, &[]);
}

#[test]
fn services_and_strangers_need_the_resource_policy() {
    let glue = service("glue.amazonaws.com");
    check(&glue, HOME, &[('i', yes())], ImplicitDeny, &[Resource]);
    check(&glue, HOME, &[('r', s3_for("Allow", r#"{"Service":"glue.amazonaws.com"}"#))], Allow, &[]);
    check(
        &glue,
        HOME,
        &[('r', s3_for("Allow", r#"{"Service":"ec2.amazonaws.com"}"#))],
        ImplicitDeny,
        &[Resource],
    );
    check(&glue, HOME, &[('r', s3_for("Allow", "\"*\"")), ('c', no())], Allow, &[]);
    check(&Principal::Anonymous, HOME, &[], ImplicitDeny, &[Resource]);
    for star in ["\"*\"", r#"{"AWS":"*"}"#] {
        check(&Principal::Anonymous, HOME, &[('r', s3_for("Allow", star))], Allow, &[]);
    }
    check(&Principal::Anonymous, HOME, &[('r', s3_for("Allow", &aws(HOME)))], ImplicitDeny, &[Resource]);
    let stranger = Principal::Federated { provider: "accounts.google.com".into() };
    check(&stranger, HOME, &[('r', s3_for("Allow", r#"{"Federated":"accounts.google.com"}"#))], Allow, &[]);
}

#[test]
fn not_principal_exempts_who_is_listed_whole() {
    let deny = |list: &str| {
        let except = format!(
            r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":[{list}]}},"Action":"s3:*","Resource":"*"}}"#
        );
        vec![('i', yes()), ('r', except)]
    };
    let all = format!(r#""{HOME}","{ROLE}","{SESSION}""#);
    check(&session(), HOME, &deny(&all), Allow, &[]);
    check(&session(), HOME, &deny(&format!(r#""{HOME}","{ROLE}""#)), ExplicitDeny, &[]);
    check(&user(), HOME, &deny(&format!(r#""{HOME}","{USER}""#)), Allow, &[]);
    check(&user(), HOME, &deny(&all), ExplicitDeny, &[]);
    check(&root(HOME), HOME, &deny(&all), Allow, &[]);
    check(&Principal::Anonymous, HOME, &deny(&all), ExplicitDeny, &[Resource]);
    let allow =
        format!(r#"{{"Effect":"Allow","NotPrincipal":{{"AWS":"{HOME}"}},"Action":"*","Resource":"*"}}"#);
    check(&user(), HOME, &[('r', allow.clone())], ImplicitDeny, &[Identity]);
    check(&Principal::Anonymous, HOME, &[('r', allow)], Allow, &[]);
}

#[test]
fn unique_ids_and_canonical_users() {
    let ask = |principal: &Principal, id: &str, name: &str| {
        let context = Context::from_iter([("aws:userid", id)]);
        let owner: AccountId = OTHER.parse().unwrap();
        let mut request = Request::new(principal, "s3:GetObject", BUCKET, &context).owned_by(&owner);
        request.canonical_user = Some("79a59df9");
        both(&request, &set(&[('i', yes()), ('r', s3_for("Allow", name))])).outcome
    };
    assert_eq!(ask(&user(), "AIDACKCEVSQ6C2EXAMPLE", &aws("AIDACKCEVSQ6C2EXAMPLE")), Allow);
    assert_eq!(ask(&session(), "AROACKCEVSQ6C2EXAMPLE:S", &aws("AROACKCEVSQ6C2EXAMPLE")), Allow);
    assert_eq!(ask(&user(), "AIDACKCEVSQ6C2EXAMPLF", &aws("AIDACKCEVSQ6C2EXAMPLE")), ImplicitDeny);
    assert_eq!(ask(&user(), "x", r#"{"CanonicalUser":"79a59df9"}"#), Allow);
    assert_eq!(ask(&user(), "x", r#"{"CanonicalUser":"89a59df9"}"#), ImplicitDeny);
}

#[test]
fn assuming_a_role() {
    let target = |account: &str| format!("arn:aws:iam::{account}:role/T");
    let own = || r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#.to_owned();
    let trust = |principal: &str| {
        let json = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        let whole = format!(r#"{{"Version":"2012-10-17","Statement":{json}}}"#);
        Document::parse_as(&whole, DocumentKind::Trust).unwrap();
        ('t', json)
    };
    let check = |principal: &Principal, account: &str, layers: &[(char, String)], lacking: &[Layer]| {
        let context = Context::of(principal);
        let target = target(account);
        let decision = both(&Request::new(principal, "sts:AssumeRole", &target, &context), &set(layers));
        assert_eq!(decision.lacking, lacking, "{}", decision.render());
    };
    // In one account a trust policy that names the caller is enough, and none is not.
    check(&user(), HOME, &[trust(&aws(USER))], &[]);
    check(&session(), HOME, &[trust(&aws(ROLE))], &[]);
    check(&session(), HOME, &[trust(&aws(ROLE)), ('b', no())], &[Boundary]);
    check(&user(), HOME, &[trust(&aws(HOME))], &[Identity]);
    check(&user(), HOME, &[trust(&aws(HOME)), ('i', own())], &[]);
    check(&user(), HOME, &[trust(&aws(OTHER)), ('i', own())], &[Trust]);
    check(&user(), HOME, &[trust(&aws(OTHER))], &[Trust]);
    check(&session(), HOME, &[trust(&aws(OTHER)), ('b', no())], &[Trust, Boundary]);
    check(&root(HOME), HOME, &[trust(&aws(OTHER))], &[Trust]);
    check(&root(HOME), HOME, &[trust(&aws(HOME))], &[]);
    // Across accounts both have to say so.
    check(&user(), OTHER, &[trust(&aws(USER))], &[Identity]);
    check(&user(), OTHER, &[trust(&aws(HOME)), ('i', own())], &[]);
    check(&user(), OTHER, &[trust(&aws(OTHER))], &[Identity, Trust]);
    // Services and identity providers.
    let glue = service("glue.amazonaws.com");
    check(&glue, HOME, &[trust(r#"{"Service":["ec2.amazonaws.com","glue.amazonaws.com"]}"#)], &[]);
    check(&glue, HOME, &[trust(r#"{"Service":"ec2.amazonaws.com"}"#)], &[Trust]);
}

#[test]
fn elements_with_not() {
    let cases = [
        (r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, Allow),
        (r#"{"Effect":"Allow","NotAction":["iam:*","S3:get*"],"Resource":"*"}"#, ImplicitDeny),
        (r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::c/*"}"#, Allow),
        (r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/*"}"#, ImplicitDeny),
        // A variable without value fits nothing ("Policy variables with no value").
        (r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/${aws:SourceIdentity}"}"#, Allow),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:SourceIdentity}*"}"#,
            ImplicitDeny,
        ),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:SourceIdentity, 'k'}"}"#, Allow),
        (r#"{"Effect":"Allow","Action":"S3:GETOBJECT","Resource":"arn:aws:s3:::?/k"}"#, Allow),
        (r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::B/*"}"#, ImplicitDeny),
    ];
    for (statement, want) in cases {
        assert_eq!(read(&user(), HOME, &set(&[('i', statement.into())])).outcome, want, "{statement}");
    }
    let unresolved = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${aws:SourceIdentity}"}"#;
    check(&user(), HOME, &[('i', format!("{},{unresolved}", yes()))], ExplicitDeny, &[]);
}

#[test]
fn each_reason_names_the_first_part_that_failed() {
    let statements = [
        r#"{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"}"#,
        r#"{"Sid":"b","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::c"}"#,
        r#"{"Sid":"c","Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":["bob","eve"]}}}"#,
        r#"{"Sid":"d","Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
    ];
    let other = s3_for("Allow", &aws(OTHER));
    let decision = read(&user(), HOME, &set(&[('i', statements.join(",")), ('r', other)]));
    let reports: Vec<_> = decision.policies.iter().flat_map(|p| &p.statements).collect();
    let [from_resource, a, b, c, d] = &*reports else { panic!("{reports:?}") };
    assert_eq!(
        from_resource.miss,
        Some(Miss::Principal { wanted: vec![format!("AWS: {OTHER}")], except: false })
    );
    assert_eq!(a.miss, Some(Miss::Action));
    assert_eq!(b.miss, Some(Miss::Resource { wanted: vec!["arn:aws:s3:::c".into()], except: false }));
    let condition = Miss::Condition {
        operator: "StringEquals".into(),
        key: "aws:username".into(),
        wanted: vec!["bob".into(), "eve".into()],
        actual: vec!["alice".into()],
    };
    assert_eq!(c.miss, Some(condition));
    assert!(d.matched() && d.index == 3 && d.sid.as_deref() == Some("d"));
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<mastic_policy::Decision>(&text).unwrap(), decision);
}
