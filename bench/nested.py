"""A million TPC-H orders with their lines as nested JSON, relationalized into two Parquet tables, beside DuckDB (and with
--spark Apache Spark) doing the same work.

`SCALE=0.1` makes it smaller. Mastic reads and writes through its own S3 door, the others plain files.
"""

import os
import shutil
import subprocess
import sys

import duckdb

import measure
from measure import harness

ORDERS = int(1_000_000 * float(os.environ.get("SCALE", "1")))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# What is compared of each table.
ORDER = "count(*), sum(orderkey), round(sum(totalprice)), max(orderdate)::varchar, sum(length(comment))"
LINE = 'count(*), sum("{0}partkey"), round(sum("{0}extendedprice")), max("{0}shipdate")::varchar, sum(length("{0}comment"))'


def generate():
    """The JSON lines, made once."""
    folder = measure.scratch() / "sf1"
    file = folder / f"nested-{ORDERS}.json"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    for table in ("orders", "lineitem"):
        if not (folder / f"{table}.csv").exists():
            subprocess.run([harness.tool("tpchgen-cli"), "csv", "-s", "1", "-T", table, "-o", str(folder)], check=True)
    lines = ["linenumber", "partkey", "suppkey", "quantity", "extendedprice", "discount", "tax", "returnflag",
             "shipdate", "shipmode", "comment"]
    orders = ["orderkey", "custkey", "orderstatus", "totalprice", "orderdate", "orderpriority", "clerk", "shippriority", "comment"]
    packed = ", ".join(f"{name} := l_{name}" for name in lines)
    named = ", ".join(f"o_{name} as {name}" for name in orders)
    duckdb.sql(f"""
        copy (
            with chosen as (select * from '{folder}/orders.csv' order by o_orderkey limit {ORDERS}),
            packed as (
                select l_orderkey, list(struct_pack({packed}) order by l_linenumber) as lines
                from '{folder}/lineitem.csv' group by l_orderkey
            )
            select {named}, lines from chosen join packed on l_orderkey = o_orderkey order by o_orderkey
        ) to '{file}' (format json)
    """)
    return file


def nodes():
    target = lambda name, of: {"S3GlueParquetTarget": {"Name": name, "Inputs": [of], "Path": f"s3://bench/out/{name}/",
                                                       "Compression": "snappy"}}
    chosen = lambda index: {"SelectFromCollection": {"Name": f"table{index}", "Inputs": ["flat"], "Index": index}}
    return {
        "source": {"S3JsonSource": {"Name": "nested", "Paths": ["s3://bench/raw/"]}},
        "flat": {"DynamicTransform": {"Name": "flat", "TransformName": "relationalize", "FunctionName": "relationalize",
                                      "Inputs": ["source"], "Path": "s3://bench/transforms/"}},
        "first": chosen(0),
        "second": chosen(1),
        "orders": target("orders", "first"),
        "lines": target("lines", "second"),
    }


def mastic(server):
    """One run into an emptied prefix."""
    measure.clear(server.client("s3"), "bench", "out/")
    return measure.run_job(server, "nested")


def duckdb_peer(file, folder):
    """The peer, as a process of its own; it reads the file once."""
    duckdb.sql(f"create temp table nested as from read_json('{file}')")
    duckdb.sql(f"copy (select * exclude lines, row_number() over () as lines from nested) to '{folder}/orders.parquet'")
    duckdb.sql(f"""copy (
        select id, index, line.* from (select row_number() over () as id, lines from nested),
        unnest(lines) with ordinality as u(line, index)
    ) to '{folder}/lines.parquet'""")


def spark_peer(file, folder):
    """The other peer, as a process of its own; needs pyspark in the environment, and Java."""
    from pyspark.sql import SparkSession, functions

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    rows = session.read.json(str(file)).withColumn("id", functions.monotonically_increasing_id())
    rows.drop("lines").write.parquet(f"{folder}/orders")
    lines = rows.select("id", functions.posexplode("lines").alias("index", "line")).select("id", "index", "line.*")
    lines.write.parquet(f"{folder}/lines")


def peer(name, file):
    return measure.command(sys.executable, __file__, f"--{name}-process", str(file), str(measure.emptied("nested")))


def check(server):
    """Both made the same rows."""
    ours, theirs = measure.download(server.client("s3"), "bench", "out/"), measure.scratch() / "nested"
    totals = lambda sums, files: duckdb.sql(f"select {sums} from read_parquet('{files}')").fetchall()[0]
    orders = totals(ORDER, f"{ours}/orders/*"), totals(ORDER, f"{theirs}/orders.parquet")
    lines = totals(LINE.format("lines.val."), f"{ours}/lines/*"), totals(LINE.format(""), f"{theirs}/lines.parquet")
    assert orders[0] == orders[1] and lines[0] == lines[1], (orders, lines)
    print(f"{orders[0][0]} orders and {lines[0][0]} lines, equal in both")
    shutil.rmtree(ours)


def main(with_spark):
    file = generate()
    with measure.server() as server:
        s3, glue = server.client("s3"), server.client("glue")
        s3.create_bucket(Bucket="bench")
        s3.upload_file(str(file), "bench", "raw/nested.json")
        role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
        glue.create_job(Name="nested", Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes())
        engines = {"mastic": lambda: mastic(server)}
        if with_spark:
            engines["spark"] = lambda: peer("spark", file)
        # Last, so that its output is the one that is compared.
        engines["duckdb"] = lambda: peer("duckdb", file)
        found = measure.rounds(ROUNDS, **engines)
        measure.table(f"{ORDERS} nested orders ({file.stat().st_size >> 20} MiB of JSON) to two Parquet tables", found, "duckdb")
        check(server)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--duckdb-process", file, folder]:
            duckdb_peer(file, folder)
        case ["--spark-process", file, folder]:
            spark_peer(file, folder)
        case arguments:
            main("--spark" in arguments)
