"""Scripts that write tables of the catalog by SQL and by `writeTo`, each with what it prints and what the catalog has then."""

import json

import pytest

from harness import name
from pipeline import keys
from scripts_corpus import Corpus
from test_scripts_shapes import ICEBERG


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def storage(corpus, place, library, **form):
    text = "org.apache.hadoop"
    forms = {"InputFormat": f"{text}.mapred.TextInputFormat", "OutputFormat": f"{text}.hive.ql.io.HiveIgnoreKeyTextOutputFormat"}
    if "parquet" in library:
        parquet = f"{text}.hive.ql.io.parquet"
        forms = {"InputFormat": f"{parquet}.MapredParquetInputFormat", "OutputFormat": f"{parquet}.MapredParquetOutputFormat"}
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "what", "Type": "string"}]
    return {"Columns": columns, "Location": place, "SerdeInfo": {"SerializationLibrary": library, "Parameters": form}, **forms}


def table(corpus, database, name, place, library, **form):
    partitions = [{"Name": "dt", "Type": "string"}, {"Name": "hr", "Type": "int"}]
    corpus.glue.create_table(DatabaseName=database, TableInput={
        "Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {}, "PartitionKeys": partitions,
        "StorageDescriptor": storage(corpus, place, library, **form)})


PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = "org.openx.data.jsonserde.JsonSerDe"


# Spark's own formats lose all partitions that a statement may mean, those of Hive the ones that get rows.
@pytest.mark.parametrize("library, third", [
    (PARQUET, "[('b', 3, 12), ('c', 1, 4)]"),
    (JSON, "[('b', 1, 10), ('b', 1, 104), ('b', 2, 3), ('b', 3, 12), ('c', 1, 4)]"),
])
def test_inserts_into_partitions(corpus, library, third):
    database, place = corpus.database(), name("inserts")
    table(corpus, database, "parted", f"s3://{corpus.target}/{place}/", library)
    table(corpus, database, "denied", f"s3://{corpus.secret}/{place}/", library)
    given = {"--database": database, "--table": "parted", "--enable-glue-datacatalog": "true"}
    # A run that fails leaves nothing; this one is to leave what it wrote until then.
    ended = corpus.run("inserts", given | {"--atomic-output": "false"})
    others = third[1:].removesuffix("('c', 1, 4)]")
    assert (ended.state, ended.output) == ("FAILED", [
        "[('a b', 1, 1), ('b', 1, 2), ('b', 2, 3), ('c', 1, 4)]",
        "[('a b', 1, 1), ('b', 1, 10), ('b', 1, 104), ('b', 2, 3), ('c', 1, 4)]",
        "[('a b', 1, 1), ('b', 1, 10), ('b', 1, 104), ('b', 2, 3), ('c', 1, 4)]",
        "[('b', 1, 10), ('b', 1, 104), ('b', 2, 3), ('c', 1, 4)]",
        third,
        f"[{others}('b', 4, 13), ('c', 1, 4), ('d', 1, 14)]",
        f"[{others}('b', 4, 13), ('c', 1, 4), ('d', 1, 15)]",
        "AnalysisException [INSERT_PARTITION_COLUMN_ARITY_MISMATCH] Cannot write to 'DB.parted', not enough data columns:",
        "AnalysisException [NON_PARTITION_COLUMN] PARTITION clause cannot contain the non-partition column: `day`. SQLSTATE: 42000",
        "AnalysisException The value 'late' of the partition column `hr` cannot be cast to INT.",
        "AnalysisException Table not found: [TABLE_OR_VIEW_NOT_FOUND] Table or view not found: nowhere",
    ]), ended
    # Of a write of JSON Sail does not tell why it failed.
    assert "finalizing writes" in ended.message or "perform: s3:PutObject" in ended.message, ended.message
    parts = corpus.glue.get_partitions(DatabaseName=database, TableName="parted")["Partitions"]
    values = {tuple(part["Values"]) for part in parts}
    assert values >= {("a b", "1"), ("b", "3"), ("b", "4"), ("c", "1"), ("d", "1")}
    assert (("b", "2") in values) == (library == JSON), "partitions that were overwritten with nothing are forgotten"
    assert {part["StorageDescriptor"]["Location"] for part in parts if part["Values"] == ["d", "1"]} == {
        f"s3://{corpus.target}/{place}/dt=d/hr=1/"}
    assert all(part["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == library for part in parts)


def test_inserts_that_fail_leave_nothing(corpus):
    database, place = corpus.database(), name("inserts")
    table(corpus, database, "parted", f"s3://{corpus.target}/{place}/", PARQUET)
    ended = corpus.run("inserts", {"--database": database, "--table": "parted", "--enable-glue-datacatalog": "true"})
    assert ended.state == "FAILED" and "view not found: denied" in ended.message, ended.message
    assert keys(corpus.server, corpus.target, f"{place}/") == []
    assert corpus.glue.get_partitions(DatabaseName=database, TableName="parted")["Partitions"] == []


def test_iceberg_tables_are_made_and_replaced(corpus):
    database = corpus.database()
    given = {"--database": database, "--datalake-formats": "iceberg", "--denied": f"s3://{corpus.secret}/lake/"}
    given["--conf"] = ICEBERG.replace("s3://somewhere/warehouse/", f"s3://{corpus.target}/warehouse/")
    ended = corpus.run("write_to", given | {"--atomic-output": "false"})
    assert (ended.state, ended.output) == ("FAILED", [
        "AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view glue_catalog.DB.written cannot be found. SQLSTATE: 42P01",
        "AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `glue_catalog`.`DB`.`written` cannot be found",
        "AnalysisException [TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view glue_catalog.DB.written because it already "
        "exists. SQLSTATE: 42P07",
        "[(1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'y')]",
        "[(1, 'a', 'x'), (4, 'd', 'y')]",
        "[(4, 'd', 'y'), (6, 'f', 'z')]",
        "[(4, 'd', 'y'), (7, 'g', 'z')]",
        "[(7, 'g', 'z'), (9, 'h', 'y')]",
        "AnalysisException [INSERT_COLUMN_ARITY_MISMATCH] Cannot write to `glue_catalog.DB.written`, the query has 1 columns and not "
        "3: `id`, `name`, `day`. SQLSTATE: 21S01",
        "[(7, 'G'), (9, 'H')]",
        "AnalysisException no",
        "[(7, 'G'), (9, 'H')]",
        "[(1, datetime.datetime(2024, 1, 2, 10, 0))]",
        "[(2,)]",
        "2",
        "[(1, 'a', 'x'), (2, 'b', 'y')]",
        "[(2, 'b', 'y')]",
        "AnalysisException [TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view glue_catalog.DB.saved because it already exists. "
        "SQLSTATE: 42P07",
        "OperationNotSupportedException glue_catalog.DB.events is no Iceberg table, and is not replaced by one: drop it first",
    ]), ended
    assert "PERMISSION_ERROR" in ended.message and "perform: s3:PutObject" in ended.message, ended.message
    found = corpus.glue.get_table(DatabaseName=database, Name="written")["Table"]
    assert [(column["Name"], column["Type"]) for column in found["StorageDescriptor"]["Columns"]] == [("id", "bigint")]
    key = found["Parameters"]["metadata_location"].removeprefix(f"s3://{corpus.target}/")
    assert key.startswith(f"warehouse/{database}.db/written/metadata/")
    metadata = json.loads(corpus.server.client("s3").get_object(Bucket=corpus.target, Key=key)["Body"].read())
    assert len(metadata["snapshots"]) == 2 and len(metadata["schemas"]) == 2, "what was before can be gone back to"


def test_iceberg_tables_change(corpus):
    database = corpus.database()
    given = {"--database": database, "--datalake-formats": "iceberg"}
    given["--conf"] = ICEBERG.replace("s3://somewhere/warehouse/", f"s3://{corpus.target}/warehouse/")
    old, new = "('a', 'x', None, 1, None, None)", "('b', 'y', 0, 2, Row(a=1, b='c'), Decimal('1.50'))"
    kept, added = old.replace(", None, None)", ", None)"), new.replace(" Row(a=1, b='c'),", "")
    columns = "['called', 'day', 'first', 'id', 'price']"
    assert corpus.run("iceberg_changes", given).succeeded() == [
        f"['called', 'day', 'first', 'id', 'more', 'price'] [{old}, {new}]",
        f"{columns} [{kept}, {added}]",
        "InvalidInputException The table has partitions by `day`, which cannot be dropped.",
        "AnalysisException [UNRESOLVED_COLUMN] There is no column `nowhere`. SQLSTATE: 42703",
        "AnalysisException [FIELD_ALREADY_EXISTS] Cannot add column, because `id` already exists. SQLSTATE: 42710",
        "InvalidInputException `called` is string, and cannot become int.",
        "OperationNotSupportedException ALTER TABLE ... ADD PARTITION FIELD is not supported for Iceberg tables: there are ADD, DROP, "
        "RENAME and ALTER COLUMN, SET and UNSET TBLPROPERTIES",
        "append append [[True], [True]]",
        "True",
        f"{columns} [{kept}]",
        "[[1, 0, 0, 1, 1]]",
        f"{columns} [{kept}]",
        "InvalidInputException The table has no snapshot",
        "OperationNotSupportedException the procedure rewrite_data_files is not supported: there are expire_snapshots, "
        "rollback_to_snapshot, rollback_to_timestamp, set_current_snapshot",
        "AnalysisException [TABLE_OR_VIEW_NOT_FOUND] There is no Iceberg table glue_catalog.some.table. SQLSTATE: 42P01",
    ]
    found = corpus.glue.get_table(DatabaseName=database, Name="changed")["Table"]["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"], column.get("Comment")) for column in found] == [
        ("first", "int", None), ("id", "bigint", None), ("called", "string", None), ("day", "string", None),
        ("price", "decimal(10,2)", "in euros")]
