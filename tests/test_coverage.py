"""Every operation is denied to who may not call it, changes nothing then, and is found in the audit trail.

The inputs are made from botocore's models; the things that they name exist, so that a call that slipped
through would show.
"""

import datetime
import functools
import json
import re

import botocore.session
import pytest
from botocore.exceptions import ClientError

import coverage_catalog
import coverage_organizations
import harness
import sessions
from plugin_coverage import BOTOCORE, ROOT, cover, implemented, rows_of

THING = "coverage"
PARTITION = {"Values": [THING], "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}

# AWS grants these to everybody who has valid credentials.
FOR_ANYBODY = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
# Called unsigned: nobody is denied them, and tests/test_people.py and tests/test_sts_providers.py see their refusals
# and their records.
UNSIGNED = {"mastic:SignIn", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"}
OPERATIONS = sorted(implemented() - UNSIGNED)
READS = re.compile(r"(BatchGet|Describe|Explain|Filter|Get|Head|List|Lookup|Search)")

# Their refusals have no body: HTTP gives none to HEAD.
SILENT = {"s3:HeadBucket", "s3:HeadObject"}
# They need the action of another operation.
OTHER_ACTIONS = {
    "access-analyzer:GetFindingV2": "access-analyzer:GetFinding",
    "access-analyzer:ListFindingsV2": "access-analyzer:ListFindings",
    "mastic:DescribeJobBookmark": "glue:GetJobBookmark",
    "mastic:ListJobBookmarkFiles": "glue:GetJobBookmark",
}
# Their refusals are entries of an answer.
BATCHES = {"s3:DeleteObjects"}

DENIAL = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>\S+)(?: on resource: (?P<quote>\"?)(?P<resource>.+?)(?P=quote))?"
    r" because no (?P<layer>[a-z- ]+) allows the (?P=action) action"
)


@functools.cache
def model(service):
    return botocore.session.Session().get_service_model(BOTOCORE.get(service, service))


@functools.cache
def actions():
    return json.loads((ROOT / "crates/xtask/data/iam-actions.json").read_text())


class World:
    """An account with one of everything, and a user who may do nothing."""

    def __init__(self, server):
        self.server = server
        self.root = server.account("coverage")
        self.account = self.root.account
        self.nobody = server.user(by=self.root)
        self.bucket = f"coverage-{self.account}"
        self.s3()
        self.iam()
        self.glue()
        self.logs()
        self.organization = coverage_organizations.Things(server, self.root)

    def arn(self, service, resource, region=harness.REGION):
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def client(self, service):
        return self.server.client(service, self.root)

    def s3(self):
        s3, place = self.client("s3"), {"Bucket": self.bucket}
        s3.create_bucket(**place)
        tags = {"TagSet": [{"Key": THING, "Value": THING}]}
        s3.put_bucket_tagging(**place, Tagging=tags)
        s3.put_object(**place, Key=THING, Body=b"body")
        s3.put_object_tagging(**place, Key=THING, Tagging=tags)
        owner = harness.statement("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*", Principal={"AWS": self.account})
        s3.put_bucket_policy(**place, Policy=json.dumps(owner))
        self.upload = s3.create_multipart_upload(**place, Key=THING)["UploadId"]
        s3.upload_part(**place, Key=THING, UploadId=self.upload, PartNumber=1, Body=b"part")

    def iam(self):
        iam = self.client("iam")
        tags = [{"Key": THING, "Value": THING}]
        document = json.dumps(harness.statement("s3:GetObject"))
        policy = iam.create_policy(PolicyName=THING, PolicyDocument=document, Tags=tags)["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=document)
        iam.create_user(UserName=THING, Tags=tags, PermissionsBoundary=policy)
        self.key = iam.create_access_key(UserName=THING)["AccessKey"]["AccessKeyId"]
        iam.create_role(
            RoleName=THING,
            AssumeRolePolicyDocument=json.dumps(harness.trust(Service="glue.amazonaws.com")),
            PermissionsBoundary=policy,
            Tags=tags,
        )
        iam.create_instance_profile(InstanceProfileName=THING, Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=THING, RoleName=THING)
        iam.create_group(GroupName=THING)
        iam.add_user_to_group(GroupName=THING, UserName=THING)
        for kind in ("User", "Role", "Group"):
            name = {f"{kind}Name": THING}
            getattr(iam, f"attach_{kind.lower()}_policy")(PolicyArn=policy, **name)
            getattr(iam, f"put_{kind.lower()}_policy")(PolicyName=THING, PolicyDocument=document, **name)

    def glue(self):
        glue = self.client("glue")
        role, tags = self.arn("iam", f"role/{THING}", ""), {THING: THING}
        glue.create_database(DatabaseInput={"Name": THING}, Tags=tags)
        columns = {"Columns": [{"Name": "a", "Type": "int"}]}
        table = {"Name": THING, "PartitionKeys": [{"Name": "p", "Type": "string"}], "StorageDescriptor": columns}
        glue.create_table(DatabaseName=THING, TableInput=table)
        glue.create_partition(DatabaseName=THING, TableName=THING, PartitionInput=PARTITION)
        glue.create_partition_index(
            DatabaseName=THING, TableName=THING, PartitionIndex={"Keys": ["p"], "IndexName": THING}
        )
        glue.update_table(DatabaseName=THING, TableInput=table)
        coverage_catalog.make(glue, role, tags)
        targets = {"S3Targets": [{"Path": f"s3://{self.bucket}/"}]}
        glue.create_crawler(Name=THING, Role=role, DatabaseName=THING, Targets=targets, Tags=tags)
        glue.create_classifier(JsonClassifier={"Name": THING, "JsonPath": "$[*]"})
        script = {"Name": "glueetl", "ScriptLocation": f"s3://{self.bucket}/script.py"}
        glue.create_job(Name=THING, Role=role, Command=script, Tags=tags)
        session = sessions.Session(self.server, THING, role, by=self.root, Tags=tags)
        session.run("1")
        session.stop()

    def logs(self):
        logs = self.client("logs")
        logs.create_log_group(logGroupName=THING, tags={THING: THING})
        logs.create_log_stream(logGroupName=THING, logStreamName=THING)
        logs.put_retention_policy(logGroupName=THING, retentionInDays=7)

    def state(self, service):
        """All that a call to the service could have changed."""
        glue, iam, logs, s3 = (self.client(name) for name in ("glue", "iam", "logs", "s3"))
        bucket = {"Bucket": self.bucket}
        table = {"DatabaseName": THING, "TableName": THING}
        looks = {
            "organizations": self.organization.looks(),
            "glue": [
                (glue.get_databases, {}),
                (glue.get_tables, {"DatabaseName": THING}),
                (glue.get_table_versions, table),
                (glue.get_partitions, table),
                (glue.get_partition_indexes, table),
                *coverage_catalog.looks(glue),
                (glue.get_crawlers, {}),
                (glue.get_classifiers, {}),
                (glue.list_crawls, {"CrawlerName": THING}),
                (glue.get_jobs, {}),
                (glue.get_job_runs, {"JobName": THING}),
                (glue.list_sessions, {}),
                (glue.list_statements, {"SessionId": THING}),
                *((glue.get_tags, {"ResourceArn": self.arn("glue", f"{kind}/{THING}")}) for kind in TAGGED),
            ],
            "iam": [
                (iam.list_users, {}),
                (iam.list_groups, {}),
                (iam.list_roles, {}),
                (iam.list_policies, {"Scope": "Local"}),
                (iam.list_instance_profiles, {}),
                (iam.get_group, {"GroupName": THING}),
                (iam.get_user, {"UserName": THING}),
                (iam.get_role, {"RoleName": THING}),
                (iam.list_access_keys, {"UserName": THING}),
                (iam.list_policy_versions, {"PolicyArn": self.arn("iam", f"policy/{THING}", "")}),
                (iam.list_policy_tags, {"PolicyArn": self.arn("iam", f"policy/{THING}", "")}),
                *((getattr(iam, f"list_attached_{k}_policies"), {f"{k.title()}Name": THING}) for k in HOLDERS),
                *((getattr(iam, f"list_{k}_policies"), {f"{k.title()}Name": THING}) for k in HOLDERS),
                *((getattr(iam, f"get_{k}_policy"), {f"{k.title()}Name": THING, "PolicyName": THING}) for k in HOLDERS),
            ],
            "s3": [
                (s3.list_buckets, {}),
                (s3.get_bucket_policy, bucket),
                (s3.get_bucket_tagging, bucket),
                (s3.list_objects_v2, bucket),
                (s3.get_object_tagging, bucket | {"Key": THING}),
                (s3.list_multipart_uploads, bucket),
                (s3.list_parts, bucket | {"Key": THING, "UploadId": self.upload}),
            ],
            "logs": [
                (logs.describe_log_groups, {}),
                (logs.describe_log_streams, {"logGroupName": THING}),
                (logs.get_log_events, {"logGroupName": THING, "logStreamName": THING}),
                (logs.list_tags_for_resource, {"resourceArn": self.arn("logs", f"log-group:{THING}")}),
            ],
        }
        return [lasting(look(**named)) for look, named in looks.get(service, [])]


TAGGED = ("database", "crawler", "job", "session", "catalog", "connection", "usageProfile")
HOLDERS = ("user", "group", "role")


def lasting(answer):
    """An answer without what is new in each: metadata and tokens."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata" and "Token" not in name}


@pytest.fixture(scope="module")
def world(server):
    return World(server)


# Inputs.


def member(world, service, name, shape):
    """A value for a member that the model alone does not tell how to fill."""
    resource = {
        "glue": world.arn("glue", f"database/{THING}"),
        "logs": world.arn("logs", f"log-group:{THING}"),
        "access-analyzer": world.arn("access-analyzer", f"analyzer/{THING}"),
    }.get(service)
    document = json.dumps(harness.statement("s3:*"))
    if service == "organizations":
        return world.organization.member(name)
    if service == "s3":
        return {
            "Bucket": world.bucket,
            "Key": THING,
            "UploadId": world.upload,
            "CopySource": f"{world.bucket}/{THING}",
            "Policy": document,
        }.get(name)
    return {
        "OpenIDConnectProviderArn": world.arn("iam", "oidc-provider/id.example.com", ""),
        "SAMLProviderArn": world.arn("iam", f"saml-provider/{THING}", ""),
        "RoleArn": world.arn("iam", f"role/{THING}", ""),
        "PolicyArn": world.arn("iam", f"policy/{THING}", ""),
        "PermissionsBoundary": world.arn("iam", f"policy/{THING}", ""),
        "ResourceArn": resource,
        "resourceArn": resource,
        "analyzerArn": resource,
        "principalArn": world.arn("iam", f"role/{THING}", ""),
        "accessPreviewId": "00000000-0000-4000-8000-000000000000",
        "Role": world.arn("iam", f"role/{THING}", ""),
        "PolicyDocument": document,
        "AssumeRolePolicyDocument": document,
        "CatalogId": f"{world.account}:{THING}" if service == "glue" else None,
        "AccessKeyId": world.key,
        "VersionId": "1" if service == "glue" else "v1",
        "VersionIds": ["1"],
        "SerialNumber": world.arn("iam", f"mfa/{THING}", ""),
        "AuthenticationCode1": "123456",
        "AuthenticationCode2": "123456",
        "NewUserName": "renamed",
        "retentionInDays": 30,
    }.get(name)


def more(world, operation):
    """Members that the model calls optional and the operation needs."""
    group = {"logGroupName": THING}
    return {
        "glue:CreateTable": {"TableInput": {"Name": THING}},
        "glue:UpdateTable": {"TableInput": {"Name": THING}},
        "glue:CreateUserDefinedFunction": {"FunctionInput": {"FunctionName": THING}},
        "glue:CreateCrawler": {"Targets": {"S3Targets": [{"Path": f"s3://{world.bucket}/"}]}},
        "glue:UpdateCrawler": {"Description": "changed"},
        "glue:CreateClassifier": {"JsonClassifier": {"Name": "other", "JsonPath": "$"}},
        "glue:UpdateClassifier": {"JsonClassifier": {"Name": THING, "JsonPath": "$"}},
        "s3:CreateBucket": {"Bucket": f"{world.bucket}-new"},
        "s3:GetObjectAttributes": {"ObjectAttributes": ["ETag"]},
        "iam:UpdateUser": {"NewUserName": "renamed"},
        "iam:UpdateGroup": {"NewGroupName": "renamed"},
        "iam:UpdateRole": {"Description": "changed"},
        "iam:GenerateOrganizationsAccessReport": {"EntityPath": "o-aaaaaaaaaa/r-aaaa"},
        **dict.fromkeys(
            ("iam:SimulatePrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy"),
            {"PolicySourceArn": world.arn("iam", f"user/{THING}", "")},
        ),
        **dict.fromkeys(
            ("iam:GenerateServiceLastAccessedDetails", "iam:ListPoliciesGrantingServiceAccess"),
            {"Arn": world.arn("iam", f"user/{THING}", "")},
        ),
        **dict.fromkeys(
            ("iam:CreateAccessKey", "iam:ListAccessKeys", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:GetUser"),
            {"UserName": THING},
        ),
        **dict.fromkeys(("logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"), group),
    }.get(operation, {})


def minimal(world, service, shape, name=""):
    """The least input that satisfies the model."""
    known = member(world, service, name, shape)
    if known is not None:
        return known
    make = functools.partial(minimal, world, service)
    match shape.type_name:
        case "structure":
            wanted = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
            return {name: make(shape.members[name], name) for name in wanted}
        case "list":
            return [make(shape.member, name)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {make(shape.key): make(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else THING.ljust(shape.metadata.get("min", 0), "x")
        case "integer" | "long":
            return max(1, shape.metadata.get("min", 1))
        case "boolean":
            return True
        case "timestamp":
            return datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        case "double" | "float":
            return 1.0
        case "blob":
            return THING.encode()
    raise AssertionError(f"no value for {shape}")


def input_of(world, operation):
    service, _, name = operation.partition(":")
    if service == "mastic":
        given = {
            "CreateAccount": {"Name": THING},
            "ExplainRequest": {"RequestId": THING},
            "PlanCrawl": {"CrawlerName": THING},
            **{
                name: {"JobName": THING}
                for name in ("DescribeJobBookmark", "ListJobBookmarkFiles", "PlanJobBookmark")
            },
            "PutJobBookmark": {"JobName": THING, "Version": 1},
        }
        return given.get(name, {})
    shape = model(service).operation_model(name).input_shape
    return (minimal(world, service, shape) if shape else {}) | more(world, operation)


# Calls.


def refused(world, operation):
    """Calls as the user who may do nothing: code, status, text and request id of the refusal."""
    service, _, name = operation.partition(":")
    given = input_of(world, operation)
    if service == "mastic":
        answer = world.server.call("mastic", f"Mastic.{name}", given, world.nobody)
        assert answer.status >= 400, f"{operation} was served to a user without any permission"
        body = answer.json()
        text = body.get("message", body.get("Message"))
        return answer.code, answer.status, text, answer.headers["x-amzn-requestid"]
    client = world.server.client(BOTOCORE.get(service, service), world.nobody)
    try:
        answer = client._make_api_call(name, given)
    except ClientError as caught:
        answer = caught.response
    metadata = answer["ResponseMetadata"]
    if operation in BATCHES and answer.get("Errors"):
        error = answer["Errors"][0]
        return error["Code"], 403, error["Message"], metadata["RequestId"]
    assert "Error" in answer, f"{operation} was served to a user without any permission"
    return answer["Error"]["Code"], metadata["HTTPStatusCode"], answer["Error"]["Message"], metadata["RequestId"]


def explained(world, request_id):
    """What the account's root user is told about a request."""
    answer = world.server.call("mastic", "Mastic.ExplainRequest", {"RequestId": request_id}, world.root)
    assert answer.status == 200, answer.body
    return answer.json()


def decided_on(decision):
    """Action and resource of a decision, as its explanation names them."""
    return decision["Action"], decision["Resource"]


def forms(operation):
    """The ARNs that AWS's reference knows for the operation, as expressions.

    Where it knows none, AWS checks against no resource or, in IAM's and Logs' listings, against the
    ARN of their things without a name.
    """
    service, _, action = OTHER_ACTIONS.get(operation, operation).partition(":")
    reference = actions().get(service, {"actions": {}, "resources": {}})
    named = [kind for kind in reference["actions"].get(action, {}).get("resources", {}) if kind]
    found = [reference["resources"][kind]["arn"] for kind in named]
    if not found and service == "s3":
        return [r"arn:aws:s3:::[^/]+(/.+)?"]
    expressions = [re.sub(r"\\\$\\\{[^}]*\\\}", ".*", re.escape(form)) + r"(:\*)?" for form in found]
    return expressions or [rf"arn:aws:{service}:.*[/:]"]


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o not in FOR_ANYBODY])
def test_denied_and_recorded(world, operation):
    service, _, name = operation.partition(":")
    before = world.state(service)
    code, status, text, request_id = refused(world, operation)
    wanted = ("AccessDenied", 403) if service in ("iam", "s3", "sts") else ("AccessDeniedException", 400)
    wanted = ("AccessDeniedException", 403) if service == "access-analyzer" else wanted
    assert (code, status) == (("403", 403) if operation in SILENT else wanted), text
    if not READS.match(name):
        assert world.state(service) == before, "the call changed something"
    record = explained(world, request_id)
    # A batch is served: its entries are refused.
    recorded = text if operation in BATCHES else record["ErrorMessage"]
    assert operation in SILENT or recorded == text
    said = DENIAL.fullmatch(recorded)
    assert said, f"not AWS's sentence: {text}"
    assert said["who"] == world.nobody.arn
    action, resource = decided_on(record["Decisions"][0])
    assert said["action"] == action
    assert action == OTHER_ACTIONS.get(operation, operation) or service == "s3"
    allowed = forms(operation)
    assert resource == "*" or any(re.fullmatch(form, resource) for form in allowed), (resource, allowed)
    assert (said["resource"] is None) == (resource == "*")
    if service != "iam":
        assert said["resource"] in (None, resource)
    cover("denial", service, name)

    assert (record["EventName"], record["Principal"]) == (name, world.nobody.arn)
    assert operation in BATCHES or record["ErrorCode"] in ("AccessDenied", "AccessDeniedException")
    assert not record["Decisions"][0]["Allowed"] and record["Decisions"][0]["Reasons"]
    assert "To allow it, add" in record["Text"] and record["Patches"]
    cover("audit", service, name)


@pytest.mark.parametrize("operation", sorted(FOR_ANYBODY))
def test_granted_to_anybody_and_recorded(world, operation):
    service, _, name = operation.partition(":")
    answer = world.server.client(service, world.nobody)._make_api_call(name, input_of(world, operation))
    record = explained(world, answer["ResponseMetadata"]["RequestId"])
    assert (record["EventName"], record["Principal"]) == (name, world.nobody.arn)
    assert record["Decisions"] == []
    assert "ErrorCode" not in record
    cover("audit", service, name)


def test_the_explanation_is_for_the_account_only(world, server):
    *_, request_id = refused(world, "glue:GetTable")
    stranger = server.account("stranger")
    answer = server.call("mastic", "Mastic.ExplainRequest", {"RequestId": request_id}, stranger)
    assert (answer.status, answer.code) == (400, "ResourceNotFoundException")


def test_the_account_commands(server):
    number = server.mastic("account", "create", harness.name("account")).stdout.split()[0]
    cover("conformance", "mastic", "CreateAccount")
    assert number in server.mastic("account", "list").stdout
    cover("conformance", "mastic", "ListAccounts")
    request_id = server.client("sts").get_caller_identity()["ResponseMetadata"]["RequestId"]
    assert "GetCallerIdentity" in server.mastic("explain", request_id).stdout
    cover("conformance", "mastic", "ExplainRequest")


def test_what_is_not_implemented_says_so(world, server):
    """Every row of the operation tables that has no handler answers with its name, whatever its input."""
    wrong = []
    for row in sorted(rows_of((ROOT / "lists/not-implemented.txt").read_text()) - NOT_AT_THIS_ENDPOINT):
        service, _, name = row.partition(":")
        code, status, text = called(world, server, service, name)
        if (code, status) != ("NotImplemented", 501) or name not in text:
            wrong.append((row, code, status, text))
    assert not wrong


# S3's operations that clients send elsewhere: to directory buckets and to Object Lambda.
NOT_AT_THIS_ENDPOINT = {"s3:CreateSession", "s3:ListDirectoryBuckets", "s3:WriteGetObjectResponse"}


def called(world, server, service, name):
    """Code, status and text of the answer to root's call."""
    protocol = model(service).metadata["protocol"]
    if protocol.startswith("rest-"):
        try:
            client = world.client(BOTOCORE.get(service, service))
            client._make_api_call(name, input_of(world, f"{service}:{name}"))
        except ClientError as caught:
            error, metadata = caught.response["Error"], caught.response["ResponseMetadata"]
            return error["Code"], metadata["HTTPStatusCode"], error["Message"]
        return None, 200, "it was served"
    if protocol == "query":
        answer = server.form(service, {"Action": name, "Version": model(service).api_version})
    else:
        answer = server.call(service, f"{model(service).metadata['targetPrefix']}.{name}", {})
    return answer.code, answer.status, answer.body.decode()
