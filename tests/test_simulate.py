"""The policy simulator and reports on last access, through boto3 and the AWS CLI."""

import json

import botocore.exceptions
import pytest

import harness
from harness import statement


def refused(call, **named):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def account(server):
    return server.account()


def test_the_documented_example_of_a_custom_policy(server):
    policy = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    entry = "ContextKeyName='aws:CurrentTime',ContextKeyValues='2019-04-25T11:00:00Z',ContextKeyType=date"
    question = ["iam", "simulate-custom-policy", "--policy-input-list", policy, "--action-names", "dynamodb:CreateBackup"]
    [told] = server.cli(*question, "--context-entries", entry)["EvaluationResults"]
    assert (told["EvalActionName"], told["EvalResourceName"], told["EvalDecision"]) == ("dynamodb:CreateBackup", "*", "allowed")
    [matched] = told["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    assert (matched["StartPosition"], matched["EndPosition"]["Line"]) == ({"Line": 1, "Column": 38}, 1)
    assert told["MissingContextValues"] == []
    [told] = server.cli(*question)["EvaluationResults"]
    assert told["EvalDecision"] == "implicitDeny" and told["MissingContextValues"] == ["aws:CurrentTime"]


def test_a_simulation_says_what_the_call_then_meets(server, account, unique):
    iam, bucket = server.client("iam", account), unique("bucket")
    server.client("s3", account).create_bucket(Bucket=bucket)
    user = server.user(statement("s3:PutObject", f"arn:aws:s3:::{bucket}/in/*"), by=account)
    answers = iam.simulate_principal_policy(
        PolicySourceArn=user.arn,
        ActionNames=["s3:PutObject"],
        ResourceArns=[f"arn:aws:s3:::{bucket}/in/a", f"arn:aws:s3:::{bucket}/out/a"],
    )["EvaluationResults"]
    assert [answer["EvalDecision"] for answer in answers] == ["allowed", "implicitDeny"]
    assert answers[0]["MatchedStatements"][0]["SourcePolicyId"] == f"user_{user.name}_own"
    assert answers[0]["MatchedStatements"][0]["SourcePolicyType"] == "user"
    assert answers[0]["EvalDecisionDetails"] == {}
    s3 = server.client("s3", user)
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"x")
    assert refused(s3.put_object, Bucket=bucket, Key="out/a", Body=b"x")[0] == "AccessDenied"


def test_pages_boundaries_and_what_is_refused(server, account):
    iam = server.client("iam", account)
    document = json.dumps(statement("*"))
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document],
        PermissionsBoundaryPolicyInputList=[json.dumps(statement("glue:*"))],
        ActionNames=["glue:GetTable", "s3:GetObject", "iam:GetUser"],
        PaginationConfig={"PageSize": 2},
    )
    told = [result for page in pages for result in page["EvaluationResults"]]
    assert [result["EvalDecision"] for result in told] == ["allowed", "implicitDeny", "implicitDeny"]
    within = [result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for result in told]
    assert within == [True, False, False]
    simulate = iam.simulate_custom_policy
    assert refused(simulate, PolicyInputList=[document], ActionNames=["s3:Get*"])[0] == "InvalidInput"
    assert refused(simulate, PolicyInputList=["{}"], ActionNames=["s3:GetObject"])[0] == "InvalidInput"
    arn = f"arn:aws:iam::{account.account}:user/nobody"
    missing = ("NoSuchEntity", "The user with name nobody cannot be found.")
    assert refused(iam.simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"]) == missing


def test_context_keys(server, account):
    iam = server.client("iam", account)
    document = statement("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*")
    document["Statement"][0]["Condition"] = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}
    keys = ["aws:username", "aws:CurrentTime"]
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[json.dumps(document)])["ContextKeyNames"] == keys
    user = server.user(document, by=account)
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=user.arn)["ContextKeyNames"] == keys


def test_last_access_is_what_really_happened(server, account):
    iam = server.client("iam", account)
    user = server.user(statement(["glue:GetDatabases", "s3:ListAllMyBuckets", "logs:*"]), by=account)
    server.client("glue", user).get_databases()
    job = iam.generate_service_last_accessed_details(Arn=user.arn, Granularity="ACTION_LEVEL")["JobId"]
    told = iam.get_service_last_accessed_details(JobId=job)
    assert told["JobStatus"] == "COMPLETED" and told["JobType"] == "ACTION_LEVEL"
    services = {service["ServiceNamespace"]: service for service in told["ServicesLastAccessed"]}
    assert list(services) == ["glue", "logs", "s3"]
    glue = services["glue"]
    assert (glue["ServiceName"], glue["TotalAuthenticatedEntities"]) == ("AWS Glue", 1)
    assert (glue["LastAuthenticatedEntity"], glue["LastAuthenticatedRegion"]) == (user.arn, harness.REGION)
    assert [action["ActionName"] for action in glue["TrackedActionsLastAccessed"]] == ["GetDatabases"]
    assert "LastAuthenticated" not in services["s3"] and services["s3"]["TotalAuthenticatedEntities"] == 0
    entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="glue")
    assert entities["EntityDetailsList"][0]["EntityInfo"]["Arn"] == user.arn
    granting = iam.list_policies_granting_service_access(Arn=user.arn, ServiceNamespaces=["glue", "iam"])
    by_service = {e["ServiceNamespace"]: e["Policies"] for e in granting["PoliciesGrantingServiceAccess"]}
    assert [policy["PolicyName"] for policy in by_service["glue"]] == ["own"] and by_service["iam"] == []


def test_last_access_survives_a_restart(own_server):
    own_server.start()
    user = own_server.user(statement("glue:GetDatabases"))
    own_server.client("glue", user).get_databases()
    own_server.restart()
    iam = own_server.client("iam")
    job = iam.generate_service_last_accessed_details(Arn=user.arn)["JobId"]
    [glue] = iam.get_service_last_accessed_details(JobId=job)["ServicesLastAccessed"]
    assert "LastAuthenticated" in glue
