"""What was done to a source of the engine's, in steps that the engine does as Spark does.

Where a frame is written whose steps are all of this kind, the engine reads, works and writes in one go, as it runs a visual job.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from awsglue import gluetypes as g

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Types that a mapping casts to and from, without what is in them.
_SIMPLE = {"string", "boolean", "byte", "short", "integer", "int", "long", "float", "double", "date", "timestamp", "decimal"}
#: Steps of a plan, beyond which it is left to Spark.
_MOST = 200


@dataclass(frozen=True, eq=False)
class Native:
    """One step, in the words of the bridge, and those that feed it. What a filter does is found out when somebody asks."""

    does: dict[str, Any] | Callable[[], dict[str, Any] | None]
    inputs: tuple[Native, ...] = ()

    def steps(self) -> list[dict[str, Any]]:
        """This step behind all that lead to it, each once; nothing if they are too many, or one is not clear."""
        places: dict[int, int] = {}
        told: list[dict[str, Any]] = []

        def tell(step: Native) -> int:
            if id(step) not in places:
                inputs = [tell(one) for one in step.inputs]
                places[id(step)] = len(told)
                told.append({"inputs": inputs, "does": step.does() if callable(step.does) else step.does})
            return places[id(step)]

        tell(self)
        return told if len(told) <= _MOST and all(step["does"] for step in told) else []


def source(answer: Mapping[str, Any]) -> Native | None:
    """The step that reads what the runner has opened."""
    left = os.environ.get("MASTIC_NATIVE") == "false"
    if left or answer.get("source") is None or answer["choices"]:
        return None
    return Native({"source": answer["source"]})


def of_frame(df: Any) -> Native | None:
    """The steps that make a DataFrame."""
    return vars(_plan(df)).get("_awsglue_native")


def _plan(df: Any) -> Any:
    return vars(df).get("_plan", df)


def note(df: DataFrame, native: Native | None) -> DataFrame:
    """The DataFrame, with the steps that make it."""
    if native is not None:
        vars(_plan(df))["_awsglue_native"] = native
    return df


def mapped(native: Native | None, schema: g.StructType, mappings: Iterable[Any]) -> Native | None:
    """Columns under other names and in other types."""
    if native is None:
        return None
    types = {field.name: field.dataType for field in schema.fields}
    told = []
    for mapping in mappings:
        if not isinstance(mapping, (tuple, list)) or len(mapping) != 4 or not all(isinstance(one, str) for one in mapping):
            return None
        name, _, target, of = mapping
        known, wanted = types.get(name), of.lower().partition("(")[0].strip()
        if known is None or known.typeName() not in _SIMPLE or "." in name + target or "`" in name + target:
            return None
        if wanted not in _SIMPLE | {"bigint", "smallint", "tinyint"} or not target:
            return None
        told.append([name, target, _GLUE.get(wanted, of.lower())])
    targets = [target.lower() for _, target, _ in told]
    if not told or len(set(targets)) < len(targets):
        return None
    return Native({"mapping": told}, (native,))


def cast(native: Native | None, schema: g.StructType, specs: Iterable[Any]) -> Native | None:
    """All columns, some of them in other types."""
    if native is None or any("." in field.name or "`" in field.name for field in schema.fields):
        return None
    types = {field.name: field.dataType.typeName() for field in schema.fields}
    wanted: dict[str, str] = {}
    for spec in specs:
        name, action = spec
        kind, _, of = (part.strip() for part in action.lower().partition(":"))
        if kind != "cast" or types.get(name) not in _SIMPLE or name in wanted:
            return None
        if of.partition("(")[0].strip() not in _SIMPLE | {"bigint", "smallint", "tinyint"}:
            return None
        wanted[name] = _GLUE.get(of, of)
    return Native({"mapping": [[name, name, wanted.get(name, "")] for name in types]}, (native,)) if wanted else None


_GLUE = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


def picked(native: Native | None, schema: g.StructType, names: str | Iterable[str], kept: bool) -> Native | None:
    """Only some columns, or all but these."""
    if native is None:
        return None
    there = {field.name for field in schema.fields}
    wanted = [names] if isinstance(names, str) else list(names)
    if not wanted or len(set(wanted)) < len(wanted) or not all(isinstance(name, str) and name in there for name in wanted):
        return None
    if any("." in name or "`" in name for name in there) or (not kept and len(wanted) == len(there)):
        return None
    return Native({"select" if kept else "drop": wanted}, (native,))


def filtered(native: Native | None, asked: Callable[[], dict[str, Any] | None]) -> Native | None:
    """The rows of which a function says so; `asked` tells the condition that it stands for, if there is one."""
    if native is None:
        return None

    def does() -> dict[str, Any] | None:
        condition = asked()
        return None if condition is None else {"filter": condition}

    return Native(does, (native,))


def query(text: str, views: Mapping[str, Any]) -> Native | None:
    """What a query makes of views; `views` are DataFrames by their names, all that the query may mean."""
    inputs = [of_frame(df) for df in views.values()]
    if not inputs or any(native is None for native in inputs):
        return None
    return Native({"sql": [text, list(views)]}, tuple(native for native in inputs if native is not None))
