"""Why runs fail: the root cause stands in the run's message, its sort first, and in the error log."""

import gzip
import json

import pytest

from harness import statement, wait_for
from pipeline import bucket, glue_role, keys, lines, put_policy, reads, run, writes


def csv_source(path):
    return {"S3CsvSource": {"Name": "in", "Paths": [path], "Separator": "comma", "QuoteChar": "quote", "WithHeader": True}}


def nodes(source, out, reader=None, query=None):
    """A source, SQL if there is some, and a target."""
    found = {"in": reader or csv_source(f"s3://{source}/in/")}
    if query:
        found["sql"] = {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlQuery": query,
                                     "SqlAliases": [{"From": "in", "Alias": "t"}]}}
    last = "sql" if query else "in"
    found["out"] = {"S3DirectTarget": {"Name": "out", "Inputs": [last], "Path": f"s3://{out}/out/", "Format": "json"}}
    return found


class Place:
    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.source = bucket(server, {"in/a.csv": b"id,city\n1,Bonn\n2,Ulm\n"})
        self.out = bucket(server, stem="out")
        self.role = glue_role(server, reads(self.source), writes(self.out))

    def put(self, key, body):
        self.server.client("s3").put_object(Bucket=self.source, Key=key, Body=body)

    def failure(self, graph, category, job=None, **more):
        """Runs a job that fails in this way and leaves nothing: the message's rest."""
        name = self.unique("job")
        self.server.client("glue").create_job(
            Name=name, Role=self.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=graph, **(job or {}))
        done = run(self.server, name, **more)
        assert done["JobRunState"] == "FAILED", done
        beginning, _, cause = done["ErrorMessage"].partition("; ")
        assert beginning == f"Error Category: {category}", done["ErrorMessage"]
        logged = lines(self.server, "/aws-glue/jobs/error", done["Id"])
        assert any(cause in line for line in logged), (cause, logged)
        assert keys(self.server, self.out) == []
        return cause


@pytest.fixture
def place(server, unique):
    return Place(server, unique)


def test_a_denied_read(place):
    put_policy(place.server, place.role, {"Version": "2012-10-17", "Statement": [
        statement("s3:ListBucket", f"arn:aws:s3:::{place.source}")["Statement"][0], writes(place.out)]})
    cause = place.failure(nodes(place.source, place.out), "PERMISSION_ERROR")
    assert f"is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::{place.source}/in/a.csv\"" in cause
    assert "because no identity-based policy allows the s3:GetObject action" in cause


def test_a_denied_write(place):
    put_policy(place.server, place.role, {"Version": "2012-10-17", "Statement": [reads(place.source)]})
    cause = place.failure(nodes(place.source, place.out), "PERMISSION_ERROR")
    assert "is not authorized to perform: s3:PutObject" in cause and f"arn:aws:s3:::{place.out}/out/" in cause


def test_a_denied_table(place):
    graph = nodes(place.source, place.out, {"CatalogSource": {"Name": "in", "Database": "d", "Table": "t"}})
    denial = statement("glue:GetTable", "*", "Deny")["Statement"][0]
    put_policy(place.server, place.role, {"Version": "2012-10-17", "Statement": [writes(place.out), denial]})
    cause = place.failure(graph, "PERMISSION_ERROR")
    assert "is not authorized to perform: glue:GetTable on resource: arn:aws:glue:us-east-1:" in cause
    assert "with an explicit deny in an identity-based policy" in cause


def test_a_session_policy_is_named(place):
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [
        statement("logs:*")["Statement"][0], reads(place.source)]})
    cause = place.failure(nodes(place.source, place.out), "PERMISSION_ERROR", ExecutionRoleSessionPolicy=narrow)
    assert "s3:PutObject" in cause and "because no session policy allows the s3:PutObject action" in cause


def test_a_role_that_no_longer_trusts(place):
    iam, name = place.server.client("iam"), place.unique("job")
    place.server.client("glue").create_job(
        Name=name, Role=place.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes(place.source, place.out))
    iam.update_assume_role_policy(RoleName=place.role.rsplit("/", 1)[-1], PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    done = run(place.server, name)
    assert done["ErrorMessage"].startswith(f"Error Category: PERMISSION_ERROR; Glue could not assume the role {place.role}")
    assert (done["ExecutionTime"], done["DPUSeconds"]) == (0, 0.0)


def test_what_is_not_there(place):
    gone = nodes(place.source, place.out, csv_source(f"s3://{place.source}/nothing/"))
    assert f"s3://{place.source}/nothing/" in place.failure(gone, "RESOURCE_NOT_FOUND_ERROR")
    nobody = place.unique("nobody")
    put_policy(place.server, place.role, {"Version": "2012-10-17", "Statement": [
        reads(place.source, nobody), writes(place.out)]})
    cause = place.failure(nodes(place.source, place.out, csv_source(f"s3://{nobody}/in/")), "RESOURCE_NOT_FOUND_ERROR")
    assert nobody in cause and "NoSuchBucket" in cause
    table = {"CatalogSource": {"Name": "in", "Database": "nowhere", "Table": "t"}}
    cause = place.failure(nodes(place.source, place.out, table), "RESOURCE_NOT_FOUND_ERROR")
    assert "nowhere" in cause and "EntityNotFoundException" in cause


def test_bad_files_are_named_with_the_record(place):
    json_source = {"S3JsonSource": {"Name": "in", "Paths": [f"s3://{place.source}/j/"]}}
    place.put("j/ok.json", b'{"a": 1}\n')
    for bad, why in [(b'{"a": ', "record 3: it is cut off"), (b'{"a": x}\n{"a": 4}', "record 3: expected value"),
                     (b"7", "record 3: it is not an object")]:
        place.put("j/bad.json", b'{"a": 1}\n{"a": 2}\n' + bad + b"\n")
        cause = place.failure(nodes(place.source, place.out, json_source), "UNCLASSIFIED_ERROR")
        assert f"`s3://{place.source}/j/bad.json`: {why}" in cause, cause
    place.put("p/bad.parquet", b"PAR1 this is no such file PAR1")
    parquet = {"S3ParquetSource": {"Name": "in", "Paths": [f"s3://{place.source}/p/"]}}
    cause = place.failure(nodes(place.source, place.out, parquet), "UNCLASSIFIED_ERROR")
    assert f"`s3://{place.source}/p/bad.parquet`" in cause, cause
    place.put("z/bad.csv.gz", gzip.compress(b"id,city\n" + b"1,x\n" * 1000)[:-20])
    packed = csv_source(f"s3://{place.source}/z/")
    packed["S3CsvSource"]["CompressionType"] = "gzip"
    cause = place.failure(nodes(place.source, place.out, packed), "UNCLASSIFIED_ERROR")
    assert f"`s3://{place.source}/z/bad.csv.gz`" in cause, cause


def test_sql_that_does_not_fit(place):
    cause = place.failure(nodes(place.source, place.out, query="select town from t"), "QUERY_ERROR")
    assert cause.startswith("AnalysisException: node `sql`") and "town" in cause
    cause = place.failure(nodes(place.source, place.out, query="selec id from t"), "QUERY_ERROR")
    assert cause.startswith("AnalysisException: ") and "selec" in cause
    unknown = nodes(place.source, place.out, query="select no_such_function(id) from t")
    assert "no_such_function" in place.failure(unknown, "UNSUPPORTED_OPERATION_ERROR")


def test_disk(place):
    """What does not fit into a run's memory takes more disk than it may have."""
    rows = b"".join(b"%d,%s%d\n" % (n * 7919 % 600_011, b"w" * 60, n) for n in range(600_000))
    place.put("in/b.csv.gz", gzip.compress(b"id,city\n" + rows, 1))
    cause = place.failure(nodes(place.source, place.out, query="select * from t order by city, id"), "DISK_NO_SPACE_ERROR",
                          timeout=120, Arguments={"--run-memory": "200m", "--run-disk": "1m"})
    assert "takes more than 1024.0 KB of disk" in cause, cause
    wait_for(lambda: not list((place.server.data / "scratch").glob("*")))


def test_memory(place):
    """A run that takes more than it has is ended; one whose work cannot spill says so itself."""
    taking = "select length(repeat(city, 400000000)) n from t"
    cause = place.failure(nodes(place.source, place.out, query=taking), "OUT_OF_MEMORY_ERROR",
                          Arguments={"--run-memory": "300m"})
    assert "of memory; its limit is 300 MB (--run-memory)." in cause
    place.put("in/b.csv", b"id,city\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(200_000)))
    hoarding = "select array_agg(a.city || b.city) l from t a join t b on substr(a.id, 1, 2) = substr(b.id, 1, 2)"
    cause = place.failure(nodes(place.source, place.out, query=hoarding), "OUT_OF_MEMORY_ERROR",
                          job={"DefaultArguments": {"--run-memory": "200m"}}, timeout=120)
    assert "memory limit is reached" in cause or "its limit is 200 MB" in cause
