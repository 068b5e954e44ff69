"""Types and paths: their forms, and what holds the values of two."""

import pyspark.sql.types as spark
import pytest

from awsglue import _paths, _types
from awsglue import gluetypes as g
from awsglue._types import parse_type, united


def test_types_tell_of_themselves():
    schema = g.StructType([g.Field("id", g.LongType()), g.Field("v", g.ChoiceType([g.IntegerType(), g.StringType()]))])
    schema.add(g.Field("a", g.ArrayType(g.DecimalType(5, 1))))
    told = schema.jsonValue()
    assert told["dataType"] == "struct" and told["fields"][0] == {
        "name": "id", "container": {"dataType": "long", "properties": {}}, "properties": {},
    }  # fmt: skip
    assert g.DataType.fromJsonValue(told) == schema and g._deserialize_json(schema.json()) == schema
    assert g.IntegerType.typeName() == "int" and g.MapType(g.ByteType()).typeName() == "map"
    assert schema.hasField("id") and not schema.hasField(g.Field("x", g.NullType()))
    with pytest.raises(KeyError):
        schema.getField("x")
    with pytest.raises(NotImplementedError):
        g.EntityType(None, None)


def test_choices_take_more_types():
    choice = g.ChoiceType([g.IntegerType()])
    choice.merge(g.ChoiceType([g.StringType(), g.IntegerType()]))
    assert list(choice.choices) == ["int", "string"]
    with pytest.raises(ValueError, match="another decimal"):
        g.ChoiceType([g.DecimalType(5, 1), g.DecimalType(5, 2)])


def test_spark_s_types_and_glue_s():
    text = "struct<a:bigint,b:array<struct<c:int>>,m:map<string,double>,d:decimal(4,1),t:timestamp,n:void,y:binary>"
    of = parse_type(text)
    back = _types.to_spark(of)
    assert isinstance(back, spark.StructType) and back.simpleString() == text
    assert _types.from_spark(back) == of
    assert _types.to_arrow(of).field("t").type.tz == "UTC"
    with pytest.raises(ValueError, match="v has the type interval"):
        _types.from_spark(spark.StructType([spark.StructField("v", spark.CalendarIntervalType())]))


@pytest.mark.parametrize("text", ["strin", "array<int", "decimal(5", "struct<a>", "int)", "map<int>", ""])
def test_what_is_no_type_is_refused(text):
    with pytest.raises(ValueError):
        parse_type(text)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("int", "long", "long"),
        ("long", "float", "double"),
        ("void", "date", "date"),
        ("decimal(10,2)", "decimal(12,4)", "decimal(12,4)"),
        ("array<int>", "array<void>", "array<int>"),
        ("struct<a:int>", "struct<a:long,b:string>", "struct<a:long,b:string>"),
        ("map<string,int>", "map<string,long>", "map<string,long>"),
    ],
)
def test_types_with_one_in_common(one, other, both):
    assert united(parse_type(one), parse_type(other)) == parse_type(both)


def test_types_without_one_are_a_choice():
    choice = united(g.LongType(), g.StringType())
    assert isinstance(choice, g.ChoiceType) and list(choice.choices) == ["long", "string"]
    assert united(choice, g.IntegerType()) == choice
    assert list(united(choice, g.BooleanType()).choices) == ["long", "string", "boolean"]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b c.d", ("a", "b c", "d")),
        ("`a.b`.c", ("a.b", "c")),
        ("`a``b`", ("a`b",)),
        ("l[].x", ("l", "[]", "x")),
        ("l[][]", ("l", "[]", "[]")),
        ("`l.m`[]", ("l.m", "[]")),
    ],
)
def test_paths(text, steps):
    assert _paths.parse(text) == steps
    assert _paths.parse(_paths.text(steps)) == steps


@pytest.mark.parametrize("text", ["", "a..b", "a.", "`a", ".a"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError):
        _paths.parse(text)
