"""Jobs with scripts: how soon they begin, and two visual jobs' generated scripts beside plain Spark doing the same work on Sail
and on Apache Spark, each a whole process.

`--small` is a quick look; `startup`, `demo` or `lineitem` measures only that. Apache Spark is that of `SPARK_PYTHON`, an
interpreter with `pyspark`, or is installed for it; Sail is that of this interpreter. Both read and write plain files.
"""

import importlib.util
import json
import os
import pathlib
import statistics
import sys
import time

SMALL = "--small" in sys.argv
if SMALL:
    os.environ.setdefault("SCALE", "0.05")

import demo_job
import lineitem
import measure
import spark_clusters
from measure import harness

ROUNDS = int(os.environ.get("ROUNDS", "1" if SMALL else "5"))
STARTS = int(os.environ.get("STARTS", "3" if SMALL else "15"))
PLAIN = pathlib.Path(__file__).with_name("plain_spark.py")
# Scripts that print one line.
FIRST = {
    "Python alone": "print('begun')\n",
    "with a GlueContext": """\
import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
print("begun")
job.commit()
""",
    "with a query": """\
from awsglue.context import GlueContext
from pyspark.context import SparkContext

print("begun", GlueContext(SparkContext()).spark_session.range(3).count())
""",
}


def script_job(server, name, role, location, arguments=None):
    """A job that runs the script there."""
    server.client("glue").create_job(Name=name, Role=role, GlueVersion="5.0", DefaultArguments=arguments or {},
                                     Command={"Name": "glueetl", "ScriptLocation": location})


def begun(server, job):
    """Starts a run: seconds until its line is in CloudWatch Logs, and until it has succeeded."""
    glue, logs = server.client("glue"), server.client("logs")
    begin = time.monotonic()
    run = glue.start_job_run(JobName=job)["JobRunId"]
    heard = None
    while True:
        if heard is None:
            try:
                events = logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True)["events"]
            except logs.exceptions.ResourceNotFoundException:
                events = []
            heard = time.monotonic() - begin if any("begun" in event["message"] for event in events) else None
        found = glue.get_job_run(JobName=job, RunId=run)["JobRun"]
        if found["JobRunState"] in ("FAILED", "ERROR", "TIMEOUT", "STOPPED"):
            raise AssertionError(found)
        if heard is not None and found["JobRunState"] == "SUCCEEDED":
            return heard, time.monotonic() - begin
        time.sleep(0.01)


def startup():
    """From StartJobRun to the first line and to the end, warm."""
    with measure.server() as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="scripts")
        role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
        for number, text in enumerate(FIRST.values()):
            s3.put_object(Bucket="scripts", Key=f"{number}.py", Body=text.encode())
            script_job(server, f"job-{number}", role, f"s3://scripts/{number}.py")
            # The first run may make the runtime, and fills caches.
            begun(server, f"job-{number}")
        found = {name: [] for name in FIRST}
        for _ in range(STARTS):
            for number, name in enumerate(FIRST):
                found[name].append(begun(server, f"job-{number}"))
    print(f"\nStartJobRun of a script, warm, median of {STARTS}")
    print(f"{'':20} first line in CloudWatch Logs   SUCCEEDED   (goal of the first: below 2 s)")
    for name, times in found.items():
        told = [f"{statistics.median(one):6.2f} s ({min(one):.2f}..{max(one):.2f})" for one in zip(*times)]
        print(f"{name:20} {'   '.join(told)}")


def spark_python():
    """An interpreter that has Apache Spark."""
    return os.environ.get("SPARK_PYTHON") or str(spark_clusters.spark_home().parents[3] / "bin" / "python")


def peers(work, source, *more):
    """The same as plain Spark on Sail and on Apache Spark, as whole processes."""
    def process(interpreter, engine):
        target = measure.emptied(f"{work}-{engine}")
        arguments = ["--engine", engine, "--work", work, "--source", str(source), "--target", str(target), *more]
        return lambda: measure.command(interpreter, str(PLAIN), *arguments)

    assert importlib.util.find_spec("pysail"), f"{sys.executable} has no pysail; `scripts/bench scripts` installs it"
    return {"sail": process(sys.executable, "sail"), "spark": process(spark_python(), "spark")}


def plain_job(server, role, bucket, work, source, target, *more):
    """A job that runs the plain script over the S3 door."""
    server.client("s3").upload_file(str(PLAIN), bucket, "scripts/plain_spark.py")
    given = {"--engine": "job", "--work": work, "--source": source, "--target": target} | dict(zip(more[::2], more[1::2]))
    script_job(server, "plain", role, f"s3://{bucket}/scripts/plain_spark.py", given)


def told(title, found, **goals):
    """The figures, and how many times as long each peer took."""
    measure.table(title, found, "script")
    for peer, (turned, goal) in goals.items():
        times = [run.wall / other.wall for run, other in zip(found["script"], found[peer])]
        times = [1 / time for time in times] if turned else times
        what = f"{peer} / script" if turned else f"script / {peer}"
        print(f"  {what}: {statistics.median(times):.2f} ({min(times):.2f}..{max(times):.2f}), goal: {goal}")


def same(what, files, *folders):
    """All of these folders have the same in these files."""
    import duckdb

    answers = [duckdb.sql(what.format(f"'{folder}/{files}'")).fetchall() for folder in folders]
    assert all(answer == answers[0] for answer in answers), list(zip(folders, answers))
    print(f"  the same in all {len(folders)} outputs: {answers[0][:1]}")


def demo():
    """The demo's job as a script."""
    with measure.server() as server:
        role, out = demo_job.prepare(server), demo_job.TARGET
        script_job(server, "delays-script", role, demo_job.COMMAND["ScriptLocation"])
        plain_job(server, role, out, "demo", f"s3://{demo_job.SOURCE}", f"s3://{out}/plain")

        def run(job):
            for folder in ("delays/", "report/", "plain/"):
                measure.clear(server.client("s3"), out, folder)
            return measure.run_job(server, job)

        found = measure.rounds(ROUNDS, visual=lambda: run("delays"), plain=lambda: run("plain"),
                               script=lambda: run("delays-script"), **peers("demo", demo_job.FILES))
        folders = [measure.download(server.client("s3"), out, "delays/")]
    told("The demo's job: visual, plain Spark as a job, its script; cold processes", found,
         sail=(False, "at most 1.2"), spark=(True, "at least 8"))
    folders += [measure.scratch() / f"demo-{engine}" / "delays" for engine in ("sail", "spark")]
    columns = "month::int, airline, flights, round(departure_delay, 6), round(arrival_delay, 6), round(seats, 6)"
    same(f"select {columns} from read_parquet({{}}, hive_partitioning = true) order by all", "*/*.parquet", *folders)


def lines():
    """Lineitem's job as a script."""
    file, types = lineitem.generate(), ("--types", json.dumps(lineitem.TYPES))
    with measure.server() as server:
        role = lineitem.prepare(server, file)
        script_job(server, "lineitem-script", role, lineitem.COMMAND["ScriptLocation"])
        plain_job(server, role, "bench", "lineitem", "s3://bench/raw/", "s3://bench/out/", *types)
        jobs = {"visual": "lineitem", "plain": "plain", "script": "lineitem-script"}
        engines = {name: lambda job=job: lineitem.mastic(server, job) for name, job in jobs.items()}
        found = measure.rounds(ROUNDS, **engines, **peers("lineitem", file, *types))
        folders = [measure.download(server.client("s3"), "bench", "out/")]
    told(f"lineitem SF{lineitem.SCALE}: visual, plain Spark as a job, its script; cold processes", found,
         sail=(False, "none"), spark=(True, "at least 6"))
    folders += [measure.scratch() / f"lineitem-{engine}" for engine in ("sail", "spark")]
    sums = "count(*), sum(orderkey), round(sum(extendedprice)), min(shipdate), max(shipdate), sum(length(comment))"
    same(f"select {sums} from read_parquet({{}})", "*/*/*.parquet", *folders)


if __name__ == "__main__":
    parts = {"startup": startup, "demo": demo, "lineitem": lines}
    for name in [name for name in sys.argv[1:] if name in parts] or parts:
        parts[name]()
