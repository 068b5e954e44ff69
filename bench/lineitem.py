"""A visual job over TPC-H lineitem as CSV, beside DuckDB (and with --spark Apache Spark) doing the same work.

Every column is renamed and cast, rows are filtered, and the rest is written as snappy Parquet partitioned by two keys.
`SCALE=0.1` makes it smaller. Mastic reads and writes through its own S3 door, the others plain files.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

import measure
from measure import harness

SCALE = os.environ.get("SCALE", "1")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# TPC-H's columns with the type that each is cast to.
TYPES = {
    "l_orderkey": "bigint",
    "l_partkey": "bigint",
    "l_suppkey": "bigint",
    "l_linenumber": "int",
    "l_quantity": "double",
    "l_extendedprice": "double",
    "l_discount": "double",
    "l_tax": "double",
    "l_returnflag": "string",
    "l_linestatus": "string",
    "l_shipdate": "date",
    "l_commitdate": "date",
    "l_receiptdate": "date",
    "l_shipinstruct": "string",
    "l_shipmode": "string",
    "l_comment": "string",
}
# Where the job's script is put, which `scripts.py` runs.
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://bench/scripts/lineitem.py"}
RENAMED = {name: name.removeprefix("l_") for name in TYPES}


def generate():
    """The CSV file, made once."""
    file = measure.scratch() / f"sf{SCALE}" / "lineitem.csv"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        generator = harness.tool("tpchgen-cli")
        subprocess.run([generator, "csv", "-s", SCALE, "-T", "lineitem", "-o", str(file.parent)], check=True)
    return file


def nodes():
    mapping = [
        {"FromPath": [name], "FromType": "string", "ToKey": RENAMED[name], "ToType": kind}
        for name, kind in TYPES.items()
    ]
    quantity = [{"Type": "COLUMNEXTRACTED", "Value": ["quantity"]}, {"Type": "CONSTANT", "Value": ["1"]}]
    query = "select *, year(shipdate) as ship_year from rows"
    return {
        "source": {
            "S3CsvSource": {
                "Name": "lineitem",
                "Paths": ["s3://bench/raw/"],
                "Separator": "comma",
                "QuoteChar": "quote",
                "WithHeader": True,
            }
        },
        "typed": {"ApplyMapping": {"Name": "typed", "Inputs": ["source"], "Mapping": mapping}},
        "kept": {
            "Filter": {
                "Name": "kept",
                "Inputs": ["typed"],
                "LogicalOperator": "AND",
                "Filters": [{"Operation": "GT", "Values": quantity}],
            }
        },
        "dated": {
            "SparkSQL": {
                "Name": "dated",
                "Inputs": ["kept"],
                "SqlQuery": query,
                "SqlAliases": [{"From": "kept", "Alias": "rows"}],
            }
        },
        "target": {
            "S3GlueParquetTarget": {
                "Name": "parquet",
                "Inputs": ["dated"],
                "Path": "s3://bench/out/",
                "Compression": "snappy",
                "PartitionKeys": [["ship_year"], ["shipmode"]],
            }
        },
    }


def prepare(server, file):
    """Makes the data and the job: the role that it has."""
    s3, glue = server.client("s3"), server.client("glue")
    s3.create_bucket(Bucket="bench")
    s3.upload_file(str(file), "bench", "raw/lineitem.csv")
    role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
    glue.create_job(Name="lineitem", Role=role, Command=COMMAND, CodeGenConfigurationNodes=nodes())
    return role


def mastic(server, job="lineitem"):
    """One run into an emptied prefix."""
    measure.clear(server.client("s3"), "bench", "out/")
    return measure.run_job(server, job)


def duckdb(file, folder):
    """The peer, as a process of its own."""
    import duckdb

    sql = {"string": "varchar"}
    columns = ", ".join(f"cast({name} as {sql.get(kind, kind)}) as {RENAMED[name]}" for name, kind in TYPES.items())
    duckdb.execute(
        f"""
        copy (
            select *, year(shipdate) as ship_year
            from (select {columns} from read_csv('{file}')) where quantity > 1
        ) to '{folder}' (format parquet, compression snappy, partition_by (ship_year, shipmode))
        """
    )


def spark(file, folder):
    """The other peer, as a process of its own; needs pyspark in the environment, and Java."""
    from pyspark.sql import SparkSession, functions

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    rows = session.read.csv(str(file), header=True)
    columns = [functions.col(name).cast(kind).alias(RENAMED[name]) for name, kind in TYPES.items()]
    kept = rows.select(columns).filter("quantity > 1").withColumn("ship_year", functions.year("shipdate"))
    kept.write.mode("overwrite").partitionBy("ship_year", "shipmode").parquet(str(folder))


def peer(name, file):
    return measure.command(sys.executable, __file__, f"--{name}-process", str(file), str(measure.emptied("out")))


def check(server):
    """Both made the same partitions with the same rows in them."""
    import duckdb

    ours, theirs = measure.download(server.client("s3"), "bench", "out/"), measure.scratch() / "out"

    def partitions(folder):
        # DuckDB writes a space as %20, Glue as it is.
        return {urllib.parse.unquote(str(file.parent.relative_to(folder))) for file in folder.rglob("*.parquet")}

    assert partitions(ours) == partitions(theirs), partitions(ours) ^ partitions(theirs)
    sums = "count(*), sum(orderkey), round(sum(extendedprice)), min(shipdate), max(shipdate), sum(length(comment))"

    def totals(folder):
        return duckdb.sql(f"select {sums} from read_parquet('{folder}/**/*.parquet')").fetchall()[0]

    def size(folder):
        return sum(file.stat().st_size for file in folder.rglob("*.parquet")) / 1e6

    assert totals(ours) == totals(theirs), (totals(ours), totals(theirs))
    print(f"{totals(ours)[0]} rows in {len(partitions(ours))} partitions, equal in both")
    print(f"written: Mastic {size(ours):.0f} MB, DuckDB {size(theirs):.0f} MB")
    shutil.rmtree(ours)


def main(with_spark):
    file = generate()
    with measure.server() as server:
        prepare(server, file)
        engines = {"mastic": lambda: mastic(server), "duckdb": lambda: peer("duckdb", file)}
        if with_spark:
            # Between the others, so that DuckDB's output is the one that is compared.
            engines = {"mastic": engines["mastic"], "spark": lambda: peer("spark", file), "duckdb": engines["duckdb"]}
        found = measure.rounds(ROUNDS, **engines)
        measure.table(f"lineitem SF{SCALE}, CSV to partitioned Parquet", found, "duckdb")
        check(server)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--duckdb-process", file, folder]:
            duckdb(file, pathlib.Path(folder))
        case ["--spark-process", file, folder]:
            spark(file, pathlib.Path(folder))
        case arguments:
            main("--spark" in arguments)
