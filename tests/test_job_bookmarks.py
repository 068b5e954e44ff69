"""Job bookmarks of sources of files, through boto3: what is read once, what comes again, resets, and pauses."""

import json

import botocore.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bookmarks import CONTEXT, DISABLE, ENABLE, PAUSE, Copying, rows
from harness import statement
from pipeline import lines
from plugin_coverage import cover


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def copying(server, unique):
    return Copying(server, unique, {"in/a.csv": rows(1), "in/sub/b.csv": rows(2)})


def test_every_file_is_read_once(copying):
    first = copying.run()
    cover("conformance", "mastic", "PutJobBookmark")
    assert copying.written() == [1, 2]
    entry = copying.bookmark()
    state = json.loads(entry.pop("JobBookmark"))
    assert entry == {"JobName": copying.job, "Version": 1, "Run": 1, "Attempt": 0, "RunId": first["Id"]}
    moments = state[CONTEXT].pop("timestamps")
    assert state == {CONTEXT: {"jsonClass": "HadoopDataSourceJobBookmarkState"}}
    assert moments.pop("CURR_RUN_START_TIME").startswith(f"{first['StartedOn']:%Y-%m-%dT%H:%M:}".replace("+00:00", ""))
    assert moments == {"RUN": "1", "HIGH_BAND": "900000", "CURR_LATEST_PARTITION": "0", "CURR_LATEST_PARTITIONS": "",
                       "INCLUDE_LIST": ""}

    # Nothing new: the run succeeds and writes nothing.
    second = copying.run()
    assert copying.written() == [1, 2]
    assert "Reading in: 0 files; 2 were read before" in lines(copying.server, "/aws-glue/jobs/output", second["Id"])
    entry = copying.bookmark()
    assert (entry["Run"], entry["Version"], entry["PreviousRunId"], entry["RunId"]) == (2, 2, first["Id"], second["Id"])

    copying.put("in/c.csv", rows(3))
    assert copying.reads() == [3]
    # Rewritten: the whole file comes again; written anew as it was it does not.
    copying.put("in/a.csv", rows(1, 4))
    copying.put("in/c.csv", rows(3))
    assert copying.reads() == [1, 4]
    assert copying.reads() == []


def test_what_was_read_may_be_cleared_away(copying):
    """Who moves files away once they are read has an empty folder: no failure, and the columns are still known."""
    copying.run()
    for key in ("in/a.csv", "in/sub/b.csv"):
        copying.s3.delete_object(Bucket=copying.source, Key=key)
    assert len(copying.ledger()) == 2
    copying.run()
    assert copying.ledger() == []
    copying.put("in/z.csv", rows(9))
    assert copying.reads() == [9]
    # A file of the same name and content that comes later is a new one, as on AWS.
    copying.put("in/a.csv", rows(1))
    assert copying.reads() == [1]


def test_only_what_was_looked_at_is_forgotten(copying):
    """What a source leaves out, or no longer lists, is still known as read: it does not come again."""
    copying.run()
    before = copying.ledger()
    for options in ({"Exclusions": ["a.csv"]}, {"Paths": [f"s3://{copying.source}/in/sub/"]}, {"Recurse": False}):
        copying.change(options)
        assert copying.reads() == []
        assert copying.ledger() == before
    copying.change({})
    assert copying.reads() == []
    copying.s3.delete_object(Bucket=copying.source, Key="in/a.csv")
    # Neither a plan nor a run that fails forgets anything.
    copying.server.mastic("bookmark", "diff", copying.job)
    copying.nodes["sql"]["SparkSQL"]["SqlQuery"] = "select nothing from t"
    copying.change({})
    copying.put("in/c.csv", rows(3))
    copying.run(state="FAILED")
    copying.run(PAUSE, state="FAILED")
    assert copying.ledger() == before


def test_without_a_bookmark_everything_is_read(copying):
    assert refusal(copying.glue.get_job_bookmark, JobName=copying.job) == (
        "EntityNotFoundException", f"Continuation for job {copying.job} not found")
    assert copying.reads(DISABLE) == [1, 2]
    assert refusal(copying.glue.reset_job_bookmark, JobName=copying.job)[0] == "EntityNotFoundException"
    assert copying.reads() == [1, 2]
    assert copying.reads(DISABLE) == [1, 2]
    assert copying.bookmark()["Run"] == 1
    # Its older name.
    assert copying.reads({"--continuation-option": "continuation-enabled", "--job-bookmark-option": ""}) == []


def test_resets(copying):
    first = copying.run()["Id"]
    copying.put("in/c.csv", rows(3))
    second = copying.run()["Id"]
    copying.put("in/d.csv", rows(4))
    copying.run()
    entry = copying.glue.reset_job_bookmark(JobName=copying.job, RunId=second)["JobBookmarkEntry"]
    assert (entry["RunId"], entry["Run"], entry["Version"]) == (second, 2, 4)
    assert copying.bookmark() == entry
    assert copying.reads() == [4]
    assert copying.bookmark()["PreviousRunId"] == second
    copying.glue.reset_job_bookmark(JobName=copying.job, RunId=first)
    assert copying.reads() == [3, 4]
    at_first = copying.bookmark(RunId=first)
    assert (at_first["RunId"], at_first["Run"]) == (first, 1)

    entry = copying.glue.reset_job_bookmark(JobName=copying.job)["JobBookmarkEntry"]
    assert (entry["Run"], entry["Attempt"], entry["JobBookmark"]) == (0, 0, "{}")
    assert "RunId" not in entry and "PreviousRunId" not in entry
    assert copying.reads() == [1, 2, 3, 4]
    assert refusal(copying.glue.reset_job_bookmark, JobName=copying.job, RunId="jr_nobody")[0] == "EntityNotFoundException"
    # Deleted with the job.
    copying.glue.delete_job(JobName=copying.job)
    assert refusal(copying.glue.get_job_bookmark, JobName=copying.job)[0] == "EntityNotFoundException"


def test_pauses(copying):
    first = copying.run()["Id"]
    copying.put("in/c.csv", rows(3))
    second = copying.run()["Id"]
    copying.put("in/d.csv", rows(4))
    third = copying.run()["Id"]
    copying.put("in/e.csv", rows(5))
    before = copying.bookmark()

    def window(start, end):
        return copying.reads(PAUSE | {"--job-bookmark-from": start, "--job-bookmark-to": end})

    assert copying.reads(PAUSE) == [5]
    assert copying.reads({"--continuation-option": "continuation-readonly", "--job-bookmark-option": ""}) == [5]
    assert window(first, third) == [3, 4]
    assert window(first, second) == [3]
    assert window(third, third) == []
    # What has been rewritten since is later input.
    copying.put("in/c.csv", rows(3, 6))
    assert window(first, third) == [4]
    assert copying.bookmark() == before
    assert copying.reads() == [3, 5, 6]

    for arguments, text in [
        (PAUSE | {"--job-bookmark-from": first}, "Missing option or value for --job-bookmark-to"),
        (ENABLE | {"--job-bookmark-from": first, "--job-bookmark-to": second}, "Invalid option(s)"),
        ({"--job-bookmark-option": "job-bookmark-maybe"}, "invalid choice: 'job-bookmark-maybe'"),
        (PAUSE | {"--job-bookmark-from": "jr_nobody", "--job-bookmark-to": second}, "JobRun jr_nobody not found"),
    ]:
        failed = copying.run(arguments, state="FAILED")
        assert failed["ErrorMessage"].startswith("Error Category: INVALID_ARGUMENT_ERROR; "), failed
        assert text in failed["ErrorMessage"]


def test_a_source_may_limit_what_a_run_reads(server, unique):
    files = {f"in/{n}.csv": rows(n) for n in range(5)}
    few = Copying(server, unique, files, options={"MaxFilesInBand": 2})
    run = few.run()
    assert "Reading in: 2 files; 0 were read before, 3 wait for the next run" in lines(server, "/aws-glue/jobs/output",
                                                                                    run["Id"])
    few.run()
    assert len(few.written()) == 4
    few.run()
    assert few.written() == [0, 1, 2, 3, 4]
    bounded = Copying(server, unique, files, options={"AdditionalOptions": {"BoundedFiles": 3}})
    bounded.run()
    assert len(bounded.written()) == 3
    bounded.run()
    assert bounded.written() == [0, 1, 2, 3, 4]


def parquet(ids):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": ids, "town": [f"t{n}" for n in ids], "at": [n * 1.5 for n in ids]}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_formats(server, unique, kind):
    """A run without new files still knows columns and their types."""
    body = parquet if kind == "parquet" else lambda ids: "\n".join(json.dumps({"id": n, "at": n * 1.5}) for n in ids).encode()
    copying = Copying(server, unique, {f"in/day=1/a.{kind}": body([1, 2])}, query="select id, abs(at) + 1 at, day from t")
    paths = {"Name": "in", "Paths": [f"s3://{copying.source}/in/"]}
    copying.nodes["in"] = {"S3ParquetSource": paths} if kind == "parquet" else {"S3JsonSource": paths}
    copying.glue.update_job(JobName=copying.job, JobUpdate={
        "Role": copying.role, "Command": {"Name": "glueetl"}, "CodeGenConfigurationNodes": copying.nodes,
        "DefaultArguments": ENABLE})
    assert copying.reads() == [1, 2]
    assert copying.reads() == []
    copying.put(f"in/day=2/a.{kind}", body([3]))
    assert copying.reads() == [3]


def test_catalog_tables(server, unique):
    glue = server.client("glue")
    database, table = unique("db"), unique("t")
    source = {"CatalogSource": {"Name": "in", "Database": database, "Table": table}}
    may = statement(["glue:GetTable", "glue:GetDatabase", "glue:GetPartitions"])["Statement"][0]
    copying = Copying(server, unique, {"in/day=1/a.csv": "1,x\n"}, "select id, town, day from t", source=source,
                      statements=[may])
    glue.create_database(DatabaseInput={"Name": database})
    descriptor = {
        "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "town", "Type": "string"}],
        "Location": f"s3://{copying.source}/in/", "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                      "Parameters": {"field.delim": ","}},
    }
    glue.create_table(DatabaseName=database, TableInput={
        "Name": table, "StorageDescriptor": descriptor, "PartitionKeys": [{"Name": "day", "Type": "int"}],
        "Parameters": {"classification": "csv"}})

    def partition(day):
        place = descriptor | {"Location": f"s3://{copying.source}/in/day={day}/"}
        glue.create_partition(DatabaseName=database, TableName=table,
                              PartitionInput={"Values": [str(day)], "StorageDescriptor": place})

    partition(1)
    assert copying.reads() == [1]
    assert copying.reads() == []
    copying.put("in/day=1/b.csv", "2,x\n")
    copying.put("in/day=2/a.csv", "3,x\n")
    assert copying.reads() == [2]
    # Its files are not read before the partition is there.
    partition(2)
    assert copying.reads() == [3]
    assert list(json.loads(copying.bookmark()["JobBookmark"])) == [CONTEXT]


def test_who_may(server, unique, copying):
    """People need actions, which AWS checks against no resource; the job's own runs need none."""
    run_id = copying.run()["Id"]
    nobody = server.user()
    for call in ("get_job_bookmark", "reset_job_bookmark"):
        code, text = refusal(getattr(server.client("glue", nobody), call), JobName=copying.job)
        assert code == "AccessDeniedException" and "JobBookmark" in text
    reader = server.user(statement("glue:GetJobBookmark"))
    assert server.client("glue", reader).get_job_bookmark(JobName=copying.job)["JobBookmarkEntry"]["RunId"] == run_id
    assert refusal(server.client("glue", reader).reset_job_bookmark, JobName=copying.job)[0] == "AccessDeniedException"
    # Nobody moves it by hand.
    files = [{"TransformationContext": CONTEXT, "Bucket": copying.source, "Key": "in/x.csv", "ETag": "e", "Size": 1,
              "LastModified": 1.0}]
    refused = server.call("mastic", "Mastic.PutJobBookmark", {"JobName": copying.job, "Version": 1, "Files": files})
    assert (refused.code, refused.message) == (
        "InvalidInputException", f"Only a run of job {copying.job} moves its bookmark.")


def test_a_large_ledger(server, unique):
    """More files than one call tells or takes; the store's own tests have more."""
    many = Copying(server, unique, {f"in/{n:04}.csv": rows(n) for n in range(1_200)}, "select count(*) id from t")
    assert many.reads() == [1_200]
    many.put("in/one-more.csv", rows(7))
    many.clear()
    done = many.run()
    assert many.written() == [1]
    assert done["ExecutionTime"] < 10
