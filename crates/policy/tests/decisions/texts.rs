use std::sync::Arc;

use mastic_policy::{Context, Label, Missing, PolicySet, Principal, Request};

use crate::support::*;

fn text(principal: &Principal, owner: &str, layers: &[(char, String)]) -> String {
    let context = Context::of(principal);
    let owner = owner.parse().unwrap();
    let request = Request::new(principal, "s3:GetObject", BUCKET, &context).owned_by(&owner);
    both(&request, &set(layers)).denial_text(&request)
}

#[test]
fn one_text_for_each_layer() {
    let yes = || s3("Allow");
    let no = || r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#.to_owned();
    let deny = || s3("Deny");
    let start = format!("User: {SESSION} is not authorized to perform: s3:GetObject on resource: {BUCKET} ");
    let because = |layer: &str| format!("{start}because no {layer} allows the s3:GetObject action");
    let explicit = |layer: &str| format!("{start}with an explicit deny in {layer}");
    for (owner, layers, want) in [
        (HOME, vec![], because("identity-based policy")),
        (OTHER, vec![], because("identity-based policy")),
        (OTHER, vec![('i', yes())], because("resource-based policy")),
        (HOME, vec![('i', yes()), ('b', no())], because("permissions boundary")),
        (HOME, vec![('i', yes()), ('s', no())], because("session policy")),
        (HOME, vec![('c', no())], because("service control policy")),
        (HOME, vec![('i', yes()), ('R', no())], because("resource control policy")),
        (HOME, vec![('i', deny())], explicit("an identity-based policy")),
        (HOME, vec![('r', s3_for("Deny", "\"*\""))], explicit("a resource-based policy")),
        (HOME, vec![('b', deny())], explicit("a permissions boundary")),
        (HOME, vec![('s', deny())], explicit("a session policy")),
        (HOME, vec![('c', deny()), ('i', deny())], explicit("a service control policy")),
        (HOME, vec![('R', s3_for("Deny", "\"*\""))], explicit("a resource control policy")),
    ] {
        assert_eq!(text(&session(), owner, &layers), want);
    }
    assert_eq!(
        text(&Principal::Anonymous, HOME, &[]),
        "User: anonymous is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k \
         because no resource-based policy allows the s3:GetObject action"
    );
    assert!(
        text(&service("glue.amazonaws.com"), HOME, &[])
            .starts_with("Service Principal: glue.amazonaws.com is")
    );
}

/// "Enhanced access denied error messages with policy ARNs" (AWS Security Blog).
#[test]
fn an_explicit_deny_ends_with_the_policy_s_arn() {
    const ARN: &str = "arn:aws:iam::111122223333:policy/P";
    const SCP: &str = "arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-1";
    let named = |statements: String, arn: Option<&str>| {
        let mut policy = policy("p", &statements);
        let label = Label { arn: arn.map(str::to_owned), ..(*policy.label).clone() };
        policy.label = Arc::new(label);
        policy
    };
    let deny = |arn| named(s3("Deny"), arn);
    let everybody = |arn| named(s3_for("Deny", "\"*\""), arn);
    let empty = PolicySet::default;
    let identity = |arn| PolicySet { identity: vec![deny(arn)], ..empty() };
    let same = [("aws:PrincipalOrgID", "o-1"), ("aws:ResourceOrgID", "o-1")];
    let other = [("aws:PrincipalOrgID", "o-1"), ("aws:ResourceOrgID", "o-2")];
    for (set, owner, organization, end) in [
        (identity(Some(ARN)), HOME, None, format!("an identity-based policy: {ARN}")),
        (identity(None), HOME, None, "an identity-based policy".to_owned()),
        (identity(Some(ARN)), OTHER, None, "an identity-based policy".to_owned()),
        (identity(Some(ARN)), OTHER, Some(other), "an identity-based policy".to_owned()),
        (identity(Some(ARN)), OTHER, Some(same), format!("an identity-based policy: {ARN}")),
        (
            PolicySet { boundary: Some(deny(Some(ARN))), ..empty() },
            HOME,
            None,
            format!("a permissions boundary: {ARN}"),
        ),
        (
            PolicySet { session: vec![deny(Some(ARN))], ..empty() },
            HOME,
            None,
            format!("a session policy: {ARN}"),
        ),
        (
            PolicySet {
                service_control: vec![vec![deny(Some(SCP))]],
                identity: vec![deny(Some(ARN))],
                ..empty()
            },
            HOME,
            None,
            format!("a service control policy: {SCP}"),
        ),
        (
            PolicySet { resource_control: vec![vec![everybody(Some(SCP))]], ..empty() },
            HOME,
            None,
            format!("a resource control policy: {SCP}"),
        ),
        (
            PolicySet { resource: Some(everybody(None)), ..empty() },
            HOME,
            None,
            "a resource-based policy".to_owned(),
        ),
    ] {
        let principal = session();
        let mut context = Context::of(&principal);
        for (key, value) in organization.into_iter().flatten() {
            context.set(key, value);
        }
        let owner = owner.parse().unwrap();
        let request = Request::new(&principal, "s3:GetObject", BUCKET, &context).owned_by(&owner);
        let text = both(&request, &set).denial_text(&request);
        assert!(text.ends_with(&format!(" with an explicit deny in {end}")), "{text}");
    }
}

#[test]
fn an_action_without_resources_is_denied_without_one() {
    let (principal, context) = (user(), Context::new());
    let request = Request::new(&principal, "glue:CreateCrawler", "*", &context);
    let decision = both(&request, &set(&[]));
    let rest = "is not authorized to perform: glue:CreateCrawler because no identity-based policy allows the \
                glue:CreateCrawler action";
    assert_eq!(decision.denial_text(&request), format!("User: {USER} {rest}"));
    let service = "Service Principal: glue.amazonaws.com";
    assert_eq!(decision.denial_text_for(service), format!("{service} {rest}"));
}

#[test]
fn trust_policies_have_their_own_words() {
    let (principal, context) = (user(), Context::new());
    let request = Request::new(&principal, "sts:AssumeRole", "arn:aws:iam::111122223333:role/T", &context);
    let trust = |effect| {
        let json = format!(r#"{{"Effect":"{effect}","Principal":{{"AWS":"{USER}"}},"Action":"sts:*"}}"#);
        both(&request, &set(&[('t', json)])).denial_text(&request)
    };
    assert!(trust("Deny").ends_with(" with an explicit deny in the role trust policy"));
    let other = r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}"#;
    let decision = both(&request, &set(&[('t', other.into())]));
    let end = " because no role trust policy allows the sts:AssumeRole action";
    assert!(decision.denial_text(&request).ends_with(end));
    let [Missing::Allow { statement, attached_to, policy: Some(_), .. }] = decision.missing() else {
        panic!()
    };
    assert_eq!(attached_to, "arn:of:trust");
    assert_eq!(
        statement.to_string(),
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"sts:AssumeRole"}"#
    );
}

#[test]
fn the_explanation_reads_well() {
    let near = r#"{"Sid":"OnlyFromOffice","Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}"#;
    let decision = read(&session(), OTHER, &set(&[('i', near.into()), ('r', s3_for("Allow", &aws(OTHER)))]));
    let want = r#"DENIED  s3:GetObject on arn:aws:s3:::b/k
  why   No policy of role R (account 111122223333) allows it.
        The resource policy of arn:of:resource (account 444455556666) does not allow it.
        The resource is another account's: both accounts have to allow it.
  close statement 1 of resource policy of arn:of:resource is for AWS: 444455556666
        statement 1 `OnlyFromOffice` of inline policy `identity` of arn:of:identity has a condition: IpAddress aws:SourceIp wanted 203.0.113.0/24, there is none

by arn:aws:sts::111122223333:assumed-role/R/S

To allow it, add

  1. to the resource policy of arn:of:resource, account 444455556666:

    {
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:role/etl/R" },
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::b/k"
    }

    You may not read what is in the policy: its owner adds this to it.

  2. to a new inline policy of role R, account 111122223333:

    aws iam put-role-policy --role-name R --policy-name allow-d98bdbd6ab03 --policy-document '{
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::b/k"
        }
      ]
    }'

Policies considered:
  resource policy of arn:of:resource, account 111122223333: statement 1 about the action, but not this request
  inline policy `identity` of arn:of:identity, account 111122223333: statement 1 `OnlyFromOffice` about the action, but not this request
"#;
    assert_eq!(decision.render(), want);
    let denied = read(&session(), HOME, &set(&[('i', format!("{},{}", s3("Allow"), s3("Deny")))])).render();
    assert!(
        denied.contains("Statement 2 of inline policy `identity` of arn:of:identity forbids it."),
        "{denied}"
    );
    assert!(
        denied.contains(
            "No statement outweighs a deny: statement 2 of inline policy `identity` of arn:of:identity has to go"
        ),
        "{denied}"
    );
    let allowed = read(&root(HOME), HOME, &set(&[])).render();
    assert!(allowed.starts_with("ALLOWED") && allowed.contains("The root user may do everything"));
}
