"""Statements that make a table again: what `SHOW CREATE TABLE` answers."""

from __future__ import annotations

import re
from typing import Any

from mastic_host import describe, partitions, refusals, tables
from mastic_host.asked import Asked
from mastic_host.forms import source_of

_NAMES = {"integer": "INT", "long": "BIGINT", "short": "SMALLINT", "byte": "TINYINT"}


def create(asked: Asked, found: re.Match[str]) -> Any:
    """`SHOW CREATE TABLE table [AS SERDE]`."""
    there = asked.table(found[1])
    if there is None or describe.is_delta(there):
        return None
    if describe.is_view(there):
        text = _view(there)
    elif found[2]:
        if tables.is_iceberg(there) or "spark.sql.sources.provider" in there.get("Parameters", {}):
            name = refusals.of(there)
            raise refusals.analysis("UNSUPPORTED_SHOW_CREATE_TABLE.ON_SPARK_DATA_SOURCE_TABLE_WITH_AS_SERDE",
                                    f"Unsupported a SHOW CREATE TABLE command. The command is not supported on {name}, which "
                                    "is a data source's table, with AS SERDE.", "0A000")
        text = _hive(asked, there)
    else:
        text = _spark(asked, found[1], there)
    return asked.rows([(text,)], "createtab_stmt string")


def _spark(asked: Asked, name: str, there: dict[str, Any]) -> str:
    """In Spark's own words."""
    known, form, said = there.get("Parameters", {}), {}, describe.properties(there)
    named = tables.parts(name)
    catalog = named[0] if len(named) == 3 else asked.session.catalog.currentCatalog()
    provider, shown = known.get("spark.sql.sources.provider"), f"{catalog}.{_name(there)}"
    keys = [_quoted(key) for key, _ in tables.keys(there)]
    if tables.is_iceberg(there):
        provider, keys = "iceberg", [how or _quoted(column) for column, how in describe.transforms(there)]
    elif provider is None:
        shown, provider = _name(there), source_of(there.get("StorageDescriptor", {}))
        if provider is None:
            library = there.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("SerializationLibrary", "")
            raise refusals.analysis(
                "UNSUPPORTED_SHOW_CREATE_TABLE.WITH_UNSUPPORTED_SERDE_CONFIGURATION",
                f"Unsupported a SHOW CREATE TABLE command. Failed to execute the command against the table {refusals.of(there)}, "
                f"which is created by Hive and uses the following unsupported serde configuration: SERDE: {library}. Please use "
                f"`SHOW CREATE TABLE {_name(there)} AS SERDE` to show Hive DDL instead.", "0A000")
    else:
        form = {key: value for key, value in there["StorageDescriptor"].get("SerdeInfo", {}).get("Parameters", {}).items()
                if key not in ("path", "serialization.format")}
    lines = [f"CREATE TABLE {shown} (", _columns(asked, describe.columns(there)) + ")", f"USING {provider}"]
    if form:
        lines.append(f"OPTIONS {_pairs(form)}")
    if keys:
        lines.append(f"PARTITIONED BY ({', '.join(keys)})")
    lines += _comment(there)
    if not partitions.is_managed(there):
        lines.append(f"LOCATION {_text(partitions.place(there))}")
    if said:
        lines.append(f"TBLPROPERTIES {_pairs(said)}")
    return "\n".join(lines) + "\n"


def _hive(asked: Asked, there: dict[str, Any]) -> str:
    """In Hive's words."""
    storage, keys = there.get("StorageDescriptor", {}), len(there.get("PartitionKeys", []))
    every, serde = describe.columns(there), storage.get("SerdeInfo", {})
    kind = "" if partitions.is_managed(there) else "EXTERNAL "
    lines = [f"CREATE {kind}TABLE {_name(there)} (", _columns(asked, every[: len(every) - keys]) + ")"]
    lines += _comment(there)
    if keys:
        lines.append(f"PARTITIONED BY ({_columns(asked, every[len(every) - keys :], ', ', '')})")
    if serde.get("SerializationLibrary"):
        lines.append(f"ROW FORMAT SERDE {_text(serde['SerializationLibrary'])}")
    if serde.get("Parameters"):
        lines.append(f"WITH SERDEPROPERTIES {_pairs(dict(sorted(serde['Parameters'].items())))}")
    if storage.get("InputFormat") and storage.get("OutputFormat"):
        lines.append(f"STORED AS\n  INPUTFORMAT {_text(storage['InputFormat'])}\n  OUTPUTFORMAT {_text(storage['OutputFormat'])}")
    if not partitions.is_managed(there):
        lines.append(f"LOCATION {_text(partitions.place(there))}")
    if said := describe.properties(there):
        lines.append(f"TBLPROPERTIES {_pairs(said)}")
    return "\n".join(lines) + "\n"


def _view(there: dict[str, Any]) -> str:
    names = ",\n".join(f"  {_quoted(name)}" for name, _, _ in describe.columns(there))
    return "\n".join([f"CREATE VIEW {_name(there)} (", f"{names})", *_comment(there), f"AS {describe.view_text(there)}"]) + "\n"


def _columns(asked: Asked, rows: list[describe.Row], between: str = ",\n", before: str = "  ") -> str:
    text = ", ".join(f"`{name.replace('`', '``')}` {of}" for name, of, _ in rows)
    fields = asked.rows([], text).schema.jsonValue()["fields"] if rows else []
    told = zip(rows, fields)
    return between.join(
        f"{before}{_quoted(name)} {_type(field['type'])}" + (f" COMMENT {_text(comment)}" if comment else "")
        for (name, _, comment), field in told
    )


def _type(of: Any) -> str:
    """A type of Spark's, as JSON has it, in SQL.

    >>> _type({"type": "array", "elementType": {"type": "struct", "fields": [{"name": "a", "type": "long"}]}})
    'ARRAY<STRUCT<a: BIGINT>>'
    """
    if isinstance(of, str):
        return _NAMES.get(of, of.upper())
    if of["type"] == "struct":
        return "STRUCT<" + ", ".join(f"{_quoted(field['name'])}: {_type(field['type'])}" for field in of["fields"]) + ">"
    if of["type"] == "array":
        return f"ARRAY<{_type(of['elementType'])}>"
    return f"MAP<{_type(of['keyType'])}, {_type(of['valueType'])}>"


def _name(there: dict[str, Any]) -> str:
    return f"{_quoted(there['DatabaseName'])}.{_quoted(there['Name'])}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else "`" + name.replace("`", "``") + "`"


def _comment(there: dict[str, Any]) -> list[str]:
    said = there.get("Description") or there.get("Parameters", {}).get("comment")
    return [f"COMMENT {_text(said)}"] if said else []


def _pairs(said: dict[str, str]) -> str:
    return "(\n" + ",\n".join(f"  {_text(name)} = {_text(value)}" for name, value in said.items()) + ")"


def _text(said: str) -> str:
    return "'" + said.replace("\\", "\\\\").replace("'", "\\'") + "'"
