"""What tests of crawlers and jobs share: buckets with the demo's files, roles, and waiting for ends."""

import csv
import functools
import gzip
import io
import pathlib

from harness import ROOT, name, statement, wait_for

FILES = ROOT / "crates" / "mastic" / "demo" / "nycflights13"
GLUE_ROLE = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}


def bucket(server, files=None, by=None, stem="bucket"):
    """A new bucket with these objects."""
    s3, made = server.client("s3", by), name(stem)
    s3.create_bucket(Bucket=made)
    for key, body in (files or {}).items():
        s3.put_object(Bucket=made, Key=key, Body=body)
    return made


def flights(*months):
    """The demo's files: airlines, planes, and flights of these months."""
    chosen = {f"flights/month={m}/flights.csv.gz": FILES / f"flights/month={m}/flights.csv.gz" for m in months}
    chosen |= {f"{stem}/{stem}.csv": FILES / f"{stem}/{stem}.csv" for stem in ("airlines", "planes")}
    return {key: pathlib.Path(path).read_bytes() for key, path in chosen.items()}


@functools.cache
def rows(month):
    """The flights of a month, as dictionaries of text."""
    text = gzip.decompress((FILES / f"flights/month={month}/flights.csv.gz").read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def glue_role(server, *statements, by=None):
    """A role for Glue: the managed policy, and what its data needs."""
    arn = server.role(by=by, stem="AWSGlueServiceRole")
    iam = server.client("iam", by)
    iam.attach_role_policy(RoleName=arn.rsplit("/", 1)[-1], PolicyArn=GLUE_ROLE)
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        put_policy(server, arn, document, by)
    return arn


def put_policy(server, role, document, by=None):
    import json

    iam = server.client("iam", by)
    iam.put_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="data", PolicyDocument=json.dumps(document))


def reads(*buckets):
    """A statement that lets a role list and read."""
    arns = [f"arn:aws:s3:::{b}" for b in buckets] + [f"arn:aws:s3:::{b}/*" for b in buckets]
    return statement(["s3:ListBucket", "s3:GetObject"], arns)["Statement"][0]


def writes(*buckets):
    """A statement that lets a role list, read, write and delete."""
    arns = [f"arn:aws:s3:::{b}" for b in buckets] + [f"arn:aws:s3:::{b}/*" for b in buckets]
    actions = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return statement(actions, arns)["Statement"][0]


def crawl(server, crawler, by=None, timeout=60):
    """Runs a crawler to its end: what `LastCrawl` says of it."""
    glue = server.client("glue", by)
    glue.start_crawler(Name=crawler)
    return crawled(server, crawler, by, timeout)


def crawled(server, crawler, by=None, timeout=60):
    glue = server.client("glue", by)

    def ready():
        """the crawler is ready again"""
        found = glue.get_crawler(Name=crawler)["Crawler"]
        return found if found["State"] == "READY" else None

    return wait_for(ready, timeout)["LastCrawl"]


def ended(server, job, run, by=None, timeout=60):
    """Waits for the end of a run: the run."""
    glue = server.client("glue", by)

    def over():
        """the run has ended"""
        found = glue.get_job_run(JobName=job, RunId=run)["JobRun"]
        return found if found["JobRunState"] in ENDED else None

    return wait_for(over, timeout)


def run(server, job, by=None, timeout=60, **more):
    """Runs a job to its end: the run."""
    started = server.client("glue", by).start_job_run(JobName=job, **more)["JobRunId"]
    return ended(server, job, started, by, timeout)


def lines(server, group, stream, by=None):
    """The messages of a log stream."""
    logs = server.client("logs", by)
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    return [event["message"] for event in answer["events"]]


def keys(server, where, prefix="", by=None):
    """The keys of a bucket below a prefix."""
    pages = server.client("s3", by).get_paginator("list_objects_v2").paginate(Bucket=where, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
