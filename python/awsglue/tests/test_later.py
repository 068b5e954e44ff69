"""When Spark needs rows that are not there yet."""

import threading
from types import SimpleNamespace

import pytest

from awsglue import _later


@pytest.mark.parametrize(
    "text, query",
    [
        ("select * from a", True),
        ("  /* why */ -- so\n(SELECT 1)", True),
        ("with b as (select * from a) select * from b", True),
        ("with b as (select * from a) insert into c select * from b", False),
        ("from a insert overwrite c select *", False),
        ("create or replace temporary view c as select * from a", False),
        ("cache table a", False),
        ("", False),
    ],
)
def test_queries_alone_need_none(text, query):
    assert _later._is_query(SimpleNamespace(sql=text, input=SimpleNamespace(sql=SimpleNamespace(query="")))) == query


class Runner:
    """A bridge that counts."""

    def __init__(self):
        self.asked = []

    def ask(self, path, request):
        self.asked.append((path, request["source"]))
        return {"errors": None}


def test_rows_are_asked_for_once():
    runner = Runner()
    later = _later.Later(runner, 3, "file:///scratch/read-3")
    threads = [threading.Thread(target=later.filled) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert later.filled() == {"errors": None}
    assert runner.asked == [("/fill", 3)]


def test_a_plan_needs_what_it_reads(spark, monkeypatch):
    mine, other = (_later.Later(Runner(), number, f"file:///scratch/read-{number}") for number in (1, 2))
    monkeypatch.setattr(_later, "_waiting", {mine, other})
    monkeypatch.setattr(_later, "_viewed", {b"somewhere": {other}})

    def needed(frame):
        return _later._needed(frame._plan.to_proto(spark.client))

    reads = spark.read.format("arrow").schema("a int")
    assert needed(reads.load("file:///scratch/read-1")) == {mine}
    assert needed(spark.range(3)) == set()
    assert needed(spark.table("Somewhere")) == {other}
    assert needed(spark.table("elsewhere")) == set()
    assert needed(reads.load("file:///scratch/read-1").join(spark.table("somewhere"), "a")) == {mine, other}
