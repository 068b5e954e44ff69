"""Visual jobs and the scripts that are generated of them: both read and write the same, whatever the source or target."""

import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from harness import name
from pipeline import keys
from script_context import Bench

ROWS = [{"id": n, "what": "ab"[n % 2], "price": n + 0.5, "tags": {"k": f"t{n}"}} for n in range(6)]


@pytest.fixture(scope="module")
def bench(server):
    made = Bench(server, name)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    made.put("in/json/a.json", lines)
    made.put("in/json/sub/skipped.txt", "no json")
    made.put("in/csv/day=1/a.csv", "id|what\n1|'x|y'\n2|z\n")
    made.put("in/csv/day=2/a.csv", "id|what\n3|\n")
    made.put("in/flat/a.csv", "id|what\n1|'x|y'\n2|z\n")
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), content)
    made.put("in/parquet/kind=1/a.parquet", content.getvalue())
    made.put("in/parquet/kind=2/a.parquet", content.getvalue())
    made.events = made.database()
    return made


def sources(bench):
    def at(folder):
        return [f"s3://{bench.target}/in/{folder}/"]

    return {
        "json": {"S3JsonSource": {"Name": "in", "Paths": at("json"), "Exclusions": ["[\"**.txt\"]"], "Recurse": True}},
        "csv": {"S3CsvSource": {"Name": "in", "Paths": at("csv"), "Separator": "pipe", "QuoteChar": "single_quote",
                                "WithHeader": True, "Recurse": True}},
        "declared": {"S3CsvSource": {
            "Name": "in", "Paths": at("flat"), "Separator": "pipe", "QuoteChar": "single_quote", "WithHeader": True,
            "OutputSchemas": [{"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "what", "Type": "string"}]}]}},
        "parquet": {"S3ParquetSource": {"Name": "in", "Paths": at("parquet"), "Recurse": True}},
        "bounded": {"S3ParquetSource": {"Name": "in", "Paths": at("parquet"), "AdditionalOptions": {"BoundedFiles": 1}}},
        "catalog": {"S3CatalogSource": {"Name": "in", "Database": bench.events, "Table": "events",
                                        "PartitionPredicate": "day = '2024-01-02'"}},
    }


def targets(bench, folder, database):
    path = f"s3://{bench.target}/{folder}/"
    base = {"Name": "out", "Inputs": ["in"], "Path": path}
    table = {"EnableUpdateCatalog": True, "UpdateBehavior": "UPDATE_IN_DATABASE", "Database": database, "Table": "made"}
    return {
        "json": {"S3DirectTarget": base | {"Format": "json", "Compression": "gzip"}},
        "csv": {"S3DirectTarget": base | {"Format": "csv", "PartitionKeys": [["what"]]}},
        "files": {"S3DirectTarget": base | {"Format": "parquet", "NumberTargetPartitions": "3"}},
        "table": {"S3GlueParquetTarget": base | {"Compression": "snappy", "PartitionKeys": [["what"]],
                                                 "SchemaChangePolicy": table}},
    }


def run(bench, nodes, as_script):
    job, location = bench.unique("job"), f"s3://{bench.scripts}/{bench.unique('made')}.py"
    command = {"Name": "glueetl", "ScriptLocation": location}
    bench.glue.create_job(Name=job, Role=bench.role, Command=command, CodeGenConfigurationNodes=nodes)
    if as_script:
        job = bench.unique("script")
        bench.glue.create_job(Name=job, Role=bench.role, Command=command, GlueVersion="5.0")
    ended = bench.again(job)
    assert ended.state == "SUCCEEDED", (ended.message, ended.errors)


def answers(bench, source, target, into):
    """What the job and its script left: rows in any order, folders, and the table."""
    found = []
    for way in ("visual", "script"):
        database = bench.unique("db").replace("-", "_")
        bench.glue.create_database(DatabaseInput={"Name": database})
        folder = f"out/{bench.unique(way)}"
        run(bench, {"in": source, "out": into(folder, database)}, way == "script")
        written = keys(bench.server, bench.target, folder)
        rows = []
        for key in written:
            body = bench.server.client("s3").get_object(Bucket=bench.target, Key=key)["Body"].read()
            rows += content(key, body)
        tables = bench.glue.get_tables(DatabaseName=database)["TableList"]
        columns = [(column["Name"], column["Type"]) for table in tables for column in table["StorageDescriptor"]["Columns"]]
        folders = sorted({key.rsplit("/", 1)[0].removeprefix(folder) for key in written})
        found.append((sorted(map(str, rows)), folders, columns))
    return found


def content(key, body):
    if body[:2] == b"\x1f\x8b":
        import gzip

        body = gzip.decompress(body)
    if body[:4] == b"PAR1":
        return [{key: row[key] for key in sorted(row)} for row in pyarrow.parquet.ParquetFile(io.BytesIO(body)).read().to_pylist()]
    text = body.decode().splitlines()
    return [json.loads(line) for line in text] if body[:1] == b"{" else text


@pytest.mark.parametrize("source", ["json", "csv", "declared", "parquet", "bounded", "catalog"])
def test_sources(bench, source):
    visual, script = answers(
        bench, sources(bench)[source], "files", lambda folder, database: targets(bench, folder, database)["files"])
    assert script == visual and visual[0]


@pytest.mark.parametrize("target", ["json", "csv", "files", "table"])
def test_targets(bench, target):
    # CSV has no room for what is nested.
    source = sources(bench)["declared" if target == "csv" else "json"]
    visual, script = answers(bench, source, target, lambda folder, database: targets(bench, folder, database)[target])
    assert script == visual and visual[0]
