use mastic_api_iam::iam::{op, types as t};
use mastic_kernel::{Authorizer, Caller, Identity, Need};

use crate::house::{ACCOUNT, House, OTHER, allow, trust};

const OBJECT: &str = "arn:aws:s3:::data/k";

#[tokio::test]
async fn a_change_counts_for_the_very_next_decision() {
    let house = House::new().await;
    let root = house.user("u").await;
    house.allow(&house.root, "u", &allow("sts:AssumeRole", "*")).await;
    let role = house.role("r", &trust("AWS", ACCOUNT)).await;
    let session = house.assume(&root, &role.arn).await.unwrap();
    assert!(!house.allows(&session, "s3:GetObject", OBJECT));
    house.role_policy("r", &allow("s3:GetObject", "*")).await;
    assert!(house.allows(&session, "s3:GetObject", OBJECT));
    house.role_policy("r", &allow("s3:PutObject", "*")).await;
    assert!(!house.allows(&session, "s3:GetObject", OBJECT));
}

#[tokio::test]
async fn a_denial_says_why_and_what_is_missing() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let verdict = house.decide(&alice, "glue:GetTable", "arn:aws:glue:eu-central-1:111122223333:table/d/t");
    assert_eq!(
        verdict.text,
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: glue:GetTable on resource: \
         arn:aws:glue:eu-central-1:111122223333:table/d/t because no identity-based policy allows the glue:GetTable action"
    );
    let explanation = verdict.explanation.unwrap();
    let remedy = mastic_policy::Remedy::of([&explanation.decision]);
    let [patch] = remedy.patches.as_slice() else { panic!("{remedy:?}") };
    assert_eq!(patch.attached_to, "arn:aws:iam::111122223333:user/alice");
    let document = patch.document(None).unwrap();
    assert!(document.contains(r#"{"Effect":"Allow","Action":"glue:GetTable""#), "{document}");
}

#[tokio::test]
async fn an_explicit_deny_is_named() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"NoDeletes","Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}"#;
    house.allow(&house.root, "alice", policy).await;
    assert!(house.allows(&alice, "s3:GetObject", OBJECT));
    let verdict = house.decide(&alice, "s3:DeleteObject", OBJECT);
    assert!(verdict.text.ends_with("with an explicit deny in an identity-based policy"), "{}", verdict.text);
    assert!(verdict.explanation.unwrap().decision.render().contains("NoDeletes"));
}

#[tokio::test]
async fn across_accounts_both_sides_must_agree() {
    let house = House::new().await;
    let other = house.other().await;
    let bob = house.user_by(&other, "bob").await;
    let policy = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}}]}}"#
        )
    };
    house.bucket("data", ACCOUNT, None);
    house.allow(&other, "bob", &allow("s3:GetObject", "*")).await;
    let verdict = house.decide(&bob, "s3:GetObject", OBJECT);
    assert!(verdict.text.contains("no resource-based policy allows"), "{}", verdict.text);
    house.bucket("data", ACCOUNT, Some(&policy(OTHER)));
    assert!(house.allows(&bob, "s3:GetObject", OBJECT));
    house.allow(&other, "bob", &allow("s3:PutObject", "*")).await;
    assert!(!house.allows(&bob, "s3:GetObject", OBJECT));
    // Within the account one side is enough.
    let alice = house.user("alice").await;
    assert!(!house.allows(&alice, "s3:GetObject", OBJECT));
    house.bucket("data", ACCOUNT, Some(&policy(&alice.arn())));
    assert!(house.allows(&alice, "s3:GetObject", OBJECT));
}

#[tokio::test]
async fn the_root_user_may_do_everything_at_home_and_nothing_abroad() {
    let house = House::new().await;
    let other = house.other().await;
    let table = |account: &str| format!("arn:aws:glue:eu-central-1:{account}:table/d/t");
    assert!(house.allows(&house.root, "glue:GetTable", &table(ACCOUNT)));
    assert!(!house.allows(&other, "glue:GetTable", &table(ACCOUNT)));
    house.bucket("data", ACCOUNT, None);
    assert!(!house.allows(&other, "s3:GetObject", OBJECT));
    assert!(house.allows(&house.root, "s3:GetObject", OBJECT));
}

#[tokio::test]
async fn the_owner_may_be_told_by_the_need() {
    let house = House::new().await;
    let other = house.other().await;
    let need = Need::new("s3:GetObject", OBJECT).owned_by(ACCOUNT.parse().unwrap());
    let verdict = house.iam.decide(&house.call_of(&other), &need).unwrap();
    assert!(!verdict.allowed);
}

#[tokio::test]
async fn a_boundary_limits_what_is_granted() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.allow(&house.root, "alice", &allow("*", "*")).await;
    let boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".to_owned();
    let put = t::PutUserPermissionsBoundaryRequest {
        user_name: "alice".into(),
        permissions_boundary: boundary.clone(),
    };
    house.root::<op::PutUserPermissionsBoundary>(put).await.unwrap();
    assert!(house.allows(&alice, "s3:GetObject", OBJECT));
    let verdict = house.decide(&alice, "s3:PutObject", OBJECT);
    assert!(
        verdict.text.ends_with("because no permissions boundary allows the s3:PutObject action"),
        "{}",
        verdict.text
    );
    let get = t::GetUserRequest { user_name: Some("alice".into()) };
    let user = house.root::<op::GetUser>(get).await.unwrap().user;
    assert_eq!(user.permissions_boundary.unwrap().permissions_boundary_arn, Some(boundary));
    let delete = || t::DeleteUserPermissionsBoundaryRequest { user_name: "alice".into() };
    house.root::<op::DeleteUserPermissionsBoundary>(delete()).await.unwrap();
    assert!(house.allows(&alice, "s3:PutObject", OBJECT));
    assert_eq!(
        house.root::<op::DeleteUserPermissionsBoundary>(delete()).await.unwrap_err().code(),
        "NoSuchEntity"
    );
    let none = t::PutUserPermissionsBoundaryRequest {
        user_name: "alice".into(),
        permissions_boundary: "arn:aws:iam::aws:policy/Nothing".into(),
    };
    assert_eq!(house.root::<op::PutUserPermissionsBoundary>(none).await.unwrap_err().code(), "NoSuchEntity");
}

#[tokio::test]
async fn conditions_see_the_call() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let holds = async |condition: &str| {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
        );
        house.allow(&house.root, "alice", &policy).await;
        house.allows(&alice, "s3:GetObject", OBJECT)
    };
    assert!(holds(r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#).await);
    assert!(!holds(r#"{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#).await);
    assert!(holds(r#"{"Bool":{"aws:SecureTransport":"true"}}"#).await);
    assert!(holds(r#"{"StringEquals":{"aws:RequestedRegion":"eu-central-1"}}"#).await);
    assert!(holds(r#"{"StringLike":{"aws:UserAgent":"test/*"}}"#).await);
    assert!(holds(r#"{"StringEquals":{"aws:username":"alice","aws:PrincipalType":"User"}}"#).await);
    assert!(holds(r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#).await);
    assert!(holds(r#"{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}"#).await);
    assert!(holds(r#"{"NumericGreaterThan":{"aws:EpochTime":"1700000000"}}"#).await);
    assert!(holds(r#"{"Null":{"aws:MultiFactorAuthPresent":"true","aws:TokenIssueTime":"true"}}"#).await);
    assert!(holds(r#"{"StringLike":{"aws:userid":"AIDA*"}}"#).await);
    let tags = vec![t::Tag { key: "team".into(), value: "etl".into() }];
    house.root::<op::TagUser>(t::TagUserRequest { user_name: "alice".into(), tags }).await.unwrap();
    assert!(holds(r#"{"StringEquals":{"aws:PrincipalTag/team":"etl"}}"#).await);
    let call = house.call_of(&alice);
    let keyed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"StringEquals":{"aws:RequestTag/a":"1"}}}]}"#;
    house.allow(&house.root, "alice", keyed).await;
    let need = Need::new("glue:CreateJob", "arn:aws:glue:eu-central-1:111122223333:job/j");
    assert!(!house.iam.decide(&call, &need).unwrap().allowed);
    assert!(house.iam.decide(&call, &need.with("aws:RequestTag/a", ["1"])).unwrap().allowed);
}

#[tokio::test]
async fn iam_s_own_conditions_see_the_resource() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.role("r", &trust("Service", "glue.amazonaws.com")).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*",
        "Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
        "StringEquals":{"aws:ResourceTag/team":"etl"}}}]}"#;
    house.allow(&house.root, "alice", policy).await;
    let attach = |name: &str| t::AttachRolePolicyRequest {
        role_name: "r".into(),
        policy_arn: format!("arn:aws:iam::aws:policy/{name}"),
    };
    assert!(house.call::<op::AttachRolePolicy>(&alice, attach("AmazonS3ReadOnlyAccess")).await.is_err());
    let tags = vec![t::Tag { key: "team".into(), value: "etl".into() }];
    house.root::<op::TagRole>(t::TagRoleRequest { role_name: "r".into(), tags }).await.unwrap();
    house.call::<op::AttachRolePolicy>(&alice, attach("AmazonS3ReadOnlyAccess")).await.unwrap();
    assert!(house.call::<op::AttachRolePolicy>(&alice, attach("AdministratorAccess")).await.is_err());
}

#[tokio::test]
async fn strangers_and_services_have_what_resources_give_them() {
    let house = House::new().await;
    let anonymous = Caller::anonymous();
    let service = Caller {
        account: None,
        identity: Identity::Service("logs.amazonaws.com".into()),
        access_key_id: None,
        token: None,
    };
    house.bucket("data", ACCOUNT, None);
    assert!(!house.allows(&anonymous, "s3:GetObject", OBJECT));
    assert!(!house.allows(&service, "s3:PutObject", OBJECT));
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"},
        {"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::data/*"}]}"#;
    house.bucket("data", ACCOUNT, Some(policy));
    assert!(house.allows(&anonymous, "s3:GetObject", OBJECT));
    assert!(!house.allows(&anonymous, "s3:PutObject", OBJECT));
    assert!(house.allows(&service, "s3:PutObject", OBJECT));
}
