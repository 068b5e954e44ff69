use std::time::Duration;

use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, failure, trust};

async fn report(house: &House, arn: &str, level: t::AccessAdvisorUsageGranularityType) -> String {
    let input = t::GenerateServiceLastAccessedDetailsRequest { arn: arn.into(), granularity: Some(level) };
    house.root::<op::GenerateServiceLastAccessedDetails>(input).await.unwrap().job_id.unwrap()
}

async fn services(house: &House, job: &str) -> Vec<t::ServiceLastAccessed> {
    let input = t::GetServiceLastAccessedDetailsRequest { job_id: job.into(), ..Default::default() };
    let told = house.root::<op::GetServiceLastAccessedDetails>(input).await.unwrap();
    assert_eq!(told.job_status, Some(t::JobStatusType::Completed));
    told.services_last_accessed
}

use t::AccessAdvisorUsageGranularityType::{ActionLevel, ServiceLevel};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

#[tokio::test]
async fn what_was_used_is_told_and_what_never_was() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","glue:GetTable"],"Resource":"*"}}"#;
    house.allow(&house.root, "alice", policy).await;
    assert!(house.allows(&alice, "s3:GetObject", "arn:aws:s3:::b/k"));
    house.clock.advance(Duration::from_secs(60));
    assert!(house.allows(&alice, "s3:PutObject", "arn:aws:s3:::b/k"));
    // Tries count, whether they succeed or not; but iam is no service that the policies give access to.
    assert!(!house.allows(&alice, "iam:ListUsers", "*"));

    let told = services(&house, &report(&house, ALICE, ActionLevel).await).await;
    let [glue, s3] = told.try_into().unwrap();
    assert_eq!((glue.service_name.as_str(), glue.last_authenticated), ("AWS Glue", None));
    assert_eq!(glue.total_authenticated_entities, Some(0));
    assert_eq!(s3.service_namespace, "s3");
    assert_eq!(s3.last_authenticated, Some(house.call_of(&alice).time));
    assert_eq!(s3.last_authenticated_entity.as_deref(), Some(ALICE));
    assert_eq!(s3.last_authenticated_region.as_deref(), Some("eu-central-1"));
    let actions = s3.tracked_actions_last_accessed.unwrap();
    let names: Vec<_> = actions.iter().filter_map(|action| action.action_name.as_deref()).collect();
    assert_eq!(names, ["GetObject", "PutObject"]);
    assert!(actions[0].last_accessed_time < actions[1].last_accessed_time);

    // It outlives the server; the report on services has no actions.
    house.iam.tend().await.unwrap();
    let next = House::over(house.store.clone()).await;
    let told = services(&next, &report(&next, ALICE, ServiceLevel).await).await;
    assert!(told[1].last_authenticated.is_some() && told[1].tracked_actions_last_accessed.is_none());
}

#[tokio::test]
async fn groups_and_policies_tell_who_used_them() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.user("bob").await;
    house
        .root::<op::CreateGroup>(t::CreateGroupRequest { group_name: "g".into(), path: None })
        .await
        .unwrap();
    for user in ["alice", "bob"] {
        let add = t::AddUserToGroupRequest { group_name: "g".into(), user_name: user.into() };
        house.root::<op::AddUserToGroup>(add).await.unwrap();
    }
    let policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let attach = t::AttachGroupPolicyRequest { group_name: "g".into(), policy_arn: policy.into() };
    house.root::<op::AttachGroupPolicy>(attach).await.unwrap();
    assert!(house.allows(&alice, "s3:GetObject", "arn:aws:s3:::b/k"));

    for arn in [format!("arn:aws:iam::{ACCOUNT}:group/g"), policy.to_owned()] {
        let job = report(&house, &arn, ServiceLevel).await;
        let told = services(&house, &job).await;
        let s3 = told.iter().find(|service| service.service_namespace == "s3").unwrap();
        assert_eq!(
            (s3.total_authenticated_entities, s3.last_authenticated_entity.as_deref()),
            (Some(1), Some(ALICE))
        );
        let input = |namespace: &str| t::GetServiceLastAccessedDetailsWithEntitiesRequest {
            job_id: job.clone(),
            service_namespace: namespace.into(),
            ..Default::default()
        };
        let told = house.root::<op::GetServiceLastAccessedDetailsWithEntities>(input("s3")).await.unwrap();
        let [first, second] = told.entity_details_list.try_into().unwrap();
        assert!(first.last_authenticated.is_some() && second.last_authenticated.is_none());
        assert_eq!(
            (first.entity_info.name.as_str(), first.entity_info.path.as_deref()),
            ("alice", Some("/"))
        );
        let other = house.root::<op::GetServiceLastAccessedDetailsWithEntities>(input("glue")).await;
        assert_eq!(failure(other).0, "NoSuchEntity");
    }
}

#[tokio::test]
async fn a_role_s_sessions_are_its_use() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("sts:AssumeRole", "*")).await;
    let role = house.role("r", &trust("AWS", ACCOUNT)).await;
    house.role_policy("r", &allow("glue:*", "*")).await;
    let session = house.assume(&alice, &role.arn).await.unwrap();
    assert!(house.allows(&session, "glue:GetTable", "*"));
    let told = services(&house, &report(&house, &role.arn, ServiceLevel).await).await;
    assert_eq!(told[0].last_authenticated_entity.as_deref(), Some(role.arn.as_str()));
    // A role made anew has not been used.
    let gone = t::DeleteRolePolicyRequest { role_name: "r".into(), policy_name: "p".into() };
    house.root::<op::DeleteRolePolicy>(gone).await.unwrap();
    house.root::<op::DeleteRole>(t::DeleteRoleRequest { role_name: "r".into() }).await.unwrap();
    house.role("r", &trust("AWS", ACCOUNT)).await;
    house.role_policy("r", &allow("glue:*", "*")).await;
    let told = services(&house, &report(&house, &role.arn, ServiceLevel).await).await;
    assert_eq!(told[0].last_authenticated, None);
}

#[tokio::test]
async fn policies_that_grant_a_service_are_named() {
    let house = House::new().await;
    house.user("alice").await;
    house.allow(&house.root, "alice", &allow("glue:GetTable", "*")).await;
    let attach = t::AttachUserPolicyRequest {
        user_name: "alice".into(),
        policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess".into(),
    };
    house.root::<op::AttachUserPolicy>(attach).await.unwrap();
    let input = t::ListPoliciesGrantingServiceAccessRequest {
        arn: ALICE.into(),
        service_namespaces: vec!["glue".into(), "s3".into()],
        marker: None,
    };
    let told = house.root::<op::ListPoliciesGrantingServiceAccess>(input).await.unwrap();
    let names = |entry: &t::ListPoliciesGrantingServiceAccessEntry| {
        entry.policies.iter().flatten().map(|policy| policy.policy_name.clone()).collect::<Vec<_>>()
    };
    let [glue, s3] = told.policies_granting_service_access.try_into().unwrap();
    assert_eq!(
        (names(&glue), names(&s3)),
        (vec!["AdministratorAccess".into(), "p".into()], vec!["AdministratorAccess".into()])
    );
    let own = &glue.policies.unwrap()[1];
    assert_eq!((own.policy_type, own.entity_name.as_deref()), (Some(t::PolicyType::Inline), Some("alice")));
}

#[tokio::test]
async fn reports_are_kept_for_a_week() {
    let house = House::new().await;
    house.user("alice").await;
    let job = report(&house, ALICE, ServiceLevel).await;
    house.clock.advance(Duration::from_secs(8 * 24 * 3600));
    let input = || t::GetServiceLastAccessedDetailsRequest { job_id: job.clone(), ..Default::default() };
    assert_eq!(failure(house.root::<op::GetServiceLastAccessedDetails>(input()).await).0, "NoSuchEntity");
    report(&house, ALICE, ServiceLevel).await;
    let arn = "arn:aws:iam::111122223333:mfa/phone".into();
    let wrong = t::GenerateServiceLastAccessedDetailsRequest { arn, granularity: None };
    let wrong = failure(house.root::<op::GenerateServiceLastAccessedDetails>(wrong).await);
    assert_eq!(wrong.0, "InvalidInput");
}
