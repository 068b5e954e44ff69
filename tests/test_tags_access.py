"""Access by tags: `aws:ResourceTag` and `aws:RequestTag` on what can be tagged ("What is ABAC for AWS?")."""

import pytest
from botocore.exceptions import ClientError

from harness import statement

BY_TEAM = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


@pytest.fixture(scope="module")
def land(server):
    return server.account("tags")


def member(server, land, team, *policies):
    """A user with a team's tag."""
    user = server.user(*policies, by=land)
    server.client("iam", land).tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": team}])
    return user


@pytest.mark.parametrize("key", ["aws:ResourceTag", "glue:resourceTag"])
def test_a_user_starts_the_jobs_of_the_own_team_only(server, land, unique, key):
    glue, role = server.client("glue", land), server.role(by=land)
    own, other, none = unique("own"), unique("other"), unique("none")
    for name, tags in ((own, {"team": "red"}), (other, {"team": "blue"}), (none, {})):
        command = {"Name": "glueetl", "ScriptLocation": "s3://no-such-bucket/s.py"}
        glue.create_job(Name=name, Role=role, Command=command, Tags=tags)
    condition = {"StringEquals": {f"{key}/team": "${aws:PrincipalTag/team}"}}
    red = server.client("glue", member(server, land, "red", statement("glue:GetJob*", Condition=condition)))
    assert red.get_job(JobName=own)["Job"]["Name"] == own
    assert code(red.get_job, JobName=other) == "AccessDeniedException"
    assert code(red.get_job, JobName=none) == "AccessDeniedException"
    assert code(red.get_job, JobName=unique("missing")) == "AccessDeniedException"
    # A tag that changes counts with the next call.
    arn = f"arn:aws:glue:us-east-1:{land.account}:job/{own}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "blue"})
    assert code(red.get_job, JobName=own) == "AccessDeniedException"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "red"})
    assert code(red.get_job, JobName=own) is None


def test_crawlers_databases_and_log_groups_have_tags_too(server, land, unique):
    glue, logs = server.client("glue", land), server.client("logs", land)
    role, bucket = server.role(by=land), unique("bucket")
    server.client("s3", land).create_bucket(Bucket=bucket)
    names = {}
    for team in ("red", "blue"):
        name = names[team] = unique(team).replace("-", "_")
        glue.create_database(DatabaseInput={"Name": name}, Tags={"team": team})
        targets = {"S3Targets": [{"Path": f"s3://{bucket}/"}]}
        glue.create_crawler(Name=name, Role=role, DatabaseName=name, Targets=targets, Tags={"team": team})
        logs.create_log_group(logGroupName=name, tags={"team": team})
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    policy = statement(["glue:GetCrawler", "glue:UpdateDatabase", "logs:*"], Condition=BY_TEAM)
    catalog = f"arn:aws:glue:us-east-1:{land.account}:catalog"
    policy["Statement"].append({"Effect": "Allow", "Action": "glue:*", "Resource": catalog})
    red = member(server, land, "red", policy)
    glue, logs = server.client("glue", red), server.client("logs", red)
    for team, wanted in (("red", None), ("blue", "AccessDeniedException")):
        name = names[team]
        assert code(glue.get_crawler, Name=name) == wanted
        assert code(glue.update_database, Name=name, DatabaseInput={"Name": name}) == wanted
        assert code(logs.describe_log_streams, logGroupName=name) == wanted
        assert code(logs.get_log_events, logGroupName=name, logStreamName="s") == wanted
        assert code(logs.delete_log_group, logGroupName=name) == wanted


def test_a_job_must_be_made_with_the_right_tags(server, land, unique):
    role = server.role(by=land)
    policy = statement("glue:CreateJob", Condition={
        "StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "env"]},
    })  # fmt: skip
    policy["Statement"].append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role})
    glue = server.client("glue", server.user(policy, by=land))
    for tags, wanted in (
        ({"team": "red"}, None),
        ({"team": "red", "env": "dev"}, None),
        ({"team": "blue"}, "AccessDeniedException"),
        ({"team": "red", "cost": "1"}, "AccessDeniedException"),
        ({}, "AccessDeniedException"),
    ):
        name = unique("job")
        command = {"Name": "glueetl", "ScriptLocation": "s3://no-such-bucket/s.py"}
        assert code(glue.create_job, Name=name, Role=role, Command=command, Tags=tags) == wanted, tags
        missing = code(server.client("glue", land).get_job, JobName=name)
        assert missing == ("EntityNotFoundException" if wanted else None)


def test_users_and_roles_by_their_tags(server, land, unique):
    iam = server.client("iam", land)
    names = {}
    for team in ("red", "blue"):
        names[team] = unique(team)
        iam.create_user(UserName=names[team], Tags=[{"Key": "team", "Value": team}])
    red = server.client("iam", member(server, land, "red", statement("iam:*", Condition=BY_TEAM)))
    assert red.get_user(UserName=names["red"])["User"]["UserName"] == names["red"]
    assert code(red.get_user, UserName=names["blue"]) == "AccessDenied"
    assert code(red.create_access_key, UserName=names["blue"]) == "AccessDenied"
    assert not iam.list_access_keys(UserName=names["blue"])["AccessKeyMetadata"]
