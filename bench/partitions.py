"""A table of a million partitions: load, first page of each operator's expression, bytes, start-up; moto beside it.

`PARTITIONS=100000 PEER=10000 scripts/bench partitions` is a quick look.
"""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import math
import os
import sqlite3
import statistics
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions

import measure
from measure import harness

MOST = int(os.environ.get("PARTITIONS", "1000000"))
PEER = min(MOST, int(os.environ.get("PEER", "100000")))
CALLS = int(os.environ.get("CALLS", "300"))
WARM = 50
HERE = {"DatabaseName": "bench", "TableName": "events"}
KEYS = {"region": "string", "day": "date", "hour": "int"}
REGIONS = [f"region-{number:02}" for number in range(40)]
HOURS = [str(hour) for hour in range(24)]
COLUMNS = [{"Name": f"column_{number}", "Type": "bigint"} for number in range(10)]
STORAGE = {
    "Columns": COLUMNS,
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
# One line for each operator and place among the keys: on the leading key, behind it, on several.
EXPRESSIONS = [
    ("all", ""),
    ("=", "region = 'region-07'"),
    ("= all keys", "region = 'region-07' AND day = '2020-03-04' AND hour = 5"),
    ("= middle key", "day = '2020-03-04'"),
    ("= last key", "hour = 5"),
    ("<>", "region <> 'region-00' AND hour <> 3"),
    ("<", "region < 'region-03' AND hour < 2"),
    ("> last key", "region = 'region-39' AND hour > 22"),
    (">= and <=", "day >= '2020-03-01' AND day <= '2020-03-03'"),
    ("IN", "region IN ('region-01', 'region-11', 'region-21') AND hour IN (0, 12)"),
    ("NOT IN", "hour NOT IN (0, 1, 2, 3, 4, 5, 6, 7)"),
    ("BETWEEN", "hour BETWEEN 22 AND 23 AND day BETWEEN '2020-02-01' AND '2020-02-20'"),
    ("LIKE prefix", "region LIKE 'region-1%' AND day = '2020-02-05'"),
    ("LIKE suffix", "region LIKE '%-39'"),
    ("OR", "(region = 'region-02' AND hour = 1) OR (region = 'region-38' AND day = '2020-01-31')"),
    ("NOT", "region NOT LIKE 'region-0%' AND hour NOT BETWEEN 1 AND 23"),
    ("IS NULL", "day IS NULL"),
    ("nothing", "region = 'region-99' OR region > 'region-40'"),
]


def days(most):
    first = time.mktime((2020, 1, 1, 12, 0, 0, 0, 0, 0))
    wanted = -(-most // (len(REGIONS) * len(HOURS)))
    return [time.strftime("%Y-%m-%d", time.localtime(first + 86400 * number)) for number in range(wanted)]


def partitions(most):
    """The first of them, in no order that would help."""
    rows = itertools.product(days(most), REGIONS, HOURS)
    for day, region, hour in itertools.islice(rows, most):
        location = f"s3://bench/events/region={region}/day={day}/hour={hour}/"
        yield {
            "Values": [region, day, hour],
            "StorageDescriptor": STORAGE | {"Location": location},
            "Parameters": {"recordCount": "1000"},
        }


def batches(most):
    rows = partitions(most)
    while batch := list(itertools.islice(rows, 100)):
        yield batch


def make(glue):
    glue.create_database(DatabaseInput={"Name": "bench"})
    keys = [{"Name": name, "Type": kind} for name, kind in KEYS.items()]
    table = {"Name": "events", "PartitionKeys": keys, "StorageDescriptor": STORAGE}
    glue.create_table(DatabaseName="bench", TableInput=table)


def load(glue, most, threads):
    """Seconds that BatchCreatePartition takes for all; boto3 takes part of them."""
    begin = time.monotonic()
    add = lambda batch: glue.batch_create_partition(PartitionInputList=batch, **HERE).get("Errors")
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        waiting = set()
        for batch in batches(most):
            waiting.add(pool.submit(add, batch))
            if len(waiting) >= 4 * threads:
                done, waiting = concurrent.futures.wait(waiting, return_when="FIRST_COMPLETED")
                assert not any(one.result() for one in done)
        assert not any(one.result() for one in waiting)
    return time.monotonic() - begin


def ask(server, payload, calls, port=None):
    """Milliseconds of each of some calls of GetPartitions over one connection, until the last byte; the last answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port or server.port, timeout=900)
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSGlue.GetPartitions"}
    body = json.dumps(payload).encode()
    taken = []
    for _ in range(calls):
        signed = server.signed("glue", "POST", "/", headers, body)
        begin = time.perf_counter()
        connection.request("POST", "/", body=body, headers=signed)
        answer = connection.getresponse()
        text = answer.read()
        taken.append((time.perf_counter() - begin) * 1000)
        assert answer.status == 200, text
    connection.close()
    return taken, json.loads(text)


class Peer:
    """moto's server, asked in the same way."""

    def __init__(self):
        self.port = measure.free_port()
        self.process = subprocess.Popen(
            [harness.tool("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.glue = boto3.client(
            "glue",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=harness.REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=botocore.config.Config(read_timeout=600, retries={"total_max_attempts": 1}),
        )
        harness.wait_for(self.answers, timeout=60)

    def answers(self):
        try:
            return self.glue.get_databases() is not None
        except botocore.exceptions.EndpointConnectionError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def sizes(database):
    """Bytes of the store's file, and of keys (which are there twice) and values in its largest keyspaces."""
    with contextlib.closing(sqlite3.connect(database)) as store:
        name = "substr(k, 2, instr(k, x'0001') - 2)"
        found = store.execute(f"SELECT CAST({name} AS TEXT), sum(2 * length(k) + length(v)) FROM kv GROUP BY 1")
        largest = sorted(found, key=lambda row: -row[1])[:2]
    return {"in all": database.stat().st_size} | dict(largest)


def percentile(taken, share):
    """The least of them that so many are not above (the nearest rank)."""
    return sorted(taken)[max(0, math.ceil(len(taken) * share) - 1)]


def main():
    with measure.server() as server:
        glue = server.client("glue")
        make(glue)
        seconds = load(glue, MOST, 4)
        print(f"\n{MOST} partitions by BatchCreatePartition: {seconds:.0f} s, {MOST / seconds:.0f}/s")
        starts = []
        for _ in range(5):
            server.restart()
            starts.append(server.ready_after * 1000)
        resident = measure.resident(server.process.pid)
        print(f"ready after {statistics.median(starts):.0f} ms, {resident:.0f} MiB")
        bytes_of = sizes(server.data / "store" / "store.sqlite3")
        shown = ", ".join(f"{name} {count / MOST:.0f}" for name, count in bytes_of.items())
        print(f"bytes a partition: {shown}")
        # A server that has just started fills its caches first.
        ask(server, HERE, WARM)
        print(f"\nGetPartitions, first page, milliseconds over {CALLS} calls, after {WARM} others")
        print(f"{'':14} {'rows':>5} {'p50':>7} {'p99':>7}")
        for name, expression in EXPRESSIONS:
            taken, answer = ask(server, HERE | {"Expression": expression}, CALLS)
            rows = len(answer["Partitions"])
            print(f"{name:14} {rows:5} {statistics.median(taken):7.2f} {percentile(taken, 0.99):7.2f}")
    beside_moto()


def beside_moto():
    """The same table of fewer partitions in both; moto answers all that match at once, Mastic a page."""
    with measure.server() as server:
        peer = Peer()
        try:
            for glue in (server.client("glue"), peer.glue):
                make(glue)
                load(glue, PEER, 4 if glue is not peer.glue else 1)
            print(f"\nGetPartitions among {PEER} partitions, first page beside moto's whole answer, milliseconds (median of 3)")
            print(f"{'':14} {'rows':>6} {'mastic':>8} {'moto':>9} {'ratio':>6}")
            ratios = []
            for name, expression in EXPRESSIONS[1:]:
                payload, found = HERE | {"Expression": expression, "ExcludeColumnSchema": True}, {}
                for who, port in [("mastic", None), ("moto", peer.port)] * 3:
                    (taken,), answer = ask(server, payload, 1, port)
                    found.setdefault(who, []).append(taken)
                rows = len(answer["Partitions"])
                ours, theirs = (statistics.median(found[who]) for who in ("mastic", "moto"))
                ratios.append(theirs / ours)
                print(f"{name:14} {rows:6} {ours:8.2f} {theirs:9.1f} {ratios[-1]:6.0f}")
            print(f"median ratio {statistics.median(ratios):.0f}, least {min(ratios):.0f}")
        finally:
            peer.stop()


if __name__ == "__main__":
    main()
