"""Usage profiles hold for the jobs and runs of the users and roles that are tagged with them."""

import botocore.exceptions
import pytest

from harness import statement, trust

TAG = "glue:UsageProfile"
LIMITS = {
    "numberOfWorkers": {"DefaultValue": "4", "MinValue": "2", "MaxValue": "8"},
    "workerType": {"DefaultValue": "G.2X", "AllowedValues": ["G.1X", "G.2X"]},
    "timeout": {"DefaultValue": "30", "MaxValue": "60"},
}


def fault(call, **arguments):
    """Code and text of the error that a call ends in."""
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def root(server):
    """An account with a profile `small` and a role for its jobs."""
    root = server.account("profiles")
    server.client("glue", root).create_usage_profile(Name="small", Configuration={"JobConfiguration": LIMITS})
    return root


@pytest.fixture(scope="module")
def role(server, root):
    return server.role(by=root)


def tagged(server, root, profile):
    """A user who may do all, within the limits of a profile."""
    user = server.user(statement("*"), by=root)
    server.client("iam", root).tag_user(UserName=user.name, Tags=[{"Key": TAG, "Value": profile}])
    return user


def job(name, role, **more):
    nodes = {
        "in": {"S3CsvSource": {"Name": "in", "Paths": ["s3://b/in/"], "Separator": "comma", "QuoteChar": "quote"}},
        "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["in"], "Path": "s3://b/out/", "Format": "csv"}},
    }
    return {"Name": name, "Role": role, "Command": {"Name": "glueetl"}, "CodeGenConfigurationNodes": nodes} | more


def test_defaults_are_filled_in_and_limits_hold(server, root, role, unique):
    author, name = server.client("glue", tagged(server, root, "small")), unique("job")
    author.create_job(**job(name, role))
    made = author.get_job(JobName=name)["Job"]
    assert (made["NumberOfWorkers"], made["WorkerType"], made["Timeout"]) == (4, "G.2X", 30)
    assert made["ProfileName"] == "small"
    for beyond, parameter in [
        ({"NumberOfWorkers": 9, "WorkerType": "G.1X"}, "numberOfWorkers"),
        ({"NumberOfWorkers": 1, "WorkerType": "G.1X"}, "numberOfWorkers"),
        ({"NumberOfWorkers": 2, "WorkerType": "G.8X"}, "workerType"),
        ({"Timeout": 61}, "timeout"),
    ]:
        code, text = fault(author.create_job, **job(unique("job"), role, **beyond))
        assert code == "InvalidInputException" and parameter in text and "small" in text
        code, text = fault(author.start_job_run, JobName=name, **beyond)
        assert code == "InvalidInputException" and parameter in text
    run = author.start_job_run(JobName=name, NumberOfWorkers=8, WorkerType="G.1X")["JobRunId"]
    assert author.get_job_run(JobName=name, RunId=run)["JobRun"]["ProfileName"] == "small"


def test_whoever_starts_a_job_keeps_to_their_own_limits(server, root, role, unique):
    free, name = server.client("glue", root), unique("job")
    free.create_job(**job(name, role, NumberOfWorkers=20, WorkerType="G.1X"))
    assert "ProfileName" not in free.get_job(JobName=name)["Job"]
    bound = server.client("glue", tagged(server, root, "small"))
    assert fault(bound.start_job_run, JobName=name)[0] == "InvalidInputException"
    free.start_job_run(JobName=name)
    update = job(name, role, NumberOfWorkers=3)
    update.pop("Name")
    bound.update_job(JobName=name, JobUpdate=update)
    assert free.get_job(JobName=name)["Job"]["ProfileName"] == "small"
    free.update_job(JobName=name, JobUpdate=update | {"WorkerType": "G.1X"})
    assert "ProfileName" not in free.get_job(JobName=name)["Job"]


def test_the_tag_of_a_role_counts_and_must_name_a_profile(server, root, role, unique):
    iam = server.client("iam", root)
    working = server.role(statement("*"), trusted=trust(AWS=root.account), by=root)
    session = server.assume(working, by=server.user(statement("*"), by=root))
    glue = server.client("glue", session)
    glue.create_job(**job(unique("job"), role, NumberOfWorkers=20, WorkerType="G.1X"))
    role_name = working.rsplit("/", 1)[-1]
    iam.tag_role(RoleName=role_name, Tags=[{"Key": TAG, "Value": "small"}])
    beyond = job(unique("job"), role, NumberOfWorkers=20, WorkerType="G.1X")
    assert fault(glue.create_job, **beyond)[0] == "InvalidInputException"
    iam.tag_role(RoleName=role_name, Tags=[{"Key": TAG, "Value": "nowhere"}])
    code, text = fault(glue.create_job, **beyond)
    assert code == "InvalidInputException" and "nowhere" in text
