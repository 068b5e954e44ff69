"""Scripts that clear away old files and move them to other storage classes."""

import csv
import datetime
import io

import pytest

from harness import name
from pipeline import keys
from script_context import Bench


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


def partitions(bench, database):
    found = bench.glue.get_partitions(DatabaseName=database, TableName="events")["Partitions"]
    return sorted(partition["Values"][0] for partition in found)


def test_a_path_is_purged(bench):
    for key in ("old/a", "old/sub/b", "older/c"):
        bench.put(key, "x")
    out = bench.go("""
        glue.purge_s3_path(target + "/old/")
        fails(glue.purge_s3_path, target + "/old/", {"retentionPeriod": "soon"})
        fails(glue.purge_s3_path, target + "/old/", {"colour": "red"})
        fails(glue.purge_s3_path, target + "/old/", {"partitionPredicate": "a = 1"})
        fails(glue.purge_s3_path, "/tmp/x")
    """).succeeded()
    # Files stay for a week where nothing else is said.
    assert keys(bench.server, bench.target, "old/") == ["old/a", "old/sub/b"]
    assert [line.split()[0] for line in out] == [
        "InvalidInputException", "OperationNotSupportedException", "InvalidInputException", "InvalidInputException",
    ]
    bench.go("""
        glue.purge_s3_path(target + "/old/", {"retentionPeriod": 0, "excludeStorageClasses": ["STANDARD"]})
        print(len(spark.read.text(target + "/old/*").collect()) > 0)
        glue.purge_s3_path(target + "/old/", {"retentionPeriod": 0, "manifestFilePath": target + "/manifest/"})
    """).succeeded()
    assert keys(bench.server, bench.target, "old/") == [] and keys(bench.server, bench.target, "older/") == ["older/c"]
    done = list(csv.reader(io.StringIO(bench.body("manifest/Success.csv"))))
    assert done == [[f"s3://{bench.target}/old/a"], [f"s3://{bench.target}/old/sub/b"]]
    assert bench.body("manifest/Failed.csv") == ""


def test_partitions_of_a_table_are_purged(bench):
    database = bench.database()
    bench.go("""
        options = {"retentionPeriod": 0, "partitionPredicate": "day == '2024-01-01'"}
        glue.purge_table(None, given["--database"], "events", options)
    """, {"--database": database}).succeeded()
    assert partitions(bench, database) == ["2024-01-02"]
    assert keys(bench.server, bench.target, f"{database}/events/") == [f"{database}/events/day=2024-01-02/a.parquet"]


def test_storage_classes(bench):
    database = bench.database()
    out = bench.go("""
        options = {"retentionPeriod": 0, "partitionPredicate": "day > '2024-01-01'", "accountId": "1", "roleArn": "r"}
        glue.transition_table(given["--database"], "events", "STANDARD_IA", options)
        fails(glue.transition_s3_path, target + "/x/", "COLD")
        told(glue.create_dynamic_frame.from_catalog(given["--database"], "events"), "id")
    """, {"--database": database})
    assert ended_lines(out)[-1] == '[{"id": 1}, {"id": 1}, {"id": 2}, {"id": 2}]'
    s3 = bench.server.client("s3")
    found = s3.list_objects_v2(Bucket=bench.target, Prefix=f"{database}/events/")["Contents"]
    assert [one["StorageClass"] for one in found] == ["STANDARD", "STANDARD_IA"]


def ended_lines(ended):
    lines = ended.succeeded()
    assert lines[0].startswith("InvalidInputException INVALID_ARGUMENT_ERROR transition_to is COLD"), lines
    return lines


def test_files_that_may_not_be_deleted(bench):
    ended = bench.go('glue.purge_s3_path(source + "/", {"retentionPeriod": 0})')
    assert ended.state == "FAILED" and "is not authorized to perform: s3:DeleteObject" in ended.message, ended.message


def test_streams_are_one_batch(bench):
    now = datetime.datetime.now(datetime.timezone.utc)
    out = bench.go("""
        frame = glue.add_ingestion_time_columns(spark.range(2), "hour")

        def batch(data, number):
            print(number, data.count(), data.columns)
            glue.write_dynamic_frame.from_options(
                DynamicFrame.fromDF(data, glue, "b"), "s3",
                {"path": target + "/stream/", "partitionKeys": ["ingest_year"]}, "json")

        glue.forEachBatch(frame, batch, {"windowSize": "100 seconds", "checkpointLocation": target + "/check/"})
        glue.get_logger().warn("told")
        fails(glue.create_data_frame.from_options, "kinesis", {"streamARN": "x"})
    """)
    assert out.succeeded()[0] == "0 2 ['id', 'ingest_year', 'ingest_month', 'ingest_day', 'ingest_hour']"
    assert "`kinesis` is not supported" in out.output[1]
    assert any("WARN  [main] GlueLogger: told" in line for line in out.errors)
    assert all(f"/ingest_year={now.year}/" in key for key in keys(bench.server, bench.target, "stream/"))
