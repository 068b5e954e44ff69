"""1,000 runs of a job that copies one row: runs a second, and that nothing is left: no processes, files, memory."""

import os
import pathlib
import time

import measure
from measure import harness

RUNS = int(1000 * float(os.environ.get("SCALE", "1")))
# What the server may have grown by over all runs.
MEMORY = 64 << 20
FILES = 8


def prepare(server):
    s3, glue = server.client("s3"), server.client("glue")
    s3.create_bucket(Bucket="runs")
    s3.put_object(Bucket="runs", Key="in/a.csv", Body=b"id\n1\n")
    role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
    nodes = {
        "in": {"S3CsvSource": {"Name": "in", "Paths": ["s3://runs/in/"], "Separator": "comma", "QuoteChar": "quote",
                               "WithHeader": True}},
        "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["in"], "Path": "s3://runs/out/", "Format": "json"}},
    }
    glue.create_job(Name="noop", Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes,
                    ExecutionProperty={"MaxConcurrentRuns": 10_000})


def own_memory(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon:"))


def left(server):
    """Child processes, scratch directories, open files, bytes of memory."""
    process = server.process.pid
    children = sum(len(path.read_text().split()) for path in pathlib.Path(f"/proc/{process}/task").glob("*/children"))
    scratch = len(list((server.data / "scratch").iterdir()))
    return children, scratch, len(os.listdir(f"/proc/{process}/fd")), own_memory(process)


def states(glue):
    pages = glue.get_paginator("get_job_runs").paginate(JobName="noop")
    return [run["JobRunState"] for page in pages for run in page["JobRuns"]]


def many(server, count):
    """Starts this many runs at once and waits for the last one: seconds."""
    glue = server.client("glue")
    before = states(glue).count("SUCCEEDED")
    begin = time.monotonic()
    for _ in range(count):
        glue.start_job_run(JobName="noop")
    harness.wait_for(lambda: states(glue).count("SUCCEEDED") == before + count, timeout=count, interval=0.5)
    return time.monotonic() - begin


def main():
    with measure.server() as server:
        prepare(server)
        # The first runs fill caches.
        many(server, max(20, RUNS // 10))
        harness.wait_for(lambda: left(server)[:2] == (0, 0))
        before = left(server)
        seconds = many(server, RUNS)
        harness.wait_for(lambda: left(server)[:2] == (0, 0))
        after = left(server)
    grown = after[3] - before[3]
    print(f"{RUNS} runs in {seconds:.1f} s: {RUNS / seconds:.1f} runs a second on {os.cpu_count()} cores")
    print(f"left: {after[0]} processes, {after[1]} scratch directories, {after[2] - before[2]} files, {grown >> 20} MiB")
    assert after[2] <= before[2] + FILES, (before, after)
    assert grown <= MEMORY, (before, after)


if __name__ == "__main__":
    main()
