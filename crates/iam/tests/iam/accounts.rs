use mastic_api_iam::iam::{op as iam_op, types as iam};
use mastic_api_mastic::mastic::{op, types as t};
use mastic_core::{Entropy, Secret, SystemEntropy};
use mastic_iam::{GivenRoot, bootstrap};
use mastic_kernel::ports::Keys;

use crate::house::{ACCOUNT, House, OTHER, allow, failure};

fn create(id: Option<&str>) -> t::CreateAccountRequest {
    t::CreateAccountRequest { name: "team".into(), account_id: id.map(Into::into) }
}

#[tokio::test]
async fn the_first_account_is_made_once() {
    let house = House::new().await;
    let background = house.kernel.background("test");
    let again = bootstrap(&background, GivenRoot::default()).await.unwrap();
    assert_eq!(again.account.as_str(), ACCOUNT);
    assert!(!again.created);
    assert_eq!(Some(again.access_key_id), house.root.access_key_id);
    let elsewhere = GivenRoot { account: Some(OTHER.parse().unwrap()), ..GivenRoot::default() };
    assert_eq!(bootstrap(&background, elsewhere).await.unwrap_err().code(), "InvalidParameter");
    let half = GivenRoot { access_key_id: Some("AKIAEXAMPLE".into()), ..GivenRoot::default() };
    assert_eq!(bootstrap(&background, half).await.unwrap_err().code(), "InvalidParameter");
    let secret = SystemEntropy::new().hex(20);
    let given = || GivenRoot {
        access_key_id: Some("AKIAIOSFODNN7EXAMPLE".into()),
        secret_access_key: Some(Secret::new(secret.clone())),
        account: None,
    };
    bootstrap(&background, given()).await.unwrap();
    let known = bootstrap(&background, given()).await.unwrap();
    assert_eq!(known.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    let material = house.iam.key("AKIAIOSFODNN7EXAMPLE").unwrap().unwrap();
    assert_eq!(material.secret, Secret::new(secret));
    assert_eq!(material.caller.arn(), house.root.arn());
}

#[tokio::test]
async fn accounts_are_made_by_the_management_account() {
    let house = House::new().await;
    let other = house.other().await;
    assert_eq!(other.arn(), format!("arn:aws:iam::{OTHER}:root"));
    assert_eq!(
        failure(house.root::<op::CreateAccount>(create(Some(OTHER))).await).0,
        "AccountAlreadyExistsException"
    );
    assert_eq!(
        failure(house.call::<op::CreateAccount>(&other, create(None)).await).0,
        "AccessDeniedException"
    );
    let made = house.root::<op::CreateAccount>(create(None)).await.unwrap();
    assert_eq!(made.account.account_id.len(), 12);
    let listed = house.root::<op::ListAccounts>(t::ListAccountsRequest {}).await.unwrap().accounts;
    assert_eq!(listed.len(), 3);
    assert_eq!(listed.iter().filter(|account| account.management).count(), 1);
    assert!(house.call::<op::ListAccounts>(&other, t::ListAccountsRequest {}).await.is_err());

    let alice = house.user("alice").await;
    assert!(house.call::<op::CreateAccount>(&alice, create(None)).await.is_err());
    house.allow(&house.root, "alice", &allow("mastic:*", "*")).await;
    assert!(house.call::<op::CreateAccount>(&alice, create(None)).await.is_ok());
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let house = House::new().await;
    let other = house.other().await;
    house.user("alice").await;
    house.user_by(&other, "alice").await;
    let listed =
        house.call::<iam_op::ListUsers>(&other, iam::ListUsersRequest::default()).await.unwrap().users;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].arn.contains(OTHER));
    let get = iam::GetPolicyRequest { policy_arn: format!("arn:aws:iam::{ACCOUNT}:policy/p") };
    assert_eq!(failure(house.call::<iam_op::GetPolicy>(&other, get).await).0, "AccessDeniedException");
}

#[tokio::test]
async fn a_denied_call_is_explained() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let input = || iam::GetRoleRequest { role_name: "r".into() };
    let (denied, _) = house.call_with_id::<iam_op::GetRole>(&alice, input()).await;
    house.allow(&house.root, "alice", &allow("iam:GetRole", "*")).await;
    let (served, _) = house.call_with_id::<iam_op::GetRole>(&alice, input()).await;
    let ask = |request_id: &str| t::ExplainRequestRequest {
        request_id: Some(request_id.into()),
        ..Default::default()
    };

    let told = house.root::<op::ExplainRequest>(ask(&denied)).await.unwrap();
    assert_eq!(told.event_name.as_deref(), Some("GetRole"));
    assert_eq!(told.principal, Some(alice.arn()));
    assert_eq!(told.error_code.as_deref(), Some("AccessDeniedException"));
    assert!(
        told.text.contains("--policy-document") && told.text.contains(r#""Action": "iam:GetRole""#),
        "{}",
        told.text
    );
    assert!(told.text.contains("arn:aws:iam::111122223333:user/alice"));
    assert_eq!(told.decisions.unwrap().len(), 1);

    let told = house.root::<op::ExplainRequest>(ask(&served)).await.unwrap();
    assert_eq!(told.error_code.as_deref(), Some("NoSuchEntity"));
    assert!(told.text.contains("evaluated with today's policies"), "{}", told.text);
    assert_eq!(failure(house.root::<op::ExplainRequest>(ask("none")).await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn only_the_management_root_looks_into_other_accounts() {
    let house = House::new().await;
    let other = house.other().await;
    let (theirs, _) = house.call_with_id::<iam_op::ListUsers>(&other, iam::ListUsersRequest::default()).await;
    let (ours, _) =
        house.call_with_id::<iam_op::ListUsers>(&house.root, iam::ListUsersRequest::default()).await;
    let ask = |request_id: &str| t::ExplainRequestRequest {
        request_id: Some(request_id.into()),
        ..Default::default()
    };
    assert!(house.root::<op::ExplainRequest>(ask(&theirs)).await.is_ok());
    assert!(house.call::<op::ExplainRequest>(&other, ask(&theirs)).await.is_ok());
    assert!(house.call::<op::ExplainRequest>(&other, ask(&ours)).await.is_err());
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("mastic:*", "*")).await;
    assert!(house.call::<op::ExplainRequest>(&alice, ask(&ours)).await.is_ok());
    assert!(house.call::<op::ExplainRequest>(&alice, ask(&theirs)).await.is_err());
}
