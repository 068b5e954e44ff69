"""What `DESCRIBE` and `SHOW` tell of tables and databases of the Glue catalog."""

from __future__ import annotations

import re
from typing import Any

from awsglue import _catalog

from mastic_host import iceberg, partitions, refusals, tables
from mastic_host.asked import Asked, matches
from mastic_host.statements import bare, enclosed, quoted, unquoted

Row = tuple[str, "str | None", "str | None"]

# What is Hive's or Spark's own among a table's parameters, and no property of it.
_OWN = ("EXTERNAL", "comment", "COLUMN_STATS_ACCURATE", "numFiles", "numPartitions", "numRows", "rawDataSize", "totalSize")
_KINDS = {"MANAGED_TABLE": "MANAGED", "VIRTUAL_VIEW": "VIEW"}
_STATISTICS = ("min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len", "histogram")
_STORED = {"min": "min", "max": "max", "num_nulls": "nullCount", "distinct_count": "distinctCount", "avg_col_len": "avgLen",
           "max_col_len": "maxLen"}  # fmt: skip


def is_view(table: dict[str, Any]) -> bool:
    """Whether a table is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def is_delta(table: dict[str, Any]) -> bool:
    """Whether a table is one of Delta Lake's, which knows its columns itself."""
    return str(table.get("Parameters", {}).get("spark.sql.sources.provider", "")).lower() == "delta"


def columns(table: dict[str, Any]) -> list[Row]:
    """Names, types and comments of a table's columns, partition keys last."""
    told = table.get("StorageDescriptor", {}).get("Columns", []) + table.get("PartitionKeys", [])
    return [(one["Name"], one.get("Type", "string"), one.get("Comment")) for one in told]


def properties(table: dict[str, Any]) -> dict[str, str]:
    """A table's properties, in the order of their names."""
    if tables.is_iceberg(table):
        _, metadata = iceberg.load(table)
        told = dict(metadata.get("properties", {}))
        current = metadata.get("current-snapshot-id")
        told["current-snapshot-id"] = "none" if current in (None, -1) else str(current)
        told["format"] = f"iceberg/{told.get('write.format.default', 'parquet')}"
        told["format-version"] = str(metadata["format-version"])
        return dict(sorted(told.items()))
    every = table.get("Parameters", {})
    return {name: every[name] for name in sorted(every) if name not in _OWN and not name.startswith("spark.sql.")}


def table(asked: Asked, found: re.Match[str]) -> Any:
    """`DESCRIBE [EXTENDED] table [PARTITION (...)] [column]`."""
    extended, name, rest = bool(found[1]), found[2], found[3]
    there = asked.table(name)
    if there is None or is_delta(there):
        return asked.sail(f"DESCRIBE {'EXTENDED' if extended else 'TABLE'} {name}") if not rest else None
    if rest.lower().startswith("partition"):
        inner, rest = enclosed(rest[rest.index("(") :])
        [terms] = partitions.spelled(asked.session, there, [partitions.spec(inner)], asked.arguments)
        one = tables.partition(there, partitions.demand_whole(there, terms))
        if one is None:
            raise refusals.no_partitions(there, [partitions.told(terms)])
        return asked.rows(_rows(there) + (_of_partition(there, one) if extended else []), _COLUMNS)
    if rest:
        return asked.rows(_column(there, rest, extended), "info_name string, info_value string")
    return asked.rows(_rows(there) + (_details(asked, name, there) if extended else []), _COLUMNS)


_COLUMNS = "col_name string, data_type string, comment string"


def _rows(there: dict[str, Any]) -> list[Row]:
    rows, keys = columns(there), [key for key, _ in tables.keys(there)]
    if tables.is_iceberg(there):
        parts = transforms(there)
        keys = [column for column, how in parts if how is None]
        if len(keys) < len(parts):
            told: list[Row] = [(f"Part {at}", how or column, "") for at, (column, how) in enumerate(parts)]
            return [*rows, ("", "", ""), ("# Partitioning", "", ""), *told]
    if keys:
        heads: list[Row] = [("# Partition Information", "", ""), ("# col_name", "data_type", "comment")]
        return rows + heads + [row for key in keys for row in rows if row[0] == key]
    return rows


def transforms(there: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The columns by which an Iceberg table has partitions, each with the function of it that Spark has, if it is one."""
    _, metadata = iceberg.load(there)
    names = {field["id"]: field["name"] for field in iceberg.current_schema(metadata)["fields"]}
    spec = next(spec for spec in metadata["partition-specs"] if spec["spec-id"] == metadata["default-spec-id"])
    told = []
    for part in spec["fields"]:
        column, (how, _, width) = names.get(part["source-id"], part["name"]), part["transform"].partition("[")
        if how == "void":
            continue
        function = f"{how}({width.rstrip(']')}, {column})" if width else f"{how}s({column})"
        told.append((column, None if how == "identity" else function))
    return told


def _column(there: dict[str, Any], text: str, extended: bool) -> list[tuple[str, str]]:
    name = ".".join(tables.parts(text))
    if len(tables.parts(text)) > 1:
        raise refusals.plain(f"DESC TABLE COLUMN does not support nested column: {name}.")
    found = next((row for row in columns(there) if row[0].lower() == name.lower()), None)
    if found is None:
        raise refusals.no_column(text)
    rows = [("col_name", found[0]), ("data_type", found[1] or ""), ("comment", found[2] or "NULL")]
    if extended:
        known, prefix = there.get("Parameters", {}), f"spark.sql.statistics.colStats.{found[0]}."
        rows += [(name, known.get(prefix + _STORED.get(name, name), "NULL")) for name in _STATISTICS]
    return rows


def _details(asked: Asked, name: str, there: dict[str, Any]) -> list[Row]:
    told = _information(asked, name, there)
    return [("", "", ""), ("# Detailed Table Information", "", ""), *((key, value, "") for key, value in told)]


def _information(asked: Asked, name: str, there: dict[str, Any]) -> list[tuple[str, str]]:
    named, known = tables.parts(name), there.get("Parameters", {})
    catalog = named[0] if len(named) == 3 else asked.session.catalog.currentCatalog()
    kind = _KINDS.get(there.get("TableType", ""), "EXTERNAL")
    said = "[" + ", ".join(f"{key}={value}" for key, value in properties(there).items()) + "]"
    owner = [("Owner", there["Owner"])] if there.get("Owner") else []
    if tables.is_iceberg(there):
        rows = [("Name", f"{catalog}.{there['DatabaseName']}.{there['Name']}"), ("Type", kind)]
        return [*rows, ("Location", partitions.place(there)), ("Provider", "iceberg"), *owner, ("Table Properties", said)]
    rows = [("Catalog", catalog), ("Database", there["DatabaseName"]), ("Table", there["Name"]), *owner]
    rows += [("Created Time", _time(there.get("CreateTime"))), ("Last Access", _time(there.get("LastAccessTime")))]
    rows += [("Created By", f"Spark {known.get('spark.sql.create.version', '2.2 or prior')}"), ("Type", kind)]
    provider = known.get("spark.sql.sources.provider")
    if not is_view(there):
        rows.append(("Provider", provider or "hive"))
    if there.get("Description") or known.get("comment"):
        rows.append(("Comment", there.get("Description") or known["comment"]))
    if is_view(there):
        text = view_text(there)
        rows += [("View Text", text), ("View Original Text", text)]
    if said != "[]":
        rows.append(("Table Properties", said))
    rows += _statistics(known) + _storage(there, provider)
    if not is_view(there) and (provider is None or there.get("PartitionKeys")):
        rows.append(("Partition Provider", "Catalog"))
    return rows


def view_text(there: dict[str, Any]) -> str:
    """The query of a view."""
    kinds = there.get("ViewDefinition", {}).get("Representations", [])
    told = [one.get("ViewOriginalText") for one in kinds] + [there.get("ViewOriginalText"), there.get("ViewExpandedText")]
    return next((text for text in told if text), "").strip()


def _statistics(known: dict[str, str], name: str = "Statistics") -> list[tuple[str, str]]:
    prefix = "spark.sql.statistics."
    size, rows = known.get(f"{prefix}totalSize") or known.get("totalSize"), known.get(f"{prefix}numRows")
    return [(name, f"{size} bytes" + (f", {rows} rows" if rows else ""))] if size else []


def _storage(described: dict[str, Any], provider: str | None = None) -> list[tuple[str, str]]:
    storage = described.get("StorageDescriptor", {})
    form = storage.get("SerdeInfo", {}).get("Parameters", {})
    form = {key: value for key, value in form.items() if provider is None or key not in ("path", "serialization.format")}
    told = {"Location": storage.get("Location"), "Serde Library": storage.get("SerdeInfo", {}).get("SerializationLibrary"),
            "InputFormat": storage.get("InputFormat"), "OutputFormat": storage.get("OutputFormat")}  # fmt: skip
    rows = [(name, value) for name, value in told.items() if value]
    if form:
        rows.append(("Storage Properties", "[" + ", ".join(f"{key}={value}" for key, value in form.items()) + "]"))
    return rows


def _of_partition(there: dict[str, Any], one: dict[str, Any]) -> list[Row]:
    rows = [("", ""), ("# Detailed Partition Information", ""), ("Database", there["DatabaseName"]), ("Table", there["Name"])]
    rows += [*_partition(there, one), ("", ""), ("# Storage Information", ""), *_storage(there)]
    return [(name, value, "") for name, value in rows]


def _partition(there: dict[str, Any], one: dict[str, Any]) -> list[tuple[str, str]]:
    known, keys = one.get("Parameters", {}), [name for name, _ in tables.keys(there)]
    values = ", ".join(f"{name}={value}" for name, value in zip(keys, one["Values"]))
    rows = [("Partition Values", f"[{values}]"), *_storage(one)]
    shown = {name: known[name] for name in sorted(known) if not name.startswith("spark.sql.")}
    if shown:
        rows.append(("Partition Parameters", "[" + ", ".join(f"{name}={value}" for name, value in shown.items()) + "]"))
    rows += [("Created Time", _time(one.get("CreationTime"))), ("Last Access", _time(one.get("LastAccessTime")))]
    return rows + _statistics(known, "Partition Statistics")


def _time(moment: Any) -> str:
    import datetime

    return "UNKNOWN" if moment is None else moment.astimezone(datetime.timezone.utc).strftime("%a %b %d %H:%M:%S UTC %Y")


def database(asked: Asked, found: re.Match[str]) -> Any:
    """`DESCRIBE DATABASE [EXTENDED] name`."""
    place = asked.database(found[2])
    if place is None:
        return None
    there = asked.described(place)
    rows = [("Catalog Name", place[0]), ("Namespace Name", there["Name"]), ("Comment", there.get("Description", ""))]
    rows.append(("Location", there.get("LocationUri", "")))
    if found[1]:
        said = ", ".join(f"({key},{value})" for key, value in sorted(there.get("Parameters", {}).items()))
        rows.append(("Properties", f"({said})" if said else ""))
    return asked.rows(rows, "info_name string, info_value string")


def query(asked: Asked, found: re.Match[str]) -> Any:
    """`DESCRIBE [QUERY] SELECT ...`."""
    fields = asked.query(found[1]).schema.fields
    return asked.rows([(field.name, field.dataType.simpleString(), None) for field in fields], _COLUMNS)


def show_columns(asked: Asked, found: re.Match[str]) -> Any:
    """`SHOW COLUMNS IN table [IN database]`."""
    named, within = tables.parts(found[1]), found[2]
    if within and len(named) > 1 and named[-2].lower() != tables.parts(within)[-1].lower():
        told = f"SHOW COLUMNS with conflicting namespaces: `{tables.parts(within)[-1]}` != `{named[-2]}`."
        raise refusals.analysis("SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE", told, "42K05")
    name = f"{within}.{quoted(named[-1])}" if within else found[1]
    there = asked.table(name)
    if there is None or is_delta(there):
        return asked.sail(f"SHOW COLUMNS IN {name}").selectExpr("name AS col_name")
    return asked.rows([(row[0],) for row in columns(there)], "col_name string")


def show_partitions(asked: Asked, found: re.Match[str]) -> Any:
    """`SHOW PARTITIONS table [PARTITION (...)]`."""
    there = asked.table(found[1])
    if there is None:
        return None
    if is_view(there):
        raise refusals.is_view(found[1], "SHOW PARTITIONS")
    if tables.is_iceberg(there) or is_delta(there) or not there.get("PartitionKeys"):
        iceberg_or_delta = tables.is_iceberg(there) or is_delta(there)
        kind = "PARTITION_MANAGEMENT_IS_UNSUPPORTED" if iceberg_or_delta else "PARTITION_SCHEMA_IS_EMPTY"
        why = "does not support partition management" if iceberg_or_delta else "is not partitioned"
        raise refusals.analysis(f"INVALID_PARTITION_OPERATION.{kind}",
                                f"The partition command is invalid. Table {refusals.of(there)} {why}.", "42601")
    told = [terms for terms, _ in partitions.clauses(found[2] or "PARTITION ()")]
    [terms] = partitions.spelled(asked.session, there, told, asked.arguments)
    names = [(partitions.path(there, one),) for one in partitions.select(asked.session, there, terms)]
    return asked.rows(sorted(names), "partition string")


def show_properties(asked: Asked, found: re.Match[str]) -> Any:
    """`SHOW TBLPROPERTIES table [(key)]`."""
    there = asked.table(found[1])
    if there is None:
        return asked.rows([], "key string, value string") if asked.is_temporary(found[1]) else None
    rows = list(properties(there).items())
    if found[2]:
        key = unquoted(bare(found[2].strip()))
        catalog = asked.session.catalog.currentCatalog()
        name = ".".join([catalog, there["DatabaseName"], there["Name"]])
        rows = [(key, properties(there).get(key, f"Table {name} does not have property: {key}"))]
    return asked.rows(rows, "key string, value string")


def show_extended(asked: Asked, found: re.Match[str]) -> Any:
    """`SHOW TABLE EXTENDED [IN database] LIKE 'pattern' [PARTITION (...)]`."""
    place = asked.database(found[1])
    if place is None:
        return asked.sail(found[0]).withColumnRenamed("database", "namespace")
    asked.described(place)
    rows = []
    for there in listed(place[1]):
        if not matches(unquoted(found[2]), there["Name"]):
            continue
        if found[3]:
            specs = [terms for terms, _ in partitions.clauses(found[3])]
            [terms] = partitions.spelled(asked.session, there, specs, asked.arguments)
            [one] = partitions.demand(asked.session, there, terms)
            told = _partition(there, one)
        else:
            told = _information(asked, f"`{place[0]}`.`{place[1]}`.`{there['Name']}`", there)
            keys = ", ".join(f"`{key}`" for key, _ in tables.keys(there))
            told += [("Partition Columns", f"[{keys}]")] if keys else []
            told.append(("Schema", _catalog.spark_schema(asked.session, there).treeString()))
        text = "".join(f"{name}: {value}\n" for name, value in told)
        rows.append((place[1], there["Name"], False, text))
    return asked.rows(rows, "namespace string, tableName string, isTemporary boolean, information string")


def listed(database_name: str) -> list[dict[str, Any]]:
    """The tables of a database, by their names."""
    found: list[dict[str, Any]] = []
    token = None
    while True:
        page = _catalog.call(_catalog.client("glue").get_tables, DatabaseName=database_name, NextToken=token)
        found += page["TableList"]
        token = page.get("NextToken")
        if not token:
            return sorted(found, key=lambda one: str(one["Name"]))
