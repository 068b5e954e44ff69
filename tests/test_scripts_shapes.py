"""Scripts of the shapes that people write for AWS Glue, each with what it prints to the line. The scripts are in `scripts/`."""

import json

import pytest

from databases import HOST, authority, folder, mariadb, postgres  # noqa: F401
from harness import name
from jdbc import Place
from pipeline import keys, rows, run
from scripts_corpus import Corpus

# How the guides tell jobs to reach Iceberg tables of the Data Catalog.
ICEBERG = " --conf ".join((
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.glue_catalog=org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
    "spark.sql.catalog.glue_catalog.warehouse=s3://somewhere/warehouse/",
))
ORDERS = [
    {"id": 1, "name": "ann", "total": 10.0, "pieces": 4},
    {"id": 2, "name": None, "total": 3.0, "pieces": 2},
    {"id": 3, "name": "abe", "total": 1.0, "pieces": 0},
    {"id": 4, "name": "bo", "total": 8.0, "pieces": 1},
]


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def put(corpus, key, records):
    body = "".join(json.dumps(record) + "\n" for record in records)
    corpus.server.client("s3").put_object(Bucket=corpus.target, Key=key, Body=body)


def failed(ended, message):
    """The run ended with exactly this message, which its error log ends with too."""
    assert (ended.state, ended.message) == ("FAILED", message)
    assert ended.errors[-1] == f"Job run failed: {message.partition('; ')[2]}"
    return ended


def test_an_argument_that_is_missing(corpus):
    ended = failed(corpus.run("missing_argument"), (
        "Error Category: INVALID_ARGUMENT_ERROR; Failed Line Number: 7; GlueArgumentError: the following arguments are "
        "required: --day (missing_argument.py, line 7)"))
    assert ended.output == []
    assert "awsglue.utils.GlueArgumentError: the following arguments are required: --day" in ended.errors
    assert corpus.run("missing_argument", {"--day": "7"}).succeeded() == ["7"]


def test_functions_that_fail_on_records(corpus):
    put(corpus, "map/orders/a.json", ORDERS)
    ended = corpus.run("map_errors", {"--most": "2"})
    assert ended.succeeded() == ["3 1", "1 ann 2.5", "1", "['ZeroDivisionError: float division by zero']"]
    assert any("records failed and are left out" in line for line in ended.errors)


def test_too_many_records_that_fail(corpus):
    put(corpus, "map/orders/a.json", ORDERS)
    ended = failed(corpus.run("map_errors", {"--most": "1"}), (
        "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 24; ErrorThresholdExceeded: each: 1 errors reach the stage "
        "threshold of 1 (map_errors.py, line 24)"))
    assert ended.output == []


def test_only_what_is_new(corpus):
    job = corpus.make("incremental", {"--job-bookmark-option": "job-bookmark-enable"})
    outputs = []
    for day in (1, 2, None):
        if day:
            clicks = [{"id": 10 * day + n, "at": f"2024-01-0{day + n % 2} 10:00:00"} for n in (0, 1, 2, 2)]
            put(corpus, f"incremental/in/{day}.json", clicks)
        outputs.append(corpus.ended(job, run(corpus.server, job, timeout=300)).succeeded())
    assert outputs == [
        ["Reading clicks: 1 files; 0 were read before", "3 ['2024-01-01', '2024-01-02']", "3"],
        ["Reading clicks: 1 files; 1 were read before", "3 ['2024-01-02', '2024-01-03']", "6"],
        ["Reading clicks: 0 files; 2 were read before", "nothing new"],
    ]


def test_a_day_of_a_table(corpus):
    database = corpus.database()
    ended = corpus.run("partitions", {"--database": database, "--from_day": "2024-01-02"})
    assert ended.succeeded() == ["2 ['id', 'what', 'day']", "2024-01-02 a 1 1", "2024-01-02 b 1 2"]
    table = corpus.glue.get_table(DatabaseName=database, Name="daily")["Table"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["day"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["what", "n", "last"]
    parts = corpus.glue.get_partitions(DatabaseName=database, TableName="daily")["Partitions"]
    assert [part["Values"] for part in parts] == [["2024-01-02"]]


@pytest.mark.parametrize("script, expected", [
    ("upsert", ["1 Ada 1", "2 Robert 3", "3 Cleo 1"]),
    ("merge_sql", ["1 Ada", "2 Robert", "3 Cleo"]),
])
def test_changes_are_merged_into_iceberg(corpus, script, expected):
    given = {"--database": corpus.database(), "--datalake-formats": "iceberg", "--conf": ICEBERG}
    ended = corpus.run(script, given)
    assert (ended.succeeded(), ended.errors) == (expected, [])


def test_windows_and_views(corpus):
    assert corpus.run("sessionize").succeeded() == [
        "u1 1 2024-05-01 10:00 2 /a>/b", "u1 2 2024-05-01 12:00 1 /a", "u2 1 2024-05-01 23:59 2 /c", "2"]


def test_nested_json_with_a_schema(corpus):
    x, y = {"sku": "x", "price": 1.5}, {"sku": "y", "price": 2}
    put(corpus, "nested/in/a.json", [
        {"id": "o1", "customer": {"name": "Ada", "country": "UK"}, "items": [x, y]},
        {"id": "o2", "customer": {"name": "Bob"}, "items": []},
        {"id": "o3", "customer": {"name": "Cy", "country": "UK"}, "items": [x | {"price": 0.25}]},
    ])
    assert corpus.run("nested").succeeded() == [
        "o1 Ada UK x 1.5", "o1 Ada UK y 2.0", "o2 Bob ? None None", "o3 Cy UK x 0.25", "UK 1.75 2.0"]


def test_data_that_is_checked(corpus):
    missing = {column: sum(not flight[column] for flight in rows(1)) for column in ("arr_delay", "dep_delay")}
    report = json.dumps({"missing": missing, "rows": len(rows(1))}, sort_keys=True)
    ended = corpus.run("quality", {"--most_missing": "100000"})
    assert ended.succeeded() == [report]
    [logged] = ended.errors
    assert "INFO" in logged and json.loads(logged.partition("report ")[2]) == json.loads(report)
    ended = failed(corpus.run("quality", {"--most_missing": "10"}), (
        f"Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 29; BadData: {missing['arr_delay']} of {len(rows(1))} arrivals "
        "are missing (quality.py, line 29)"))
    assert ended.output == [report]


def test_pandas_for_groups(corpus):
    assert corpus.run("groups").succeeded() == [
        "a 1 10.0", "a 2 12.0", "a 3 13.0", "b 1 1.0", "b 2 2.0",
        "a 4.0", "b 2.0", "[0.5, 1.5, 5.0, 6.0, 7.0]", "['A!', 'B!']"]
    assert keys(corpus.server, corpus.target, "groups/")


def test_a_database_there_and_back(corpus, postgres, server):  # noqa: F811
    postgres.sql("CREATE TABLE towns (id int PRIMARY KEY, town varchar(20), price decimal(10,2))")
    postgres.sql("INSERT INTO towns VALUES (1, 'Rome', 1.50), (2, 'Oslo', 2.50), (3, NULL, NULL)")
    place = Place(server, postgres)
    url = postgres.properties()["JDBC_CONNECTION_URL"]
    given = {"--connection": place.connection, "--database": url.rpartition("/")[2].partition("?")[0]}
    assert corpus.run("jdbc_copy", given).succeeded() == ["1 Rome 1.5", "2 Oslo 2.5"]
    assert place.rows("SELECT id, name FROM named ORDER BY id") == [("1", "Rome"), ("2", "Oslo")]
    s3 = corpus.server.client("s3")
    written = [s3.get_object(Bucket=corpus.target, Key=key)["Body"].read() for key in keys(server, corpus.target, "jdbc/")]
    lines = [json.loads(line) for body in written for line in body.splitlines()]
    assert sorted(lines, key=lambda row: row["id"]) == [
        {"id": 1, "name": "Rome", "price": 1.5}, {"id": 2, "name": "Oslo", "price": 2.5}]


def test_formats_of_plain_spark(corpus, postgres):  # noqa: F811
    postgres.sql("CREATE TABLE spark_rows (id int PRIMARY KEY, name varchar(20))")
    login = postgres.properties()
    given = {"--url": login["JDBC_CONNECTION_URL"], "--user": login["USERNAME"], "--password": login["PASSWORD"]}
    assert corpus.run("spark_formats", given).succeeded() == [
        "([('id', 'int'), ('name', 'string'), ('part', 'int')], [(1, 'a', 10), (2, 'b', 20), (3, None, 20)])",
        "[PATH_ALREADY_EXISTS] Path BASE/orc already exists. Set mode as \"overwrite\" to overwrite the existing path. "
        "SQLSTATE: 42K04",
        "4",
        "([('id', 'int'), ('name', 'string'), ('part', 'int')], [(3, None, 20)])",
        "([('id', 'int'), ('name', 'string'), ('part', 'int')], [(1, 'a', 10), (2, 'b', 20), (3, None, 20)])",
        "[Row(sum(id)=6)]",
        "GlueError True",
        "[PATH_NOT_FOUND] Path does not exist: BASE/nowhere. SQLSTATE: 42K03",
        "([('id', 'int'), ('name', 'string')], [(1, 'a'), (2, 'b'), (3, None)])",
        "([('twice', 'int')], [(2,), (4,)])",
        "[Row(name='a')]",
        "AnalysisException Table or view 'spark_rows' already exists. SaveMode: ErrorIfExists.",
        "(['id', 'name'], [(1, 'a'), (2, 'b'), (3, None)])",
        "(['id', 'name'], [(11, 'a'), (12, 'b'), (13, None)])",
        "(['id', 'name', 'part'], [(1, 'a', 10), (2, 'b', 20), (3, None, 20)])",
        "(['id', 'name', 'part'], [(1, 'a', 10)])",
        "(['id', 'name', 'part'], [(1, 'a', 10)])",
        "(['id', 'name', 'part'], [(1, 'a', 10), (2, 'b', 20), (3, None, 20)])",
        "GlueError (['id', 'name', 'part'], [(1, 'a', 10), (2, 'b', 20), (3, None, 20)])",
    ]


NO_NULLS = "such rows are not written into tables of the catalog"


def test_what_spark_finds_out_of_files(corpus):
    ended = corpus.run("discovered", {"--database": corpus.database(), "--enable-glue-datacatalog": "true"})
    assert (ended.state, ended.output) == ("SUCCEEDED", [
        "id int, k int, d date, t string",
        "1 | None | 2024-01-02 | None",
        "2 | 7 | 2024-01-03 | x y/z%=1",
        "3 | 11 | None | None",
        "id bigint, k int, d date, t string",
        "1 | None | 2024-01-02 | None",
        "3 | 11 | None | None",
        "k int",
        "None",
        "7",
        "11",
        "id string, k string, d string",
        "1 | None | 2024-01-02",
        "2 | 7 | 2024-01-03",
        "3 | 11 | None",
        "1 1 1",
        "id bigint, n int, s struct<v:string>, a int",
        "0 | None | None | 1",
        "1 | None | None | 1",
        "0 | 4 | Row(v='x') | 2",
        "['id', 'k', 'd', 't']",
        "*/m=1/ 8",
        "y=1/* 7",
        "y=[12]/m=? 12",
        "*/*/*.json 12",
        "y={1,2}/m=2* 4",
        "y=? 12",
        "7",
        "AnalysisException [PATH_NOT_FOUND] Path does not exist: BASE/lines/*/m=3/. SQLSTATE: 42K03",
        "AnalysisException [PATH_NOT_FOUND] Path does not exist: BASE/lines/y=3*. SQLSTATE: 42K03",
        "AnalysisException [PATH_NOT_FOUND] Path does not exist: BASE/lines/z/*/x. SQLSTATE: 42K03",
        "m int, y int, count bigint",
        "2 | 1 | 4",
        "1 | 2 | 5",
        "id int, y string, m int",
        "3 | 1 | 2",
        "id int, k int, d date, t string",
        "2 | 7 | 2024-01-03 | x y/z%=1",
        f"AnalysisException the partition key `k` is null and int: {NO_NULLS}",
        "None",
        f"AnalysisException the partition key `k` is null and int: {NO_NULLS}",
        f"AnalysisException the partition key `k` is null and int: {NO_NULLS}",
        f"AnalysisException the partition key `k` is null and void: {NO_NULLS}",
        "id int, d date, t string, k int",
        "2 | 2024-01-03 | x y/z%=1 | 7",
        "3 | None | None | 11",
        "[('id', 'bigint'), ('y', 'string'), ('m', 'string')]",
        "[[0.0, 25.0, 100.0], []]",
        "[1.0]",
        "{'x': <class 'int'>, 'return': None}",
    ]), ended
