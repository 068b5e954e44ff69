"""Fields of a frame as Spark's columns: reading them, casting them as AWS Glue does, rebuilding what holds them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._paths import EACH, VALUES, Path, ticked
from awsglue._types import to_spark

_WHOLE = ("byte", "short", "int", "long")


@dataclass(frozen=True)
class Leaf:
    """A column of a frame to be: its name, its values, their type."""

    name: str
    column: Column
    of: g.DataType


#: What becomes of the field at a path: other fields in its place, or None where it stays and is looked into.
Change = Callable[[Path, Leaf], "Sequence[Leaf] | None"]


def top(schema: g.StructType) -> list[Leaf]:
    """The columns of a frame."""
    return [Leaf(field.name, F.col(ticked(field.name)), field.dataType) for field in schema.fields]


def inner(column: Column, name: str) -> Column:
    """A field of a struct. It is null where the struct is: Sail has the empty value of the type there."""
    return F.when(column.isNotNull(), column.getField(name))


def struct(leaves: Iterable[Leaf]) -> Column:
    """A struct of the fields."""
    return F.struct(*(leaf.column.alias(leaf.name) for leaf in leaves))


def nothing(of: g.DataType) -> Column:
    """Null of the type."""
    return F.lit(None).cast(to_spark(of))


def find(fields: Iterable[str], name: str, exact: bool = False) -> str | None:
    """The name itself if there is one, else one that differs in case alone."""
    known = list(fields)
    if name in known:
        return name
    if exact:
        return None
    return next((one for one in known if one.lower() == name.lower()), None)


def located(schema: g.DataType, path: Path, exact: bool = False) -> Path | None:
    """The path of a field as the schema has it, with the steps into arrays; None where there is no such field."""
    found: list[str] = []
    of: g.DataType = schema
    for step in (step for step in path if step != EACH):
        while isinstance(of, (g.ArrayType, g.MapType)):
            found.append(EACH if isinstance(of, g.ArrayType) else VALUES)
            of = of.elementType if isinstance(of, g.ArrayType) else of.valueType
        if isinstance(of, g.ChoiceType):
            name = find(of.choices, step, exact)
            below = of.choices.get(name or "")
            if name is None and isinstance(of.choices.get("struct"), g.StructType):
                found.append("struct")
                name = find(of.choices["struct"].field_map, step, exact)  # type: ignore[attr-defined]
                below = of.choices["struct"].field_map[name].dataType if name else None  # type: ignore[attr-defined]
        elif isinstance(of, g.StructType):
            name = find(of.field_map, step, exact)
            below = of.field_map[name].dataType if name else None
        else:
            return None
        if name is None or below is None:
            return None
        found.append(name)
        of = below
    if path and path[-1] == EACH and isinstance(of, g.ArrayType):
        found.append(EACH)
    return tuple(found)


def typed(schema: g.DataType, path: Path) -> g.DataType:
    """The type of the field at a path that was located."""
    of = schema
    for step in path:
        if isinstance(of, g.ArrayType):
            of = of.elementType
        elif isinstance(of, g.MapType):
            of = of.valueType
        elif isinstance(of, g.ChoiceType):
            of = of.choices[step]
        else:
            assert isinstance(of, g.StructType)
            of = of.getField(step).dataType
    return of


def read(schema: g.StructType, path: Path) -> Leaf:
    """A field by a path that was located and leads through no array.

    Raises ValueError if it does lead through one.
    """
    if EACH in path or VALUES in path:
        raise ValueError(f"{path[-1]!r} is inside of an array or a map: its values are no column")
    column = F.col(ticked(path[0]))
    for step in path[1:]:
        column = inner(column, step)
    return Leaf(path[-1], column, typed(schema, path))


def changed(leaves: Iterable[Leaf], change: Change, path: Path = ()) -> list[Leaf]:
    """The fields with the changes, at any depth."""
    out: list[Leaf] = []
    for leaf in leaves:
        at = (*path, leaf.name)
        instead = change(at, leaf)
        if instead is None:
            inside = _inside(leaf, at, change)
            instead = [] if inside is None else [inside]
        out.extend(instead)
    return out


def _inside(leaf: Leaf, at: Path, change: Change) -> Leaf | None:
    """The field with the changes to what it holds; nothing is left of it where nothing is left in it."""
    of = leaf.of
    if isinstance(of, (g.StructType, g.ChoiceType)):
        members = of.choices.items() if isinstance(of, g.ChoiceType) else ((f.name, f.dataType) for f in of.fields)
        old = [Leaf(name, inner(leaf.column, name), one) for name, one in members]
        new = changed(old, change, at)
        if len(new) == len(old) and all(one is other for one, other in zip(old, new)):
            return leaf
        if not new:
            return None
        column = F.when(leaf.column.isNotNull(), struct(new))
        if isinstance(of, g.ChoiceType):
            return Leaf(leaf.name, column, g.ChoiceType([one.of for one in new]))
        return Leaf(leaf.name, column, g.StructType([g.Field(one.name, one.of) for one in new]))
    if isinstance(of, g.ArrayType):
        done = _each(leaf.column, of.elementType, (*at, EACH), change)
        return done and (leaf if done.column is leaf.column else Leaf(leaf.name, done.column, g.ArrayType(done.of)))
    if isinstance(of, g.MapType):
        values = F.map_values(leaf.column)
        done = _each(values, of.valueType, (*at, VALUES), change)
        if done is None or done.column is values:
            return done and leaf
        column = F.map_from_arrays(F.map_keys(leaf.column), done.column)
        return Leaf(leaf.name, column, g.MapType(done.of, keyType=of.keyType))
    return leaf


def _each(values: Column, of: g.DataType, at: Path, change: Change) -> Leaf | None:
    """The array with the changes to its elements, whose type is the answer's: the array itself if there are none."""
    made: list[Leaf] = []

    def one(value: Column) -> Column:
        leaf = Leaf(at[-1], value, of)
        new = changed([leaf], change, at[:-1])
        made.extend([Leaf("", values, of)] if new and new[0] is leaf else new)
        return new[0].column if new else value

    column = F.transform(values, one)
    if not made or made[0].column is values:
        return made[0] if made else None
    return Leaf("", column, made[0].of)


def cast(column: Column, of: g.DataType, to: g.DataType) -> Column:
    """The values in another type; what does not fit is null."""
    if of == to:
        return column
    if of.typeName() in ("null", "unknown"):
        return nothing(to)
    if isinstance(to, g.ChoiceType):
        return _chosen(column, of, to)
    if isinstance(of, g.ChoiceType):
        members = [cast(inner(column, name), one, to) for name, one in of.choices.items() if _castable(one, to)]
        return F.coalesce(*members) if members else nothing(to)
    if isinstance(of, g.StructType) and isinstance(to, g.StructType):
        fields = []
        for field in to.fields:
            name = find(of.field_map, field.name)
            value = nothing(field.dataType)
            if name is not None:
                value = cast(inner(column, name), of.getField(name).dataType, field.dataType)
            fields.append(Leaf(field.name, value, field.dataType))
        return F.when(column.isNotNull(), struct(fields)) if fields else nothing(to)
    if isinstance(of, g.ArrayType) and isinstance(to, g.ArrayType):
        source, target = of.elementType, to.elementType
        return F.transform(column, lambda value: cast(value, source, target))
    if isinstance(of, g.MapType) and isinstance(to, g.MapType):
        source, target = of.valueType, to.valueType
        values = F.transform(F.map_values(column), lambda value: cast(value, source, target))
        return F.map_from_arrays(F.map_keys(column), values)
    return _simple(column, of, to) if _castable(of, to) else nothing(to)


def _castable(of: g.DataType, to: g.DataType) -> bool:
    if isinstance(of, g.AtomicType) and isinstance(to, g.AtomicType):
        return True
    return type(of) is type(to) or isinstance(of, g.ChoiceType)


def _chosen(column: Column, of: g.DataType, to: g.ChoiceType) -> Column:
    own = {of.typeName(): of} if not isinstance(of, g.ChoiceType) else of.choices
    taken: dict[str, Column] = {}
    for name, one in own.items():
        target = _member(one, to)
        value = inner(column, name) if isinstance(of, g.ChoiceType) else column
        value = cast(value, one, to.choices[target])
        taken[target] = F.coalesce(taken[target], value) if target in taken else value
    fields = [Leaf(name, taken.get(name, nothing(one)), one) for name, one in to.choices.items()]
    return F.when(column.isNotNull(), struct(fields))


def _member(of: g.DataType, to: g.ChoiceType) -> str:
    """The type of the choice that takes the values of another one."""
    from awsglue._types import united

    if of.typeName() in to.choices:
        return of.typeName()
    fitting = (name for name, one in to.choices.items() if united(one, of) == one)
    found = next(fitting, None)
    if found is None:
        raise ValueError(f"the choice of {', '.join(to.choices)} has no place for a {of.typeName()}")
    return found


def _simple(column: Column, of: g.DataType, to: g.DataType) -> Column:
    name, target = of.typeName(), to_spark(to)
    if to.typeName() in ("null", "unknown"):
        return nothing(to)
    if name == "string" and to.typeName() in _WHOLE:
        text = F.trim(column)
        whole = F.substring_index(text, ".", 1)
        fraction = text.rlike(r"^[+-]?[0-9]*\.[0-9]*$") & text.rlike("[0-9]")
        whole = F.when(whole.isin("", "-", "+"), F.lit("0")).otherwise(whole)
        return F.when(fraction, whole).otherwise(text).try_cast(target)
    if name == "string" and to.typeName() == "date":
        moment = F.when(column.rlike(r"^\s*[0-9]{4}-"), column.try_cast("timestamp")).try_cast("date")
        return F.coalesce(F.when(column.rlike(r"^\s*[0-9]{4}"), column.try_cast(target)), moment)
    if name == "string" and to.typeName() == "timestamp":
        # Spark takes a time alone for one of today.
        return F.when(column.rlike(r"^\s*[0-9]{4}"), column.try_cast(target))
    if name == "string" and to.typeName() == "decimal":
        # Sail reads no exponents there.
        power = F.when(column.rlike("[eE]"), column.try_cast("double")).try_cast(target)
        return F.coalesce(column.try_cast(target), power)
    if name == "decimal" and to.typeName() == "boolean":
        return column != 0
    if name == "boolean" and to.typeName() == "decimal":
        return F.when(column.isNotNull(), F.when(column, 1).otherwise(0)).try_cast(target)
    if name in ("float", "double") and to.typeName() == "timestamp":
        finite = ~(F.isnan(column) | (F.abs(column) > 1e13))
        return F.when(finite, column).try_cast(target)
    return column.try_cast(target)


def met(condition: dict[str, Any]) -> Column:
    """Whether a condition that a filter stands for is met (`_conditions`)."""
    [(kind, told)] = condition.items()
    if kind == "always":
        return F.lit(told)
    if kind == "null":
        return _at(told).isNull()
    if kind == "choose":
        when, then, otherwise = map(met, told)
        return (when & then) | (~when & otherwise)
    path, op, other = told
    value = _at(path)
    [(of, one)] = other.items()
    if of == "real":
        return _real(value, op, one)
    if of == "date":
        one = date(1970, 1, 1) + timedelta(days=one)
    if of == "time":
        one = F.timestamp_micros(F.lit(one))
    return _OPERATIONS[op](value, _at(one) if of == "field" else F.lit(one))


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _at(path: Sequence[str]) -> Column:
    return functools.reduce(inner, path[1:], F.col(ticked(path[0])))


def _real(value: Column, op: str, number: float) -> Column:
    """As Python compares: what is no number stands in no relation, and both zeros are one."""
    low, high = (F.lit(-0.0), F.lit(0.0)) if number == 0 else (F.lit(number), F.lit(number))
    if op == "!=":
        return F.isnan(value) | (value < low) | (value > high)
    bounds = {
        "==": lambda: (value >= low) & (value <= high), "<": lambda: value < low, "<=": lambda: value <= high,
        ">": lambda: value > high, ">=": lambda: value >= low,
    }  # fmt: skip
    return ~F.isnan(value) & bounds[op]()
