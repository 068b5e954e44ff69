"""Random nested rows under awkward names: what should change nothing changes nothing."""

import datetime
import decimal
import random

import pyarrow as pa
import pytest
from conftest import rows

from awsglue import _arrow, _paths
from awsglue import gluetypes as g
from awsglue._types import from_spark, parse_type
from awsglue.dynamicframe import DynamicFrame

NAMES = [
    "a.b",
    "x`y",
    "sp ace",
    "ünïcode",
    "select",
    "UPPER",
    "1st",
    "a[0]",
    "__key0",
    "__row",
    "id",
    "q'uote",
    'd"ouble',
    "end.",
]
ATOMS = ["int", "long", "string", "double", "boolean", "date", "timestamp", "decimal(9,3)", "binary", "short", "float"]


def a_type(rng, depth):
    kind = rng.random() if depth else 1.0
    if kind < 0.25:
        return a_struct(rng, depth - 1, rng.randint(1, 3))
    if kind < 0.45:
        return g.ArrayType(a_type(rng, depth - 1))
    if kind < 0.55:
        return g.MapType(a_type(rng, depth - 1))
    return parse_type(rng.choice(ATOMS))


def a_struct(rng, depth, count):
    return g.StructType([g.Field(name, a_type(rng, depth)) for name in rng.sample(NAMES, count)])


def a_value(rng, of):
    if rng.random() < 0.15:
        return None
    if isinstance(of, g.StructType):
        return {field.name: a_value(rng, field.dataType) for field in of.fields}
    if isinstance(of, g.ArrayType):
        return [a_value(rng, of.elementType) for _ in range(rng.randint(0, 3))]
    if isinstance(of, g.MapType):
        return {key: a_value(rng, of.valueType) for key in rng.sample(["k", "l.m", "`", ""], rng.randint(0, 3))}
    return {
        "int": lambda: rng.choice([0, -1, 2**31 - 1]),
        "long": lambda: rng.choice([0, 2**63 - 1, -(2**63)]),
        "short": lambda: rng.choice([0, -(2**15)]),
        "string": lambda: rng.choice(["", "x", "日本", "a\nb", "null"]),
        "double": lambda: rng.choice([0.5, -1e300, 5e-324]),
        "float": lambda: rng.choice([0.5, -2.0]),
        "boolean": lambda: rng.random() < 0.5,
        "date": lambda: rng.choice([datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
        "timestamp": lambda: rng.choice([datetime.datetime(1970, 1, 1), datetime.datetime(2024, 2, 29, 12, 30, 0, 5)]),
        "decimal": lambda: decimal.Decimal(rng.choice(["0.001", "-999999.999"])),
        "binary": lambda: rng.choice([b"", b"\x00\xff"]),
    }[of.typeName()]()


@pytest.mark.parametrize("seed", range(12))
def test_nothing_changes(spark, context, seed):
    rng = random.Random(seed)
    schema = a_struct(rng, 3, 5)
    made = [{field.name: a_value(rng, field.dataType) for field in schema.fields} for _ in range(12)]
    df = spark.createDataFrame(pa.Table.from_batches([_arrow.batch(made, schema, "UTC")]))
    frame = DynamicFrame.fromDF(df, context, "f")
    assert frame.schema() == schema and from_spark(df.schema) == schema
    before = rows(frame)
    kept = frame.filter(lambda record: True)
    assert rows(kept) == before and kept.errorsCount() == 0
    same = frame.map(lambda record: record)
    # A field that holds nothing anywhere keeps its type, but what it would hold inside is not known.
    assert same.errorsCount() == 0 and rows(same) == before
    names = [_paths.text([field.name]) for field in schema.fields]
    assert rows(frame.select_fields(names)) == before
    assert frame.drop_fields(["`not there at all`"]).schema() == schema
    assert rows(frame.resolveChoice(choice="make_cols")) == before
    assert [field.name for field in frame.drop_fields(names[:1]).schema()] == [field.name for field in schema.fields[1:]]
    renamed = frame.rename_field(names[0], "`n.e``w`").rename_field("`n.e``w`", names[0])
    assert rows(renamed) == before
    mapped = frame.apply_mapping([(name, "struct", name, "struct") for name in names])
    assert mapped.schema() == schema and rows(mapped) == before
    assert frame.union(frame).count() == 24 and frame.union(same).choices == frozenset()
    frame.relationalize("root")["root"].toDF().count()
    frame.unnest().show(1)


def test_times_are_those_of_the_session(spark, context):
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        df = spark.sql("select timestamp'2024-07-01 12:00:00' as t, array(timestamp'2024-01-01 00:00:00') as l")
        frame = DynamicFrame.fromDF(df, context, "f")
        seen = frame.map(lambda record: record | {"hour": record["t"].hour, "text": str(record["l"][0])})
        [row] = seen.toDF().selectExpr("hour", "text", "cast(t as string) as t", "cast(l[0] as string) as l").collect()
        assert row.asDict() == {
            "hour": 12,
            "text": "2024-01-01 00:00:00",
            "t": "2024-07-01 12:00:00",
            "l": "2024-01-01 00:00:00",
        }
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
