"""The managed visual transforms of AWS Glue Studio, which its scripts import as modules and call as methods of frames
(Developer Guide: "Transform data with AWS Glue managed transforms")."""

from __future__ import annotations

import datetime
import re
import sys
import types
from collections.abc import Callable, Iterable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, read
from awsglue._paths import listed, ticked
from awsglue._types import from_spark
from awsglue.dynamicframe import _nested
from awsglue.dynamicframe._fields import place

if TYPE_CHECKING:
    from awsglue.dynamicframe.frame import DynamicFrame

#: Columns that a pivot makes at most, as Spark has it.
_MOST = 10_000
_AGGREGATES: dict[str, Callable[[Column], Column]] = {
    "avg": F.avg, "mean": F.avg, "count": F.count, "countdistinct": F.countDistinct, "count_distinct": F.countDistinct,
    "first": F.first, "last": F.last, "kurtosis": F.kurtosis, "max": F.max, "min": F.min, "skewness": F.skewness,
    "stddev": F.stddev, "stddev_samp": F.stddev_samp, "stddev_pop": F.stddev_pop, "sum": F.sum,
    "sumdistinct": F.sum_distinct, "sum_distinct": F.sum_distinct, "variance": F.var_samp, "var_samp": F.var_samp,
    "var_pop": F.var_pop,
}  # fmt: skip


def _leaf(frame: DynamicFrame, name: str) -> Leaf:
    found = place(frame._rows, name)
    if found is None:
        there = ", ".join(field.name for field in frame.schema())
        raise ValueError(f"there is no field {name}; there are {there}")
    return read(frame._rows.schema, found)


def _text(leaf: Leaf) -> Column:
    return leaf.column if leaf.of.typeName() == "string" else cast(leaf.column, leaf.of, g.StringType())


def _true(flag: Any) -> bool:
    return flag is True or str(flag).lower() == "true"


def _parts(given: str | Iterable[str]) -> list[str]:
    """Several values, or one with commas."""
    parts = listed(given)
    return [part.strip() for part in parts[0].split(",")] if len(parts) == 1 else parts


def _with(frame: DynamicFrame, made: dict[str, Column], dropped: str | None = None) -> DynamicFrame:
    """The frame with columns: in their places if there are some of the names, else behind all others."""
    kept = [leaf for leaf in frame._rows.leaves if leaf.name != dropped or leaf.name in made]
    columns = [made.get(leaf.name, leaf.column).alias(leaf.name) for leaf in kept]
    names = {leaf.name for leaf in kept}
    columns += [column.alias(name) for name, column in made.items() if name not in names]
    df = frame.df.select(*columns)
    known = {leaf.name: leaf.of for leaf in kept if leaf.name not in made}
    fields = [g.Field(one.name, known.get(one.name, one.dataType)) for one in from_spark(df.schema)]
    return frame._next(frame._rows.made(df, g.StructType(fields)))


def _named(colName: str, newColName: str | None) -> str:
    return newColName or colName.strip("`")


def gs_now(self: DynamicFrame, colName: str, dateFormat: str | None = None) -> DynamicFrame:
    """A column with the time of the run, as text if a format of Python's is given."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return _with(self, {colName: F.lit(now.strftime(dateFormat)) if dateFormat else F.lit(now)})


def gs_uuid(self: DynamicFrame, colName: str) -> DynamicFrame:
    """A column with a text that no other row has."""
    return _with(self, {colName: F.expr("uuid()")})


def gs_sequence_id(self: DynamicFrame, colName: str, unique: Any = False) -> DynamicFrame:
    """A column with a number that no other row has; with `unique` none of another run either."""
    first = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000) * 1000 if _true(unique) else 0
    return _with(self, {colName: F.monotonically_increasing_id() + F.lit(first)})


def gs_concat(self: DynamicFrame, colName: str, colList: Any, spacer: str | None = None) -> DynamicFrame:
    """A column with the texts of others, and a spacer between them."""
    return _with(self, {colName: F.concat_ws(spacer or "", *(_text(_leaf(self, name)) for name in _parts(colList)))})


def gs_split(self: DynamicFrame, colName: str, pattern: str, newColName: str | None = None) -> DynamicFrame:
    """A text split into an array."""
    return _with(self, {_named(colName, newColName): F.split(_leaf(self, colName).column, pattern)})


def gs_array_to_cols(self: DynamicFrame, colName: str, colList: Any, indexes: Any = None) -> DynamicFrame:
    """Elements of an array as columns; places count from 1."""
    leaf, names = _leaf(self, colName), _parts(colList)
    if not isinstance(leaf.of, g.ArrayType):
        raise ValueError(f"gs_array_to_cols: the column is no array but {leaf.of.typeName()}")
    places = [int(one) for one in _parts(indexes)] if indexes else list(range(1, len(names) + 1))
    if len(places) != len(names):
        raise ValueError(f"gs_array_to_cols: there are {len(names)} columns and {len(places)} indexes")
    return _with(self, {name: F.try_element_at(leaf.column, F.lit(at)) for name, at in zip(names, places)})


def gs_explode(self: DynamicFrame, colName: str, newCol: str | None = None, outer: Any = False) -> DynamicFrame:
    """A row for each element of an array, or for each entry of a map as `key` and `value`."""
    leaf = _leaf(self, colName)
    if isinstance(leaf.of, g.ArrayType):
        return _with(self, {newCol or leaf.name: (F.explode_outer if _true(outer) else F.explode)(leaf.column)})
    if not isinstance(leaf.of, g.MapType):
        raise ValueError(f"gs_explode: the column is neither array nor map but {leaf.of.typeName()}")
    entry = "__entry"
    exploded = _with(self, {entry: F.explode(F.map_entries(leaf.column))})
    made = {name: F.col(entry).getField(name) for name in ("key", "value")}
    return _with(exploded, made, dropped=entry)


def gs_flatten(self: DynamicFrame, maxLevels: Any = 0, separator: str = ".") -> DynamicFrame:
    """Fields of structs as columns, down to so many levels (0: all)."""
    rows = self._rows
    return self._next(rows.select(_nested.flat(rows.leaves, separator or ".", int(maxLevels or 0) or None)))


def gs_to_timestamp(
    self: DynamicFrame, colName: str, colType: str = "autodetect", newColName: str | None = None
) -> DynamicFrame:
    """Text or a number since 1970 as a time."""
    leaf, to = _leaf(self, colName), g.TimestampType()
    number, time = cast(leaf.column, leaf.of, g.LongType()), cast(leaf.column, leaf.of, to)
    units = {"seconds": F.timestamp_seconds, "milliseconds": F.timestamp_millis, "microseconds": F.timestamp_micros}
    units |= {"millis": F.timestamp_millis, "micros": F.timestamp_micros}
    kind = (colType or "autodetect").lower()
    if kind in units:
        made = units[kind](number)
    elif kind == "autodetect":
        # Numbers tell their unit by their size: milliseconds begin in March 1973, microseconds likewise.
        made = F.when(number >= 10**14, F.timestamp_micros(number))
        made = made.when(number >= 10**11, F.timestamp_millis(number)).otherwise(F.timestamp_seconds(number))
        if leaf.of.typeName() == "string":
            made = F.when(leaf.column.rlike("^[0-9]{5,}$"), made).otherwise(time)
        elif leaf.of.typeName() in ("date", "timestamp"):
            made = time
    elif kind == "iso":
        made = time
    else:
        raise ValueError(f"gs_to_timestamp: the column type {colType!r} is not supported")
    return _with(self, {_named(colName, newColName): made})


def gs_format_timestamp(self: DynamicFrame, colName: str, dateFormat: str, newColName: str | None = None) -> DynamicFrame:
    """A time as text in a format of Spark's."""
    leaf = _leaf(self, colName)
    if leaf.of.typeName() not in ("date", "timestamp"):
        raise ValueError(f"gs_format_timestamp: the column is no timestamp but {leaf.of.typeName()}")
    return _with(self, {_named(colName, newColName): F.date_format(leaf.column, dateFormat)})


def gs_derived(self: DynamicFrame, colName: str, expr: str) -> DynamicFrame:
    """A column by an expression in SQL."""
    return _with(self, {colName: F.expr(expr)})


def gs_null_rows(self: DynamicFrame, extended: Any = False) -> DynamicFrame:
    """Leaves out the rows that hold nothing; in the extended form empty text is nothing too."""
    something: Column | None = None
    for leaf in self._rows.leaves:
        held = leaf.column.isNotNull()
        if _true(extended) and leaf.of.typeName() == "string":
            held = held & (leaf.column != "")
        something = held if something is None else something | held
    rows = self._rows
    return self if something is None else self._next(rows.made(self.df.filter(something), rows.schema))


def gs_repartition(self: DynamicFrame, numPartitions: Any) -> DynamicFrame:
    """The rows in so many parts."""
    return self.repartition(int(numPartitions))


def gs_extract_json(self: DynamicFrame, colName: str, jsonPaths: Any, colList: Any, dropCol: Any = False) -> DynamicFrame:
    """Values out of JSON text by their paths, as columns of text."""
    leaf, paths, names = _leaf(self, colName), _parts(jsonPaths), _parts(colList)
    if len(paths) != len(names):
        raise ValueError(f"gs_extract_json: there are {len(paths)} paths and {len(names)} columns")
    full = [path if path.startswith("$") else f"$.{path}" for path in paths]
    made = {name: F.get_json_object(_text(leaf), path) for name, path in zip(names, full)}
    return _with(self, made, leaf.name if _true(dropCol) else None)


def gs_regex_extract(self: DynamicFrame, colName: str, regex: str, newCols: Any) -> DynamicFrame:
    """A column for each group of a regular expression; a group whose column has no name is skipped."""
    groups, names = re.compile(regex).groups, _parts(newCols)
    if len(names) != max(1, groups):
        raise ValueError(f"gs_regex_extract: the regular expression has {groups} groups, and there are {len(names)} columns")
    text, first = _text(_leaf(self, colName)), 1 if groups else 0
    made = {name: F.regexp_extract(text, regex, first + at) for at, name in enumerate(names) if name}
    return _with(self, made)


def gs_pivot(self: DynamicFrame, aggCol: str, aggFunction: str, colList: Any) -> DynamicFrame:
    """A column for each value of one column, with an aggregate of another, by all columns else."""
    names = _parts(colList)
    if len(names) != 1:
        raise ValueError("gs_pivot: by several columns is not supported: give one in colList")
    by, value = _leaf(self, names[0]), _leaf(self, aggCol)
    aggregate = _AGGREGATES.get(aggFunction.lower())
    if aggregate is None:
        raise ValueError(f"gs_pivot: the aggregation {aggFunction!r} is not supported")
    ordered = self.df.select(by.column.alias("by")).distinct().orderBy("by").limit(_MOST + 1)
    found = ordered.select("by", cast(F.col("by"), by.of, g.StringType()).alias("name")).collect()
    if len(found) > _MOST:
        raise ValueError(f"gs_pivot: the column {by.name} has more than {_MOST} values")
    groups = [leaf.column for leaf in self._rows.leaves if leaf.name not in (by.name, value.name)]
    cells = self.df.groupBy(*groups, by.column.alias("__by")).agg(aggregate(value.column).alias("__value"))
    taken = {name for _, name in found}
    # The rows without a value have a column of their own, also where others have the text.
    null = next(name for name in ("null", *(f"null_{at}" for at in range(2, _MOST + 3))) if name not in taken)
    columns = [
        F.max(F.when(F.col("__by").eqNullSafe(F.lit(one)), F.col("__value"))).alias(null if name is None else name)
        for one, name in found
    ]
    others = [leaf.name for leaf in self._rows.leaves if leaf.name not in (by.name, value.name)]
    df = cells.groupBy(*(F.col(ticked(name)) for name in others)).agg(*columns)
    return self._next(self._rows.made(df))


_TRANSFORMS = {name: one for name, one in list(globals().items()) if name.startswith("gs_")}


class _Modules(MetaPathFinder, Loader):
    """Finds the modules of the managed transforms, after all others: their work is done by the methods."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in (*_TRANSFORMS, "resolveChoice") else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update({name: one for name, one in _TRANSFORMS.items() if name == module.__name__})


def attach(of: type[DynamicFrame]) -> None:
    """Gives frames the methods, and scripts the modules."""
    for name, one in _TRANSFORMS.items():
        setattr(of, name, one)
    sys.meta_path.append(_Modules())
