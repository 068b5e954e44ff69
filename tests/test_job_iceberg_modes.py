"""Iceberg targets that overwrite and merge, runs side by side, and runs that fail."""

import pyarrow
import pytest

from lakes import Lake, delete_on_read, ordered, table
from pipeline import ended, keys
from test_job_iceberg import ROWS, direct, into, rows, source

OVERWRITE = {"mode": "overwrite"}
DYNAMIC = {"mode": "overwrite", "overwrite-mode": "dynamic"}


@pytest.fixture
def lake(server, unique):
    return Lake(server, unique)


def snapshot(lake, name="t"):
    return lake.iceberg().load_table(f"{lake.database}.{name}").current_snapshot()


def test_overwrite(lake):
    lake.done(lake.put(ROWS), direct(lake))
    first = snapshot(lake)
    lake.done(lake.put(table(id=[9], what=["z"])), into(lake, AdditionalOptions=OVERWRITE))
    assert rows(lake) == [{"id": 9, "what": "z"}]
    summary = snapshot(lake).summary
    assert (summary.operation.value, summary["total-records"], summary["deleted-records"]) == ("overwrite", "1", "3")
    assert lake.read(source(lake, **{"snapshot-id": str(first.snapshot_id)})) == ordered(ROWS.to_pylist())
    # Also through the node with a path, and with nothing.
    lake.done(lake.put(ROWS), direct(lake, AdditionalOptions=OVERWRITE))
    assert rows(lake) == ordered(ROWS.to_pylist())
    lake.done(lake.put(ROWS.slice(0, 0)), into(lake, AdditionalOptions=OVERWRITE))
    assert rows(lake) == [] and lake.read(source(lake)) == []


def test_overwrite_of_partitions(lake):
    lake.done(lake.put(ROWS), direct(lake, PartitionKeys=[["what"]]))
    lake.done(lake.put(table(id=[7, 8], what=["a", None])), into(lake, AdditionalOptions=DYNAMIC))
    assert rows(lake) == [{"id": 2, "what": "b"}, {"id": 7, "what": "a"}, {"id": 8, "what": None}]
    lake.done(lake.put(table(id=[9], what=pyarrow.array([None], pyarrow.string()))), into(lake, AdditionalOptions=DYNAMIC))
    assert rows(lake) == [{"id": 2, "what": "b"}, {"id": 7, "what": "a"}, {"id": 9, "what": None}]
    assert lake.read(source(lake)) == rows(lake)
    assert snapshot(lake).summary["total-records"] == "3"


def test_merge(lake):
    lake.done(lake.put(ROWS), direct(lake, PartitionKeys=[["what"]]))
    upsert = into(lake, AdditionalOptions={"mode": "upsert", "mergeKeys": "id"})
    lake.done(lake.put(table(id=[2, 3, 4, None], what=["B", "b", None, "n"])), upsert)
    wanted = [(1, "a"), (2, "B"), (3, "b"), (4, None), (None, "n")]
    assert rows(lake) == ordered([{"id": n, "what": what} for n, what in wanted])
    # A row without a key is never the same as another.
    lake.done(lake.put(table(id=pyarrow.array([None], pyarrow.int64()), what=["m"])), upsert)
    assert rows(lake) == ordered([{"id": n, "what": what} for n, what in wanted + [(None, "m")]])
    grown = into(lake, AdditionalOptions={"mode": "upsert", "mergeKeys": "id", "mergeSchema": "true"})
    lake.done(lake.put(table(id=[1], what=["a"], n=[5])), grown)
    assert [row["n"] for row in rows(lake) if row["id"] == 1] == [5] and len(rows(lake)) == 6
    before = rows(lake)
    told = lake.error(lake.put(table(id=[1], what=["z"])), grown)
    assert "there is no data for its column `n`" in told and rows(lake) == before
    whole = lake.put(table(id=[1], what=["a"], n=[5]))
    told = lake.error(whole, into(lake, AdditionalOptions={"mode": "upsert", "mergeKeys": "no"}))
    assert "there is no column `no` to merge by" in told


def test_a_row_is_merged_with_one_at_most(lake):
    lake.done(lake.put(ROWS), direct(lake))
    upsert = into(lake, AdditionalOptions={"mode": "upsert", "mergeKeys": "ID,what"})
    told = lake.error(lake.put(table(id=[2, 7, 2], what=["b", "x", "b"])), upsert)
    assert f"node `out`: table `{lake.database}.t`: 2 of the rows to merge have `id` = 2, `what` = b, as a row of the table" in told
    assert rows(lake) == ordered(ROWS.to_pylist())
    # Those that meet none are all added, and so are those without a key.
    lake.done(lake.put(table(id=[7, 7, None, None, 2], what=["x", "x", "b", "b", "b"])), upsert)
    wanted = [(1, "a"), (2, "b"), (3, "a"), (7, "x"), (7, "x"), (None, "b"), (None, "b")]
    assert rows(lake) == ordered([{"id": n, "what": what} for n, what in wanted])


def test_settings_that_cannot_be_used_are_named(lake):
    lake.done(lake.put(ROWS), direct(lake))
    for text in ("512MB", "0", "-1"):
        told = lake.error(lake.put(ROWS), into(lake, AdditionalOptions={"target-file-size-bytes": text}))
        assert f"`write.target-file-size-bytes` is a number of bytes above zero, not `{text}`" in told
    told = lake.error(lake.put(ROWS), direct(lake, "n", AdditionalOptions={"write.target-file-size-bytes": "x"}))
    assert "`write.target-file-size-bytes`" in told and rows(lake) == ordered(ROWS.to_pylist())


def test_tables_that_others_delete_from(lake):
    theirs = lake.iceberg().create_table(f"{lake.database}.t", schema=ROWS.schema)
    theirs.append(ROWS)
    theirs.delete("id == 2")
    lake.done(lake.put(ROWS), into(lake))
    assert [row["id"] for row in lake.read(source(lake))] == [1, 1, 2, 3, 3]
    lake.done(lake.put(ROWS), into(lake, AdditionalOptions=OVERWRITE))
    assert rows(lake) == lake.read(source(lake)) == ordered(ROWS.to_pylist())


def test_rows_that_are_deleted_on_read(lake):
    theirs = lake.iceberg().create_table(f"{lake.database}.t", schema=ROWS.schema)
    theirs.append(table(id=[1, 2, 3, 4, 5], what=["a", "b", "c", "d", "e"]))
    delete_on_read(theirs, positions=[1], equal={"id": [4], "what": ["d"]})
    assert [row["id"] for row in lake.read(source(lake))] == [1, 3, 5]
    # Newer rows are not what was deleted.
    lake.done(lake.put(table(id=[4], what=["d"])), into(lake))
    assert [row["id"] for row in lake.read(source(lake))] == [1, 3, 4, 5]
    lake.done(lake.put(table(id=[5, 6], what=["E", "f"])), into(lake, AdditionalOptions={"mode": "upsert", "mergeKeys": "id"}))
    wanted = [{"id": n, "what": what} for n, what in [(1, "a"), (3, "c"), (4, "d"), (5, "E"), (6, "f")]]
    assert lake.read(source(lake)) == rows(lake) == wanted
    assert snapshot(lake).summary["total-delete-files"] == "0"


def test_runs_side_by_side_lose_no_rows(lake):
    lake.done(lake.put(ROWS), direct(lake))
    many = lake.put(table(id=list(range(1000)), what=["x"] * 1000))
    jobs = [lake.job({"in": many, "out": {"S3IcebergCatalogTarget": into(lake)["S3IcebergCatalogTarget"] | {
        "Name": "out", "Inputs": ["in"]}}}, MaxRetries=0) for _ in range(6)]
    started = [(job, lake.glue.start_job_run(JobName=job)["JobRunId"]) for job in jobs]
    ends = [ended(lake.server, job, run) for job, run in started]
    won = [end for end in ends if end["JobRunState"] == "SUCCEEDED"]
    for end in ends:
        assert end in won or "None of the run's output was kept. Run the job again" in end["ErrorMessage"]
    assert won and len(rows(lake)) == 3 + 1000 * len(won)
    assert snapshot(lake).summary["total-records"] == str(3 + 1000 * len(won))
    assert len(lake.read(source(lake))) == 3 + 1000 * len(won)


def test_targets_of_one_run_share_a_table(lake):
    target = direct(lake)["S3IcebergDirectTarget"] | {"Inputs": ["in"]}
    nodes = {"in": lake.put(ROWS)} | {
        name: {"S3IcebergDirectTarget": target | {"Name": name}} for name in ("one", "two", "three")}
    job = lake.job(nodes)
    end = ended(lake.server, job, lake.glue.start_job_run(JobName=job)["JobRunId"])
    assert end["JobRunState"] == "SUCCEEDED", end.get("ErrorMessage")
    assert rows(lake) == ordered(ROWS.to_pylist() * 3)


def test_a_run_that_fails_leaves_nothing(lake):
    lake.done(lake.put(ROWS), direct(lake))
    node, before = lake.put(table(id=[1], what=["x"])), None
    before = keys(lake.server, lake.bucket)
    held = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]
    bad = {"S3DirectTarget": {"Name": "bad", "Inputs": ["in"], "Path": "s3://no-such-bucket-here/x/", "Format": "json"}}
    good = {"S3IcebergCatalogTarget": into(lake)["S3IcebergCatalogTarget"] | {"Name": "good", "Inputs": ["in"]}}
    made = {"S3IcebergDirectTarget": direct(lake, "new")["S3IcebergDirectTarget"] | {"Name": "made", "Inputs": ["in"]}}
    job = lake.job({"in": node, "a": good, "b": made, "z": bad})
    end = ended(lake.server, job, lake.glue.start_job_run(JobName=job)["JobRunId"])
    assert end["JobRunState"] == "FAILED" and "no-such-bucket-here" in end["ErrorMessage"]
    assert keys(lake.server, lake.bucket) == before
    assert lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]["VersionId"] == held["VersionId"]
    assert [found["Name"] for found in lake.glue.get_tables(DatabaseName=lake.database)["TableList"]] == ["t"]
