"""Job bookmarks over Iceberg tables: each run reads the files of the snapshots that are new."""

import json

import pytest

from lakes import Lake, table
from pipeline import keys, run


class Marked:
    """An Iceberg table, and a job with a bookmark that writes what it reads as JSON."""

    def __init__(self, server, unique, kind="CatalogIcebergSource"):
        self.lake = lake = Lake(server, unique)
        self.table = lake.iceberg().create_table(f"{lake.database}.t", schema=table(id=[1]).schema)
        source = {kind: {"Name": "in", "Database": lake.database, "Table": "t"}}
        self.nodes = {"in": source, "out": {"S3DirectTarget": {
            "Name": "out", "Inputs": ["in"], "Path": lake.url("out/"), "Format": "json"}}}
        self.job = lake.job(self.nodes, DefaultArguments={"--job-bookmark-option": "job-bookmark-enable"})

    def append(self, *ids):
        self.table.refresh().append(table(id=list(ids)))

    def reads(self, **arguments):
        """Runs the job: the ids that it read."""
        lake, found = self.lake, []
        for key in keys(lake.server, lake.bucket, "out/"):
            lake.s3.delete_object(Bucket=lake.bucket, Key=key)
        ended = run(lake.server, self.job, Arguments={f"--{key.replace('_', '-')}": text for key, text in arguments.items()})
        assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]
        for key in keys(lake.server, lake.bucket, "out/"):
            lines = lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read().decode().splitlines()
            found += [json.loads(line)["id"] for line in lines]
        return sorted(found)


@pytest.mark.parametrize("kind", ["CatalogIcebergSource", "CatalogSource"])
def test_only_new_snapshots_are_read(server, unique, kind):
    marked = Marked(server, unique, kind)
    assert marked.reads() == []
    marked.append(1, 2)
    assert marked.reads() == [1, 2] and marked.reads() == []
    # None of the states that AWS has for files, whatever the node is.
    assert marked.lake.glue.get_job_bookmark(JobName=marked.job)["JobBookmarkEntry"]["JobBookmark"] == "{}"
    marked.append(3)
    marked.append(4)
    assert marked.reads(job_bookmark_option="job-bookmark-pause") == [3, 4]
    assert marked.reads() == [3, 4] and marked.reads() == []
    # What is gone by now was never read, and deleting reads nothing.
    marked.append(5)
    marked.table.refresh().delete("id == 5")
    assert marked.reads() == []
    assert marked.reads(job_bookmark_option="job-bookmark-disable") == [1, 2, 3, 4]
    marked.lake.glue.reset_job_bookmark(JobName=marked.job)
    assert marked.reads() == [1, 2, 3, 4] and marked.reads() == []


def test_snapshots_that_are_gone_are_told(server, unique):
    marked = Marked(server, unique)
    marked.append(1)
    assert marked.reads() == [1]
    lake = marked.lake
    lake.iceberg().drop_table(f"{lake.database}.t")
    marked.table = lake.iceberg().create_table(f"{lake.database}.t", schema=table(id=[1]).schema)
    marked.append(2)
    ended = run(server, marked.job)
    assert ended["JobRunState"] == "FAILED"
    assert f"table `{lake.database}.t`: the snapshot" in ended["ErrorMessage"]
    assert "Reset the job bookmark to read the whole table" in ended["ErrorMessage"]
    lake.glue.reset_job_bookmark(JobName=marked.job)
    assert marked.reads() == [2]
