"""`mastic run`: a local script as a job, from the command line."""

import pytest

from pipeline import glue_role, put_policy, writes

SCRIPT = """
import sys

from helper import greeting

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(greeting(given["--who"]))
print("aside", file=sys.stderr)
if given["--who"] == "nobody":
    raise ValueError("nobody is there")
"""


@pytest.fixture
def local(server, tmp_path):
    """Runs a local script: the finished process."""
    role = glue_role(server)
    account = server.root.account
    assets = f"aws-glue-assets-{account}-us-east-1"
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [writes(assets)]})
    script, helper = tmp_path / "hello.py", tmp_path / "helper.py"
    script.write_text(SCRIPT)
    helper.write_text("def greeting(who):\n    return 'hello ' + who\n")

    def run(*arguments):
        name = role.rsplit("/", 1)[-1]
        return server.mastic("run", str(script), "--role", name, "--py-file", str(helper), *arguments, check=False)

    return run


def jobs(server):
    return {job["Name"] for page in server.client("glue").get_paginator("get_jobs").paginate() for job in page["Jobs"]}


def test_it_prints_what_the_script_prints(server, local):
    before = jobs(server)
    done = local("--arg", "who=you")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello you\n", "aside\n")
    assert jobs(server) == before, "a job without a name is gone after its run"


def test_a_failure_is_its_own(server, local):
    done = local("--arg", "--who=nobody")
    assert done.returncode == 1
    assert "FAILED: Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 10; ValueError: nobody is there" in done.stderr


def test_a_job_that_stays(server, local, unique):
    name = unique("kept")
    assert local("--job", name, "--arg", "who=a").returncode == 0
    again = local("--job", name, "--arg", "who=b")
    assert (again.returncode, again.stdout) == (0, "hello b\n")
    glue = server.client("glue")
    assert [run["JobRunState"] for run in glue.get_job_runs(JobName=name)["JobRuns"]] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_python_shell(local):
    done = local("--python-shell", "--arg", "who=shell")
    assert (done.returncode, done.stdout) == (0, "hello shell\n")


def test_what_is_wrong_is_told(server, tmp_path):
    missing = server.mastic("run", str(tmp_path / "none.py"), "--role", "x", check=False)
    assert missing.returncode == 1 and "none.py" in missing.stderr
    odd = server.mastic("run", "x.py", "--role", "x", "--arg", "who", check=False)
    assert odd.returncode == 2 and "it is not KEY=VALUE" in odd.stderr
