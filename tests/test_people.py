"""Passwords, MFA devices and sign-in, through boto3 and the command line."""

import json
import re

import pytest
from botocore.exceptions import ClientError

import harness
from people import PASSWORD, Phone, command, credentials, sign_in
from plugin_coverage import cover


@pytest.fixture(scope="module")
def root(server):
    return server.account("people")


@pytest.fixture(scope="module")
def iam(server, root):
    return server.client("iam", root)


@pytest.fixture
def user(iam, unique):
    """A user with a password, without permissions."""
    name = unique("person")
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    return name


def code_of(call, **arguments):
    """Code, status and text of the error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def allow(iam, user, action, **more):
    document = json.dumps(harness.statement(action, **more))
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document)


def test_a_user_signs_in_and_works(server, root, iam, user):
    allow(iam, user, ["iam:GetUser", "glue:GetDatabases"])
    person = credentials(sign_in(server, root.account, user))
    assert person.arn == f"arn:aws:iam::{root.account}:user/{user}"
    assert server.client("sts", person).get_caller_identity()["Arn"] == person.arn
    assert server.client("glue", person).get_databases()["DatabaseList"] == []
    assert server.client("iam", person).get_user()["User"]["PasswordLastUsed"]
    assert code_of(server.client("iam", person).list_users)[0] == "AccessDenied"
    assert any("PasswordLastUsed" in found for found in iam.list_users()["Users"])
    cover("conformance", "mastic", "SignIn")
    named = [{"AttributeKey": "Username", "AttributeValue": user}]
    events = server.client("cloudtrail", root).lookup_events(LookupAttributes=named)["Events"]
    [event] = [json.loads(event["CloudTrailEvent"]) for event in events if event["EventName"] == "SignIn"]
    assert (event["eventSource"], event["eventType"]) == ("mastic.amazonaws.com", "AwsApiCall")


def test_failures_are_alike_and_recorded(server, root, iam, user):
    attempts = [
        sign_in(server, root.account, user, "Wrong-horse-7"),
        sign_in(server, root.account, "nobody-there"),
        sign_in(server, "no-such-account", user),
        sign_in(server, root.account, user, MfaCode="123456"),
    ]
    assert {(answer.status, answer.code, answer.message) for answer in attempts} == {
        (403, "SignInFailedException", attempts[0].message)
    }
    request = attempts[0].headers["x-amzn-requestid"]
    answer = server.call("mastic", "Mastic.ExplainRequest", {"RequestId": request}, root).json()
    assert (answer["EventName"], answer["ErrorCode"]) == ("SignIn", "SignInFailedException")
    assert answer["Principal"] == f"arn:aws:iam::{root.account}:user/{user}"
    assert "horse" not in json.dumps(answer)
    cover("denial", "mastic", "SignIn")
    cover("audit", "mastic", "SignIn")


def test_guesses_wait_even_over_a_restart(own_server):
    server = own_server.start()
    iam = server.client("iam")
    iam.create_user(UserName="ann")
    iam.create_login_profile(UserName="ann", Password=PASSWORD)
    for _ in range(6):
        assert sign_in(server, server.root.account, "ann", "Wrong-horse-7").status == 403
    server.kill()
    server.start()
    # The wait is longer than the restart took, and the right password does not help.
    assert sign_in(server, server.root.account, "ann").code == "SignInFailedException"
    iam = server.client("iam")
    iam.create_user(UserName="ben")
    iam.create_login_profile(UserName="ben", Password=PASSWORD)
    assert sign_in(server, server.root.account, "ben").status == 200


def test_a_device_is_made_given_and_used(server, root, iam, user):
    phone = Phone(iam, user)
    assert phone.serial == f"arn:aws:iam::{root.account}:mfa/{user}"
    assert re.fullmatch(rb"[A-Z2-7]{64}", phone.seed)
    assert phone.image.startswith(b"\x89PNG\r\n\x1a\n")
    wrong = {"UserName": user, "SerialNumber": phone.serial, "AuthenticationCode1": "000000"}
    assert code_of(iam.enable_mfa_device, **wrong, AuthenticationCode2="000001") == (
        "InvalidAuthenticationCode",
        403,
        "Authentication code for device is not valid",
    )
    phone.enable(iam, user)
    iam.tag_mfa_device(SerialNumber=phone.serial, Tags=[{"Key": "kind", "Value": "phone"}])
    assert iam.list_mfa_device_tags(SerialNumber=phone.serial)["Tags"] == [{"Key": "kind", "Value": "phone"}]
    iam.untag_mfa_device(SerialNumber=phone.serial, TagKeys=["kind"])
    assert iam.list_mfa_device_tags(SerialNumber=phone.serial)["Tags"] == []
    assert [device["UserName"] for device in iam.list_mfa_devices(UserName=user)["MFADevices"]] == [user]
    assert iam.get_mfa_device(SerialNumber=phone.serial, UserName=user)["EnableDate"]
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    mine = next(device for device in listed if device["SerialNumber"] == phone.serial)
    assert mine["User"]["UserName"] == user and "Base32StringSeed" not in mine

    assert sign_in(server, root.account, user).status == 403
    code = phone.code()
    person = credentials(sign_in(server, root.account, user, MfaCode=code))
    assert sign_in(server, root.account, user, MfaCode=code).status == 403
    only_mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    allow(iam, user, "iam:ListUsers", **only_mfa)
    assert server.client("iam", person).list_users()["Users"]

    assert code_of(iam.delete_virtual_mfa_device, SerialNumber=phone.serial)[0] == "DeleteConflict"
    iam.resync_mfa_device(
        UserName=user,
        SerialNumber=phone.serial,
        AuthenticationCode1=phone.code(4),
        AuthenticationCode2=phone.code(5),
    )
    iam.deactivate_mfa_device(UserName=user, SerialNumber=phone.serial)
    iam.delete_virtual_mfa_device(SerialNumber=phone.serial)
    assert code_of(iam.delete_virtual_mfa_device, SerialNumber=phone.serial) == (
        "NoSuchEntity",
        404,
        f"VirtualMFADevice with serial number {phone.serial} doesn't exist.",
    )
    key = "arn:aws:iam::111122223333:u2f/user/key"
    code, _, text = code_of(iam.get_mfa_device, SerialNumber=key, UserName=user)
    assert code == "InvalidInput" and "virtual MFA devices only" in text


def test_a_policy_can_speak_of_a_device_s_tags(server, iam, root, unique):
    tag = {"Key": "kind", "Value": "phone"}
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=unique("tagged"), Tags=[tag])["VirtualMFADevice"]
    document = harness.statement(
        "iam:ListMFADeviceTags", "*", Condition={"StringEquals": {"aws:ResourceTag/kind": "phone"}}
    )
    person = server.user(document, by=root)
    allowed = server.client("iam", person)
    assert allowed.list_mfa_device_tags(SerialNumber=made["SerialNumber"])["Tags"] == [tag]
    iam.untag_mfa_device(SerialNumber=made["SerialNumber"], TagKeys=["kind"])
    assert code_of(allowed.list_mfa_device_tags, SerialNumber=made["SerialNumber"])[0] == "AccessDenied"


def test_login_profiles(iam, unique):
    name = unique("person")
    iam.create_user(UserName=name)
    missing = ("NoSuchEntity", 404, f"Login Profile for User {name} cannot be found.")
    assert code_of(iam.get_login_profile, UserName=name) == missing
    weak = code_of(iam.create_login_profile, UserName=name, Password="password")
    assert weak[:2] == ("PasswordPolicyViolation", 400)
    made = iam.create_login_profile(UserName=name, Password=PASSWORD, PasswordResetRequired=True)["LoginProfile"]
    assert iam.get_login_profile(UserName=name)["LoginProfile"] == made | {"PasswordResetRequired": True}
    twice = code_of(iam.create_login_profile, UserName=name, Password=PASSWORD)
    assert twice == ("EntityAlreadyExists", 409, f"Login Profile for user {name} already exists.")
    iam.update_login_profile(UserName=name, PasswordResetRequired=False)
    assert iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is False
    assert code_of(iam.delete_user, UserName=name) == (
        "DeleteConflict",
        409,
        "Cannot delete entity, must delete login profile first.",
    )
    iam.delete_login_profile(UserName=name)
    assert code_of(iam.delete_login_profile, UserName=name) == missing
    iam.delete_user(UserName=name)


def test_the_account_s_rules_for_passwords(server, unique):
    root = server.account(unique("rules"))
    iam = server.client("iam", root)
    domain = f"The Password Policy with domain name {root.account} cannot be found."
    assert code_of(iam.get_account_password_policy) == ("NoSuchEntity", 404, domain)
    assert code_of(iam.delete_account_password_policy)[0] == "NoSuchEntity"
    rules = {"MinimumPasswordLength": 12, "RequireSymbols": True, "PasswordReusePrevention": 1, "MaxPasswordAge": 90}
    iam.update_account_password_policy(**rules, AllowUsersToChangePassword=True)
    found = iam.get_account_password_policy()["PasswordPolicy"]
    assert found == rules | {
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
    }
    person = server.user(by=root)
    plain = code_of(iam.create_login_profile, UserName=person.name, Password="correcthorse7")
    assert plain == ("PasswordPolicyViolation", 400, "Password should have at least one symbol")
    iam.create_login_profile(UserName=person.name, Password=PASSWORD)
    own = server.client("iam", person)
    assert code_of(own.change_password, OldPassword="Wrong-horse-7", NewPassword="Another-horse-8") == (
        "AccessDenied",
        403,
        "The old password was incorrect.",
    )
    own.change_password(OldPassword=PASSWORD, NewPassword="Another-horse-8")
    assert own.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 12
    assert sign_in(server, root.account, person.name, "Another-horse-8").status == 200
    iam.delete_account_password_policy()
    assert code_of(own.change_password, OldPassword="Another-horse-8", NewPassword=PASSWORD)[0] == "AccessDenied"


def test_the_command_signs_in(server, root, iam, user):
    answer = command(server, "--account", root.account, "--user", user, lines=[PASSWORD])
    assert answer.returncode == 0, answer.stderr
    found = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", answer.stdout, re.M))
    person = harness.Credentials(
        root.account, found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"]
    )
    identity = server.cli("sts", "get-caller-identity", credentials=person)
    assert identity["Arn"] == f"arn:aws:iam::{root.account}:user/{user}"
    wrong = command(server, "--account", root.account, "--user", user, lines=["Wrong-horse-7"])
    assert wrong.returncode == 1 and "Sign-in failed" in wrong.stderr and not wrong.stdout

    allow(iam, user, "iam:ChangePassword")
    iam.update_login_profile(UserName=user, PasswordResetRequired=True)
    alias = harness.name("alias")
    iam.create_account_alias(AccountAlias=alias)
    phone = Phone(iam, harness.name("phone")).enable(iam, user)
    lines = [PASSWORD, phone.code(), "Another-horse-8"]
    changed = command(server, "--account", alias, "--user", user, lines=lines)
    assert changed.returncode == 0, changed.stderr
    iam.deactivate_mfa_device(UserName=user, SerialNumber=phone.serial)
    assert sign_in(server, alias, user, "Another-horse-8").status == 200
    iam.delete_account_alias(AccountAlias=alias)


def test_the_root_user_signs_in(server, unique):
    root = server.account(unique("rooted"))
    iam = server.client("iam", root)
    assert sign_in(server, root.account, "root").status == 403
    iam.create_login_profile(Password=PASSWORD)
    person = credentials(sign_in(server, root.account, "root"))
    assert person.arn == f"arn:aws:iam::{root.account}:root"
    Phone(iam, "root-phone").enable(iam, "root")
    assert iam.list_mfa_devices()["MFADevices"][0]["UserName"] == "root"
    assert sign_in(server, root.account, "root").status == 403
