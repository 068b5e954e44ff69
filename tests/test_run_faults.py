"""Runs are transactions: the runner and the server die, or the disk is full, at every step of a run and at random moments.

After each, either all of the run is visible or nothing: objects, partitions, bookmark and the run's state. A retry then
gives what one clean run would have. `MASTIC_FAULT_ROUNDS` says how many rounds there are, `MASTIC_FAULT_SEED` which.
"""

import json
import os
import pathlib
import random
import signal
import sqlite3
import time

import botocore.exceptions
import pytest

from harness import wait_for
from pipeline import bucket, ended, glue_role, keys, reads, writes

ROUNDS = int(os.environ.get("MASTIC_FAULT_ROUNDS", 20))
SEED = int(os.environ.get("MASTIC_FAULT_SEED", random.SystemRandom().randrange(1 << 32)))

# Steps of a run in the server and in the runner, with how often a run may come past.
STEPS = {
    "run.ended": 1, "run.publish": 1, "run.published": 1, "run.closed": 1, "run.discard": 1, "run.discarded": 1,
    "store.commit": 25, "store.committed": 25, "blob.write": 3, "blob.kept": 3,
    "runner.begin": 1, "runner.note": 2, "runner.table": 1, "runner.partitions": 1, "runner.finish": 1, "runner.told": 1,
}
ENABLE = {"--job-bookmark-option": "job-bookmark-enable"}
# Larger than what the index keeps of an object itself.
PADDING = "x" * 100_000
OPEN = {"STARTING", "RUNNING", "STOPPING", "WAITING"}


class Faults:
    """A job that appends to a partitioned table, its bookmark, and all that may be seen of both."""

    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        server.start()
        self.source, self.out = bucket(server), bucket(server, stem="out")
        self.database, self.table = unique("db"), unique("t")
        self.glue.create_database(DatabaseInput={"Name": self.database})
        role = glue_role(server, reads(self.source), writes(self.out))
        self.job, self.bad = unique("good"), unique("bad")
        good = self.nodes()
        for job, nodes in [(self.job, good), (self.bad, good | self.forbidden())]:
            self.glue.create_job(Name=job, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes,
                                 DefaultArguments=ENABLE, ExecutionProperty={"MaxConcurrentRuns": 5})
        # What successful runs have read: round by round.
        self.done = []

    def nodes(self):
        policy = {"EnableUpdateCatalog": True, "UpdateBehavior": "UPDATE_IN_DATABASE", "Table": self.table,
                  "Database": self.database}
        return {
            "in": {"S3CsvSource": {"Name": "in", "Paths": [f"s3://{self.source}/in/"], "Separator": "comma",
                                   "QuoteChar": "quote", "WithHeader": True}},
            "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["in"], "Path": f"s3://{self.out}/t/", "Format": "json",
                                       "PartitionKeys": [["day"]], "SchemaChangePolicy": policy}},
        }

    def forbidden(self):
        """A second target, which the role may not write."""
        return {"zz": {"S3DirectTarget": {"Name": "zz", "Inputs": ["in"], "Path": f"s3://{self.source}/no/",
                                          "Format": "json"}}}

    @property
    def glue(self):
        return self.server.client("glue")

    def put(self, number):
        text = f"id,pad,day\n{number},{PADDING},{number}\n{number + 1000},short,{number}\n"
        self.server.client("s3").put_object(Bucket=self.source, Key=f"in/{number}.csv", Body=text)

    def alive(self):
        return self.server.process.poll() is None

    def start(self, *arguments):
        """Starts the server anew, with a fault or without; one that dies at its start starts again without."""
        if self.alive():
            self.server.kill()
        self.server.arguments = list(arguments)
        try:
            self.server.start()
        except AssertionError:
            assert arguments, "a server without faults does not start"
            self.start()

    def runs(self, job):
        return self.glue.get_job_runs(JobName=job)["JobRuns"]

    def settle(self, job):
        """Waits until the job's runs have ended, or the server: whether it lives."""

        def settled():
            try:
                return not self.alive() or not any(run["JobRunState"] in OPEN for run in self.runs(job))
            except botocore.exceptions.ClientError:
                # A full disk is one for the audit trail too.
                return False
            except botocore.exceptions.BotoCoreError:
                return not self.alive()

        wait_for(settled, 60)
        return self.alive()

    def seen(self):
        """Ids that were written, partitions, and files that the bookmark knows."""
        s3, ids = self.server.client("s3"), []
        for key in keys(self.server, self.out):
            text = s3.get_object(Bucket=self.out, Key=key)["Body"].read().decode()
            ids += [int(json.loads(line)["id"]) for line in text.splitlines()]
        try:
            found = self.glue.get_partitions(DatabaseName=self.database, TableName=self.table)["Partitions"]
        except self.glue.exceptions.EntityNotFoundException:
            found = []
        answer = self.server.call("mastic", "Mastic.ListJobBookmarkFiles", {"JobName": self.job})
        files = [file["Key"] for file in answer.json()["Files"]]
        return sorted(ids), sorted(int(one["Values"][0]) for one in found), sorted(files)

    def check(self):
        ids = sorted(self.done + [number + 1000 for number in self.done])
        assert self.seen() == (ids, sorted(self.done), sorted(f"in/{number}.csv" for number in self.done))
        last = [run for run in self.runs(self.job) if run["JobRunState"] == "SUCCEEDED"][:1]
        try:
            entry = self.glue.get_job_bookmark(JobName=self.job)["JobBookmarkEntry"]
        except self.glue.exceptions.EntityNotFoundException:
            entry = {}
        assert entry.get("RunId") == (last[0]["Id"] if last else None)
        assert entry.get("Run", 0) == sum(run["JobRunState"] == "SUCCEEDED" for run in self.runs(self.job))
        assert keys(self.server, self.source, "no/") == []
        with pytest.raises(self.glue.exceptions.EntityNotFoundException):
            self.glue.get_job_bookmark(JobName=self.bad)


def strike(faults, chance, job):
    """Lets one thing happen to a run of the job; what it was."""
    kind = chance.choice(["step", "step", "step", "full", "server", "runner"])
    if kind in ("step", "full"):
        step = chance.choice([step for step in STEPS if kind == "step" or not step.startswith("runner")])
        fault = f"{step}:{chance.randint(1, STEPS[step])}={'kill' if kind == 'step' else 'full'}"
        faults.start("--failpoint", fault)
    else:
        fault = kind
        faults.start()
    try:
        faults.glue.start_job_run(JobName=job)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
        # It may have begun all the same.
        pass
    if kind in ("server", "runner"):
        delay = chance.random() * 1.2
        time.sleep(delay)
        fault = f"{kind} killed after {delay:.3f} s"
        victims = [faults.server.process.pid] if kind == "server" else children(faults.server.process.pid)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        if kind == "server":
            faults.server.process.wait(30)
    return fault


def children(process):
    found = []
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def test_all_or_nothing(own_server, unique):
    chance = random.Random(SEED)
    faults = Faults(own_server, unique)
    told = []
    try:
        for number in range(1, ROUNDS + 1):
            faults.put(number)
            good = chance.random() < 0.8
            before = len(faults.runs(faults.job))
            job = faults.job if good else faults.bad
            told.append((number, strike(faults, chance, job)))
            faults.settle(job)
            # A fault may strike just behind the run's end: what is looked at now comes from a server without any.
            faults.start()
            assert faults.settle(job)
            now = faults.runs(faults.job)
            new = now[: len(now) - before]
            assert all(run["JobRunState"] in ("SUCCEEDED", "FAILED") for run in new), new
            if any(run["JobRunState"] == "SUCCEEDED" for run in new):
                faults.done.append(number)
            faults.check()
            if number not in faults.done:
                started = faults.glue.start_job_run(JobName=faults.job)["JobRunId"]
                done = ended(own_server, faults.job, started)
                assert done["JobRunState"] == "SUCCEEDED", done
                faults.done.append(number)
                faults.check()
        leave_nothing(faults)
    except BaseException:
        print(f"MASTIC_FAULT_SEED={SEED}; the last faults were {told[-3:]}")
        raise


def leave_nothing(faults):
    """No staged row, no scratch directory; blobs of lost runs are swept, and none that is needed."""
    server = faults.server
    faults.start("--blob-grace", "1")
    s3 = server.client("s3")
    large = sum(entry["Size"] > len(PADDING) for where in (faults.source, faults.out)
                for entry in s3.list_objects_v2(Bucket=where).get("Contents", []))

    def blobs():
        return sum(path.is_file() for path in (server.data / "blobs").rglob("*"))

    assert blobs() >= large == 2 * len(faults.done)
    wait_for(lambda: blobs() == large, 30)
    wait_for(lambda: not list((server.data / "scratch").glob("*")))
    faults.check()
    server.stop()
    file = database(server.data / "store")
    staged = sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute(
        "select count(*) from kv where substr(k, 1, 1) = x'02'").fetchone()
    assert staged == (0,)


def database(folder):
    """The store's file."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("step", [f"{step}={effect}" for step in STEPS for effect in ("kill", "full")
                                  if effect == "kill" or not step.startswith("runner")])
def test_each_step(own_server, unique, step):
    """One fault at each step, of a run that would succeed and, where only failed runs come by, of one that fails."""
    faults = Faults(own_server, unique)
    faults.put(1)
    job = faults.bad if step.startswith("run.discard") else faults.job
    # What a start of the server commits is not a step of the run.
    fault = step.replace("=", ":12=") if step.startswith("store.") else step
    faults.start("--failpoint", fault)
    try:
        faults.glue.start_job_run(JobName=job)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
        assert step.startswith("store.")
    if step.endswith("kill") and not step.startswith("runner"):
        # It may die just behind the run's end.
        wait_for(lambda: not faults.settle(job), 60)
        faults.start()
    assert faults.settle(job)
    if step.startswith("runner"):
        assert [run["JobRunState"] for run in faults.runs(job)] == ["SUCCEEDED" if "told" in step else "FAILED"]
    if any(run["JobRunState"] == "SUCCEEDED" for run in faults.runs(faults.job)):
        faults.done.append(1)
    faults.check()
    faults.start()
    if not faults.done:
        started = faults.glue.start_job_run(JobName=faults.job)["JobRunId"]
        assert ended(own_server, faults.job, started)["JobRunState"] == "SUCCEEDED"
        faults.done.append(1)
        faults.check()
    leave_nothing(faults)
