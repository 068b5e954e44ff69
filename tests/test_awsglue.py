"""The clean-room `awsglue` beside the visual engine: the same transforms of the same random rows give the same rows."""

import datetime
import decimal
import io
import os
import random
import re
import sys
import types

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import ROOT
from pipeline import bucket, glue_role, keys, reads, run, writes

sys.path.insert(0, str(ROOT / "python" / "awsglue"))

ROWS = 60
SEED = 6012
ITEM = pa.struct([("sku", pa.string()), ("n", pa.int32()), ("tags", pa.list_(pa.string()))])
SCHEMA = pa.schema([
    ("id", pa.int64()), ("text", pa.string()), ("word", pa.string()), ("i", pa.int32()), ("l", pa.int64()), ("x", pa.float64()),
    ("m", pa.decimal128(12, 2)), ("b", pa.bool_()), ("day", pa.date32()), ("at", pa.timestamp("us")), ("gone", pa.string()),
    ("to", pa.struct([("city", pa.string()), ("zip", pa.int64()), ("dot.ted", pa.string())])), ("items", pa.list_(ITEM)),
])
OTHER = pa.schema([("id", pa.int64()), ("word", pa.string()), ("text", pa.string()), ("more", pa.float64())])
TEXTS = [
    "5", " 7 ", "5.7", "-3", "+4", ".5", "5.", "-.9", ".", "", "NA", "1e3", "2024-01-31", "2024-01-31 05:06:07", "true", "F", "yes",
    "999999999999", "128", "12.345", "-0.5", "NaN", "2024-02-30", "ä", "0x10",
]  # fmt: skip
CASTS = ("string", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(10,2)", "boolean", "date", "timestamp")
TYPES = {"text": "string", "i": "int", "l": "bigint", "x": "double", "m": "decimal(12,2)", "b": "boolean", "day": "date",
         "at": "timestamp"}  # fmt: skip


def table(rng, schema, count):
    """Random rows."""
    def item():
        tags = rng.choice([None, [], ["p"], ["q", None, "r"]])
        return {"sku": rng.choice(["a", "b", None]), "n": rng.choice([1, None]), "tags": tags}

    values = {
        "id": lambda: rng.randrange(count // 2),
        "text": lambda: rng.choice(TEXTS),
        "word": lambda: rng.choice(["", "a", "b", "ü", "null"]),
        "i": lambda: rng.choice([0, 1, -1, 127, 128, 40000, 2**31 - 1]),
        "l": lambda: rng.choice([0, 1, -5, 2**31, 70000]),
        "x": lambda: rng.choice([0.0, 1.5, -2.25, 1234.0, 3e10, -0.99]),
        "m": lambda: decimal.Decimal(rng.choice(["0.00", "1.50", "-12.25", "123456789.99"])),
        "b": lambda: rng.random() < 0.5,
        "day": lambda: datetime.date(2020, 1, 1) + datetime.timedelta(rng.randrange(4000)),
        "at": lambda: datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randrange(10**8)),
        "gone": lambda: None,
        "to": lambda: {"city": rng.choice(["Rome", "Oslo", None]), "zip": rng.choice([1, 2**33, None]), "dot.ted": rng.choice(TEXTS)},
        "items": lambda: [item() for _ in range(rng.randrange(3))],
        "more": lambda: rng.choice([0.5, 2.0]),
    }  # fmt: skip
    rows = [
        {name: None if name != "id" and rng.random() < 0.15 else values[name]() for name in schema.names} for _ in range(count)
    ]
    # As it is when it is read from a file: without values inside of what is null, which Sail would find.
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), content)
    return pq.read_table(content)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    os.environ.setdefault("SPARK_HOME", str(tmp_path_factory.mktemp("spark")))
    from pyspark.sql.connect.session import SparkSession

    remote, running = os.environ.pop("SPARK_REMOTE", None), None
    if remote is None:
        from pysail.spark import SparkConnectServer

        running = SparkConnectServer()
        running.start(background=True)
        remote = f"sc://127.0.0.1:{running.listening_address[1]}"
    session = SparkSession.builder.remote(remote).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    yield session
    session.stop()
    if running is not None:
        running.stop()


@pytest.fixture(scope="module")
def place(server, spark, tmp_path_factory):
    """The rows in a bucket for the engine, and as frames; where answers go; a role."""
    from awsglue.dynamicframe import DynamicFrame

    rng, files, frames = random.Random(SEED), {}, {}
    context = types.SimpleNamespace(spark_session=spark)
    for name, schema in (("a", SCHEMA), ("c", OTHER)):
        made = table(rng, schema, ROWS)
        content = io.BytesIO()
        pq.write_table(made, content)
        files[f"{name}/{name}.parquet"] = content.getvalue()
        frames[name] = DynamicFrame.fromDF(spark.createDataFrame(made), context, name)
    source, out = bucket(server, files), bucket(server, stem="out")
    return types.SimpleNamespace(
        server=server, source=source, out=out, frames=frames, role=glue_role(server, reads(source), writes(out))
    )


def engine(place, unique, nodes, wanted):
    """What the visual engine makes of the sources: for each wanted node its columns and rows."""
    sources = {name: {"S3ParquetSource": {"Name": name, "Paths": [f"s3://{place.source}/{name}/"]}} for name in place.frames}
    folders = {node: unique(node) for node in wanted}
    targets = {
        f"t{node}": {"S3DirectTarget": {"Name": f"t{node}", "Inputs": [node], "Path": f"s3://{place.out}/{folder}/", "Format": "parquet"}}
        for node, folder in folders.items()
    }  # fmt: skip
    named = {node: {kind: {"Name": node} | settings} for node, (kind, settings) in nodes.items()}
    job, glue = unique("job"), place.server.client("glue")
    glue.create_job(Name=job, Role=place.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=sources | named | targets)
    ended = run(place.server, job)
    assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]
    s3 = place.server.client("s3")
    answers = {}
    for node, folder in folders.items():
        parts = [
            pq.read_table(io.BytesIO(s3.get_object(Bucket=place.out, Key=key)["Body"].read()))
            for key in keys(place.server, place.out, f"{folder}/")
        ]
        whole = pa.concat_tables(parts, promote_options="default")
        answers[node] = (whole.column_names, [list(row.values()) for row in whole.to_pylist()])
    return answers


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, float):
        return repr(value)
    return [plain(one) for one in value] if isinstance(value, list) else value


def same(answer, frame):
    """The engine's answer is the frame's: columns, and rows in any order."""
    from awsglue.dynamicframe import DynamicFrame

    df = frame.toDF() if isinstance(frame, DynamicFrame) else frame
    columns, rows = answer
    assert columns == df.columns
    found = [[plain(value) for value in row.values()] for row in _rows(df)]
    assert sorted(found, key=repr) == sorted(([plain(value) for value in row] for row in rows), key=repr)


def _rows(df):
    numbered = df.toArrow()
    return [dict(enumerate(row)) for row in zip(*(column.to_pylist() for column in numbered.columns))]


def test_casts(place, unique):
    """Every type as every other one, and what does not fit as null."""
    wanted = [(column, to) for column in TYPES for to in CASTS if castable(column, to)]
    names = {pair: f"{pair[0]}_{number}" for number, pair in enumerate(wanted)}
    mapping = [
        {"FromPath": [column], "FromType": TYPES[column], "ToKey": name, "ToType": to} for (column, to), name in names.items()
    ]
    columns, rows = engine(place, unique, {"n": ("ApplyMapping", {"Inputs": ["a"], "Mapping": mapping})}, ["n"])["n"]
    made = place.frames["a"].apply_mapping([(column, TYPES[column], name, to) for (column, to), name in names.items()])
    found = made.toDF().toArrow()
    assert columns == found.column_names
    wrong = {}
    for pair, engines, frames in zip(names, zip(*rows), (column.to_pylist() for column in found.columns)):
        different = {(repr(plain(one)), repr(plain(other))) for one, other in zip(engines, frames) if plain(one) != plain(other)}
        if different:
            wrong[pair] = different
    assert wrong == {}


def castable(column, to):
    """Whether both have the cast: times are no numbers there, and Sail writes large numbers in a form of its own."""
    if column in ("at", "day"):
        return to in ("string", "date", "timestamp")
    if to in ("date", "timestamp"):
        return column == "text"
    return (column, to) != ("x", "string")


def test_fields(place, unique):
    a = place.frames["a"]
    nodes = {
        "select": ("SelectFields", {"Inputs": ["a"], "Paths": [["x"], ["to", "zip"], ["id"], ["items"]]}),
        "drop": ("DropFields", {"Inputs": ["a"], "Paths": [["x"], ["to", "city"], ["items", "n"]]}),
        "rename": ("RenameField", {"Inputs": ["a"], "SourcePath": ["word"], "TargetPath": ["last.word"]}),
        "inside": ("RenameField", {"Inputs": ["a"], "SourcePath": ["to", "zip"], "TargetPath": ["to", "code"]}),
        "out": ("RenameField", {"Inputs": ["a"], "SourcePath": ["to", "zip"], "TargetPath": ["zip"]}),
        "nested": ("ApplyMapping", {"Inputs": ["a"], "Mapping": [
            {"FromPath": ["id"], "ToKey": "key", "ToType": "string"},
            {"FromPath": ["to"], "ToKey": "at", "ToType": "struct", "Children": [
                {"FromPath": ["to", "zip"], "ToKey": "code", "ToType": "int"},
                {"FromPath": ["to", "dot.ted"], "ToKey": "n", "ToType": "double"}]}]}),
        "split": ("SplitFields", {"Inputs": ["a"], "Paths": [["id"], ["text"]]}),
        "first": ("SelectFromCollection", {"Inputs": ["split"], "Index": 0}),
        "second": ("SelectFromCollection", {"Inputs": ["split"], "Index": 1}),
    }  # fmt: skip
    answers = engine(place, unique, nodes, [name for name in nodes if name != "split"])
    same(answers["select"], a.select_fields(["x", "to.zip", "id", "items"]))
    same(answers["drop"], a.drop_fields(["x", "to.city", "items.n"]))
    same(answers["rename"], a.rename_field("word", "`last.word`"))
    same(answers["inside"], a.rename_field("to.zip", "to.code"))
    same(answers["out"], a.rename_field("to.zip", "zip"))
    same(answers["nested"], a.apply_mapping(
        [("id", "long", "key", "string"), ("to.zip", "long", "at.code", "int"), ("to.`dot.ted`", "string", "at.n", "double")]
    ))  # fmt: skip
    parts = list(a.split_fields(["id", "text"], "s1", "s2").values())
    same(answers["first"], parts[0])
    same(answers["second"], parts[1])


def condition(operation, column, constant=None, negated=False):
    values = [{"Type": "COLUMNEXTRACTED", "Value": [column]}]
    values += [] if constant is None else [{"Type": "CONSTANT", "Value": [constant]}]
    return {"Operation": operation, "Negated": negated, "Values": values}


def test_rows(place, unique):
    from awsglue.transforms import DropNullFields
    from awsglueml.transforms import FillMissingValues

    a = place.frames["a"]
    nodes = {
        "above": ("Filter", {"Inputs": ["a"], "LogicalOperator": "AND",
                             "Filters": [condition("GT", "x", "1"), condition("EQ", "word", "a", negated=True)]}),
        "either": ("Filter", {"Inputs": ["a"], "LogicalOperator": "OR",
                              "Filters": [condition("LTE", "i", "0"), condition("REGEX", "text", "^[0-9]+$")]}),
        "null": ("Filter", {"Inputs": ["a"], "LogicalOperator": "AND", "Filters": [condition("ISNULL", "word")]}),
        "held": ("DropNullFields", {"Inputs": ["a"]}),
        "mean": ("FillMissingValues", {"Inputs": ["a"], "ImputedPath": "i", "FilledPath": "full"}),
        "most": ("FillMissingValues", {"Inputs": ["a"], "ImputedPath": "word"}),
        "few": ("SelectFields", {"Inputs": ["a"], "Paths": [["word"], ["b"]]}),
        "once": ("DropDuplicates", {"Inputs": ["few"]}),
        "sums": ("Aggregate", {"Inputs": ["a"], "Groups": [["word"]], "Aggs": [
            {"Column": ["i"], "AggFunc": "sum"}, {"Column": ["x"], "AggFunc": "max"}, {"Column": ["id"], "AggFunc": "count"}]}),
    }  # fmt: skip
    answers = engine(place, unique, nodes, list(nodes))
    # As generated scripts have them.
    same(answers["above"], a.filter(lambda row: (row["x"] is not None and row["x"] > 1) and (not (row["word"] == "a"))))
    same(answers["either"], a.filter(
        lambda row: (row["i"] is not None and row["i"] <= 0)
        or (row["text"] is not None and bool(re.match("^[0-9]+$", row["text"])))
    ))  # fmt: skip
    same(answers["null"], a.filter(lambda row: row["word"] is None))
    same(answers["held"], DropNullFields.apply(a))
    same(answers["mean"], FillMissingValues.apply(a, "i", "full"))
    same(answers["most"], FillMissingValues.apply(a, "word"))
    same(answers["once"], a.select_fields(["word", "b"]).toDF().dropDuplicates())
    a.toDF().createOrReplaceTempView("a")
    query = "select word, sum(i) as `sum(i)`, max(x) as `max(x)`, count(id) as `count(id)` from a group by word"
    same(answers["sums"], a.glue_ctx.spark_session.sql(query))


def test_several_frames(place, unique):
    a, c = place.frames["a"], place.frames["c"]
    nodes = {
        "mine": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["word"], ["l"]]}),
        "theirs": ("ApplyMapping", {"Inputs": ["c"], "Mapping": [
            {"FromPath": ["id"], "ToKey": "key", "ToType": "string"}, {"FromPath": ["more"], "ToKey": "more", "ToType": "double"}]}),
        "join": ("Join", {"Inputs": ["mine", "theirs"], "JoinType": "equijoin",
                          "Columns": [{"From": "mine", "Keys": [["id"]]}, {"From": "theirs", "Keys": [["key"]]}]}),
        "staged": ("SelectFields", {"Inputs": ["c"], "Paths": [["id"], ["word"], ["more"]]}),
        "merge": ("Merge", {"Inputs": ["mine", "staged"], "Source": "mine", "PrimaryKeys": [["id"], ["word"]]}),
        "right": ("SelectFields", {"Inputs": ["c"], "Paths": [["id"], ["word"]]}),
        "left": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["word"]]}),
        "union": ("Union", {"Inputs": ["left", "right"], "UnionType": "ALL"}),
        "distinct": ("Union", {"Inputs": ["left", "right"], "UnionType": "DISTINCT"}),
    }  # fmt: skip
    answers = engine(place, unique, nodes, ["join", "merge", "union", "distinct"])
    mine = a.select_fields(["id", "word", "l"])
    theirs = c.apply_mapping([("id", "long", "key", "string"), ("more", "double", "more", "double")])
    same(answers["join"], mine.join(["id"], ["key"], theirs))
    same(answers["merge"], mine.mergeDynamicFrame(c.select_fields(["id", "word", "more"]), ["id", "word"]))
    both = a.select_fields(["id", "word"]).union(c.select_fields(["id", "word"]))
    same(answers["union"], both)
    same(answers["distinct"], both.toDF().distinct())


def test_nested_rows(place, unique):
    a = place.frames["a"]
    nodes = {
        "some": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["text"], ["to"], ["items"]]}),
        "flat": ("DynamicTransform", {"Inputs": ["some"], "TransformName": "relationalize", "Path": "s3://x/", "FunctionName": "relationalize"}),
        "unnested": ("DynamicTransform", {"Inputs": ["some"], "TransformName": "gs_flatten", "Path": "s3://x/gs_flatten.py", "FunctionName": "gs_flatten"}),
    }  # fmt: skip
    some = a.select_fields(["id", "text", "to", "items"])
    tables = some.relationalize("root")
    picked = {f"table{at}": ("SelectFromCollection", {"Inputs": ["flat"], "Index": at}) for at in range(len(tables))}
    answers = engine(place, unique, nodes | picked, [*picked, "unnested"])
    same(answers["unnested"], some.unnest())
    assert list(tables.keys()) == ["root", "root_items", "root_items.items.val.tags"]
    # The numbers that join tables are anyone's choice: rows are compared by those of the root that they belong to.
    ours = [[[plain(value) for value in row.values()] for row in _rows(table.toDF())] for table in tables.values()]
    theirs = [[[plain(value) for value in row] for row in answers[name][1]] for name in picked]
    for name, table in zip(picked, tables.values()):
        assert answers[name][0] == table.toDF().columns
    assert joined(*ours) == joined(*theirs)


def joined(root, items, tags):
    """Each root row with its items, each with its tags."""
    def below(rows, number):
        return sorted((row[1:] for row in rows if row[0] == number), key=repr) if number is not None else None

    made = [[*row[:-1], [[*item[:-1], below(tags, item[-1])] for item in below(items, row[-1]) or ()]] for row in root]
    return sorted(made, key=repr)


PERSONAL = [
    "write to ann.lee+x@mail.example.com, soon", "4111 1111 1111 1111 and 4111 1111 1111 1112", "10.0.0.1 999.1.1.1 2001:db8::1",
    "00:1A:2b:3C:4d:5E", "call (212) 555-0123 or 212-555-0123", "123-45-6789 000-45-6789", "passport 123456789", "Ärzte Öl",
    "account GB82 WEST 1234 5698 7654 32", "npi 1234567893 1234567890", "dea AB1234563 AB1234564", "Ann Lee", "New York", "customer Ann",
    "ndc 12345-678-90", "2024-01-31 or 1/2/2024", "sex: M", "911-70-1234", "", "nothing", "cpt 1234F", "claim 123-45-6789A",
]  # fmt: skip
KINDS = [
    "PERSON_NAME", "EMAIL", "CREDIT_CARD", "IP_ADDRESS", "MAC_ADDRESS", "PHONE_NUMBER", "USA_SSN", "USA_ITIN", "USA_PASSPORT_NUMBER",
    "BANK_ACCOUNT", "USA_NATIONAL_PROVIDER_IDENTIFIER", "USA_DEA_NUMBER", "USA_NATIONAL_DRUG_CODE", "DATE", "GENDER", "USA_CPT_CODE",
    "USA_HEALTH_INSURANCE_CLAIM_NUMBER", "USA_DRIVING_LICENSE",
]  # fmt: skip


def test_personal_data(place, unique):
    from awsglue.dynamicframe import DynamicFrame
    from awsglueml.transforms import EntityDetector

    rng = random.Random(SEED)
    made = pa.table({"id": range(len(PERSONAL)), "text": PERSONAL, "name": rng.sample([*PERSONAL[1:], None], len(PERSONAL))})
    content = io.BytesIO()
    pq.write_table(made, content)
    place.server.client("s3").put_object(Bucket=place.source, Key="p/p.parquet", Body=content.getvalue())
    context = place.frames["a"].glue_ctx
    p = DynamicFrame.fromDF(context.spark_session.createDataFrame(made), context, "p")

    def node(kind, **more):
        return "PIIDetection", {"Inputs": ["p"], "PiiType": kind, "EntityTypesToDetect": KINDS, "OutputColumnName": "told"} | more

    nodes = {
        "p": ("S3ParquetSource", {"Paths": [f"s3://{place.source}/p/"]}),
        "low": node("RowAudit"), "high": node("RowAudit", DetectionSensitivity="HIGH"),
        "mask": node("RowMasking", MaskValue="gone"), "hash": node("RowHashing"),
        "part": node("RowPartialMasking", NumLeftCharsToExclude=2, NumRightCharsToExclude=1, RedactChar="x"),
    }  # fmt: skip
    answers = engine(place, unique, nodes, [name for name in nodes if name != "p"])
    detector = EntityDetector()
    found = {"low": detector.detect(p, KINDS, "told"), "high": detector.detect(p, KINDS, "told", "HIGH")}
    options = {"numLeftCharsToExclude": "2", "numRightCharsToExclude": "1", "redactChar": "x"}
    for name, action, settings in (
        ("mask", "REDACT", {"redactText": "gone"}), ("hash", "SHA256_HASH", {}), ("part", "PARTIAL_REDACT", options),
    ):  # fmt: skip
        rules = {kind: [{"action": action, "actionOptions": settings}] for kind in KINDS}
        found[name] = detector.detect(p, rules, "told")
    for name, frame in found.items():
        same(answers[name], frame)


def test_managed_transforms(place, unique):
    """The transforms that Studio brings along; scripts call them as methods."""
    import gs_flatten  # noqa: F401  (as scripts do)

    a = place.frames["a"].select_fields(["id", "text", "word", "i", "l", "x", "day", "at", "to", "items"])
    few = place.frames["a"].select_fields(["id", "b", "i"])
    calls = {
        "concat": ("gs_concat", {"colName": "both", "colList": ["word", "text", "i"], "spacer": "-"}),
        "split": ("gs_split", {"colName": "text", "pattern": "[.-]", "newColName": "parts"}),
        "cols": ("gs_array_to_cols", {"colName": "items", "colList": "one,two", "indexes": "1,-1"}),
        "explode": ("gs_explode", {"colName": "items", "newCol": "item"}),
        "outer": ("gs_explode", {"colName": "items", "newCol": "item", "outer": True}),
        "flat": ("gs_flatten", {"maxLevels": 1, "separator": "_"}),
        "seconds": ("gs_to_timestamp", {"colName": "l", "colType": "seconds", "newColName": "when"}),
        "detect": ("gs_to_timestamp", {"colName": "l", "colType": "autodetect"}),
        "iso": ("gs_to_timestamp", {"colName": "text", "colType": "iso", "newColName": "when"}),
        "told": ("gs_format_timestamp", {"colName": "at", "dateFormat": "yyyy/MM/dd HH:mm", "newColName": "told"}),
        "derived": ("gs_derived", {"colName": "sum", "expr": "l + 1"}),
        "nulls": ("gs_null_rows", {"extended": True}),
        "regex": ("gs_regex_extract", {"colName": "text", "regex": "([0-9]+)[.-]?([0-9]*)", "newCols": "first,second"}),
        "pivot": ("gs_pivot", {"aggCol": "i", "aggFunction": "max", "colList": ["b"]}),
    }  # fmt: skip

    def parameter(name, value):
        of = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "list" if isinstance(value, list) else "str"
        more = {"ListType": "str"} if of == "list" else {}
        values = value if isinstance(value, list) else [str(value)]
        return {"Name": name, "Type": of, "Value": values} | more

    some = [["id"], ["text"], ["word"], ["i"], ["l"], ["x"], ["day"], ["at"], ["to"], ["items"]]
    nodes = {"some": ("SelectFields", {"Inputs": ["a"], "Paths": some}),
             "few": ("SelectFields", {"Inputs": ["a"], "Paths": [["id"], ["b"], ["i"]]})}  # fmt: skip
    for name, (function, given) in calls.items():
        nodes[name] = ("DynamicTransform", {
            "TransformName": function, "FunctionName": function, "Path": f"s3://x/{function}.py",
            "Inputs": ["few" if function in ("gs_pivot", "gs_null_rows") else "some"],
            "Parameters": [parameter(*one) for one in given.items()]})  # fmt: skip
    answers = engine(place, unique, nodes, list(calls))
    for name, (function, given) in calls.items():
        source = few if function in ("gs_pivot", "gs_null_rows") else a
        same(answers[name], getattr(source, function)(**given))
