"""The option `basePath` of readers: keys of the folders between it and the paths that are read are columns, as in Spark."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from itertools import groupby
from typing import Any

from mastic_host import discovered

_SCHEME = re.compile(r"^s3[an]?://")


def of(reader: Any, options: dict[str, Any]) -> str | None:
    """The base path that a reader was given."""
    given = {name.lower(): value for name, value in {**reader._options, **options}.items()}
    return given.get("basepath")


def read(base: str, places: list[str], load: Callable[[list[str]], Any]) -> Any:
    """The rows at these places, with the keys of the folders that lead there from the base."""
    above = {place: _between(base, place) for place in places}
    types = discovered.kinds(f"/{folders}" for folders in above.values())
    frames = []
    for folders, found in groupby(sorted(places, key=above.__getitem__), key=above.__getitem__):
        frames.append(_keyed(load(list(found)), discovered.values(f"/{folders}"), types))
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def _between(base: str, place: str) -> str:
    """The folders between them.

    >>> _between("s3://b/t", "s3a://b/t/y=1/m=2"), _between("s3://b/t/", "s3://b/t/y=1/x.json"), _between("s3://b/t", "s3://b/u/y=1/")
    ('y=1/m=2/', 'y=1/', '')
    """
    base, place = (_SCHEME.sub("", path).rstrip("/") + "/" for path in (base, place))
    within = place.removeprefix(base) if place.startswith(base) else ""
    return "".join(f"{folder}/" for folder in within.split("/") if "=" in folder)


def _keyed(frame: Any, keys: dict[str, str | None], types: dict[str, str]) -> Any:
    """The frame with keys that all its rows have, before those of folders further in."""
    from pyspark.sql import functions as F  # noqa: N812

    if not keys:
        return frame
    there, inner = dict(frame.dtypes), set(discovered.kinds(frame.inputFiles()))
    columns = {name: F.lit(value).cast(there.get(name, types[name])).alias(name) for name, value in keys.items()}
    rest = [name for name in frame.columns if name not in columns]
    own = [frame[discovered.quoted(name)] for name in rest if name not in inner]
    return frame.select(*own, *columns.values(), *(frame[discovered.quoted(name)] for name in rest if name in inner))
