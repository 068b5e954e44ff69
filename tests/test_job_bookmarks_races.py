"""Two runs of a job side by side over what has bookmarks and no files: one is kept, and nothing is read twice."""

import json

import pytest

from databases import authority, folder, postgres  # noqa: F401
from jdbc import Place
from lakes import Lake, table
from pipeline import ended, keys, run

IDS = list(range(100))
# Takes seconds: time enough for both to read.
SLOW = """select distinct a.id from t a cross join t b cross join t c
where cast(a.id as string) || cast(b.id as string) || cast(c.id as string) <> ''"""
ENABLE = {"--job-bookmark-option": "job-bookmark-enable"}


class Racing:
    """A job that copies ids from a source into a bucket, slowly."""

    def __init__(self, place, source):
        self.place, self.glue, self.s3 = place, place.server.client("glue"), place.server.client("s3")
        sql = {"Name": "sql", "Inputs": ["in"], "SqlQuery": SLOW, "SqlAliases": [{"From": "in", "Alias": "t"}]}
        out = {"Name": "out", "Inputs": ["sql"], "Path": f"s3://{place.bucket}/race/", "Format": "json"}
        nodes = {"in": source, "sql": {"SparkSQL": sql}, "out": {"S3DirectTarget": out}}
        self.job = place.job(nodes, DefaultArguments=ENABLE, ExecutionProperty={"MaxConcurrentRuns": 2})

    def race(self):
        """Runs the job twice at once: the runs, the one that is kept last."""
        runs = [self.glue.start_job_run(JobName=self.job)["JobRunId"] for _ in range(2)]
        done = [ended(self.place.server, self.job, one) for one in runs]
        return sorted(done, key=lambda one: one["JobRunState"])

    def written(self):
        found = []
        for key in keys(self.place.server, self.place.bucket, "race/"):
            text = self.s3.get_object(Bucket=self.place.bucket, Key=key)["Body"].read().decode()
            found += [json.loads(line)["id"] for line in text.splitlines()]
        return sorted(found)


@pytest.fixture(params=["iceberg", "database"])
def racing(request, server, unique):
    if request.param == "iceberg":
        lake = Lake(server, unique)
        lake.iceberg().create_table(f"{lake.database}.t", schema=table(id=IDS).schema).append(table(id=IDS))
        source = {"CatalogIcebergSource": {"Name": "in", "Database": lake.database, "Table": "t"}}
        return Racing(lake, source)
    place = Place(server, request.getfixturevalue("postgres"))
    name = place.unique("race")
    place.sql(f"CREATE TABLE {name} (id int PRIMARY KEY)")
    place.sql(f"INSERT INTO {name} VALUES " + ", ".join(f"({n})" for n in IDS))
    return Racing(place, place.connector(ConnectionTable=name))


def test_two_runs_over_the_same_new_rows(racing):
    lost, kept = racing.race()
    assert (lost["JobRunState"], kept["JobRunState"]) == ("FAILED", "SUCCEEDED"), (lost, kept)
    assert "Another run of the job moved the same bookmark meanwhile" in lost["ErrorMessage"]
    assert racing.written() == IDS
    entry = racing.glue.get_job_bookmark(JobName=racing.job)["JobBookmarkEntry"]
    # Its state has the form of AWS's for files: this is none.
    assert (entry["RunId"], entry["Run"], entry["JobBookmark"]) == (kept["Id"], 1, "{}")
    answer = racing.place.server.call("mastic", "Mastic.DescribeJobBookmark", {"JobName": racing.job})
    [context] = answer.json()["Contexts"]
    assert (context["TransformationContext"], context["RunId"]) == ("in_nodein", kept["Id"]) and context["Document"]
    # With nothing new both may succeed.
    assert [one["JobRunState"] for one in racing.race()] == ["SUCCEEDED"] * 2
    assert run(racing.place.server, racing.job)["JobRunState"] == "SUCCEEDED"
    assert racing.written() == IDS
