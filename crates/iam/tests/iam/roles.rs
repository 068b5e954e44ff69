use mastic_api_iam::iam::{op, types as t};
use mastic_kernel::ports::{Keys, RoleSessions};

use crate::house::{ACCOUNT, House, allow, failure, is, trust};

fn create(name: &str) -> t::CreateRoleRequest {
    t::CreateRoleRequest {
        role_name: name.into(),
        assume_role_policy_document: trust("Service", "glue.amazonaws.com"),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_role_is_made_changed_and_deleted() {
    let house = House::new().await;
    let input = t::CreateRoleRequest {
        path: Some("/etl/".into()),
        description: Some("d".into()),
        max_session_duration: Some(7200),
        ..create("Nightly")
    };
    let made = house.root::<op::CreateRole>(input).await.unwrap().role;
    assert_eq!(made.arn, format!("arn:aws:iam::{ACCOUNT}:role/etl/Nightly"));
    assert!(made.role_id.starts_with("AROA"));
    assert!(made.assume_role_policy_document.unwrap().starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    is(
        house.root::<op::CreateRole>(create("nightly")).await,
        "EntityAlreadyExists",
        409,
        "Role with name nightly already exists.",
    );
    let update = t::UpdateRoleRequest {
        role_name: "Nightly".into(),
        description: Some("e".into()),
        max_session_duration: Some(3600),
    };
    house.root::<op::UpdateRole>(update).await.unwrap();
    let describe = t::UpdateRoleDescriptionRequest { role_name: "Nightly".into(), description: "f".into() };
    house.root::<op::UpdateRoleDescription>(describe).await.unwrap();
    let get = || t::GetRoleRequest { role_name: "Nightly".into() };
    let role = house.root::<op::GetRole>(get()).await.unwrap().role;
    assert_eq!((role.description.as_deref(), role.max_session_duration), (Some("f"), Some(3600)));
    assert_eq!(role.role_last_used, Some(t::RoleLastUsed::default()));
    let profiles =
        t::ListInstanceProfilesForRoleRequest { role_name: "Nightly".into(), ..Default::default() };
    assert!(
        house.root::<op::ListInstanceProfilesForRole>(profiles).await.unwrap().instance_profiles.is_empty()
    );
    house.root::<op::DeleteRole>(t::DeleteRoleRequest { role_name: "Nightly".into() }).await.unwrap();
    is(
        house.root::<op::GetRole>(get()).await,
        "NoSuchEntity",
        404,
        "The role with name Nightly cannot be found.",
    );
}

#[tokio::test]
async fn trust_policies_are_checked() {
    let house = House::new().await;
    let bad =
        |document: &str| t::CreateRoleRequest { assume_role_policy_document: document.into(), ..create("r") };
    let refused = failure(house.root::<op::CreateRole>(bad("{}")).await);
    assert_eq!((refused.0.as_str(), refused.1), ("MalformedPolicyDocument", 400));
    let refused = failure(house.root::<op::CreateRole>(bad(&allow("sts:AssumeRole", "*"))).await);
    assert_eq!(
        (refused.0.as_str(), refused.2.as_str()),
        ("MalformedPolicyDocument", "Has prohibited field Resource")
    );
    house.root::<op::CreateRole>(create("r")).await.unwrap();
    let update = |document: String| t::UpdateAssumeRolePolicyRequest {
        role_name: "r".into(),
        policy_document: document,
    };
    assert!(house.root::<op::UpdateAssumeRolePolicy>(update("x".into())).await.is_err());
    house.root::<op::UpdateAssumeRolePolicy>(update(trust("AWS", ACCOUNT))).await.unwrap();
    let long = trust("AWS", ACCOUNT).replace(
        "\"Action\"",
        &format!(r#""Condition":{{"StringEquals":{{"sts:ExternalId":"{}"}}}},"Action""#, "x".repeat(2048)),
    );
    is(
        house.root::<op::UpdateAssumeRolePolicy>(update(long)).await,
        "LimitExceeded",
        409,
        "Cannot exceed quota for ACLSizePerRole: 2048",
    );
}

#[tokio::test]
async fn sessions_last_an_hour_to_twelve() {
    let house = House::new().await;
    for seconds in [3599, 43201] {
        let input = t::CreateRoleRequest { max_session_duration: Some(seconds), ..create("r") };
        assert_eq!(failure(house.root::<op::CreateRole>(input).await).0, "ValidationError");
    }
}

#[tokio::test]
async fn policies_must_go_before_the_role() {
    let house = House::new().await;
    house.root::<op::CreateRole>(create("r")).await.unwrap();
    let arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole";
    let attach = t::AttachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.into() };
    house.root::<op::AttachRolePolicy>(attach).await.unwrap();
    house.role_policy("r", &allow("s3:GetObject", "*")).await;
    let delete = || t::DeleteRoleRequest { role_name: "r".into() };
    let text = "Cannot delete entity, must detach all policies first.";
    is(house.root::<op::DeleteRole>(delete()).await, "DeleteConflict", 409, text);
    let detach = || t::DetachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.into() };
    house.root::<op::DetachRolePolicy>(detach()).await.unwrap();
    let text = format!("Policy {arn} was not found.");
    is(house.root::<op::DetachRolePolicy>(detach()).await, "NoSuchEntity", 404, &text);
    let text = "Cannot delete entity, must delete policies first.";
    is(house.root::<op::DeleteRole>(delete()).await, "DeleteConflict", 409, text);
}

#[tokio::test]
async fn inline_policies_are_kept_as_given_up_to_the_quota() {
    let house = House::new().await;
    house.root::<op::CreateRole>(create("r")).await.unwrap();
    let document = allow("s3:GetObject", "arn:aws:s3:::a*/b c");
    house.role_policy("r", &document).await;
    let get = |name: &str| t::GetRolePolicyRequest { role_name: "r".into(), policy_name: name.into() };
    let got = house.root::<op::GetRolePolicy>(get("p")).await.unwrap();
    let decoded =
        percent_encoding::percent_decode_str(&got.policy_document).decode_utf8().unwrap().into_owned();
    assert_eq!(decoded, document);
    assert!(got.policy_document.contains("b%20c") && got.policy_document.contains("%2A"));
    is(
        house.root::<op::GetRolePolicy>(get("q")).await,
        "NoSuchEntity",
        404,
        "The role policy with name q cannot be found.",
    );
    let list = t::ListRolePoliciesRequest { role_name: "r".into(), ..Default::default() };
    assert_eq!(house.root::<op::ListRolePolicies>(list).await.unwrap().policy_names, ["p"]);
    let big = t::PutRolePolicyRequest {
        role_name: "r".into(),
        policy_name: "big".into(),
        policy_document: allow("s3:GetObject", &format!("arn:aws:s3:::{}", "b".repeat(10_240))),
    };
    is(
        house.root::<op::PutRolePolicy>(big).await,
        "LimitExceeded",
        409,
        "Maximum policy size of 10240 bytes exceeded for role r",
    );
}

#[tokio::test]
async fn services_assume_what_trusts_them() {
    let house = House::new().await;
    house
        .root::<op::CreateRole>(t::CreateRoleRequest { path: Some("/etl/".into()), ..create("r") })
        .await
        .unwrap();
    house.role("people", &trust("AWS", ACCOUNT)).await;
    let account = ACCOUNT.parse().unwrap();
    let arn = house.iam.find(&account, "r").unwrap().unwrap();
    assert_eq!(arn.resource(), "role/etl/r");
    for name in [arn.as_str(), "etl/r", "/etl/r"] {
        assert_eq!(house.iam.find(&account, name).unwrap().as_ref(), Some(&arn), "{name}");
    }
    assert_eq!(house.iam.find(&account, "nobody").unwrap(), None);
    assert_eq!(house.iam.find(&"999999999999".parse().unwrap(), arn.as_str()).unwrap(), None);
    let job: mastic_core::Arn = "arn:aws:glue:us-east-1:111122223333:job/j".parse().unwrap();
    assert!(house.iam.can_assume("glue.amazonaws.com", &arn, &job).unwrap());
    assert!(!house.iam.can_assume("lambda.amazonaws.com", &arn, &job).unwrap());
    let people = house.iam.find(&account, "people").unwrap().unwrap();
    assert!(!house.iam.can_assume("glue.amazonaws.com", &people, &job).unwrap());

    let id = |run: &str| mastic_kernel::RunBinding { id: run.into(), staged: true };
    let ask = |run: &str| mastic_kernel::ports::ServiceSession {
        service: "glue.amazonaws.com",
        role: arn.clone(),
        session_name: "GlueJobRunnerSession".into(),
        session_policy: None,
        run: Some(id(run)),
        source: job.clone(),
        duration: std::time::Duration::from_secs(3600),
    };
    let session = house.iam.assume(ask("jr_1")).await.unwrap();
    assert_eq!(session.caller.run(), Some(&id("jr_1")));
    let material = house.iam.key(&session.access_key_id).unwrap().unwrap();
    assert_eq!(*material.caller, session.caller);
    house.role_policy("r", &allow("s3:GetObject", "*")).await;
    assert!(house.allows(&session.caller, "s3:GetObject", "arn:aws:s3:::b/k"));
    // Code of a job is told from what the service does itself.
    let from = |key: &str| {
        allow("s3:GetObject", "*").replace(
            "\"Resource\"",
            &format!(r#""Condition":{{"StringEquals":{{"{key}":"glue.amazonaws.com"}}}},"Resource""#),
        )
    };
    house.role_policy("r", &from("glue:CredentialIssuingService")).await;
    assert!(house.allows(&session.caller, "s3:GetObject", "arn:aws:s3:::b/k"));
    house.role_policy("r", &from("glue:RoleAssumedBy")).await;
    assert!(!house.allows(&session.caller, "s3:GetObject", "arn:aws:s3:::b/k"));
    let other = house.iam.assume(ask("jr_2")).await.unwrap();
    house.iam.revoke("jr_1").await.unwrap();
    assert!(house.iam.key(&session.access_key_id).unwrap().is_none());
    assert!(house.iam.key(&other.access_key_id).unwrap().is_some());
    let denied = mastic_kernel::ports::ServiceSession { role: people, ..ask("jr_3") };
    let fault = house.iam.assume(denied).await.unwrap_err();
    assert_eq!((fault.code(), fault.status()), ("AccessDenied", 403));
}
