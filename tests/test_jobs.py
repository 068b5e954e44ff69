"""Visual jobs: definitions, runs, what is seen of their output and when, through boto3."""

import collections
import csv
import io
import json

import botocore.exceptions
import pytest

from harness import wait_for
from pipeline import bucket, ended, flights, glue_role, keys, lines, put_policy, reads, rows, run, writes

COMMAND = {"Name": "glueetl", "ScriptLocation": ""}


def csv_source(path, **more):
    return {"S3CsvSource": {"Name": "in", "Paths": [path], "Separator": "comma", "QuoteChar": "quote",
                            "WithHeader": True} | more}


def target(inputs, path, fmt="csv", **more):
    return {"S3DirectTarget": {"Name": "out", "Inputs": inputs, "Path": path, "Format": fmt} | more}


def make_job(server, unique, role, nodes, **more):
    job = unique("job")
    server.client("glue").create_job(
        Name=job, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes, **more
    )
    return job


def report(server, where, prefix):
    """All rows of the CSV files below a prefix."""
    found = []
    for key in keys(server, where, prefix):
        text = server.client("s3").get_object(Bucket=where, Key=key)["Body"].read().decode()
        found += csv.DictReader(io.StringIO(text))
    return found


def copy_nodes(source, out, fmt="csv", **more):
    return {"in": csv_source(f"s3://{source}/in/"), "out": target(["in"], f"s3://{out}/out/", fmt, **more)}


@pytest.fixture
def plain(server):
    """A bucket with a small file, a bucket for output, and a role that may use both."""
    source = bucket(server, {"in/a.csv": b"id,city\n1,Bonn\n2,Ulm\n3,Bonn\n"})
    out = bucket(server, stem="out")
    return source, out, glue_role(server, reads(source), writes(out))


def test_flights_are_joined_and_aggregated(server, unique):
    source, out = bucket(server, flights(1)), bucket(server, stem="out")
    nodes = {
        "f": csv_source(f"s3://{source}/flights/", Recurse=True, CompressionType="gzip"),
        "a": csv_source(f"s3://{source}/airlines/"),
        "tidy": {"ApplyMapping": {"Name": "tidy", "Inputs": ["f"], "Mapping": [
            {"FromPath": ["carrier"], "FromType": "string", "ToKey": "carrier", "ToType": "string"},
            {"FromPath": ["dep_delay"], "FromType": "string", "ToKey": "delay", "ToType": "double"}]}},
        "names": {"RenameField": {"Name": "names", "Inputs": ["a"], "SourcePath": ["carrier"], "TargetPath": ["code"]}},
        "joined": {"Join": {"Name": "joined", "Inputs": ["tidy", "names"], "JoinType": "equijoin", "Columns": [
            {"From": "tidy", "Keys": [["carrier"]]}, {"From": "names", "Keys": [["code"]]}]}},
        "sums": {"Aggregate": {"Name": "sums", "Inputs": ["joined"], "Groups": [["name"]], "Aggs": [
            {"Column": ["carrier"], "AggFunc": "count"}, {"Column": ["delay"], "AggFunc": "avg"}]}},
        "out": target(["sums"], f"s3://{out}/delays/"),
    }
    job = make_job(server, unique, glue_role(server, reads(source), writes(out)), nodes)
    done = run(server, job)
    assert done["JobRunState"] == "SUCCEEDED", done
    found = {row["name"]: row for row in report(server, out, "delays/")}

    names = {r["carrier"]: r["name"] for r in csv.DictReader(io.StringIO(flights()["airlines/airlines.csv"].decode()))}
    delays = collections.defaultdict(list)
    for row in rows(1):
        delays[names[row["carrier"]]].append(row["dep_delay"])
    assert found.keys() == delays.keys()
    for airline, values in delays.items():
        numbers = [float(v) for v in values if v not in ("", "NA")]
        assert int(found[airline]["count(carrier)"]) == len(values)
        assert float(found[airline]["avg(delay)"]) == pytest.approx(sum(numbers) / len(numbers))


def test_parquet_by_partition_with_the_catalog_kept_up(server, unique, plain):
    source, out, role = plain
    database = unique("db")
    glue = server.client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    policy = {"EnableUpdateCatalog": True, "UpdateBehavior": "UPDATE_IN_DATABASE", "Database": database, "Table": "t"}
    nodes = copy_nodes(source, out, "parquet", PartitionKeys=[["city"]], Compression="snappy", SchemaChangePolicy=policy)
    job = make_job(server, unique, role, nodes)
    done = run(server, job)
    assert done["JobRunState"] == "SUCCEEDED", done
    written = keys(server, out, "out/")
    assert {key.split("/")[1] for key in written} == {"city=Bonn", "city=Ulm"}
    assert all(key.endswith(".parquet") for key in written)
    table = glue.get_table(DatabaseName=database, Name="t")["Table"]
    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == ["id"]
    assert [k["Name"] for k in table["PartitionKeys"]] == ["city"]
    partitions = glue.get_partitions(DatabaseName=database, TableName="t", Expression="city = 'Bonn'")["Partitions"]
    assert [p["Values"] for p in partitions] == [["Bonn"]]

    # What a job wrote, a job reads: through the catalog.
    again = {
        "t": {"CatalogSource": {"Name": "t", "Database": database, "Table": "t", "PartitionPredicate": "city = 'Bonn'"}},
        "out": target(["t"], f"s3://{out}/again/"),
    }
    done = run(server, make_job(server, unique, role, again))
    assert done["JobRunState"] == "SUCCEEDED", done
    assert sorted((r["id"], r["city"]) for r in report(server, out, "again/")) == [("1", "Bonn"), ("3", "Bonn")]


def test_sql_and_json(server, unique, plain):
    source, out, role = plain
    nodes = {
        "in": csv_source(f"s3://{source}/in/"),
        "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlAliases": [{"From": "in", "Alias": "places"}],
                             "SqlQuery": "select city, count(*) as n from places group by city"}},
        "out": target(["sql"], f"s3://{out}/sql/", "json"),
    }
    done = run(server, make_job(server, unique, role, nodes))
    assert done["JobRunState"] == "SUCCEEDED", done
    text = "".join(server.client("s3").get_object(Bucket=out, Key=key)["Body"].read().decode()
                   for key in keys(server, out, "sql/"))
    assert sorted((r["city"], r["n"]) for r in map(json.loads, text.splitlines())) == [("Bonn", 2), ("Ulm", 1)]


def test_a_denied_run_fails_with_the_cause_and_leaves_nothing(server, unique, plain):
    source, out, role = plain
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(source)]})
    job = make_job(server, unique, role, copy_nodes(source, out))
    done = run(server, job)
    assert done["JobRunState"] == "FAILED"
    message = done["ErrorMessage"]
    assert "is not authorized to perform: s3:" in message and f"arn:aws:s3:::{out}" in message, message
    assert keys(server, out) == []
    request = message.split("request id ")[1][:36]
    explained = server.mastic("explain", request).stdout
    assert "DENIED" in explained and "s3:PutObject" in explained
    assert any("is not authorized" in line for line in lines(server, "/aws-glue/jobs/error", done["Id"]))

    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(source), writes(out)]})
    assert run(server, job)["JobRunState"] == "SUCCEEDED"
    assert len(report(server, out, "out/")) == 3
    history = server.client("glue").get_job_runs(JobName=job)["JobRuns"]
    assert [r["JobRunState"] for r in history] == ["SUCCEEDED", "FAILED"]


def test_across_accounts_both_sides_must_allow(server, unique):
    other = server.account("storage")
    source = bucket(server, {"in/a.csv": b"id\n1\n2\n"}, by=other)
    out = bucket(server, stem="out")
    role = glue_role(server, reads(source), writes(out))
    job = make_job(server, unique, role, copy_nodes(source, out))
    done = run(server, job)
    assert done["JobRunState"] == "FAILED"
    assert "no resource-based policy allows" in done["ErrorMessage"], done["ErrorMessage"]
    admit = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": ["s3:ListBucket", "s3:GetObject"],
             "Resource": [f"arn:aws:s3:::{source}", f"arn:aws:s3:::{source}/*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [admit]})
    server.client("s3", other).put_bucket_policy(Bucket=source, Policy=document)
    assert run(server, job)["JobRunState"] == "SUCCEEDED"


def test_a_session_policy_narrows_a_run(server, unique, plain):
    source, out, role = plain
    job = make_job(server, unique, role, copy_nodes(source, out))
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [reads(source)]})
    done = run(server, job, ExecutionRoleSessionPolicy=narrow)
    assert done["JobRunState"] == "FAILED" and "s3:" in done["ErrorMessage"]
    assert run(server, job)["JobRunState"] == "SUCCEEDED"


def slow(server, source, out):
    """Nodes that keep a run busy: a cross join by SQL."""
    rows = "id,city\n" + "".join(f"{n},x\n" for n in range(20_000))
    server.client("s3").put_object(Bucket=source, Key="in/b.csv", Body=rows.encode())
    query = "select a.id, b.id as other from t a cross join t b"
    return {
        "in": csv_source(f"s3://{source}/in/"),
        "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlAliases": [{"From": "in", "Alias": "t"}],
                             "SqlQuery": query}},
        "out": target(["sql"], f"s3://{out}/out/"),
    }


def running(server, job, run_id):
    def now():
        """the run is RUNNING"""
        state = server.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"]
        return state == "RUNNING"

    wait_for(now, 30)


def test_concurrency_and_stop(server, unique, plain):
    source, out, role = plain
    glue = server.client("glue")
    job = make_job(server, unique, role, slow(server, source, out))
    first = glue.start_job_run(JobName=job)["JobRunId"]
    running(server, job, first)
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException, match=f"Concurrent runs exceeded for {job}"):
        glue.start_job_run(JobName=job)
    queued = glue.start_job_run(JobName=job, JobRunQueuingEnabled=True)["JobRunId"]
    assert glue.get_job_run(JobName=job, RunId=queued)["JobRun"]["JobRunState"] == "WAITING"
    answer = glue.batch_stop_job_run(JobName=job, JobRunIds=[queued, first, "jr_nobody"])
    assert [s["JobRunId"] for s in answer["SuccessfulSubmissions"]] == [queued, first]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert ended(server, job, first)["JobRunState"] == "STOPPED"
    assert ended(server, job, queued)["JobRunState"] == "STOPPED"
    assert keys(server, out) == []


def test_a_stop_right_after_the_start_is_not_lost(server, unique, plain):
    source, out, role = plain
    glue = server.client("glue")
    job = make_job(server, unique, role, slow(server, source, out))
    for _ in range(10):
        started = glue.start_job_run(JobName=job)["JobRunId"]
        glue.batch_stop_job_run(JobName=job, JobRunIds=[started])
        assert ended(server, job, started)["JobRunState"] == "STOPPED"
    assert keys(server, out) == []


def test_a_queued_run_follows(server, unique, plain):
    source, out, role = plain
    glue = server.client("glue")
    job = make_job(server, unique, role, slow(server, source, out))
    first = glue.start_job_run(JobName=job)["JobRunId"]
    running(server, job, first)
    queued = glue.start_job_run(JobName=job, JobRunQueuingEnabled=True)["JobRunId"]
    glue.batch_stop_job_run(JobName=job, JobRunIds=[first])
    running(server, job, queued)
    glue.batch_stop_job_run(JobName=job, JobRunIds=[queued])
    assert ended(server, job, queued)["JobRunState"] == "STOPPED"


def test_failed_runs_are_retried(server, unique, plain):
    source, out, role = plain
    nodes = copy_nodes(source, out)
    nodes["in"]["S3CsvSource"]["Paths"] = [f"s3://{source}/nothing-here/"]
    job = make_job(server, unique, role, nodes, MaxRetries=1)
    first = run(server, job)
    assert first["JobRunState"] == "FAILED" and first["Attempt"] == 0

    def retried():
        """the second attempt has ended"""
        found = server.client("glue").get_job_runs(JobName=job)["JobRuns"]
        return found if len(found) == 2 and found[0]["JobRunState"] == "FAILED" else None

    second = wait_for(retried, 30)[0]
    assert (second["Attempt"], second["PreviousRunId"]) == (1, first["Id"])
    assert second["Id"] == f"{first['Id']}_attempt_1"


def test_a_server_killed_in_mid_run_resolves_it(own_server, unique):
    own_server.start()
    source, out = bucket(own_server, {"in/a.csv": b"id,city\n1,x\n"}), bucket(own_server, stem="out")
    role = glue_role(own_server, reads(source), writes(out))
    job = make_job(own_server, unique, role, slow(own_server, source, out))
    glue = own_server.client("glue")
    started = glue.start_job_run(JobName=job)["JobRunId"]
    running(own_server, job, started)
    own_server.kill()
    own_server.restart()
    done = ended(own_server, job, started)
    assert done["JobRunState"] == "FAILED"
    assert "The server stopped while the run was under way" in done["ErrorMessage"]
    assert keys(own_server, out) == []
    # The job can be run again: nothing of the lost run stands in the way.
    assert own_server.client("glue").start_job_run(JobName=job)["JobRunId"] != started


def test_definitions(server, unique, plain):
    source, out, role = plain
    glue = server.client("glue")
    nodes = copy_nodes(source, out)
    tag = unique("tag")
    job = make_job(server, unique, role, nodes, Tags={"team": tag}, WorkerType="G.1X", NumberOfWorkers=2, GlueVersion="4.0")
    found = glue.get_job(JobName=job)["Job"]
    assert found["CodeGenConfigurationNodes"] == nodes
    assert (found["MaxCapacity"], found["Timeout"], found["MaxRetries"], found["JobMode"]) == (2.0, 2880, 0, "VISUAL")
    assert glue.list_jobs(Tags={"team": tag})["JobNames"] == [job]
    assert glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:111122223333:job/{job}")["Tags"] == {"team": tag}
    update = {"Role": role, "Command": {"Name": "glueetl"}, "CodeGenConfigurationNodes": nodes, "Description": "new"}
    glue.update_job(JobName=job, JobUpdate=update)
    assert glue.get_job(JobName=job)["Job"]["Description"] == "new"
    assert glue.batch_get_jobs(JobNames=[job, "nobody"])["JobsNotFound"] == ["nobody"]
    assert glue.delete_job(JobName=job)["JobName"] == job
    assert glue.delete_job(JobName=job)["JobName"] == job
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job(JobName=job)


def test_errors(server, unique, plain):
    source, out, role = plain
    glue = server.client("glue")

    def refused(code, text, call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code, caught.value
        assert text in caught.value.response["Error"]["Message"]

    new = {"Name": unique("job"), "Role": role, "Command": {"Name": "glueetl"},
           "CodeGenConfigurationNodes": copy_nodes(source, out)}
    both = "Please do not set Max Capacity if using Worker Type and Number of Workers."
    refused("InvalidInputException", both, glue.create_job, **new, MaxCapacity=2.0, WorkerType="G.1X", NumberOfWorkers=2)
    code = {"c": {"EvaluateDataQuality": {"Name": "mine", "Inputs": ["in"], "Ruleset": "Rules = [RowCount > 0]"}}}
    text = "Node 'mine' (c) is of the kind EvaluateDataQuality, which Mastic does not run yet."
    refused("InvalidInputException", text, glue.create_job, **(new | {"CodeGenConfigurationNodes": code}))
    stranger = server.user({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}]})
    refused("AccessDeniedException", f"iam:PassRole on resource: {role}", server.client("glue", stranger).create_job, **new)
    refused("EntityNotFoundException", "Failed to start job run due to missing metadata.", glue.start_job_run, JobName="nobody")
    script = unique("job")
    glue.create_job(Name=script, Role=role, Command={"Name": "glueetl", "ScriptLocation": f"s3://{source}/s.py"})
    glue.update_job(JobName=script, JobUpdate={"Role": role, "Command": {"Name": "glueray", "ScriptLocation": f"s3://{source}/s.py"}})
    refused("InvalidInputException", "Mastic does not run Ray jobs", glue.start_job_run, JobName=script)
    cycle = copy_nodes(source, out)
    cycle["out"]["S3DirectTarget"]["Inputs"] = ["nowhere"]
    text = "Node 'out' (out): Its input nowhere does not exist."
    refused("InvalidInputException", text, glue.create_job, **(new | {"CodeGenConfigurationNodes": cycle}))


def test_a_run_outlives_its_credentials(own_server, unique):
    """Credentials of a run last an hour; a longer run gets new ones. Here they last two seconds."""
    lifetime = 2
    own_server.arguments = ["--run-session", str(lifetime)]
    own_server.start()
    source = bucket(own_server, {"in/numbers.csv": "n\n" + "".join(f"{n}\n" for n in range(240))})
    out = bucket(own_server, stem="out")
    numbers = ", ".join(f"(SELECT CAST(n AS BIGINT) AS n FROM t) {name}" for name in "abc")
    triples = f"SELECT count(*) AS triples FROM {numbers} WHERE (a.n * b.n + c.n) % 7 = 3"
    nodes = {
        "in": csv_source(f"s3://{source}/in/"),
        "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlAliases": [{"From": "in", "Alias": "t"}],
                             "SqlQuery": triples}},
        "out": target(["sql"], f"s3://{out}/out/"),
    }
    job = make_job(own_server, unique, glue_role(own_server, reads(source), writes(out)), nodes)
    done = run(own_server, job, timeout=120)
    assert done["JobRunState"] == "SUCCEEDED", done.get("ErrorMessage")
    assert (done["CompletedOn"] - done["StartedOn"]).total_seconds() > lifetime
    assert len(report(own_server, out, "out/")) == 1
