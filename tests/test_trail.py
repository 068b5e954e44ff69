"""CloudTrail's event history through the wire."""

import json

import botocore.exceptions
import pytest

import harness
from harness import statement, trust


@pytest.fixture(scope="module")
def land(server):
    """An account of its own, so that its history is too."""
    return server.account("trail")


def lookup(server, who, region=None, **attribute):
    client = server.client("cloudtrail", who, **({"region_name": region} if region else {}))
    asked = [{"AttributeKey": key, "AttributeValue": value} for key, value in attribute.items()]
    pages = client.get_paginator("lookup_events").paginate(LookupAttributes=asked)
    return [event for page in pages for event in page["Events"]]


def written(event):
    return json.loads(event["CloudTrailEvent"])


def test_who_did_what(server, land, unique):
    user, database = server.user(statement("glue:*"), by=land), unique("db").replace("-", "_")
    glue = server.client("glue", user)
    glue.create_database(DatabaseInput={"Name": database, "Parameters": {"Team": "A"}})
    glue.get_database(Name=database)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName=database, Name="missing")
    events = lookup(server, land, Username=user.name)
    assert [event["EventName"] for event in events] == ["GetTable", "GetDatabase", "CreateDatabase"]
    missing, read, made = map(written, events)
    assert missing["errorCode"] == "EntityNotFoundException"
    assert missing["requestParameters"] == {"databaseName": database, "name": "missing"}
    assert (read["readOnly"], made["readOnly"]) == (True, False)
    assert made["requestParameters"]["databaseInput"] == {"name": database, "parameters": {"Team": "A"}}
    assert made["userIdentity"]["userName"] == user.name
    assert made["userAgent"].startswith("Boto3/") and made["sourceIPAddress"] == "127.0.0.1"
    assert made["awsRegion"] == harness.REGION
    (found,) = lookup(server, land, EventId=events[0]["EventId"])
    assert found["CloudTrailEvent"] == events[0]["CloudTrailEvent"]
    assert database in {event["Resources"][0]["ResourceName"] for event in events if event["Resources"]}
    by_name = lookup(server, land, ResourceName=database)
    assert {event["EventName"] for event in by_name} == {"CreateDatabase", "GetDatabase", "GetTable"}
    one = server.cli(
        "cloudtrail", "lookup-events", "--max-items", "1",
        "--lookup-attributes", f"AttributeKey=Username,AttributeValue={user.name}", credentials=land,
    )  # fmt: skip
    assert one["Events"][0]["EventId"] == events[0]["EventId"]


def test_a_session_is_told_with_its_role_and_no_secret(server, land):
    user = server.user(statement("sts:AssumeRole"), by=land)
    role = server.role(statement("logs:*"), trusted=trust(AWS=land.account), by=land)
    session = server.assume(role, by=user)
    server.client("logs", session).describe_log_groups()
    (event,) = lookup(server, land, AccessKeyId=session.access_key_id)
    identity = written(event)["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", session.arn)
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", role, role.rsplit("/", 1)[-1])
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert event["Username"] == session.name

    assumed = next(e for e in lookup(server, land, Username=user.name) if e["EventName"] == "AssumeRole")
    response = written(assumed)["responseElements"]
    assert response["credentials"]["accessKeyId"] == session.access_key_id
    assert response["assumedRoleUser"]["arn"] == session.arn
    names = {(found["ResourceType"], found["ResourceName"]) for found in assumed["Resources"]}
    assert ("AWS::IAM::AccessKey", session.access_key_id) in names
    assert ("AWS::IAM::Role", role.rsplit("/", 1)[-1]) in names
    for secret in (session.secret_access_key, session.session_token):
        assert secret not in json.dumps(lookup(server, land), default=str)


def test_secrets_are_hidden(server, land, unique):
    iam, user = server.client("iam", land), unique("user")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    (event,) = lookup(server, land, EventName="CreateAccessKey", region="us-east-1")[:1]
    shown = written(event)["responseElements"]["accessKey"]
    assert shown["accessKeyId"] == key["AccessKeyId"]
    assert shown["secretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert key["SecretAccessKey"] not in json.dumps(lookup(server, land), default=str)


def test_each_region_has_its_own_and_iam_is_in_one(server, land, unique):
    group = unique("group")
    server.client("logs", land, region_name="eu-west-1").create_log_group(logGroupName=group)
    server.client("iam", land, region_name="eu-west-1").list_users()
    assert not lookup(server, land, ResourceName=group)
    (event,) = lookup(server, land, region="eu-west-1", ResourceName=group)
    assert written(event)["awsRegion"] == "eu-west-1"
    assert not lookup(server, land, region="eu-west-1", EventSource="iam.amazonaws.com")
    assert lookup(server, land, region="us-east-1", EventSource="iam.amazonaws.com")


def test_data_events_are_not_in_it(server, land, unique):
    s3, bucket = server.client("s3", land), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.get_object(Bucket=bucket, Key="k")
    names = [event["EventName"] for event in lookup(server, land, EventSource="s3.amazonaws.com")]
    assert names == ["CreateBucket"]


def test_both_accounts_see_a_call_across_them(server, land):
    role = server.role(statement("s3:*"), trusted=trust(AWS=server.root.account), by=land)
    user = server.user(statement("sts:AssumeRole"))
    session = server.assume(role, by=user)
    theirs = next(e for e in lookup(server, land, ResourceName=role) if e["EventName"] == "AssumeRole")
    ours = next(e for e in lookup(server, server.root, Username=user.name) if e["EventName"] == "AssumeRole")
    identity = written(theirs)["userIdentity"]
    assert (identity["type"], identity["accountId"]) == ("AWSAccount", server.root.account)
    assert written(theirs)["sharedEventID"] == written(ours)["sharedEventID"]
    assert theirs["EventId"] != ours["EventId"]
    assert session.arn in json.dumps(written(theirs)["responseElements"])


def test_refusals(server, land):
    cloudtrail = server.client("cloudtrail", land)
    attribute = {"AttributeKey": "EventName", "AttributeValue": "x"}
    payload = {"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]}
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    assert server.call("cloudtrail", target, payload, land).code == "InvalidLookupAttributesException"
    assert server.call("cloudtrail", target, {"MaxResults": 51}, land).code == "InvalidMaxResultsException"
    for wrong, code in [
        ({"LookupAttributes": [attribute, attribute]}, "InvalidLookupAttributesException"),
        ({"StartTime": 2000, "EndTime": 1000}, "InvalidTimeRangeException"),
        ({"NextToken": "nonsense"}, "InvalidNextTokenException"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            cloudtrail.lookup_events(**wrong)
        assert refused.value.response["Error"]["Code"] == code


def test_history_survives_a_restart(own_server):
    own_server.start()
    user = own_server.user(statement("glue:*"))
    own_server.client("glue", user).get_databases()
    before = lookup(own_server, own_server.root, Username=user.name)
    own_server.restart()
    after = lookup(own_server, own_server.root, Username=user.name)
    assert [event["EventId"] for event in after] == [event["EventId"] for event in before] and before


def test_forged_calls_are_in_nobodys_history(server, land):
    before = len(lookup(server, land, EventName="DeleteDatabase"))
    payload = {"Name": "x"}
    answer = server.call("glue", "AWSGlue.DeleteDatabase", payload, land, secret="not the secret")
    assert answer.code == "InvalidSignatureException"
    assert len(lookup(server, land, EventName="DeleteDatabase")) == before


def test_a_long_batch_keeps_its_first_entries(server, land, unique):
    glue, database = server.client("glue", land), unique("db").replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    table = {"Name": "t", "PartitionKeys": [{"Name": "p", "Type": "string"}]}
    glue.create_table(DatabaseName=database, TableInput=table)
    columns = [{"Name": f"column_{number}", "Type": "string"} for number in range(10)]
    inputs = [{"Values": [str(number)], "StorageDescriptor": {"Columns": columns}} for number in range(100)]
    glue.batch_create_partition(DatabaseName=database, TableName="t", PartitionInputList=inputs)
    (event,) = lookup(server, land, EventName="BatchCreatePartition")
    kept = written(event)["requestParameters"]["partitionInputList"]
    assert [entry["values"] for entry in kept[:10]] == [[str(number)] for number in range(10)]
    assert kept[10:] == ["(90 more)"] and len(event["CloudTrailEvent"]) < 10_000
    assert written(event)["requestParameters"]["tableName"] == "t"
    glue.delete_database(Name=database)
