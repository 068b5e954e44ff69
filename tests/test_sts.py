"""Temporary credentials: whose they are, what limits them, and when they end."""

import base64
import hashlib
import hmac
import json
import struct
import time

import pytest
from botocore.exceptions import ClientError

import harness
from harness import statement, trust


def failure(call, *arguments, **more):
    with pytest.raises(ClientError) as failed:
        call(*arguments, **more)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


def trusting(principal, *actions, condition=None):
    allow = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", *actions]}
    if condition:
        allow["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [allow]}


@pytest.fixture
def world(server):
    return server.account("sts")


@pytest.fixture
def alice(server, world):
    """A user who may assume anything."""
    return server.user(statement("sts:*"), by=world)


def allow(server, world, role, document):
    name = role.rsplit("/", 1)[1]
    server.client("iam", world).put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))


def pairs(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


# Passing things on.


def test_tags_need_permission_and_follow_a_chain(server, world, alice):
    plain = server.role(trusted=trusting({"AWS": alice.arn}), by=world)
    code, text = failure(server.assume, plain, by=alice, Tags=pairs(team="etl"))
    assert code == "AccessDenied" and "sts:TagSession" in text
    keys = {"StringEquals": {"aws:RequestTag/team": "etl"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    first = server.role(statement("sts:*"), trusting({"AWS": alice.arn}, "sts:TagSession", condition=keys), by=world)
    assert failure(server.assume, first, by=alice, Tags=pairs(team="ops"))[0] == "AccessDenied"
    session = server.assume(first, by=alice, Tags=pairs(team="etl"), TransitiveTagKeys=["team"])
    second = server.role(trusted=trusting({"AWS": first}, "sts:TagSession"), by=world)
    wants = {"StringEquals": {"aws:PrincipalTag/team": "etl"}}
    allow(server, world, second, statement("glue:GetDatabases", Condition=wants))
    further = server.assume(second, by=session)
    server.client("glue", further).get_databases()
    assert failure(server.assume, second, by=session, Tags=pairs(Team="ops")) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
        "the calling session.",
    )
    # A role that does not take tags does not take inherited ones either.
    third = server.role(trusted=trusting({"AWS": first}), by=world)
    assert "sts:TagSession" in failure(server.assume, third, by=session)[1]


def test_session_tags_stand_before_those_of_the_role(server, world, alice):
    role = server.role(trusted=trusting({"AWS": alice.arn}, "sts:TagSession"), by=world)
    server.client("iam", world).tag_role(RoleName=role.rsplit("/", 1)[1], Tags=pairs(team="ops"))
    allow(server, world, role, statement("glue:GetDatabases", Condition={"StringEquals": {"aws:PrincipalTag/Team": "etl"}}))
    plain = server.assume(role, by=alice)
    assert failure(server.client("glue", plain).get_databases)[0] == "AccessDeniedException"
    server.client("glue", server.assume(role, by=alice, Tags=pairs(team="etl"))).get_databases()


def test_what_tags_and_policies_may_be(server, world, alice):
    role = server.role(trusted=trusting({"AWS": alice.arn}, "sts:TagSession"), by=world)
    asked = lambda **more: failure(server.assume, role, by=alice, **more)
    assert asked(Tags=pairs(a="1", A="2"))[0] == "InvalidParameterValue"
    assert asked(Tags=pairs(a="1"), TransitiveTagKeys=["b"]) == (
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    )
    assert asked(Tags=pairs(**{f"k{n}": "v" for n in range(51)}))[0] in ("InvalidParameterValue", "ValidationError")
    code, text = asked(Tags=pairs(**{f"k{n}": "v" * 250 for n in range(20)}))
    assert code == "PackedPolicyTooLarge" and text.startswith("Packed size of session tags consumes 2")
    assert asked(Policy="{}")[0] == "MalformedPolicyDocument"
    assert asked(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/NoSuch"}])[0] == "ValidationError"
    code, text = asked(ProvidedContexts=[{"ProviderArn": "arn:aws:iam::aws:contextProvider/X", "ContextAssertion": "a" * 8}])
    assert code == "ValidationError" and "ProvidedContexts" in text


def test_a_source_identity_stays(server, world, alice):
    first = server.role(statement("sts:*"), trusting({"AWS": alice.arn}, "sts:SetSourceIdentity"), by=world)
    session = server.assume(first, by=alice, SourceIdentity="carla")
    second = server.role(trusted=trusting({"AWS": first}, "sts:SetSourceIdentity"), by=world)
    allow(server, world, second, statement("glue:GetDatabases", Condition={"StringEquals": {"aws:SourceIdentity": "carla"}}))
    server.client("glue", server.assume(second, by=session)).get_databases()
    assert failure(server.assume, second, by=session, SourceIdentity="eve")[0] == "AccessDenied"
    assert failure(server.assume, first, by=alice, SourceIdentity="aws:x")[0] == "ValidationError"
    # Whom one may become can be narrowed.
    narrow = {"StringLike": {"sts:SourceIdentity": "ca*"}, "StringEquals": {"sts:RoleSessionName": "nightly"}}
    third = server.role(trusted=trusting({"AWS": alice.arn}, "sts:SetSourceIdentity", condition=narrow), by=world)
    server.assume(third, by=alice, SourceIdentity="carla", RoleSessionName="nightly")
    assert failure(server.assume, third, by=alice, SourceIdentity="carla")[0] == "AccessDenied"
    assert failure(server.assume, third, by=alice, SourceIdentity="eve", RoleSessionName="nightly")[0] == "AccessDenied"


def test_an_external_id_keeps_a_deputy_from_confusion(server, world):
    deputy = server.account("deputy")
    wants = {"StringEquals": {"sts:ExternalId": "for-this-customer"}}
    role = server.role(statement("glue:GetDatabases"), trusting({"AWS": deputy.account}, condition=wants), by=world)
    worker = server.user(statement("sts:AssumeRole", role), by=deputy)
    for wrong in ({}, {"ExternalId": "for-another"}):
        code, text = failure(server.assume, role, by=worker, **wrong)
        assert code == "AccessDenied" and f"User: {worker.arn} is not authorized to perform: sts:AssumeRole" in text
    server.client("glue", server.assume(role, by=worker, ExternalId="for-this-customer")).get_databases()
    # Whether the role is there makes no difference to who may not assume it.
    stranger = server.user(by=deputy)
    missing = role + "-missing"
    assert failure(server.assume, role, by=stranger)[1].replace(role, missing) == failure(server.assume, missing, by=stranger)[1]


# Time.


def test_sessions_have_their_length(server, world, alice):
    role = server.role(statement("sts:*"), trusting({"AWS": alice.arn}), by=world)
    code, text = failure(server.assume, role, by=alice, DurationSeconds=3601)
    assert (code, text) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    name = role.rsplit("/", 1)[1]
    iam = server.client("iam", world)
    iam.update_role(RoleName=name, MaxSessionDuration=43200)
    session = server.assume(role, by=alice, DurationSeconds=43200)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusting({"AWS": role})))
    server.assume(role, by=session, DurationSeconds=3600)
    code, text = failure(server.assume, role, by=session, DurationSeconds=3601)
    assert (code, text) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )


def test_sessions_can_be_revoked(server, world, alice):
    role = server.role(statement("glue:GetDatabases"), trusting({"AWS": alice.arn}), by=world)
    old = server.assume(role, by=alice)
    server.client("glue", old).get_databases()
    # What the console's "Revoke active sessions" does.
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    server.client("iam", world).put_role_policy(
        RoleName=role.rsplit("/", 1)[1],
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(
            statement("*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": now}})
        ),
    )
    code, text = failure(server.client("glue", old).get_databases)
    assert code == "AccessDeniedException" and "with an explicit deny in an identity-based policy" in text
    harness.wait_for(lambda: works(server.client("glue", server.assume(role, by=alice)).get_databases), interval=0.2)


def works(call):
    """The call succeeds."""
    try:
        return call()
    except ClientError:
        return None


def test_a_change_takes_effect_on_sessions_at_once(server, world, alice):
    iam = server.client("iam", world)
    role = server.role(trusted=trusting({"AWS": alice.arn}), by=world)
    name = role.rsplit("/", 1)[1]
    session = server.assume(role, by=alice)
    glue = server.client("glue", session)
    assert failure(glue.get_databases)[0] == "AccessDeniedException"
    allow(server, world, role, statement("glue:GetDatabases"))
    glue.get_databases()
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    assert failure(glue.get_databases)[0] == "AccessDeniedException"
    iam.delete_role(RoleName=name)
    again = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusting({"AWS": alice.arn})))
    assert again["Role"]["Arn"] == role
    allow(server, world, role, statement("glue:GetDatabases"))
    assert failure(glue.get_databases)[0] == "UnrecognizedClientException"
    server.client("glue", server.assume(role, by=alice)).get_databases()


# Whom a trust policy means.


def test_a_trust_policy_names_who_is_there(server, world):
    for nobody in ("arn:aws:iam::{}:user/nobody", "arn:aws:iam::{}:role/nobody", "AIDAAAAAAAAAAAAAAAAAA"):
        principal = nobody.format(world.account)
        code, text = failure(server.role, trusted=trusting({"AWS": principal}), by=world)
        assert (code, text) == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"')
    for unknown in ("999999999999", "arn:aws:iam::999999999999:root", "arn:aws:iam::999999999999:user/bob"):
        assert failure(server.role, trusted=trusting({"AWS": unknown}), by=world)[0] == "MalformedPolicyDocument"


def test_a_user_made_anew_is_not_trusted(server, world):
    iam = server.client("iam", world)
    bob = server.user(statement("sts:AssumeRole"), by=world)
    unique_id = iam.get_user(UserName=bob.name)["User"]["UserId"]
    role = server.role(trusted=trusting({"AWS": [bob.arn, world.arn]}), by=world)
    name = role.rsplit("/", 1)[1]
    server.assume(role, by=bob)
    # A name is only a name: the policy follows the user.
    iam.update_user(UserName=bob.name, NewUserName=bob.name + "-renamed")
    renamed = bob.arn + "-renamed"
    named = lambda: iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
    assert named() == [renamed, world.arn]
    server.assume(role, by=bob)
    gone = bob.name + "-renamed"
    for key in iam.list_access_keys(UserName=gone)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=gone, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=gone, PolicyName="own")
    iam.delete_user(UserName=gone)
    assert named() == [unique_id, world.arn]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusting({"AWS": world.arn})))
    other = server.role(trusted=trusting({"AWS": role}), by=world)
    role_id = iam.get_role(RoleName=name)["Role"]["RoleId"]
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusting({"AWS": world.account})))
    shown = iam.get_role(RoleName=other.rsplit("/", 1)[1])["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"]["AWS"] == role_id
    allow(server, world, role, statement("sts:AssumeRole"))
    eve = server.user(statement("sts:AssumeRole"), by=world)
    assert failure(server.assume, other, by=server.assume(role, by=eve))[0] == "AccessDenied"


# A user's own.


def code_of(seed, step=0):
    """The code that a device with this seed shows now, or some steps later (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1000000:06}"


def device(server, world, who):
    """A device of the user, enabled with codes of the past."""
    iam = server.client("iam", world)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=who.name)["VirtualMFADevice"]
    seed = made["Base32StringSeed"]
    codes = {"AuthenticationCode1": code_of(seed, -1), "AuthenticationCode2": code_of(seed)}
    iam.enable_mfa_device(UserName=who.name, SerialNumber=made["SerialNumber"], **codes)
    return made["SerialNumber"], seed


def test_a_device_opens_what_demands_one(server, world):
    wants = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    bob = server.user(statement(["glue:GetDatabases", "iam:ListUsers"], Condition=wants), by=world)
    sts = server.client("sts", bob)
    assert failure(server.client("glue", bob).get_databases)[0] == "AccessDeniedException"
    serial, seed = device(server, world, bob)
    own = {"SerialNumber": serial}
    code, text = failure(sts.get_session_token, **own, TokenCode="000000")
    assert code == "AccessDenied" and text.startswith("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    assert failure(sts.get_session_token, TokenCode="000000")[0] == "AccessDenied"
    made = sts.get_session_token(**own, TokenCode=code_of(seed, 1))["Credentials"]
    strong = harness.Credentials(bob.account, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], bob.arn)
    server.client("glue", strong).get_databases()
    server.client("iam", strong).list_users()
    weak = sts.get_session_token()["Credentials"]
    weak = harness.Credentials(bob.account, weak["AccessKeyId"], weak["SecretAccessKey"], weak["SessionToken"], bob.arn)
    assert failure(server.client("glue", weak).get_databases)[0] == "AccessDeniedException"
    assert failure(server.client("iam", weak).list_users)[0] == "InvalidClientTokenId"


def test_a_role_may_demand_a_device(server, world, alice):
    wants = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = server.role(trusted=trusting({"AWS": alice.arn}, condition=wants), by=world)
    assert failure(server.assume, role, by=alice)[0] == "AccessDenied"
    serial, seed = device(server, world, alice)
    assert "MultiFactor" in failure(server.assume, role, by=alice, SerialNumber=serial, TokenCode="000000")[1]
    server.assume(role, by=alice, SerialNumber=serial, TokenCode=code_of(seed, 1))


# Somebody else's.


def federate(server, by, user="visitor", **more):
    made = server.client("sts", by).get_federation_token(Name=user, **more)
    keys = made["Credentials"]
    return harness.Credentials(
        by.account, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], arn=made["FederatedUser"]["Arn"]
    )


def test_a_federated_user_may_what_both_say(server, world):
    maker = server.user(statement(["glue:*", "sts:GetFederationToken", "iam:*", "sts:AssumeRole"]), by=world)
    policy = json.dumps(statement(["glue:GetDatabases", "logs:*", "iam:*", "sts:*"]))
    who = federate(server, maker, Policy=policy)
    told = server.client("sts", who).get_caller_identity()
    assert told["Arn"] == f"arn:aws:sts::{world.account}:federated-user/visitor"
    assert told["UserId"] == f"{world.account}:visitor"
    server.client("glue", who).get_databases()
    assert failure(server.client("glue", who).get_tables, DatabaseName="x")[0] == "AccessDeniedException"
    assert failure(server.client("logs", who).describe_log_groups)[0] == "AccessDeniedException"
    assert failure(server.client("iam", who).list_users)[0] == "InvalidClientTokenId"
    role = server.role(trusted=trusting({"AWS": world.account}), by=world)
    assert failure(server.assume, role, by=who)[0] == "AccessDenied"
    # Without policies nothing but a resource's policy allows something.
    bare = federate(server, maker)
    code, text = failure(server.client("glue", bare).get_databases)
    assert code == "AccessDeniedException" and "because no session policy allows the glue:GetDatabases action" in text
    s3, bucket = server.client("s3", world), harness.name("federated")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    open_to = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": bare.arn})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(open_to))
    assert server.client("s3", bare).get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_who_may_make_federated_users(server, world, alice):
    nobody = server.user(by=world)
    code, text = failure(server.client("sts", nobody).get_federation_token, Name="visitor")
    assert code == "AccessDenied"
    assert f"sts:GetFederationToken on resource: arn:aws:sts::{world.account}:federated-user/visitor" in text
    plain = server.user(statement("sts:GetFederationToken"), by=world)
    assert "sts:TagSession" in failure(server.client("sts", plain).get_federation_token, Name="visitor", Tags=pairs(a="b"))[1]
    wants = {"StringEquals": {"aws:PrincipalTag/team": "etl"}}
    maker = server.user(statement(["glue:*", "sts:*"]), by=world)
    policy = json.dumps(statement("glue:*", Condition=wants))
    assert failure(server.client("glue", federate(server, maker, Policy=policy)).get_databases)[0] == "AccessDeniedException"
    server.client("glue", federate(server, maker, Policy=policy, Tags=pairs(team="etl"))).get_databases()
    role = server.role(statement("sts:*"), trusting({"AWS": alice.arn}), by=world)
    session = server.assume(role, by=alice)
    assert failure(server.client("sts", session).get_federation_token, Name="visitor") == (
        "AccessDenied",
        "Cannot call GetFederationToken with session credentials",
    )
    of_root = federate(server, world, Policy=json.dumps(statement("glue:GetDatabases")))
    server.client("glue", of_root).get_databases()
    assert failure(server.client("logs", of_root).describe_log_groups)[0] == "AccessDeniedException"


def test_a_key_tells_its_account(server, world, alice):
    sts = server.client("sts", server.root)
    assert sts.get_access_key_info(AccessKeyId=alice.access_key_id)["Account"] == world.account
    assert failure(sts.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")[0] == "ValidationError"
    iam = server.client("iam", world)
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 1
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2


# Services.


def test_a_role_may_tell_for_which_job_it_is(server, world):
    glue = server.client("glue", world)
    arn = f"arn:aws:glue:{harness.REGION}:{world.account}:job/nightly"
    wants = {"ArnEquals": {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": world.account}}
    role = server.role(trusted=trusting({"Service": "glue.amazonaws.com"}, condition=wants), by=world)
    command = {"Name": "glueetl", "ScriptLocation": "s3://bucket/script.py"}
    glue.create_job(Name="nightly", Role=role, Command=command)
    code, text = failure(glue.create_job, Name="other", Role=role, Command=command)
    assert code == "InvalidInputException" and "assume role permissions" in text
