"""Nested values made flat: unnest, relationalize, and DynamoDB's JSON."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, changed, inner, nothing
from awsglue._paths import EACH, Path, ticked
from awsglue._rows import Rows
from awsglue._scratch import scratch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: The number of a row while its arrays are taken out.
_ROW = "__awsglue_row"


def flat(leaves: Iterable[Leaf], joint: str = ".", levels: int | None = None) -> list[Leaf]:
    """Fields of structs as columns, down to so many levels, their names joined."""
    out: list[Leaf] = []
    below = None if levels is None else levels - 1
    for leaf in leaves:
        members: Iterable[tuple[str, g.DataType]] | None = None
        if levels == 0:
            members = None
        elif isinstance(leaf.of, g.StructType):
            members = ((field.name, field.dataType) for field in leaf.of.fields)
        elif isinstance(leaf.of, g.ChoiceType):
            members = leaf.of.choices.items()
        if members is None:
            out.append(leaf)
        else:
            inside = (Leaf(f"{leaf.name}{joint}{name}", inner(leaf.column, name), of) for name, of in members)
            out.extend(flat(inside, joint, below))
    return out


def relational(rows: Rows, root: str, staging_path: str | None) -> list[tuple[str, Rows]]:
    """Tables without nested values, the root first. An array becomes a number in its row, and a table of its own with
    the elements by that number (`id`) and their place (`index`)."""
    tables: list[tuple[str, Rows]] = []
    _apart(rows, rows.leaves, [], root, "_", staging_path, tables)
    return tables


def _apart(
    rows: Rows,
    columns: list[Leaf],
    own: list[Leaf],
    table: str,
    joint: str,
    staging_path: str | None,
    tables: list[tuple[str, Rows]],
) -> None:
    leaves = flat(columns)
    if not any(_element(leaf.of) for leaf in leaves):
        tables.append((table, rows.select([*own, *leaves])))
        return
    numbered = _staged(rows, own, leaves, table, staging_path)
    at = {leaf.name: Leaf(leaf.name, F.col(ticked(leaf.name)), leaf.of) for leaf in (*own, *leaves)}
    row = F.col(_ROW)
    root = [at[leaf.name] for leaf in own]
    for leaf in leaves:
        value = at[leaf.name]
        array = F.when(value.column.isNotNull(), row)
        root.append(Leaf(leaf.name, array, g.LongType()) if _element(leaf.of) else value)
    tables.append((table, rows.select(root, numbered)))
    for leaf in leaves:
        element = _element(leaf.of)
        if element is None:
            continue
        values = at[leaf.name].column
        if isinstance(leaf.of, g.MapType):
            values = F.map_entries(values)
        name = f"{leaf.name}.val"
        elements = numbered.select(row.alias("id"), F.posexplode(values).alias("index", name))
        below = Leaf(name, F.col(ticked(name)), element)
        ids = [Leaf("id", F.col("id"), g.LongType()), Leaf("index", F.col("index"), g.IntegerType())]
        made = rows.made(elements, g.StructType([*(g.Field(one.name, one.of) for one in ids), g.Field(name, element)]))
        _apart(made, [below], ids, f"{table}{joint}{leaf.name}", ".", staging_path, tables)


def _element(of: g.DataType) -> g.DataType | None:
    if isinstance(of, g.ArrayType):
        return of.elementType
    if isinstance(of, g.MapType):
        return g.StructType([g.Field("key", of.keyType), g.Field("value", of.valueType)])
    return None


def _staged(rows: Rows, own: list[Leaf], leaves: list[Leaf], table: str, path: str | None) -> DataFrame:
    """The rows with a number each, written down: a number that is made anew with each look would join nothing."""
    kept = [(number, leaf, _storable(leaf.of)) for number, leaf in enumerate((*own, *leaves))]
    stored = [cast(leaf.column, leaf.of, of).alias(f"c{number}") for number, leaf, of in kept if of]
    numbered = rows.df.select((F.monotonically_increasing_id() + 1).alias(_ROW), *stored)
    place = f"{_scratch(rows, path).rstrip('/')}/relationalize-{uuid.uuid4().hex}"
    numbered.write.parquet(place)
    read = rows.df.sparkSession.read.parquet(place)
    back = [(cast(F.col(f"c{number}"), of, leaf.of) if of else nothing(leaf.of)).alias(leaf.name) for number, leaf, of in kept]
    return read.select(_ROW, *back)


def _storable(of: g.DataType) -> g.DataType | None:
    """The type in which Parquet keeps values of a type: null has none."""
    if isinstance(of, g.StructType):
        fields = [g.Field(field.name, inside) for field in of.fields if (inside := _storable(field.dataType))]
        return g.StructType(fields) if fields else None
    if isinstance(of, g.ChoiceType):
        members = [g.Field(name, inside) for name, one in of.choices.items() if (inside := _storable(one))]
        return g.StructType(members)
    if isinstance(of, g.ArrayType):
        return g.ArrayType(_storable(of.elementType) or g.StringType())
    if isinstance(of, g.MapType):
        return g.MapType(_storable(of.valueType) or g.StringType(), keyType=of.keyType)
    return None if of.typeName() in ("null", "unknown") else of


def _scratch(rows: Rows, path: str | None) -> str:
    """A folder of this machine's, or the staging path where Spark is on another one."""
    spark = rows.df.sparkSession
    folder = scratch(spark) or path
    if folder is None:
        raise ValueError(f"relationalize needs a staging_path that both this process and Spark on {spark.client.host} reach")
    return folder


_KINDS = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})


def _typed(of: g.DataType) -> str | None:
    """The only type of values in DynamoDB's JSON; that a value may also be null does not count."""
    if not isinstance(of, g.StructType) or not of.fields or not {field.name for field in of.fields} <= _KINDS:
        return None
    kinds = [field.name for field in of.fields if field.name != "NULL"] or ["NULL"]
    return kinds[0] if len(kinds) == 1 else None


def _item(leaves: list[Leaf]) -> list[Leaf]:
    """The attributes of the items of a table's export."""
    if len(leaves) != 1:
        return leaves
    item, of = leaves[0], leaves[0].of
    if item.name == "Item" and isinstance(of, g.StructType):
        return [Leaf(field.name, inner(item.column, field.name), field.dataType) for field in of.fields]
    return leaves


def _simple(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
    kind = _typed(leaf.of)
    if kind is None:
        return None
    assert isinstance(leaf.of, g.StructType)
    value = Leaf(leaf.name, inner(leaf.column, kind), leaf.of.getField(kind).dataType)
    if kind == "M":
        return changed([value], _below, at[:-1])
    if kind == "L":
        return [_listed(value)]
    return [value]


def _below(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
    """What is inside of a map: the attributes, and not the map itself."""
    if not isinstance(leaf.of, g.StructType):
        return [leaf]
    fields = [Leaf(field.name, inner(leaf.column, field.name), field.dataType) for field in leaf.of.fields]
    made = changed(fields, _simple, at)
    struct = F.when(leaf.column.isNotNull(), F.struct(*(one.column.alias(one.name) for one in made)))
    return [Leaf(leaf.name, struct, g.StructType([g.Field(one.name, one.of) for one in made]))]


def _listed(leaf: Leaf) -> Leaf:
    """A list of values of one type that is no map; others stay as they are."""
    if not isinstance(leaf.of, g.ArrayType):
        return leaf
    element = leaf.of.elementType
    kind = _typed(element)
    if kind is None or kind in ("M", "L"):
        return leaf
    assert isinstance(element, g.StructType)
    values = F.transform(leaf.column, lambda value: inner(value, kind))
    return Leaf(leaf.name, values, g.ArrayType(element.getField(kind).dataType))


def simplified(rows: Rows) -> list[Leaf]:
    """DynamoDB's JSON without its type names; maps are structs."""
    return changed(_item(rows.leaves), lambda at, leaf: [leaf] if at[-1] == EACH else _simple(at, leaf))


def unnested(rows: Rows) -> list[Leaf]:
    """DynamoDB's JSON as columns: those of maps have names joined with dots. Arrays of structs stay as they are."""

    def attribute(leaf: Leaf) -> list[Leaf]:
        kind = _typed(leaf.of)
        if kind is None:
            return [leaf]
        assert isinstance(leaf.of, g.StructType)
        value = Leaf(leaf.name, inner(leaf.column, kind), leaf.of.getField(kind).dataType)
        if kind != "M" or not isinstance(value.of, g.StructType):
            return [value]
        out = []
        for field in value.of.fields:
            out.extend(attribute(Leaf(f"{leaf.name}.{field.name}", inner(value.column, field.name), field.dataType)))
        return out

    return [one for leaf in _item(rows.leaves) for one in attribute(leaf)]
