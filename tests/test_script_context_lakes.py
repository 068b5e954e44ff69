"""Scripts on Iceberg and Delta Lake tables of the catalog, through GlueContext."""

import json

import pytest

from harness import name
from script_context import Bench


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


def made(bench, kind):
    """A table of that format with the ids 1 and 2, made by a visual job: its database."""
    from test_jobs import target  # noqa: F401

    database = bench.unique("lake").replace("-", "_")
    bench.glue.create_database(DatabaseInput={"Name": database, "LocationUri": f"s3://{bench.target}/{database}/"})
    bench.put(f"{database}/in/a.json", '{"id": 1, "what": "a"}\n{"id": 2, "what": "b"}\n')
    policy = {"EnableUpdateCatalog": True, "Database": database, "Table": "t"}
    settings = {"Name": "out", "Inputs": ["in"], "Path": f"s3://{bench.target}/{database}/t/", "Format": kind,
                "Compression": "snappy", "SchemaChangePolicy": policy}
    nodes = {
        "in": {"S3JsonSource": {"Name": "in", "Paths": [f"s3://{bench.target}/{database}/in/"]}},
        "out": {f"S3{kind.title()}DirectTarget": settings},
    }
    job = bench.unique("make")
    bench.glue.create_job(Name=job, Role=bench.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes)
    assert bench.again(job).state == "SUCCEEDED"
    return database


@pytest.mark.parametrize("kind", ["iceberg", "delta"])
def test_tables_are_read_and_grow(bench, kind):
    out = bench.go("""
        database = given["--database"]
        told(glue.create_data_frame.from_catalog(database=database, table_name="t"))
        rows = spark.createDataFrame([(3, "c")], "id bigint, what string")
        glue.write_data_frame.from_catalog(frame=rows, database=database, table_name="t", additional_options={})
        wider = rows.selectExpr("id + 1 as id", "what", "true as new")
        glue.write_data_frame.from_catalog(
            frame=wider, database=database, table_name="t", additional_options={"mergeSchema": "true"})
        told(glue.create_dynamic_frame.from_catalog(database=database, table_name="t"))
        upsert = {"mode": "upsert", "mergeKeys": "id"}
        changed = spark.createDataFrame([(1, "z", False)], "id bigint, what string, new boolean")
        glue.write_data_frame.from_catalog(changed, database, "t", additional_options=upsert)
        told(glue.create_data_frame.from_catalog(database=database, table_name="t"), "id", "what")
        fails(glue.write_data_frame.from_catalog, rows, database, "t", additional_options={"colour": "red"})
    """, {"--database": made(bench, kind)}).succeeded()
    assert json.loads(out[0]) == [{"id": 1, "what": "a"}, {"id": 2, "what": "b"}]
    assert [(row["id"], row["new"]) for row in json.loads(out[1])] == [(1, None), (2, None), (3, None), (4, True)]
    assert [row["what"] for row in json.loads(out[2])] == ["z", "b", "c", "c"]
    assert "`colour`" in out[3]


def test_versions_and_bookmarks(bench):
    database = made(bench, "iceberg")
    job = bench.job("""
        frame = glue.create_dynamic_frame.from_catalog(given["--database"], "t", transformation_ctx="t")
        told(frame, "id")
        job.commit()
        rows = spark.createDataFrame([(int(given["--next"]), "n")], "id bigint, what string")
        glue.write_dynamic_frame.from_catalog(DynamicFrame.fromDF(rows, glue, "n"), given["--database"], "t")
    """, {"--database": database, "--job-bookmark-option": "job-bookmark-enable"})
    assert bench.again(job, {"--next": "3"}).succeeded() == ['[{"id": 1}, {"id": 2}]']
    assert bench.again(job, {"--next": "4"}).succeeded() == ['[{"id": 3}]']


def test_delta_by_its_path(bench):
    database = made(bench, "delta")
    out = bench.go("""
        place = f"{target}/{given['--database']}/t/"
        told(glue.create_dynamic_frame.from_options("delta", {"path": place}))
        told(glue.create_data_frame.from_options("delta", {"path": place, "versionAsOf": 0}))
        frame = DynamicFrame.fromDF(spark.createDataFrame([(9, "i")], "id bigint, what string"), glue, "i")
        glue.write_dynamic_frame.from_options(frame, "s3", {"path": place}, "delta")
        print(spark.read.format("delta").load(place).count())
    """, {"--database": database}).succeeded()
    two = [{"id": 1, "what": "a"}, {"id": 2, "what": "b"}]
    assert [json.loads(line) for line in out[:2]] == [two, two] and out[2] == "3"
