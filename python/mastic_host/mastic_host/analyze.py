"""`ANALYZE TABLE`: sizes, numbers of rows and statistics of columns, noted in the Glue catalog where Spark notes them."""

from __future__ import annotations

import re
from typing import Any

from awsglue import _catalog

from mastic_host import commands, creates, describe, partitions, refusals, tables
from mastic_host.asked import Asked
from mastic_host.statements import bare, quoted, split

_PREFIX = "spark.sql.statistics."
# How many bytes a value takes, of types that take as many each.
_WIDTHS = {"boolean": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8, "float": 4, "double": 8, "date": 4, "timestamp": 8,
           "timestamp_ntz": 8, "decimal": 16}  # fmt: skip


def table(asked: Asked, found: re.Match[str]) -> Any:
    """`ANALYZE TABLE name [PARTITION (...)] COMPUTE STATISTICS [NOSCAN | FOR COLUMNS ... | FOR ALL COLUMNS]`."""
    name, spec, how = found[1], found[2], found[3].strip()
    there = asked.table(name)
    if there is None:
        return None
    if tables.is_iceberg(there) or describe.is_delta(there):
        raise refusals.analysis("NOT_SUPPORTED_COMMAND_FOR_V2_TABLE", "ANALYZE TABLE is not supported for v2 tables.", "0A000")
    if describe.is_view(there):
        raise refusals.is_view(name, "ANALYZE TABLE")
    listed = re.match(r"for\s+(all\s+columns|columns\s+(.*))\Z", how, re.I | re.S)
    if how.lower() not in ("", "noscan") and not listed:
        raise refusals.syntax(f"[PARSE_SYNTAX_ERROR] Syntax error at or near '{how.split()[0]}'. SQLSTATE: 42601")
    if spec:
        if listed:
            raise refusals.syntax("Operation not allowed: statistics of columns are those of the whole table, without PARTITION.")
        _partitions(asked, name, there, spec, how.lower() == "noscan")
    else:
        _whole(asked, name, there, how.lower() == "noscan", _columns(there, listed[2]) if listed else [])
    return commands.nothing(asked.session)


def every(asked: Asked, found: re.Match[str]) -> Any:
    """`ANALYZE TABLES [IN database] COMPUTE STATISTICS [NOSCAN]`."""
    place = asked.database(found[1])
    if place is None:
        return None
    asked.described(place)
    for there in describe.listed(place[1]):
        if tables.folder(there) is not None and not describe.is_view(there):
            name = ".".join(quoted(part) for part in (*place, there["Name"]))
            _whole(asked, name, there, bool(found[2]), [])
    return commands.nothing(asked.session)


def _whole(asked: Asked, name: str, there: dict[str, Any], noscan: bool, columns: list[str]) -> None:
    parts = partitions.every(asked.session, there) if tables.keys(there) else [there]
    size = sum(_sizes(there, parts))
    told = {"totalSize": str(size)}
    known = there.get("Parameters", {})
    if not noscan:
        told |= _values(asked, name, there, columns)
    elif known.get(f"{_PREFIX}totalSize") == told["totalSize"] and f"{_PREFIX}numRows" in known:
        told["numRows"] = known[f"{_PREFIX}numRows"]
    # Those of columns are kept until somebody asks for new ones.
    kept = {key: value for key, value in known.items() if key not in (f"{_PREFIX}totalSize", f"{_PREFIX}numRows")}
    creates.change(there, Parameters={**kept, **{_PREFIX + key: value for key, value in told.items()}})


def _partitions(asked: Asked, name: str, there: dict[str, Any], spec: str, noscan: bool) -> None:
    told = [terms for terms, _ in partitions.clauses(spec)]
    [terms] = partitions.spelled(asked.session, there, told, asked.arguments)
    chosen = partitions.demand(asked.session, there, terms)
    keys, rows = tables.keys(there), {}
    if not noscan:
        texts = [f"CAST({quoted(key)} AS STRING) AS _{at}" for at, (key, _) in enumerate(keys)]
        counted = asked.session.table(name).selectExpr(*texts).groupBy(*(f"_{at}" for at in range(len(keys)))).count().collect()
        rows = {tuple(tables.NULL if value is None else value for value in row[:-1]): row[-1] for row in counted}
    for one, size in zip(chosen, _sizes(there, chosen)):
        stats = {"totalSize": str(size)} | ({} if noscan else {"numRows": str(rows.get(tuple(one["Values"]), 0))})
        kept = {key: value for key, value in one.get("Parameters", {}).items() if not key.startswith(_PREFIX)}
        partitions.change(there, one, Parameters={**kept, **{_PREFIX + key: value for key, value in stats.items()}})


def _sizes(there: dict[str, Any], parts: list[dict[str, Any]]) -> list[int]:
    """How many bytes the files of each of a table's parts have."""
    home = partitions.place(there).rstrip("/") + "/"
    files = {f"s3://{one['Bucket']}/{one['Key']}": one["Size"] for one in _catalog.objects(home)}
    home, folders = re.sub(r"^s3[an]://", "s3://", home), dict[str, int]()
    for file, size in files.items():
        within = file.removeprefix(home)
        if not any(part[:1] in ("_", ".") for part in within.split("/")):
            for end in (at for at, letter in enumerate(within) if letter == "/"):
                folder = home + within[: end + 1]
                folders[folder] = folders.get(folder, 0) + size
            folders[home] = folders.get(home, 0) + size
    answer = []
    for part in parts:
        at = re.sub(r"^s3[an]://", "s3://", partitions.place(part)).rstrip("/") + "/"
        if at not in folders and not at.startswith(home):
            folders[at] = sum(one["Size"] for one in _catalog.objects(at))
        answer.append(folders.get(at, 0))
    return answer


def _columns(there: dict[str, Any], listed: str | None) -> list[str]:
    known = {name.lower(): name for name, _, _ in describe.columns(there)}
    wanted = [bare(one.strip()) for one in split(listed)] if listed else list(known.values())
    for name in wanted:
        if name.lower() not in known:
            raise refusals.no_column(quoted(name))
    return [known[name.lower()] for name in wanted]


def _values(asked: Asked, name: str, there: dict[str, Any], columns: list[str]) -> dict[str, str]:
    """The number of rows, and what columns hold."""
    types = {row[0]: str(row[1]).lower() for row in describe.columns(there)}
    asks = ["count(1)"]
    for column in columns:
        of, value = types[column].partition("(")[0], quoted(column)
        if of not in _WIDTHS and of not in ("string", "char", "varchar", "binary"):
            told = f"The ANALYZE TABLE FOR COLUMNS command does not support the type \"{of.upper()}\" of the column {value}."
            condition = "UNSUPPORTED_FEATURE.ANALYZE_UNSUPPORTED_COLUMN_TYPE"
            raise refusals.analysis(condition, f"The feature is not supported: {told}", "0A000")
        length = f"octet_length({value})" if of == "binary" else f"length({value})"
        ordered = of not in ("string", "char", "varchar", "binary", "boolean")
        asks += [f"count({value})", f"approx_count_distinct({value})"]
        asks += [f"CAST({one}({value}) AS STRING)" if ordered else "CAST(NULL AS STRING)" for one in ("min", "max")]
        width = _WIDTHS.get(of)
        asks += [str(width)] * 2 if width else [f"ceil(avg({length}))", f"max({length})"]
    row = list(asked.session.table(name).selectExpr(*(f"{one} AS _{at}" for at, one in enumerate(asks))).collect()[0])
    values = {"numRows": str(row[0])}
    for column, at in zip(columns, range(1, len(row), 6)):
        count, distinct, least, most, average, longest = row[at : at + 6]
        stats = {"version": "2", "nullCount": row[0] - count, "distinctCount": min(distinct, count), "min": least, "max": most,
                 "avgLen": average or 0, "maxLen": longest or 0}  # fmt: skip
        values |= {f"colStats.{column}.{key}": str(value) for key, value in stats.items() if value is not None}
    return values
