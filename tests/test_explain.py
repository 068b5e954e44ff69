"""An answer to every "access denied": the headers, the decoded message, all that is missing at once, and a patch that
works."""

import json
import re

import botocore.exceptions
import pytest

from harness import REGION, statement, trust
from pipeline import bucket
from test_preflight import shell

ID, MESSAGE = "x-mastic-decision-id", "x-mastic-encoded-authorization-message"


def denied(call, **more):
    """The response of a call that must be denied."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**more)
    assert refused.value.response["Error"]["Code"].startswith("AccessDenied"), refused.value
    return refused.value.response


def headers(response):
    return response["ResponseMetadata"]["HTTPHeaders"]


def explain(server, *arguments, credentials=None):
    return json.loads(server.mastic("explain", "--json", *arguments, credentials=credentials).stdout)


def decode(server, message, credentials=None):
    answer = server.client("sts", credentials).decode_authorization_message(EncodedMessage=message)
    return json.loads(answer["DecodedMessage"])


def apply(server, told, credentials=None):
    for patch in told["Patches"]:
        shell(server, patch["Command"], credentials)


# The headers, and what they decode to.


def test_every_dialect_tells_the_decision(server):
    user = server.user()
    answers = [
        denied(server.client("glue", user).get_databases),
        denied(server.client("iam", user).list_users),
        denied(server.client("s3", user).list_buckets),
        denied(server.client("logs", user).describe_log_groups),
    ]
    for answer in answers:
        found = headers(answer)
        request = answer["ResponseMetadata"].get("RequestId")
        assert re.fullmatch(r"[0-9a-f-]{36}\.1", found[ID]) and found[ID].startswith(request)
        assert len(found[MESSAGE]) <= 4096 and re.fullmatch(r"[\w-]+", found[MESSAGE])
    served = server.client("glue").get_databases()
    assert ID not in headers(served) and MESSAGE not in headers(served)


def test_a_message_decodes_to_aws_s_form(server):
    both = statement("s3:*")
    both["Statement"].append({"Sid": "NoSecrets", "Effect": "Deny", "Action": "s3:GetObject",
                              "Resource": "arn:aws:s3:::*/secret/*",
                              "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "red"}}})
    user, where = server.user(both), bucket(server)
    answer = denied(server.client("s3", user).get_object, Bucket=where, Key="secret/x")
    told = decode(server, headers(answer)[MESSAGE])
    assert set(told) == {"allowed", "explicitDeny", "matchedStatements", "failures", "context"}
    assert (told["allowed"], told["explicitDeny"], told["failures"]) == (False, True, {"items": []})
    [matched] = told["matchedStatements"]["items"]
    assert (matched["statementId"], matched["effect"]) == ("NoSecrets", "DENY")
    assert matched["actions"] == {"items": [{"value": "s3:GetObject"}]}
    assert matched["conditions"]["items"][0]["values"] == {"items": [{"value": "red"}]}
    context = told["context"]
    assert context["principal"]["arn"] == user.arn and context["principal"]["id"].startswith("AIDA")
    assert (context["action"], context["resource"]) == ("GetObject", f"arn:aws:s3:::{where}/secret/x")
    conditions = {c["key"]: [v["value"] for v in c["values"]["items"]] for c in context["conditions"]["items"]}
    assert conditions["aws:PrincipalType"] == ["User"]
    implicit = denied(server.client("glue", user).get_databases)
    told = decode(server, headers(implicit)[MESSAGE])
    assert (told["explicitDeny"], told["matchedStatements"]) == (False, {"items": []})


def test_who_may_decode(server):
    user = server.user()
    message = headers(denied(server.client("glue", user).get_databases))[MESSAGE]
    error = denied(server.client("sts", user).decode_authorization_message, EncodedMessage=message)
    assert "sts:DecodeAuthorizationMessage" in error["Error"]["Message"]
    other = server.account()
    broken = message[:-3] + ("AAA" if message[-3:] != "AAA" else "BBB")
    for credentials, text in [(other, message), (None, broken), (None, "nonsense")]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            decode(server, text, credentials)
        assert refused.value.response["Error"]["Code"] == "InvalidAuthorizationMessageException"


def test_a_long_context_does_not_make_a_long_header(server):
    user = server.user(statement("s3:PutObject", "arn:aws:s3:::none/*"))
    where = bucket(server)
    tagging = "&".join(f"k{n}={'v' * 200}" for n in range(10))
    answer = denied(server.client("s3", user).put_object, Bucket=where, Key="k" * 900, Tagging=tagging)
    found = headers(answer)
    assert len(found[MESSAGE]) <= 4096
    assert decode(server, found[MESSAGE])["context"]["action"] == "PutObject"


def test_explain_takes_all_three_kinds_of_id(server):
    user = server.user()
    answer = denied(server.client("glue", user).get_table, DatabaseName="d", Name="t")
    request = answer["ResponseMetadata"]["RequestId"]
    assert len(explain(server, request)["Decisions"]) == 3
    assert [d["DecisionId"] for d in explain(server, f"{request}.2")["Decisions"]] == [f"{request}.2"]
    [first] = explain(server, headers(answer)[MESSAGE])["Decisions"]
    assert first["DecisionId"] == f"{request}.1" == headers(answer)[ID]
    wrong = server.mastic("explain", "A" * 300, check=False)
    assert wrong.returncode == 1 and "not encoded by this server" in wrong.stderr


# What is missing, and the patch.


def test_all_that_an_operation_needs_is_told_at_once_and_the_patch_allows_it(server, unique):
    glue, database = server.client("glue"), unique("db")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    user = server.user(statement("glue:GetDatabase"))
    answer = denied(server.client("glue", user).get_table, DatabaseName=database, Name="t")
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    base = f"arn:aws:glue:{REGION}:{server.root.account}"
    wanted = [f"{base}:catalog", f"{base}:database/{database}", f"{base}:table/{database}/t"]
    assert [d["Resource"] for d in told["Decisions"]] == wanted
    [patch] = told["Patches"]
    assert [json.loads(s) for s in patch["Statements"]] == [
        {"Effect": "Allow", "Action": "glue:GetTable", "Resource": wanted}
    ]
    apply(server, told)
    assert server.client("glue", user).get_table(DatabaseName=database, Name="t")["Table"]["Name"] == "t"
    # And nothing else.
    denied(server.client("glue", user).get_tables, DatabaseName=database)
    denied(server.client("glue", user).get_table, DatabaseName="other", Name="t")


def test_passing_the_role_is_told_with_the_operation(server, unique):
    role, user = server.role(), server.user()
    targets = {"S3Targets": [{"Path": f"s3://{bucket(server)}/"}]}
    crawler = {"Name": unique("crawler"), "Role": role, "DatabaseName": "d", "Targets": targets}
    answer = denied(server.client("glue", user).create_crawler, **crawler)
    assert "glue:CreateCrawler" in answer["Error"]["Message"]
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    assert [d["Action"] for d in told["Decisions"]] == ["glue:CreateCrawler", "iam:PassRole"]
    [patch] = told["Patches"]
    passing = next(s for s in map(json.loads, patch["Statements"]) if s["Action"] == "iam:PassRole")
    assert passing["Resource"] == role
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    apply(server, told)
    server.client("glue", user).create_crawler(**crawler)
    # By name, and for a job.
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/x"}
    job = {"Name": unique("job"), "Role": role.rsplit("/", 1)[-1], "Command": command}
    answer = denied(server.client("glue", server.user()).create_job, **job)
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    assert [(d["Action"], d["Resource"]) for d in told["Decisions"]][1] == ("iam:PassRole", role)


def test_a_bucket_policy_is_merged_with_what_is_there(server):
    other = server.account()
    user = server.user(statement("s3:GetObject"), by=other)
    where = bucket(server, {"k": b"x"})
    keep = {"Version": "2012-10-17", "Id": "mine", "Statement": {
        "Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
        "Resource": f"arn:aws:s3:::{where}"}}
    s3 = server.client("s3")
    s3.put_bucket_policy(Bucket=where, Policy=json.dumps(keep))
    answer = denied(server.client("s3", user).get_object, Bucket=where, Key="k")
    # The root of the management account sees both: the record of one, the policy of the other.
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    [patch] = told["Patches"]
    assert (patch["Type"], patch["Account"]) == ("resource-based policy", server.root.account)
    apply(server, told)
    after = json.loads(s3.get_bucket_policy(Bucket=where)["Policy"])
    assert after["Id"] == "mine" and [s.get("Sid") for s in after["Statement"]] == ["Keep", None]
    assert after["Statement"][1]["Principal"] == {"AWS": user.arn}
    assert server.client("s3", user).get_object(Bucket=where, Key="k")["Body"].read() == b"x"
    # The user's own account is told what to add, not what is there.
    seen = explain(server, answer["ResponseMetadata"]["RequestId"], credentials=other)
    assert "Command" not in seen["Patches"][0] and "Keep" not in json.dumps(seen)
    assert any(policy.get("Withheld") for d in seen["Decisions"] for policy in d["Policies"])


def test_a_catalog_is_opened_to_another_account(server, unique):
    glue, database = server.client("glue"), unique("db")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    other = server.account()
    reader = server.client("glue", server.user(statement("glue:GetTable"), by=other))
    call = {"CatalogId": server.root.account, "DatabaseName": database, "Name": "t"}
    answer = denied(reader.get_table, **call)
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    [patch] = told["Patches"]
    assert patch["AttachedTo"] == f"arn:aws:glue:{REGION}:{server.root.account}:catalog"
    apply(server, told)
    try:
        assert reader.get_table(**call)["Table"]["Name"] == "t"
        denied(reader.get_database, CatalogId=server.root.account, Name=database)
    finally:
        glue.delete_resource_policy()


def test_a_bucket_without_a_policy_gets_one(server):
    where = bucket(server, {"k": b"x", "l": b"y"})
    user = server.user(statement("s3:GetObject"), by=server.account())
    answer = denied(server.client("s3", user).get_object, Bucket=where, Key="k")
    apply(server, explain(server, answer["ResponseMetadata"]["RequestId"]))
    assert server.client("s3", user).get_object(Bucket=where, Key="k")["Body"].read() == b"x"
    denied(server.client("s3", user).get_object, Bucket=where, Key="l")


def test_a_key_with_wildcards_is_granted_alone(server):
    user, where = server.user(), bucket(server, {"a*b": b"x", "aab": b"y", "a${x}?": b"z"})
    s3 = server.client("s3", user)
    for key in ("a*b", "a${x}?"):
        answer = denied(s3.get_object, Bucket=where, Key=key)
        apply(server, explain(server, answer["ResponseMetadata"]["RequestId"]))
        s3.get_object(Bucket=where, Key=key)
    denied(s3.get_object, Bucket=where, Key="aab")


def test_a_failed_condition_is_told_with_what_was_wanted(server):
    user = server.user(statement("glue:GetDatabases", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    answer = denied(server.client("glue", user).get_databases)
    request = answer["ResponseMetadata"]["RequestId"]
    told = explain(server, request)
    [policy] = told["Decisions"][0]["Policies"]
    assert policy["Statements"][0]["Condition"] == {
        "Operator": "IpAddress", "Key": "aws:SourceIp", "Wanted": ["203.0.113.0/24"], "Actual": ["127.0.0.1"]}
    text = server.mastic("explain", request).stdout
    assert "IpAddress aws:SourceIp wanted 203.0.113.0/24, it is 127.0.0.1" in text
    assert re.search(r"^  aws:SourceIp +127\.0\.0\.1$", text, re.M)


def test_a_deny_is_named_and_no_patch_pretends_to_help(server):
    iam, name = server.client("iam"), "no-listing"
    document = statement("glue:GetDatabases", Effect="Deny", Sid="Never")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    user = server.user(statement("*"))
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    answer = denied(server.client("glue", user).get_databases)
    assert answer["Error"]["Message"].endswith(f"with an explicit deny in an identity-based policy: {arn}")
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    assert told["Patches"] == []
    first = told["Barriers"][0]
    assert (first["PolicyArn"], first["Sid"], first["Number"]) == (arn, "Never", 1)
    assert f"No statement outweighs a deny: statement 1 `Never` of managed policy `{name}`" in told["Text"]


def test_a_boundary_gets_a_new_version(server, unique):
    iam = server.client("iam")
    document = json.dumps(statement("s3:*"))
    limits = iam.create_policy(PolicyName=unique("limits"), PolicyDocument=document)["Policy"]["Arn"]
    user = server.user(statement("glue:GetDatabases"))
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=limits)
    answer = denied(server.client("glue", user).get_databases)
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    [patch] = told["Patches"]
    assert (patch["Type"], patch["PolicyArn"]) == ("permissions boundary", limits)
    apply(server, told)
    server.client("glue", user).get_databases()
    assert iam.get_policy(PolicyArn=limits)["Policy"]["DefaultVersionId"] == "v2"


def test_a_trust_policy_is_merged(server):
    user = server.user(statement("sts:AssumeRole"))
    role = server.role(trusted=trust(Service="ec2.amazonaws.com"))
    call = {"RoleArn": role, "RoleSessionName": "session"}
    answer = denied(server.client("sts", user).assume_role, **call)
    told = explain(server, answer["ResponseMetadata"]["RequestId"])
    assert [p["Type"] for p in told["Patches"]] == ["role trust policy"]
    apply(server, told)
    server.client("sts", user).assume_role(**call)
    trusted = server.client("iam").get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    assert len(trusted["Statement"]) == 2


def test_the_text_is_short_and_in_order(server):
    user = server.user()
    answer = denied(server.client("glue", user).get_database, Name="sales")
    text = server.mastic("explain", answer["ResponseMetadata"]["RequestId"]).stdout
    marks = ["Request ", "DENIED  glue:GetDatabase on", "  why   No policy of user", "To allow it, add to",
             "aws iam put-user-policy", "Policies considered:", "Context:"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places), text
    assert len(text.splitlines()) < 50, text
