use std::time::Duration;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::Clock;
use mastic_kernel::ports::Keys;

use crate::house::{House, allow, failure, is};

#[tokio::test]
async fn two_keys_are_the_most() {
    let house = House::new().await;
    house.user("alice").await;
    let create = || t::CreateAccessKeyRequest { user_name: Some("alice".into()) };
    let key = house.root::<op::CreateAccessKey>(create()).await.unwrap().access_key;
    assert!(key.access_key_id.starts_with("AKIA") && key.access_key_id.len() == 20);
    assert_eq!(key.secret_access_key.reveal().len(), 40);
    let full = house.root::<op::CreateAccessKey>(create()).await;
    is(full, "LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2");
    let list = t::ListAccessKeysRequest { user_name: Some("alice".into()), ..Default::default() };
    let listed = house.root::<op::ListAccessKeys>(list).await.unwrap().access_key_metadata;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1].access_key_id.as_deref(), Some(key.access_key_id.as_str()));
}

#[tokio::test]
async fn a_key_can_be_switched_off_and_deleted() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let id = alice.access_key_id.unwrap();
    let update = |status| t::UpdateAccessKeyRequest {
        user_name: Some("alice".into()),
        access_key_id: id.clone(),
        status: Some(status),
    };
    house.root::<op::UpdateAccessKey>(update(t::StatusType::Inactive)).await.unwrap();
    assert!(!house.iam.key(&id).unwrap().unwrap().active);
    house.root::<op::UpdateAccessKey>(update(t::StatusType::Active)).await.unwrap();
    assert!(house.iam.key(&id).unwrap().unwrap().active);
    let delete = || t::DeleteAccessKeyRequest { user_name: Some("alice".into()), access_key_id: id.clone() };
    house.root::<op::DeleteAccessKey>(delete()).await.unwrap();
    assert!(house.iam.key(&id).unwrap().is_none());
    let text = format!("The Access Key with id {id} cannot be found.");
    is(house.root::<op::DeleteAccessKey>(delete()).await, "NoSuchEntity", 404, &text);
    assert_eq!(
        failure(house.root::<op::UpdateAccessKey>(update(t::StatusType::Active)).await).0,
        "NoSuchEntity"
    );
}

#[tokio::test]
async fn a_key_of_somebody_else_is_not_found() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.user("bob").await;
    let input = t::DeleteAccessKeyRequest {
        user_name: Some("bob".into()),
        access_key_id: alice.access_key_id.unwrap(),
    };
    assert_eq!(failure(house.root::<op::DeleteAccessKey>(input).await).0, "NoSuchEntity");
}

#[tokio::test]
async fn the_root_user_has_keys_of_its_own() {
    let house = House::new().await;
    let key =
        house.root::<op::CreateAccessKey>(t::CreateAccessKeyRequest::default()).await.unwrap().access_key;
    assert_eq!(house.caller(&key.access_key_id).arn(), house.root.arn());
    let listed = house.root::<op::ListAccessKeys>(t::ListAccessKeysRequest::default()).await.unwrap();
    assert_eq!(listed.access_key_metadata.len(), 2);
}

#[tokio::test]
async fn last_use_is_known_at_once_and_survives_a_restart() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let id = alice.access_key_id.clone().unwrap();
    let input = || t::GetAccessKeyLastUsedRequest { access_key_id: id.clone() };
    let never = house.root::<op::GetAccessKeyLastUsed>(input()).await.unwrap();
    assert_eq!(never.user_name.as_deref(), Some("alice"));
    assert_eq!(never.access_key_last_used.unwrap().service_name, "N/A");

    house.clock.advance(Duration::from_secs(60));
    house.iam.used(&id, "glue", &"eu-west-1".parse().unwrap(), house.clock.now());
    let used = house.root::<op::GetAccessKeyLastUsed>(input()).await.unwrap().access_key_last_used.unwrap();
    assert_eq!((used.service_name.as_str(), used.last_used_date), ("glue", Some(house.clock.now())));
    house.iam.tend().await.unwrap();
    let again = House::over(house.store.clone()).await;
    let used = again.root::<op::GetAccessKeyLastUsed>(input()).await.unwrap().access_key_last_used.unwrap();
    assert_eq!(used.region, "eu-west-1");

    assert_eq!(failure(house.call::<op::GetAccessKeyLastUsed>(&alice, input()).await).0, "AccessDenied");
    house.allow(&house.root, "alice", &allow("iam:GetAccessKeyLastUsed", "arn:aws:iam::*:user/alice")).await;
    assert!(house.call::<op::GetAccessKeyLastUsed>(&alice, input()).await.is_ok());
}
