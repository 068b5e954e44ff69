"""SQL commands over Sail, as Spark answers them."""

import pytest

from mastic_host import commands

pysail = pytest.importorskip("pysail.spark")


@pytest.fixture(scope="module")
def session():
    from pyspark.sql.connect.session import SparkSession

    server = pysail.SparkConnectServer()
    server.start(background=True)
    made = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").create()
    yield made
    made.stop()
    server.stop()


@pytest.fixture
def sql(session):
    def set_option(active, key, value):
        active.conf.set(key, value)

    asked = commands.answering(type(session).sql, set_option)
    return lambda text, *arguments: asked(session, text, *arguments)


def silent(frame):
    return (frame.columns, frame.count(), frame.collect()) == ([], 0, [])


def test_commands_answer_nothing(sql, tmp_path):
    assert silent(sql(f"/* by a tool */ create table a using parquet location '{tmp_path}/a' as select 1 as x"))
    assert silent(sql("-- more\n  INSERT INTO a VALUES (2)"))
    assert [row.x for row in sql("select x from a order by x").collect()] == [1, 2]
    assert silent(sql("refresh table a")) and silent(sql("cache table a")) and silent(sql("uncache table a"))
    assert silent(sql("create or replace temporary view v as select * from a"))
    assert sql("select * from v").count() == 2
    assert silent(sql("drop table if exists a"))


def test_use_and_set(sql, session):
    before = session.catalog.currentDatabase()
    assert silent(sql("create database shop"))
    assert silent(sql("use shop;"))
    assert session.catalog.currentDatabase() == "shop"
    assert silent(sql(f"USE DATABASE {before}"))
    assert session.catalog.currentDatabase() == before
    answered = sql("set spark.sql.ansi.enabled = true").collect()
    assert [tuple(row) for row in answered] == [("spark.sql.ansi.enabled", "true")]
    assert session.conf.get("spark.sql.ansi.enabled") == "true"


def test_queries_are_left_alone(sql):
    assert sql("select 'drop' as a").collect()[0].a == "drop"
    assert sql("select :n as n", {"n": 3}).collect()[0].n == 3
    assert sql("with a as (select 1 as x) select * from a").columns == ["x"]
    assert sql("show tables").columns == ["namespace", "tableName", "isTemporary"]


def test_views_are_replaced(sql):
    for value in (1, 2):
        assert silent(sql(f"create or replace view w as select {value} as x"))
    assert sql("select x from w").collect()[0].x == 2
