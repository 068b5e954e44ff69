"""Tables of the Glue catalog behind the names of Spark's SQL, and their partitions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

from awsglue import _catalog
from awsglue._errors import EntityNotFoundException, GlueError, unsupported

#: What stands for no value in the name of a partition.
NULL = "__HIVE_DEFAULT_PARTITION__"
_NAME = re.compile(r"`((?:[^`]|``)+)`|([^.`\s]+)")
# What Hive leaves as it is in the names of folders, besides letters and digits.
_PLAIN = " !$&()+,-.;<>@_`|~"

# The names under which SQL reaches the Glue catalog.
catalogs: list[str] = []


def parts(name: str) -> list[str]:
    """The parts of a name in SQL.

    >>> parts("glue_catalog.`a.b`.t")
    ['glue_catalog', 'a.b', 't']
    """
    return [quoted.replace("``", "`") or plain for quoted, plain in _NAME.findall(name)]


def find(session: Any, name: str) -> dict[str, Any] | None:
    """The table of the Glue catalog that a name means; nothing if it means none.

    Raises the exception of `awsglue` that tells why it cannot be looked up.
    """
    place = locate(session, name)
    try:
        return _catalog.table(*place) if place else None
    except EntityNotFoundException:
        return None


def locate(session: Any, name: str) -> tuple[str, str] | None:
    """Database and table that a name means, there or not; nothing for a name that is not of the Glue catalog."""
    named = parts(name)
    if not catalogs or not 1 <= len(named) <= 3:
        return None
    catalog = named[0] if len(named) == 3 else session.catalog.currentCatalog()
    if catalog not in catalogs:
        return None
    return named[-2] if len(named) > 1 else session.catalog.currentDatabase(), named[-1]


def forget(session: Any, name: str) -> None:
    """Takes a table that could not be filled out of the catalog; its files, if it has any, stay."""
    place = locate(session, name)
    if place is not None:
        _catalog.call(_catalog.client("glue").delete_table, DatabaseName=place[0], Name=place[1])


def is_iceberg(table: dict[str, Any]) -> bool:
    """Whether a table is one of Iceberg's."""
    return str(table.get("Parameters", {}).get("table_type", "")).lower() == "iceberg"


def folder(table: dict[str, Any] | None) -> str | None:
    """Where the files of a table are; nothing for one of Iceberg's or Delta Lake's, whose files are not all its rows, or one
    that is not in S3."""
    if table is None or is_iceberg(table) or table.get("Parameters", {}).get("spark.sql.sources.provider", "").lower() == "delta":
        return None
    place = str(table.get("StorageDescriptor", {}).get("Location", ""))
    return place if place.startswith("s3") else None


def keys(table: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and types of a table's partition keys."""
    return [(key["Name"], key.get("Type", "string")) for key in table.get("PartitionKeys", [])]


def columns(table: dict[str, Any]) -> list[str]:
    """The names of a table's columns, without its partition keys."""
    return [column["Name"] for column in table.get("StorageDescriptor", {}).get("Columns", [])]


def values_of(within: str, named: list[str]) -> tuple[str, ...] | None:
    """The values of partition keys in the path of a file within its table's folder; nothing for a file in no partition.

    >>> values_of("dt=a%2Fb/hr=/x.parquet", ["dt", "hr"])
    ('a/b', '__HIVE_DEFAULT_PARTITION__')
    """
    segments = [segment.partition("=") for segment in within.split("/")[:-1]]
    if [name.lower() for name, _, _ in segments] != [name.lower() for name in named]:
        return None
    return tuple(unquote(value) or NULL for _, _, value in segments)


def path_of(named: list[str], values: tuple[str, ...]) -> str:
    """The folder of a partition within its table's.

    >>> path_of(["dt", "hr"], ("a/b", "1"))
    'dt=a%2Fb/hr=1/'
    """
    return "".join(f"{name}={quote(value, safe=_PLAIN)}/" for name, value in zip(named, values))


def add_partitions(table: dict[str, Any], places: dict[tuple[str, ...], str]) -> None:
    """Tells the catalog of partitions, by their values and folders, that it may know already.

    Raises an exception if it knows one in another place: its rows are not where they would be looked for.
    """
    # What the catalog has besides: when and how the table's own description was made.
    storage = table.get("StorageDescriptor", {})
    inputs = [{"Values": list(values), "StorageDescriptor": {**storage, "Location": at}} for values, at in sorted(places.items())]
    name = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    for start in range(0, len(inputs), 100):
        batch = inputs[start : start + 100]
        answer = _catalog.call(_catalog.client("glue").batch_create_partition, **name, PartitionInputList=batch)
        known = []
        for error in answer.get("Errors", []):
            if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                raise GlueError("{ErrorCode}: {ErrorMessage}".format(**error["ErrorDetail"]))
            known.append({"Values": error["PartitionValues"]})
        for partition in _known(name, known):
            demand_place(table, partition, places[tuple(partition["Values"])])


def _known(name: dict[str, str], wanted: list[dict[str, list[str]]]) -> list[dict[str, Any]]:
    if not wanted:
        return []
    return list(_catalog.call(_catalog.client("glue").batch_get_partition, **name, PartitionsToGet=wanted)["Partitions"])


def partition(table: dict[str, Any], values: tuple[str, ...]) -> dict[str, Any] | None:
    """One of a table's partitions."""
    found = partitions(table, [values])
    return found[0] if found else None


def partitions(table: dict[str, Any], wanted: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """Those of a table's partitions that have these values, as far as there are some."""
    name, found = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}, []
    for start in range(0, len(wanted), 100):
        found += _known(name, [{"Values": list(values)} for values in wanted[start : start + 100]])
    return found


def demand_place(table: dict[str, Any], partition: dict[str, Any], place: str) -> None:
    """Refuses a partition that is elsewhere than in its table's folder, where Sail reads and writes."""
    at = str(partition.get("StorageDescriptor", {}).get("Location", place))
    if re.sub(r"^s3[an]?://", "", unquote(at)).rstrip("/") != re.sub(r"^s3[an]?://", "", unquote(place)).rstrip("/"):
        raise unsupported(
            f"the partition {partition['Values']} of {table['DatabaseName']}.{table['Name']} is at {at}, not in the table's "
            "folder, where alone it can be written: update its location, or delete it from the catalog, first"
        )


def drop_partitions(table: dict[str, Any], gone: list[tuple[str, ...]]) -> None:
    """Makes the catalog forget partitions that it may not know."""
    for start in range(0, len(gone), 25):
        _catalog.call(
            _catalog.client("glue").batch_delete_partition,
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            PartitionsToDelete=[{"Values": list(values)} for values in gone[start : start + 25]],
        )
