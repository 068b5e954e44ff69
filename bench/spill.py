"""A join whose smaller side is several times what the run may use, then its rows grouped by a key of many values: wall and
memory beside a cold DuckDB process with the same limit. Both have to go over to the disk."""

import os
import pathlib
import sys
import tempfile

import duckdb

import measure
from measure import harness

ROWS = int(12_000_000 * float(os.environ.get("SCALE", "1")))
MEMORY = int(os.environ.get("MEMORY", "400"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
QUERIES = {
    "join": "select bucket, count(*) as n, max(payload) as most from '{0}/left.parquet' join '{0}/right.parquet' using (id) group by bucket",
    "group": "select key, sum(id) as total, max(bucket) as most from '{0}/right.parquet' group by key",
}


def make(folder):
    duckdb.sql(f"set threads = 2; copy (select i as id, md5(i::varchar) || md5((i + 1)::varchar) || md5((i * 7)::varchar) as payload "
               f"from range({ROWS}) r(i) order by hash(i)) to '{folder}/left.parquet'")
    duckdb.sql(f"copy (select (hash(i) % {ROWS})::bigint as id, i % 100 as bucket, (hash(i * 3) % {ROWS // 2})::bigint as key "
               f"from range({ROWS * 2}) r(i)) to '{folder}/right.parquet'")


def nodes(kind):
    source = lambda name: {"S3ParquetSource": {"Name": name, "Paths": [f"s3://spill/{name}.parquet"]}}
    target = {"S3DirectTarget": {"Name": "out", "Inputs": ["sum"], "Path": f"s3://spill/{kind}/", "Format": "parquet"}}
    if kind == "group":
        aggs = [{"Column": ["id"], "AggFunc": "sum"}, {"Column": ["bucket"], "AggFunc": "max"}]
        group = {"Aggregate": {"Name": "sum", "Inputs": ["right"], "Groups": [["key"]], "Aggs": aggs}}
        return {"right": source("right"), "sum": group, "out": target}
    columns = [{"From": "left", "Keys": [["id"]]}, {"From": "right", "Keys": [["id"]]}]
    join = {"Join": {"Name": "join", "Inputs": ["left", "right"], "JoinType": "equijoin", "Columns": columns}}
    aggs = [{"Column": ["id"], "AggFunc": "count"}, {"Column": ["payload"], "AggFunc": "max"}]
    group = {"Aggregate": {"Name": "sum", "Inputs": ["join"], "Groups": [["bucket"]], "Aggs": aggs}}
    return {"left": source("left"), "right": source("right"), "join": join, "sum": group, "out": target}


def peer(folder, kind):
    """The peer, as a process of its own: `spill.py --duckdb FOLDER KIND`."""
    duckdb.sql(f"set threads = 2; set memory_limit = '{MEMORY}MB'; set preserve_insertion_order = false; set temp_directory = '{folder}/tmp'")
    duckdb.sql(f"copy ({QUERIES[kind].format(folder)}) to '{folder}/{kind}.parquet'")


def main():
    with tempfile.TemporaryDirectory(dir=measure.scratch()) as folder, measure.server() as server:
        make(folder)
        s3, glue = server.client("s3"), server.client("glue")
        s3.create_bucket(Bucket="spill")
        for name in ("left", "right"):
            s3.upload_file(f"{folder}/{name}.parquet", "spill", f"{name}.parquet")
        role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
        for kind in QUERIES:
            glue.create_job(Name=kind, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes(kind),
                            DefaultArguments={"--run-memory": f"{MEMORY}m"})
            found = measure.rounds(
                ROUNDS,
                mastic=lambda: measure.run_job(server, kind),
                duckdb=lambda: measure.command(sys.executable, __file__, "--duckdb", folder, kind),
            )
            size = pathlib.Path(folder, "left.parquet").stat().st_size >> 20
            measure.table(f"{kind}: {ROWS} and {ROWS * 2} rows ({size} MiB of Parquet on the left) within {MEMORY} MB", found, "duckdb")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--duckdb", folder, kind]:
            peer(folder, kind)
        case _:
            main()
