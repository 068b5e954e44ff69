"""The scripts of generated visual jobs, run over the clean-room `awsglue`: their answers are DuckDB's, as the engine's are."""

import random
import sys
import types

import pytest

import test_job_generated as generated
from harness import ROOT
from pipeline import bucket

sys.path.insert(0, str(ROOT / "python" / "awsglue"))
from test_awsglue import spark  # noqa: E402, F401  (a fixture)


class Context:
    """A GlueContext whose sources are frames and whose sinks keep what they are given."""

    def __init__(self, spark_session, tables):
        from awsglue.dynamicframe import DynamicFrame

        self.spark_session, self.written = spark_session, None
        frames = {name: spark_session.createDataFrame(table) for name, table in tables.items()}

        def read(connection_type, connection_options, transformation_ctx="", **_):
            [path] = connection_options["paths"]
            return DynamicFrame.fromDF(frames[path.rstrip("/").rsplit("/", 1)[-1]], self, transformation_ctx)

        self.create_dynamic_frame = types.SimpleNamespace(from_options=read)
        self.write_dynamic_frame = types.SimpleNamespace(from_options=lambda frame, **_: self.writeFrame(frame))

    def getSink(self, **_):
        return self

    def setFormat(self, *_, **__):
        pass

    def writeFrame(self, frame):
        self.written = frame.toDF()


@pytest.fixture
def run(spark, monkeypatch):  # noqa: F811
    """Runs a script over tables: the frame that it writes."""

    def run(text, tables):
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
        monkeypatch.setattr(sys, "argv", ["script.py", "--JOB_NAME", "job"])
        exec(compile(text, "script.py", "exec"), {"__name__": "__main__"})
        return context.written

    return run


def comparable(condition):
    """Conditions whose constants a script can read: it does not know the types of a Parquet file's columns."""

    def again(job):
        while True:
            node, sql = condition(job)
            of = job.columns[node["Values"][0]["Value"][0]]
            text = of == "string" and node["Values"][-1]["Value"][0] in ("a", "ä")
            if node["Operation"] == "ISNULL" or text or of in ("bigint", "int", "double", "decimal(18,4)"):
                return node, sql

    return again


def test_scripts_answer_as_duckdb(server, unique, run, monkeypatch):
    monkeypatch.setattr(generated.Job, "condition", comparable(generated.Job.condition))
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
            found = run(text, tables).toArrow()
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
