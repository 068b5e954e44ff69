"""Rows as Parquet files and as tables of the catalog."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def arrow(rows: Any) -> pa.Table:
    """Rows, a pandas DataFrame or an Arrow table as an Arrow table."""
    if isinstance(rows, pa.Table):
        return rows
    if hasattr(rows, "columns"):
        return pa.Table.from_pandas(rows, preserve_index=False)
    return pa.Table.from_pylist(list(rows))


def parquet(table: pa.Table) -> bytes:
    """The table as a file."""
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def glue_type(kind: pa.DataType) -> str:
    """The name that Glue has for a type of Arrow's.

    >>> glue_type(pa.list_(pa.struct([("a", pa.int64()), ("b", pa.string())])))
    'array<struct<a:bigint,b:string>>'
    """
    if pa.types.is_struct(kind):
        return "struct<" + ",".join(f"{field.name}:{glue_type(field.type)}" for field in kind) + ">"
    if pa.types.is_map(kind):
        return f"map<{glue_type(kind.key_type)},{glue_type(kind.item_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{glue_type(kind.value_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    names = {
        "bool": "boolean", "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "float": "float",
        "double": "double", "string": "string", "large_string": "string", "binary": "binary", "date32[day]": "date",
    }
    if str(kind) not in names:
        raise TypeError(f"Glue has no type for Arrow's {kind}")
    return names[str(kind)]


def storage(table: pa.Table, location: str) -> dict[str, Any]:
    """A storage descriptor for Parquet files of such rows."""
    return {
        "Columns": [{"Name": field.name, "Type": glue_type(field.type)} for field in table.schema],
        "Location": location,
        "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
    }


def parts(table: pa.Table, keys: Iterable[str]) -> Iterable[tuple[tuple[str, ...], pa.Table]]:
    """The rows of each partition, without the keys."""
    keys = list(keys)
    rows: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in table.to_pylist():
        rows.setdefault(tuple(str(row[key]) for key in keys), []).append(row)
    schema = pa.schema([field for field in table.schema if field.name not in keys])
    for values, found in rows.items():
        yield values, pa.Table.from_pylist(found, schema=schema)


def rows(key: str, body: bytes) -> list[dict[str, Any]]:
    """The rows of a file, by the end of its name; partition keys in its path are columns, too."""
    name = key.rsplit("/", 1)[-1]
    if name.endswith(".gz"):
        name, body = name.removesuffix(".gz"), gzip.decompress(body)
    if body[:4] == b"PAR1":
        found = pq.read_table(io.BytesIO(body)).to_pylist()
    elif name.endswith(".csv"):
        found = list(csv.DictReader(io.StringIO(body.decode())))
    else:
        found = [json.loads(line) for line in body.decode().splitlines() if line.strip()]
    folders = [part.split("=", 1) for part in key.split("/")[:-1] if "=" in part]
    return [row | {key: value for key, value in folders if key not in row} for row in found]
