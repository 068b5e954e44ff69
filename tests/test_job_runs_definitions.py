"""Definitions of jobs through boto3 and the command line: what is filled in, kept, and refused."""

import botocore.exceptions
import pytest

from pipeline import glue_role

SCRIPT = "s3://scripts/job.py"


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def new(server, unique):
    """The least that a job needs, of a kind."""
    role = glue_role(server)

    def make(kind="glueetl", **more):
        return {"Name": unique("job"), "Role": role, "Command": {"Name": kind, "ScriptLocation": SCRIPT}} | more

    return make


@pytest.mark.parametrize(("more", "text"), [
    ({"WorkerType": "G.1X"}, "Please set both Worker Type and Number of Workers."),
    ({"NumberOfWorkers": 2}, "Please set both Worker Type and Number of Workers."),
    ({"WorkerType": "G.1X", "NumberOfWorkers": 1},
     "To use Worker Type G.1X, minimum allowed value of Number of Workers is 2."),
    ({"WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": 2.0},
     "Please do not set Max Capacity if using Worker Type and Number of Workers."),
    ({"WorkerType": "G.1X", "NumberOfWorkers": 2, "AllocatedCapacity": 2},
     "Please do not set Allocated Capacity if using Worker Type and Number of Workers."),
    ({"WorkerType": "G.4X", "NumberOfWorkers": 2, "GlueVersion": "2.0"},
     "Worker type G.4X is not supported for Glue Version 2.0"),
    ({"MaxCapacity": 1.5}, "whole number from 2 to 100"),
    ({"Timeout": 10081}, "10080 minutes"),
    ({"MaxRetries": 11}, "MaxRetries"),
    ({"GlueVersion": "9.9"}, "Glue version 9.9"),
    ({"ExecutionClass": "FLEX", "GlueVersion": "2.0"}, "FLEX"),
    ({"ExecutionProperty": {"MaxConcurrentRuns": 0}}, "MaxConcurrentRuns"),
    ({"Command": {"Name": "sparkling", "ScriptLocation": SCRIPT}}, "There is no Job Command sparkling"),
    ({"Command": {"ScriptLocation": SCRIPT}}, "needs a Name"),
    ({"Command": {"Name": "glueetl"}}, "ScriptLocation"),
    ({"SecurityConfiguration": "nobody"}, "Security configuration with name nobody does not exist."),
    ({"Connections": {"Connections": ["nobody"]}}, "Connection nobody not found."),
    ({"DefaultArguments": {"--long": "x" * 270_000}}, "are allowed"),
])
def test_what_aws_refuses(server, new, more, text):
    code, message = refusal(server.client("glue").create_job, **new(**more))
    assert code == "InvalidInputException" and text in message, message


def test_python_shell_and_ray(server, new):
    glue = server.client("glue")
    code, message = refusal(glue.create_job, **new("pythonshell", WorkerType="G.1X", NumberOfWorkers=2))
    assert (code, message) == ("InvalidInputException", "Worker Type is not supported for Job Command pythonshell")
    assert "0.0625 or 1.0" in refusal(glue.create_job, **new("pythonshell", MaxCapacity=2.0))[1]
    assert "glueray" in refusal(glue.create_job, **new("glueray", WorkerType="G.1X", NumberOfWorkers=2))[1]
    assert "Z.2X" in refusal(glue.create_job, **new(WorkerType="Z.2X", NumberOfWorkers=2))[1]
    shell = new("pythonshell")
    glue.create_job(**shell)
    found = glue.get_job(JobName=shell["Name"])["Job"]
    assert (found["MaxCapacity"], found["AllocatedCapacity"], found["JobMode"]) == (0.0625, 0, "SCRIPT")


def test_every_member_is_kept(server, new):
    glue = server.client("glue")
    job = new(
        JobMode="NOTEBOOK", JobRunQueuingEnabled=True, Description="all", LogUri="s3://logs/",
        ExecutionProperty={"MaxConcurrentRuns": 7}, DefaultArguments={"--a": "1"},
        NonOverridableArguments={"--b": "2"}, MaxRetries=3, Timeout=77, WorkerType="G.8X", NumberOfWorkers=3,
        NotificationProperty={"NotifyDelayAfter": 5}, GlueVersion="4.0", ExecutionClass="FLEX",
        MaintenanceWindow="Sun:10", SourceControlDetails={
            "Provider": "GITLAB", "Repository": "r", "Owner": "o", "Branch": "b", "Folder": "f",
            "LastCommitId": "c", "AuthStrategy": "PERSONAL_ACCESS_TOKEN", "AuthToken": "t"},
        Command={"Name": "glueetl", "ScriptLocation": SCRIPT, "PythonVersion": "3", "Runtime": "x"},
    )
    glue.create_job(**job)
    found = glue.get_job(JobName=job["Name"])["Job"]
    # Nothing could use the token, so it is not kept.
    job["SourceControlDetails"].pop("AuthToken")
    assert {key: found[key] for key in job} == job
    assert (found["MaxCapacity"], found["AllocatedCapacity"]) == (24.0, 24)
    code, message = refusal(glue.create_job, **job)
    assert code == "AlreadyExistsException" and job["Name"] in message

    # An update overwrites everything but the version, name and creation.
    update = {"Role": job["Role"], "Command": {"Name": "glueetl", "ScriptLocation": SCRIPT}}
    glue.update_job(JobName=job["Name"], JobUpdate=update)
    after = glue.get_job(JobName=job["Name"])["Job"]
    assert (after["GlueVersion"], after["Timeout"], after["MaxRetries"], after["MaxCapacity"]) == ("4.0", 2880, 0, 10.0)
    assert after["CreatedOn"] == found["CreatedOn"] and after["LastModifiedOn"] > found["LastModifiedOn"]
    for gone in ("Description", "DefaultArguments", "SourceControlDetails", "WorkerType", "ExecutionClass"):
        assert gone not in after
    assert refusal(glue.update_job, JobName=job["Name"], JobUpdate={"Command": update["Command"]})[0] == "InvalidInputException"
    assert "Command" in refusal(glue.update_job, JobName=job["Name"], JobUpdate={"Role": job["Role"]})[1]
    assert refusal(glue.update_job, JobName="nobody", JobUpdate=update)[0] == "EntityNotFoundException"


def test_jobs_are_listed_in_pages_and_by_tags(server, new):
    by = server.account("listing")
    glue, role = server.client("glue", by), glue_role(server, by=by)
    names = [f"job-{number:02}" for number in range(7)]
    for number, name in enumerate(names):
        glue.create_job(**(new(Role=role, Tags={"odd": str(number % 2), "all": ""}) | {"Name": name}))
    pages = glue.get_paginator("get_jobs").paginate(PaginationConfig={"PageSize": 3})
    assert [[job["Name"] for job in page["Jobs"]] for page in pages] == [names[:3], names[3:6], names[6:]]
    assert glue.list_jobs(Tags={"odd": "1", "all": ""})["JobNames"] == names[1::2]
    first = glue.list_jobs(MaxResults=2, Tags={"odd": "0"})
    second = glue.list_jobs(MaxResults=2, Tags={"odd": "0"}, NextToken=first["NextToken"])
    assert first["JobNames"] + second["JobNames"] == names[::2] and "NextToken" not in second
    assert refusal(glue.get_jobs, NextToken="what")[0] == "InvalidInputException"


def test_the_command_line_defines_jobs(server, new):
    job = new()
    server.cli("glue", "create-job", "--name", job["Name"], "--role", job["Role"], "--command",
               f"Name=glueetl,ScriptLocation={SCRIPT}", "--worker-type", "G.2X", "--number-of-workers", "2")
    found = server.cli("glue", "get-job", "--job-name", job["Name"])["Job"]
    assert (found["WorkerType"], found["MaxCapacity"]) == ("G.2X", 4.0)
    server.cli("glue", "delete-job", "--job-name", job["Name"])
