"""What principals use: generated policies and findings of unused access."""

import json
import re
import sqlite3
import struct

import pytest
from botocore.exceptions import ClientError

import pipeline
from harness import statement
from test_jobs import copy_nodes, make_job


def test_a_generated_policy_is_all_that_a_job_needs(server, unique):
    client, iam = server.client("accessanalyzer"), server.client("iam")
    source = pipeline.bucket(server, {"in/a.csv": b"id,city\n1,Bonn\n2,Ulm\n"})
    out = pipeline.bucket(server)
    role = pipeline.glue_role(server, pipeline.reads(source), pipeline.writes(out))
    job = make_job(server, unique, role, copy_nodes(source, out))
    assert pipeline.run(server, job)["JobRunState"] == "SUCCEEDED"

    id = client.start_policy_generation(policyGenerationDetails={"principalArn": role})["jobId"]
    answer = client.get_generated_policy(jobId=id)
    assert answer["jobDetails"]["status"] == "SUCCEEDED"
    result = answer["generatedPolicyResult"]
    assert result["properties"] == {"isComplete": True, "principalArn": role}
    [policy] = [json.loads(generated["policy"]) for generated in result["generatedPolicies"]]
    granted = {action: s["Resource"] for s in policy["Statement"] for action in s["Action"]}
    assert granted["s3:GetObject"] == [f"arn:aws:s3:::{source}/in/*"]
    assert all("*" not in action for action in granted)
    assert "glue:DeleteTable" not in granted

    # With nothing but that policy the job runs as before.
    name = role.rsplit("/", 1)[-1]
    iam.detach_role_policy(RoleName=name, PolicyArn=pipeline.GLUE_ROLE)
    iam.put_role_policy(RoleName=name, PolicyName="data", PolicyDocument=json.dumps(policy))
    again = pipeline.run(server, job)
    assert again["JobRunState"] == "SUCCEEDED", again.get("ErrorMessage")

    # It grants nothing that the old policies did not.
    forms = client.get_generated_policy(jobId=id, includeResourcePlaceholders=True, includeServiceLevelTemplate=True)
    texts = [generated["policy"] for generated in forms["generatedPolicyResult"]["generatedPolicies"]]
    assert "arn:aws:s3:::${BucketName}/${ObjectName}" in texts[0] and "s3:*" in texts[-1]
    listed = client.list_policy_generations(principalArn=role)["policyGenerations"]
    assert [generation["jobId"] for generation in listed] == [id]
    client.cancel_policy_generation(jobId=id)
    with pytest.raises(ClientError) as caught:
        client.get_generated_policy(jobId="00000000-0000-4000-8000-000000000000")
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_trails_are_named_and_the_role_passed(server):
    client = server.client("accessanalyzer")
    role = server.role()
    trail = f"arn:aws:cloudtrail:us-east-1:{server.root.account}:trail/t"
    details = {"trails": [{"cloudTrailArn": trail, "allRegions": True}], "accessRole": role, "startTime": 0}

    def start(by, **more):
        return by.start_policy_generation(
            policyGenerationDetails={"principalArn": role}, cloudTrailDetails={**details, **more}
        )

    with pytest.raises(ClientError) as caught:
        start(client)
    assert "90 days" in caught.value.response["Error"]["Message"]
    only = {"Effect": "Allow", "Action": "access-analyzer:*", "Resource": "*"}
    user = server.user({"Version": "2012-10-17", "Statement": [only]})
    with pytest.raises(ClientError) as caught:
        start(server.client("accessanalyzer", user))
    assert "iam:PassRole" in caught.value.response["Error"]["Message"]


def test_analyzers_of_unused_access(server):
    root = server.account("unused")
    client, iam = server.client("accessanalyzer", root), server.client("iam", root)
    iam.create_user(UserName="new")
    iam.create_access_key(UserName="new")
    made = client.create_analyzer(
        analyzerName="unused", type="ACCOUNT_UNUSED_ACCESS", configuration={"unusedAccess": {"unusedAccessAge": 1}}
    )
    # What is younger than that cannot be unused for so long.
    assert client.list_findings_v2(analyzerArn=made["arn"])["findings"] == []
    statistics = client.get_findings_statistics(analyzerArn=made["arn"])["findingsStatistics"][0]
    assert statistics["unusedAccessFindingsStatistics"]["totalActiveFindings"] == 0
    with pytest.raises(ClientError) as caught:
        client.list_findings(analyzerArn=made["arn"])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    changed = client.update_analyzer(analyzerName="unused", configuration={"unusedAccess": {"unusedAccessAge": 30}})
    assert changed["configuration"]["unusedAccess"]["unusedAccessAge"] == 30
    with pytest.raises(ClientError) as caught:
        client.get_finding_recommendation(analyzerArn=made["arn"], id="nothing")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def age(server, keyspace, days):
    """Makes the records of a keyspace of a stopped server older, as if it had started so many days before."""
    store = server.data / "store" / "store.sqlite3"
    # Records are MessagePack, which has microseconds as a 64-bit number after the member's name.
    created = re.compile(rb"\xa7created([\xcf\xd3].{8})", re.DOTALL)
    with sqlite3.connect(store) as database:
        rows = database.execute("SELECT k, v FROM kv WHERE instr(k, ?)", (keyspace.encode(),)).fetchall()
        for key, value in rows:

            def earlier(found):
                kind, time = struct.unpack(">cq", found[1])
                return b"\xa7created" + struct.pack(">cq", kind, time - days * 86_400_000_000)

            database.execute("UPDATE kv SET v = ? WHERE k = ?", (created.sub(earlier, value), key))
    database.close()
    return len(rows)


def test_a_recommendation_leaves_what_is_used(own_server):
    server = own_server.start()
    user = server.user(statement(["glue:GetDatabases", "glue:DeleteDatabase"]))
    assert server.stop() == 0
    assert age(server, "iam.user", days=2) == 1
    server.start()
    server.client("glue", user).get_databases()
    iam, client = server.client("iam"), server.client("accessanalyzer")
    arn = client.create_analyzer(
        analyzerName="unused", type="ACCOUNT_UNUSED_ACCESS", configuration={"unusedAccess": {"unusedAccessAge": 1}}
    )["arn"]
    [finding] = client.list_findings_v2(analyzerArn=arn)["findings"]
    assert (finding["findingType"], finding["resource"]) == ("UnusedPermission", user.arn)
    [details] = client.get_finding_v2(analyzerArn=arn, id=finding["id"])["findingDetails"]
    assert details["unusedPermissionDetails"]["actions"] == [{"action": "glue:DeleteDatabase"}]

    client.generate_finding_recommendation(analyzerArn=arn, id=finding["id"])
    told = client.get_finding_recommendation(analyzerArn=arn, id=finding["id"])
    assert (told["status"], told["resourceArn"]) == ("SUCCEEDED", user.arn)
    [step] = [step["unusedPermissionsRecommendedStep"] for step in told["recommendedSteps"]]
    assert (step["recommendedAction"], step["existingPolicyId"]) == ("CREATE_POLICY", "own")
    # Whoever follows it is rid of the finding, and can do what was done before.
    iam.put_user_policy(UserName=user.name, PolicyName="own", PolicyDocument=step["recommendedPolicy"])
    assert client.get_finding_v2(analyzerArn=arn, id=finding["id"])["status"] == "RESOLVED"
    server.client("glue", user).get_databases()
