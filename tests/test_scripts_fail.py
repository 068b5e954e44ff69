"""Scripts that go wrong: the run's state, and a message that tells the cause."""

import subprocess

import pytest

from harness import name, wait_for
from pipeline import ended as over
from pipeline import lines
from scripts_corpus import Corpus


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


@pytest.fixture(scope="module", autouse=True)
def timed(corpus):
    """A run that never ends, with a timeout of a minute: begun first, looked at last."""
    job = corpus.make("endless", {"--nap": "4321"}, Timeout=1)
    return job, corpus.glue.start_job_run(JobName=job)["JobRunId"]


def failed(corpus, script, category, text, arguments=None, **more):
    ended = corpus.run(script, arguments, **more)
    assert ended.state == "FAILED", ended
    assert ended.message.startswith(f"Error Category: {category}; "), ended.message
    assert text in ended.message, ended.message
    return ended


READING = """import boto3


def read(bucket, key):
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)
"""


def test_denials_tell_their_cause(corpus):
    denied = failed(corpus, "denied", "PERMISSION_ERROR", "is not authorized to perform: s3:GetObject")
    assert f'on resource: "arn:aws:s3:::{corpus.secret}/plans/a"' in denied.message
    assert "<Error>" not in denied.message
    module = {"--extra-py-files": corpus.upload("reading.py", READING)}
    text = "(reading.py, line 5, called in denied_boto3.py, line 8)"
    denied = failed(corpus, "denied_boto3", "PERMISSION_ERROR", text, module)
    assert "s3:GetObject" in denied.message


def test_what_is_not_there(corpus):
    failed(corpus, "missing_file", "RESOURCE_NOT_FOUND_ERROR", "missing_file.py, line 8")
    failed(corpus, "column", "QUERY_ERROR", "idd")
    failed(corpus, "modules", "IMPORT_ERROR", "ModuleNotFoundError: No module named 'archived' (modules.py, line 3)")
    job = corpus.make("column")
    corpus.server.client("s3").delete_object(Bucket=corpus.scripts, Key="column.py")
    run = corpus.glue.start_job_run(JobName=job)["JobRunId"]
    gone = over(corpus.server, job, run)
    text = f"Error Category: RESOURCE_NOT_FOUND_ERROR; the script s3://{corpus.scripts}/column.py: NoSuchKey"
    assert gone["ErrorMessage"].startswith(text), gone


def test_errors_of_the_scripts_own(corpus):
    udf = failed(corpus, "udf_error", "UNCLASSIFIED_ERROR", "ZeroDivisionError: integer division or modulo by zero")
    assert "Failed Line Number: 11; PythonException" in udf.message
    assert "Traceback (most recent call last):" in udf.errors
    failed(corpus, "syntax", "SYNTAX_ERROR", "Failed Line Number: 3; SyntaxError: expected ':' (syntax.py, line 3)")
    rdd = failed(corpus, "rdd", "UNSUPPORTED_OPERATION_ERROR", "SparkContext.parallelize(...).flatMap needs RDDs")
    assert "DataFrame.select(explode(...))" in rdd.message


def test_exit_codes(corpus):
    assert corpus.run("exits", {"--code": "0"}).succeeded() == ["before"]
    assert failed(corpus, "exits", "SYSTEM_EXIT_ERROR", "SystemExit: 3", {"--code": "3"}).output == ["before"]


def test_retries(corpus):
    job = corpus.make("exits", {"--code": "1"}, MaxRetries=1)
    corpus.glue.start_job_run(JobName=job)

    def both():
        """the retry has ended, too"""
        runs = corpus.glue.get_job_runs(JobName=job)["JobRuns"]
        return len(runs) == 2 and all(run["JobRunState"] == "FAILED" for run in runs)

    wait_for(both, 60)


def test_a_memory_hog(corpus):
    failed(corpus, "hog", "OUT_OF_MEMORY_ERROR", "its limit is 512 MB (--run-memory)", {"--run-memory": "512m"})


def test_a_glue_ray_job_is_refused(corpus):
    with pytest.raises(corpus.glue.exceptions.InvalidInputException, match="does not run Ray jobs"):
        corpus.run("exits", kind="glueray")


def sleeps(nap):
    """Whether what the script has started is there."""
    return subprocess.run(["pgrep", "-f", f"^sleep {nap}$"], capture_output=True, check=False).returncode == 0


def test_a_stop_ends_all_that_the_script_started(corpus):
    job = corpus.make("endless", {"--nap": "4322"})
    run = corpus.glue.start_job_run(JobName=job)["JobRunId"]

    def waiting():
        """the script has said so"""
        try:
            return lines(corpus.server, "/aws-glue/jobs/output", run) == ["waiting"]
        except corpus.server.client("logs").exceptions.ResourceNotFoundException:
            return False

    wait_for(waiting, 60)
    assert sleeps(4322)
    corpus.glue.batch_stop_job_run(JobName=job, JobRunIds=[run])
    assert over(corpus.server, job, run)["JobRunState"] == "STOPPED"
    wait_for(lambda: not sleeps(4322), 10)


def test_a_timeout(corpus, timed):
    job, run = timed
    assert sleeps(4321) or corpus.glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"] == "TIMEOUT"
    found = over(corpus.server, job, run, timeout=90)
    assert found["JobRunState"] == "TIMEOUT"
    assert found["ErrorMessage"] == "The run was stopped after its timeout of 1 minutes."
    wait_for(lambda: not sleeps(4321), 10)
