"""Runs on databases: over how many connections they read, and what is told of what cannot be taken back."""

import copy

import deltalake
import pytest

from databases import authority, folder, mariadb, postgres, watched  # noqa: F401
from jdbc import Place
from lakes import Lake, table
from pipeline import lines, run
from test_job_jdbc_failures import plain


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def place(request, server):
    return Place(server, request.getfixturevalue(request.param))


def through(place, port):
    """The same place, reached through another port."""
    other = copy.copy(place)
    other.connection = place.connect(plain(place.database, port))
    return other


def test_parts_share_connections(place):
    source = place.unique("parts")
    place.sql(f"CREATE TABLE {source} (id int); INSERT INTO {source} VALUES " + ", ".join(f"({n})" for n in range(500)))
    connections = []
    with watched(place.database, connections=connections) as port:
        there = through(place, port)
        options = {"PartitionColumn": "id", "LowerBound": 0, "UpperBound": 500, "NumPartitions": 100}
        found = there.read(there.connector(ConnectionTable=source, AdditionalOptions=options))
    assert sorted(row["id"] for row in found) == list(range(500))
    # One looks at the table, and eight read it.
    assert 2 <= len(connections) <= 9


def test_bad_numbers_are_named(place):
    kind, out = place.database.engine, {"out": place.into("elsewhere")}
    for given, said in [
        ({"hashfield": "a", "hashpartitions": "0"}, "`hashpartitions` is a whole number above zero, not `0`"),
        ({"hashfield": "a", "hashpartitions": "-3"}, "`hashpartitions` is a whole number above zero, not `-3`"),
        ({"hashfield": "a", "hashpartitions": "many"}, "`hashpartitions` is a whole number above zero, not `many`"),
        ({"hashfield": "a", "hashexpression": "b"}, "`hashexpression` and `hashfield` exclude each other"),
        ({"fetchsize": "x"}, "the option `fetchsize` is a whole number, not `x`"),
        ({"query": "SELECT 1"}, "one of `dbtable` and `query` is wanted"),
    ]:
        data = {"connectionName": place.connection, "dbtable": "t"} | given
        cause = place.failure({"in": {"ConnectorDataSource": {"Name": "in", "ConnectionType": kind, "Data": data}}} | out)
        assert f"node `in`: {said}" in cause, cause
    options = {"PartitionColumn": "id", "LowerBound": 0, "UpperBound": 9, "NumPartitions": 0}
    cause = place.failure({"in": place.connector(ConnectionTable="t", AdditionalOptions=options)} | out)
    assert "`NumPartitions` is a number above zero, not `0`" in cause
    data = {"connectionName": place.connection, "dbtable": "t", "batchsize": "0"}
    target = {"ConnectorDataTarget": {"Name": "out", "Inputs": ["in"], "ConnectionType": kind, "Data": data}}
    cause = place.failure({"in": place.put([{"id": 1}]), "out": target})
    assert "the option `batchsize` is a whole number above zero, not `0`" in cause


def spoiled(place):
    """Nodes that make a table in the database and then fail on another one."""
    narrow, made = place.unique("narrow"), place.unique("made")
    place.sql(f"CREATE TABLE {narrow} (id int, text varchar(3))")
    rows = place.put([{"id": 1, "text": "abcd"}])
    return made, {"in": rows, "out": place.into(narrow), "made": place.into(made, name="made")}


def warnings(place, run):
    return "\n".join(lines(place.server, "/aws-glue/jobs/error", run["Id"]))


def tables(place, table):
    return place.rows(f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{table}'")


def test_what_cannot_be_taken_back_is_told(place):
    with watched(place.database, b"ROLLBACK") as port:
        there = through(place, port)
        made, nodes = spoiled(there)
        run = there.run(nodes)
    assert run["JobRunState"] == "FAILED" and "too long" in run["ErrorMessage"]
    told = warnings(place, run)
    assert f"The connection `{there.connection}` failed while what the run wrote through it was taken back: " in told
    assert "The database drops the open transaction" in told and "may be left" not in told
    # A new connection drops what was made.
    assert tables(place, made) == [("0",)]


def test_tables_that_are_left_are_named(mariadb, server):
    place = Place(server, mariadb)
    with watched(mariadb, b"DROP TABLE") as port:
        there = through(place, port)
        made, nodes = spoiled(there)
        run = there.run(nodes)
    assert run["JobRunState"] == "FAILED"
    told = warnings(place, run)
    assert "Tables that were made for this run may be left: " in told and made in told
    assert tables(place, made) == [("1",)]
    place.sql(f"DROP TABLE {made}")


def test_what_a_run_has_committed_is_told_when_its_other_output_is_lost(server, unique, postgres):
    lake, place = Lake(server, unique), Place(server, postgres)
    into = {"Path": lake.url("t/"), "Format": "delta", "Compression": "snappy", "Name": "lake", "Inputs": ["in"]}
    source, rows = lake.put(table(id=[1, 2])), place.unique("committed")
    lake.done(source, {"S3DeltaDirectTarget": into})

    def meanwhile():
        deltalake.write_deltalake(lake.url("t"), table(id=[3]), mode="append", storage_options=lake.options)

    with watched(postgres, b"COMMIT", meanwhile, passes=True) as port:
        there = through(place, port)
        ended = run(server, lake.job({"in": source, "lake": {"S3DeltaDirectTarget": into}, "out": there.into(rows)}))
    assert ended["JobRunState"] == "FAILED"
    text = (f"What the run wrote into databases, through `{there.connection}`, is committed there, and a further run writes it "
            "again; nothing else of its output was kept. Run the job again.")  # fmt: skip
    assert text in ended["ErrorMessage"]
    assert place.rows(f"SELECT count(*) FROM {rows}") == [("2",)]
    found = deltalake.DeltaTable(lake.url("t"), storage_options=lake.options).to_pyarrow_table()
    assert found.num_rows == 3
