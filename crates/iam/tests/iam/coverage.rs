//! What must hold for every operation, and those that no other file asks for.

use mastic_api_iam::iam::{self, op, types as t};
use mastic_api_iam::sts;
use mastic_api_mastic::mastic;
use mastic_shape::{Kind, Operation, Schema, Value};

use crate::house::{ACCOUNT, House, allow, failure, trust};

/// Those that AWS grants to everybody.
const FREE: [&str; 3] = ["GetCallerIdentity", "GetSessionToken", "SignIn"];

/// Those that are served where crawls and jobs are known.
const OF_JOBS: [&str; 5] =
    ["PlanCrawl", "DescribeJobBookmark", "ListJobBookmarkFiles", "PutJobBookmark", "PlanJobBookmark"];

/// An input with every required member.
fn sample(operation: &Operation) -> Value {
    match operation.name {
        // One of two that are optional.
        "Preflight" => Value::Map(vec![("JobName".into(), Value::Str("something".into()))]),
        _ => value_of("", operation.shapes.unwrap().0),
    }
}

fn value_of(name: &str, schema: &Schema) -> Value {
    match (name, &schema.kind) {
        ("PolicyArn" | "PermissionsBoundary", _) => {
            Value::Str("arn:aws:iam::aws:policy/IAMReadOnlyAccess".into())
        }
        ("RoleArn", _) => Value::Str(format!("arn:aws:iam::{ACCOUNT}:role/r")),
        ("PolicyDocument", _) => Value::Str(allow("s3:GetObject", "*")),
        ("AssumeRolePolicyDocument", _) => Value::Str(trust("AWS", ACCOUNT)),
        ("VersionId", _) => Value::Str("v1".into()),
        ("AccessKeyId", _) => Value::Str("AKIAIOSFODNN7EXAMPLE".into()),
        (_, Kind::Structure(members)) => {
            let required = members.iter().filter(|member| member.required);
            Value::Map(
                required.map(|member| (member.name.into(), value_of(member.name, member.schema))).collect(),
            )
        }
        (_, Kind::List { member, .. }) => Value::List(vec![value_of(name, member)]),
        (_, Kind::Boolean) => Value::Bool(true),
        (_, Kind::Integer(_) | Kind::Long(_)) => Value::Int(1),
        (_, Kind::Blob(_)) => Value::Blob(b"something".to_vec()),
        (_, Kind::String { values: [first, ..], .. }) => Value::Str((*first).into()),
        _ => Value::Str("something".into()),
    }
}

#[tokio::test]
async fn every_operation_is_served_and_denied_to_who_has_no_permission() {
    let house = House::new().await;
    let nobody = house.user("nobody").await;
    for service in [&iam::SERVICE, &sts::SERVICE, &mastic::SERVICE] {
        for operation in service.operations.iter().filter(|operation| operation.implemented()) {
            if OF_JOBS.contains(&operation.name) {
                continue;
            }
            assert!(house.registry.serves(service, operation), "{}", operation.name);
            // Whoever makes an unsigned call is nobody yet.
            if FREE.contains(&operation.name) || operation.unsigned {
                continue;
            }
            let call = house.call_of(&nobody);
            let answer =
                house.registry.serve(&house.kernel, service, operation, call, sample(operation)).await;
            let (code, _, text) = failure(answer);
            assert!(code.starts_with("AccessDenied"), "{}: {code}: {text}", operation.name);
            assert!(text.contains(operation.action), "{}: {text}", operation.name);
        }
    }
}

#[tokio::test]
async fn inline_policies_of_users_and_groups() {
    let house = House::new().await;
    house.user("alice").await;
    house.allow(&house.root, "alice", &allow("s3:*", "*")).await;
    let get = t::GetUserPolicyRequest { user_name: "alice".into(), policy_name: "p".into() };
    assert_eq!(house.root::<op::GetUserPolicy>(get).await.unwrap().policy_name, "p");
    let list = t::ListUserPoliciesRequest { user_name: "alice".into(), ..Default::default() };
    assert_eq!(house.root::<op::ListUserPolicies>(list).await.unwrap().policy_names, ["p"]);

    let group = || "g".to_owned();
    house.root::<op::CreateGroup>(t::CreateGroupRequest { group_name: group(), path: None }).await.unwrap();
    let put = |policy_document| t::PutGroupPolicyRequest {
        group_name: group(),
        policy_name: "q".into(),
        policy_document,
    };
    assert_eq!(
        failure(house.root::<op::PutGroupPolicy>(put("{}".into())).await).0,
        "MalformedPolicyDocument"
    );
    house.root::<op::PutGroupPolicy>(put(allow("s3:*", "*"))).await.unwrap();
    let get = t::GetGroupPolicyRequest { group_name: group(), policy_name: "q".into() };
    assert!(house.root::<op::GetGroupPolicy>(get).await.is_ok());
    let list = t::ListGroupPoliciesRequest { group_name: group(), ..Default::default() };
    assert_eq!(house.root::<op::ListGroupPolicies>(list).await.unwrap().policy_names, ["q"]);
    let delete = || t::DeleteGroupPolicyRequest { group_name: group(), policy_name: "q".into() };
    house.root::<op::DeleteGroupPolicy>(delete()).await.unwrap();
    let gone = failure(house.root::<op::DeleteGroupPolicy>(delete()).await);
    assert_eq!(gone.2, "The group policy with name q cannot be found.");
}

#[tokio::test]
async fn attached_policies_are_listed_in_the_order_in_which_they_came() {
    let house = House::new().await;
    house.user("alice").await;
    house.role("r", &trust("Service", "glue.amazonaws.com")).await;
    house
        .root::<op::CreateGroup>(t::CreateGroupRequest { group_name: "g".into(), path: None })
        .await
        .unwrap();
    let arn = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    for name in ["PowerUserAccess", "IAMReadOnlyAccess", "service-role/AWSGlueServiceRole"] {
        let user = t::AttachUserPolicyRequest { user_name: "alice".into(), policy_arn: arn(name) };
        house.root::<op::AttachUserPolicy>(user).await.unwrap();
        let role = t::AttachRolePolicyRequest { role_name: "r".into(), policy_arn: arn(name) };
        house.root::<op::AttachRolePolicy>(role).await.unwrap();
    }
    let names = |listed: Option<Vec<t::AttachedPolicy>>| {
        listed.unwrap().into_iter().filter_map(|policy| policy.policy_name).collect::<Vec<_>>()
    };
    let list = t::ListAttachedUserPoliciesRequest {
        user_name: "alice".into(),
        max_items: Some(2),
        ..Default::default()
    };
    let first = house.root::<op::ListAttachedUserPolicies>(list.clone()).await.unwrap();
    assert_eq!(names(first.attached_policies), ["PowerUserAccess", "IAMReadOnlyAccess"]);
    let rest = t::ListAttachedUserPoliciesRequest { marker: first.marker, ..list };
    let rest = house.root::<op::ListAttachedUserPolicies>(rest).await.unwrap();
    assert_eq!(
        (names(rest.attached_policies), rest.is_truncated),
        (vec!["AWSGlueServiceRole".into()], Some(false))
    );
    let list = t::ListAttachedRolePoliciesRequest {
        role_name: "r".into(),
        path_prefix: Some("/service-role/".into()),
        ..Default::default()
    };
    let listed = house.root::<op::ListAttachedRolePolicies>(list).await.unwrap();
    assert_eq!(names(listed.attached_policies), ["AWSGlueServiceRole"]);

    let attach = t::AttachGroupPolicyRequest { group_name: "g".into(), policy_arn: arn("PowerUserAccess") };
    house.root::<op::AttachGroupPolicy>(attach).await.unwrap();
    let detach =
        || t::DetachGroupPolicyRequest { group_name: "g".into(), policy_arn: arn("PowerUserAccess") };
    house.root::<op::DetachGroupPolicy>(detach()).await.unwrap();
    assert_eq!(failure(house.root::<op::DetachGroupPolicy>(detach()).await).0, "NoSuchEntity");
}

#[tokio::test]
async fn roles_are_listed_tagged_and_bounded() {
    let house = House::new().await;
    for name in ["b", "a", "c"] {
        house.role(name, &trust("Service", "glue.amazonaws.com")).await;
    }
    let list = t::ListRolesRequest { max_items: Some(2), ..Default::default() };
    let page = house.root::<op::ListRoles>(list).await.unwrap();
    assert_eq!(page.roles.iter().map(|role| role.role_name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let rest = t::ListRolesRequest { marker: page.marker, ..Default::default() };
    assert_eq!(house.root::<op::ListRoles>(rest).await.unwrap().roles.len(), 1);

    let tags = vec![t::Tag { key: "team".into(), value: "etl".into() }];
    house.root::<op::TagRole>(t::TagRoleRequest { role_name: "a".into(), tags: tags.clone() }).await.unwrap();
    let list = || t::ListRoleTagsRequest { role_name: "a".into(), ..Default::default() };
    assert_eq!(house.root::<op::ListRoleTags>(list()).await.unwrap().tags, tags);
    let untag = t::UntagRoleRequest { role_name: "a".into(), tag_keys: vec!["team".into()] };
    house.root::<op::UntagRole>(untag).await.unwrap();
    assert!(house.root::<op::ListRoleTags>(list()).await.unwrap().tags.is_empty());

    let boundary = "arn:aws:iam::aws:policy/PowerUserAccess".to_owned();
    let bounded = t::CreateRoleRequest {
        role_name: "d".into(),
        assume_role_policy_document: trust("Service", "glue.amazonaws.com"),
        permissions_boundary: Some(boundary.clone()),
        ..Default::default()
    };
    let made = house.root::<op::CreateRole>(bounded).await.unwrap().role;
    assert_eq!(made.permissions_boundary.unwrap().permissions_boundary_arn, Some(boundary));
    let delete = t::DeleteRolePermissionsBoundaryRequest { role_name: "d".into() };
    house.root::<op::DeleteRolePermissionsBoundary>(delete).await.unwrap();
    let get = t::GetRoleRequest { role_name: "d".into() };
    assert_eq!(house.root::<op::GetRole>(get).await.unwrap().role.permissions_boundary, None);
}
