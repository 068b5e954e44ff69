"""IAM Access Analyzer through boto3: analyzers, rules, findings of access from outside, previews."""

import json

import pytest
from botocore.exceptions import ClientError

import harness


@pytest.fixture
def world(server):
    """An account of its own, with clients."""

    class World:
        root = server.account("analyzer")
        account = root.account
        analyzer = server.client("accessanalyzer", root)
        iam = server.client("iam", root)
        s3 = server.client("s3", root)

        def role(self, name, document):
            document = json.dumps(document)
            return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]

        def create(self, **more):
            return self.analyzer.create_analyzer(analyzerName="a", type="ACCOUNT", **more)["arn"]

        def findings(self, arn, **more):
            return self.analyzer.list_findings(analyzerArn=arn, **more)["findings"]

    return World()


@pytest.fixture
def stranger(server):
    """The number of another account."""
    return server.account("stranger").account


def code(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_analyzers_live_and_are_tagged(world):
    client = world.analyzer
    arn = world.create(tags={"team": "data"}, archiveRules=[{"ruleName": "own", "filter": {"isPublic": {"eq": ["false"]}}}])
    assert arn == f"arn:aws:access-analyzer:{harness.REGION}:{world.account}:analyzer/a"
    shown = client.get_analyzer(analyzerName="a")["analyzer"]
    assert (shown["status"], shown["type"], shown["tags"]) == ("ACTIVE", "ACCOUNT", {"team": "data"})
    assert [one["arn"] for one in client.list_analyzers()["analyzers"]] == [arn]
    assert client.list_analyzers(type="ORGANIZATION")["analyzers"] == []
    client.tag_resource(resourceArn=arn, tags={"stage": "test"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}
    assert code(client.create_analyzer, analyzerName="a", type="ACCOUNT") == ("ConflictException", 409)
    assert code(client.create_analyzer, analyzerName="b", type="ACCOUNT") == ("ServiceQuotaExceededException", 402)
    assert code(client.create_analyzer, analyzerName="c", type="ORGANIZATION") == ("ValidationException", 400)
    assert code(client.create_analyzer, analyzerName="d", type="ACCOUNT_INTERNAL_ACCESS") == ("ValidationException", 400)
    client.delete_analyzer(analyzerName="a")
    assert code(client.get_analyzer, analyzerName="a") == ("ResourceNotFoundException", 404)
    assert code(client.list_findings, analyzerArn=arn) == ("ResourceNotFoundException", 404)


def test_roles_that_others_can_assume(world, stranger):
    client, arn = world.analyzer, world.create()
    world.role("own", harness.trust(AWS=world.account))
    world.role("service", harness.trust(Service="glue.amazonaws.com"))
    other = world.role("other", harness.trust(AWS=f"arn:aws:iam::{stranger}:root"))
    anyone = world.role("anyone", harness.trust(AWS="*"))
    bounded = harness.trust(AWS="*")
    bounded["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalAccount": world.account}}
    world.role("bounded", bounded)

    found = {one["resource"]: one for one in world.findings(arn)}
    assert set(found) == {other, anyone}
    assert found[other]["principal"] == {"AWS": stranger}
    assert (found[other]["isPublic"], found[anyone]["isPublic"]) == (False, True)
    assert found[other]["action"] == ["sts:AssumeRole"]
    assert found[anyone]["resourceType"] == "AWS::IAM::Role"

    public = world.findings(arn, filter={"isPublic": {"eq": ["true"]}})
    assert [one["resource"] for one in public] == [anyone]
    assert world.findings(arn, filter={"resource": {"contains": ["nobody"]}}) == []
    assert code(client.list_findings, analyzerArn=arn, filter={"color": {"eq": ["x"]}}) == ("ValidationException", 400)
    first = client.list_findings(analyzerArn=arn, maxResults=1, sort={"attributeName": "resource", "orderBy": "ASC"})
    second = client.list_findings(
        analyzerArn=arn, maxResults=1, nextToken=first["nextToken"], sort={"attributeName": "resource", "orderBy": "ASC"}
    )
    assert [one["resource"] for one in first["findings"] + second["findings"]] == sorted([other, anyone])

    one = client.get_finding(analyzerArn=arn, id=found[other]["id"])["finding"]
    assert one["sources"] == [{"type": "POLICY"}]
    two = client.get_finding_v2(analyzerArn=arn, id=found[other]["id"])
    assert two["findingType"] == "ExternalAccess"
    assert two["findingDetails"][0]["externalAccessDetails"]["principal"] == one["principal"]
    assert len(client.list_findings_v2(analyzerArn=arn)["findings"]) == 2

    client.update_findings(analyzerArn=arn, ids=[one["id"]], status="ARCHIVED")
    statistics = client.get_findings_statistics(analyzerArn=arn)["findingsStatistics"][0]
    statistics = statistics["externalAccessFindingsStatistics"]
    assert (statistics["totalActiveFindings"], statistics["totalArchivedFindings"]) == (1, 1)
    assert statistics["resourceTypeStatistics"]["AWS::IAM::Role"]["totalActivePublic"] == 1
    client.update_findings(analyzerArn=arn, resourceArn=other, status="ACTIVE")
    assert client.get_finding(analyzerArn=arn, id=one["id"])["finding"]["status"] == "ACTIVE"

    world.iam.update_assume_role_policy(
        RoleName="other", PolicyDocument=json.dumps(harness.trust(Service="glue.amazonaws.com"))
    )
    client.start_resource_scan(analyzerArn=arn, resourceArn=other)
    assert client.get_finding(analyzerArn=arn, id=one["id"])["finding"]["status"] == "RESOLVED"
    assert code(client.start_resource_scan, analyzerArn=arn, resourceArn=other + "x") == (
        "ResourceNotFoundException",
        404,
    )

    listed = client.list_analyzed_resources(analyzerArn=arn, resourceType="AWS::IAM::Role")["analyzedResources"]
    assert anyone in {one["resourceArn"] for one in listed}
    looked = client.get_analyzed_resource(analyzerArn=arn, resourceArn=anyone)["resource"]
    assert (looked["isPublic"], looked["status"], looked["actions"]) == (True, "ACTIVE", ["sts:AssumeRole"])


def test_buckets_and_archive_rules(server, world, stranger, unique):
    client, arn, bucket = world.analyzer, world.create(), unique("bucket")
    world.s3.create_bucket(Bucket=bucket)
    client.create_archive_rule(analyzerName="a", ruleName="known", filter={"principal.AWS": {"eq": [stranger]}})
    assert code(client.create_archive_rule, analyzerName="a", ruleName="known", filter={"id": {"exists": True}}) == (
        "ConflictException",
        409,
    )
    other = server.account("other").account
    open_to = {"AWS": [stranger, other]}
    policy = harness.statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=open_to)
    world.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    status = {one["principal"]["AWS"]: one["status"] for one in world.findings(arn)}
    assert status == {stranger: "ARCHIVED", other: "ACTIVE"}

    client.update_archive_rule(
        analyzerName="a", ruleName="known", filter={"resourceType": {"eq": ["AWS::S3::Bucket"]}, "isPublic": {"neq": ["true"]}}
    )
    rule = client.get_archive_rule(analyzerName="a", ruleName="known")["archiveRule"]
    assert rule["filter"]["isPublic"] == {"neq": ["true"]}
    client.apply_archive_rule(analyzerArn=arn, ruleName="known")
    assert {one["status"] for one in world.findings(arn)} == {"ARCHIVED"}
    assert [one["ruleName"] for one in client.list_archive_rules(analyzerName="a")["archiveRules"]] == ["known"]
    client.delete_archive_rule(analyzerName="a", ruleName="known")
    assert code(client.get_archive_rule, analyzerName="a", ruleName="known") == ("ResourceNotFoundException", 404)
    world.s3.delete_bucket_policy(Bucket=bucket)
    assert {one["status"] for one in world.findings(arn)} == {"RESOLVED"}


def test_previews(world, stranger, unique):
    client, arn, bucket = world.analyzer, world.create(), unique("bucket")
    world.s3.create_bucket(Bucket=bucket)
    today = harness.statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": stranger})
    world.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(today))
    tomorrow = harness.statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")

    def preview(**configuration):
        resource = f"arn:aws:s3:::{bucket}"
        made = client.create_access_preview(analyzerArn=arn, configurations={resource: {"s3Bucket": configuration}})
        return made["id"]

    one = preview(bucketPolicy=json.dumps(tomorrow))
    assert client.get_access_preview(analyzerArn=arn, accessPreviewId=one)["accessPreview"]["status"] == "COMPLETED"
    found = client.list_access_preview_findings(analyzerArn=arn, accessPreviewId=one)["findings"]
    told = {(row["changeType"], row["status"], row["isPublic"]) for row in found}
    assert told == {("NEW", "ACTIVE", True), ("CHANGED", "RESOLVED", False)}
    shut = preview(
        bucketPolicy=json.dumps(tomorrow),
        bucketPublicAccessBlock={"ignorePublicAcls": True, "restrictPublicBuckets": True},
    )
    found = client.list_access_preview_findings(analyzerArn=arn, accessPreviewId=shut)["findings"]
    assert [row["status"] for row in found] == ["RESOLVED"]
    bad = preview(bucketPolicy='{"Statement":[]}')
    failed = client.get_access_preview(analyzerArn=arn, accessPreviewId=bad)["accessPreview"]
    assert (failed["status"], failed["statusReason"]) == ("FAILED", {"code": "INVALID_CONFIGURATION"})
    assert code(client.list_access_preview_findings, analyzerArn=arn, accessPreviewId=bad) == ("ConflictException", 409)
    assert len(client.list_access_previews(analyzerArn=arn)["accessPreviews"]) == 3
    # Nothing has changed by all that.
    assert [row["isPublic"] for row in world.findings(arn)] == [False]


def test_organizations_trust_their_own(server):
    root = server.root
    organizations, client = server.client("organizations", root), server.client("accessanalyzer", root)
    iam = server.client("iam", root)
    try:
        organizations.create_organization(FeatureSet="ALL")
    except organizations.exceptions.AlreadyInOrganizationException:
        pass
    id = organizations.describe_organization()["Organization"]["Id"]
    bounded = harness.trust(AWS="*")
    bounded["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": id}}
    name = harness.name("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(bounded))["Role"]["Arn"]
    made = {
        kind: client.create_analyzer(analyzerName=kind.lower(), type=kind)["arn"] for kind in ("ACCOUNT", "ORGANIZATION")
    }

    def found(kind):
        wanted = {"resource": {"eq": [role]}, "status": {"eq": ["ACTIVE"]}}
        return client.list_findings(analyzerArn=made[kind], filter=wanted)["findings"]

    [finding] = found("ACCOUNT")
    assert (finding["isPublic"], finding["condition"]) == (False, {"aws:PrincipalOrgID": id})
    assert found("ORGANIZATION") == []
    for kind in made:
        client.delete_analyzer(analyzerName=kind.lower())
    iam.delete_role(RoleName=name)
