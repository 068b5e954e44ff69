"""Iceberg's metadata files, for what Sail does not do with tables of the Glue catalog: other columns, other partitions, other
properties, another snapshot. Source: the Iceberg table specification.
"""

from __future__ import annotations

import copy
import json
import re
import time
import uuid
from typing import Any

from awsglue import _catalog
from awsglue._errors import EntityNotFoundException, InvalidInputException, unsupported

from mastic_host import tables

Metadata = dict[str, Any]

_SIMPLE = {
    "boolean": "boolean", "byte": "int", "short": "int", "integer": "int", "long": "long", "float": "float", "double": "double",
    "string": "string", "binary": "binary", "date": "date", "timestamp": "timestamptz", "timestamp_ntz": "timestamp",
}  # fmt: skip
_GLUE = {"long": "bigint", "timestamptz": "timestamp"}
# Numbers of Iceberg's own, of which those of partitions begin here.
_FIRST_FIELD = 1000
# Files of metadata that the newest one lists.
_LOGGED = 100
# Properties that say what a table is, and are none of it.
RESERVED = ("format-version", "location", "provider", "uuid", "owner")


def load(table: dict[str, Any]) -> tuple[str, Metadata]:
    """Where a table's metadata is, and what it says."""
    place = table.get("Parameters", {}).get("metadata_location")
    if not place:
        raise InvalidInputException(f"The table {table['DatabaseName']}.{table['Name']} has no `metadata_location`.")
    return place, read(place)


def read(place: str) -> Metadata:
    """What a file of metadata says."""
    bucket, key = _catalog.place(place)
    body = _catalog.call(_catalog.client("s3").get_object, Bucket=bucket, Key=key)["Body"].read()
    if body[:2] == b"\x1f\x8b":
        import gzip

        body = gzip.decompress(body)
    return dict(json.loads(body))


def write(metadata: Metadata, former: str | None) -> str:
    """Writes metadata into a file of its own, behind a former one: where it is."""
    now, log = int(time.time() * 1000), list(metadata.get("metadata-log", []))
    if former is not None:
        log.append({"timestamp-ms": metadata["last-updated-ms"], "metadata-file": former})
    # A table that was dropped may have left files here: Sail goes by the numbers.
    number = 1 + max((version(at) for at in files(metadata["location"])), default=-1)
    metadata = {**metadata, "metadata-log": log[-_LOGGED:], "last-updated-ms": max(now, metadata["last-updated-ms"])}
    place = f"{metadata['location'].rstrip('/')}/metadata/{number:05}-{uuid.uuid4()}.metadata.json"
    put(place, json.dumps(metadata))
    return place


def put(place: str, text: str) -> None:
    """Writes a file."""
    bucket, key = _catalog.place(place)
    _catalog.call(_catalog.client("s3").put_object, Bucket=bucket, Key=key, Body=text.encode())


def fresh(location: str) -> Metadata:
    """The metadata of a table that nobody has given columns yet."""
    return {
        "format-version": 2, "table-uuid": str(uuid.uuid4()), "location": location, "last-sequence-number": 0,
        "last-updated-ms": int(time.time() * 1000), "last-column-id": 0, "schemas": [], "current-schema-id": -1,
        "partition-specs": [], "default-spec-id": -1, "last-partition-id": _FIRST_FIELD - 1, "properties": {},
        "current-snapshot-id": -1, "snapshots": [], "snapshot-log": [], "metadata-log": [],
        "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0, "refs": {},
    }  # fmt: skip


def replaced(old: Metadata, schema: dict[str, Any], parts: list[tuple[str, str]], properties: dict[str, str]) -> Metadata:
    """The metadata of a table with other columns, partitions (columns and transforms) and no rows; its history stays.
    `schema` is Spark's as JSON has it."""
    new = copy.deepcopy(old)
    add_schema(new, _struct(new, schema)["fields"])
    known = {field["name"].lower(): field["id"] for field in current_schema(new)["fields"]}
    fields = []
    for column, transform in parts:
        if column.lower() not in known:
            raise _analysis(f"[UNRESOLVED_COLUMN] There is no column `{column}` to partition by. SQLSTATE: 42703")
        new["last-partition-id"] = max(new.get("last-partition-id", 0), _FIRST_FIELD - 1) + 1
        how = transform.partition("[")[0]
        name = column + {"identity": "", "truncate": "_trunc"}.get(how, f"_{how}")
        numbers = {"source-id": known[column.lower()], "field-id": new["last-partition-id"]}
        fields.append({**numbers, "name": name, "transform": transform})
    spec = 1 + max((spec["spec-id"] for spec in new["partition-specs"]), default=-1)
    new["partition-specs"].append({"spec-id": spec, "fields": fields})
    new["default-spec-id"], new["default-sort-order-id"], new["current-snapshot-id"] = spec, 0, -1
    if not any(order["order-id"] == 0 for order in new["sort-orders"]):
        new["sort-orders"].append({"order-id": 0, "fields": []})
    new["refs"] = {name: ref for name, ref in new.get("refs", {}).items() if name != "main"}
    new["snapshot-log"] = []
    set_properties(new, properties)
    return new


def set_properties(metadata: Metadata, properties: dict[str, str]) -> None:
    """Sets properties of a table; its format's version is one."""
    version = int(properties.get("format-version", metadata["format-version"]))
    if version not in (1, 2) or version < metadata["format-version"] and metadata["schemas"][:-1]:
        raise unsupported(f"version {version} of Iceberg's format is not written")
    metadata["format-version"] = version
    metadata["properties"] = {**metadata.get("properties", {}), **{k: v for k, v in properties.items() if k not in RESERVED}}


def current_schema(metadata: Metadata) -> dict[str, Any]:
    """The columns that a table has now."""
    return dict(next(schema for schema in metadata["schemas"] if schema["schema-id"] == metadata["current-schema-id"]))


def add_schema(metadata: Metadata, fields: list[dict[str, Any]]) -> None:
    """Makes these the columns of a table."""
    number = 1 + max((schema["schema-id"] for schema in metadata["schemas"]), default=-1)
    metadata["schemas"].append({"type": "struct", "schema-id": number, "fields": fields})
    metadata["current-schema-id"] = number


def kind(metadata: Metadata, of: Any) -> Any:
    """A type of Spark's, as JSON has it, as one of Iceberg's; what it has inside gets numbers."""
    if isinstance(of, str):
        if found := re.fullmatch(r"decimal\((\d+),\s*(-?\d+)\)", of):
            return f"decimal({found[1]}, {found[2]})"
        name = "string" if of.startswith(("char(", "varchar(")) else of
        if name not in _SIMPLE:
            raise unsupported(f"Iceberg has no columns of the type {of}")
        return _SIMPLE[name]
    if of["type"] == "struct":
        return _struct(metadata, of)
    if of["type"] == "array":
        inner, optional = number(metadata), of["containsNull"]
        return {"type": "list", "element-id": inner, "element-required": not optional, "element": kind(metadata, of["elementType"])}
    key, value = number(metadata), number(metadata)
    required = not of["valueContainsNull"]
    kinds = {"key": kind(metadata, of["keyType"]), "value": kind(metadata, of["valueType"])}
    return {"type": "map", "key-id": key, "value-id": value, "value-required": required, **kinds}


def _struct(metadata: Metadata, of: dict[str, Any]) -> dict[str, Any]:
    numbers = [number(metadata) for _ in of["fields"]]
    fields = []
    for at, field in zip(numbers, of["fields"]):
        made = {"id": at, "name": field["name"], "required": not field["nullable"], "type": kind(metadata, field["type"])}
        comment = field.get("metadata", {}).get("comment")
        fields.append({**made, "doc": comment} if comment else made)
    return {"type": "struct", "fields": fields}


def number(metadata: Metadata) -> int:
    """The number of a new column."""
    metadata["last-column-id"] += 1
    return int(metadata["last-column-id"])


def glue_columns(metadata: Metadata) -> list[dict[str, str]]:
    """The columns as the Glue catalog tells them."""
    told = []
    for field in current_schema(metadata)["fields"]:
        column = {"Name": field["name"], "Type": _glue_type(field["type"])}
        told.append({**column, "Comment": field["doc"]} if field.get("doc") else column)
    return told


def _glue_type(of: Any) -> str:
    if isinstance(of, str):
        return _GLUE.get(of, of.replace(" ", ""))
    if of["type"] == "struct":
        return "struct<" + ",".join(f"{field['name']}:{_glue_type(field['type'])}" for field in of["fields"]) + ">"
    if of["type"] == "list":
        return f"array<{_glue_type(of['element'])}>"
    return f"map<{_glue_type(of['key'])},{_glue_type(of['value'])}>"


def commit(table: dict[str, Any], place: str, metadata: Metadata) -> None:
    """Makes metadata that has been written a table's own."""
    parameters = {**table.get("Parameters", {}), "metadata_location": place}
    parameters["previous_metadata_location"] = table["Parameters"]["metadata_location"]
    kept = ("Name", "Description", "Owner", "Retention", "TableType", "ViewOriginalText", "ViewExpandedText")
    storage = {**table.get("StorageDescriptor", {}), "Columns": glue_columns(metadata), "Location": metadata["location"]}
    described = {name: table[name] for name in kept if name in table}
    version = {"VersionId": table["VersionId"]} if table.get("VersionId") else {}
    _catalog.call(
        _catalog.client("glue").update_table,
        DatabaseName=table["DatabaseName"],
        TableInput={**described, "PartitionKeys": [], "StorageDescriptor": storage, "Parameters": parameters},
        **version,
    )


def create(database: str, name: str, place: str, metadata: Metadata) -> None:
    """Makes a table of metadata that has been written."""
    parameters = {"table_type": "ICEBERG", "metadata_location": place, "EXTERNAL": "TRUE", "classification": "iceberg"}
    _catalog.call(
        _catalog.client("glue").create_table,
        DatabaseName=database,
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "StorageDescriptor": {"Columns": glue_columns(metadata), "Location": metadata["location"]},
        },
    )


def files(location: str) -> set[str]:
    """The files of metadata of a table that has its files here."""
    found = _catalog.objects(location.rstrip("/") + "/metadata/")
    return {f"s3://{one['Bucket']}/{one['Key']}" for one in found if one["Key"].endswith(".metadata.json")}


def version(place: str) -> int:
    """The number in the name of a file of metadata.

    >>> [version(one) for one in ("s3://a/metadata/00012-b.metadata.json", "v3.metadata.json", "other.metadata.json")]
    [12, 3, 0]
    """
    found = re.match(r"v?(\d+)", place.rpartition("/")[2])
    return int(found[1]) if found else 0


def home(conf: dict[str, str], catalog: str, database: str, name: str) -> str:
    """Where a new table's files go if nobody says: below its database's location, or the catalog's warehouse."""
    try:
        at = _catalog.call(_catalog.client("glue").get_database, Name=database)["Database"].get("LocationUri")
    except EntityNotFoundException:
        raise _analysis(f"[SCHEMA_NOT_FOUND] The schema `{database}` cannot be found. SQLSTATE: 42704") from None
    if at:
        return f"{at.rstrip('/')}/{name}"
    warehouse = conf.get(f"spark.sql.catalog.{catalog}.warehouse") or conf.get("spark.sql.warehouse.dir")
    if not warehouse:
        raise InvalidInputException(
            f"The table {database}.{name} needs a place: a LOCATION, a location of the database, or the setting "
            f"spark.sql.catalog.{catalog}.warehouse"
        )
    return f"{warehouse.rstrip('/')}/{database}.db/{name}"


def _analysis(message: str) -> Exception:
    from pyspark.errors import AnalysisException

    return AnalysisException(message)


def named(session: Any, name: str) -> dict[str, Any] | None:
    """The Iceberg table of the Glue catalog that a name means."""
    table = tables.find(session, name)
    return table if table is not None and tables.is_iceberg(table) else None
