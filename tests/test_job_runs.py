"""Runs through boto3 and the command line: retries by hand, pages, arguments, logs, queues, what they cost, what they leave."""

import json
import os
import pathlib

import botocore.exceptions
import pytest

from harness import wait_for
from pipeline import bucket, ended, glue_role, keys, lines, reads, run, writes


def nodes(source, out, query="select * from t"):
    return {
        "in": {"S3CsvSource": {"Name": "in", "Paths": [f"s3://{source}/in/"], "Separator": "comma", "QuoteChar": "quote",
                               "WithHeader": True}},
        "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlQuery": query,
                             "SqlAliases": [{"From": "in", "Alias": "t"}]}},
        "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["sql"], "Path": f"s3://{out}/out/", "Format": "json"}},
    }


# A cross join that takes minutes.
LONG = "select count(*) from t a cross join t b cross join t c where a.id || b.id || c.id = ''"


class Place:
    def __init__(self, server, unique, by=None):
        self.server, self.unique, self.by = server, unique, by
        self.source = bucket(server, {"in/a.csv": "id\n" + "".join(f"{n}\n" for n in range(4000))}, by=by)
        self.out = bucket(server, by=by, stem="out")
        self.role = glue_role(server, reads(self.source), writes(self.out), by=by)
        self.glue = server.client("glue", by)

    def job(self, query="select * from t", **more):
        name = self.unique("job")
        self.glue.create_job(Name=name, Role=self.role, Command={"Name": "glueetl"},
                             CodeGenConfigurationNodes=nodes(self.source, self.out, query), **more)
        return name

    def run(self, job, **more):
        return run(self.server, job, by=self.by, **more)

    def state(self, job, run_id):
        return self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"]

    def until(self, job, run_id, state):
        wait_for(lambda: self.state(job, run_id) == state, 60)

    def stop(self, job, *runs):
        answer = self.glue.batch_stop_job_run(JobName=job, JobRunIds=list(runs))
        for one in runs:
            ended(self.server, job, one, by=self.by)
        return answer


@pytest.fixture
def place(server, unique):
    return Place(server, unique)


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_run_has_every_member(place):
    job = place.job(WorkerType="G.2X", NumberOfWorkers=3, Timeout=11, GlueVersion="5.0",
                    NotificationProperty={"NotifyDelayAfter": 3}, MaintenanceWindow="Sun:10",
                    DefaultArguments={"--a": "job", "--b": "job", "--c": "job"}, NonOverridableArguments={"--c": "fixed"})
    done = place.run(job, Arguments={"--b": "run", "--c": "run"}, ExecutionClass="FLEX")
    assert done["JobRunState"] == "SUCCEEDED", done
    assert done["Arguments"] == {"--a": "job", "--b": "run", "--c": "fixed"}
    assert (done["WorkerType"], done["NumberOfWorkers"], done["MaxCapacity"], done["AllocatedCapacity"]) == ("G.2X", 3, 6.0, 6)
    assert (done["Timeout"], done["GlueVersion"], done["ExecutionClass"], done["JobMode"]) == (11, "5.0", "FLEX", "VISUAL")
    assert (done["Attempt"], done["PredecessorRuns"], done["LogGroupName"]) == (0, [], "/aws-glue/jobs")
    assert (done["NotificationProperty"], done["MaintenanceWindow"]) == ({"NotifyDelayAfter": 3}, "Sun:10")
    took = (done["CompletedOn"] - done["StartedOn"]).total_seconds()
    assert 0 < done["DPUSeconds"] <= 6 * took + 0.01 and done["ExecutionTime"] <= took
    assert "ErrorMessage" not in done and "StateDetail" not in done

    # What the call says of its size goes before what the job says.
    smaller = place.run(job, WorkerType="G.1X", NumberOfWorkers=2, Timeout=5)
    assert (smaller["MaxCapacity"], smaller["Timeout"]) == (2.0, 5)
    assert place.run(job, MaxCapacity=4.0)["MaxCapacity"] == 4.0
    refused = refusal(place.glue.start_job_run, JobName=job, WorkerType="G.1X", NumberOfWorkers=1)
    assert refused == ("InvalidInputException", "To use Worker Type G.1X, minimum allowed value of Number of Workers is 2.")
    for more, text in [({"MaxCapacity": 2.0, "WorkerType": "G.1X"}, "Please do not set Max Capacity"),
                       ({"Timeout": 20_000}, "10080"), ({"SecurityConfiguration": "nobody"}, "does not exist"),
                       ({"Arguments": {"--run-memory": "lots"}}, "512m"),
                       ({"ExecutionRoleSessionPolicy": "{}"}, "ExecutionRoleSessionPolicy")]:
        code, said = refusal(place.glue.start_job_run, JobName=job, **more)
        assert code == "InvalidInputException" and text in said


def test_a_run_is_retried_by_its_id(place):
    job = place.job()
    first = place.run(job, Arguments={"--day": "7"}, Timeout=9)
    again = place.run(job, JobRunId=first["Id"])
    assert (again["PreviousRunId"], again["Attempt"], again["Id"] != first["Id"]) == (first["Id"], 1, True)
    assert (again["Arguments"], again["Timeout"]) == ({"--day": "7"}, 9)
    other = place.run(job, JobRunId=again["Id"], Arguments={"--day": "8"})
    assert (other["Arguments"], other["Attempt"]) == ({"--day": "8"}, 2)
    assert refusal(place.glue.start_job_run, JobName=job, JobRunId="jr_nobody")[0] == "EntityNotFoundException"


def test_history_comes_in_pages_newest_first(place):
    job = place.job()
    ids = [place.run(job)["Id"] for _ in range(5)]
    pages = place.glue.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"PageSize": 2})
    assert [[found["Id"] for found in page["JobRuns"]] for page in pages] == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert place.glue.get_job_run(JobName=job, RunId=ids[0], PredecessorsIncluded=True)["JobRun"]["PredecessorRuns"] == []
    assert refusal(place.glue.get_job_run, JobName=job, RunId="jr_nobody")[0] == "EntityNotFoundException"
    assert refusal(place.glue.get_job_runs, JobName="nobody") == ("EntityNotFoundException", "Job nobody not found.")


def test_the_queue(place):
    job = place.job(LONG, ExecutionProperty={"MaxConcurrentRuns": 1}, JobRunQueuingEnabled=True)
    first = place.glue.start_job_run(JobName=job)["JobRunId"]
    place.until(job, first, "RUNNING")
    second = place.glue.start_job_run(JobName=job)["JobRunId"]
    waiting = place.glue.get_job_run(JobName=job, RunId=second)["JobRun"]
    assert (waiting["JobRunState"], waiting["ExecutionTime"]) == ("WAITING", 0)
    assert "maximum of concurrent runs" in waiting["StateDetail"]
    # The call's word counts, not the job's.
    refused = refusal(place.glue.start_job_run, JobName=job, JobRunQueuingEnabled=False)
    assert refused == ("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job}")
    place.stop(job, first)
    place.until(job, second, "RUNNING")
    assert "StateDetail" not in place.glue.get_job_run(JobName=job, RunId=second)["JobRun"]
    # A job that is deleted lets its runs go on, and is gone itself.
    place.glue.delete_job(JobName=job)
    assert place.state(job, second) == "RUNNING"
    assert refusal(place.glue.start_job_run, JobName=job)[1] == "Failed to start job run due to missing metadata."
    answer = place.stop(job, second)
    assert [one["JobRunId"] for one in answer["SuccessfulSubmissions"]] == [second]
    again = place.glue.batch_stop_job_run(JobName=job, JobRunIds=[second, "jr_nobody"])
    codes = {one["JobRunId"]: one["ErrorDetail"]["ErrorCode"] for one in again["Errors"]}
    assert codes == {second: "InvalidInputException", "jr_nobody": "EntityNotFoundException"}


def test_continuous_logs(place):
    job = place.job(DefaultArguments={"--enable-continuous-cloudwatch-log": "true"})
    done = place.run(job)
    assert lines(place.server, "/aws-glue/jobs/logs-v2", f"{done['Id']}-driver") == lines(
        place.server, "/aws-glue/jobs/output", done["Id"])
    named = place.run(job, Arguments={"--continuous-log-logGroup": "/aws-glue/mine", "--continuous-log-logStreamPrefix": "p"})
    assert any(named["Id"] in line for line in lines(place.server, "/aws-glue/mine", "p-driver"))


def test_a_security_configuration_has_its_own_groups(place):
    name = place.unique("sealed")
    place.glue.create_security_configuration(Name=name, EncryptionConfiguration={})
    done = place.run(place.job(SecurityConfiguration=name))
    role = place.role.rsplit("/", 1)[-1]
    assert done["LogGroupName"] == f"/aws-glue/jobs-{role}-{name}"
    assert lines(place.server, f"{done['LogGroupName']}/output", done["Id"])


def test_what_runs_would_cost(server, unique):
    by = server.account("costs")
    place = Place(server, unique, by)
    good, bad = place.job(WorkerType="G.1X", NumberOfWorkers=2), place.job("select town from t")
    fine, flexible, failed = place.run(good), place.run(good, ExecutionClass="FLEX"), place.run(bad)

    def told(*arguments):
        return json.loads(server.mastic("runs", "--json", *arguments, credentials=by).stdout)

    found = {one["Id"]: one for one in told()}
    assert found.keys() == {fine["Id"], flexible["Id"], failed["Id"]}
    # A minute of two DPUs is the least.
    assert found[fine["Id"]]["CostOnAws"] == {"Amount": pytest.approx(2 * 0.44 / 60), "Currency": "USD", "Region": "us-east-1"}
    assert found[flexible["Id"]]["CostOnAws"]["Amount"] == pytest.approx(2 * 0.29 / 60)
    assert [one["Id"] for one in told("--failed")] == [failed["Id"]]
    assert [one["Id"] for one in told("--job", good)] == [flexible["Id"], fine["Id"]]
    assert [one["Id"] for one in told("--last", "1")] == [failed["Id"]]
    assert len(told("--since", "1h")) == 3 and told("--since", "2999-01-01") == []

    text = server.mastic("runs", credentials=by).stdout.splitlines()
    assert text[0].split() == ["started", "job", "run", "state", "took", "DPU-s", "on", "AWS"]
    assert f"    {failed['Id']}" in text and "    Error Category: QUERY_ERROR; AnalysisException:" in "\n".join(text)
    assert text[-1].startswith("3 runs, ") and "$0.44 a DPU-hour" in text[-1]
    assert max(map(len, text)) <= 120
    assert "not 30m" in server.mastic("runs", "--since", "soon", credentials=by, check=False).stderr


def test_runs_leave_nothing(own_server, unique):
    """Scratch directories, processes, staged rows, open files: as many after 20 runs, well or badly ended, as before."""
    own_server.start()
    place = Place(own_server, unique)
    good, bad, long = place.job(), place.job("select town from t"), place.job(LONG)
    for job in (good, bad):
        place.run(job)
    process = own_server.process.pid

    def left():
        children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
        scratch = list((own_server.data / "scratch").iterdir())
        return len(children), len(scratch), len(os.listdir(f"/proc/{process}/fd"))

    wait_for(lambda: left()[:2] == (0, 0))
    open_before = left()[2]
    for _ in range(6):
        place.run(good)
        place.run(bad)
        started = place.glue.start_job_run(JobName=long)["JobRunId"]
        place.stop(long, started)
    wait_for(lambda: left()[:2] == (0, 0))
    assert left()[2] <= open_before + 3
    # What failed and was stopped left no row behind that a new server would have to drop.
    before = keys(own_server, place.out)
    own_server.restart()
    assert keys(own_server, place.out) == before
    assert "had staged" not in own_server.log.read_text()
