"""Iceberg tables as sources and targets of visual jobs: made, appended to, read, by us and by pyiceberg."""

import datetime

import pyarrow
import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, TruncateTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestamptzType

from lakes import EXTREMES, Lake, ordered, table
from pipeline import glue_role, keys, put_policy, reads, writes

ROWS = table(id=[1, 2, 3], what=["a", "b", "a"])


@pytest.fixture
def lake(server, unique):
    return Lake(server, unique)


def direct(lake, name="t", **more):
    policy = {"EnableUpdateCatalog": True, "Database": lake.database, "Table": name}
    settings = {"Path": lake.url(f"{name}/"), "Format": "iceberg", "Compression": "snappy", "SchemaChangePolicy": policy}
    return {"S3IcebergDirectTarget": settings | more}


def into(lake, name="t", **more):
    return {"S3IcebergCatalogTarget": {"Database": lake.database, "Table": name} | more}


def source(lake, name="t", **options):
    settings = {"Name": "in", "Database": lake.database, "Table": name, "AdditionalIcebergOptions": options}
    return {"CatalogIcebergSource": settings}


def rows(lake, name="t", **scan):
    return ordered(lake.iceberg().load_table(f"{lake.database}.{name}").scan(**scan).to_arrow().to_pylist())


def test_a_table_is_made_and_grows(lake):
    node = lake.put(ROWS)
    lake.done(node, direct(lake, AdditionalOptions={"write.metadata.previous-versions-max": "5"}))
    assert rows(lake) == ordered(ROWS.to_pylist())
    entry = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]
    assert entry["Parameters"]["table_type"] == "ICEBERG" and entry["TableType"] == "EXTERNAL_TABLE"
    assert [(c["Name"], c["Type"]) for c in entry["StorageDescriptor"]["Columns"]] == [("id", "bigint"), ("what", "string")]
    assert entry["StorageDescriptor"]["Columns"][0]["Parameters"]["iceberg.field.id"] == "1"
    lake.done(node, direct(lake))
    lake.done(node, into(lake))
    found = lake.iceberg().load_table(f"{lake.database}.t")
    assert len(rows(lake)) == 9 and len(found.snapshots()) == 3
    assert found.properties["write.parquet.compression-codec"] == "snappy"
    assert found.properties["write.metadata.previous-versions-max"] == "5"
    summary = found.current_snapshot().summary
    assert (summary.operation.value, summary["total-records"], summary["added-records"]) == ("append", "9", "3")
    parameters = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]["Parameters"]
    assert parameters["previous_metadata_location"] != parameters["metadata_location"] == found.metadata_location
    assert lake.read(source(lake)) == rows(lake)


def test_every_type_goes_there_and_back(lake):
    lake.done(lake.put(EXTREMES), direct(lake))
    assert rows(lake) == ordered(EXTREMES.to_pylist())
    assert lake.read(source(lake)) == ordered(EXTREMES.to_pylist())
    # And through a table of pyiceberg's.
    theirs = lake.iceberg().create_table(f"{lake.database}.theirs", schema=EXTREMES.schema)
    theirs.append(EXTREMES)
    assert lake.read(source(lake, "theirs")) == ordered(EXTREMES.to_pylist())
    lake.done(source(lake, "theirs"), into(lake))
    assert len(rows(lake)) == 6


def test_partitions(lake):
    many = table(id=list(range(500)), year=[2000 + n % 5 for n in range(500)], what=[None if n % 7 == 0 else f"w {n % 3}/é" for n in range(500)])
    lake.done(lake.put(many), direct(lake, PartitionKeys=[["year"], ["what"]]))
    assert rows(lake) == ordered(many.to_pylist())
    assert len(rows(lake, row_filter="year == 2001 and what is null")) == sum(
        1 for row in many.to_pylist() if row["year"] == 2001 and row["what"] is None)
    found = lake.iceberg().load_table(f"{lake.database}.t")
    assert len(found.inspect.files()) == 20
    assert lake.read(source(lake)) == ordered(many.to_pylist())
    told = lake.error(lake.put(many), direct(lake, PartitionKeys=[["id"]]))
    assert "it is partitioned by `year (identity)`, `what (identity)`, not by `id`" in told


def test_transformed_partitions(lake):
    schema = Schema(
        NestedField(1, "id", LongType()), NestedField(2, "at", TimestamptzType()), NestedField(3, "name", StringType()))
    spec = PartitionSpec(
        PartitionField(2, 1000, DayTransform(), "at_day"), PartitionField(1, 1001, BucketTransform(4), "id_bucket"),
        PartitionField(3, 1002, TruncateTransform(2), "name_part"), PartitionField(3, 1003, IdentityTransform(), "name"))
    lake.iceberg().create_table(f"{lake.database}.t", schema=schema, partition_spec=spec)
    start = datetime.datetime(2024, 2, 28, 22, tzinfo=datetime.timezone.utc)
    many = table(
        id=list(range(60)), at=[start + datetime.timedelta(hours=n) for n in range(60)],
        name=["", "ünder", None, "name"] * 15)
    lake.done(lake.put(many), into(lake))
    assert rows(lake) == ordered(many.cast(many.schema.set(1, pyarrow.field("at", pyarrow.timestamp("us", "UTC")))).to_pylist())
    assert len(rows(lake, row_filter="at >= '2024-03-01T00:00:00+00:00' and name == ''")) == 8
    found = lake.iceberg().load_table(f"{lake.database}.t")
    assert {str(file["partition"]["at_day"]) for file in found.inspect.files().to_pylist()} == {
        "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"}


def test_older_snapshots_and_changed_schemas(lake):
    theirs = lake.iceberg().create_table(f"{lake.database}.t", schema=ROWS.schema)
    theirs.append(ROWS)
    first = theirs.current_snapshot()
    with theirs.update_schema() as update:
        update.add_column("n", LongType())
        update.rename_column("what", "kind")
    # The newest schema, before any file has it.
    assert lake.read(source(lake)) == [{"id": n, "kind": kind, "n": None} for n, kind in ((1, "a"), (2, "b"), (3, "a"))]
    theirs.append(table(id=[4], kind=["d"], n=[7]))
    theirs.delete("id == 2")
    theirs.manage_snapshots().create_tag(first.snapshot_id, "begin").commit()
    assert [row["id"] for row in lake.read(source(lake))] == [1, 3, 4]
    for option, value in (("snapshot-id", first.snapshot_id), ("as-of-timestamp", first.timestamp_ms), ("tag", "begin")):
        assert lake.read(source(lake, **{option: str(value)})) == ordered(ROWS.to_pylist())
    assert "it has no snapshot with the id 5" in lake.error(source(lake, **{"snapshot-id": "5"}), into(lake))
    assert "the option `start-snapshot-id` is not supported" in lake.error(source(lake, **{"start-snapshot-id": "5"}), into(lake))


def test_plain_catalog_nodes_know_iceberg(lake):
    lake.iceberg().create_table(f"{lake.database}.t", schema=ROWS.schema).append(ROWS)
    plain = {"Database": lake.database, "Table": "t"}
    lake.done(lake.put(ROWS), {"CatalogTarget": plain})
    lake.done(lake.put(ROWS), {"S3CatalogTarget": plain})
    assert len(rows(lake)) == 9
    assert lake.read({"CatalogSource": {"Name": "in"} | plain}) == rows(lake)
    some = {"S3CatalogSource": {"Name": "in", "PartitionPredicate": "id == 2 or what = 'x'"} | plain}
    assert lake.read(some) == [{"id": 2, "what": "b"}] * 3


def test_columns_that_do_not_fit(lake):
    lake.done(lake.put(ROWS), direct(lake))
    told = lake.error(lake.put(table(id=[4], what=["d"], n=[7])), into(lake))
    assert f"node `out`: table `{lake.database}.t`: it has no columns `n`; the option `mergeSchema`" in told
    assert "there is no data for its column `what`" in lake.error(lake.put(table(id=[4])), into(lake))
    told = lake.error(lake.put(table(id=["x"], what=["d"])), into(lake))
    assert "values of the type `Utf8View` cannot be stored in the column `id`" in told
    evolving = into(lake, AdditionalOptions={"mergeSchema": "true"})
    lake.done(lake.put(table(id=[4], what=["d"], n=[7])), evolving)
    lake.done(lake.put(table(ID=[5])), evolving)
    assert rows(lake) == ordered(
        [dict(row, n=None) for row in ROWS.to_pylist()] + [{"id": 4, "what": "d", "n": 7}, {"id": 5, "what": None, "n": None}])
    columns = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"]) for c in columns] == [("id", "bigint"), ("what", "string"), ("n", "bigint")]
    assert lake.read(source(lake)) == rows(lake)


def test_what_is_refused_is_named(lake):
    node = lake.put(ROWS)
    assert "the compression `lzo` is not supported" in lake.error(node, direct(lake, Compression="lzo"))
    with pytest.raises(Exception, match="Node 'out' .out. has the format orc, which nodes of the kind S3IcebergDirectTarget"):
        lake.error(node, direct(lake, Format="orc"))
    assert "needs the Data Catalog" in lake.error(node, direct(lake, SchemaChangePolicy={"EnableUpdateCatalog": False}))
    told = lake.error(node, direct(lake, AdditionalOptions={"format-version": "3"}))
    assert "format version `3` are not supported" in told
    assert f"table `{lake.database}.t`: it was not found" in lake.error(node, into(lake))
    assert "`fields`" in lake.error(node, direct(lake, PartitionKeys=[["fields"]]))
    assert not keys(lake.server, lake.bucket, "t/")


def test_a_denied_role_is_told_what_it_lacks(lake):
    lake.done(lake.put(ROWS), direct(lake))
    before = keys(lake.server, lake.bucket)
    role = glue_role(lake.server, reads(lake.bucket))
    told = lake.error(lake.put(ROWS), into(lake), role)
    assert "s3:PutObject" in told and f"arn:aws:s3:::{lake.bucket}/t/" in told
    role = glue_role(lake.server, writes(lake.bucket))
    denied = {"Effect": "Deny", "Action": "glue:UpdateTable", "Resource": f"arn:aws:glue:*:*:table/{lake.database}/t"}
    put_policy(lake.server, role, {"Version": "2012-10-17", "Statement": [writes(lake.bucket), denied]})
    told = lake.error(lake.put(ROWS), into(lake), role)
    assert "glue:UpdateTable" in told and f"table/{lake.database}/t" in told
    # Nothing of either run is left but their inputs.
    assert [key for key in keys(lake.server, lake.bucket) if not key.startswith("in/")] == [
        key for key in before if not key.startswith("in/")]
    assert len(rows(lake)) == 3
