"""What is read out of SQL statements."""

import doctest

import pytest

from mastic_host import iceberg, lakes, statements, tables


@pytest.mark.parametrize("module", [iceberg, lakes, statements, tables])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed


def test_inserts():
    found = statements.insert_of("/* by a tool */ insert into table `a b`.t partition(`d t` = concat('a,', \"(\"), hr) by name values (1)")
    assert (found.overwrites, found.table, found.by_name, found.query) == (False, "`a b`.t", True, "values (1)")
    assert found.keys == [("d t", "concat('a,', \"(\")"), ("hr", None)]
    found = statements.insert_of("INSERT INTO t (a, `b`) (SELECT 1, 2);")
    assert (found.columns, found.query, found.keys) == (["a", "b"], "(SELECT 1, 2)", None)
    assert statements.insert_of("INSERT OVERWRITE t (SELECT 1, 2)").columns is None
    assert statements.insert_of("WITH a AS (SELECT 'insert') INSERT INTO t SELECT * FROM a").text == (
        "INSERT INTO t WITH a AS (SELECT 'insert') SELECT * FROM a")
    for other in ("SELECT 1", "WITH a AS (SELECT 1) SELECT 'insert into t'", "INSERT OVERWRITE DIRECTORY '/x' USING csv SELECT 1",
                  "INSERT OVERWRITE LOCAL DIRECTORY '/x' SELECT 1", "INSERT INTO t"):
        assert statements.insert_of(other) is None


def test_tables_that_are_made():
    found = statements.create_of("create table if not exists g.d.t (a int comment 'x)', b decimal(3,1)) using iceberg "
                                 "location 's3://a/b' partitioned by (bucket(2, a), b) tblproperties ('k'='v', format=1) comment 'it'")
    assert (found.makes, found.replaces, found.unless_there, found.provider) == (True, False, True, "iceberg")
    assert (found.columns, found.parts) == ("a int comment 'x)', b decimal(3,1)", ["bucket(2, a)", "b"])
    assert (found.location, found.properties) == ("s3://a/b", {"k": "v", "format": "1", "comment": "it"})
    found = statements.create_of("REPLACE TABLE t AS WITH w AS (SELECT 1) SELECT * FROM w")
    assert (found.makes, found.replaces, found.query) == (False, True, " WITH w AS (SELECT 1) SELECT * FROM w")
    assert statements.create_of("CREATE TABLE t (a int) ROW FORMAT DELIMITED") is None
    assert statements.create_of("CREATE TEMPORARY VIEW t AS SELECT 1") is None
