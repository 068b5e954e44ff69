"""Job bookmarks of runs that fail, are retried, killed, or at work side by side: nothing is skipped, nothing comes twice."""

import json
import os
import pathlib
import signal

import botocore.exceptions
import pytest

from bookmarks import CONTEXT, Copying, rows
from harness import wait_for
from pipeline import lines

# Takes seconds: time enough for what happens meanwhile.
SLOW = "select distinct a.id, a.town from t a cross join t b cross join t c where a.id || b.id || c.id <> ''"
IDS = list(range(80))
MANY = rows(*IDS)


def noted(server, run):
    """Whether a run has said what it reads."""
    try:
        return any(line.startswith("Writing") for line in lines(server, "/aws-glue/jobs/output", run))
    except botocore.exceptions.ClientError:
        return False


@pytest.fixture
def slow(server, unique):
    return Copying(server, unique, {"in/a.csv": MANY}, SLOW, ExecutionProperty={"MaxConcurrentRuns": 3})


def runners(server):
    """The runner processes of a server."""
    process = server.process.pid
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_a_failed_run_moves_nothing(server, unique):
    copying = Copying(server, unique, {"in/a.csv": rows(1)}, "select id, town, extra from t")
    copying.put("in/b.csv", "id,town,extra\n2,x,y\n")
    copying.run()
    copying.put("in/c.csv", rows(3))
    failed = copying.run(state="FAILED")
    assert "extra" in failed["ErrorMessage"]
    assert copying.bookmark()["Run"] == 1
    copying.put("in/d.csv", "id,town,extra\n4,x,y\n")
    assert copying.reads() == [3, 4]
    entry = copying.bookmark()
    assert (entry["Run"], entry["Attempt"]) == (2, 1)
    copying.run()
    assert copying.bookmark()["Attempt"] == 0


def test_a_retry_reads_what_the_failed_run_read(server, unique):
    copying = Copying(server, unique, {"in/a.csv": rows(1)}, MaxRetries=1)
    # The runner may not write: it fails after it has read, and so does its retry.
    iam, role = server.client("iam"), copying.role.rsplit("/", 1)[-1]
    policy = iam.get_role_policy(RoleName=role, PolicyName="own")["PolicyDocument"]

    def put(statements):
        document = json.dumps(policy | {"Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=document)

    put(policy["Statement"][:1])
    failed = copying.run(state="FAILED")
    again = copying.ended(f"{failed['Id']}_attempt_1")
    assert again["JobRunState"] == "FAILED"
    put(policy["Statement"])
    assert copying.reads() == [1]
    assert copying.bookmark()["Attempt"] == 2


def test_two_runs_over_the_same_new_files(slow):
    runs = [slow.start() for _ in range(2)]
    done = [slow.ended(run) for run in runs]
    assert sorted(run["JobRunState"] for run in done) == ["FAILED", "SUCCEEDED"], done
    [lost] = [run for run in done if run["JobRunState"] == "FAILED"]
    assert "Another run of the job read the same new files meanwhile" in lost["ErrorMessage"]
    assert slow.written() == IDS
    assert slow.bookmark()["Run"] == 1


def test_a_reset_while_a_run_is_at_work(slow):
    slow.run()
    slow.put("in/b.csv", MANY)
    run = slow.start()
    # A reset before the run has seen the bookmark is no matter of its.
    wait_for(lambda: noted(slow.server, run), 60)
    slow.glue.reset_job_bookmark(JobName=slow.job)
    done = slow.ended(run)
    assert done["JobRunState"] == "FAILED" and "was reset while the run was under way" in done["ErrorMessage"]
    assert slow.bookmark()["Run"] == 0


def test_a_stopped_run_moves_nothing(slow):
    run = slow.start()
    slow.until(run, "RUNNING")
    slow.glue.batch_stop_job_run(JobName=slow.job, JobRunIds=[run])
    assert slow.ended(run)["JobRunState"] == "STOPPED"
    assert slow.reads() == IDS
    assert slow.bookmark()["Run"] == 1


def test_a_job_made_anew_knows_nothing_of_the_old(slow):
    run = slow.start()
    slow.until(run, "RUNNING")
    slow.glue.delete_job(JobName=slow.job)
    again = Copying(slow.server, slow.unique, {"in/a.csv": MANY})
    slow.glue.create_job(Name=slow.job, Role=slow.role, Command={"Name": "glueetl"},
                         CodeGenConfigurationNodes=slow.nodes, DefaultArguments={"--job-bookmark-option": "job-bookmark-enable"})
    wait_for(lambda: slow.written(), 60)
    with pytest.raises(slow.glue.exceptions.EntityNotFoundException):
        slow.bookmark()
    assert slow.reads() == IDS
    assert again.job != slow.job


def test_output_that_is_not_kept_back(server, unique):
    """`--atomic-output false`: what was written before the failure stays, but the bookmark does not move."""
    copying = Copying(server, unique, {"in/a.csv": rows(1)}, "select id, town, extra from t")
    failed = copying.run({"--atomic-output": "false"}, state="FAILED")
    assert "extra" in failed["ErrorMessage"]
    copying.put("in/b.csv", "id,town,extra\n2,x,y\n")
    copying.run({"--atomic-output": "false"})
    assert copying.written() == [1, 2]
    copying.clear()
    copying.run({"--atomic-output": "false"})
    assert copying.written() == []


def test_a_killed_runner_moves_nothing(own_server, unique):
    own_server.start()
    slow = Copying(own_server, unique, {"in/a.csv": MANY}, SLOW)
    run = slow.start()
    slow.until(run, "RUNNING")
    # Not before it has noted the files.
    wait_for(lambda: noted(own_server, run), 30)
    [runner] = runners(own_server)
    os.kill(runner, signal.SIGKILL)
    assert slow.ended(run)["JobRunState"] == "FAILED"
    with pytest.raises(slow.glue.exceptions.EntityNotFoundException):
        slow.bookmark()
    assert slow.reads() == IDS
    assert slow.reads() == []


def test_a_killed_server_moves_nothing(own_server, unique):
    own_server.start()
    slow = Copying(own_server, unique, {"in/a.csv": MANY}, SLOW)
    run = slow.start()
    slow.until(run, "RUNNING")
    own_server.kill()
    own_server.restart()
    assert slow.ended(run)["JobRunState"] == "FAILED"
    assert slow.reads() == IDS
    own_server.kill()
    own_server.restart()
    assert slow.reads() == []
    assert CONTEXT in slow.bookmark()["JobBookmark"]
