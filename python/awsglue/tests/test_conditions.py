"""What functions over records say as conditions: the same of every record, or nothing."""

import ast
import datetime
import decimal
import itertools
import math
import pathlib

import pytest
from pyspark.sql.types import StructField, StructType

from awsglue import _conditions
from awsglue import gluetypes as g
from awsglue._types import to_spark
from awsglue.dynamicframe import DynamicFrame

SCHEMA = g.StructType(
    [
        g.Field("n", g.IntegerType()),
        g.Field("m", g.LongType()),
        g.Field("x", g.DoubleType()),
        g.Field("s", g.StringType()),
        g.Field("b", g.BooleanType()),
        g.Field("d", g.DateType()),
        g.Field("t", g.TimestampType()),
        g.Field("in", g.StructType([g.Field("z", g.StringType())])),
    ]
)
VALUES = {
    "n": [None, 0, 1, 7],
    "m": [None, 1, (1 << 53) + 1],
    "x": [None, 0.0, -0.0, 1.5, math.nan, math.inf],
    "s": [None, "", "a", "é"],
    "b": [None, True, False],
    "d": [None, datetime.date(2024, 2, 29)],
    "t": [None, datetime.datetime(2024, 2, 29, 12, 0, 0, 5)],
    "in": [None, {"z": None}, {"z": "a"}],
}
LIMIT, KNOWN = 1, ("a", "b")


def of_generated_scripts():
    """The function of generated scripts that gives a constant the type of a value."""
    script = pathlib.Path(__file__).parents[3] / "crates/script/tests/golden/Filter.py"
    [function] = [one for one in ast.parse(script.read_text()).body if getattr(one, "name", "") == "typed"]
    known = {"datetime": datetime, "decimal": decimal}
    exec(compile(ast.Module([function], []), str(script), "exec"), known)
    return known["typed"]


typed = of_generated_scripts()

CLEAR = [
    lambda r: r["n"] is not None and r["n"] > 1,
    lambda r: r["n"] is None or r["n"] <= LIMIT,
    lambda r: not (r["n"] == 7),
    lambda r: r["s"] == "a",
    lambda r: r["s"] != "a",
    lambda r: r["s"] in KNOWN,
    lambda r: r["s"] in ("", "é") or r["b"] == True,  # noqa: E712
    lambda r: r["b"],
    lambda r: True if r["s"] else not r["n"],
    lambda r: r["x"] is not None and r["x"] >= 0,
    lambda r: r["x"] == 0 or r["x"] == 1.5,
    lambda r: r["x"] != 1.5,
    lambda r: r["n"] is not None and r["m"] is not None and r["n"] < r["m"],
    lambda r: r["n"] == r["m"],
    lambda r: r["d"] is None,
    lambda r: r["in"] is not None and r["in"]["z"] is not None and r["in"]["z"] >= "a",
    lambda r: (r["n"] is None) == (r["m"] is None),
    lambda r: True,
    # What generated scripts ask of fields whose types they do not know.
    lambda r: r["n"] == typed(" 7", r["n"]),
    lambda r: r["n"] is not None and r["n"] > typed("1", r["n"]),
    lambda r: r["x"] is not None and not (r["x"] <= typed("1.5", r["x"])),
    lambda r: r["s"] == typed("1", r["s"]) or not (r["b"] == typed("Yes", r["b"])),
    lambda r: r["d"] is not None and r["d"] >= typed("2024-02-29 12:00:00", r["d"]),
    lambda r: r["in"] is not None and r["in"]["z"] is not None and r["in"]["z"] < typed("2024-01-01", r["in"]["z"]),
    lambda r: r["d"] is not None and r["d"] < datetime.date(2025, 1, 1),
    lambda r: r["d"] == datetime.date.fromisoformat("2024-02-29"),
    lambda r: isinstance(r["n"], int),
    lambda r: r["t"] is not None and r["t"] > typed("2024-02-29 12:00:00", r["t"]),
    lambda r: not (r["t"] == typed("2024-02-29T13:00:00.000005+01:00", r["t"])),
    lambda r: (r["n"] is not None and r["n"] > 0) if r["s"] == "a" else (r["x"] is None or r["b"] == False),  # noqa: E712
]


def guarded(r):
    value = r["n"]
    if value is None:
        return False
    return value != 1


def held(condition, record):
    [(kind, told)] = condition.items()
    if kind == "always":
        return told
    if kind == "null":
        return value_of(told, record) is None
    if kind == "choose":
        when, then, otherwise = told
        return held(then if held(when, record) else otherwise, record)
    path, op, [(_, other)] = told[0], told[1], told[2].items()
    value = value_of(path, record)
    other = value_of(other, record) if "field" in told[2] else other
    other = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=other) if "time" in told[2] else other
    other = datetime.date(1970, 1, 1) + datetime.timedelta(other) if "date" in told[2] else other
    assert value is not None and other is not None
    return {
        "==": value == other, "!=": value != other, "<": value < other, "<=": value <= other, ">": value > other,
        ">=": value >= other,
    }[op]  # fmt: skip


def value_of(path, record):
    for name in path:
        record = record[name]
    return record


@pytest.mark.parametrize("f", [*CLEAR, guarded], ids=range(len(CLEAR) + 1))
def test_conditions_say_what_functions_say(f):
    condition = _conditions.told(f, SCHEMA)
    assert condition is not None
    asked = 0
    for values in itertools.product(*VALUES.values()):
        record = dict(zip(VALUES, values))
        assert held(condition, record) == bool(f(record)), record
        asked += 1
    assert asked > 1000


SEEN = []


def calls(r):
    return print(r) is None


def writes(r):
    global LIMIT
    LIMIT = 2
    return True


@pytest.mark.parametrize(
    "f",
    [
        # What may fail, and for which records.
        lambda r: r["n"] > 1,
        lambda r: r["missing"] == 1,
        lambda r: r["d"] < datetime.date(2025, 1, 1),
        lambda r: r["s"] is not None and r["s"] > 1,
        lambda r: r["d"] is not None and r["d"] > typed("soon", r["d"]),
        lambda r: r["x"] is not None and r["x"] > typed("text", r["x"]),
        # What Python compares otherwise than the engine.
        lambda r: r["s"] == 1,
        lambda r: r["m"] == 1.5,
        lambda r: r["x"] is not None and r["x"] < math.inf,
        lambda r: r["b"] is True,
        lambda r: r["n"] is not None and r["n"] == True,  # noqa: E712
        # What is seen outside, or is not known before.
        lambda r: SEEN.append(1) or True,
        lambda r: len(r) > 1,
        lambda r: str(r["s"]) == "a",
        lambda r: str(r["n"] == 7) == "True",
        lambda r: isinstance(r, dict),
        lambda r: isinstance(r["in"], dict),
        lambda r: datetime.datetime.now() is None,
        lambda r: calls(r),
        lambda r: r["s"].startswith("a"),
        lambda r: [x for x in (1, 2)],
        lambda r, n=1: r["n"] == n,
        lambda *r: True,
        writes,
        str,
        None,
    ],
)
def test_what_is_not_sure_goes_over_the_records(f):
    assert _conditions.told(f, SCHEMA) is None
    assert (SEEN, LIMIT) == ([], 1)


def test_clocks_that_show_a_time_twice():
    assert _conditions.told(lambda r: r["t"] == datetime.datetime(2024, 10, 27, 2, 30), SCHEMA, utc=False) is None


def test_long_ways_are_given_up():
    wide = g.StructType([g.Field(f"c{number}", g.StringType()) for number in range(60)])
    text = " and ".join(f"r['c{number}'] == 'x'" for number in range(60))
    assert _conditions.told(eval(f"lambda r: {text}"), wide) is None


def test_spark_keeps_the_same_records(spark, context):
    kinds = {field.name: to_spark(field.dataType) for field in SCHEMA.fields}
    rows = [dict(zip(VALUES, values)) for values in itertools.product(*VALUES.values())]
    schema = StructType([StructField(name, of) for name, of in kinds.items()])
    frame = DynamicFrame.fromDF(spark.createDataFrame([tuple(row.values()) for row in rows], schema), context, "f")
    for f in [*CLEAR, guarded]:
        kept = frame.filter(f)
        assert kept._rows.asked[0] is not None
        assert kept.toDF().count() == sum(1 for row in rows if f(row))
        assert kept.filter(CLEAR[0]).count() == sum(1 for row in rows if f(row) and CLEAR[0](row))
