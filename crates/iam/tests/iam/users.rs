use mastic_api_iam::iam::{op, types as t};

use crate::house::{ACCOUNT, House, allow, failure, is};

fn create(name: &str, path: Option<&str>) -> t::CreateUserRequest {
    t::CreateUserRequest { user_name: name.into(), path: path.map(Into::into), ..Default::default() }
}

fn tag(key: &str, value: &str) -> t::Tag {
    t::Tag { key: key.into(), value: value.into() }
}

#[tokio::test]
async fn a_user_is_made_found_and_deleted() {
    let house = House::new().await;
    let made = house.root::<op::CreateUser>(create("alice", Some("/team/"))).await.unwrap().user.unwrap();
    assert_eq!(made.arn, format!("arn:aws:iam::{ACCOUNT}:user/team/alice"));
    assert!(made.user_id.starts_with("AIDA") && made.user_id.len() == 21);
    is(
        house.root::<op::CreateUser>(create("ALICE", None)).await,
        "EntityAlreadyExists",
        409,
        "User with name ALICE already exists.",
    );
    let get = |name: &str| t::GetUserRequest { user_name: Some(name.into()) };
    assert_eq!(house.root::<op::GetUser>(get("alice")).await.unwrap().user.user_id, made.user_id);
    is(
        house.root::<op::GetUser>(get("bob")).await,
        "NoSuchEntity",
        404,
        "The user with name bob cannot be found.",
    );
    house.root::<op::DeleteUser>(t::DeleteUserRequest { user_name: "alice".into() }).await.unwrap();
    assert_eq!(failure(house.root::<op::GetUser>(get("alice")).await).0, "NoSuchEntity");
}

#[tokio::test]
async fn nothing_may_hang_on_a_user_that_goes() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("s3:*", "*")).await;
    let delete = || t::DeleteUserRequest { user_name: "alice".into() };
    is(
        house.root::<op::DeleteUser>(delete()).await,
        "DeleteConflict",
        409,
        "Cannot delete entity, must delete access keys first.",
    );
    let id = alice.access_key_id.unwrap();
    let input = t::DeleteAccessKeyRequest { user_name: Some("alice".into()), access_key_id: id };
    house.root::<op::DeleteAccessKey>(input).await.unwrap();
    is(
        house.root::<op::DeleteUser>(delete()).await,
        "DeleteConflict",
        409,
        "Cannot delete entity, must delete policies first.",
    );
    let input = t::DeleteUserPolicyRequest { user_name: "alice".into(), policy_name: "p".into() };
    house.root::<op::DeleteUserPolicy>(input).await.unwrap();
    house.root::<op::DeleteUser>(delete()).await.unwrap();
}

#[tokio::test]
async fn a_renamed_user_keeps_keys_groups_and_policies() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("s3:ListAllMyBuckets", "*")).await;
    let group = t::CreateGroupRequest { group_name: "g".into(), path: None };
    house.root::<op::CreateGroup>(group).await.unwrap();
    let add = t::AddUserToGroupRequest { group_name: "g".into(), user_name: "alice".into() };
    house.root::<op::AddUserToGroup>(add).await.unwrap();
    let update = t::UpdateUserRequest {
        user_name: "alice".into(),
        new_path: Some("/x/".into()),
        new_user_name: Some("alicia".into()),
    };
    house.root::<op::UpdateUser>(update).await.unwrap();
    let renamed = house.caller(alice.access_key_id.as_deref().unwrap());
    assert_eq!(renamed.arn(), format!("arn:aws:iam::{ACCOUNT}:user/x/alicia"));
    assert!(house.allows(&renamed, "s3:ListAllMyBuckets", "*"));
    let members = house
        .root::<op::GetGroup>(t::GetGroupRequest { group_name: "g".into(), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(members.users[0].user_name, "alicia");
}

#[tokio::test]
async fn temporary_credentials_outlive_a_new_name() {
    use mastic_api_iam::sts;
    let house = House::new().await;
    let alice = house.user("alice").await;
    let token = sts::types::GetSessionTokenRequest::default();
    let session = house.call::<sts::op::GetSessionToken>(&alice, token).await.unwrap().credentials.unwrap();
    for (from, to) in [("alice", "bob"), ("bob", "carol")] {
        let update = t::UpdateUserRequest {
            user_name: from.into(),
            new_user_name: Some(to.into()),
            ..Default::default()
        };
        house.root::<op::UpdateUser>(update).await.unwrap();
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{to}");
        assert_eq!(house.caller(&session.access_key_id).arn(), arn);
    }
    // Another user under the old name is not the one whom the credentials were given to.
    house.root::<op::CreateUser>(create("alice", None)).await.unwrap();
    assert!(house.caller(&session.access_key_id).arn().ends_with("user/carol"));
}

#[tokio::test]
async fn listings_are_paged_and_filtered_by_path() {
    let house = House::new().await;
    for (name, path) in [("c", "/a/"), ("B", "/a/b/"), ("a", "/"), ("d", "/a/")] {
        house.root::<op::CreateUser>(create(name, Some(path))).await.unwrap();
    }
    let mut input =
        t::ListUsersRequest { path_prefix: Some("/a/".into()), max_items: Some(2), ..Default::default() };
    let first = house.root::<op::ListUsers>(input.clone()).await.unwrap();
    let names = |users: &[t::User]| users.iter().map(|user| user.user_name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&first.users), first.is_truncated), (vec!["B".to_owned(), "c".into()], Some(true)));
    input.marker = first.marker;
    let rest = house.root::<op::ListUsers>(input.clone()).await.unwrap();
    assert_eq!(
        (names(&rest.users), rest.is_truncated, rest.marker),
        (vec!["d".to_owned()], Some(false), None)
    );
    input.marker = Some("no such marker".into());
    assert_eq!(failure(house.root::<op::ListUsers>(input).await).0, "ValidationError");
}

#[tokio::test]
async fn tags_are_added_replaced_and_taken_away() {
    let house = House::new().await;
    house.user("alice").await;
    let put = |tags| t::TagUserRequest { user_name: "alice".into(), tags };
    house.root::<op::TagUser>(put(vec![tag("team", "a"), tag("cost", "1")])).await.unwrap();
    house.root::<op::TagUser>(put(vec![tag("Team", "b")])).await.unwrap();
    assert_eq!(failure(house.root::<op::TagUser>(put(vec![tag("aws:x", "b")])).await).0, "InvalidInput");
    assert_eq!(
        failure(house.root::<op::TagUser>(put(vec![tag("x", "1"), tag("X", "2")])).await).0,
        "InvalidInput"
    );
    let untag = t::UntagUserRequest { user_name: "alice".into(), tag_keys: vec!["cost".into()] };
    house.root::<op::UntagUser>(untag).await.unwrap();
    let list = t::ListUserTagsRequest { user_name: "alice".into(), ..Default::default() };
    assert_eq!(house.root::<op::ListUserTags>(list).await.unwrap().tags, [tag("Team", "b")]);
    let many = (0..50).map(|n| tag(&format!("k{n}"), "v")).collect();
    is(
        house.root::<op::TagUser>(put(many)).await,
        "LimitExceeded",
        409,
        "The number of tags has reached the maximum limit: 50.",
    );
}

#[tokio::test]
async fn the_caller_s_own_user_needs_no_name() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let denied = failure(house.call::<op::GetUser>(&alice, t::GetUserRequest::default()).await);
    assert_eq!(
        denied.2,
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: iam:GetUser on resource: \
             user alice because no identity-based policy allows the iam:GetUser action"
        )
    );
    house.allow(&house.root, "alice", &allow("iam:GetUser", "arn:aws:iam::*:user/${aws:username}")).await;
    assert_eq!(
        house.call::<op::GetUser>(&alice, t::GetUserRequest::default()).await.unwrap().user.user_name,
        "alice"
    );
    let root = house.root::<op::GetUser>(t::GetUserRequest::default()).await.unwrap().user;
    assert_eq!(root.arn, format!("arn:aws:iam::{ACCOUNT}:root"));
}

#[tokio::test]
async fn policies_see_a_user_s_path_though_requests_do_not_name_it() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.root::<op::CreateUser>(create("bob", Some("/apps/"))).await.unwrap();
    house.allow(&house.root, "alice", &allow("iam:*", "arn:aws:iam::*:user/apps/*")).await;
    let get = |name: &str| t::GetUserRequest { user_name: Some(name.into()) };
    assert!(house.call::<op::GetUser>(&alice, get("bob")).await.is_ok());
    assert_eq!(failure(house.call::<op::GetUser>(&alice, get("alice")).await).0, "AccessDeniedException");
    let made = house.call::<op::CreateUser>(&alice, create("carol", Some("/apps/"))).await;
    assert!(made.is_ok());
    assert!(house.call::<op::CreateUser>(&alice, create("dave", None)).await.is_err());
    // What a user becomes is asked for as well.
    let away =
        t::UpdateUserRequest { user_name: "bob".into(), new_path: Some("/".into()), ..Default::default() };
    assert_eq!(failure(house.call::<op::UpdateUser>(&alice, away).await).0, "AccessDenied");
}
