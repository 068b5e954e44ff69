"""Scripts that ask tables of the catalog by SQL: formats that Sail does not have, and partitions that are elsewhere."""

import io

import fastavro
import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest

from harness import name
from pipeline import keys
from scripts_corpus import Corpus

HIVE, TEXT = "org.apache.hadoop.hive", "org.apache.hadoop.mapred.TextInputFormat"
ROWS = pyarrow.table({"id": [1, 2], "what": ["a", None]})


def written(write):
    content = io.BytesIO()
    write(content)
    return content.getvalue()


AVRO = {"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}, {"name": "what", "type": ["null", "string"]}]}
# SerDe, its parameters, the table's parameters, input format, a file.
FORMS = {
    "lazy": (f"{HIVE}.serde2.lazy.LazySimpleSerDe", {"field.delim": ","},
             {"skip.header.line.count": "1", "classification": "csv"}, TEXT,
             b'id,what\n1,"a"\n2,\\N\nx,\n3\n4,d,more\n'),
    "opencsv": (f"{HIVE}.serde2.OpenCSVSerde", {"separatorChar": ";"},
                {"skip.header.line.count": "1", "classification": "csv"}, TEXT, b'id;what\n1;"a;b"\n2;c\n'),
    "json": ("org.openx.data.jsonserde.JsonSerDe", {"paths": "id,what"}, {"classification": "json"}, TEXT,
             b'{"id":1,"what":"a"}\n{"id":2}\n'),
    "orc": (f"{HIVE}.ql.io.orc.OrcSerde", {}, {"classification": "orc"}, f"{HIVE}.ql.io.orc.OrcInputFormat",
            written(lambda content: pyarrow.orc.write_table(ROWS, content))),
    "avro": (f"{HIVE}.serde2.avro.AvroSerDe", {}, {"classification": "avro"}, f"{HIVE}.ql.io.avro.AvroContainerInputFormat",
             written(lambda content: fastavro.writer(content, AVRO, ROWS.to_pylist()))),
    "parquet": (f"{HIVE}.ql.io.parquet.serde.ParquetHiveSerDe", {}, {"classification": "parquet"},
                f"{HIVE}.ql.io.parquet.MapredParquetInputFormat",
                written(lambda content: pyarrow.parquet.write_table(ROWS, content))),
    "xml": (None, {"rowTag": "r"}, {"classification": "xml"}, TEXT,
            b"<d><r><id>1</id><what>a</what></r><r><id>2</id></r></d>"),
}


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def make(corpus, database, table, form, place, bucket=None, files=()):
    """Makes a table of a form with the partitions 1 and 2, by Hive's names for folders or others."""
    library, serde, parameters, reads, content = FORMS[form]
    bucket = bucket or corpus.target

    def storage(at):
        return {"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "what", "Type": "string"}], "Location": at,
                "InputFormat": reads, "OutputFormat": f"{HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"Parameters": serde} | ({"SerializationLibrary": library} if library else {})}

    root = f"{database}/{table}/"
    corpus.glue.create_table(DatabaseName=database, TableInput={
        "Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": parameters, "PartitionKeys": [{"Name": "hr", "Type": "int"}],
        "StorageDescriptor": storage(f"s3://{bucket}/{root}")})
    for hr in (1, 2):
        folder = root + place.format(hr)
        body = dict(files).get(hr, content)
        corpus.server.client("s3").put_object(Bucket=bucket, Key=folder + "a", Body=body)
        corpus.glue.create_partition(DatabaseName=database, TableName=table, PartitionInput={
            "Values": [str(hr)], "StorageDescriptor": storage(f"s3://{bucket}/{folder}")})


TWO = ["bigint [(1, 'a', 1), (1, 'a', 2), (2, None, 1), (2, None, 2)]", "string [('a', 1), (None, 1)]",
       "bigint [(1, 2), (2, 2)]", "int [(1, 3), (2, 3)]"]
LAZY = [
    "bigint [(1, '\"a\"', 1), (1, '\"a\"', 2), (2, None, 1), (2, None, 2), (3, None, 1), (3, None, 2), (4, 'd', 1), "
    "(4, 'd', 2), (None, '', 1), (None, '', 2)]",
    "string [('\"a\"', 1), ('', 1), ('d', 1), (None, 2)]", "bigint [(1, 2), (2, 2), (3, 2), (4, 2), (None, 2)]", "int [(1, 10), (2, 10)]"]
OPEN = ["bigint [(1, 'a;b', 1), (1, 'a;b', 2), (2, 'c', 1), (2, 'c', 2)]", "string [('a;b', 1), ('c', 1)]",
        "bigint [(1, 2), (2, 2)]", "int [(1, 3), (2, 3)]"]


def test_tables_of_all_forms(corpus):
    database = corpus.unique("db").replace("-", "_")
    corpus.glue.create_database(DatabaseInput={"Name": database})
    for form in FORMS:
        make(corpus, database, form, form, "hr={}/")
        make(corpus, database, f"odd_{form}", form, "{}/")
    library, serde, parameters, reads, _ = FORMS["lazy"]
    corpus.glue.create_table(DatabaseName=database, TableInput={
        "Name": "flat", "Parameters": {}, "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "what", "Type": "string"}], "InputFormat": reads,
            "Location": f"s3://{corpus.target}/{database}/flat/",
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": {"field.delim": "\t"}}}})
    make(corpus, database, "broken", "orc", "{}/", files={2: b"no ORC"})
    make(corpus, database, "secret", "lazy", "{}/", bucket=corpus.secret)
    corpus.glue.create_table(DatabaseName=database, TableInput={
        "Name": "grok", "Parameters": {"classification": "weblog"}, "StorageDescriptor": {
            "Columns": [{"Name": "line", "Type": "string"}], "Location": f"s3://{corpus.target}/grok/", "InputFormat": TEXT,
            "SerdeInfo": {"SerializationLibrary": "com.amazonaws.glue.serde.GrokSerDe"}}})
    corpus.server.client("s3").put_object(Bucket=corpus.target, Key="grok/a", Body=b"a line")
    session = f"{corpus.role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/GlueJobRunnerSession"
    tables = [table for form in FORMS for table in (form, f"odd_{form}")]
    given = {"--database": database, "--forms": ",".join(tables), "--enable-glue-datacatalog": "true"}
    output = corpus.run("sources", given).succeeded()
    own = {"lazy": LAZY, "opencsv": OPEN}
    expected = [line for table in tables for line in (table, *own.get(table.removeprefix("odd_"), TWO))]
    assert output[:len(expected)] == expected
    assert output[len(expected):] == [
        "joined", "bigint [(1, 'a', 1), (2, None, 1)]", "bigint [(2,)]", "int [(1, 5), (2, 5)]", "bigint [(4, 6)]", "bigint [(9, 56)]",
        "pruned", "bigint [(1,)]", "bigint [(1,), (2,)]",
        "changed", "bigint [(10,)]", "bigint [(11,)]", "bigint [(4,)]", "[]", "bigint [(11,)]",
        f"OperationNotSupportedException table `{database}.grok`: tables of the format `grok` are not supported",
        "AnalysisException Table not found: [TABLE_OR_VIEW_NOT_FOUND] Table or view not found: nowhere",
        f"GlueError `s3://{corpus.target}/{database}/broken/2/a`: it is no ORC file",
        f"AccessDeniedException `s3://{corpus.secret}/{database}/secret/1/a`: User: {session} is not authorized to perform: s3:GetObject "
        f'on resource: "arn:aws:s3:::{corpus.secret}/{database}/secret/1/a"',
        "OperationNotSupportedException the engine reads lazy, and views that are kept in the catalog cannot be over such a table: "
        "make a temporary view of it",
        "written", "bigint [(7, 'x,y'), (8, None)]", "bigint [(9, None)]", "bigint [(20, 'z'), (21, 'w'), (9, None)]",
        "bigint [(30, 'new', 9), (40, None, 2), (41, 'v', 3)]",
        "AnalysisException [INSERT_COLUMN_ARITY_MISMATCH] Cannot write to flat, the reason is not enough data columns:",
        "AnalysisException [INSERT_COLUMN_ARITY_MISMATCH] Cannot write to flat, the reason is too many data columns:",
        "AnalysisException Cannot overwrite table lazy that is also being read from.",
    ]
    stored = corpus.server.client("s3")
    texts = {key: stored.get_object(Bucket=corpus.target, Key=key)["Body"].read()
             for key in keys(corpus.server, corpus.target, f"{database}/lazy/hr=2/") + keys(corpus.server, corpus.target, f"{database}/flat/")}
    assert sorted(texts.values()) == [b"20\tz\n", b"21\tw\n", b"9\t\\N\n", b"id,what\n40,\\N\n"], texts
    parts = corpus.glue.get_partitions(DatabaseName=database, TableName="odd_orc")["Partitions"]
    assert {part["StorageDescriptor"]["Location"] for part in parts if part["Values"] == ["9"]} == {
        f"s3://{corpus.target}/{database}/odd_orc/hr=9/"}
