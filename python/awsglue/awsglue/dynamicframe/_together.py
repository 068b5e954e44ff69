"""Two frames made one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, read
from awsglue._paths import listed, ticked
from awsglue._rows import Rows
from awsglue._types import united
from awsglue.dynamicframe._fields import place


def _keys(rows: Rows, paths: str | Iterable[str], what: str) -> list[Leaf]:
    found = []
    for path in listed(paths):
        at = place(rows, path)
        if at is None:
            there = ", ".join(field.name for field in rows.schema.fields)
            raise ValueError(f"{what}: there is no field {path}; there are {there or 'none'}")
        found.append(read(rows.schema, at))
    if not found:
        raise ValueError(f"{what}: no key is named")
    return found


def _comparable(one: Leaf, other: Leaf) -> tuple[Leaf, Leaf]:
    """Both keys in one type: text becomes what the other is."""
    if isinstance(one.of, g.ChoiceType) or isinstance(other.of, g.ChoiceType):
        text = g.StringType()
        return Leaf(one.name, cast(one.column, one.of, text), text), Leaf(other.name, cast(other.column, other.of, text), text)
    if one.of.typeName() == "string" != other.of.typeName():
        return Leaf(one.name, cast(one.column, one.of, other.of), other.of), other
    if other.of.typeName() == "string" != one.of.typeName():
        return one, Leaf(other.name, cast(other.column, other.of, one.of), one.of)
    return one, other


def joined(left: Rows, right: Rows, keys1: str | Sequence[str], keys2: str | Sequence[str]) -> Rows:
    """Rows of both sides with the same keys. A column of the second side whose name the first has too gets a dot before it.

    Raises ValueError for keys that are not there or not as many on both sides.
    """
    mine, others = _keys(left, keys1, "join"), _keys(right, keys2, "join")
    if len(mine) != len(others):
        raise ValueError(f"join: one side has {len(mine)} keys and the other {len(others)}")
    pairs = [_comparable(one, other) for one, other in zip(mine, others)]
    hidden = [f"__awsglue_key{number}" for number in range(len(pairs))]
    first = left.df.select("*", *(one.column.alias(f"__awsglue_left{name}") for name, (one, _) in zip(hidden, pairs)))
    renamed = [(leaf, f"__awsglue_right.{leaf.name}") for leaf in right.leaves]
    second = right.df.select(
        *(leaf.column.alias(name) for leaf, name in renamed),
        *(other.column.alias(f"__awsglue_right{name}") for name, (_, other) in zip(hidden, pairs)),
    )
    same = F.lit(True)
    for name in hidden:
        same = same & (F.col(f"__awsglue_left{name}") == F.col(f"__awsglue_right{name}"))
    both = first.join(second, same, "inner")
    taken = {leaf.name for leaf in left.leaves}
    out = left.leaves
    for leaf, name in renamed:
        unique = leaf.name
        while unique in taken:
            unique = f".{unique}"
        taken.add(unique)
        out.append(Leaf(unique, F.col(ticked(name)), leaf.of))
    selected = both.select(*(leaf.column.alias(leaf.name) for leaf in out))
    return left.made(selected, g.StructType([g.Field(leaf.name, leaf.of) for leaf in out]), right)


def union(one: Rows, other: Rows) -> Rows:
    """All rows of both, field by field: what a side lacks is null there, values of two types are a choice."""
    schema = united(one.schema, other.schema)
    assert isinstance(schema, g.StructType)
    sides = []
    for rows in (one, other):
        known = {leaf.name: leaf for leaf in rows.leaves}
        columns = []
        for field in schema.fields:
            leaf = known.get(field.name) or Leaf(field.name, F.lit(None), g.NullType())
            columns.append(cast(leaf.column, leaf.of, field.dataType).alias(field.name))
        sides.append(rows.df.select(*columns))
    return one.made(sides[0].union(sides[1]), schema, other)


def merged(source: Rows, stage: Rows, keys: str | Sequence[str]) -> Rows:
    """All staged rows, and the source's rows without a staged one under the same keys.

    Raises ValueError for keys that are not there.
    """
    pairs = [
        _comparable(one, other)
        for one, other in zip(_keys(source, keys, "mergeDynamicFrame"), _keys(stage, keys, "mergeDynamicFrame"))
    ]
    left = [f"__awsglue_left{number}" for number in range(len(pairs))]
    right = [f"__awsglue_right{number}" for number in range(len(pairs))]
    staged = stage.df.select(*(other.column.alias(name) for name, (_, other) in zip(right, pairs)))
    marked = source.df.select("*", *(one.column.alias(name) for name, (one, _) in zip(left, pairs)))
    same = F.lit(True)
    for mine, others in zip(left, right):
        same = same & (F.col(mine) == F.col(others))
    kept = marked.join(staged, same, "left_anti")
    rest = kept.select(*(leaf.column for leaf in source.leaves))
    return union(source.made(rest, source.schema), stage)
