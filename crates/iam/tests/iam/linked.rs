use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, failure, is, trust};

fn create(service: &str, suffix: Option<&str>) -> t::CreateServiceLinkedRoleRequest {
    t::CreateServiceLinkedRoleRequest {
        aws_service_name: service.into(),
        description: None,
        custom_suffix: suffix.map(Into::into),
    }
}

const ROLE: &str = "AWSServiceRoleForECS";
const PROTECTED: &str = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS";

#[tokio::test]
async fn a_role_comes_with_its_service_s_name_path_trust_and_policy() {
    let house = House::new().await;
    let made = house.root::<op::CreateServiceLinkedRole>(create("ecs.amazonaws.com", None)).await.unwrap();
    let role = made.role.unwrap();
    assert_eq!(role.arn, format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/{ROLE}"));
    assert!(role.assume_role_policy_document.unwrap().contains("ecs.amazonaws.com"));
    let list = t::ListAttachedRolePoliciesRequest { role_name: ROLE.into(), ..Default::default() };
    let attached = house.root::<op::ListAttachedRolePolicies>(list).await.unwrap().attached_policies.unwrap();
    assert_eq!(attached[0].policy_name.as_deref(), Some("AmazonECSServiceRolePolicy"));
    is(
        house.root::<op::CreateServiceLinkedRole>(create("ecs.amazonaws.com", None)).await,
        "InvalidInput",
        400,
        "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.",
    );
    is(
        house.root::<op::CreateServiceLinkedRole>(create("es.amazonaws.com", Some("x"))).await,
        "InvalidInput",
        400,
        "Custom suffix is not allowed for es.amazonaws.com",
    );
    let scaling = create("autoscaling.amazonaws.com", Some("web"));
    let scaling = house.root::<op::CreateServiceLinkedRole>(scaling).await.unwrap().role.unwrap();
    assert_eq!(scaling.role_name, "AWSServiceRoleForAutoScaling_web");
    assert_eq!(
        failure(house.root::<op::CreateServiceLinkedRole>(create("nothing.amazonaws.com", None)).await).0,
        "InvalidInput"
    );
}

#[tokio::test]
async fn only_its_service_may_change_it() {
    let house = House::new().await;
    house.root::<op::CreateServiceLinkedRole>(create("ecs.amazonaws.com", None)).await.unwrap();
    let name = || ROLE.to_owned();
    let policy = || "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    let attach = t::AttachRolePolicyRequest { role_name: name(), policy_arn: policy() };
    is(house.root::<op::AttachRolePolicy>(attach).await, "UnmodifiableEntity", 400, PROTECTED);
    let put = t::PutRolePolicyRequest {
        role_name: name(),
        policy_name: "p".into(),
        policy_document: allow("s3:*", "*"),
    };
    is(house.root::<op::PutRolePolicy>(put).await, "UnmodifiableEntity", 400, PROTECTED);
    let document = trust("Service", "glue.amazonaws.com");
    let update = t::UpdateAssumeRolePolicyRequest { role_name: name(), policy_document: document.clone() };
    is(house.root::<op::UpdateAssumeRolePolicy>(update).await, "UnmodifiableEntity", 400, PROTECTED);
    let bound = t::PutRolePermissionsBoundaryRequest { role_name: name(), permissions_boundary: policy() };
    is(house.root::<op::PutRolePermissionsBoundary>(bound).await, "UnmodifiableEntity", 400, PROTECTED);
    let delete = t::DeleteRoleRequest { role_name: name() };
    is(house.root::<op::DeleteRole>(delete).await, "UnmodifiableEntity", 400, PROTECTED);
    // What it is called for may be said in the account's own words.
    let describe = t::UpdateRoleDescriptionRequest { role_name: name(), description: "ours".into() };
    house.root::<op::UpdateRoleDescription>(describe).await.unwrap();

    house.role("mine", &document).await;
    let attach = t::AttachRolePolicyRequest {
        role_name: "mine".into(),
        policy_arn: "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy".into(),
    };
    is(
        house.root::<op::AttachRolePolicy>(attach).await,
        "PolicyNotAttachable",
        400,
        "Cannot attach a Service Role Policy to a Customer Role.",
    );
    let posing = t::CreateRoleRequest {
        role_name: "posing".into(),
        path: Some("/aws-service-role/ecs.amazonaws.com/".into()),
        assume_role_policy_document: document,
        ..Default::default()
    };
    assert_eq!(failure(house.root::<op::CreateRole>(posing).await).0, "InvalidInput");
}

#[tokio::test]
async fn it_is_deleted_by_a_task() {
    let house = House::new().await;
    house.root::<op::CreateServiceLinkedRole>(create("ecs.amazonaws.com", None)).await.unwrap();
    let delete = |name: &str| t::DeleteServiceLinkedRoleRequest { role_name: name.into() };
    let task = house.root::<op::DeleteServiceLinkedRole>(delete(ROLE)).await.unwrap().deletion_task_id;
    assert!(task.starts_with("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"), "{task}");
    let ask = |task: &str| t::GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: task.into() };
    let state = house.root::<op::GetServiceLinkedRoleDeletionStatus>(ask(&task)).await.unwrap();
    assert_eq!(state.status, Some(t::DeletionTaskStatusType::Succeeded));
    let unknown = house.root::<op::GetServiceLinkedRoleDeletionStatus>(ask("task/x")).await;
    assert_eq!(failure(unknown).0, "NoSuchEntity");
    house.role("mine", &trust("Service", "glue.amazonaws.com")).await;
    assert_eq!(failure(house.root::<op::DeleteServiceLinkedRole>(delete("mine")).await).0, "NoSuchEntity");
    house.root::<op::CreateServiceLinkedRole>(create("ecs.amazonaws.com", None)).await.unwrap();
}
