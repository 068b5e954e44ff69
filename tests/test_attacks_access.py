"""Ways to more rights than one was given: each is refused, and nothing has changed."""

import json

import pytest
from botocore.exceptions import ClientError

import harness
from harness import Credentials, statement, trust

ALL = json.dumps(statement("*"))
DENIED = {"AccessDenied", "AccessDeniedException"}


@pytest.fixture(scope="module")
def land(server):
    """An account with a strong role, a policy, an administrator and a group of administrators."""
    return Land(server)


class Land:
    def __init__(self, server):
        self.server = server
        self.root = server.account("attacks")
        self.iam = server.client("iam", self.root)
        self.glue = server.client("glue", self.root)
        self.strong = server.role(statement("*"), by=self.root, stem="strong")
        self.weak = server.role(statement("logs:*"), by=self.root, stem="weak")
        self.admin = server.user(statement("*"), by=self.root)
        self.iam.create_group(GroupName="admins")
        self.iam.put_group_policy(GroupName="admins", PolicyName="all", PolicyDocument=ALL)
        self.bucket = harness.name("attacks")
        server.client("s3", self.root).create_bucket(Bucket=self.bucket)

    def arn(self, service, resource, region="us-east-1"):
        return f"arn:aws:{service}:{region}:{self.root.account}:{resource}"

    def user(self, *statements):
        """A user with these allowances: pairs of actions and resources."""
        given = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
        return self.server.user({"Version": "2012-10-17", "Statement": given}, by=self.root)

    def state(self):
        """Who may do what in the account, users made for tests apart."""
        details = self.iam.get_paginator("get_account_authorization_details").paginate()
        return [{kind: page[kind] for kind in page if kind.endswith("List") or kind == "Policies"} for page in details]


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


# Roles that are passed.


def job(land, role, name):
    script = {"Name": "glueetl", "ScriptLocation": f"s3://{land.bucket}/s.py"}
    return {"Name": name, "Role": role, "Command": script}


def test_no_job_or_crawler_gets_a_role_that_its_maker_may_not_pass(land, unique):
    name = unique("job")
    land.glue.create_job(**job(land, land.weak, name))
    targets = {"S3Targets": [{"Path": f"s3://{land.bucket}/"}]}
    land.glue.create_crawler(Name=name, Role=land.weak, DatabaseName="d", Targets=targets)
    user = land.user(("glue:*", "*"), ("iam:PassRole", land.weak), ("iam:GetRole", "*"))
    glue = land.server.client("glue", user)
    update = {key: value for key, value in job(land, land.strong, name).items() if key != "Name"}
    strong_name = land.strong.rsplit("/", 1)[-1]
    attempts = [
        (glue.create_job, job(land, land.strong, unique("new"))),
        (glue.create_job, job(land, strong_name, unique("new"))),
        (glue.update_job, {"JobName": name, "JobUpdate": update}),
        (glue.update_job, {"JobName": name, "JobUpdate": update | {"Role": strong_name}}),
        (glue.create_crawler, {"Name": unique("c"), "Role": land.strong, "DatabaseName": "d", "Targets": targets}),
        (glue.create_crawler, {"Name": unique("c"), "Role": strong_name, "DatabaseName": "d", "Targets": targets}),
        (glue.update_crawler, {"Name": name, "Role": land.strong}),
        (glue.update_crawler, {"Name": name, "Role": strong_name}),
    ]
    for call, arguments in attempts:
        assert code(call, **arguments) in DENIED, arguments
        for kind in ("get_job", "get_crawler"):
            new = arguments.get("Name", name)
            key = "JobName" if kind == "get_job" else "Name"
            if new != name:
                assert code(getattr(land.glue, kind), **{key: new}) == "EntityNotFoundException"
    assert land.glue.get_job(JobName=name)["Job"]["Role"] == land.weak
    assert land.glue.get_crawler(Name=name)["Crawler"]["Role"].rsplit("/", 1)[-1] == land.weak.rsplit("/", 1)[-1]


def test_a_role_is_passed_to_the_service_that_the_policy_names_only(land, unique):
    policy = statement("glue:*")
    for service in ("lambda.amazonaws.com", "glue.amazonaws.com"):
        passing = {"StringEquals": {"iam:PassedToService": service}}
        given = {**policy, "Statement": policy["Statement"] + [
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": land.weak, "Condition": passing}
        ]}  # fmt: skip
        glue = land.server.client("glue", land.server.user(given, by=land.root))
        wanted = None if service.startswith("glue") else "AccessDeniedException"
        assert code(glue.create_job, **job(land, land.weak, unique("job"))) == wanted


def test_a_role_of_another_account_cannot_be_passed(land, unique):
    foreign = land.server.role(statement("*"))
    glue = land.server.client("glue", land.admin)
    assert code(glue.create_job, **job(land, foreign, unique("job"))) is not None


def test_a_run_takes_no_role_of_its_own(land, unique):
    """Arguments and overrides of a run change neither its role nor its security."""
    name = unique("job")
    land.glue.create_job(**job(land, land.weak, name))
    target, user = "AWSGlue.StartJobRun", land.user(("glue:StartJobRun", "*"))
    answer = land.server.call("glue", target, {"JobName": name, "Role": land.strong}, user)
    assert answer.status in (200, 400)
    assert land.glue.get_job(JobName=name)["Job"]["Role"] == land.weak


# IAM itself.


def test_every_way_to_give_oneself_rights_is_refused(land):
    policy = land.iam.create_policy(PolicyName=harness.name("p"), PolicyDocument=json.dumps(statement("logs:*")))
    policy = policy["Policy"]["Arn"]
    land.iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALL)
    user = land.user(("iam:Get*", "*"), ("iam:List*", "*"), ("glue:*", "*"), ("sts:*", "*"))
    land.iam.attach_user_policy(UserName=user.name, PolicyArn=policy)
    admin, weak = land.admin.name, land.weak.rsplit("/", 1)[-1]
    strong = land.strong.rsplit("/", 1)[-1]
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    trusting = json.dumps(trust(AWS=user.arn))
    iam = land.server.client("iam", user)
    before = land.state()
    for call, arguments in [
        (iam.create_policy_version, {"PolicyArn": policy, "PolicyDocument": ALL, "SetAsDefault": True}),
        (iam.set_default_policy_version, {"PolicyArn": policy, "VersionId": "v2"}),
        (iam.attach_user_policy, {"UserName": user.name, "PolicyArn": administrator}),
        (iam.attach_group_policy, {"GroupName": "admins", "PolicyArn": administrator}),
        (iam.attach_role_policy, {"RoleName": weak, "PolicyArn": administrator}),
        (iam.put_user_policy, {"UserName": user.name, "PolicyName": "x", "PolicyDocument": ALL}),
        (iam.put_group_policy, {"GroupName": "admins", "PolicyName": "x", "PolicyDocument": ALL}),
        (iam.put_role_policy, {"RoleName": weak, "PolicyName": "x", "PolicyDocument": ALL}),
        (iam.add_user_to_group, {"GroupName": "admins", "UserName": user.name}),
        (iam.update_assume_role_policy, {"RoleName": strong, "PolicyDocument": trusting}),
        (iam.create_access_key, {"UserName": admin}),
        (iam.create_access_key, {}),
        (iam.create_login_profile, {"UserName": admin, "Password": "Passw0rd-passw0rd!"}),
        (iam.update_login_profile, {"UserName": admin, "Password": "Passw0rd-passw0rd!"}),
        (iam.create_user, {"UserName": "backdoor"}),
        (iam.create_role, {"RoleName": "backdoor", "AssumeRolePolicyDocument": trusting}),
        (iam.delete_user_policy, {"UserName": admin, "PolicyName": "own"}),
        (iam.update_user, {"UserName": admin, "NewUserName": "gone"}),
        (iam.delete_user_permissions_boundary, {"UserName": user.name}),
        (iam.tag_user, {"UserName": user.name, "Tags": [{"Key": "team", "Value": "admins"}]}),
    ]:
        assert code(call, **arguments) == "AccessDenied", call.__name__ + str(arguments)
    assert code(land.server.client("sts", user).assume_role, RoleArn=land.strong, RoleSessionName="x" * 3) in DENIED
    assert land.state() == before


def test_a_boundary_forbids_its_own_removal(land):
    """A delegated administrator who makes users may neither leave the boundary nor lend one out of it."""
    name = harness.name("boundary")
    boundary = land.arn("iam", f"policy/{name}", "")
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:*", "logs:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"],
         "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateRole", "iam:PutUserPermissionsBoundary",
                                      "iam:AttachUserPolicy", "iam:PutUserPolicy"],
         "Resource": "*", "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}},
        {"Effect": "Deny", "Resource": boundary, "Action": [
            "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"]},
    ]}  # fmt: skip
    land.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    user = land.server.user(statement("*"), by=land.root)
    land.iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    iam, made = land.server.client("iam", user), harness.name("made")
    other = "arn:aws:iam::aws:policy/AdministratorAccess"
    for call, arguments in [
        (iam.delete_user_permissions_boundary, {"UserName": user.name}),
        (iam.put_user_permissions_boundary, {"UserName": user.name, "PermissionsBoundary": other}),
        (iam.create_user, {"UserName": made}),
        (iam.create_user, {"UserName": made, "PermissionsBoundary": other}),
        (iam.create_policy_version, {"PolicyArn": boundary, "PolicyDocument": ALL, "SetAsDefault": True}),
        (iam.delete_policy, {"PolicyArn": boundary}),
        (iam.attach_user_policy, {"UserName": land.admin.name, "PolicyArn": other}),
    ]:
        assert code(call, **arguments) == "AccessDenied", str(arguments)
    assert code(land.server.client("s3", user).list_buckets) == "AccessDenied"
    assert code(land.iam.get_user, UserName=made) == "NoSuchEntity"
    iam.create_user(UserName=made, PermissionsBoundary=boundary)
    iam.put_user_policy(UserName=made, PolicyName="all", PolicyDocument=ALL)
    key = iam.create_access_key(UserName=made)["AccessKey"]
    lent = Credentials(land.root.account, key["AccessKeyId"], key["SecretAccessKey"])
    assert code(land.server.client("s3", lent).list_buckets) == "AccessDenied"
    assert code(land.server.client("iam", lent).delete_user_permissions_boundary, UserName=made) == "AccessDenied"


# Sessions.


def test_neither_session_policy_nor_chain_widens(land):
    user = land.user(("sts:AssumeRole", "*"))
    first = land.server.role(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["logs:DescribeLogGroups", "sts:AssumeRole"], "Resource": "*"}]},
        trusted=trust(AWS=user.arn), by=land.root,
    )  # fmt: skip
    second = land.server.role(statement("glue:GetDatabases"), trusted=trust(AWS=first), by=land.root)
    wide = land.server.assume(first, by=user, Policy=ALL)
    assert code(land.server.client("s3", wide).list_buckets) == "AccessDenied"
    assert code(land.server.client("logs", wide).describe_log_groups) is None
    narrow = land.server.assume(first, by=user, Policy=json.dumps(statement("sts:AssumeRole")))
    assert code(land.server.client("logs", narrow).describe_log_groups) == "AccessDeniedException"
    chained = land.server.assume(second, by=narrow, Policy=ALL)
    assert code(land.server.client("glue", chained).get_databases) is None
    assert code(land.server.client("logs", chained).describe_log_groups) == "AccessDeniedException"
    sts = land.server.client("sts", narrow)
    for wrong in (land.strong, first):
        assert code(sts.assume_role, RoleArn=wrong, RoleSessionName="chain") == "AccessDenied"
    # A chained session ends within the hour.
    long = {"RoleArn": second, "RoleSessionName": "chain", "DurationSeconds": 7200}
    assert code(sts.assume_role, **long) == "ValidationError"


def test_the_confused_deputy_is_refused(land):
    """Only with the external id, and only for the one source, may the role be assumed."""
    external = {"StringEquals": {"sts:ExternalId": "tenant-1"}}
    partner = land.server.user(statement("sts:AssumeRole"))
    document = trust(AWS=partner.arn)
    document["Statement"][0]["Condition"] = external
    role = land.server.role(statement("*"), trusted=document, by=land.root)
    sts = land.server.client("sts", partner)
    for given in ({}, {"ExternalId": "tenant-2"}, {"ExternalId": "TENANT-1"}):
        assert code(sts.assume_role, RoleArn=role, RoleSessionName="deputy", **given) == "AccessDenied"
    assert code(sts.assume_role, RoleArn=role, RoleSessionName="deputy", ExternalId="tenant-1") is None
    # Glue as the deputy: the trust names the account or job that it must act for.
    for key, right, wrong in (
        ("aws:SourceAccount", land.root.account, land.server.root.account),
        ("aws:SourceArn", land.arn("glue", "job/*"), land.arn("glue", "crawler/*")),
    ):
        for value, wanted in ((wrong, False), (right, True)):
            document = trust(Service="glue.amazonaws.com")
            document["Statement"][0]["Condition"] = {"StringLike": {key: value}}
            deputy = land.server.role(statement("*"), trusted=document, by=land.root)
            made = code(land.glue.create_job, **job(land, deputy, harness.name("deputy")))
            assert (made is None) == wanted, (key, value, made)


# Data by other ways.


def test_a_copy_needs_the_right_to_read_its_source(land, unique):
    s3, key = land.server.client("s3", land.root), unique("secret")
    target = unique("target")
    s3.create_bucket(Bucket=target)
    s3.put_object(Bucket=land.bucket, Key=key, Body=b"secret")
    user = land.user(("s3:*", [f"arn:aws:s3:::{target}", f"arn:aws:s3:::{target}/*"]))
    copier, source = land.server.client("s3", user), {"Bucket": land.bucket, "Key": key}
    upload = copier.create_multipart_upload(Bucket=target, Key="k")["UploadId"]
    part = {"Bucket": target, "Key": "k", "UploadId": upload, "PartNumber": 1}
    assert code(copier.copy_object, Bucket=target, Key="k", CopySource=source) == "AccessDenied"
    assert code(copier.upload_part_copy, **part, CopySource=source) == "AccessDenied"
    path = f"/{target}/k"
    for odd in (f"/{land.bucket}/{key}", f"{land.bucket}%2F{key}", f"//{land.bucket}/{key}", f"{target}/../{land.bucket}/{key}"):
        headers = land.server.signed("s3", "PUT", path, {"x-amz-copy-source": odd}, credentials=user)
        assert land.server.http("PUT", path, headers).status in (400, 403, 404), odd
    assert "Contents" not in s3.list_objects_v2(Bucket=target)
    assert "Parts" not in s3.list_parts(Bucket=target, Key="k", UploadId=upload)
    # Nor does somebody else's upload id open it.
    own = unique("own")
    s3.create_bucket(Bucket=own)
    thief = land.server.client("s3", land.user(("s3:*", [f"arn:aws:s3:::{own}", f"arn:aws:s3:::{own}/*"])))
    stolen = {"Bucket": own, "Key": "k", "UploadId": upload}
    assert code(thief.upload_part, **stolen, PartNumber=1, Body=b"x") == "NoSuchUpload"
    assert code(thief.abort_multipart_upload, **stolen) == "NoSuchUpload"


def test_names_of_other_accounts_open_nothing(land, unique):
    """An administrator here asks for what is there, by every input that names an account."""
    server, theirs = land.server, land.server.root.account
    group, database = unique("group"), unique("db").replace("-", "_")
    server.client("logs").create_log_group(logGroupName=group)
    server.client("logs").create_log_stream(logGroupName=group, logStreamName="s")
    server.client("glue").create_database(DatabaseInput={"Name": database})
    role = server.role(statement("*"))
    group_arn = f"arn:aws:logs:us-east-1:{theirs}:log-group:{group}"
    glue, logs, iam = (server.client(service, land.admin) for service in ("glue", "logs", "iam"))
    for call, arguments in [
        (glue.get_database, {"CatalogId": theirs, "Name": database}),
        (glue.get_databases, {"CatalogId": theirs}),
        (glue.delete_database, {"CatalogId": theirs, "Name": database}),
        (glue.create_table, {"CatalogId": theirs, "DatabaseName": database, "TableInput": {"Name": "t"}}),
        (glue.get_tags, {"ResourceArn": f"arn:aws:glue:us-east-1:{theirs}:database/{database}"}),
        (glue.tag_resource, {"ResourceArn": f"arn:aws:glue:us-east-1:{theirs}:database/{database}",
                             "TagsToAdd": {"a": "b"}}),
        (logs.filter_log_events, {"logGroupIdentifier": group_arn}),
        (logs.get_log_events, {"logGroupIdentifier": group_arn, "logStreamName": "s"}),
        (logs.describe_log_streams, {"logGroupIdentifier": group_arn}),
        (logs.tag_resource, {"resourceArn": group_arn, "tags": {"a": "b"}}),
        (logs.list_tags_for_resource, {"resourceArn": group_arn}),
        (server.client("sts", land.admin).assume_role, {"RoleArn": role, "RoleSessionName": "abc"}),
        (iam.get_policy, {"PolicyArn": f"arn:aws:iam::{theirs}:policy/x"}),
    ]:  # fmt: skip
        assert code(call, **arguments) in DENIED | {"NoSuchEntity"}, call.__name__
    assert code(logs.get_log_events, logGroupName=group, logStreamName="s") == "ResourceNotFoundException"
    assert server.client("glue").get_tables(DatabaseName=database)["TableList"] == []


def test_explain_and_history_tell_of_the_own_account_only(land):
    server = land.server
    stranger = server.user()
    with pytest.raises(ClientError) as refused:
        server.client("glue", stranger).get_databases()
    request = refused.value.response["ResponseMetadata"]["RequestId"]
    told = server.mastic("explain", request, credentials=land.admin, check=False)
    assert told.returncode != 0 and stranger.name not in told.stdout
    events = server.client("cloudtrail", land.admin).lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": stranger.name}]
    )["Events"]
    assert not events
