"""Crawls of 10,000 small CSV, JSON and Parquet files under year=/month=/day=, beside a cold DuckDB process that reads
their schema with union_by_name. `--spark` adds Apache Spark's inference (one round; needs pyspark and Java). `--large`
crawls 10,000 and 100,000 CSV files, and then one new folder only.

Mastic's files are in its own S3; DuckDB reads plain ones."""

import concurrent.futures
import pathlib
import statistics
import sys
import tempfile
import time

import measure
from measure import harness

FILES, LARGE = 10_000, 100_000
ROUNDS = 3
READERS = {
    "csv": "read_csv('{}/**/*.csv', union_by_name = true, hive_partitioning = true)",
    "json": "read_json('{}/**/*.json', union_by_name = true, hive_partitioning = true)",
    "parquet": "read_parquet('{}/**/*.parquet', union_by_name = true, hive_partitioning = true)",
}


def key(number, ending):
    """Twenty files a day; a day's folder is one partition."""
    day = number // 20
    return f"year={2000 + day // 336}/month={day // 28 % 12 + 1}/day={day % 28 + 1}/{number:06}.{ending}"


def bodies(kind):
    """Two files of 20 rows, about 1 KB: one column is only in the second."""
    rows = [(n, f"town{n}", n + 0.5, f"2024-01-{n + 1:02}", n % 3 == 0) for n in range(20)]
    names = ["id", "city", "price", "day_of_sale", "paid"]
    if kind == "csv":
        lines = [",".join(str(cell).lower() for cell in row) for row in rows]
        more = [f"{line},{n}" for n, line in enumerate(lines)]
        return ["\n".join([",".join(names), *lines, ""]).encode(), "\n".join([",".join([*names, "late"]), *more, ""]).encode()]
    import duckdb

    made = []
    with tempfile.TemporaryDirectory() as folder:
        for late in ("", ", i as late"):
            target = pathlib.Path(folder) / "file"
            duckdb.sql(
                f"copy (select i as id, 'town' || i as city, i + 0.5 as price, date '2024-01-01' + i::int as day_of_sale, "
                f"i % 3 = 0 as paid{late} from range(20) r(i)) to '{target}' (format {kind})"
            )
            made.append(target.read_bytes())
    return made


def fill(server, bucket, kind, count, folder=None):
    """Puts the files into a bucket, and into a folder for the peer."""
    s3, both = server.client("s3"), bodies(kind)

    def put(number):
        name, body = key(number, kind), both[number % 2]
        s3.put_object(Bucket=bucket, Key=f"{kind}/{name}", Body=body)
        if folder:
            target = folder / kind / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(count)))


def crawler(server, bucket, kind, role, **more):
    """A crawler over one kind, with a database of its own."""
    name = harness.name(kind)
    glue = server.client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    targets = {"S3Targets": [{"Path": f"s3://{bucket}/{kind}/"}]}
    glue.create_crawler(Name=name, Role=role, DatabaseName=name, Targets=targets, **more)
    return name


def crawl(server, name):
    """StartCrawler until READY, asked every 10 ms."""
    glue = server.client("glue")
    with measure.Watch(server.process.pid) as watch:
        glue.start_crawler(Name=name)
        while glue.get_crawler(Name=name)["Crawler"]["State"] != "READY":
            time.sleep(0.01)
    last = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED", last
    return watch.used


def duckdb(kind, folder):
    """The peer, as a process of its own: `crawl.py --duckdb-process KIND FOLDER`."""
    import duckdb

    print(len(duckdb.sql(f"describe select * from {READERS[kind].format(folder)}").fetchall()), file=sys.stderr)


def spark(kind, folder):
    """The other peer, as a process of its own: `crawl.py --spark-process KIND FOLDER`."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    reader = session.read.option("header", True).option("inferSchema", True).option("mergeSchema", True)
    print(len(getattr(reader, kind)(folder).schema), file=sys.stderr)


def peer(name, kind, folder):
    return measure.command(sys.executable, __file__, f"--{name}-process", kind, str(folder / kind))


def small(server, role, bucket, with_spark):
    with tempfile.TemporaryDirectory(dir=measure.scratch()) as folder:
        folder = pathlib.Path(folder)
        for kind in READERS:
            fill(server, bucket, kind, FILES, folder)
            # A crawler of its own each round, so that every crawl writes all tables and partitions.
            engines = {"mastic": lambda: crawl(server, crawler(server, bucket, kind, role))}
            if kind != "json":
                # DuckDB's JSON reader runs out of memory over so many files.
                engines["duckdb"] = lambda: peer("duckdb", kind, folder)
            found = measure.rounds(ROUNDS, **engines)
            if with_spark:
                found |= measure.rounds(1, spark=lambda: peer("spark", kind, folder))
            measure.table(f"{FILES} {kind} files", found, "duckdb" if "duckdb" in found else "mastic")
            wall = statistics.median(used.wall for used in found["mastic"])
            print(f"mastic: {FILES / wall:.0f} {kind} files a second")


def large(server, role, bucket):
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    recrawl = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    for count in (FILES, LARGE):
        fill(server, bucket, "csv", count)
        name = crawler(server, bucket, "csv", role, RecrawlPolicy=recrawl, SchemaChangePolicy=policy)
        print(f"{count} csv files: {crawl(server, name)}")
    server.client("s3").put_object(Bucket=bucket, Key="csv/year=2099/month=1/day=1/x.csv", Body=bodies("csv")[0])
    print(f"one new folder: {crawl(server, name)}")


def main(arguments):
    with measure.server() as server:
        role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
        bucket = harness.name("crawl")
        server.client("s3").create_bucket(Bucket=bucket)
        if "--large" in arguments:
            large(server, role, bucket)
        else:
            small(server, role, bucket, "--spark" in arguments)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--duckdb-process", kind, folder]:
            duckdb(kind, folder)
        case ["--spark-process", kind, folder]:
            spark(kind, folder)
        case arguments:
            main(arguments)
