"""Scripts that read and write through GlueContext: its words to the engine, and what comes back."""

import gzip
import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from harness import name, statement
from pipeline import keys
from script_context import Bench
from sessions import Session


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


def read(line):
    return json.loads(line)


def test_files_of_every_format(bench):
    columns = "[('carrier', 'string'), ('delay', '%s'), ('flight', '%s')]"
    assert bench.run("context_files", {"--database": bench.database()}).succeeded() == [
        "27004 ['air_time', 'arr_delay', 'arr_time'] string",
        "csv True " + columns % ("string", "string"),
        "json True " + columns % ("double", "bigint"),
        "parquet True " + columns % ("double", "int"),
        "glueparquet True " + columns % ("double", "int"),
        "orc True " + columns % ("double", "int"),
        "avro True " + columns % ("double", "int"),
        "xml True " + columns % ("double", "bigint"),
        "['DL', 'UA'] [('flight', 'int'), ('delay', 'double'), ('carrier', 'string')]",
        "True",
        "5",
        "struct<flight:int,delay:double,carrier:string>",
    ]


def test_choices_come_with_their_types(bench):
    lines = ['{"id": 1, "price": 5, "tags": [{"n": 1}]}', '{"id": 2, "price": "free", "tags": [{"n": "x"}]}']
    bench.put("choices/a.json", "\n".join(lines))
    out = bench.go("""
        frame = glue.create_dynamic_frame.from_options("s3", {"paths": [target + "/choices/"]}, "json", transformation_ctx="c")
        frame.printSchema()
        told(frame.resolveChoice(specs=[("price", "cast:string"), ("tags[].n", "cast:string")]))
        told(frame.resolveChoice(choice="make_cols").select_fields(["id", "price_long", "price_string"]))
        told(frame, "price")
    """).succeeded()
    tree = "\n".join(out[:-3])
    assert "price: choice" in tree and "n: choice" in tree
    assert read(out[-3]) == [
        {"id": 1, "price": "5", "tags": [{"n": "1"}]},
        {"id": 2, "price": "free", "tags": [{"n": "x"}]},
    ]
    assert read(out[-2]) == [
        {"id": 1, "price_long": 5, "price_string": None},
        {"id": 2, "price_long": None, "price_string": "free"},
    ]
    assert read(out[-1]) == [
        {"price": {"long": 5, "string": None}},
        {"price": {"long": None, "string": "free"}},
    ]


def test_records_that_cannot_be_read_are_errors(bench):
    bench.put("broken/a.json", '{"id": 1}\n{"id": \n{"id": 3}\n')
    out = bench.go("""
        options = {"paths": [target + "/broken/"]}
        frame = glue.create_dynamic_frame.from_options("s3", options, "json", transformation_ctx="broken")
        told(frame)
        print(frame.errorsCount())
        told(frame.errorsAsDynamicFrame().toDF().select("error.msg", "error.input", "error.source"))
        fails(glue.create_dynamic_frame.from_options, "s3", options | {"isFailFast": True}, "json")
    """).succeeded()
    assert read(out[0]) == [{"id": 1}, {"id": 3}] and out[1] == "1"
    [error] = read(out[2])
    assert error["input"] == '{"id": ' and error["source"] == f"s3://{bench.target}/broken/a.json:2"
    assert out[3].startswith("GlueError UNCLASSIFIED_ERROR") and "/broken/a.json" in out[3]


def test_csv_as_the_author_wants_it(bench):
    bench.put("odd/a.csv.gz", gzip.compress(b"id|name\n1|'a|b'\n2|''\n3|x\n"))
    bench.put("odd/skip.pdf", b"no data")
    out = bench.go("""
        frame = glue.create_dynamic_frame.from_options(
            connection_type="s3",
            connection_options={"paths": [target + "/odd/"], "exclusions": "[\\"**.pdf\\"]"},
            format="csv",
            format_options={"separator": "|", "quoteChar": "'", "withHeader": True},
        )
        told(frame)
        schema = {"type": "struct", "fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]}
        frame = glue.create_dynamic_frame.from_options(
            "s3", {"paths": [target + "/odd/a.csv.gz"]}, "csv",
            {"separator": "|", "quoteChar": "'", "skipFirst": True, "withSchema": json.dumps(schema)},
        )
        told(frame)
        glue.write_dynamic_frame.from_options(
            frame.repartition(2), "s3", {"path": target + "/odd-out/", "compression": "gzip"}, "csv",
            {"separator": ";", "writeHeader": False, "quoteChar": -1},
        )
    """).succeeded()
    assert [row["name"] for row in read(out[0])] == ["a|b", "", "x"]
    assert read(out[1])[0] == {"id": 1, "name": "a|b"}
    written = keys(bench.server, bench.target, "odd-out/")
    s3 = bench.server.client("s3")
    texts = [gzip.decompress(s3.get_object(Bucket=bench.target, Key=key)["Body"].read()).decode() for key in written]
    assert len(written) == 2 and sorted("".join(texts).splitlines()) == ["1;a|b", "2;", "3;x"]


def test_tables_by_predicates(bench):
    database = bench.database()
    out = bench.go("""
        table = {"database": given["--database"], "table_name": "events"}
        told(glue.create_dynamic_frame.from_catalog(**table, push_down_predicate="day == '2024-01-02' and day like '2024%'"))
        told(glue.create_dynamic_frame.from_catalog(
            **table, additional_options={"catalogPartitionPredicate": "day < '2024-01-02'"}))
        print(glue.create_dynamic_frame.from_catalog(**table, push_down_predicate="day > '2030'").count())
        sample = glue.create_sample_dynamic_frame_from_catalog(
            **table, num=9, sample_options={"maxSamplePartitions": 1, "maxSampleFilesPerPartition": 1})
        told(sample)
        fails(glue.create_dynamic_frame.from_catalog, **table, push_down_predicate="nonsense = 1")
        fails(glue.create_dynamic_frame.from_catalog, database=given["--database"], table_name="nowhere")
        fails(glue.create_dynamic_frame.from_catalog, **table, additional_options={"attachFilename": "file"})
        print(glue.create_dynamic_frame.from_catalog(**table, additional_options={"colour": "red"}).count())
    """, {"--database": database}).succeeded()
    first, second = ([{"id": n, "what": w, "day": day} for n, w in ((1, "a"), (2, "b"))] for day in ("2024-01-01", "2024-01-02"))
    assert [read(line) for line in out[:2]] == [second, first] and out[2] == "0" and read(out[3]) == first
    assert "nonsense" in out[4]
    assert out[5].startswith("EntityNotFoundException RESOURCE_NOT_FOUND_ERROR") and "was not found" in out[5]
    assert out[6] == (
        "OperationNotSupportedException UNSUPPORTED_OPERATION_ERROR the option `attachFilename` of additional_options is "
        f"not supported for the table `{database}.events`"
    )
    assert out[7] == "4", "an option that AWS does not know does nothing"


def test_parquet_of_unlike_files(bench):
    def put(key, table):
        content = io.BytesIO()
        pyarrow.parquet.write_table(table, content)
        bench.put(key, content.getvalue())

    put("alike/a/x.parquet", pyarrow.table({"id": [1]}))
    put("alike/b/x.parquet", pyarrow.table({"id": [2], "more": ["m"]}))
    put("unlike/a.parquet", pyarrow.table({"id": [1]}))
    put("unlike/b.parquet", pyarrow.table({"id": ["two"]}))
    out = bench.go("""
        told(glue.create_dynamic_frame.from_options("s3", {"paths": [target + "/alike/"]}, "parquet"))
        frame = glue.create_dynamic_frame.from_options("s3", {"paths": [target + "/unlike/"]}, "parquet")
        told(frame.resolveChoice(specs=[("id", "cast:string")]))
    """).succeeded()
    assert read(out[0]) == [{"id": 1, "more": None}, {"id": 2, "more": "m"}]
    assert read(out[1]) == [{"id": "1"}, {"id": "two"}]


@pytest.mark.parametrize("odd", [False, True])
def test_many_partitions(bench, odd):
    # More of them than Spark is given one by one: it gets the folder, unless that holds something else.
    folder, content = bench.unique("many"), io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), content)
    for day in range(70):
        bench.put(f"{folder}/day={day:02}/a.parquet", content.getvalue())
    if odd:
        bench.put(f"{folder}/_delta_of_others/a.parquet", b"nothing for us")
    out = bench.go("""
        frame = glue.create_dynamic_frame.from_options("s3", {"paths": [f"{target}/{given['--folder']}/"]}, "parquet")
        print(frame.count(), frame.toDF().columns, frame.toDF().where("day = '07'").count())
        request = {"connection_type": "s3", "format": "parquet", "direct": True, "folders": True,
                   "connection_options": {"paths": [f"{target}/{given['--folder']}/"]}}
        answer = glue._bridge.ask("/read", request)
        print(answer["road"], len(answer["groups"]), str(answer["folder"]).removeprefix(target))
    """, {"--folder": folder}).succeeded()
    assert out[0] == "70 ['id', 'day'] 1"
    assert out[1].startswith("engine 0 file://") if odd else out[1] == f"spark 0 /{folder}/"


def test_denials_in_the_servers_words(bench):
    ended = bench.go("""
        fails(glue.create_dynamic_frame.from_options, "s3", {"paths": [f"s3://{given['--secret']}/plans/"]}, "parquet")
        frame = DynamicFrame.fromDF(spark.range(1), glue, "r")
        fails(glue.write_dynamic_frame.from_options, frame, "s3", {"path": source + "/x/"}, "json")
        glue.write_dynamic_frame.from_options(frame, "s3", {"path": source + "/x/"}, "json")
    """, {"--secret": bench.secret})
    assert ended.state == "FAILED"
    for line, action in zip(ended.output, ("s3:GetObject", "s3:PutObject")):
        assert line.startswith("AccessDeniedException PERMISSION_ERROR"), line
        assert f"is not authorized to perform: {action} on resource" in line
    assert ended.message.startswith("Error Category: PERMISSION_ERROR; Failed Line Number: ")
    assert "is not authorized to perform: s3:PutObject" in ended.message


def test_another_accounts_table(bench, server):
    by = server.account()
    glue = server.client("glue", by)
    account = server.client("sts", by).get_caller_identity()["Account"]
    database = bench.unique("shared").replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    bench.put("shared/a.json", '{"id": 7}\n')
    glue.create_table(DatabaseName=database, TableInput={
        "Name": "t", "Parameters": {"classification": "json"}, "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "int"}], "Location": f"s3://{bench.target}/shared/",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}}})
    region = glue.meta.region_name
    arns = [f"arn:aws:glue:{region}:{account}:{what}" for what in ("catalog", f"database/{database}", f"table/{database}/*")]
    policy = statement("glue:Get*", arns, Principal={"AWS": bench.role})
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))
    out = bench.go("""
        told(glue.create_dynamic_frame.from_catalog(given["--database"], "t", catalog_id=given["--account"]))
    """, {"--database": database, "--account": account}).succeeded()
    assert read(out[0]) == [{"id": 7}]


def test_sessions_read_and_write_too(bench):
    bench.put("session/a.json", '{"id": 1}\n{"id": "x"}\n')
    session = Session(bench.server, bench.unique("session"), role=bench.role, GlueVersion="5.0")
    ended = session.end_of(session.begin(f"""
from awsglue.context import GlueContext
from pyspark.context import SparkContext
glue = GlueContext(SparkContext.getOrCreate())
frame = glue.create_dynamic_frame.from_options("s3", {{"paths": ["s3://{bench.target}/session/"]}}, "json")
glue.write_dynamic_frame.from_options(
    frame.resolveChoice(choice="cast:string"), "s3", {{"path": "s3://{bench.target}/from-session/"}}, "csv")
print(sorted(frame.choices), frame.count())
"""))
    assert ended["Output"]["Data"]["TextPlain"].strip() == "[('id',)] 2", ended
    session.glue.stop_session(Id=session.id)
    session.until("STOPPED")
    [key] = keys(bench.server, bench.target, "from-session/")
    assert bench.body(key) == "id\n1\nx\n"
