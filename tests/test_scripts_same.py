"""The same answer everywhere: a visual job on the engine, its generated script on Sail and on Apache Spark."""

import pyarrow.csv  # noqa: F401  (a part of pyarrow that is imported by its name)
import pytest

import same_answer
from harness import name
from pipeline import ended, put_policy, reads, writes
from scripts_corpus import Corpus
from spark_clusters import ApacheSpark


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    running = ApacheSpark(tmp_path_factory.mktemp("spark"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def world(server, corpus):
    """The jobs, and what each wrote as a visual job: name, job, location of its script, rows."""
    source, out = same_answer.data(server)
    allowed = [reads(source, corpus.source, corpus.scripts), writes(out, corpus.target)]
    allowed.append({"Effect": "Allow", "Action": "glue:*", "Resource": "*"})
    put_policy(server, corpus.role, {"Version": "2012-10-17", "Statement": allowed})
    made = []
    for key, nodes in same_answer.jobs(source, out, corpus.database()):
        location, job = f"s3://{corpus.scripts}/same/{key}.py", name("same")
        corpus.glue.create_job(Name=job, Role=corpus.role, CodeGenConfigurationNodes=nodes, GlueVersion="5.0",
                               Command={"Name": "glueetl", "ScriptLocation": location})
        made.append((key, job, location, corpus.glue.start_job_run(JobName=job)["JobRunId"]))
    found = []
    for key, job, location, run in made:
        assert ended(server, job, run, timeout=120)["JobRunState"] == "SUCCEEDED", key
        found.append((key, location, same_answer.answer(server, out, key)))
    return out, found


def compare(corpus, world, **arguments):
    """Runs all scripts, and tells where they differ."""
    out, jobs = world
    given = {f"--{key.replace('_', '-')}": value for key, value in arguments.items()}
    given |= {"--enable-glue-datacatalog": "true", "--TempDir": f"s3://{corpus.target}/temporary/"}
    wrong = []
    for key, location, want in jobs:
        job = name("again")
        corpus.glue.create_job(Name=job, Role=corpus.role, DefaultArguments=given, GlueVersion="5.0",
                               Command={"Name": "glueetl", "ScriptLocation": location, "PythonVersion": "3"})
        run = corpus.glue.start_job_run(JobName=job)["JobRunId"]
        done = ended(corpus.server, job, run, timeout=180)
        found = same_answer.answer(corpus.server, out, key)
        if done["JobRunState"] != "SUCCEEDED":
            wrong.append(f"{key}: {done['ErrorMessage']}")
        elif found != want:
            differ = [pair for pair in zip(found, want) if pair[0] != pair[1]]
            wrong.append(f"{key}: {len(found)} rows, not {len(want)}: {differ[:1]}")
    assert len(jobs) == same_answer.GENERATED + same_answer.BY_HAND
    assert not wrong, f"{len(wrong)} of {len(jobs)}:\n" + "\n".join(wrong)


def test_sail(corpus, world):
    compare(corpus, world)


def test_apache_spark(corpus, world, spark):
    compare(corpus, world, spark_remote=spark.url)


def test_what_sail_lacks_is_as_in_spark(corpus, spark):
    here = corpus.run("dialect").succeeded()
    assert here[:7] == ["1 1.0", "1 1.0", "2 2.5", "3 2.5", "10 7.25",
                        "['percentile_approx(id, 0.5, 10000)'] ['percentile_approx(id, array(0.5, 0.9), 100)']",
                        "string, array<int>, int"]
    assert here == corpus.run("dialect", {"--spark-remote": spark.url}).succeeded()


def test_texts_and_numbers_are_as_in_spark(corpus, spark):
    here = corpus.run("coercions").succeeded()
    assert here[:5] == ["('a', 'int') ('l', 'bigint') ('i', 'int') ('d', 'int')",
                        "1 | 2 | 1 | 1", "None | None | None | None", "12 | None | 12 | 12", "10 | -3 | 10 | 10"]
    assert here == corpus.run("coercions", {"--spark-remote": spark.url}).succeeded()


def test_frames_are_as_in_spark(corpus, spark):
    here = corpus.run("frames").succeeded()
    assert here[:3] == ["int, string, boolean, int", "1 | one | False | 1", "2 | None | False | 2"]
    assert here == corpus.run("frames", {"--spark-remote": spark.url}).succeeded()
