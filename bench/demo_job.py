"""The demo's visual job from StartJobRun to SUCCEEDED, beside a cold DuckDB process doing the same work."""

import json
import pathlib
import sys
import tempfile

import measure
from measure import harness

DEMO = measure.ROOT / "crates" / "mastic" / "demo"
FILES = DEMO / "nycflights13"
ROUNDS = 5
# The buckets that the demo's job names; here both are of one account.
SOURCE, TARGET = "nyc-flights-111122223333", "analytics-444455556666"
# Where the job's script is put, which `scripts.py` runs.
COMMAND = {"Name": "glueetl", "ScriptLocation": f"s3://{TARGET}/scripts/delays.py"}


def prepare(server):
    """Makes the data, its tables and the job: the role that it has."""
    s3, glue = server.client("s3"), server.client("glue")
    for bucket in (SOURCE, TARGET):
        s3.create_bucket(Bucket=bucket)
    for file in FILES.rglob("*.csv*"):
        s3.upload_file(str(file), SOURCE, file.relative_to(FILES).as_posix())
    role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
    glue.create_database(DatabaseInput={"Name": "nyc"})
    targets = {"S3Targets": [{"Path": f"s3://{SOURCE}/{folder}/"} for folder in ("flights", "planes")]}
    glue.create_crawler(Name="nyc", Role=role, DatabaseName="nyc", Targets=targets)
    glue.start_crawler(Name="nyc")
    harness.wait_for(lambda: "LastCrawl" in glue.get_crawler(Name="nyc")["Crawler"], timeout=60)
    crawl = glue.get_crawler(Name="nyc")["Crawler"]["LastCrawl"]
    assert crawl["Status"] == "SUCCEEDED", crawl
    nodes = json.loads((DEMO / "job.json").read_text())
    glue.create_job(Name="delays", Role=role, Command=COMMAND, CodeGenConfigurationNodes=nodes)
    return role


def duckdb(folder):
    """The peer, as a process of its own: `demo_job.py --duckdb FOLDER`."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        f"""
        create view delays as
        select name as airline, month::int as month, count(carrier) as flights,
               avg(dep_delay) as departure_delay, avg(arr_delay) as arrival_delay, avg(seats) as seats
        from read_csv('{FILES}/flights/*/*.csv.gz', hive_partitioning = true, nullstr = ['NA', '']) f
        join read_csv('{FILES}/airlines/airlines.csv') a using (carrier)
        left join read_csv('{FILES}/planes/planes.csv', nullstr = ['NA', '']) p using (tailnum)
        group by all
        """
    )
    connection.execute(f"copy delays to '{folder}/delays' (format parquet, compression snappy, partition_by (month))")
    connection.execute(f"copy delays to '{folder}/report.csv' (format csv)")


def cold(*arguments):
    with tempfile.TemporaryDirectory(dir=measure.scratch()) as folder:
        return measure.command(sys.executable, __file__, *arguments, folder)


def main():
    with measure.server() as server:
        prepare(server)
        found = measure.rounds(
            ROUNDS, mastic=lambda: measure.run_job(server, "delays"), duckdb=lambda: cold("--duckdb")
        )
    measure.table("The demo's job, StartJobRun to SUCCEEDED (DuckDB: a cold process)", found, "duckdb")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--duckdb"]:
        duckdb(pathlib.Path(sys.argv[2]))
    else:
        main()
