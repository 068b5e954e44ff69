"""The types of a DynamicFrame (AWS Glue Developer Guide: "PySpark extension types").

They differ from Spark's in one thing that matters: a field may be a `ChoiceType`, of several types at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

__all__ = [
    "DataType", "AtomicType", "BinaryType", "BooleanType", "ByteType", "DateType", "DecimalType", "DoubleType",
    "EntityType", "EnumType", "FloatType", "IntegerType", "LongType", "NullType", "ShortType", "StringType",
    "TimestampType", "UnknownType", "ArrayType", "ChoiceType", "Field", "MapType", "StructType", "_deserialize_json",
]  # fmt: skip


class DataType:
    """A type. `properties` are free: Glue keeps them and gives them no meaning."""

    _name: ClassVar[str] = ""

    def __init__(self, properties: dict[str, Any] | None = None) -> None:
        self.properties = dict(properties or {})

    @classmethod
    def typeName(cls) -> str:
        """What Glue calls the type: `int`, `string`, `struct`."""
        return cls._name or cls.__name__.removesuffix("Type").lower()

    def jsonValue(self) -> dict[str, Any]:
        """The type as an object of JSON."""
        return {"dataType": self.typeName(), "properties": self.properties}

    def json(self) -> str:
        """The type as JSON text."""
        return json.dumps(self.jsonValue(), separators=(",", ":"), sort_keys=True)

    @classmethod
    def fromJsonValue(cls, json_value: dict[str, Any]) -> DataType:
        """The type that `jsonValue` told of.

        Raises ValueError for what tells of no type.
        """
        return from_json(json_value)

    def _parts(self) -> tuple[Any, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and self.typeName() == other.typeName() and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.typeName(), self._parts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts()))})"


class AtomicType(DataType):
    """A type without other types inside."""


class BinaryType(AtomicType):
    """Bytes."""


class BooleanType(AtomicType):
    """True or false."""


class ByteType(AtomicType):
    """A whole number of 8 bits."""


class DateType(AtomicType):
    """A day."""


class DoubleType(AtomicType):
    """A floating-point number of 64 bits."""


class FloatType(AtomicType):
    """A floating-point number of 32 bits."""


class IntegerType(AtomicType):
    """A whole number of 32 bits."""

    _name = "int"


class LongType(AtomicType):
    """A whole number of 64 bits."""


class NullType(AtomicType):
    """The type of a field that is null in every record."""


class ShortType(AtomicType):
    """A whole number of 16 bits."""


class StringType(AtomicType):
    """Text."""


class TimestampType(AtomicType):
    """A moment, in microseconds."""


class UnknownType(AtomicType):
    """Nothing is known of the values."""


class DecimalType(AtomicType):
    """A number of `precision` decimal digits, `scale` of them behind the point."""

    def __init__(self, precision: int = 10, scale: int = 2, properties: dict[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.precision, self.scale = precision, scale

    def jsonValue(self) -> dict[str, Any]:
        return super().jsonValue() | {"precision": self.precision, "scale": self.scale}

    def _parts(self) -> tuple[Any, ...]:
        return self.precision, self.scale


class EnumType(AtomicType):
    """One of a list of options."""

    def __init__(self, options: Iterable[str], properties: dict[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.options = list(options)

    def jsonValue(self) -> dict[str, Any]:
        return super().jsonValue() | {"options": self.options}

    def _parts(self) -> tuple[Any, ...]:
        return tuple(self.options)


class EntityType(DataType):
    """AWS Glue has the name and nothing behind it ("This class is not yet implemented")."""

    def __init__(self, entity: Any, base_type: Any, properties: dict[str, Any] | None = None) -> None:
        raise NotImplementedError("EntityType is not implemented, here as in AWS Glue")


class ArrayType(DataType):
    """A list of values of one type."""

    def __init__(self, elementType: DataType | None = None, properties: dict[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.elementType = elementType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:
        return super().jsonValue() | {"elementType": self.elementType.jsonValue()}

    def _parts(self) -> tuple[Any, ...]:
        return (self.elementType,)


class MapType(DataType):
    """Values of one type by keys, which are text unless `keyType` says otherwise."""

    def __init__(
        self,
        valueType: DataType | None = None,
        properties: dict[str, Any] | None = None,
        keyType: DataType | None = None,
    ) -> None:
        super().__init__(properties)
        self.valueType = valueType or UnknownType()
        self.keyType = keyType or StringType()

    def jsonValue(self) -> dict[str, Any]:
        types = {"keyType": self.keyType.jsonValue(), "valueType": self.valueType.jsonValue()}
        return super().jsonValue() | types

    def _parts(self) -> tuple[Any, ...]:
        return self.keyType, self.valueType


class ChoiceType(DataType):
    """A field whose values are of several types; by the types' names."""

    def __init__(self, choices: Iterable[DataType] = (), properties: dict[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.choices: dict[str, DataType] = {}
        self.merge(choices)

    def add(self, new_choice: DataType) -> None:
        """One type more.

        Raises ValueError if there is another of the same name.
        """
        known = self.choices.setdefault(new_choice.typeName(), new_choice)
        if known != new_choice:
            raise ValueError(f"the choice has another {new_choice.typeName()} already")

    def merge(self, new_choices: DataType | Iterable[DataType]) -> None:
        """More types, of another choice or a list."""
        if isinstance(new_choices, ChoiceType):
            new_choices = new_choices.choices.values()
        for choice in [new_choices] if isinstance(new_choices, DataType) else list(new_choices):
            self.add(choice)

    def jsonValue(self) -> dict[str, Any]:
        return super().jsonValue() | {"choices": [choice.jsonValue() for choice in self.choices.values()]}

    def _parts(self) -> tuple[Any, ...]:
        return tuple(self.choices.values())


class Field:
    """A field of a struct."""

    def __init__(self, name: str, dataType: DataType, properties: dict[str, Any] | None = None) -> None:
        self.name, self.dataType, self.properties = name, dataType, dict(properties or {})

    def jsonValue(self) -> dict[str, Any]:
        """The field as an object of JSON."""
        return {"name": self.name, "container": self.dataType.jsonValue(), "properties": self.properties}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (self.name, self.dataType) == (other.name, other.dataType)

    def __hash__(self) -> int:
        return hash((self.name, self.dataType))

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.dataType!r})"


class StructType(DataType):
    """Fields by their names, in an order. The schema of a frame is one."""

    def __init__(self, fields: Iterable[Field] = (), properties: dict[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.fields: list[Field] = list(fields)

    @property
    def field_map(self) -> dict[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    def add(self, field: Field) -> None:
        """One field more."""
        self.fields.append(field)

    def hasField(self, field: str | Field) -> bool:
        """Whether there is a field of the name."""
        return self._find(field) is not None

    def getField(self, field: str | Field) -> Field:
        """The field of the name.

        Raises KeyError if there is none.
        """
        found = self._find(field)
        if found is None:
            raise KeyError(field.name if isinstance(field, Field) else field)
        return found

    def _find(self, field: str | Field) -> Field | None:
        name = field.name if isinstance(field, Field) else field
        return next((known for known in self.fields if known.name == name), None)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def jsonValue(self) -> dict[str, Any]:
        return super().jsonValue() | {"fields": [field.jsonValue() for field in self.fields]}

    def _parts(self) -> tuple[Any, ...]:
        return tuple(self.fields)


_ATOMIC: dict[str, type[AtomicType]] = {
    of.typeName(): of
    for of in (BinaryType, BooleanType, ByteType, DateType, DoubleType, FloatType, IntegerType, LongType, NullType,
               ShortType, StringType, TimestampType, UnknownType)
}  # fmt: skip
# Spark's and Hive's names of the same types.
_ATOMIC |= {
    "integer": IntegerType, "bigint": LongType, "smallint": ShortType, "tinyint": ByteType, "bool": BooleanType,
    "void": NullType, "char": StringType, "varchar": StringType, "real": FloatType, "timestamp_ntz": TimestampType,
}  # fmt: skip


def atomic(name: str) -> AtomicType | None:
    """The type without other types inside that Glue, Spark or Hive calls so."""
    of = _ATOMIC.get(name.strip().lower())
    return of() if of else None


def from_json(value: Any) -> DataType:
    """A type from the JSON of Glue's types or of Spark's.

    Raises ValueError for what tells of no type.
    """
    if isinstance(value, str):
        from awsglue._types import parse_type

        return parse_type(value)
    if not isinstance(value, dict) or not (name := value.get("dataType") or value.get("type")):
        raise ValueError(f"{value!r} tells of no type")
    properties = value.get("properties")
    match name:
        case "decimal":
            return DecimalType(value.get("precision", 10), value.get("scale", 2), properties)
        case "enum":
            return EnumType(value.get("options", ()), properties)
        case "array":
            return ArrayType(from_json(value["elementType"]), properties)
        case "map":
            key = from_json(value["keyType"]) if "keyType" in value else None
            return MapType(from_json(value["valueType"]), properties, key)
        case "choice":
            return ChoiceType([from_json(choice) for choice in value["choices"]], properties)
        case "struct":
            fields = value.get("fields", ())
            return StructType([Field(one["name"], from_json(one.get("container", one.get("type"))),
                                     one.get("properties")) for one in fields], properties)  # fmt: skip
    of = _ATOMIC.get(name)
    if of is None:
        raise ValueError(f"{name!r} is no type")
    return of(properties)


def _deserialize_json(value: str | dict[str, Any]) -> DataType:
    """A type from JSON text or its object."""
    return from_json(json.loads(value) if isinstance(value, str) else value)
