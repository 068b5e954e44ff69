"""Scripts as jobs: what they see, what they reach, what they leave. The scripts are in `scripts/`."""

import collections
import json

import pytest

from harness import name
from pipeline import keys, rows, run
from scripts_corpus import Corpus, archive, wheel

HELLO = "def hello(what):\n    return 'hello ' + what\n"


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def test_arguments(corpus):
    settings = corpus.upload("settings.json", '{"a": 1}')
    ended = corpus.run("arguments", {"--day": "7", "--extra-files": settings})
    assert ended.succeeded() == [
        f"arguments.py {ended.job} 7 job-bookmark-disable",
        "True True",
        '{"a": 1}',
        "[]",
        "True __main__",
    ]


def test_spark_joins_and_writes(corpus):
    ended = corpus.run("join")
    late = [flight for flight in rows(1) if flight["dep_delay"].lstrip("-").isdigit() and int(flight["dep_delay"]) > 60]
    most = collections.Counter(flight["carrier"] for flight in late).most_common(3)
    worst = {carrier: max(int(f["dep_delay"]) for f in late if f["carrier"] == carrier) for carrier, _ in most}
    names = {"EV": "ExpressJet Airlines Inc.", "B6": "JetBlue Airways", "UA": "United Air Lines Inc."}
    expected = [f"{carrier} {names[carrier]} {count} {worst[carrier]}" for carrier, count in most]
    assert ended.succeeded() == [*expected, f"{ended.job} True"]
    written = keys(corpus.server, corpus.target, "late/")
    assert written and all("/carrier=" in key for key in written)


def test_functions_in_python_and_pandas(corpus):
    ended = corpus.run("functions")
    assert ended.succeeded() == [
        "a 3 4.5", "b 5 7.5", "c None None", "[Row(all=8.0)]", "[1, 2]", "[Row(n=3)]",
        "['a', 'b'] 0 [Row(a=1, b='x')]",
        "SparkContext._jvm.java needs a JVM, and Spark Connect has none. Use the DataFrame API or boto3 instead.",
    ]  # fmt: skip
    assert [line for line in ended.errors if line.endswith("INFO orders: logged")]


def test_boto3_beside_spark(corpus):
    assert corpus.run("beside").succeeded() == ["assumed-role GlueJobRunnerSession", "{'total': 3}"]


def test_another_account_by_its_role(corpus):
    theirs, reader = corpus.other_account()
    ended = corpus.run("assume", {"--theirs": theirs, "--reader": reader})
    assert ended.succeeded() == ["from the other side", "AccessDenied"]


def test_modules_of_the_jobs_own(corpus):
    files = [corpus.upload("greetings.py", HELLO), corpus.upload("more.zip", archive({
        "archived/__init__.py": "", "archived/deep.py": HELLO}))]
    made = corpus.upload("tinywheel-1.0-py3-none-any.whl", wheel("tinywheel", "1.0", HELLO))
    ended = corpus.run("modules", {"--extra-py-files": ",".join(files), "--additional-python-modules": made})
    assert ended.succeeded() == ["hello file", "hello archive", "hello wheel"]


def test_a_module_that_pip_does_not_find(corpus):
    ended = corpus.run("modules", {"--additional-python-modules": "/nowhere/no_such_module-1.0-py3-none-any.whl"})
    assert ended.state == "FAILED"
    assert ended.message.startswith("Error Category: IMPORT_ERROR; --additional-python-modules: "), ended.message
    assert "no_such_module" in ended.message


def test_the_glue_catalog_in_sql(corpus):
    database = corpus.database()
    given = {"--database": database, "--enable-glue-datacatalog": "true"}
    assert corpus.run("catalog", given).succeeded() == [
        "['events']", "[Row(day='2024-01-02', n=2)]", "[Row(what='A', n=4), Row(what='B', n=4)]",
        "[('id', 'bigint'), ('part', 'decimal(11,1)'), ('text', 'string'), ('number', 'double')] Row(id=1, part=Decimal('0.5'), text='1', number=1.0)", "4"]
    assert corpus.glue.get_table(DatabaseName="default", Name="loose")["Table"]["Name"] == "loose"
    made = corpus.glue.get_table(DatabaseName=database, Name="made")["Table"]
    assert made["StorageDescriptor"]["Location"].rstrip("/") == f"s3://{corpus.target}/made"
    without = corpus.run("catalog", {"--database": database})
    assert without.state == "FAILED" and database in without.message, "SQL sees Glue's catalog only where the job says so"


def test_lakes_by_path(corpus):
    assert corpus.run("lakes").succeeded() == ["delta [1, 2, 2]", "iceberg [1, 2, 2]"]


def test_a_python_shell(corpus):
    ended = corpus.run("shell", kind="pythonshell")
    assert ended.succeeded() == ["['airlines/airlines.csv'] False"]
    assert ended.run["LogGroupName"] == "/aws-glue/python-jobs"
    assert keys(corpus.server, corpus.target, "shell/") == ["shell/done"]


def test_a_failed_script_leaves_nothing(corpus):
    ended = corpus.run("writer")
    assert (ended.state, ended.output) == ("FAILED", ["10"])
    assert ended.message == (
        "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 16; ZeroDivisionError: division by zero "
        "(writer.py, line 16)")
    assert keys(corpus.server, corpus.target, "half/") == []
    kept = corpus.run("writer", {"--atomic-output": "false"})
    assert kept.state == "FAILED"
    assert "half/boto3" in keys(corpus.server, corpus.target, "half/")


CODE = """    from awsglue.dynamicframe import DynamicFrame
    from pyspark.sql import functions as F

    df = dfc.select(list(dfc.keys())[0]).toDF()
    print(df.count(), "flights")
    late = df.where(F.col("dep_delay").cast("int") > int(MINUTES)).select("carrier", "flight")
    return DynamicFrameCollection({"late": DynamicFrame.fromDF(late, glueContext, "late")}, glueContext)"""


def custom(corpus, code):
    """A visual job with code of the user's own: its name."""
    nodes = {
        "in": {"S3CsvSource": {"Name": "in", "Paths": [f"s3://{corpus.source}/flights/"], "Separator": "comma",
                               "QuoteChar": "quote", "WithHeader": True, "Recurse": True}},
        "own": {"CustomCode": {"Name": "own", "Inputs": ["in"], "ClassName": "Late", "Code": code}},
        "one": {"SelectFromCollection": {"Name": "one", "Inputs": ["own"], "Index": 0}},
        "out": {"S3DirectTarget": {"Name": "out", "Inputs": ["one"], "Path": f"s3://{corpus.target}/custom/", "Format": "json"}},
    }
    job = name("custom")
    corpus.glue.create_job(Name=job, Role=corpus.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes)
    return job


def test_code_of_the_users_own_in_a_visual_job(corpus):
    job = custom(corpus, CODE.replace("MINUTES", "'60'"))
    ended = corpus.ended(job, run(corpus.server, job, timeout=120))
    flights_ = rows(1)
    assert ended.succeeded() == [f"{len(flights_)} flights"]
    s3, found = corpus.server.client("s3"), []
    for key in keys(corpus.server, corpus.target, "custom/"):
        body = s3.get_object(Bucket=corpus.target, Key=key)["Body"].read().decode()
        found += [json.loads(line) for line in body.splitlines()]
    late = [f for f in flights_ if f["dep_delay"].lstrip("-").isdigit() and int(f["dep_delay"]) > 60]
    assert len(found) == len(late) and {row["carrier"] for row in found} == {f["carrier"] for f in late}
    broken = custom(corpus, CODE.replace("MINUTES", "'x'"))
    failed = run(corpus.server, broken, timeout=120)
    assert failed["JobRunState"] == "FAILED"
    assert "ValueError: invalid literal for int() with base 10: 'x'" in failed["ErrorMessage"]


def test_preflight_knows_what_a_script_brings(corpus):
    job = corpus.make("modules", {"--extra-py-files": f"s3://{corpus.secret}/helpers.py"})
    answer = corpus.server.call("mastic", "Mastic.Preflight", {"JobName": job}).json()
    missing = [(entry["Action"], entry["Resource"]) for entry in answer["Permissions"] if not entry["Allowed"]]
    assert missing == [("s3:GetObject", f"arn:aws:s3:::{corpus.secret}/helpers.py")], answer


def test_versions_of_glue_cast_as_their_spark_does(corpus):
    lines = [
        "int [None, 5]", "bigint [None, 5]", "double [None, 5.0]", "boolean [None, None]",
        "decimal(10,2) [None, Decimal('5.00')]", "date [None, None]",
        "[Row(y=None, z='cast ('), Row(y=5.0, z='cast (')]",
        "[Row(y=None)]",
    ]  # fmt: skip
    assert corpus.run("casts", GlueVersion="5.1").succeeded() == lines
    newer = corpus.run("casts", GlueVersion="6.0")
    assert newer.state == "FAILED" and "Cannot cast" in newer.message, newer.message
    assert corpus.run("casts", {"--conf": "spark.sql.ansi.enabled=false"}, GlueVersion="6.0").succeeded() == lines


def test_overwriting_partitions_and_tables(corpus):
    given = {"--database": corpus.database(), "--enable-glue-datacatalog": "true"}
    assert corpus.run("overwrite", given).succeeded() == [
        "[('a b', 1), ('b', 3), ('c', 4)]", "[('c', 5)]", "[('y', 3)]", "[('z', 7)]", "[('q', 9)]", "AnalysisException [('q', 9)]"]


def test_names_of_files_and_kept_frames(corpus):
    ended = corpus.run("file_names")
    refused = "make a column of input_file_name() right after spark.read...load(path)"
    assert (ended.state, ended.output) == ("FAILED", [
        "['id', 'name', 'file']",
        "[('1', 'None', 'BASE/in/a.json'), ('2', 'None', 'BASE/in/a.json'), ('3', 'x', 'BASE/in/b.json')]",
        "[('2', 'a', 'a.json'), ('3', 'b', 'b.json')]",
        "[('BASE/in/a.json', '2'), ('BASE/in/b.json', '1')]",
        "[('BASE/in/a.json', 'None'), ('BASE/in/a.json', 'None'), ('BASE/in/b.json', 'x')]",
        "[('3', 'x', 'BASE/in/b.json')]",
        "[('None', 'BASE/in/a.json'), ('x', 'BASE/in/b.json')]",
        "[('BASE/in/a.json', '1', 'id=1'), ('BASE/in/a.json', '2', 'id=2'), ('BASE/in/b.json', '3', 'id=3')]",
        f"OperationNotSupportedException the name of the file is not known of rows that do not come right from files: {refused}",
        f"OperationNotSupportedException the name of the file is not known in a query over no view of files: {refused}",
        "OperationNotSupportedException the name of the file is not known by `_metadata.file_size`: there are _metadata.file_path "
        f"and _metadata.file_name: {refused}",
        "3 3 2",
        "AnalysisException [PATH_NOT_FOUND] Path does not exist: BASE/nowhere/. SQLSTATE: 42K03",
    ]), ended
    assert "PERMISSION_ERROR" in ended.message and corpus.secret in ended.message, ended.message
    assert keys(corpus.server, corpus.target, "names/") == [], "a failed run leaves nothing"


def test_records_that_do_not_fit(corpus):
    ended = corpus.run("bad_records")
    assert ended.state == "FAILED" and "PERMISSION_ERROR" in ended.message and corpus.secret in ended.message, ended.message
    assert ended.output == [
        "1 | 2024-01-01 10:00:00 | Row(n=1) | None",
        "None | None | None | 7",
        'None | None | None | {"id": 1.5, "at": null}',
        'None | None | None | {"id": 99999999999}',
        "None | None | None | {broken",
        'None | None | Row(n=None) | {"id": "x", "in": {"n": "y"}}',
        "--",
        "1",
        "7 | None",
        "None | 1",
        '{"id": "x", "in": {"n": "y"}} | None',
        '{"id": 1.5, "at": null} | None',
        '{"id": 99999999999} | None',
        "{broken | None",
        "--",
        "1 | 2024-01-01 10:00:00 | Row(n=1)",
        "--",
        "a.json",
        "--",
        "1 | a | 2024-01-02 | None",
        "2 | b;c | 2024-01-03 | None",
        "3 | e | None | 3;e",
        "4 | f | 2024-01-05 | 4;f;05.01.2024;more",
        "5 | None | None | None",
        "6 | g | None | 6;g;no day",
        "None | d | 2024-01-04 | x;d;04.01.2024",
        "--",
        "1 | a | 2024-01-02",
        "2 | b;c | 2024-01-03",
        "5 | None | None",
        "--",
        # Nobody says a mode: what does not fit is null.
        "1 | a | 1.5", "2 | None | None", "3 | d | 4.0", "4 |  | None", "5 | None | -100.0", "None | b,c | None",
        "--",
        "1", "2", "3", "4", "5", "None",
        "--",
        "1 | a | 1.5 | None", "2 | None | None | None", "3 | d | 4.0 | None", "4 |  | None | None", "5 | None | -100.0 | None",
        "None | b,c | None | None",
        "--",
        "20001 | 20000 | 20000 | 200000000.0",
        "--",
        "20003 | 20001 | 20000 | 20000 | 20000 | 20000 | 2 | 199990007 | 2024-02-03 | 199990000",
        "--",
        "3 | 2024-02-01 | ['a', None] | Row(n=3) | True | None", "7 | None | None | Row(n=None) | None | 2.5",
        "8 | 2024-02-03 | ['a', None] | Row(n=8) | True | None", "None | None | None | None | None | 1.0",
        "None | None | None | None | None | None",
        "--",
        "1 | 2024-01-01 10:00:00 | Row(n=1)", *["None | None | None"] * 4, "None | None | Row(n=None)",
        "--",
        "pyspark.errors.exceptions.base.SparkRuntimeException: [MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] "
        "Malformed records are detected in record parsing: [None, None, {'n': None}].",
        "AnalysisException [PATH_NOT_FOUND] Path does not exist: BASE/nowhere/. SQLSTATE: 42K03",
    ], ended.output
