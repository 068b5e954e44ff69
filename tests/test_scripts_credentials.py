"""A script outlives its credentials: those of a run last an hour, here a few seconds."""

from harness import name, wait_for
from pipeline import keys
from scripts_corpus import Corpus

LIFETIME = 4


def test_boto3_and_spark_get_new_ones(own_server):
    own_server.arguments = ["--run-session", str(LIFETIME)]
    own_server.start()
    corpus = Corpus(own_server, name)
    ended = corpus.run("long", {"--seconds": str(2.5 * LIFETIME)})
    assert ended.succeeded() == ["True"]
    assert keys(own_server, corpus.target, "long/")


def test_a_role_that_is_gone_meanwhile(own_server):
    own_server.arguments = ["--run-session", str(LIFETIME)]
    own_server.start()
    corpus = Corpus(own_server, name)
    job = corpus.make("long", {"--seconds": "60"})
    run = corpus.glue.start_job_run(JobName=job)["JobRunId"]
    iam, role = own_server.client("iam"), corpus.role.rsplit("/", 1)[-1]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny",'
                                  '"Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}')

    def over():
        """the run has ended"""
        found = corpus.glue.get_job_run(JobName=job, RunId=run)["JobRun"]
        return found if found["JobRunState"] == "FAILED" else None

    assert "sts:AssumeRole" in wait_for(over, 30)["ErrorMessage"]
