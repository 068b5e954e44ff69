use mastic_api_iam::iam::{op, types as t};

use crate::house::{House, allow, failure, is};

async fn group(house: &House, name: &str) {
    let input = t::CreateGroupRequest { group_name: name.into(), path: None };
    house.root::<op::CreateGroup>(input).await.unwrap();
}

fn add(group: &str, user: &str) -> t::AddUserToGroupRequest {
    t::AddUserToGroupRequest { group_name: group.into(), user_name: user.into() }
}

#[tokio::test]
async fn members_have_the_group_s_permissions_at_once() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    group(&house, "Admins").await;
    let attach = t::AttachGroupPolicyRequest {
        group_name: "Admins".into(),
        policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess".into(),
    };
    house.root::<op::AttachGroupPolicy>(attach).await.unwrap();
    assert!(!house.allows(&alice, "glue:GetTable", "arn:aws:glue:eu-central-1:111122223333:catalog"));
    house.root::<op::AddUserToGroup>(add("Admins", "alice")).await.unwrap();
    house.root::<op::AddUserToGroup>(add("Admins", "alice")).await.unwrap();
    assert!(house.allows(&alice, "glue:GetTable", "arn:aws:glue:eu-central-1:111122223333:catalog"));

    let groups = t::ListGroupsForUserRequest { user_name: "alice".into(), ..Default::default() };
    let listed = house.root::<op::ListGroupsForUser>(groups).await.unwrap().groups;
    assert_eq!(listed.iter().map(|g| g.group_name.as_str()).collect::<Vec<_>>(), ["Admins"]);

    let remove = || t::RemoveUserFromGroupRequest { group_name: "Admins".into(), user_name: "alice".into() };
    house.root::<op::RemoveUserFromGroup>(remove()).await.unwrap();
    assert!(!house.allows(&alice, "glue:GetTable", "arn:aws:glue:eu-central-1:111122223333:catalog"));
    assert_eq!(failure(house.root::<op::RemoveUserFromGroup>(remove()).await).0, "NoSuchEntity");
}

#[tokio::test]
async fn a_group_goes_only_when_it_is_empty() {
    let house = House::new().await;
    house.user("alice").await;
    group(&house, "g").await;
    house.root::<op::AddUserToGroup>(add("g", "alice")).await.unwrap();
    let text = "Cannot delete entity, must remove users from group first.";
    let delete = || t::DeleteGroupRequest { group_name: "g".into() };
    is(house.root::<op::DeleteGroup>(delete()).await, "DeleteConflict", 409, text);
    let remove = t::RemoveUserFromGroupRequest { group_name: "g".into(), user_name: "alice".into() };
    house.root::<op::RemoveUserFromGroup>(remove).await.unwrap();
    house.root::<op::DeleteGroup>(delete()).await.unwrap();
    is(
        house.root::<op::DeleteGroup>(delete()).await,
        "NoSuchEntity",
        404,
        "The group with name g cannot be found.",
    );
}

#[tokio::test]
async fn a_renamed_group_keeps_members_and_policies() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    group(&house, "g").await;
    house.root::<op::AddUserToGroup>(add("g", "alice")).await.unwrap();
    let put = t::PutGroupPolicyRequest {
        group_name: "g".into(),
        policy_name: "p".into(),
        policy_document: allow("s3:ListAllMyBuckets", "*"),
    };
    house.root::<op::PutGroupPolicy>(put).await.unwrap();
    let rename =
        t::UpdateGroupRequest { group_name: "g".into(), new_group_name: Some("h".into()), new_path: None };
    house.root::<op::UpdateGroup>(rename).await.unwrap();
    assert!(house.allows(&alice, "s3:ListAllMyBuckets", "*"));
    let get = t::GetGroupRequest { group_name: "h".into(), ..Default::default() };
    assert_eq!(house.root::<op::GetGroup>(get).await.unwrap().users.len(), 1);
    let listed = house.root::<op::ListGroups>(t::ListGroupsRequest::default()).await.unwrap().groups;
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn ten_groups_are_the_most() {
    let house = House::new().await;
    house.user("alice").await;
    for n in 0..11 {
        let name = format!("g{n}");
        group(&house, &name).await;
        let added = house.root::<op::AddUserToGroup>(add(&name, "alice")).await;
        if n == 10 {
            is(added, "LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10");
        } else {
            added.unwrap();
        }
    }
}
