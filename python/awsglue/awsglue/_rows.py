"""The rows of a frame: a DataFrame with its schema, and the functions that are still to go over it.

Functions wait until something needs their answers, and then go over the data together. Their schema is worked out from the
records in one look at all of them. The look keeps the records: few come along with its answer, many go to files of this
machine. Functions are called once for each record then. Only where there are very many, or Spark runs on another machine,
a second look makes the rows.
"""

from __future__ import annotations

import functools
import json
import operator
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import functions as F

from awsglue import _arrow, _columns, _conditions, _paths, _python, _record, _types
from awsglue import gluetypes as g
from awsglue._columns import Leaf
from awsglue._paths import Path, ticked
from awsglue._python import Step, Work, merged
from awsglue._scratch import scratch
from awsglue._types import fits, from_spark, to_spark, united

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# What goes to the server goes whole: a remote one has no such package.
for _module in (g, _paths, _types, _record, _arrow, _python):
    cloudpickle.register_pickle_by_value(_module)

#: Bytes of records that go to the server in one message.
_MESSAGE = 32 << 20
#: The column with the partition's number, while functions ask for it.
_NUMBER = "__awsglue_partition"


@dataclass(frozen=True)
class Survey:
    """What one look at the records of a run has told."""

    schema: g.StructType
    count: int
    #: Records that failed, by step.
    errors: list[int]
    #: All records in pieces, where they are few, or in files; none if they were not kept.
    pieces: list[bytes] | None
    files: list[str]


@dataclass(eq=False)
class Rows:
    """Rows and what is to be done to them. `earlier` are runs of functions over what these rows were made from."""

    base: DataFrame
    known: g.StructType | None = None
    choices: frozenset[Path] = frozenset()
    steps: tuple[Step, ...] = ()
    earlier: tuple[Rows, ...] = field(default=())
    #: The schema that records which say nothing else have, if it is not that of `base`.
    hint: g.StructType | None = None

    @cached_property
    def _base_schema(self) -> g.StructType:
        return self.known or from_spark(self.base.schema, self.choices)

    @cached_property
    def schema(self) -> g.StructType:
        """The fields and their types; functions that are waiting run for it, unless they only filter."""
        return self._base_schema if self.filters else self.survey.schema

    @property
    def filters(self) -> bool:
        """Whether no function makes other records."""
        return all(step.kind == "filter" for step in self.steps)

    @cached_property
    def asked(self) -> list[dict[str, Any] | None]:
        """What functions that only filter ask, each where that can be told without records."""
        utc = _utc(self._work.zone)
        return [_conditions.told(step.call, self._base_schema, utc) for step in self.steps]

    @cached_property
    def df(self) -> DataFrame:
        """The rows as Spark has them: a choice is a struct of its types."""
        if not self.steps:
            return self.base
        work = self._work
        if "survey" in self.__dict__ or not self.filters:
            kept = self._kept()
            if kept is not None:
                return kept
        if self.filters:
            asked = [condition for condition in self.asked if condition is not None]
            if len(asked) == len(self.steps):
                return self.base.filter(functools.reduce(operator.and_, map(_columns.met, asked)))
            return mapped(self.base, work.filtered, self._base_schema)
        return self._made(self.schema)

    def _kept(self) -> DataFrame | None:
        """The rows of the records that the survey kept, if it did."""
        spark, schema, zone = self.base.sparkSession, self.schema, self._work.zone
        if self.survey.pieces is None or not schema.fields:
            return None
        if not self.survey.count:
            return self.base.limit(0).select(*(_columns.nothing(one.dataType).alias(one.name) for one in schema))
        if not self.survey.files:
            batches = [_arrow.batch(pickle.loads(piece), schema, zone) for piece in self.survey.pieces]
            local = spark.createDataFrame(pa.Table.from_batches(batches))
            # Sail takes times of local rows for times of UTC, whatever the session's zone is.
            return mapped(local, iter, schema) if _zoned(schema, zone) else local
        paths = list(self.survey.files)
        if self.survey.pieces:
            with tempfile.NamedTemporaryFile(dir=scratch(spark), suffix=".records", delete=False) as file:
                file.writelines(self.survey.pieces)
            paths.append(file.name)
        listed = spark.createDataFrame(pa.table({"path": paths})).repartition(len(paths))
        return mapped(listed, lambda batches: _python.written(batches, schema, zone), schema)

    def _made(self, schema: g.StructType) -> DataFrame:
        work = self._work
        # Batches of no columns have no rows.
        out = schema if schema.fields else g.StructType([g.Field("none", g.NullType())])
        made = mapped(self._numbered, lambda batches: work.rows(batches, out), out)
        return made if schema.fields else made.select()

    @cached_property
    def survey(self) -> Survey:
        """One look at all records that come out of the steps."""
        work = self._work
        told: dict[str, Any] = {}
        count, errors, first, whole = 0, [0] * len(self.steps), None, True
        pieces: list[bytes] = []
        files: list[str] = []
        folder = scratch(self.base.sparkSession)
        surveyed = plainly(self._numbered).mapInArrow(lambda batches: work.survey(batches, folder), "payload binary")
        for [payload] in surveyed.collect():
            payload = bytes(payload)
            if not payload.startswith(b"{"):
                pieces.append(payload)
                continue
            part = json.loads(payload)
            told = merged(told, {"struct": part["seen"].get("struct", {})})
            count += part["count"]
            errors = [one + more for one, more in zip(errors, part["errors"])]
            first = first or part["first"]
            whole = whole and part["whole"]
            files.extend([part["file"]] if part["file"] else [])
        if sum(errors):
            warnings.warn(_python.lost(sum(errors), first), stacklevel=2)
        if not files and sum(map(len, pieces)) > _MESSAGE:
            whole = False
        schema = self.hint or self._base_schema
        if count:
            found = concluded(told, schema)
            assert isinstance(found, g.StructType)
            schema = found
        return Survey(schema, count, errors, pieces if whole else None, files)

    @property
    def _numbered(self) -> DataFrame:
        if self._work.number is None:
            return self.base
        return self.base.withColumn(_NUMBER, F.spark_partition_id())

    @cached_property
    def _work(self) -> Work:
        indexed = any(step.kind == "indexed" for step in self.steps)
        zone = self.base.sparkSession.conf.get("spark.sql.session.timeZone") or "UTC"
        return Work(self._base_schema, self.steps, zone, _NUMBER if indexed else None)

    def then(self, step: Step) -> Rows:
        """The rows with one function more to go over them."""
        return Rows(self.base, self._base_schema, frozenset(), (*self.steps, step), self.earlier)

    def select(self, leaves: Iterable[Leaf], df: DataFrame | None = None) -> Rows:
        """The rows with other columns, made of these rows' columns (or those of `df`, made from them)."""
        leaves = list(leaves)
        source = self.df if df is None else df
        made = source.select(*(leaf.column.alias(leaf.name) for leaf in leaves))
        return self.made(made, g.StructType([g.Field(leaf.name, leaf.of) for leaf in leaves]))

    def made(self, df: DataFrame, schema: g.StructType | None = None, *others: Rows) -> Rows:
        """What was made of these rows, and of others, by other means."""
        earlier = list(self.runs)
        for other in others:
            earlier.extend(run for run in other.runs if run not in earlier)
        return Rows(df, schema, earlier=tuple(earlier))

    @property
    def runs(self) -> tuple[Rows, ...]:
        """All runs of functions on the way to these rows."""
        return (*self.earlier, self) if self.steps else self.earlier

    @property
    def leaves(self) -> list[Leaf]:
        """The columns."""
        return _columns.top(self.schema)

    @cached_property
    def failures(self) -> Rows:
        """The error frame of this run."""
        told = [
            g.Field("callsite", g.StructType([g.Field("site", g.StringType()), g.Field("info", g.StringType())])),
            g.Field("msg", g.StringType()), g.Field("stackTrace", g.StringType()), g.Field("input", g.StringType()),
            g.Field("bytesread", g.LongType()), g.Field("source", g.StringType()),
            g.Field("dynamicRecord", self._base_schema),
        ]  # fmt: skip
        hint = g.StructType([g.Field("error", g.StructType(told))])
        return Rows(self.base, self._base_schema, steps=(_python.Failures(self._work),), hint=hint)


def mapped(df: DataFrame, call: Callable[[Any], Iterator[pa.RecordBatch]], schema: g.StructType) -> DataFrame:
    """What a function makes of batches of rows. Columns with dots or back-ticks in their names do not go there and back."""
    count = len(schema.fields)

    def numbered(batches: Any) -> Iterator[pa.RecordBatch]:
        for part in call(batches):
            yield pa.RecordBatch.from_arrays(part.columns, names=[f"c{number}" for number in range(count)])

    types = to_spark(g.StructType([g.Field(f"c{number}", one.dataType) for number, one in enumerate(schema.fields)]))
    made = plainly(df).mapInArrow(numbered, types)  # type: ignore[arg-type]
    return made.select(*(F.col(f"c{number}").alias(one.name, metadata={}) for number, one in enumerate(schema.fields)))


def plainly(df: DataFrame) -> DataFrame:
    """The columns under names without dots and back-ticks, if some have them."""
    names = df.columns
    if not any(set(name) & set(".`") for name in names):
        return df
    return df.select(*(F.col(ticked(name)).alias(f"c{number}") for number, name in enumerate(names)))


def _zoned(of: g.DataType, zone: str) -> bool:
    return not _utc(zone) and '"timestamp"' in of.json()


def _utc(zone: str) -> bool:
    return zone.removeprefix("Etc/") in ("UTC", "GMT", "Z")


def concluded(seen: dict[str, Any], hint: g.DataType | None) -> g.DataType:
    """The type of values, by what they have been; what `hint` holds keeps its type."""
    members = list(hint.choices.values()) if isinstance(hint, g.ChoiceType) else [hint] if hint else []
    by_name = {of.typeName(): of for of in members}
    found: list[g.DataType] = []
    for kind, told in seen.items():
        if kind == "int":
            found.append(_whole(told, members))
        elif kind == "double":
            found.append(g.FloatType() if "float" in by_name and "double" not in by_name else g.DoubleType())
        elif kind == "decimal":
            found.append(_decimal(told, by_name.get("decimal")))
        elif kind == "array":
            element = by_name.get("array")
            found.append(g.ArrayType(concluded(told, element.elementType if isinstance(element, g.ArrayType) else None)))
        elif kind == "struct":
            found.append(_struct(told, by_name))
        else:
            simple = g.atomic(kind)
            assert simple is not None
            found.append(simple)
    if not found:
        return hint if hint is not None else g.NullType()
    out = found[0]
    for of in found[1:]:
        out = united(out, of)
    return out


def _whole(ends: list[int], members: list[g.DataType]) -> g.DataType:
    holding = [of for of in members if all(fits(end, of) for end in ends)]
    if holding:
        return holding[0]
    if not all(fits(end, g.LongType()) for end in ends):
        return g.DecimalType(38, 0)
    wide = any(of.typeName() == "long" for of in members) or not all(fits(end, g.IntegerType()) for end in ends)
    return g.LongType() if wide else g.IntegerType()


def _decimal(digits: list[int], hint: g.DataType | None) -> g.DataType:
    before, behind = digits
    if isinstance(hint, g.DecimalType):
        before, behind = max(before, hint.precision - hint.scale), max(behind, hint.scale)
    before = min(38, before)
    behind = min(38 - before, behind)
    return g.DecimalType(max(1, before + behind), behind)


def _struct(fields: dict[str, Any], members: dict[str, g.DataType]) -> g.DataType:
    held = members.get("map")
    if isinstance(held, g.MapType) and "struct" not in members:
        value: dict[str, Any] = {}
        for told in fields.values():
            value = merged(value, told)
        return g.MapType(concluded(value, held.valueType), keyType=held.keyType)
    known = members.get("struct")
    types = {field.name: field.dataType for field in known.fields} if isinstance(known, g.StructType) else {}
    # The fields that were there keep their order; new ones follow.
    order = [name for name in types if name in fields] + [name for name in fields if name not in types]
    return g.StructType([g.Field(name, concluded(fields[name], types.get(name))) for name in order])
