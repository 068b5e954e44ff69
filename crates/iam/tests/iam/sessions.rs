use std::time::Duration;

use mastic_api_iam::iam::{op, types as t};
use mastic_api_iam::sts::{op as sts_op, types as sts};
use mastic_kernel::ports::Keys;
use mastic_kernel::{Authorizer as _, Caller};
use mastic_policy::{Label, Layer, Patch, PolicyKind};

use crate::house::{ACCOUNT, House, OTHER, allow, failure, is, trust};

const OBJECT: &str = "arn:aws:s3:::data/k";

/// Alice, who may assume anything, and a role that trusts her account and may do anything.
async fn scene() -> (House, Caller, String) {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("sts:*", "*")).await;
    let role = house.role("r", &trust("AWS", ACCOUNT)).await;
    house.role_policy("r", &allow("*", "*")).await;
    (house, alice, role.arn)
}

#[tokio::test]
async fn a_session_knows_who_it_is() {
    let (house, alice, role) = scene().await;
    let who =
        house.call::<sts_op::GetCallerIdentity>(&alice, sts::GetCallerIdentityRequest {}).await.unwrap();
    assert_eq!(who.arn.as_deref(), Some("arn:aws:iam::111122223333:user/alice"));
    let session = house.assume(&alice, &role).await.unwrap();
    let who =
        house.call::<sts_op::GetCallerIdentity>(&session, sts::GetCallerIdentityRequest {}).await.unwrap();
    assert_eq!(who.arn.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/r/s1"));
    assert!(who.user_id.unwrap().ends_with(":s1"));
    assert_eq!(who.account.as_deref(), Some(ACCOUNT));
    let root = house.root::<sts_op::GetCallerIdentity>(sts::GetCallerIdentityRequest {}).await.unwrap();
    assert_eq!(root.user_id.as_deref(), Some(ACCOUNT));
}

#[tokio::test]
async fn who_may_not_assume_hears_it_in_aws_s_words() {
    let (house, _, role) = scene().await;
    let bob = house.user("bob").await;
    let text = format!(
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: sts:AssumeRole on resource: {role} \
         because no identity-based policy allows the sts:AssumeRole action"
    );
    assert_eq!(failure(house.assume(&bob, &role).await).2, text);
    let none = "arn:aws:iam::111122223333:role/none";
    let text = format!(
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: sts:AssumeRole on resource: {none} \
         because no role trust policy allows the sts:AssumeRole action"
    );
    assert_eq!(failure(house.assume(&bob, none).await).2, text);
    // Whether a role is there or does not trust the caller is not to be told apart.
    let glue = house.role("glue", &trust("Service", "glue.amazonaws.com")).await.arn;
    assert_eq!(failure(house.assume(&bob, &glue).await).2, text.replace("role/none", "role/glue"));
    is(
        house.assume(&house.root, &role).await,
        "AccessDenied",
        403,
        "Roles may not be assumed by root accounts.",
    );
}

#[tokio::test]
async fn another_account_needs_trust_and_permission() {
    let (house, _, role) = scene().await;
    let other = house.other().await;
    let bob = house.user_by(&other, "bob").await;
    house.allow(&other, "bob", &allow("sts:AssumeRole", &role)).await;
    assert!(house.assume(&bob, &role).await.is_err());
    let external = trust("AWS", OTHER)
        .replace("\"Action\"", r#""Condition":{"StringEquals":{"sts:ExternalId":"secret"}},"Action""#);
    let update = t::UpdateAssumeRolePolicyRequest { role_name: "r".into(), policy_document: external };
    house.root::<op::UpdateAssumeRolePolicy>(update).await.unwrap();
    assert!(house.assume(&bob, &role).await.is_err());
    assert!(house.assume_with(&bob, &role, |i| i.external_id = Some("wrong".into())).await.is_err());
    let session = house.assume_with(&bob, &role, |i| i.external_id = Some("secret".into())).await.unwrap();
    assert_eq!(session.account.as_ref().unwrap().as_str(), ACCOUNT);
    house.allow(&other, "bob", &allow("s3:*", "*")).await;
    assert!(house.assume_with(&bob, &role, |i| i.external_id = Some("secret".into())).await.is_err());
}

#[tokio::test]
async fn durations_have_their_limits() {
    let (house, alice, role) = scene().await;
    let update = t::UpdateRoleRequest {
        role_name: "r".into(),
        max_session_duration: Some(7200),
        ..Default::default()
    };
    house.root::<op::UpdateRole>(update).await.unwrap();
    let with = |seconds| house.assume_with(&alice, &role, move |i| i.duration_seconds = Some(seconds));
    assert_eq!(failure(with(899).await).0, "ValidationError");
    let text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    is(with(7201).await, "ValidationError", 400, text);
    let session = with(7200).await.unwrap();
    let chained = house.assume_with(&session, &role, |i| i.duration_seconds = Some(3601)).await;
    assert!(failure(chained).2.contains("role chaining"));
    house.assume_with(&session, &role, |i| i.duration_seconds = Some(3600)).await.unwrap();
}

#[tokio::test]
async fn session_policies_narrow_and_never_widen() {
    let (house, alice, role) = scene().await;
    let session =
        house.assume_with(&alice, &role, |i| i.policy = Some(allow("s3:GetObject", "*"))).await.unwrap();
    assert!(house.allows(&session, "s3:GetObject", OBJECT));
    let verdict = house.decide(&session, "s3:PutObject", OBJECT);
    assert!(
        verdict.text.ends_with("because no session policy allows the s3:PutObject action"),
        "{}",
        verdict.text
    );
    let arn = |name: &str| sts::PolicyDescriptorType { arn: Some(format!("arn:aws:iam::aws:policy/{name}")) };
    let session = house
        .assume_with(&alice, &role, |i| i.policy_arns = Some(vec![arn("AmazonS3ReadOnlyAccess")]))
        .await
        .unwrap();
    assert!(house.allows(&session, "s3:GetObject", OBJECT));
    assert!(!house.allows(&session, "s3:PutObject", OBJECT));
    let missing = house.assume_with(&alice, &role, |i| i.policy_arns = Some(vec![arn("Nothing")])).await;
    assert_eq!(failure(missing).0, "ValidationError");
    let malformed = house.assume_with(&alice, &role, |i| i.policy = Some("{}".into())).await;
    assert_eq!(failure(malformed).0, "MalformedPolicyDocument");
    let input = sts::AssumeRoleRequest {
        role_arn: role.clone(),
        role_session_name: "s2".into(),
        policy: Some(allow("s3:GetObject", "*")),
        ..Default::default()
    };
    let answer = house.call::<sts_op::AssumeRole>(&alice, input).await.unwrap();
    assert!(answer.packed_policy_size.is_some_and(|percent| percent > 0 && percent < 20));
}

#[tokio::test]
async fn tags_of_a_session_are_its_principal_s() {
    let (house, alice, _) = scene().await;
    let document =
        trust("AWS", ACCOUNT).replace("\"sts:AssumeRole\"", r#"["sts:AssumeRole","sts:TagSession"]"#);
    let tagged = house.role("tagged", &document).await.arn;
    let plain = house.role("plain", &trust("AWS", ACCOUNT)).await.arn;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/team":"etl"}}}]}"#;
    house.role_policy("tagged", policy).await;
    let tags = || Some(vec![sts::Tag { key: "team".into(), value: "etl".into() }]);
    let session = house
        .assume_with(&alice, &tagged, |i| {
            i.tags = tags();
            i.transitive_tag_keys = Some(vec!["team".into()]);
        })
        .await
        .unwrap();
    assert!(house.allows(&session, "s3:GetObject", OBJECT));
    assert!(!house.allows(&house.assume(&alice, &tagged).await.unwrap(), "s3:GetObject", OBJECT));
    let further = house.assume(&session, &tagged).await.unwrap();
    assert!(house.allows(&further, "s3:GetObject", OBJECT), "the tag is transitive");
    // Without `sts:TagSession` in its trust policy a role takes no tags; here the caller's own
    // account allows it by identity policy, and the trust policy must still speak.
    let refused = failure(house.assume_with(&alice, &plain, |i| i.tags = tags()).await);
    assert!(refused.2.contains("sts:TagSession"), "{}", refused.2);
}

#[tokio::test]
async fn a_deleted_role_ends_its_sessions_at_once() {
    let (house, alice, role) = scene().await;
    let session = house.assume(&alice, &role).await.unwrap();
    let id = session.access_key_id.clone().unwrap();
    assert!(house.allows(&session, "s3:GetObject", OBJECT));
    let delete = t::DeleteRolePolicyRequest { role_name: "r".into(), policy_name: "p".into() };
    house.root::<op::DeleteRolePolicy>(delete).await.unwrap();
    house.root::<op::DeleteRole>(t::DeleteRoleRequest { role_name: "r".into() }).await.unwrap();
    assert!(house.iam.key(&id).unwrap().is_none());
    // Even for a caller that was resolved before, and though the role is made anew.
    house.role("r", &trust("AWS", ACCOUNT)).await;
    house.role_policy("r", &allow("*", "*")).await;
    let verdict = house.decide(&session, "s3:GetObject", OBJECT);
    assert!(!verdict.allowed);
    assert!(verdict.explanation.unwrap().refused.unwrap().contains("has been deleted"));
    assert!(house.iam.key(&id).unwrap().is_none());
}

#[tokio::test]
async fn sessions_survive_a_restart_and_are_swept_a_day_after_they_end() {
    let (house, alice, role) = scene().await;
    let id = house.assume(&alice, &role).await.unwrap().access_key_id.unwrap();
    let again = House::over(house.store.clone()).await;
    let material = again.iam.key(&id).unwrap().unwrap();
    assert!(material.session_token.is_some());
    assert_eq!(material.expires.unwrap().secs(), 1_790_000_000 + 3600);
    again.clock.advance(Duration::from_secs(4000));
    again.iam.tend().await.unwrap();
    assert!(again.iam.key(&id).unwrap().is_some(), "a late call must hear that it has expired");
    again.clock.advance(Duration::from_secs(25 * 3600));
    again.iam.tend().await.unwrap();
    assert!(again.iam.key(&id).unwrap().is_none());
}

#[tokio::test]
async fn session_tokens_stand_for_their_user() {
    let (house, alice, role) = scene().await;
    let get = |seconds| sts::GetSessionTokenRequest { duration_seconds: seconds, ..Default::default() };
    let answer = house.call::<sts_op::GetSessionToken>(&alice, get(None)).await.unwrap().credentials.unwrap();
    assert_eq!(answer.expiration.secs(), 1_790_000_000 + 43_200);
    let temporary = house.caller(&answer.access_key_id);
    assert_eq!(temporary.arn(), alice.arn());
    house.allow(&house.root, "alice", &allow("*", "*")).await;
    assert!(house.allows(&temporary, "s3:GetObject", OBJECT));
    assert!(house.assume(&temporary, &role).await.is_ok());
    let iam = house.call::<op::ListUsers>(&temporary, t::ListUsersRequest::default()).await;
    assert_eq!(failure(iam).0, "InvalidClientTokenId");
    let again = house.call::<sts_op::GetSessionToken>(&temporary, get(None)).await;
    assert_eq!(failure(again).0, "AccessDenied");
    let root = house.root::<sts_op::GetSessionToken>(get(Some(129_600))).await.unwrap().credentials.unwrap();
    assert_eq!(root.expiration.secs(), 1_790_000_000 + 3600);
    let mfa = sts::GetSessionTokenRequest { token_code: Some("123456".into()), ..get(None) };
    assert!(failure(house.call::<sts_op::GetSessionToken>(&alice, mfa).await).2.starts_with("MultiFactor"));
}

#[tokio::test]
async fn who_may_not_call_iam_reads_no_policy_by_way_of_a_patch() {
    let (house, alice, role) = scene().await;
    house.allow(&house.root, "alice", &allow("*", "*")).await;
    let label = Label {
        account: None,
        kind: PolicyKind::Trust,
        name: role.clone(),
        arn: None,
        attached_to: role.clone(),
    };
    let patch = Patch {
        layer: Layer::Trust,
        level: 0,
        account: ACCOUNT.parse().ok(),
        attached_to: role,
        policy: Some(label),
        grants: Vec::new(),
    };
    let read = |caller| house.iam.patched(&house.call_of(caller), &patch).unwrap();
    assert!(read(&alice).unwrap().contains("sts:AssumeRole"));
    let answer = house.call::<sts_op::GetSessionToken>(&alice, sts::GetSessionTokenRequest::default()).await;
    let temporary = house.caller(&answer.unwrap().credentials.unwrap().access_key_id);
    assert_eq!(read(&temporary), None);
}

#[tokio::test]
async fn a_role_shows_when_it_was_last_used() {
    let (house, alice, role) = scene().await;
    let id = house.assume(&alice, &role).await.unwrap().access_key_id.unwrap();
    let now = mastic_core::Clock::now(&*house.clock);
    house.iam.used(&id, "s3", &"us-east-1".parse().unwrap(), now);
    let get = t::GetRoleRequest { role_name: "r".into() };
    let used = house.root::<op::GetRole>(get).await.unwrap().role.role_last_used.unwrap();
    assert_eq!((used.last_used_date, used.region.as_deref()), (Some(now), Some("us-east-1")));
}

#[tokio::test]
async fn a_session_ends_to_the_second() {
    let (house, alice, role) = scene().await;
    let input = sts::AssumeRoleRequest {
        role_arn: role,
        role_session_name: "s2".into(),
        duration_seconds: Some(900),
        ..Default::default()
    };
    let made = house.call::<sts_op::AssumeRole>(&alice, input).await.unwrap().credentials.unwrap();
    let key = house.iam.key(&made.access_key_id).unwrap().unwrap();
    assert_eq!(key.expires, Some(made.expiration));
    house.clock.advance(Duration::from_secs(899));
    assert!(mastic_core::Clock::now(&*house.clock) < made.expiration);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(mastic_core::Clock::now(&*house.clock), made.expiration);
}
