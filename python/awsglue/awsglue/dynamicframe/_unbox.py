"""Text in a field taken apart (AWS Glue Developer Guide: "unbox")."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, changed, located
from awsglue._paths import EACH, VALUES, Path, text
from awsglue._python import Step
from awsglue._rows import Rows

_OPTIONS = {
    "separator",
    "escaper",
    "skipFirst",
    "withSchema",
    "withHeader",
    "quoteChar",
    "strictMode",
    "optimizePerformance",
}


def parser(of: str, options: dict[str, Any]) -> Callable[[str], Any]:
    """What takes a text of the format apart.

    Raises ValueError for a format or an option that is not supported.
    """
    unknown = set(options) - _OPTIONS
    if unknown:
        raise ValueError(f"unbox: the option {min(unknown)!r} is not supported")
    if of == "json":
        return json.loads
    if of != "csv":
        raise ValueError(f"unbox: the format {of!r} is not supported: json and csv are")
    separator, escaper = options.get("separator", ","), options.get("escaper") or None
    quote = options.get("quoteChar", '"')
    header, skip = _true(options.get("withHeader")), _true(options.get("skipFirst"))
    names = [field.name for field in _schema(options).fields] if options.get("withSchema") else None

    def parse(value: str) -> Any:
        bare = quote in (-1, "-1")
        quoting: Any
        quoting, mark = (csv.QUOTE_NONE, None) if bare else (csv.QUOTE_MINIMAL, quote)
        lines = list(csv.reader(value.splitlines(), delimiter=separator, escapechar=escaper, quotechar=mark, quoting=quoting))
        titles = names
        if header and lines:
            titles = names or lines[0]
            lines = lines[1:]
        elif skip:
            lines = lines[1:]
        if not lines:
            return None
        if len(lines) > 1:
            raise ValueError(f"the text has {len(lines)} lines of CSV, and a field holds one record")
        fields = lines[0]
        titles = titles or [f"col{number}" for number in range(len(fields))]
        return dict(zip(titles, [*fields, *[None] * (len(titles) - len(fields))]))

    return parse


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _schema(options: dict[str, Any]) -> g.StructType:
    given = options["withSchema"]
    of = given if isinstance(given, g.DataType) else g._deserialize_json(given)
    if not isinstance(of, g.StructType):
        raise ValueError("unbox: withSchema is no struct")
    return of


def unboxed(rows: Rows, path: Path, of: str, options: dict[str, Any], info: str) -> Rows:
    """The rows with the field taken apart. A record whose text is not of the format is an error.

    Raises ValueError for a field that is no text of its record's.
    """
    parse = parser(of, options)
    if EACH in path or VALUES in path:
        raise ValueError(f"unbox: {text(path)} is inside of an array or a map")

    def apply(record: Any) -> Any:
        holder = record
        for step in path[:-1]:
            holder = holder.get(step)
            if holder is None:
                return record
        value = holder.get(path[-1])
        if isinstance(value, bytes):
            value = value.decode()
        if value is not None:
            holder[path[-1]] = parse(value)
        return record

    made = rows.then(Step("map", apply, info))
    if not options.get("withSchema"):
        return made
    schema = _schema(options)
    found = located(made.schema, path)

    def change(at: Path, leaf: Leaf) -> list[Leaf] | None:
        return [Leaf(leaf.name, cast(leaf.column, leaf.of, schema), schema)] if at == found else None

    return made.select(changed(made.leaves, change))
