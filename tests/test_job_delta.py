"""Delta Lake tables as sources and targets of visual jobs: made, appended to, changed, read, by us and by deltalake."""

import datetime
import json

import deltalake
import pyarrow
import pytest

from harness import wait_for
from lakes import EXTREMES, Lake, ordered, table
from pipeline import ended, glue_role, keys, put_policy, reads, writes

ROWS = table(id=[1, 2, 3], what=["a", "b", "a"])


@pytest.fixture
def lake(server, unique):
    return Lake(server, unique)


def direct(lake, name="t", catalog=False, **more):
    settings = {"Path": lake.url(f"{name}/"), "Format": "delta", "Compression": "snappy"}
    if catalog:
        settings["SchemaChangePolicy"] = {"EnableUpdateCatalog": True, "Database": lake.database, "Table": name}
    return {"S3DeltaDirectTarget": settings | more}


def into(lake, name="t", **more):
    return {"S3DeltaCatalogTarget": {"Database": lake.database, "Table": name} | more}


def source(lake, name="t", **options):
    return {"S3DeltaSource": {"Name": "in", "Paths": [lake.url(f"{name}/")], "AdditionalDeltaOptions": options}}


def theirs(lake, name="t"):
    return deltalake.DeltaTable(lake.url(name), storage_options=lake.options)


def rows(lake, name="t"):
    return ordered(pyarrow.table(theirs(lake, name).to_pyarrow_table()).to_pylist())


def write(lake, rows, name="t", **more):
    deltalake.write_deltalake(lake.url(name), rows, storage_options=lake.options, **more)


def log(lake, version, name="t"):
    body = lake.s3.get_object(Bucket=lake.bucket, Key=f"{name}/_delta_log/{version:020}.json")["Body"].read()
    return [json.loads(line) for line in body.decode().splitlines()]


def test_a_table_is_made_and_grows(lake):
    node = lake.put(ROWS)
    lake.done(node, direct(lake, catalog=True))
    assert rows(lake) == ordered(ROWS.to_pylist())
    entry = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]
    assert entry["Parameters"]["spark.sql.sources.provider"] == "delta"
    assert [(c["Name"], c["Type"]) for c in entry["StorageDescriptor"]["Columns"]] == [("id", "bigint"), ("what", "string")]
    lake.done(node, direct(lake, catalog=True))
    lake.done(node, into(lake))
    assert len(rows(lake)) == 9 and theirs(lake).version() == 2
    assert lake.read(source(lake)) == rows(lake)
    plain = {"Name": "in", "Database": lake.database, "Table": "t"}
    for kind in ("CatalogDeltaSource", "S3CatalogDeltaSource", "CatalogSource", "S3CatalogSource"):
        assert lake.read({kind: plain}) == rows(lake)
    lake.done(node, {"CatalogTarget": {"Database": lake.database, "Table": "t"}})
    assert len(rows(lake)) == 12
    # What the log tells of a file.
    [stats] = [json.loads(line["add"]["stats"]) for line in log(lake, 0) if "add" in line]
    assert stats["numRecords"] == 3 and stats["minValues"] == {"id": 1, "what": "a"}
    assert stats["maxValues"] == {"id": 3, "what": "b"} and stats["nullCount"] == {"id": 0, "what": 0}


def test_every_type_goes_there_and_back(lake):
    lake.done(lake.put(EXTREMES), direct(lake))
    assert rows(lake) == ordered(EXTREMES.to_pylist())
    assert lake.read(source(lake)) == ordered(EXTREMES.to_pylist())
    write(lake, EXTREMES, "theirs")
    assert lake.read(source(lake, "theirs")) == ordered(EXTREMES.to_pylist())
    lake.done(source(lake, "theirs"), direct(lake))
    assert len(rows(lake)) == 6


def test_partitions(lake):
    days = [datetime.date(2024, 1, 1), None, datetime.date(1, 1, 1)]
    many = table(id=list(range(300)), day=[days[n % 3] for n in range(300)], what=[["é/ü %", "x=y", None][n % 3] for n in range(300)])
    lake.done(lake.put(many), direct(lake, PartitionKeys=[["day"], ["what"]]))
    assert rows(lake) == ordered(many.to_pylist()) and len(theirs(lake).file_uris()) == 3
    assert lake.read(source(lake)) == ordered(many.to_pylist())
    write(lake, many, "theirs", partition_by=["what"])
    assert lake.read(source(lake, "theirs")) == ordered(many.to_pylist())
    told = lake.error(lake.put(many), direct(lake, PartitionKeys=[["id"]]))
    assert f"`{lake.url('t/')}`: it is partitioned by `day`, `what`, not by `id`" in told


def test_older_versions_and_several_folders(lake):
    write(lake, ROWS)
    first = datetime.datetime.now(datetime.timezone.utc)
    # Objects have times of whole seconds.
    wait_for(lambda: datetime.datetime.now(datetime.timezone.utc).timestamp() // 1 > first.timestamp() // 1)
    write(lake, table(id=[4], what=["d"]), mode="append")
    theirs(lake).delete("id = 1")
    assert [row["id"] for row in lake.read(source(lake))] == [2, 3, 4]
    assert [row["id"] for row in lake.read(source(lake, versionAsOf="1"))] == [1, 2, 3, 4]
    then = lake.read(source(lake, timestampAsOf=first.strftime("%Y-%m-%d %H:%M:%S.%f")))
    assert [row["id"] for row in then] == [1, 2, 3]
    write(lake, table(id=[9], what=["z"]), "more")
    both = {"S3DeltaSource": {"Name": "in", "Paths": [lake.url("t/"), lake.url("more/")]}}
    assert [row["id"] for row in lake.read(both)] == [2, 3, 4, 9]
    assert "the option `readChangeFeed` is not supported" in lake.error(source(lake, readChangeFeed="true"), direct(lake))
    told = lake.error(source(lake, "none"), direct(lake))
    assert f"node `in`: `{lake.url('none/')}`: there is no Delta Lake table: it has no `_delta_log/`" in told


def test_schemas_change_only_when_asked_to(lake):
    lake.done(lake.put(ROWS), direct(lake, catalog=True))
    told = lake.error(lake.put(table(id=[4], n=[7])), direct(lake))
    assert f"node `out`: `{lake.url('t/')}`: it has no columns `n`; the option `mergeSchema`" in told
    assert "cannot be stored in the column `id`" in lake.error(lake.put(table(id=["x"])), direct(lake))
    merge = {"AdditionalOptions": {"mergeSchema": "true"}}
    lake.done(lake.put(table(id=[4], n=[7])), direct(lake, catalog=True, **merge))
    lake.done(lake.put(table(id=[5])), into(lake))
    assert rows(lake) == ordered([dict(row, n=None) for row in ROWS.to_pylist()] + [
        {"id": 4, "what": None, "n": 7}, {"id": 5, "what": None, "n": None}])
    columns = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == ["id", "what", "n"]
    new = {"AdditionalOptions": {"mode": "overwrite", "overwriteSchema": "true"}, "PartitionKeys": [["day"]]}
    lake.done(lake.put(table(day=["d"], x=[1.5])), direct(lake, **new))
    assert rows(lake) == [{"day": "d", "x": 1.5}] and theirs(lake).metadata().partition_columns == ["day"]


def test_overwrite(lake):
    lake.done(lake.put(ROWS), direct(lake, PartitionKeys=[["what"]]))
    dynamic = {"AdditionalOptions": {"mode": "overwrite", "partitionOverwriteMode": "dynamic"}}
    lake.done(lake.put(table(id=[7, 8], what=["a", None])), direct(lake, **dynamic))
    assert rows(lake) == [{"id": 2, "what": "b"}, {"id": 7, "what": "a"}, {"id": 8, "what": None}]
    lake.done(lake.put(ROWS), direct(lake, AdditionalOptions={"mode": "overwrite"}))
    assert rows(lake) == lake.read(source(lake)) == ordered(ROWS.to_pylist())
    lake.done(lake.put(ROWS.slice(0, 0)), direct(lake, AdditionalOptions={"mode": "overwrite"}))
    assert rows(lake) == []


def test_partitions_that_others_write_are_overwritten_by_their_values(lake):
    """Writers differ in how the log tells a value: `1e7` or `1.0E7`, times with a `T` or without."""
    dynamic = {"AdditionalOptions": {"mode": "overwrite", "partitionOverwriteMode": "dynamic"}}
    instant = pyarrow.timestamp("us", tz="UTC")
    numbers = [0.1, 1e7, 1.5e-5, -0.0, 12345678.25, 1e300, None]
    times = [datetime.datetime(2024, 2, 29, 10, n, 0, n * 250_000) for n in range(3)] + [datetime.datetime(1, 1, 1), None]
    texts = ["1.0", "1", "a/b %", "", None]
    for name, values, of in [("x", numbers, pyarrow.float64()), ("at", times, instant), ("what", texts, pyarrow.string())]:
        old = pyarrow.table({"id": list(range(len(values))), name: pyarrow.array(values, of)})
        write(lake, old, name, partition_by=[name])
        new = pyarrow.table({"id": [100 + n for n in range(len(values))], name: pyarrow.array(values, of)})
        # All but the first partition.
        lake.done(lake.put(new.slice(1)), direct(lake, name, **dynamic))
        found = sorted(row["id"] for row in rows(lake, name))
        # To Delta Lake an empty text is null.
        assert found == [0] + [100 + n for n in range(1, len(values))], (name, log(lake, 0, name))


def test_what_was_written_is_not_read_again(lake):
    """What the log tells of a file is known when it is written."""
    lake.done(lake.put(ROWS), direct(lake))
    role = glue_role(lake.server, writes(lake.bucket))
    denied = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{lake.bucket}/t/*.parquet"}
    put_policy(lake.server, role, {"Version": "2012-10-17", "Statement": [writes(lake.bucket), denied]})
    lake.done(lake.put(table(id=[9, 8], what=["z", None])), direct(lake), role)
    [add] = [line["add"] for line in log(lake, 1) if "add" in line]
    stats = json.loads(add["stats"])
    assert stats == {"numRecords": 2, "minValues": {"id": 8, "what": "z"}, "maxValues": {"id": 9, "what": "z"},
                     "nullCount": {"id": 0, "what": 1}}  # fmt: skip
    assert add["size"] == lake.s3.head_object(Bucket=lake.bucket, Key=f"t/{add['path']}")["ContentLength"]


def test_merge(lake):
    lake.done(lake.put(ROWS), direct(lake))
    upsert = {"AdditionalOptions": {"mode": "upsert", "mergeKeys": "id"}}
    lake.done(lake.put(table(id=[2, 3, 4], what=["B", "b", None])), direct(lake, **upsert))
    assert rows(lake) == ordered([{"id": n, "what": what} for n, what in [(1, "a"), (2, "B"), (3, "b"), (4, None)]])
    told = lake.error(lake.put(table(id=[1, 1], what=["x", "y"])), direct(lake, **upsert))
    assert "node `out`" in told and rows(lake)[0] == {"id": 1, "what": "a"}


def test_what_others_make_of_a_table(lake):
    features = {"delta.enableDeletionVectors": "true"}
    write(lake, ROWS, "vectors", configuration=features)
    assert lake.read(source(lake, "vectors")) == ordered(ROWS.to_pylist())
    write(lake, ROWS, "strict")
    theirs(lake, "strict").alter.add_constraint({"positive": "id > 0"})
    told = lake.error(lake.put(ROWS), direct(lake, "strict"))
    assert "check constraints (delta.constraints.positive) are not written" in told
    local = table(at=[datetime.datetime(2024, 1, 1)])
    write(lake, local, "local")
    assert lake.read(source(lake, "local"))[0]["at"].replace(tzinfo=None) == datetime.datetime(2024, 1, 1)
    assert "timestamp_ntz" in lake.error(lake.put(local), direct(lake, "local"))


def test_checkpoints(lake):
    write(lake, ROWS, configuration={"delta.checkpointInterval": "3"})
    for _ in range(4):
        lake.done(lake.put(ROWS), direct(lake))
    assert any(".checkpoint" in key for key in keys(lake.server, lake.bucket, "t/_delta_log/"))
    assert len(rows(lake)) == len(lake.read(source(lake))) == 15


def test_runs_side_by_side_lose_no_rows(lake):
    lake.done(lake.put(ROWS), direct(lake))
    many = lake.put(table(id=list(range(1000)), what=["x"] * 1000))
    target = {"S3DeltaDirectTarget": direct(lake)["S3DeltaDirectTarget"] | {"Name": "out", "Inputs": ["in"]}}
    jobs = [lake.job({"in": many, "out": target}) for _ in range(6)]
    started = [(job, lake.glue.start_job_run(JobName=job)["JobRunId"]) for job in jobs]
    ends = [ended(lake.server, job, run) for job, run in started]
    won = [end for end in ends if end["JobRunState"] == "SUCCEEDED"]
    for end in ends:
        assert end in won or "None of the run's output was kept. Run the job again" in end["ErrorMessage"]
    assert won and len(rows(lake)) == 3 + 1000 * len(won) and theirs(lake).version() == len(won)


def test_a_denied_role_is_told_what_it_lacks(lake):
    lake.done(lake.put(ROWS), direct(lake, catalog=True))
    before = [key for key in keys(lake.server, lake.bucket) if not key.startswith("in/")]
    told = lake.error(lake.put(ROWS), direct(lake), glue_role(lake.server, reads(lake.bucket)))
    assert "s3:PutObject" in told and f"arn:aws:s3:::{lake.bucket}/t/" in told
    role = glue_role(lake.server, writes(lake.bucket))
    denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{lake.bucket}/t/_delta_log/*"}
    put_policy(lake.server, role, {"Version": "2012-10-17", "Statement": [writes(lake.bucket), denied]})
    told = lake.error(lake.put(ROWS), direct(lake), role)
    assert "s3:PutObject" in told and f"arn:aws:s3:::{lake.bucket}/t/_delta_log/00000000000000000001.json" in told
    assert [key for key in keys(lake.server, lake.bucket) if not key.startswith("in/")] == before
    assert len(rows(lake)) == 3


def test_kinds_that_are_not_run_are_refused_by_name(lake):
    hudi = {"S3HudiSource": {"Name": "h", "Paths": [lake.url("h/")]}}
    target = {"S3DeltaDirectTarget": direct(lake)["S3DeltaDirectTarget"] | {"Name": "out", "Inputs": ["in"]}}
    with pytest.raises(Exception, match="Node 'h' .in. is of the kind S3HudiSource, which Mastic does not run yet"):
        lake.job({"in": hudi, "out": target})
