"""Glue's types from and to text, Spark's types and Arrow's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from awsglue import _paths
from awsglue import gluetypes as g
from awsglue._paths import EACH, VALUES, Path

if TYPE_CHECKING:
    import pyspark.sql.types as spark

#: The mark on a field of Spark's that is a choice.
MARK = "glue.choice"
_WHOLE = ("byte", "short", "int", "long")
_BITS = {"byte": 7, "short": 15, "int": 31, "long": 63}


def parse_type(text: str) -> g.DataType:
    """A type as Glue, Spark or Hive writes it: `long`, `decimal(10,2)`, `array<struct<a:int>>`.

    Raises ValueError that names the text.
    """
    parser = _Parser(text)
    of = parser.type()
    parser.skip()
    if parser.at != len(text):
        raise ValueError(f"{text!r} is no type: {text[parser.at :]!r} is left over")
    return of


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def word(self, ends: str) -> str:
        self.skip()
        if self.at < len(self.text) and self.text[self.at] == "`":
            name, self.at = _paths._ticked(self.text, self.at + 1)
            return name
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        return self.text[start : self.at].strip()

    def take(self, token: str) -> bool:
        self.skip()
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def need(self, token: str) -> None:
        if not self.take(token):
            raise ValueError(f"{self.text!r} is no type: it lacks {token!r}")

    def type(self) -> g.DataType:
        name = self.word("<>(),:").lower()
        if name == "decimal" and self.take("("):
            precision = int(self.word(",)"))
            scale = int(self.word(")")) if self.take(",") else 0
            self.need(")")
            return g.DecimalType(precision, scale)
        if name == "decimal":
            return g.DecimalType(10, 0)
        if name in ("char", "varchar") and self.take("("):
            self.word(")")
            self.need(")")
            return g.StringType()
        if name in ("array", "map", "struct"):
            self.need("<")
            return getattr(self, f"_{name}")()
        of = g.atomic(name)
        if of is None:
            raise ValueError(f"{self.text!r} is no type: {name!r} is none")
        return of

    def _array(self) -> g.DataType:
        element = self.type()
        self.need(">")
        return g.ArrayType(element)

    def _map(self) -> g.DataType:
        key = self.type()
        self.need(",")
        value = self.type()
        self.need(">")
        return g.MapType(value, keyType=key)

    def _struct(self) -> g.DataType:
        fields = []
        while not self.take(">"):
            name = self.word(":")
            self.need(":")
            fields.append(g.Field(name, self.type()))
            self.take(",")
        return g.StructType(fields)


def from_spark(of: spark.StructType, choices: Iterable[Path] = ()) -> g.StructType:
    """A schema of Spark's; the structs at `choices`, and those marked, are choices."""
    schema = _from_spark(of, (), frozenset(choices))
    assert isinstance(schema, g.StructType)
    return schema


def _from_spark(of: spark.DataType, path: Path, choices: frozenset[Path]) -> g.DataType:
    import pyspark.sql.types as spark

    if isinstance(of, spark.StructType):
        fields = []
        for field in of.fields:
            at = (*path, field.name)
            inner = _from_spark(field.dataType, at, choices | {at} if (field.metadata or {}).get(MARK) else choices)
            fields.append(g.Field(field.name, inner))
        if path in choices and path:
            return g.ChoiceType([field.dataType for field in fields])
        return g.StructType(fields)
    if isinstance(of, spark.ArrayType):
        return g.ArrayType(_from_spark(of.elementType, (*path, EACH), choices))
    if isinstance(of, spark.MapType):
        value = _from_spark(of.valueType, (*path, VALUES), choices)
        return g.MapType(value, keyType=_from_spark(of.keyType, path, frozenset()))
    if isinstance(of, spark.DecimalType):
        return g.DecimalType(of.precision, of.scale)
    found = g.atomic(of.typeName())
    if found is None:
        raise ValueError(f"{_paths.text(path)} has the type {of.simpleString()}, which AWS Glue's frames do not have")
    return found


def to_spark(of: g.DataType) -> spark.DataType:
    """Spark's type; a choice is a struct, marked where it is a field."""
    import pyspark.sql.types as spark

    simple = {
        "binary": spark.BinaryType, "boolean": spark.BooleanType, "byte": spark.ByteType, "date": spark.DateType,
        "double": spark.DoubleType, "float": spark.FloatType, "int": spark.IntegerType, "long": spark.LongType,
        "null": spark.NullType, "short": spark.ShortType, "string": spark.StringType,
        "timestamp": spark.TimestampType, "unknown": spark.NullType, "enum": spark.StringType,
    }  # fmt: skip
    if isinstance(of, g.StructType):
        fields = []
        for field in of.fields:
            mark = {MARK: True} if isinstance(field.dataType, g.ChoiceType) else None
            fields.append(spark.StructField(field.name, to_spark(field.dataType), True, mark))
        return spark.StructType(fields)
    if isinstance(of, g.ChoiceType):
        return spark.StructType([spark.StructField(name, to_spark(one)) for name, one in of.choices.items()])
    if isinstance(of, g.ArrayType):
        return spark.ArrayType(to_spark(of.elementType))
    if isinstance(of, g.MapType):
        return spark.MapType(to_spark(of.keyType), to_spark(of.valueType))
    if isinstance(of, g.DecimalType):
        return spark.DecimalType(of.precision, of.scale)
    return simple[of.typeName()]()


def to_arrow(of: g.DataType, zone: str = "UTC") -> pa.DataType:
    """Arrow's type, timestamps in the session's time zone."""
    simple = {
        "binary": pa.binary(), "boolean": pa.bool_(), "byte": pa.int8(), "date": pa.date32(), "double": pa.float64(),
        "float": pa.float32(), "int": pa.int32(), "long": pa.int64(), "null": pa.null(), "short": pa.int16(),
        "string": pa.string(), "timestamp": pa.timestamp("us", tz=zone), "unknown": pa.null(), "enum": pa.string(),
    }  # fmt: skip
    if isinstance(of, g.StructType):
        return pa.struct([pa.field(field.name, to_arrow(field.dataType, zone)) for field in of.fields])
    if isinstance(of, g.ChoiceType):
        return pa.struct([pa.field(name, to_arrow(one, zone)) for name, one in of.choices.items()])
    if isinstance(of, g.ArrayType):
        return pa.list_(to_arrow(of.elementType, zone))
    if isinstance(of, g.MapType):
        return pa.map_(to_arrow(of.keyType, zone), to_arrow(of.valueType, zone))
    if isinstance(of, g.DecimalType):
        return pa.decimal128(of.precision, of.scale)
    return simple[of.typeName()]


def choices(of: g.DataType, path: Path = ()) -> frozenset[Path]:
    """Where the choices are."""
    if isinstance(of, g.ChoiceType):
        inner = (choices(one, (*path, name)) for name, one in of.choices.items())
        return frozenset({path}).union(*inner)
    if isinstance(of, g.StructType):
        return frozenset().union(*(choices(field.dataType, (*path, field.name)) for field in of.fields))
    if isinstance(of, g.ArrayType):
        return choices(of.elementType, (*path, EACH))
    if isinstance(of, g.MapType):
        return choices(of.valueType, (*path, VALUES))
    return frozenset()


def united(one: g.DataType, other: g.DataType) -> g.DataType:
    """The type that holds the values of both: one of them, a wider number, or a choice."""
    if one == other or other.typeName() in ("null", "unknown"):
        return one
    if one.typeName() in ("null", "unknown"):
        return other
    if isinstance(one, g.StructType) and isinstance(other, g.StructType):
        fields = one.field_map
        for field in other.fields:
            known = fields.get(field.name)
            of = united(known.dataType, field.dataType) if known else field.dataType
            fields[field.name] = g.Field(field.name, of)
        return g.StructType(fields.values())
    if isinstance(one, g.ArrayType) and isinstance(other, g.ArrayType):
        return g.ArrayType(united(one.elementType, other.elementType))
    if isinstance(one, g.MapType) and isinstance(other, g.MapType) and one.keyType == other.keyType:
        return g.MapType(united(one.valueType, other.valueType), keyType=one.keyType)
    if common := _common(one, other):
        return common
    members: list[g.DataType] = []
    for of in (one, other):
        for member in of.choices.values() if isinstance(of, g.ChoiceType) else [of]:
            same = [at for at, known in enumerate(members) if _alike(known, member)]
            if same:
                members[same[0]] = united(members[same[0]], member)
            else:
                members.append(member)
    return g.ChoiceType(members)


def _alike(one: g.DataType, other: g.DataType) -> bool:
    return one.typeName() == other.typeName() or _common(one, other) is not None


def _common(one: g.DataType, other: g.DataType) -> g.DataType | None:
    mine, others = one.typeName(), other.typeName()
    if mine in _WHOLE and others in _WHOLE:
        return max(one, other, key=lambda of: _WHOLE.index(of.typeName()))
    numbers = (*_WHOLE, "float", "double")
    if mine in numbers and others in numbers:
        return g.DoubleType()
    if isinstance(one, g.DecimalType) and isinstance(other, g.DecimalType):
        before = min(38, max(one.precision - one.scale, other.precision - other.scale))
        scale = min(38 - before, max(one.scale, other.scale))
        return g.DecimalType(max(1, before + scale), scale)
    if {mine, others} == {"string", "enum"}:
        return g.StringType()
    return None


def fits(value: int, of: g.DataType) -> bool:
    """Whether a whole number is one of the type's."""
    bits = _BITS.get(of.typeName())
    return bits is not None and -(1 << bits) <= value < 1 << bits


def tree(schema: g.StructType) -> str:
    """The schema as `printSchema` shows it."""
    lines = ["root"]
    for field in schema.fields:
        _tree(field.name, field.dataType, "", lines)
    return "\n".join(lines) + "\n"


def _tree(name: str, of: g.DataType, indent: str, lines: list[str]) -> None:
    shown = f"decimal({of.precision},{of.scale})" if isinstance(of, g.DecimalType) else of.typeName()
    lines.append(f"{indent}|-- {name}: {shown}")
    _below(of, f"{indent}|    ", lines)


def _below(of: g.DataType, indent: str, lines: list[str]) -> None:
    if isinstance(of, g.StructType):
        for field in of.fields:
            _tree(field.name, field.dataType, indent, lines)
    elif isinstance(of, g.ArrayType):
        _tree("element", of.elementType, indent, lines)
    elif isinstance(of, g.MapType):
        _tree("keyType", of.keyType, indent, lines)
        _tree("valueType", of.valueType, indent, lines)
    elif isinstance(of, g.ChoiceType):
        for name, one in of.choices.items():
            lines.append(f"{indent}|-- {name}")
            _below(one, f"{indent}|    ", lines)
