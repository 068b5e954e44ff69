"""IAM Access Analyzer's checks of policies, through boto3 and the AWS CLI."""

import json

import pytest
from botocore.exceptions import ClientError

import harness


@pytest.fixture
def client(server):
    return server.client("accessanalyzer")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_findings_have_codes_texts_links_and_places(client):
    text = document(allow(["s3:GetObjct", "iam:PassRole"], Sid="A"))
    found = client.validate_policy(policyDocument=text, policyType="IDENTITY_POLICY")["findings"]
    told = {finding["issueCode"]: finding for finding in found}
    assert set(told) == {"INVALID_ACTION", "PASS_ROLE_WITH_STAR_IN_RESOURCE"}
    wrong = told["INVALID_ACTION"]
    assert wrong["findingType"] == "ERROR"
    assert wrong["findingDetails"] == "The action s3:GetObjct does not exist. Did you mean s3:GetObject?"
    assert wrong["learnMoreLink"].endswith("#access-analyzer-reference-policy-checks-error-invalid-action")
    [place] = wrong["locations"]
    assert place["path"] == [{"value": "Statement"}, {"index": 0}, {"value": "Action"}, {"index": 0}]
    start, end = place["span"]["start"], place["span"]["end"]
    assert text[start["offset"] : end["offset"]] == '"s3:GetObjct"'
    assert (start["line"], start["column"]) == (1, start["offset"])
    assert told["PASS_ROLE_WITH_STAR_IN_RESOURCE"]["findingType"] == "SECURITY_WARNING"


def test_each_kind_of_policy_is_checked_as_what_it_is(client):
    def codes(text, kind, **more):
        found = client.validate_policy(policyDocument=text, policyType=kind, **more)["findings"]
        return sorted(finding["issueCode"] for finding in found)

    trust = json.dumps(harness.trust(Service="glue.amazonaws.com"))
    assert codes(trust, "RESOURCE_POLICY", validatePolicyResourceType="AWS::IAM::AssumeRolePolicyDocument") == []
    assert codes(trust, "IDENTITY_POLICY") == ["MISSING_RESOURCE", "UNSUPPORTED_PRINCIPAL"]
    bucket = document(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*"))
    assert codes(bucket, "RESOURCE_POLICY", validatePolicyResourceType="AWS::S3::Bucket") == []
    assert codes(bucket, "SERVICE_CONTROL_POLICY") == ["SCP_SYNTAX_ERROR_PRINCIPAL"]
    assert codes(document(allow("s3:*", Principal="*")), "RESOURCE_CONTROL_POLICY") == []
    assert codes("{", "IDENTITY_POLICY") == ["JSON_SYNTAX_ERROR"]
    with pytest.raises(ClientError) as caught:
        codes(trust, "IDENTITY_POLICY", validatePolicyResourceType="AWS::S3::Bucket")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as caught:
        codes(trust, "IDENTITY_POLICY", locale="DE")
    assert "DE" in caught.value.response["Error"]["Message"]


def test_pages_of_findings(client):
    text = document(*(allow(f"s3:Nothing{n}") for n in range(5)))
    pages = client.get_paginator("validate_policy").paginate(
        policyDocument=text, policyType="IDENTITY_POLICY", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["findings"]) for page in pages] == [2, 2, 1]


def test_new_access(client):
    def check(new, old, kind="IDENTITY_POLICY"):
        answer = client.check_no_new_access(
            newPolicyDocument=new, existingPolicyDocument=old, policyType=kind
        )
        return answer["result"], answer["message"], answer.get("reasons", [])

    narrow = document(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]))
    wide = document(allow(["s3:GetObject", "s3:GetObjectAcl", "s3:ListBucket"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]))
    passed = "The modified permissions do not grant new access compared to your existing policy."
    assert check(narrow, wide) == ("PASS", passed, [])
    assert check(wide, narrow) == (
        "FAIL",
        "The modified permissions grant new access compared to your existing policy.",
        [{"description": "New access in the statement with index: 0.", "statementIndex": 0}],
    )
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret/*"}
    guarded = json.loads(narrow)
    guarded["Statement"].append(deny)
    assert check(json.dumps(guarded), narrow)[0] == "PASS"
    assert check(narrow, json.dumps(guarded))[0] == "FAIL"
    trust = json.dumps(harness.trust(Service="glue.amazonaws.com"))
    assert check(trust, trust, "RESOURCE_POLICY")[0] == "PASS"
    with pytest.raises(ClientError) as caught:
        check("{", narrow)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_access_not_granted(client):
    text = document(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], Sid="Read"))

    def check(**access):
        answer = client.check_access_not_granted(policyDocument=text, access=[access], policyType="IDENTITY_POLICY")
        return answer["result"], answer.get("reasons", [])

    assert check(actions=["s3:DeleteBucket", "s3:GetBucketLocation"]) == ("PASS", [])
    assert check(resources=["arn:aws:s3:::c/*"]) == ("PASS", [])
    result, [reason] = check(actions=["s3:GetObject"], resources=["arn:aws:s3:::b/k"])
    assert (result, reason["statementId"], reason["statementIndex"]) == ("FAIL", "Read", 0)
    with pytest.raises(ClientError) as caught:
        client.check_access_not_granted(policyDocument=text, access=[{}], policyType="IDENTITY_POLICY")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_public_access(client):
    def check(**more):
        text = document({"Sid": "Bob", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more})
        return client.check_no_public_access(policyDocument=text, resourceType="AWS::S3::Bucket")

    assert check(Principal={"AWS": "111122223333"})["result"] == "PASS"
    public = check(Principal="*")
    assert (public["result"], public["message"]) == (
        "FAIL",
        "The resource policy grants public access for the given resource type.",
    )
    assert public["reasons"] == [
        {
            "description": "Public access granted in the following statement with sid: Bob.",
            "statementIndex": 0,
            "statementId": "Bob",
        }
    ]
    bounded = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    assert check(Principal="*", Condition=bounded)["result"] == "PASS"


def test_the_cli(server):
    text = document(allow("s3:GetObject"))
    found = server.cli(
        "accessanalyzer", "validate-policy", "--policy-document", text, "--policy-type", "IDENTITY_POLICY"
    )
    assert found == {"findings": []}
    checked = server.cli(
        "accessanalyzer", "check-no-new-access", "--new-policy-document", text,
        "--existing-policy-document", text, "--policy-type", "IDENTITY_POLICY",
    )  # fmt: skip
    assert checked["result"] == "PASS"
    assert "analyzers" in server.cli("accessanalyzer", "list-analyzers")
