"""What is read out of Hive's statements."""

import doctest
import re

import pytest
from pyspark.errors import ParseException

from mastic_host import asked, creates, forms, hive, partitions, shown
from mastic_host.partitions import Term


@pytest.mark.parametrize("module", [asked, creates, partitions, shown])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed


def test_partitions_are_named():
    found = partitions.clauses("PARTITION(dt = concat('a,', \")\") , `h r`=-1) location \"s3://a/b\"\n partition (dt==null), PARTITION (hr)")
    assert found == [
        ([Term("dt", "=", "concat('a,', \")\")"), Term("h r", "=", "-1")], "s3://a/b"), ([Term("dt", "=", "null")], None), ([Term("hr")], None)]
    assert [term.is_ for term in partitions.spec("a<=1, b >= 'x=y', c<>2, d != 3, e<4")] == ["<=", ">=", "<>", "<>", "<"]
    for wrong in ("PARTITION dt=1", "PARTITION (dt=1) PURGE", "PARTITION (dt=)", "PARTITION (1)"):
        with pytest.raises(ParseException):
            partitions.clauses(wrong) if wrong != "PARTITION (1)" else partitions.spec("a b")


PARTED = {"DatabaseName": "d", "Name": "t", "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hr", "Type": "int"}]}


def met(spec, *values):
    """The values that meet a spec."""
    terms = [Term(term.key, term.is_, term.value and term.value.strip("'")) for term in partitions.spec(spec)]
    types = {"dt": "string", "hr": "int"}
    return [value for value in values if all(partitions._holds(term, types[term.key], value) for term in terms)]


def test_partitions_are_compared_as_what_they_are():
    assert met("hr > 9", "10", "9", "010", "x", partitions.tables.NULL) == ["10", "010"]
    assert met("hr = 1", "1", "01", "11") == ["1", "01"]
    assert met("dt > '9'", "10", "91") == ["91"]
    assert met("hr <> 1", "1", "2", "x", partitions.tables.NULL) == ["2", "x"]
    assert partitions.whole(PARTED, [Term("hr", "=", "1"), Term("dt", "=", "a")]) == ("a", "1")
    assert partitions.whole(PARTED, [Term("hr", ">", "1"), Term("dt", "=", "a")]) is None
    assert partitions.whole(PARTED, [Term("dt", "=", "a")]) is None


def test_tables_that_hive_makes():
    made = creates.made_of(
        "create external table if not exists `a b`.t (id int comment 'x)', m map<string,int>) comment 'it' partitioned by (dt string) "
        "row format serde 'a.S' with serdeproperties ('k' = 'v', 'l'='\\u0041') stored as inputformat 'i' outputformat 'o' "
        "location 's3://a/' tblproperties ('p'='q')")
    assert (made.external, made.unless_there, made.name, made.is_hive) == (True, True, "`a b`.t", True)
    assert made.said == {
        "columns": "id int comment 'x)', m map<string,int>", "comment": "it", "parts": "dt string", "serde": "a.S",
        "form": {"k": "v", "l": "A"}, "classes": ("i", "o"), "location": "s3://a/", "properties": {"p": "q"}}
    delimited = creates.made_of(
        "CREATE TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001' ESCAPED BY '\\\\' COLLECTION ITEMS TERMINATED BY ',' "
        "MAP KEYS TERMINATED BY ':' LINES TERMINATED BY '\\n' NULL DEFINED AS '\\\\N' AS SELECT ')' AS a")
    assert delimited.said["form"] == {
        "field.delim": "\x01", "serialization.format": "\x01", "escape.delim": "\\", "colelction.delim": ",", "mapkey.delim": ":",
        "line.delim": "\n", "serialization.null.format": "\\N"}
    assert delimited.said["query"] == " SELECT ')' AS a"
    assert not creates.made_of("CREATE TABLE t (a int) USING parquet OPTIONS (path 's3://a/') CLUSTERED BY (a) INTO 2 BUCKETS").is_hive
    assert creates.made_of("CREATE TABLE t LIKE d.u STORED AS ORC").said == {"like": "d.u", "stored": "ORC"}
    assert creates.made_of("CREATE TABLE t (a int) SOMETHING ELSE") is None
    assert creates.columns_of("`A b` decimal(10, 2), c STRUCT<x: INT, y: ARRAY<STRING>> comment 'it\\'s'") == [
        {"Name": "a b", "Type": "decimal(10,2)"}, {"Name": "c", "Type": "struct<x:int,y:array<string>>", "Comment": "it's"}]


def test_forms_of_files():
    inputs, outputs, library = forms.form("TextFile")
    described = {"InputFormat": inputs, "OutputFormat": outputs, "SerdeInfo": {"SerializationLibrary": library}}
    assert forms.source_of(described) == "text"
    assert forms.source_of({**described, "SerdeInfo": {"SerializationLibrary": "a.B"}}) is None
    assert forms.form("jsonfile") is None


@pytest.mark.parametrize("statement, act, groups", [
    ("SHOW TABLES", hive._tables, (None,)),
    ("show tables in `a`.b like 'x'", hive._tables, ("`a`.b",)),
    ("SHOW PARTITIONS a.b PARTITION (c=')')", hive.describe.show_partitions, ("a.b", "PARTITION (c=')')")),
    ("SHOW CREATE TABLE a.b AS SERDE", hive.shown.create, ("a.b", " AS SERDE")),
    ("SHOW TBLPROPERTIES b ('k')", hive.describe.show_properties, ("b", "'k'")),
    ("DESC b", hive.describe.table, (None, "b", "")),
    ("DESCRIBE TABLE EXTENDED a.b", hive.describe.table, ("EXTENDED", "a.b", "")),
    ("DESC FORMATTED a.b c", hive.describe.table, ("FORMATTED", "a.b", "c")),
    ("DESC a.b PARTITION (c=1)", hive.describe.table, (None, "a.b", "PARTITION (c=1)")),
    ("DESCRIBE DATABASE EXTENDED a", hive.describe.database, ("EXTENDED ", "a")),
    ("DESCRIBE WITH a AS (SELECT 1) SELECT * FROM a", hive.describe.query, ("WITH a AS (SELECT 1) SELECT * FROM a",)),
    ("DESCRIBE FUNCTION upper", None, ()),
    ("MSCK REPAIR TABLE a SYNC PARTITIONS", hive._repair, ("a", "SYNC")),
    ("TRUNCATE TABLE a PARTITION (b)", hive._truncate, ("a", "PARTITION (b)")),
    ("ANALYZE TABLE a PARTITION (b=1) COMPUTE STATISTICS NOSCAN", hive.analyze.table, ("a", "PARTITION (b=1) ", "NOSCAN")),
    ("DROP TABLE IF EXISTS a.b PURGE", hive.creates.drop, ("IF EXISTS ", "a.b", " PURGE")),
    ("CACHE LAZY TABLE a OPTIONS ('b' 'c') SELECT 1", hive.caching.cache, ("a", "SELECT 1")),
    ("CACHE TABLE a.b", hive.caching.cache, ("a.b", None)),
    ("REFRESH a.b", hive.caching.refresh, ("a.b",)),
    ("REFRESH 's3://a/'", hive.caching.refresh, (None,)),
    ("ALTER DATABASE a SET DBPROPERTIES ('b'='c')", hive.databases.set_properties, ("a", "('b'='c')")),
    ("DROP SCHEMA IF EXISTS a.b CASCADE", hive.databases.drop, ("IF EXISTS ", "a.b", "CASCADE")),
    ("COMMENT ON TABLE a IS NULL", hive._comment, ("a", "NULL")),
    ("ALTER VIEW a AS SELECT 1", None, ()),
    ("CREATE TEMPORARY VIEW a AS SELECT 1", None, ()),
])
def test_statements_are_told_apart(statement, act, groups):
    taken = next(((does, found.groups()) for form, does in hive._STATEMENTS if (found := form.match(statement))), (None, ()))
    assert taken == (act, groups)


def test_changes_are_told_apart():
    def change(action):
        return next((act.__name__, found.groups()) for form, act in hive._CHANGES if (found := re.match(form, action)))

    assert change("drop if exists partition (a=1), partition (b>')') purge") == (
        "_drop_partitions", ("if exists ", "partition (a=1), partition (b>')')", " purge"))
    assert change("PARTITION (a='(') RENAME TO PARTITION (a=')')") == ("_rename_partition", ("PARTITION (a='(')", "PARTITION (a=')')"))
    assert change("SET LOCATION 's3://a'") == ("_set_location", (None, "'s3://a'"))
    assert change("partition (a=1) set serdeproperties ('b'='c')") == ("_set_serde", ("partition (a=1)", "('b'='c')"))
    assert change("CHANGE COLUMN a a INT COMMENT 'b'") == ("change", ("a", "a INT COMMENT 'b'"))
    assert change("RENAME TO a.b")[0] == "_rename" and change("RENAME COLUMN a TO b")[0] == "refuse"
