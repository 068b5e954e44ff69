"""`ALTER TABLE` over the columns of tables of the Glue catalog: as Spark has it for tables of files, with new ones and comments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from mastic_host import creates, refusals
from mastic_host.asked import Asked
from mastic_host.statements import bare, enclosed, literal, quoted, split

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_WHERE = re.compile(r"\s+(?:first|after\s+\S+)\s*\Z", re.I)
_COMMENT = re.compile(rf"comment\s*({_STRING})\Z", re.I | re.S)
_RETYPE = re.compile(r"(?:set\s+data\s+)?type\s+(.*)\Z", re.I | re.S)
_SCHEMA = "spark.sql.sources.schema"
# How long a part of a schema is that Spark has cut.
_PART = 4000


def add(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    """`ADD COLUMNS (...)`."""
    text = found[1].strip()
    inner = enclosed(text)[0] if text.startswith("(") else text
    if any(_WHERE.search(entry) for entry in split(inner, types=True)):
        raise refusals.not_for(refusals.of(table), "ADD COLUMN ... FIRST | AFTER")
    new = creates.columns_of(inner)
    storage = table["StorageDescriptor"]
    known = [column["Name"].lower() for column in storage.get("Columns", []) + table.get("PartitionKeys", [])]
    for column in new:
        if column["Name"] in known:
            raise refusals.column_exists(quoted(column["Name"]))
        known.append(column["Name"])
    fields = asked.rows([], ", ".join(f"{quoted(one['Name'])} {one['Type']}" for one in new)).schema.jsonValue()["fields"]
    told = [{**field, "metadata": {"comment": one["Comment"]} if "Comment" in one else {}} for one, field in zip(new, fields)]
    keys = len(table.get("PartitionKeys", []))

    def grow(schema: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*schema[: len(schema) - keys], *told, *schema[len(schema) - keys :]]

    _write(table, [*storage.get("Columns", []), *new], grow)


def change(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    """`ALTER COLUMN name COMMENT '...'`, and `CHANGE COLUMN name name type COMMENT '...'`."""
    name, action = bare(found[1]).lower(), found[2].strip()
    there = table["StorageDescriptor"].get("Columns", [])
    if name in (key["Name"].lower() for key in table.get("PartitionKeys", [])):
        told = "ALTER TABLE (ALTER|CHANGE) COLUMN is not supported for partition columns, but found the partition column"
        said = f"{told} {quoted(name)} in the table {refusals.of(table)}."
        raise refusals.analysis("CANNOT_ALTER_PARTITION_COLUMN", said, "428FR")
    column = next((one for one in there if one["Name"].lower() == name), None)
    if column is None:
        listed = ", ".join(quoted(one["Name"]) for one in there + table.get("PartitionKeys", []))
        told = f"A column, variable, or function parameter with name {quoted(name)} cannot be resolved."
        raise refusals.analysis(
            "UNRESOLVED_COLUMN.WITH_SUGGESTION", f"{told} Did you mean one of the following? [{listed}].", "42703"
        )
    if _WHERE.search(f" {action}"):
        raise refusals.not_for(refusals.of(table), "ALTER COLUMN ... FIRST | AFTER")
    comment, retyped = _COMMENT.match(action), _RETYPE.match(action)
    new = {"Type": retyped[1], "Comment": None} if retyped else {"Type": column["Type"], "Comment": None}
    if comment:
        new["Comment"] = literal(comment[1])
    elif not retyped:
        [anew] = creates.columns_of(action)
        if anew["Name"] != name:
            raise refusals.syntax("Renaming column is not supported in Hive-style ALTER COLUMN, please run RENAME COLUMN instead.")
        new = {"Type": anew["Type"], "Comment": anew.get("Comment")}
    before, after = asked.rows([], f"a {column['Type']}, b {new['Type']}").schema.fields
    if before.dataType != after.dataType:
        kinds = [f"{quoted(name)} with type \"{field.dataType.simpleString().upper()}\"" for field in (before, after)]
        raise refusals.analysis(
            "NOT_SUPPORTED_CHANGE_COLUMN", "ALTER TABLE ALTER/CHANGE COLUMN is not supported for changing "
            f"{refusals.of(table)}'s column {kinds[0]} to {kinds[1]}.", "0A000"
        )
    if new["Comment"] is None:
        return
    said = new["Comment"]

    def note(schema: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "metadata": {**one.get("metadata", {}), "comment": said}} if one["name"].lower() == name else one
                for one in schema]

    _write(table, [{**one, "Comment": said} if one is column else one for one in there], note)


def refuse(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    """What Spark does with columns of other tables only."""
    what = "REPLACE COLUMNS" if found[1].lower() == "replace" else f"{found[1].upper()} COLUMN"
    raise refusals.not_for(refusals.of(table), what)


def _write(
    table: dict[str, Any], new: list[dict[str, Any]], change_schema: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    """Changes a table's columns, and what Spark noted of them besides, which it goes by."""
    parameters = dict(table.get("Parameters", {}))
    count = int(parameters.get(f"{_SCHEMA}.numParts", 0))
    parts = [parameters.pop(f"{_SCHEMA}.part.{at}", "") for at in range(count)]
    text = parameters.get(_SCHEMA) or "".join(parts)
    if text:
        schema = json.loads(text)
        text = json.dumps({**schema, "fields": change_schema(schema["fields"])}, separators=(",", ":"))
        if count:
            cut = [text[start : start + _PART] for start in range(0, len(text), _PART)]
            parameters |= {f"{_SCHEMA}.part.{at}": part for at, part in enumerate(cut)} | {f"{_SCHEMA}.numParts": str(len(cut))}
        else:
            parameters[_SCHEMA] = text
    creates.change(table, StorageDescriptor={**table["StorageDescriptor"], "Columns": new}, Parameters=parameters)
