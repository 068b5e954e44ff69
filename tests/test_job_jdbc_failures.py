"""Runs on databases that fail: nothing is left in the database, the cause is told, and no secret with it. And large ones."""

import contextlib
import json
import os
import signal

import pytest

from databases import HOST, PASSWORD, MariaDb, Postgres, authority, folder, mariadb, postgres, running, watched  # noqa: F401
from harness import statement, wait_for
from jdbc import Place
from pipeline import ended, glue_role, put_policy

MANY = 50_000
LATE = "the-late-one"


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def place(request, server):
    return Place(server, request.getfixturevalue(request.param))


def plain(database, port):
    """Properties of a connection through another port, which is not encrypted."""
    parameter = "sslmode=disable" if database.engine == "postgresql" else "useSSL=false"
    return database.properties(JDBC_CONNECTION_URL=f"jdbc:{database.engine}://{HOST}:{port}/nyc?{parameter}")


def many(place):
    """A source of many rows, of which the last has another text."""
    return place.put([{"id": n, "text": LATE if n == MANY - 1 else f"row {n}"} for n in range(MANY)])


def runners(server):
    """The processes of runs that are at work."""
    pid = server.process.pid
    return [int(child) for task in os.listdir(f"/proc/{pid}/task") for child in open(f"/proc/{pid}/task/{task}/children").read().split()]


def test_a_bad_row_late_in_the_data(place):
    table = place.unique("narrow")
    place.sql(f"CREATE TABLE {table} (id int, text varchar(11))")
    place.sql(f"INSERT INTO {table} VALUES (0, 'before')")
    other = place.unique("other")
    nodes = {"in": many(place), "out": place.into(table), "other": place.into(other, name="other")}
    cause = place.failure(nodes)
    assert f"node `out`: table {table} of the connection `{place.connection}`: row " in cause, cause
    assert ("value too long" if place.database.engine == "postgresql" else "Data too long for column 'text'") in cause
    assert place.rows(f"SELECT * FROM {table}") == [("0", "before")]
    # The other target's table was made for the run, and went with it.
    name = f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{other}'"
    assert place.rows(name) == [("0",)]


def test_another_target_fails(place):
    """A database's rows are committed when all targets are written."""
    table = place.unique("first")
    other = {"S3DirectTarget": {"Name": "s3", "Inputs": ["in"], "Path": "s3://no-such-bucket-anywhere/x/", "Format": "json"}}
    cause = place.failure({"in": many(place), "a": place.into(table), "s3": other})
    assert "no-such-bucket-anywhere" in cause
    assert place.rows(f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{table}'") == [("0",)]


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_the_runner_is_ended_while_it_writes(place, end):
    table = place.unique("cut")
    place.sql(f"CREATE TABLE {table} (id int, text varchar(100))")
    job, runs = None, []

    def then():
        if end == "stopped":
            place.glue.batch_stop_job_run(JobName=job, JobRunIds=runs)
        else:
            for pid in runners(place.server):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    with watched(place.database, LATE.encode(), then) as port:
        usual, place.connection = place.connection, place.connect(plain(place.database, port))
        job = place.job({"in": many(place), "out": place.into(table)})
        place.connection = usual
        runs.append(place.glue.start_job_run(JobName=job)["JobRunId"])
        run = ended(place.server, job, runs[0])
    assert run["JobRunState"] == ("STOPPED" if end == "stopped" else "FAILED")
    assert place.rows(f"SELECT count(*) FROM {table}") == [("0",)]
    again = place.job({"in": many(place), "out": place.into(table)})
    assert ended(place.server, again, place.glue.start_job_run(JobName=again)["JobRunId"])["JobRunState"] == "SUCCEEDED"
    assert place.rows(f"SELECT count(*), min(id), max(id) FROM {table}") == [(f"{MANY}", "0", f"{MANY - 1}")]


@pytest.mark.parametrize("kind", [Postgres, MariaDb])
def test_the_database_is_killed(server, unique, folder, kind):
    with running(kind(folder / unique("killed"))) as database:
        place = Place(server, database)
        with watched(database, LATE.encode(), database.kill) as port:
            place.connection = place.connect(plain(database, port))
            cause = place.failure({"in": many(place), "out": place.into("rows_of_run")})
        assert f"table rows_of_run of the connection `{place.connection}`: " in cause, cause
        cause = place.failure({"in": place.connector(ConnectionTable="rows_of_run"), "out": place.into("elsewhere")})
        assert f"the connection `{place.connection}` failed: " in cause, cause


def test_connections_that_fail(place):
    database, out = place.database, {"out": place.into("elsewhere")}
    usual = place.connection
    closed = f"jdbc:{database.engine}://{HOST}:1/nyc"
    for changed, said in [
        ({"PASSWORD": "wrong-4711"}, "login"),
        ({"JDBC_CONNECTION_URL": closed}, "TCP"),
        ({"JDBC_CONNECTION_URL": closed.replace(HOST, "no-such-host.invalid")}, "DNS"),
        ({"JDBC_ENFORCE_SSL": "true"}, "TLS"),
        ({"JDBC_CONNECTION_URL": database.url + "?connectTimeout=x"}, "connectTimeout"),
    ]:
        place.connection = place.connect(database.properties(**changed))
        try:
            cause = place.failure({"in": place.connector(ConnectionTable="orders")} | out)
        finally:
            name, place.connection = place.connection, usual
        assert f"node `in`: the connection `{name}` failed: " in cause and said in cause, cause
        assert "wrong-4711" not in cause
    cause = place.failure({"in": place.connector(ConnectionTable="t", ConnectionName="no-such-connection")} | out)
    assert "no-such-connection" in cause and "EntityNotFoundException" in cause


def test_a_role_that_may_not_get_the_connection(place, server):
    role = glue_role(server)
    put_policy(server, role, statement("glue:GetConnection", effect="Deny"))
    ended = place.run({"in": place.connector(ConnectionTable="t"), "out": place.into("elsewhere")}, role)
    cause = ended["ErrorMessage"]
    assert cause.startswith("Error Category: PERMISSION_ERROR"), cause
    assert "glue:GetConnection" in cause and "explicit deny" in cause


def test_a_table_that_cannot_take_rows_back(mariadb, server):
    place = Place(server, mariadb)
    place.sql("CREATE TABLE unsafe (id int) ENGINE=MyISAM")
    cause = place.failure({"in": place.put([{"id": 1}]), "out": place.into("unsafe")})
    assert "its storage engine MyISAM has no transactions" in cause
    nested = place.failure({"in": place.put([{"a": {"b": 1}}]), "out": place.into("elsewhere")})
    assert "the column `a`: a database holds no structs" in nested
    lists = place.failure({"in": place.put([{"a": [1]}]), "out": place.into("elsewhere")})
    assert "the column `a`: MySQL has no type for `array<" in lists


def test_what_is_refused_when_the_job_is_made(place):
    source = {"Name": "in", "Database": "d", "Table": "t"}
    direct = {"DirectJDBCSource": source | {"ConnectionName": "c", "ConnectionType": "oracle"}}
    data = {"ConnectorDataSource": {"Name": "in", "ConnectionType": "snowflake", "Data": {"connectionName": "c"}}}
    spark = {"SparkConnectorSource": {"Name": "in", "ConnectionName": "c", "ConnectorName": "c", "ConnectionType": "custom.spark"}}
    for node, named in [(direct, "oracle"), (data, "snowflake"), (spark, "SparkConnectorSource"),
                        ({"OracleSQLCatalogSource": source}, "OracleSQLCatalogSource"),
                        ({"MicrosoftSQLServerCatalogSource": source}, "MicrosoftSQLServerCatalogSource")]:  # fmt: skip
        with pytest.raises(place.glue.exceptions.InvalidInputException) as refused:
            place.job({"in": node, "out": place.into("elsewhere")})
        assert named in refused.value.response["Error"]["Message"]


def test_a_million_rows_in_little_memory(place):
    """Read and written again in a fraction of the rows' size."""
    table, rows = place.unique("million"), 1_000_000
    numbers = "generate_series(1, 1000000)" if place.database.engine == "postgresql" else "seq_1_to_1000000"
    number = "n" if place.database.engine == "postgresql" else "seq"
    alias = " n" if number == "n" else ""
    text = f"concat(repeat('x', 200), {number})"
    place.sql(f"CREATE TABLE {table} AS SELECT {number} AS id, {text} AS text FROM {numbers}{alias}")
    peak = [0]

    def over():
        """the run has ended"""
        for pid in runners(place.server):
            with contextlib.suppress(OSError):
                status = open(f"/proc/{pid}/status").read()
                used = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
                peak[0] = max(peak + used)
        found = place.glue.get_job_run(JobName=job, RunId=run)["JobRun"]
        return found if found["JobRunState"] not in ("STARTING", "RUNNING", "WAITING") else None

    options = {"PartitionColumn": "id", "LowerBound": 0, "UpperBound": rows, "NumPartitions": 4}
    source = place.connector(ConnectionTable=table, AdditionalOptions=options)
    job = place.job({"in": source, "out": place.into(f"{table}_copy")})
    run = place.glue.start_job_run(JobName=job, Arguments={"--run-memory": "300m"})["JobRunId"]
    found = wait_for(over, timeout=240)
    assert found["JobRunState"] == "SUCCEEDED", found["ErrorMessage"]
    assert place.rows(f"SELECT count(*), sum(id) FROM {table}_copy") == [(f"{rows}", f"{rows * (rows + 1) // 2}")]
    # Kilobytes, of memory that is no file's.
    assert 0 < peak[0] < 200_000, peak
    place.sql(f"DROP TABLE {table}; DROP TABLE {table}_copy")
