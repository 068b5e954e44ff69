use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, OTHER, allow, failure, trust};

use t::PolicyEvaluationDecisionType as Decision;

fn custom(policies: &[&str], actions: &[&str]) -> t::SimulateCustomPolicyRequest {
    t::SimulateCustomPolicyRequest {
        policy_input_list: policies.iter().map(ToString::to_string).collect(),
        action_names: actions.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

fn of(arn: &str, actions: &[&str]) -> t::SimulatePrincipalPolicyRequest {
    t::SimulatePrincipalPolicyRequest {
        policy_source_arn: arn.into(),
        action_names: actions.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

fn entry(name: &str, kind: t::ContextKeyTypeEnum, value: &str) -> t::ContextEntry {
    t::ContextEntry {
        context_key_name: Some(name.into()),
        context_key_type: Some(kind),
        context_key_values: Some(vec![value.into()]),
    }
}

async fn results(house: &House, input: t::SimulateCustomPolicyRequest) -> Vec<t::EvaluationResult> {
    house.root::<op::SimulateCustomPolicy>(input).await.unwrap().evaluation_results.unwrap()
}

fn decisions(results: &[t::EvaluationResult]) -> Vec<Decision> {
    results.iter().map(|result| result.eval_decision.unwrap()).collect()
}

#[tokio::test]
async fn each_action_on_each_resource_is_decided() {
    let house = House::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::raw/*"},
{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}"#;
    let resources = Some(vec!["arn:aws:s3:::raw/a".into(), "arn:aws:s3:::other/a".into()]);
    let input = t::SimulateCustomPolicyRequest {
        resource_arns: resources,
        ..custom(&[policy], &["s3:GetObject", "s3:DeleteObject"])
    };
    let told = results(&house, input.clone()).await;
    assert_eq!(
        decisions(&told),
        [Decision::Allowed, Decision::ImplicitDeny, Decision::ExplicitDeny, Decision::ExplicitDeny]
    );
    let [allowed, none, denied, _] = told.try_into().unwrap();
    assert_eq!(
        (none.eval_resource_name.as_deref(), none.matched_statements),
        (Some("arn:aws:s3:::other/a"), Some(vec![]))
    );
    let [statement] = allowed.matched_statements.unwrap().try_into().unwrap();
    assert_eq!(statement.source_policy_id.as_deref(), Some("PolicyInputList.1"));
    let place = |position: Option<t::Position>| position.map(|p| (p.line.unwrap(), p.column.unwrap()));
    assert_eq!(place(statement.start_position), Some((1, 38)));
    // Of what an explicit deny decides, only the statements that deny are told.
    let [statement] = denied.matched_statements.unwrap().try_into().unwrap();
    assert_eq!(place(statement.end_position).unwrap().0, 2);
    assert_eq!(allowed.resource_specific_results.unwrap()[0].eval_resource_decision, Some(Decision::Allowed));

    let first = t::SimulateCustomPolicyRequest { max_items: Some(3), ..input };
    let page = house.root::<op::SimulateCustomPolicy>(first.clone()).await.unwrap();
    assert_eq!((page.evaluation_results.unwrap().len(), page.is_truncated), (3, Some(true)));
    let rest = t::SimulateCustomPolicyRequest { marker: page.marker, ..first };
    let rest = house.root::<op::SimulateCustomPolicy>(rest).await.unwrap();
    assert_eq!((rest.evaluation_results.unwrap().len(), rest.is_truncated), (1, Some(false)));
}

#[tokio::test]
async fn conditions_look_at_the_entries_and_tell_what_is_missing() {
    let house = House::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"NumericLessThan":{"s3:max-keys":"10"}}}}"#;
    let bare = results(&house, custom(&[policy], &["s3:ListBucket"])).await;
    assert_eq!(decisions(&bare), [Decision::ImplicitDeny]);
    let missing = Some(vec!["aws:SourceIp".into(), "s3:max-keys".into()]);
    assert_eq!(bare[0].missing_context_values, missing);
    let entries = vec![
        entry("aws:sourceip", t::ContextKeyTypeEnum::Ip, "203.0.113.7"),
        entry("s3:max-keys", t::ContextKeyTypeEnum::Numeric, "5"),
    ];
    let input = t::SimulateCustomPolicyRequest {
        context_entries: Some(entries),
        ..custom(&[policy], &["s3:ListBucket"])
    };
    let told = results(&house, input).await;
    assert_eq!(
        (decisions(&told), told[0].missing_context_values.clone()),
        (vec![Decision::Allowed], Some(vec![]))
    );

    let keys =
        t::GetContextKeysForCustomPolicyRequest { policy_input_list: vec![policy.into(), policy.into()] };
    let keys = house.root::<op::GetContextKeysForCustomPolicy>(keys).await.unwrap().context_key_names;
    assert_eq!(keys, Some(vec!["aws:SourceIp".into(), "s3:max-keys".into()]));
}

#[tokio::test]
async fn a_principal_s_own_policies_are_simulated() {
    let house = House::new().await;
    house.user("alice").await;
    house.allow(&house.root, "alice", &allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*")).await;
    house
        .root::<op::CreateGroup>(t::CreateGroupRequest { group_name: "g".into(), path: None })
        .await
        .unwrap();
    let attach = t::AttachGroupPolicyRequest {
        group_name: "g".into(),
        policy_arn: "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole".into(),
    };
    house.root::<op::AttachGroupPolicy>(attach).await.unwrap();
    let add = t::AddUserToGroupRequest { group_name: "g".into(), user_name: "alice".into() };
    house.root::<op::AddUserToGroup>(add).await.unwrap();
    let alice = format!("arn:aws:iam::{ACCOUNT}:user/alice");

    let ask = |input| house.root::<op::SimulatePrincipalPolicy>(input);
    let resources = Some(vec!["arn:aws:s3:::home/alice/a".into()]);
    let told =
        ask(t::SimulatePrincipalPolicyRequest { resource_arns: resources, ..of(&alice, &["s3:GetObject"]) });
    let told = told.await.unwrap().evaluation_results.unwrap();
    let statement = &told[0].matched_statements.as_ref().unwrap()[0];
    assert_eq!(statement.source_policy_id.as_deref(), Some("user_alice_p"));
    assert_eq!(statement.source_policy_type, Some(t::PolicySourceType::User));

    for source in [alice.clone(), format!("arn:aws:iam::{ACCOUNT}:group/g")] {
        let told = ask(of(&source, &["glue:GetTable"])).await.unwrap().evaluation_results.unwrap();
        let statement = &told[0].matched_statements.as_ref().unwrap()[0];
        assert_eq!(statement.source_policy_id.as_deref(), Some("AWSGlueServiceRole"));
        assert_eq!(statement.source_policy_type, Some(t::PolicySourceType::AwsManaged));
        assert_eq!(told[0].eval_decision_details, None);
    }
    let keys = t::GetContextKeysForPrincipalPolicyRequest {
        policy_source_arn: alice.clone(),
        policy_input_list: None,
    };
    let keys =
        house.root::<op::GetContextKeysForPrincipalPolicy>(keys).await.unwrap().context_key_names.unwrap();
    assert!(keys.contains(&"aws:username".into()), "{keys:?}");

    // A boundary given here stands in for the user's own.
    let bounded = t::SimulatePrincipalPolicyRequest {
        permissions_boundary_policy_input_list: Some(vec![allow("s3:*", "*")]),
        ..of(&alice, &["glue:GetTable"])
    };
    let told = ask(bounded).await.unwrap().evaluation_results.unwrap();
    assert_eq!(decisions(&told), [Decision::ImplicitDeny]);
    let detail = told[0].permissions_boundary_decision_detail.as_ref().unwrap();
    assert_eq!(detail.allowed_by_permissions_boundary, Some(false));
}

#[tokio::test]
async fn another_account_s_resource_needs_both_sides() {
    let house = House::new().await;
    house.user("alice").await;
    house.allow(&house.root, "alice", &allow("s3:GetObject", "*")).await;
    let alice = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let with = |policy: Option<String>| t::SimulatePrincipalPolicyRequest {
        resource_arns: Some(vec!["arn:aws:s3:::theirs/a".into()]),
        resource_owner: Some(format!("arn:aws:iam::{OTHER}:root")),
        resource_policy: policy,
        ..of(&alice, &["s3:GetObject"])
    };
    let told =
        house.root::<op::SimulatePrincipalPolicy>(with(None)).await.unwrap().evaluation_results.unwrap();
    let details = told[0].eval_decision_details.as_ref().unwrap();
    assert_eq!(decisions(&told), [Decision::ImplicitDeny]);
    assert_eq!(
        (details["IAM Policy"], details["Resource Policy"]),
        (Decision::Allowed, Decision::ImplicitDeny)
    );
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{alice}"}},"Action":"s3:GetObject","Resource":"*"}}}}"#
    );
    let told = house.root::<op::SimulatePrincipalPolicy>(with(Some(policy))).await.unwrap();
    let told = told.evaluation_results.unwrap();
    assert_eq!(decisions(&told), [Decision::Allowed]);
    let sources: Vec<_> =
        told[0].matched_statements.iter().flatten().map(|s| s.source_policy_type.unwrap()).collect();
    assert!(sources.contains(&t::PolicySourceType::Resource) && sources.contains(&t::PolicySourceType::User));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let house = House::new().await;
    let role = house.role("r", &trust("Service", "glue.amazonaws.com")).await;
    let policy = allow("s3:*", "*");
    let wrong = [
        custom(&[&policy], &["s3:*"]),
        custom(&["{}"], &["s3:GetObject"]),
        t::SimulateCustomPolicyRequest {
            resource_arns: Some(vec!["bucket".into()]),
            ..custom(&[&policy], &["s3:GetObject"])
        },
        t::SimulateCustomPolicyRequest {
            resource_handling_option: Some("EC2-VPC-EBS".into()),
            ..custom(&[&policy], &["s3:GetObject"])
        },
        t::SimulateCustomPolicyRequest {
            resource_policy: Some(policy.clone()),
            ..custom(&[&policy], &["s3:GetObject"])
        },
        t::SimulateCustomPolicyRequest {
            caller_arn: Some(role.arn.clone()),
            ..custom(&[&policy], &["s3:GetObject"])
        },
        t::SimulateCustomPolicyRequest {
            permissions_boundary_policy_input_list: Some(vec![policy.clone(), policy.clone()]),
            ..custom(&[&policy], &["s3:GetObject"])
        },
    ];
    for input in wrong {
        assert_eq!(failure(house.root::<op::SimulateCustomPolicy>(input).await).0, "InvalidInput");
    }
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/r/s");
    let refused = failure(house.root::<op::SimulatePrincipalPolicy>(of(&session, &["s3:GetObject"])).await);
    assert_eq!(
        (refused.0.as_str(), refused.2),
        (
            "InvalidInput",
            format!("Invalid Entity Arn: {session} does not clearly define entity type and name.")
        )
    );
    let nobody = format!("arn:aws:iam::{ACCOUNT}:role/nobody");
    let refused = failure(house.root::<op::SimulatePrincipalPolicy>(of(&nobody, &["s3:GetObject"])).await);
    assert_eq!(refused.2, "The role with name nobody cannot be found.");
    assert!(house.root::<op::SimulatePrincipalPolicy>(of(&role.arn, &["s3:GetObject"])).await.is_ok());
}
