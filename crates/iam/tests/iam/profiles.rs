use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, failure, is, trust};

fn create(name: &str) -> t::CreateInstanceProfileRequest {
    t::CreateInstanceProfileRequest {
        instance_profile_name: name.into(),
        path: Some("/web/".into()),
        tags: Some(vec![t::Tag { key: "team".into(), value: "a".into() }]),
    }
}

fn add(profile: &str, role: &str) -> t::AddRoleToInstanceProfileRequest {
    t::AddRoleToInstanceProfileRequest { instance_profile_name: profile.into(), role_name: role.into() }
}

#[tokio::test]
async fn a_profile_holds_one_role_until_it_is_taken_out() {
    let house = House::new().await;
    for role in ["r", "s"] {
        house.role(role, &trust("Service", "ec2.amazonaws.com")).await;
    }
    let made = house.root::<op::CreateInstanceProfile>(create("p")).await.unwrap().instance_profile;
    assert_eq!(made.arn, format!("arn:aws:iam::{ACCOUNT}:instance-profile/web/p"));
    assert!(made.instance_profile_id.starts_with("AIPA") && made.roles.is_empty());
    is(
        house.root::<op::CreateInstanceProfile>(create("P")).await,
        "EntityAlreadyExists",
        409,
        "Instance Profile P already exists.",
    );
    house.root::<op::AddRoleToInstanceProfile>(add("p", "r")).await.unwrap();
    is(
        house.root::<op::AddRoleToInstanceProfile>(add("p", "s")).await,
        "LimitExceeded",
        409,
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    );
    let of_role =
        |role: &str| t::ListInstanceProfilesForRoleRequest { role_name: role.into(), ..Default::default() };
    let found = house.root::<op::ListInstanceProfilesForRole>(of_role("r")).await.unwrap().instance_profiles;
    assert_eq!(found[0].roles[0].role_name, "r");
    let none = house.root::<op::ListInstanceProfilesForRole>(of_role("s")).await.unwrap();
    assert!(none.instance_profiles.is_empty());
    let text = "Cannot delete entity, must remove roles from instance profile first.";
    let gone = || t::DeleteInstanceProfileRequest { instance_profile_name: "p".into() };
    is(house.root::<op::DeleteInstanceProfile>(gone()).await, "DeleteConflict", 409, text);
    let role = || t::DeleteRoleRequest { role_name: "r".into() };
    is(house.root::<op::DeleteRole>(role()).await, "DeleteConflict", 409, text);
    let remove = |role: &str| t::RemoveRoleFromInstanceProfileRequest {
        instance_profile_name: "p".into(),
        role_name: role.into(),
    };
    let other = house.root::<op::RemoveRoleFromInstanceProfile>(remove("s")).await;
    assert_eq!(failure(other).0, "NoSuchEntity");
    house.root::<op::RemoveRoleFromInstanceProfile>(remove("r")).await.unwrap();
    house.root::<op::DeleteRole>(role()).await.unwrap();
    house.root::<op::DeleteInstanceProfile>(gone()).await.unwrap();
    is(
        house.root::<op::DeleteInstanceProfile>(gone()).await,
        "NoSuchEntity",
        404,
        "Instance Profile p cannot be found.",
    );
}

#[tokio::test]
async fn who_fills_a_profile_must_be_allowed_to_pass_the_role() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.role("r", &trust("Service", "ec2.amazonaws.com")).await;
    house.root::<op::CreateInstanceProfile>(create("p")).await.unwrap();
    house
        .allow(
            &house.root,
            "alice",
            &allow("iam:AddRoleToInstanceProfile", "arn:aws:iam::*:instance-profile/web/*"),
        )
        .await;
    is(
        house.call::<op::AddRoleToInstanceProfile>(&alice, add("p", "r")).await,
        "AccessDenied",
        403,
        &format!(
            "User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: iam:PassRole on resource: \
             arn:aws:iam::{ACCOUNT}:role/r because no identity-based policy allows the iam:PassRole action"
        ),
    );
    let get = t::GetInstanceProfileRequest { instance_profile_name: "p".into() };
    let refused = failure(house.call::<op::GetInstanceProfile>(&alice, get).await).2;
    assert!(refused.contains("on resource: instance profile p because"), "{refused}");
}

#[tokio::test]
async fn profiles_are_listed_and_tagged() {
    let house = House::new().await;
    for name in ["b", "A", "c"] {
        house.root::<op::CreateInstanceProfile>(create(name)).await.unwrap();
    }
    let list = |marker| t::ListInstanceProfilesRequest {
        path_prefix: Some("/web/".into()),
        max_items: Some(2),
        marker,
    };
    let first = house.root::<op::ListInstanceProfiles>(list(None)).await.unwrap();
    let rest = house.root::<op::ListInstanceProfiles>(list(first.marker)).await.unwrap();
    let both: Vec<_> = first.instance_profiles.iter().chain(&rest.instance_profiles).collect();
    assert_eq!(both.iter().map(|p| p.instance_profile_name.as_str()).collect::<Vec<_>>(), ["A", "b", "c"]);
    let tags = vec![t::Tag { key: "cost".into(), value: "1".into() }];
    let name = || "A".to_owned();
    let tag = t::TagInstanceProfileRequest { instance_profile_name: name(), tags };
    house.root::<op::TagInstanceProfile>(tag).await.unwrap();
    let untag =
        t::UntagInstanceProfileRequest { instance_profile_name: name(), tag_keys: vec!["team".into()] };
    house.root::<op::UntagInstanceProfile>(untag).await.unwrap();
    let list = t::ListInstanceProfileTagsRequest { instance_profile_name: name(), ..Default::default() };
    let left = house.root::<op::ListInstanceProfileTags>(list).await.unwrap().tags;
    assert_eq!(left.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>(), ["cost"]);
}
