"""Job bookmarks of scripts: what `job.commit()` moves, and what it does not."""

import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from bookmarks import ENABLE, PAUSE
from harness import name
from script_context import Bench

COPY = """
    options = {"paths": [target + "/" + given["--folder"]], "recurse": True}
    frame = glue.create_dynamic_frame.from_options("s3", options, given["--format"], transformation_ctx="src")
    print(sorted(row.id for row in frame.toDF().collect()) if frame.toDF().columns else "no columns")
    if "--fail" in given:
        raise ValueError("on purpose")
    if "--silent" not in given:
        job.commit()
"""


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


def parquet(*ids):
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": list(ids)}), content)
    return content.getvalue()


def text(*ids):
    return "".join(f'{{"id": {n}}}\n' for n in ids)


def output(ended):
    """What the script printed: the runner's own line about what is new is left out."""
    return [line for line in ended.succeeded() if not line.startswith("Reading ")]


@pytest.mark.parametrize(("form", "made"), [("json", text), ("parquet", parquet)])
def test_files_are_read_once(bench, form, made):
    folder = bench.unique("in") + "/"
    bench.put(f"{folder}a", made(1))
    bench.put(f"{folder}day=1/b", made(2))
    job = bench.job(COPY, ENABLE | {"--folder": folder, "--format": form})
    # What is not committed, or belongs to a run that fails, comes again.
    assert output(bench.again(job, {"--silent": "yes"})) == ["[1, 2]"]
    assert bench.again(job, {"--fail": "yes"}).state == "FAILED"
    first = bench.again(job)
    assert first.succeeded() == ["Reading src: 2 files; 0 were read before", "[1, 2]"]
    entry = bench.glue.get_job_bookmark(JobName=job)["JobBookmarkEntry"]
    assert json.loads(entry["JobBookmark"])["src"]["jsonClass"] == "HadoopDataSourceJobBookmarkState"
    assert entry["RunId"] == first.run["Id"]
    # Nothing new: no rows, in the columns that there were.
    assert output(bench.again(job)) == ["[]"]
    bench.put(f"{folder}c", made(3))
    bench.put(f"{folder}a", made(4, 5))
    assert output(bench.again(job, PAUSE)) == ["[3, 4, 5]"]
    assert output(bench.again(job)) == ["[3, 4, 5]"]
    assert output(bench.again(job)) == ["[]"]
    assert output(bench.again(job, {"--job-bookmark-option": "job-bookmark-disable"})) == ["[2, 3, 4, 5]"]
    bench.glue.reset_job_bookmark(JobName=job)
    assert output(bench.again(job)) == ["[2, 3, 4, 5]"]


def test_contexts_are_apart_and_none_is_no_bookmark(bench):
    folder = bench.unique("in") + "/"
    bench.put(f"{folder}a", text(1))
    job = bench.job("""
        for context in ("one", "two", ""):
            options = {"paths": [target + "/" + given["--folder"]]}
            frame = glue.create_dynamic_frame.from_options("s3", options, "json", transformation_ctx=context)
            print(context, frame.count())
            if context == given.get("--until"):
                break
        # What was read and committed is known within the run too.
        job.commit()
        again = glue.create_dynamic_frame.from_options("s3", options, "json", transformation_ctx="one")
        print(again.count())
        job.commit()
    """, ENABLE | {"--folder": folder})
    assert output(bench.again(job, {"--until": "one"})) == ["one 1", "0"]
    assert output(bench.again(job)) == ["one 0", "two 1", " 1", "0"]


def test_tables_of_the_catalog(bench):
    database = bench.database()
    job = bench.job("""
        frame = glue.create_dynamic_frame.from_catalog(given["--database"], "events", transformation_ctx="events")
        told(frame, "id", "day")
        job.commit()
    """, ENABLE | {"--database": database})
    assert len(json.loads(output(bench.again(job))[0])) == 4
    assert output(bench.again(job)) == ["[]"]
    bench.put(f"{database}/events/day=2024-01-02/b.parquet", pyarrow_events())
    assert output(bench.again(job)) == ['[{"id": 3, "day": "2024-01-02"}]']


def pyarrow_events():
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": [3], "what": ["c"]}), content)
    return content.getvalue()


def test_a_file_that_changes_while_spark_reads(bench):
    folder = bench.unique("in") + "/"
    bench.put(f"{folder}a.parquet", parquet(1))
    job = bench.job("""
        options = {"paths": [target + "/" + given["--folder"]]}
        frame = glue.create_dynamic_frame.from_options("s3", options, "parquet", transformation_ctx="src")
        spark.range(3).write.mode("overwrite").parquet(target + "/" + given["--folder"] + "other/")
        import boto3
        boto3.client("s3").put_object(Bucket=given["--target"], Key=given["--folder"] + "a.parquet", Body=b"another")
        job.commit()
    """, ENABLE | {"--folder": folder})
    ended = bench.again(job)
    assert ended.state == "FAILED" and "the file was rewritten while the run read it" in ended.message


def test_arguments_that_are_wrong(bench):
    job = bench.job(COPY, {"--job-bookmark-option": "job-bookmark-sometimes", "--folder": "x/", "--format": "json"})
    ended = bench.again(job)
    assert ended.state == "FAILED" and "invalid choice: 'job-bookmark-sometimes'" in ended.message
