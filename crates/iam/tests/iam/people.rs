//! Passwords and MFA devices of people, and how they sign in.

use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use mastic_api_iam::iam::{op, types as t};
use mastic_api_mastic::mastic::{op as mastic_op, types as m};
use mastic_core::{Clock, Fault, Secret};
use mastic_kernel::Caller;

use crate::house::{ACCOUNT, House, allow, failure, is};

const PASSWORD: &str = "Correct-horse-7";
const FAILED: &str = "SignInFailedException";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn bytes(base32: &[u8]) -> Vec<u8> {
    let bits = base32.iter().flat_map(|letter| {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        (0..5).rev().map(move |bit| value >> bit & 1)
    });
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

/// A device with its seed, as a telephone has it.
struct Device {
    serial: String,
    seed: Vec<u8>,
}

impl Device {
    async fn new(house: &House, name: &str) -> Self {
        let input =
            t::CreateVirtualMFADeviceRequest { virtual_mfa_device_name: name.into(), ..Default::default() };
        let made = house.root::<op::CreateVirtualMFADevice>(input).await.unwrap().virtual_mfa_device;
        assert!(made.qr_code_png.unwrap().0.starts_with(b"\x89PNG"));
        let seed = made.base32_string_seed.unwrap().0;
        assert_eq!(seed.len(), 64);
        Self { serial: made.serial_number, seed: bytes(&seed) }
    }

    /// The code `off` steps from now.
    fn code(&self, house: &House, off: i64) -> String {
        let step = house.clock.now().secs() / 30 + off;
        let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed), &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }

    async fn enable(&self, house: &House, user: &str, offs: (i64, i64)) -> Result<(), Fault> {
        house
            .root::<op::EnableMFADevice>(t::EnableMFADeviceRequest {
                user_name: user.into(),
                serial_number: self.serial.clone(),
                authentication_code1: self.code(house, offs.0),
                authentication_code2: self.code(house, offs.1),
            })
            .await
    }
}

struct Attempt {
    account: String,
    user: String,
    password: String,
    code: Option<String>,
    new: Option<String>,
}

fn by(user: &str, password: &str) -> Attempt {
    Attempt { account: ACCOUNT.into(), user: user.into(), password: password.into(), code: None, new: None }
}

impl Attempt {
    fn code(self, code: String) -> Self {
        Self { code: Some(code), ..self }
    }

    fn changing(self, new: &str) -> Self {
        Self { new: Some(new.to_owned()), ..self }
    }

    async fn go(self, house: &House) -> Result<m::SignInResponse, Fault> {
        let input = m::SignInRequest {
            account: self.account,
            user_name: self.user,
            password: Secret::new(self.password),
            mfa_code: self.code.map(Secret::new),
            new_password: self.new.map(Secret::new),
        };
        house.call::<mastic_op::SignIn>(&Caller::anonymous(), input).await
    }

    async fn code_of(self, house: &House) -> String {
        failure(self.go(house).await).0
    }
}

async fn password(house: &House, user: Option<&str>, password: &str, reset: bool) -> Result<(), Fault> {
    let input = t::CreateLoginProfileRequest {
        user_name: user.map(str::to_owned),
        password: Some(secret(password)),
        password_reset_required: Some(reset),
    };
    house.root::<op::CreateLoginProfile>(input).await.map(drop)
}

async fn policy(house: &House, change: impl FnOnce(&mut t::UpdateAccountPasswordPolicyRequest)) {
    let mut input = t::UpdateAccountPasswordPolicyRequest::default();
    change(&mut input);
    house.root::<op::UpdateAccountPasswordPolicy>(input).await.unwrap();
}

async fn change(house: &House, caller: &Caller, old: &str, new: &str) -> Result<(), Fault> {
    let input = t::ChangePasswordRequest { old_password: secret(old), new_password: secret(new) };
    house.call::<op::ChangePassword>(caller, input).await
}

#[tokio::test]
async fn a_user_signs_in_with_a_password_and_may_use_iam() {
    let house = House::new().await;
    house.user("alice").await;
    house.allow(&house.root, "alice", &allow("iam:*", "*")).await;
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, FAILED);
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let again = password(&house, Some("alice"), PASSWORD, false).await;
    is(again, "EntityAlreadyExists", 409, "Login Profile for user alice already exists.");

    let signed_in = by("alice", PASSWORD).go(&house).await.unwrap();
    assert_eq!(
        (signed_in.account_id.as_str(), signed_in.arn),
        (ACCOUNT, format!("arn:aws:iam::{ACCOUNT}:user/alice"))
    );
    assert_eq!(signed_in.credentials.expiration, house.clock.now().plus(Duration::from_secs(43_200)));
    let caller = house.caller(&signed_in.credentials.access_key_id);
    let user = house.call::<op::GetUser>(&caller, t::GetUserRequest::default()).await.unwrap().user;
    assert_eq!(user.password_last_used, Some(house.clock.now()));
    assert!(house.allows(&caller, "iam:GetUser", "*"));

    let mut other = by("alice", PASSWORD);
    other.account = "team-a".into();
    assert_eq!(other.code_of(&house).await, FAILED);
    let alias = t::CreateAccountAliasRequest { account_alias: "team-a".into() };
    house.root::<op::CreateAccountAlias>(alias).await.unwrap();
    let mut other = by("alice", PASSWORD);
    other.account = "team-a".into();
    other.go(&house).await.unwrap();
}

#[tokio::test]
async fn all_failures_look_alike() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let mut nowhere = by("alice", PASSWORD);
    nowhere.account = "999999999999".into();
    let answers = [
        failure(nowhere.go(&house).await),
        failure(by("bob", PASSWORD).go(&house).await),
        failure(by("alice", "Wrong-horse-7").go(&house).await),
        failure(by("root", PASSWORD).go(&house).await),
        failure(by("alice", PASSWORD).code("123456".into()).go(&house).await),
        failure(by("alice", "Wrong-horse-7").changing("Other-horse-8").go(&house).await),
    ];
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((answers[0].0.as_str(), answers[0].1), (FAILED, 403));
}

#[tokio::test]
async fn guesses_have_to_wait_and_a_restart_does_not_help() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    for _ in 0..6 {
        assert_eq!(by("ALICE", "Wrong-horse-7").code_of(&house).await, FAILED);
    }
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, FAILED);
    house.clock.advance(Duration::from_secs(7));
    let restarted = House::over(house.store.clone()).await;
    restarted.clock.advance(Duration::from_secs(7));
    assert_eq!(by("alice", PASSWORD).code_of(&restarted).await, FAILED);
    house.clock.advance(Duration::from_secs(1));
    by("alice", PASSWORD).go(&house).await.unwrap();
    // Success forgives: one slip afterwards costs no wait.
    assert_eq!(by("alice", "Wrong-horse-7").code_of(&house).await, FAILED);
    by("alice", PASSWORD).go(&house).await.unwrap();
}

#[tokio::test]
async fn guesses_made_side_by_side_wait_as_well() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let guesses = (0..20).map(|number| if number == 19 { PASSWORD } else { "Wrong-horse-7" });
    let attempts = guesses.map(|guess| by("alice", guess).code_of(&house));
    let answers = futures::future::join_all(attempts).await;
    assert!(answers.iter().all(|answer| answer == FAILED), "{answers:?}");
    house.clock.advance(Duration::from_secs(8));
    by("alice", PASSWORD).go(&house).await.unwrap();
}

#[tokio::test]
async fn who_has_a_device_needs_its_code_each_once() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let device = Device::new(&house, "phone").await;
    let wrong = device.enable(&house, "alice", (-1, 1)).await;
    is(wrong, "InvalidAuthenticationCode", 403, "Authentication code for device is not valid");
    device.enable(&house, "alice", (-1, 0)).await.unwrap();
    assert_eq!(failure(device.enable(&house, "alice", (1, 2)).await).0, "EntityAlreadyExists");

    assert_eq!(by("alice", PASSWORD).code_of(&house).await, FAILED);
    assert_eq!(by("alice", PASSWORD).code(device.code(&house, 0)).code_of(&house).await, FAILED);
    let next = device.code(&house, 1);
    let signed_in = by("alice", PASSWORD).code(next.clone()).go(&house).await.unwrap();
    assert_eq!(by("alice", PASSWORD).code(next).code_of(&house).await, FAILED);

    let conditional = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"glue:*","Resource":"*",
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}}}"#;
    house.allow(&house.root, "alice", conditional).await;
    let caller = house.caller(&signed_in.credentials.access_key_id);
    assert!(house.allows(&caller, "glue:GetTables", "*"));
    assert!(!house.allows(&alice, "glue:GetTables", "*"));
    house.clock.advance(Duration::from_secs(61));
    assert!(!house.allows(&caller, "glue:GetTables", "*"));
}

#[tokio::test]
async fn devices_come_and_go() {
    let house = House::new().await;
    house.user("alice").await;
    let device = Device::new(&house, "phone").await;
    assert_eq!(device.serial, format!("arn:aws:iam::{ACCOUNT}:mfa/phone"));
    let twice =
        t::CreateVirtualMFADeviceRequest { virtual_mfa_device_name: "phone".into(), ..Default::default() };
    let text = "MFADevice entity at the same path and name already exists.";
    is(house.root::<op::CreateVirtualMFADevice>(twice).await, "EntityAlreadyExists", 409, text);
    device.enable(&house, "alice", (40, 41)).await.unwrap();

    let list =
        |status| t::ListVirtualMFADevicesRequest { assignment_status: Some(status), ..Default::default() };
    let listed =
        house.root::<op::ListVirtualMFADevices>(list(t::AssignmentStatusType::Assigned)).await.unwrap();
    assert_eq!(listed.virtual_mfa_devices[0].user.as_ref().unwrap().user_name, "alice");
    assert!(listed.virtual_mfa_devices[0].base32_string_seed.is_none());
    let listed =
        house.root::<op::ListVirtualMFADevices>(list(t::AssignmentStatusType::Unassigned)).await.unwrap();
    assert!(listed.virtual_mfa_devices.is_empty());

    let resync = |first, second| t::ResyncMFADeviceRequest {
        user_name: "alice".into(),
        serial_number: device.serial.clone(),
        authentication_code1: device.code(&house, first),
        authentication_code2: device.code(&house, second),
    };
    assert_eq!(
        failure(house.root::<op::ResyncMFADevice>(resync(40, 41)).await).0,
        "InvalidAuthenticationCode"
    );
    house.root::<op::ResyncMFADevice>(resync(42, 43)).await.unwrap();

    let delete = || t::DeleteVirtualMFADeviceRequest { serial_number: device.serial.clone() };
    let text = "MFA VirtualDevice in use. Must deactivate first.";
    is(house.root::<op::DeleteVirtualMFADevice>(delete()).await, "DeleteConflict", 409, text);
    let deactivate = || t::DeactivateMFADeviceRequest {
        user_name: Some("alice".into()),
        serial_number: device.serial.clone(),
    };
    house.root::<op::DeactivateMFADevice>(deactivate()).await.unwrap();
    assert_eq!(failure(house.root::<op::DeactivateMFADevice>(deactivate()).await).0, "NoSuchEntity");
    house.root::<op::DeleteVirtualMFADevice>(delete()).await.unwrap();
    let text = format!("VirtualMFADevice with serial number {} doesn't exist.", device.serial);
    is(house.root::<op::DeleteVirtualMFADevice>(delete()).await, "NoSuchEntity", 404, &text);
    for number in 0..9 {
        let device = Device::new(&house, &format!("phone-{number}")).await;
        let enabled = device.enable(&house, "alice", (0, 1)).await;
        if number < 8 {
            enabled.unwrap();
        } else {
            is(enabled, "LimitExceeded", 409, "Cannot exceed quota for MFADevicesPerUser: 8");
        }
    }
}

#[tokio::test]
async fn the_root_user_has_a_password_and_devices() {
    let house = House::new().await;
    password(&house, None, PASSWORD, false).await.unwrap();
    let signed_in = by("root", PASSWORD).go(&house).await.unwrap();
    assert_eq!(signed_in.arn, format!("arn:aws:iam::{ACCOUNT}:root"));
    let device = Device::new(&house, "root-phone").await;
    device.enable(&house, "root", (-1, 0)).await.unwrap();
    assert_eq!(by("root", PASSWORD).code_of(&house).await, FAILED);
    by("root", PASSWORD).code(device.code(&house, 1)).go(&house).await.unwrap();
    let listed = house.root::<op::ListMFADevices>(t::ListMFADevicesRequest::default()).await.unwrap();
    assert_eq!(listed.mfa_devices[0].user_name, "root");
    let map = house.root::<op::GetAccountSummary>(()).await.unwrap().summary_map.unwrap();
    assert_eq!((map["AccountMFAEnabled"], map["AccountPasswordPresent"], map["MFADevicesInUse"]), (1, 1, 1));
}

#[tokio::test]
async fn a_password_that_must_be_changed_is_changed_at_sign_in() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, true).await.unwrap();
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, "PasswordResetRequiredException");
    let new = "Another-horse-8";
    assert_eq!(by("alice", PASSWORD).changing(new).code_of(&house).await, "AccessDeniedException");
    house
        .allow(&house.root, "alice", &allow("iam:ChangePassword", "arn:aws:iam::*:user/${aws:username}"))
        .await;
    assert_eq!(by("alice", PASSWORD).changing("short").code_of(&house).await, "PasswordPolicyViolation");
    assert_eq!(by("alice", PASSWORD).changing(PASSWORD).code_of(&house).await, "PasswordPolicyViolation");
    by("alice", PASSWORD).changing(new).go(&house).await.unwrap();
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, FAILED);
    by("alice", new).go(&house).await.unwrap();
    assert_eq!(by("alice", new).changing("Third-horse-9").code_of(&house).await, "ValidationException");
}

#[tokio::test]
async fn passwords_expire_softly_or_hard() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let rules = |hard| {
        move |policy: &mut t::UpdateAccountPasswordPolicyRequest| {
            policy.max_password_age = Some(1);
            policy.hard_expiry = Some(hard);
            policy.allow_users_to_change_password = Some(true);
        }
    };
    policy(&house, rules(true)).await;
    by("alice", PASSWORD).go(&house).await.unwrap();
    house.clock.advance(Duration::from_secs(86_400));
    assert_eq!(
        by("alice", PASSWORD).changing("Another-horse-8").code_of(&house).await,
        "PasswordExpiredException"
    );
    policy(&house, rules(false)).await;
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, "PasswordResetRequiredException");
    by("alice", PASSWORD).changing("Another-horse-8").go(&house).await.unwrap();
    by("alice", "Another-horse-8").go(&house).await.unwrap();
}

#[tokio::test]
async fn users_change_their_own_passwords_where_they_may() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    assert_eq!(failure(change(&house, &alice, PASSWORD, "Another-horse-8").await).0, "AccessDenied");
    policy(&house, |policy| {
        policy.allow_users_to_change_password = Some(true);
        policy.minimum_password_length = Some(14);
        policy.password_reuse_prevention = Some(2);
    })
    .await;
    let wrong = change(&house, &alice, "Wrong-horse-7", "Another-horse-8").await;
    is(wrong, "AccessDenied", 403, "The old password was incorrect.");
    let short = change(&house, &alice, PASSWORD, "Short-horse-8").await;
    is(short, "PasswordPolicyViolation", 400, "Password should have a minimum length of 14");
    change(&house, &alice, PASSWORD, "Another-horse-8").await.unwrap();
    let back = change(&house, &alice, "Another-horse-8", PASSWORD).await;
    let text = "Policy constraint violation with password reuse prevention during password change.";
    is(back, "PasswordPolicyViolation", 400, text);
    change(&house, &alice, "Another-horse-8", "Yet-another-horse-9").await.unwrap();
    change(&house, &alice, "Yet-another-horse-9", PASSWORD).await.unwrap();
    assert!(house.call::<op::GetAccountPasswordPolicy>(&alice, ()).await.is_ok());
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#;
    house.allow(&house.root, "alice", deny).await;
    assert_eq!(failure(change(&house, &alice, PASSWORD, "Fourth-horse-77").await).0, "AccessDenied");
    let root = change(&house, &house.root, PASSWORD, "Fourth-horse-77").await;
    is(root, "InvalidUserType", 400, "Only IAM Users can change their own password.");
}

#[tokio::test]
async fn a_user_is_not_deleted_while_credentials_remain() {
    let house = House::new().await;
    let input = t::CreateUserRequest { user_name: "alice".into(), ..Default::default() };
    house.root::<op::CreateUser>(input).await.unwrap();
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    let device = Device::new(&house, "phone").await;
    device.enable(&house, "alice", (0, 1)).await.unwrap();
    let delete = || t::DeleteUserRequest { user_name: "alice".into() };
    let conflict =
        async |text: &str| is(house.root::<op::DeleteUser>(delete()).await, "DeleteConflict", 409, text);
    conflict("Cannot delete entity, must delete login profile first.").await;
    // A new name changes nothing about what is the user's.
    let rename = t::UpdateUserRequest {
        user_name: "alice".into(),
        new_user_name: Some("alicia".into()),
        new_path: None,
    };
    house.root::<op::UpdateUser>(rename).await.unwrap();
    assert_eq!(by("alice", PASSWORD).code_of(&house).await, FAILED);
    by("alicia", PASSWORD).code(device.code(&house, 0)).code_of(&house).await;
    let back = t::UpdateUserRequest {
        user_name: "alicia".into(),
        new_user_name: Some("alice".into()),
        new_path: None,
    };
    house.root::<op::UpdateUser>(back).await.unwrap();
    let profile = t::DeleteLoginProfileRequest { user_name: Some("alice".into()) };
    house.root::<op::DeleteLoginProfile>(profile).await.unwrap();
    conflict("Cannot delete entity, must delete MFA device first.").await;
    let deactivate = t::DeactivateMFADeviceRequest {
        user_name: Some("alice".into()),
        serial_number: device.serial.clone(),
    };
    house.root::<op::DeactivateMFADevice>(deactivate).await.unwrap();
    let service = t::CreateServiceSpecificCredentialRequest {
        user_name: "alice".into(),
        service_name: "codecommit.amazonaws.com".into(),
        credential_age_days: None,
    };
    let made = house.root::<op::CreateServiceSpecificCredential>(service).await.unwrap();
    conflict("Cannot delete entity, must remove referenced objects first.").await;
    let id = made.service_specific_credential.unwrap().service_specific_credential_id;
    let gone = t::DeleteServiceSpecificCredentialRequest {
        user_name: Some("alice".into()),
        service_specific_credential_id: id,
    };
    house.root::<op::DeleteServiceSpecificCredential>(gone).await.unwrap();
    house.root::<op::DeleteUser>(delete()).await.unwrap();
}

#[tokio::test]
async fn passwords_and_codes_reach_neither_store_nor_trail() {
    let house = House::new().await;
    house.user("alice").await;
    password(&house, Some("alice"), PASSWORD, false).await.unwrap();
    by("alice", PASSWORD).go(&house).await.unwrap();
    let call = house.call_of(&Caller::anonymous());
    let id = call.request_id.to_string();
    let input = m::SignInRequest {
        account: ACCOUNT.into(),
        user_name: "alice".into(),
        password: secret("Wrong-horse-7"),
        mfa_code: Some(secret("123456")),
        new_password: None,
    };
    let value = mastic_shape::Shape::into_value(input);
    let service = <mastic_op::SignIn as mastic_shape::Op>::service();
    let operation = <mastic_op::SignIn as mastic_shape::Op>::operation();
    house.registry.serve(&house.kernel, service, operation, call, value).await.unwrap_err();
    // The attempt stands in the trail of the account that it was on.
    let account = ACCOUNT.parse().unwrap();
    let record = house.kernel.audit_record(Some(&account), &id).await.unwrap().unwrap();
    let text = format!("{record:?}");
    assert!(text.contains("SignIn") && text.contains("user/alice") && text.contains(FAILED), "{text}");
    let anonymous = format!("{:?}", house.kernel.audit_record(None, &id).await.unwrap().unwrap());
    for text in [text, anonymous] {
        assert!(!text.contains("horse") && !text.contains("123456"), "{text}");
    }
}
