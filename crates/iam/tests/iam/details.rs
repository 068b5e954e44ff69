use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, trust};

async fn furnished() -> House {
    let house = House::new().await;
    for user in ["alice", "bob"] {
        house.user(user).await;
    }
    house.allow(&house.root, "alice", &allow("s3:GetObject", "*")).await;
    let group = t::CreateGroupRequest { group_name: "g".into(), path: None };
    house.root::<op::CreateGroup>(group).await.unwrap();
    let add = t::AddUserToGroupRequest { group_name: "g".into(), user_name: "alice".into() };
    house.root::<op::AddUserToGroup>(add).await.unwrap();
    house.role("r", &trust("Service", "ec2.amazonaws.com")).await;
    let name = || "p".to_owned();
    let profile = t::CreateInstanceProfileRequest { instance_profile_name: name(), ..Default::default() };
    house.root::<op::CreateInstanceProfile>(profile).await.unwrap();
    let add = t::AddRoleToInstanceProfileRequest { instance_profile_name: name(), role_name: "r".into() };
    house.root::<op::AddRoleToInstanceProfile>(add).await.unwrap();
    let policy = t::CreatePolicyRequest {
        policy_name: name(),
        policy_document: allow("s3:*", "*"),
        ..Default::default()
    };
    let arn = house.root::<op::CreatePolicy>(policy).await.unwrap().policy.unwrap().arn.unwrap();
    let version = t::CreatePolicyVersionRequest {
        policy_arn: arn.clone(),
        policy_document: allow("glue:*", "*"),
        set_as_default: None,
    };
    house.root::<op::CreatePolicyVersion>(version).await.unwrap();
    for policy_arn in [arn, "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole".to_owned()] {
        let attach = t::AttachRolePolicyRequest { role_name: "r".into(), policy_arn };
        house.root::<op::AttachRolePolicy>(attach).await.unwrap();
    }
    house
}

#[tokio::test]
async fn all_that_decides_access_is_told() {
    let house = furnished().await;
    let all = house.root::<op::GetAccountAuthorizationDetails>(Default::default()).await.unwrap();
    let users = all.user_detail_list.unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(users[0].group_list, Some(vec!["g".into()]));
    let own = &users[0].user_policy_list.as_ref().unwrap()[0];
    assert!(own.policy_document.as_ref().unwrap().starts_with("%7B%22Version%22"));
    let [role] = all.role_detail_list.unwrap().try_into().unwrap();
    assert_eq!(role.instance_profile_list.unwrap()[0].instance_profile_name, "p");
    let attached = role.attached_managed_policies.unwrap();
    assert_eq!(attached[1].policy_name.as_deref(), Some("AWSGlueServiceRole"));
    let [own, aws] = all.policies.unwrap().try_into().unwrap();
    assert_eq!(own.arn, Some(format!("arn:aws:iam::{ACCOUNT}:policy/p")));
    let versions = own.policy_version_list.unwrap();
    let told: Vec<_> = versions.iter().map(|v| (v.version_id.as_deref(), v.is_default_version)).collect();
    assert_eq!(told, [(Some("v2"), Some(false)), (Some("v1"), Some(true))]);
    // Of AWS's, those in use.
    assert_eq!((aws.policy_name.as_deref(), aws.attachment_count), (Some("AWSGlueServiceRole"), Some(1)));
}

#[tokio::test]
async fn details_come_in_pages_and_by_kind() {
    let house = furnished().await;
    let mut marker = None;
    let mut seen = Vec::new();
    loop {
        let ask =
            t::GetAccountAuthorizationDetailsRequest { max_items: Some(1), marker, ..Default::default() };
        let page = house.root::<op::GetAccountAuthorizationDetails>(ask).await.unwrap();
        seen.extend(page.user_detail_list.unwrap().into_iter().filter_map(|user| user.arn));
        seen.extend(page.group_detail_list.unwrap().into_iter().filter_map(|group| group.arn));
        seen.extend(page.role_detail_list.unwrap().into_iter().filter_map(|role| role.arn));
        seen.extend(page.policies.unwrap().into_iter().filter_map(|policy| policy.arn));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    let short: Vec<_> = seen.iter().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    let want =
        ["user/alice", "user/bob", "group/g", "role/r", "policy/p", "policy/service-role/AWSGlueServiceRole"];
    assert_eq!(short, want);

    let filter = Some(vec![t::EntityType::Group, t::EntityType::AWSManagedPolicy]);
    let ask = t::GetAccountAuthorizationDetailsRequest { filter, ..Default::default() };
    let some = house.root::<op::GetAccountAuthorizationDetails>(ask).await.unwrap();
    let lengths = (some.user_detail_list.unwrap().len(), some.group_detail_list.unwrap().len());
    assert_eq!((lengths, some.policies.unwrap().len()), ((0, 1), 1));
}
