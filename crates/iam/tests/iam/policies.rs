use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, failure, is, trust};

fn create(name: &str) -> t::CreatePolicyRequest {
    t::CreatePolicyRequest {
        policy_name: name.into(),
        policy_document: allow("s3:GetObject", "*"),
        ..Default::default()
    }
}

async fn made(house: &House, name: &str) -> String {
    house.root::<op::CreatePolicy>(create(name)).await.unwrap().policy.unwrap().arn.unwrap()
}

fn version(arn: &str, action: &str, set_as_default: bool) -> t::CreatePolicyVersionRequest {
    t::CreatePolicyVersionRequest {
        policy_arn: arn.into(),
        policy_document: allow(action, "*"),
        set_as_default: Some(set_as_default),
    }
}

#[tokio::test]
async fn a_policy_has_up_to_five_versions() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let arn = made(&house, "p").await;
    let attach = t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn.clone() };
    house.root::<op::AttachUserPolicy>(attach).await.unwrap();
    assert!(house.allows(&alice, "s3:GetObject", "arn:aws:s3:::b/k"));

    let made = house.root::<op::CreatePolicyVersion>(version(&arn, "s3:PutObject", true)).await.unwrap();
    assert_eq!(made.policy_version.unwrap().version_id.as_deref(), Some("v2"));
    assert!(house.allows(&alice, "s3:PutObject", "arn:aws:s3:::b/k"));
    assert!(!house.allows(&alice, "s3:GetObject", "arn:aws:s3:::b/k"));
    for _ in 0..3 {
        house.root::<op::CreatePolicyVersion>(version(&arn, "s3:*", false)).await.unwrap();
    }
    let full = failure(house.root::<op::CreatePolicyVersion>(version(&arn, "s3:*", false)).await);
    assert!(full.0 == "LimitExceeded" && full.2.starts_with("A managed policy can have up to 5 versions."));

    let which = |id: &str| (arn.clone(), id.to_owned());
    let delete = |(policy_arn, version_id)| t::DeletePolicyVersionRequest { policy_arn, version_id };
    let text = "Cannot delete the default version of a policy.";
    is(house.root::<op::DeletePolicyVersion>(delete(which("v2"))).await, "DeleteConflict", 409, text);
    house.root::<op::DeletePolicyVersion>(delete(which("v5"))).await.unwrap();
    // A number is not given twice.
    let next = house.root::<op::CreatePolicyVersion>(version(&arn, "s3:*", false)).await.unwrap();
    assert_eq!(next.policy_version.unwrap().version_id.as_deref(), Some("v6"));
    let (policy_arn, version_id) = which("v1");
    house
        .root::<op::SetDefaultPolicyVersion>(t::SetDefaultPolicyVersionRequest { policy_arn, version_id })
        .await
        .unwrap();
    assert!(house.allows(&alice, "s3:GetObject", "arn:aws:s3:::b/k"));
    let list = t::ListPolicyVersionsRequest { policy_arn: arn.clone(), ..Default::default() };
    let versions = house.root::<op::ListPolicyVersions>(list).await.unwrap().versions.unwrap();
    let ids: Vec<_> = versions.iter().filter_map(|version| version.version_id.as_deref()).collect();
    assert_eq!(ids, ["v6", "v4", "v3", "v2", "v1"]);
    let (policy_arn, version_id) = which("v9");
    let missing =
        house.root::<op::GetPolicyVersion>(t::GetPolicyVersionRequest { policy_arn, version_id }).await;
    assert_eq!(failure(missing).0, "NoSuchEntity");
}

#[tokio::test]
async fn a_policy_in_use_stays() {
    let house = House::new().await;
    house.user("alice").await;
    let arn = made(&house, "p").await;
    let attach = || t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn.clone() };
    house.root::<op::AttachUserPolicy>(attach()).await.unwrap();
    house.root::<op::AttachUserPolicy>(attach()).await.unwrap();
    let get = || t::GetPolicyRequest { policy_arn: arn.clone() };
    let policy = house.root::<op::GetPolicy>(get()).await.unwrap().policy.unwrap();
    assert_eq!((policy.attachment_count, policy.default_version_id.as_deref()), (Some(1), Some("v1")));
    let delete = || t::DeletePolicyRequest { policy_arn: arn.clone() };
    let text = "Cannot delete a policy attached to entities.";
    is(house.root::<op::DeletePolicy>(delete()).await, "DeleteConflict", 409, text);
    let detach = t::DetachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn.clone() };
    house.root::<op::DetachUserPolicy>(detach).await.unwrap();
    house.root::<op::CreatePolicyVersion>(version(&arn, "s3:*", false)).await.unwrap();
    assert!(
        failure(house.root::<op::DeletePolicy>(delete()).await)
            .2
            .starts_with("This policy has more than one")
    );
    let (policy_arn, version_id) = (arn.clone(), "v2".to_owned());
    house
        .root::<op::DeletePolicyVersion>(t::DeletePolicyVersionRequest { policy_arn, version_id })
        .await
        .unwrap();
    house.root::<op::DeletePolicy>(delete()).await.unwrap();
    is(
        house.root::<op::GetPolicy>(get()).await,
        "NoSuchEntity",
        404,
        &format!("Policy {arn} was not found."),
    );
}

#[tokio::test]
async fn what_cannot_be_attached() {
    let house = House::new().await;
    house.user("alice").await;
    let attach = |arn: &str| t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn.into() };
    for arn in [
        "arn:aws:iam::111122223333:policy/none",
        "arn:aws:iam::aws:policy/None",
        "arn:aws:iam::444455556666:policy/p",
    ] {
        let text = format!("Policy {arn} does not exist or is not attachable.");
        is(house.root::<op::AttachUserPolicy>(attach(arn)).await, "NoSuchEntity", 404, &text);
    }
    let text = "ARN arn:aws:s3:::some-bucket-name is not valid.";
    is(
        house.root::<op::AttachUserPolicy>(attach("arn:aws:s3:::some-bucket-name")).await,
        "InvalidInput",
        400,
        text,
    );
    for n in 0..11 {
        let arn = made(&house, &format!("p{n}")).await;
        let attached = house.root::<op::AttachUserPolicy>(attach(&arn)).await;
        if n == 10 {
            is(attached, "LimitExceeded", 409, "Cannot exceed quota for PoliciesPerUser: 10");
        } else {
            attached.unwrap();
        }
    }
}

#[tokio::test]
async fn documents_are_checked() {
    let house = House::new().await;
    made(&house, "p").await;
    let again = failure(house.root::<op::CreatePolicy>(create("P")).await);
    assert_eq!(again.2, "A policy called P already exists. Duplicate names are not allowed.");
    let with = |document: &str| t::CreatePolicyRequest { policy_document: document.into(), ..create("q") };
    is(
        house.root::<op::CreatePolicy>(with(&allow("s3:GetObject", "bucket"))).await,
        "MalformedPolicyDocument",
        400,
        "Resource bucket must be in ARN format or \"*\".",
    );
    let big = allow("s3:GetObject", &format!("arn:aws:s3:::{}", "b".repeat(6100)));
    let spaced = allow("s3:GetObject", "*").replace(',', &format!(",{}", " ".repeat(7000)));
    is(
        house.root::<op::CreatePolicy>(with(&big)).await,
        "LimitExceeded",
        409,
        "Cannot exceed quota for PolicySize: 6144",
    );
    house.root::<op::CreatePolicy>(with(&spaced)).await.unwrap();
}

#[tokio::test]
async fn aws_s_own_policies_are_there_and_stay_as_they_are() {
    let house = House::new().await;
    let arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole";
    let policy = house.root::<op::GetPolicy>(t::GetPolicyRequest { policy_arn: arn.into() }).await.unwrap();
    let policy = policy.policy.unwrap();
    assert_eq!(policy.path.as_deref(), Some("/service-role/"));
    let version_id = policy.default_version_id.unwrap();
    let get = t::GetPolicyVersionRequest { policy_arn: arn.into(), version_id };
    let version = house.root::<op::GetPolicyVersion>(get).await.unwrap().policy_version.unwrap();
    assert!(version.document.unwrap().contains("glue%3A%2A"));
    let refused =
        failure(house.root::<op::DeletePolicy>(t::DeletePolicyRequest { policy_arn: arn.into() }).await);
    assert_eq!((refused.0.as_str(), refused.1), ("AccessDenied", 403));
}

#[tokio::test]
async fn listings_know_scope_use_and_path() {
    let house = House::new().await;
    house.user("alice").await;
    let arn = made(&house, "mine").await;
    let list = |input: t::ListPoliciesRequest| house.root::<op::ListPolicies>(input);
    let local = t::ListPoliciesRequest { scope: Some(t::PolicyScopeType::Local), ..Default::default() };
    assert_eq!(list(local).await.unwrap().policies.unwrap().len(), 1);
    let path = t::ListPoliciesRequest {
        path_prefix: Some("/service-role/".into()),
        max_items: Some(1000),
        ..Default::default()
    };
    let services = list(path).await.unwrap().policies.unwrap();
    assert!(services.iter().all(|policy| policy.path.as_deref() == Some("/service-role/")));
    assert!(services.iter().any(|policy| policy.policy_name.as_deref() == Some("AWSGlueServiceRole")));
    let attached = || t::ListPoliciesRequest { only_attached: Some(true), ..Default::default() };
    assert!(list(attached()).await.unwrap().policies.unwrap().is_empty());
    let attach = t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn };
    house.root::<op::AttachUserPolicy>(attach).await.unwrap();
    assert_eq!(list(attached()).await.unwrap().policies.unwrap().len(), 1);

    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = list(t::ListPoliciesRequest { max_items: Some(400), marker, ..Default::default() })
            .await
            .unwrap();
        names.extend(page.policies.unwrap().into_iter().filter_map(|policy| policy.policy_name));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names[0], "mine");
    let mut known = names.clone();
    known.dedup();
    assert!(names.len() > 1400 && known.len() == names.len());
}

#[tokio::test]
async fn a_policy_tells_who_uses_it() {
    let house = House::new().await;
    house.user("alice").await;
    house.role("r", &trust("Service", "glue.amazonaws.com")).await;
    house
        .root::<op::CreateGroup>(t::CreateGroupRequest { group_name: "g".into(), path: Some("/x/".into()) })
        .await
        .unwrap();
    let arn = made(&house, "p").await;
    let user = t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn.clone() };
    house.root::<op::AttachUserPolicy>(user).await.unwrap();
    let group = t::AttachGroupPolicyRequest { group_name: "g".into(), policy_arn: arn.clone() };
    house.root::<op::AttachGroupPolicy>(group).await.unwrap();
    let bound =
        t::PutRolePermissionsBoundaryRequest { role_name: "r".into(), permissions_boundary: arn.clone() };
    house.root::<op::PutRolePermissionsBoundary>(bound).await.unwrap();
    let ask = || t::ListEntitiesForPolicyRequest { policy_arn: arn.clone(), ..Default::default() };
    let count = |answer: t::ListEntitiesForPolicyResponse| {
        let lengths = (answer.policy_users, answer.policy_groups, answer.policy_roles);
        (lengths.0.unwrap().len(), lengths.1.unwrap().len(), lengths.2.unwrap().len())
    };
    assert_eq!(count(house.root::<op::ListEntitiesForPolicy>(ask()).await.unwrap()), (1, 1, 1));
    let roles = t::ListEntitiesForPolicyRequest { entity_filter: Some(t::EntityType::Role), ..ask() };
    assert_eq!(count(house.root::<op::ListEntitiesForPolicy>(roles).await.unwrap()), (0, 0, 1));
    let usage = Some(t::PolicyUsageType::PermissionsPolicy);
    let permissions = t::ListEntitiesForPolicyRequest { policy_usage_filter: usage, ..ask() };
    assert_eq!(count(house.root::<op::ListEntitiesForPolicy>(permissions).await.unwrap()), (1, 1, 0));
    let path = t::ListEntitiesForPolicyRequest { path_prefix: Some("/x/".into()), ..ask() };
    assert_eq!(count(house.root::<op::ListEntitiesForPolicy>(path).await.unwrap()), (0, 1, 0));
    let listed = t::ListAttachedGroupPoliciesRequest { group_name: "g".into(), ..Default::default() };
    let listed =
        house.root::<op::ListAttachedGroupPolicies>(listed).await.unwrap().attached_policies.unwrap();
    assert_eq!(listed[0].policy_name.as_deref(), Some("p"));
    let policy =
        house.root::<op::GetPolicy>(t::GetPolicyRequest { policy_arn: arn }).await.unwrap().policy.unwrap();
    assert_eq!((policy.attachment_count, policy.permissions_boundary_usage_count), (Some(2), Some(1)));
    assert_eq!(policy.arn.unwrap(), format!("arn:aws:iam::{ACCOUNT}:policy/p"));
}

#[tokio::test]
async fn tags_of_policies() {
    let house = House::new().await;
    let arn = made(&house, "p").await;
    let tags = vec![t::Tag { key: "a".into(), value: "1".into() }];
    house.root::<op::TagPolicy>(t::TagPolicyRequest { policy_arn: arn.clone(), tags }).await.unwrap();
    let list = || t::ListPolicyTagsRequest { policy_arn: arn.clone(), ..Default::default() };
    assert_eq!(house.root::<op::ListPolicyTags>(list()).await.unwrap().tags.len(), 1);
    let untag = t::UntagPolicyRequest { policy_arn: arn.clone(), tag_keys: vec!["a".into()] };
    house.root::<op::UntagPolicy>(untag).await.unwrap();
    assert!(house.root::<op::ListPolicyTags>(list()).await.unwrap().tags.is_empty());
}
