"""AWS Glue's DynamicFrame (Developer Guide: "DynamicFrame class") over a DataFrame of Spark Connect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from awsglue import _native, _paths
from awsglue import gluetypes as g
from awsglue._arrow import records
from awsglue._native import Native
from awsglue._paths import Path, listed
from awsglue._python import Step
from awsglue._rows import Rows
from awsglue._types import MARK, choices, tree
from awsglue.dynamicframe import _choices, _fields, _nested, _together, _unbox
from awsglue.dynamicframe._choices import ResolveOption
from awsglue.dynamicframe._errors import Check
from awsglue.dynamicframe.collection import DynamicFrameCollection

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from awsglue.context import GlueContext

#: Records that a spigot writes unless it is told otherwise.
_SAMPLE = 100


class DynamicFrame:
    """Records that describe themselves: a field may be of several types, then its type is a choice.

    Behind it is a DataFrame, in which a choice is a struct with one field for each type. `choices` names such fields,
    as paths or their steps; `errors` are records that could not be read.

    Transformations take `transformation_ctx` (the name under which a job's bookmark knows them), `info` (told with
    their errors), `stageThreshold` and `totalThreshold` (errors of this transformation, and of all up to it, at which an
    action on the frame fails; 0 for never). They are lazy, as those of DataFrames are.
    """

    #: In how many parts a script wants the records, if it has said so: sinks write as many files.
    partitions: int | None

    def __init__(
        self,
        df: DataFrame,
        glue_ctx: GlueContext,
        name: str = "",
        *,
        choices: Iterable[str | Path] = frozenset(),
        errors: DataFrame | Callable[[], DataFrame | None] | None = None,
    ) -> None:
        paths = frozenset(_paths.parse(one) if isinstance(one, str) else tuple(one) for one in choices)
        self._start(Rows(df, choices=paths), glue_ctx, name)
        if errors is not None:
            self._unread = (errors if callable(errors) else lambda: errors,)
        self.partitions, self._native = _partitions(df), _native.of_frame(df)

    def _start(self, rows: Rows, glue_ctx: GlueContext, name: str) -> None:
        self._rows, self.glue_ctx, self.name = rows, glue_ctx, name
        # What tells the records that could not be read.
        self._unread: tuple[Callable[[], DataFrame | None], ...] = ()
        # The steps that make the rows, if the engine can take them.
        self._native: Native | None = None
        self._checks: tuple[Check, ...] = ()
        self._calls = False
        self.partitions = None

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: GlueContext, name: str = "") -> DynamicFrame:
        """The frame of a DataFrame."""
        return cls(dataframe, glue_ctx, name)

    def _next(
        self,
        rows: Rows,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        *,
        calls: bool = False,
        others: Sequence[DynamicFrame] = (),
        native: Native | None = None,
    ) -> DynamicFrame:
        """The frame that a transformation makes."""
        frame = DynamicFrame.__new__(DynamicFrame)
        frame._start(rows, self.glue_ctx, self.name)
        frame._calls, frame._native = calls, native
        frame.partitions = None if others else self.partitions
        for one in (self, *others):
            frame._unread += tuple(errors for errors in one._unread if errors not in frame._unread)
            frame._checks += tuple(check for check in one._checks if check not in frame._checks)
        if stageThreshold > 0 or totalThreshold > 0:
            frame._checks += (Check(frame, transformation_ctx, info, stageThreshold, totalThreshold),)
        return frame

    # What is known of it.

    @property
    def df(self) -> DataFrame:
        """The DataFrame behind the frame: choices are structs."""
        return self._rows.df

    @property
    def choices(self) -> frozenset[Path]:
        """The paths of the fields that are choices, as steps."""
        return choices(self._rows.schema)

    @cached_property
    def _schema(self) -> g.StructType:
        return self._rows.schema

    def schema(self) -> g.StructType:
        """The fields and their types. Where functions made the records, all are looked at."""
        return self._schema

    def printSchema(self) -> None:
        """Prints the schema as a tree."""
        print(tree(self._schema))

    def count(self) -> int:
        """How many records there are."""
        self.assertErrorThreshold()
        rows = self._rows
        return rows.survey.count if rows.steps and "survey" in rows.__dict__ else int(self.df.count())

    def show(self, num_rows: int = 20) -> None:
        """Prints records, each as an object of JSON."""
        self.assertErrorThreshold()
        batches = self.df.limit(num_rows).toArrow().to_batches()
        for record in records(batches, self._schema):
            print(json.dumps(record, default=str, ensure_ascii=False))

    def toDF(self, options: Iterable[ResolveOption] | None = None) -> DataFrame:
        """The frame as a DataFrame. A choice is a struct of its types, unless `options` say otherwise."""
        self.assertErrorThreshold()
        rows = _choices.shaped(self._rows, options)
        df = rows.df if options else _native.note(rows.df, self._native)
        if not choices(rows.schema) or not any((field.metadata or {}).get(MARK) for field in df.schema.fields):
            return df
        return df.select(*(leaf.column.alias(leaf.name, metadata={}) for leaf in rows.leaves))

    def getNumPartitions(self) -> int:
        """In how many parts the records are; parts without records do not count."""
        from pyspark.sql import functions as F

        return int(self.df.select(F.spark_partition_id().alias("part")).distinct().count())

    def repartition(
        self, num_partitions: int, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The frame in so many parts."""
        rows = self._rows.made(self.df.repartition(num_partitions), self._rows.schema)
        made = self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, native=self._native)
        made.partitions = num_partitions
        return made

    def coalesce(
        self, num_partitions: int, shuffle: bool = False, transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The frame in so many parts at most; with `shuffle` its records are dealt out anew."""
        df = self.df.repartition(num_partitions) if shuffle else self.df.coalesce(num_partitions)
        rows = self._rows.made(df, self._rows.schema)
        made = self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, native=self._native)
        made.partitions = num_partitions
        return made

    # Functions over records.

    def map(
        self, f: Callable[[Any], Any], preservesPartitioning: Any = False, transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The records that `f` makes of the records. One on which it fails goes to the errors."""
        return self._call("map", f, preservesPartitioning, transformation_ctx, info, stageThreshold, totalThreshold)

    def filter(
        self, f: Callable[[Any], Any], transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The records of which `f` says so. One on which it fails goes to the errors."""
        return self._call("filter", f, False, transformation_ctx, info, stageThreshold, totalThreshold)

    def mapPartitions(
        self, f: Callable[[Any], Any], preservesPartitioning: Any = True, transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The records that `f` makes of each part's records, given and answered as iterators."""
        return self._call("partitions", f, preservesPartitioning, transformation_ctx, info, stageThreshold, totalThreshold)

    def mapPartitionsWithIndex(
        self, f: Callable[[int, Any], Any], preservesPartitioning: Any = False, transformation_ctx: str = "",
        info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """As `mapPartitions`, with the part's number before the records. It is not called for a part without records."""
        return self._call("indexed", f, preservesPartitioning, transformation_ctx, info, stageThreshold, totalThreshold)

    def _call(
        self, kind: str, f: Callable[..., Any], keeps: Any, context: str, info: str, stage: int, total: int
    ) -> DynamicFrame:
        if not callable(f):
            raise TypeError(f"{kind} needs a function, and {f!r} is none")
        # The guide's signatures have no `preservesPartitioning`.
        context = keeps if isinstance(keeps, str) else context
        rows = self._rows.then(Step(kind, f, info))
        native = _native.filtered(self._native, lambda: rows.asked[-1]) if kind == "filter" else None
        return self._next(rows, context, info, stage, total, calls=True, native=native)

    # Fields.

    def apply_mapping(
        self, mappings: Iterable[Any], case_sensitive: Any = False, transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """Only the fields of the mappings (source, its type, target, its type), in their order and as values of the target's
        type; what does not fit is null. With `case_sensitive` a source is found by its exact name alone."""
        if isinstance(case_sensitive, str):
            case_sensitive, transformation_ctx = False, case_sensitive
        mappings = list(mappings)
        rows = _fields.mapped(self._rows, mappings, bool(case_sensitive))
        native = self._native and _native.mapped(self._native, self._rows.schema, mappings)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, native=native)

    applyMapping = apply_mapping

    def select_fields(
        self, paths: str | Iterable[str], transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """Only these fields, in the order named."""
        rows, paths = self._rows, listed(paths)
        made = rows.select(_fields.select(rows, _fields.places(rows, paths, "select_fields")))
        native = self._native and _native.picked(self._native, rows.schema, paths, kept=True)
        return self._next(made, transformation_ctx, info, stageThreshold, totalThreshold, native=native)

    def drop_fields(
        self, paths: str | Iterable[str], transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """All fields but these; those in structs and in arrays can be left out too."""
        rows, paths = self._rows, listed(paths)
        made = rows.select(_fields.drop(rows.leaves, _fields.places(rows, paths, "drop_fields")))
        native = self._native and _native.picked(self._native, rows.schema, paths, kept=False)
        return self._next(made, transformation_ctx, info, stageThreshold, totalThreshold, native=native)

    def rename_field(
        self, oldName: str, newName: str, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The frame with a field under another path."""
        rows = _fields.rename(self._rows, oldName, newName)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold)

    def split_fields(
        self, paths: str | Iterable[str], name1: str = "", name2: str = "", transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrameCollection:  # fmt: skip
        """Two frames: one of these fields, one of the others."""
        rows = self._rows
        found = _fields.places(rows, paths, "split_fields")
        both = rows.select(_fields.select(rows, found)), rows.select(_fields.drop(rows.leaves, found))
        return self._split(both, name1, name2, transformation_ctx, info, stageThreshold, totalThreshold)

    def split_rows(
        self, comparison_dict: dict[str, dict[str, Any]], name1: str = "", name2: str = "", transformation_ctx: str = "",
        info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrameCollection:  # fmt: skip
        """Two frames: one of the rows that meet all comparisons (`{"age": {">": 10, "<": 20}}`), one of the others."""
        rows = self._rows
        met = _fields.compared(rows, comparison_dict)
        both = rows.made(self.df.filter(met), rows.schema), rows.made(self.df.filter(~met), rows.schema)
        return self._split(both, name1, name2, transformation_ctx, info, stageThreshold, totalThreshold)

    def _split(
        self, both: tuple[Rows, Rows], name1: str, name2: str, context: str, info: str, stage: int, total: int
    ) -> DynamicFrameCollection:
        frames = {}
        for name, rows in zip((name1 or f"{self.name}1", name2 or f"{self.name}2"), both):
            frames[name] = self._next(rows, context, info, stage, total)
            frames[name].name = name
        return DynamicFrameCollection(frames, self.glue_ctx)

    # Nested values and choices.

    def unnest(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> DynamicFrame:
        """Fields of structs as columns: `address.city`. Arrays stay as they are."""
        rows = self._rows.select(_nested.flat(self._rows.leaves))
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold)

    def relationalize(
        self, root_table_name: str, staging_path: str | None = None, options: dict[str, Any] | None = None,
        transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrameCollection:  # fmt: skip
        """Frames without nested values, joined by numbers: `root`, and `root_items` with `id`, `index` and
        `items.val` for the array `items`. Records with arrays are written down once, to the staging path if Spark is on another
        machine."""
        if options:
            raise ValueError(f"relationalize has no options, and {min(options)!r} is given")
        frames = {}
        for name, rows in _nested.relational(self._rows, root_table_name, staging_path):
            frames[name] = self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold)
            frames[name].name = name
        return DynamicFrameCollection(frames, self.glue_ctx)

    def unnest_ddb_json(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> DynamicFrame:
        """Columns of DynamoDB's JSON without its type names."""
        rows = self._rows.select(_nested.unnested(self._rows))
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold)

    def simplify_ddb_json(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> DynamicFrame:
        """DynamoDB's JSON without its type names, maps as structs."""
        rows = self._rows.select(_nested.simplified(self._rows))
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold)

    def unbox(
        self, path: str, format: str, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0, **options: Any,
    ) -> DynamicFrame:  # fmt: skip
        """The frame with a text field taken apart: `json` or `csv`. A record with other text goes to the errors."""
        found = _fields.place(self._rows, path)
        if found is None:
            _fields.absent(self._rows, path, "unbox")
            return self._next(self._rows, transformation_ctx, info, stageThreshold, totalThreshold)
        rows = _unbox.unboxed(self._rows, found, format, options, info)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, calls=True)

    def resolveChoice(
        self, specs: Iterable[tuple[str, str]] | None = None, choice: str = "", database: str | None = None,
        table_name: str | None = None, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0, catalog_id: str | None = None,
    ) -> DynamicFrame:  # fmt: skip
        """The frame with choices resolved: those that `specs` name, (path, action) each, or all by the action `choice`.

        Actions: `cast:type`, `project:type`, `make_cols`, `make_struct`; as `choice` also `match_catalog`, which casts to
        the types of a table of the catalog.
        """
        catalog = None
        if choice == "match_catalog":
            from awsglue.dynamicframe._catalog import table_schema

            if not database or not table_name:
                raise ValueError("match_catalog needs a database and a table_name")
            catalog = table_schema(database, table_name, catalog_id)
        specs = None if specs is None else list(specs)
        rows = _choices.resolved(self._rows, specs, choice or "", catalog)
        native = self._native and specs and _native.cast(self._native, self._rows.schema, specs)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, native=native or None)

    # Several frames.

    def join(
        self, paths1: str | Sequence[str], paths2: str | Sequence[str], frame2: DynamicFrame, transformation_ctx: str = "",
        info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """Rows of both frames with equal keys. A column of the other frame whose name is taken has a dot before it."""
        rows = _together.joined(self._rows, frame2._rows, paths1, paths2)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, others=[frame2])

    def union(
        self, frame2: DynamicFrame, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The records of both frames, field by field; a field of different types becomes a choice."""
        rows = _together.union(self._rows, frame2._rows)
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, others=[frame2])

    def mergeDynamicFrame(
        self, stage_dynamic_frame: DynamicFrame, primary_keys: str | Sequence[str], transformation_ctx: str = "",
        options: dict[str, Any] | None = None, info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """The staged records, and those of this frame whose keys are not staged. Nothing is made unique."""
        if options:
            raise ValueError(f"mergeDynamicFrame has no options, and {min(options)!r} is given")
        rows = _together.merged(self._rows, stage_dynamic_frame._rows, primary_keys)
        others = [stage_dynamic_frame]
        return self._next(rows, transformation_ctx, info, stageThreshold, totalThreshold, others=others)

    # Writing.

    def write(
        self, connection_type: str, connection_options: dict[str, Any] | None = None, format: str | None = None,
        format_options: dict[str, Any] | None = None, accumulator_size: int | None = None,
    ) -> DynamicFrame:  # fmt: skip
        """Writes the frame to a sink of its context, and answers it."""
        self.assertErrorThreshold()
        sink = self.glue_ctx.getSink(connection_type, **(connection_options or {}))
        if format:
            sink.setFormat(format, **(format_options or {}))
        if accumulator_size:
            sink.setAccumulableSize(accumulator_size)
        return sink.write(self)

    def spigot(
        self, path: str, options: dict[str, Any] | None = None, transformation_ctx: str = "", info: str = "",
        stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        """Writes a sample as JSON: `topk` records at most (100), each taken with the probability `prob` (1)."""
        options = options or {}
        unknown = set(options) - {"topk", "prob"}
        if unknown:
            raise ValueError(f"spigot: the option {min(unknown)!r} is none of topk, prob")
        sample = self.df
        if "prob" in options:
            sample = sample.sample(float(options["prob"]))
        sample.limit(int(options.get("topk", _SAMPLE))).write.mode("append").json(path)
        return self._next(self._rows, transformation_ctx, info, stageThreshold, totalThreshold)

    # Errors.

    def errorsCount(self) -> int:
        """The records that failed, in all transformations up to this frame and its reading."""
        return sum(int(errors.count()) for errors in self._unread_frames()) + sum(sum(run.survey.errors) for run in _longest(self._rows.runs))

    def _unread_frames(self) -> list[DataFrame]:
        """The records that could not be read, by source."""
        found = [errors() for errors in self._unread]
        return [one for one in found if one is not None]

    def stageErrorsCount(self) -> int:
        """The records that failed in the transformation that made this frame."""
        if not self._calls:
            return 0
        run = self._rows.runs[-1]
        return run.survey.errors[-1]

    def errorsAsDynamicFrame(self) -> DynamicFrame:
        """The records that failed, each as `error` with the message, the stack trace and the record (`dynamicRecord`)."""
        made: DynamicFrame | None = None
        for run in _longest(self._rows.runs):
            one = DynamicFrame.__new__(DynamicFrame)
            one._start(run.failures, self.glue_ctx, self.name)
            made = one if made is None else made.union(one)
        for unread in self._unread_frames():
            one = DynamicFrame(unread, self.glue_ctx, self.name)
            made = one if made is None else made.union(one)
        if made is None:
            made = DynamicFrame.__new__(DynamicFrame)
            none = Rows(self.df.limit(0), self._rows.schema).then(Step("map", lambda record: record))
            made._start(none.failures, self.glue_ctx, self.name)
        return made

    def assertErrorThreshold(self) -> None:
        """Raises ErrorThresholdExceeded if errors reach a threshold of a transformation on the way to this frame."""
        for check in self._checks:
            check.run()


def _partitions(df: DataFrame) -> int | None:
    """In how many parts a script has put a DataFrame, if that was the last that it did to it."""
    plan = getattr(df, "_plan", None)
    found = getattr(plan, "_num_partitions", None) if type(plan).__name__.startswith("Repartition") else None
    return found if isinstance(found, int) else None


def _longest(runs: Sequence[Rows]) -> list[Rows]:
    """The runs that no other one goes on with."""

    def goes_on(run: Rows, other: Rows) -> bool:
        return other is not run and other.base is run.base and other.steps[: len(run.steps)] == run.steps

    return [run for run in runs if not any(goes_on(run, other) for other in runs)]
