"""The scripts of generated visual jobs, run over the clean-room `awsglue`: their answers are DuckDB's, as the engine's are."""

import random
import sys
import types

import pytest

import test_job_generated as generated
from harness import ROOT
from pipeline import bucket

sys.path.insert(0, str(ROOT / "python" / "awsglue"))
from test_awsglue import OTHER, SCHEMA, engine, place, same, spark, table  # noqa: E402, F401  (fixtures too)


class Context:
    """A GlueContext whose sources are frames and whose sinks keep what they are given."""

    def __init__(self, spark_session, tables):
        from awsglue.dynamicframe import DynamicFrame

        self.spark_session, self.written = spark_session, {}
        frames = {name: spark_session.createDataFrame(table) for name, table in tables.items()}

        def read(connection_type, connection_options, transformation_ctx="", **_):
            [path] = connection_options["paths"]
            return DynamicFrame.fromDF(frames[path.rstrip("/").rsplit("/", 1)[-1]], self, transformation_ctx)

        self.create_dynamic_frame = types.SimpleNamespace(from_options=read)
        self.write_dynamic_frame = types.SimpleNamespace(from_options=self.write)

    def write(self, frame, connection_options, **_):
        self.written[connection_options["path"]] = frame.toDF()

    def getSink(self, path, **_):
        def writeFrame(frame):
            self.write(frame, {"path": path})

        return types.SimpleNamespace(setFormat=lambda *_, **__: None, writeFrame=writeFrame)


@pytest.fixture
def run(spark, monkeypatch):  # noqa: F811
    """Runs a script over tables: the frames that it writes, by path."""

    def run(text, tables, *arguments):
        context = Context(spark, tables)
        job = types.SimpleNamespace(init=lambda *_: None, commit=lambda: None)
        for name, members in {
            "pyspark.context": {"SparkContext": lambda: None},
            "awsglue.context": {"GlueContext": lambda _: context},
            "awsglue.job": {"Job": lambda _: job},
        }.items():
            module = types.ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(sys, "argv", ["script.py", "--JOB_NAME", "job", *arguments])
        exec(compile(text, "script.py", "exec"), {"__name__": "__main__"})
        return context.written

    return run


def test_scripts_answer_as_duckdb(server, unique, run):
    rng = random.Random(generated.SEED)
    tables = {"a": generated.table(rng, 60), "b": generated.table(rng, 40)}
    scripts, glue, role, s3 = bucket(server), server.client("glue"), server.role(), server.client("s3")
    wrong = []
    for number in range(generated.JOBS):
        job = generated.generate(number, "source", "out")
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{scripts}/{number}.py"}
        glue.create_job(Name=unique("generated"), Role=role, Command=command, CodeGenConfigurationNodes=job.nodes)
        text = s3.get_object(Bucket=scripts, Key=f"{number}.py")["Body"].read().decode()
        # Sail minds the case of views' names.
        text = text.replace("FROM T ORDER", "FROM t ORDER")
        told = f"job {number}: " + " | ".join(f"{node} = {query}" for node, query in job.views)
        want = generated.expected(job, tables)
        try:
            [found] = run(text, tables).values()
            found = found.toArrow()
        except Exception as error:
            wrong.append(f"{told}: {type(error).__name__}: {error}")
            continue
        if found.column_names != want.column_names:
            wrong.append(f"{told}: columns {found.column_names}, not {want.column_names}")
        elif generated.rows(found) != generated.rows(want):
            both = zip(generated.rows(found), generated.rows(want))
            differ = [pair for pair in both if pair[0] != pair[1]]
            wrong.append(f"{told}: {found.num_rows} rows, not {want.num_rows}: {differ[:2]}")
    assert not wrong, f"{len(wrong)} of {generated.JOBS}:\n" + "\n".join(wrong)


def dynamic(function, inputs, **given):
    parameters = [{"Name": name, "Type": "str", "Value": [value]} for name, value in given.items()]
    return "DynamicTransform", {"Inputs": [inputs], "TransformName": function, "FunctionName": function,
                                "Path": f"s3://x/{function}.py", "Parameters": parameters}  # fmt: skip


def hidden(kind, **more):
    entities = ["EMAIL", "DATE", "USA_SSN"]
    return "PIIDetection", {"Inputs": ["texts"], "PiiType": kind, "EntityTypesToDetect": entities, "OutputColumnName": "told"} | more


NODES = {
    "texts": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["text"], ["word"], ["gone"], ["i"]]}),
    "nested": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["to"], ["items"]]}),
    "spigot": ("Spigot", {"Inputs": ["texts"], "Path": "s3://OUT/sample/", "Topk": 3}),
    "fill": ("FillMissingValues", {"Inputs": ["texts"], "ImputedPath": "i", "FilledPath": "full"}),
    "held": ("DropNullFields", {"Inputs": ["texts"], "NullCheckBoxList": {"IsEmpty": True, "IsNullString": True},
                                "NullTextList": [{"Value": "5", "Datatype": {"Id": "string", "Label": "STRING"}}]}),
    "mapped": ("ApplyMapping", {"Inputs": ["nested"], "Mapping": [
        {"FromPath": ["id"], "FromType": "bigint", "ToKey": "key", "ToType": "string"},
        {"FromPath": ["items"], "FromType": "array", "ToKey": "lines", "ToType": "array", "Children": [
            {"FromPath": ["items", "sku"], "ToKey": "name", "ToType": "string"},
            {"FromPath": ["items", "n"], "ToKey": "count", "ToType": "bigint"}]}]}),
    "reached": ("Join", {"Inputs": ["nested", "c"], "JoinType": "left", "Columns": [
        {"From": "nested", "Keys": [["to", "zip"]]}, {"From": "c", "Keys": [["id"]]}]}),
    "route": ("Route", {"Inputs": ["texts"], "GroupFiltersList": [{"GroupName": "low", "LogicalOperator": "AND", "Filters": [
        {"Operation": "LT", "Negated": False, "Values": [
            {"Type": "COLUMNEXTRACTED", "Value": ["i"]}, {"Type": "CONSTANT", "Value": ["100"]}]}]}]}),
    "low": ("SelectFromCollection", {"Inputs": ["route"], "Index": 0}),
    "rest": ("SelectFromCollection", {"Inputs": ["route"], "Index": 1}),
    "flat": dynamic("gs_flatten", "nested", maxLevels="1"),
    "parts": dynamic("gs_split", "texts", colName="text", pattern="-", newColName="parts"),
    "tables": dynamic("relationalize", "nested", rootTableName="all"),
    "second": ("SelectFromCollection", {"Inputs": ["tables"], "Index": 1}),
    "quiet": hidden("RowMasking", OutputColumnName=""),
    "masked": hidden("ColumnMasking", SampleFraction=1.0, ThresholdFraction=0.01),
    "audit": hidden("RowAudit"), "mask": hidden("RowMasking", MaskValue="gone"), "hash": hidden("RowHashing"),
    "told": hidden("ColumnAudit", SampleFraction=1.0, ThresholdFraction=0.01),
}  # fmt: skip
# Numbers that join tables are told in other ways.
LESS = {"second": ["id", "items.val.tags"]}


def test_scripts_of_other_nodes_answer_as_the_engine(place, unique, run, tmp_path):  # noqa: F811
    wanted = [name for name in NODES if name not in ("texts", "nested", "route", "tables")]
    glue, s3 = place.server.client("glue"), place.server.client("s3")
    nodes = {name: (kind, settings | ({"Path": f"s3://{place.out}/{unique('sample')}/"} if kind == "Spigot" else {}))
             for name, (kind, settings) in NODES.items()}  # fmt: skip
    answers = engine(place, unique, nodes, wanted)
    sources = {name: {"S3ParquetSource": {"Name": name, "Paths": [f"s3://x/{name}/"]}} for name in "ac"}
    made = {name: {kind: {"Name": name} | settings} for name, (kind, settings) in nodes.items()}
    made["spigot"]["Spigot"]["Path"] = "s3://x/sample/"
    targets = {f"t{name}": {"S3DirectTarget": {"Name": f"t{name}", "Inputs": [name], "Path": name, "Format": "json"}} for name in wanted}
    for name in targets.values():
        name["S3DirectTarget"]["Path"] = f"s3://x/{name['S3DirectTarget']['Path']}/"
    scripts = bucket(place.server)
    command = {"Name": "glueetl", "ScriptLocation": f"s3://{scripts}/nodes.py"}
    glue.create_job(Name=unique("nodes"), Role=place.role, Command=command, CodeGenConfigurationNodes=sources | made | targets)
    text = s3.get_object(Bucket=scripts, Key="nodes.py")["Body"].read().decode()
    text = text.replace("s3://x/sample/", str(tmp_path / "sample"))
    rng = random.Random(6012)
    tables = {"a": table(rng, SCHEMA, 60), "c": table(rng, OTHER, 60)}
    found = run(text, tables, "--TempDir", str(tmp_path))
    wrong = []
    for name in wanted:
        columns, rows = answers[name]
        less = [at for at, column in enumerate(columns) if column in LESS.get(name, ())]
        kept = [at for at in range(len(columns)) if at not in less]
        df = found[f"s3://x/{name}/"].drop(*(columns[at] for at in less))
        try:
            same(([columns[at] for at in kept], [[row[at] for at in kept] for row in rows]), df)
        except AssertionError as error:
            wrong.append(f"{name}: {str(error)[:600]}")
    assert not wrong, "\n".join(wrong)
    assert len((tmp_path / "sample").glob("*.json").__next__().read_text().splitlines()) == 3
