"""Scripts on databases: by connections of the catalog and by URLs, tables, queries, sinks, Redshift's actions."""

import json

import pytest

from databases import HOST, authority, folder, mariadb, postgres  # noqa: F401
from harness import name
from jdbc import Place
from script_context import Bench


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def place(request, server):
    """A table of towns."""
    database = request.getfixturevalue(request.param)
    database.sql("CREATE TABLE towns (id int PRIMARY KEY, town varchar(20), price decimal(10,2))")
    database.sql("INSERT INTO towns VALUES (1, 'Rome', 1.50), (2, 'Oslo', 2.50), (3, NULL, NULL)")
    return Place(server, database)


def arguments(place):
    properties = place.database.properties()
    return {
        "--kind": place.database.engine,
        "--connection": place.connection,
        "--url": properties["JDBC_CONNECTION_URL"],
        "--user": properties["USERNAME"],
        "--password": properties["PASSWORD"],
    }


def test_tables_and_queries(bench, place):
    out = bench.go("""
        kind = given["--kind"]
        by_name = {"connectionName": given["--connection"], "useConnectionProperties": "true"}
        by_url = {"url": given["--url"], "user": given["--user"], "password": given["--password"]}
        for options in (by_name, by_url):
            told(glue.create_dynamic_frame.from_options(kind, options | {"dbtable": "towns"}))
        query = {"query": "SELECT max(id) AS most FROM towns"}
        told(glue.create_dynamic_frame.from_options(connection_type=kind, connection_options=by_url | query))
        conf = glue.extract_jdbc_conf(given["--connection"])
        print(conf["user"] == given["--user"], conf["fullUrl"] == given["--url"], conf["vendor"], conf["enforceSSL"])
        fails(glue.create_dynamic_frame.from_options, kind, by_url | {"dbtable": "nowhere"})
        fails(glue.create_dynamic_frame.from_options, kind, by_url | {"dbtable": "towns", "password": "wrong"})
        fails(glue.create_dynamic_frame.from_options, kind, by_name | {"dbtable": "towns", "colour": "red"})
    """, arguments(place)).succeeded()
    towns = [
        {"id": 1, "town": "Rome", "price": "1.50"},
        {"id": 2, "town": "Oslo", "price": "2.50"},
        {"id": 3, "town": None, "price": None},
    ]
    assert [json.loads(line) for line in out[:3]] == [towns, towns, [{"most": 3}]]
    assert out[3].startswith("True True ")
    assert "nowhere" in out[4]
    assert "CONNECTION" in out[5] and place.database.properties()["PASSWORD"] not in out[5]
    assert out[6] == "OperationNotSupportedException UNSUPPORTED_OPERATION_ERROR the option `colour` is not supported"


def test_sinks(bench, place):
    table = place.unique("made")
    out = bench.go("""
        rows = spark.createDataFrame([(1, "a"), (2, None)], "id int, what string")
        frame = DynamicFrame.fromDF(rows, glue, "rows")
        into = {"dbtable": given["--table"]}
        glue.write_dynamic_frame.from_jdbc_conf(frame, given["--connection"], into)
        by_url = {"url": given["--url"], "user": given["--user"], "password": given["--password"]}
        glue.write_dynamic_frame.from_options(frame, given["--kind"], by_url | into)
        # What is written can be read at once, as on Glue.
        told(glue.create_dynamic_frame.from_options(given["--kind"], by_url | into))
    """, arguments(place) | {"--table": table}).succeeded()
    assert [row["id"] for row in json.loads(out[0])] == [1, 1, 2, 2]
    assert len(place.rows(f"SELECT id FROM {table}")) == 4


def test_bookmarks_by_keys(bench, place):
    table = place.unique("grows")
    place.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, town varchar(20)); INSERT INTO {table} VALUES (1, 'a'), (2, 'b')")
    job = bench.job("""
        options = {"connectionName": given["--connection"], "dbtable": given["--table"], "jobBookmarkKeys": ["id"],
                   "jobBookmarkKeysSortOrder": "asc"}
        told(glue.create_dynamic_frame.from_options(given["--kind"], options, transformation_ctx="grows"), "id")
        job.commit()
    """, arguments(place) | {"--table": table, "--job-bookmark-option": "job-bookmark-enable"})
    assert bench.again(job).succeeded() == ['[{"id": 1}, {"id": 2}]']
    place.sql(f"INSERT INTO {table} VALUES (5, 'c')")
    assert bench.again(job).succeeded() == ['[{"id": 5}]']
    assert bench.again(job).succeeded() == ["[]"]


def test_a_sink_of_a_connection_type(bench, place):
    table = place.unique("sunk")
    bench.go("""
        by_name = {"connectionName": given["--connection"], "dbtable": given["--table"]}
        sink = glue.getSink(given["--kind"], **by_name)
        sink.writeFrame(DynamicFrame.fromDF(spark.range(2), glue, "n"))
        empty = spark.range(2).where("id > 9")
        glue.write_dynamic_frame.from_options(DynamicFrame.fromDF(empty, glue, "none"), given["--kind"], by_name)
    """, arguments(place) | {"--table": table}).succeeded()
    assert len(place.rows(f"SELECT id FROM {table}")) == 2


@pytest.fixture(scope="module")
def redshift(server, postgres):  # noqa: F811
    url = f"jdbc:redshift://{HOST}:{postgres.port}/nyc"
    return Place(server, postgres, postgres.properties(JDBC_CONNECTION_URL=url))


def test_redshift(bench, redshift):
    """PostgreSQL stands in for Redshift: its actions are statements that run with the rows."""
    table = redshift.unique("orders")
    redshift.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, text varchar(20)); INSERT INTO {table} VALUES (1, 'one'), (2, 'two')")
    out = bench.go("""
        rows = spark.createDataFrame([(2, "deux"), (4, "quatre")], "id int, text string")
        frame = DynamicFrame.fromDF(rows, glue, "rows")
        table, by = given["--table"], {"redshiftTmpDir": target + "/tmp/", "useConnectionProperties": "true",
                                       "connectionName": given["--connection"]}
        staging = f"public.{table}_staging"
        merge = (f"BEGIN; DELETE FROM public.{table} USING {staging} WHERE public.{table}.id = {staging}.id; "
                 f"INSERT INTO public.{table} SELECT * FROM {staging}; DROP TABLE {staging}; END;")
        glue.write_dynamic_frame.from_options(
            frame, "redshift", by | {"dbtable": staging, "postactions": merge,
                                     "preactions": f"CREATE TABLE {staging} (id int, text varchar(20));"})
        told(glue.create_dynamic_frame.from_options("redshift", by | {"dbtable": f"public.{table}"}))
        glue.write_dynamic_frame.from_jdbc_conf(
            frame, given["--connection"], {"dbtable": f"public.{table}", "preactions": f"TRUNCATE TABLE public.{table};"},
            redshift_tmp_dir=target + "/tmp/")
    """, {"--table": table, "--connection": redshift.connection}).succeeded()
    assert json.loads(out[0]) == [{"id": 1, "text": "one"}, {"id": 2, "text": "deux"}, {"id": 4, "text": "quatre"}]
    assert redshift.rows(f"SELECT id FROM {table} ORDER BY id") == [("2",), ("4",)]
