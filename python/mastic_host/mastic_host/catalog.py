"""`spark.catalog` where Sail's has less than Spark's."""

from __future__ import annotations

import re
from typing import Any

from awsglue import _catalog

from mastic_host import caching, describe, partitions, refusals, tables
from mastic_host.asked import Asked, elsewhere
from mastic_host.statements import quoted

_KEY = re.compile(r"([^/=]+)=[^/]*/")


def install() -> None:
    """Makes the catalog of sessions have it."""
    from pyspark.sql.connect.catalog import Catalog

    listed, described, table, functions = Catalog.listTables, Catalog.getDatabase, Catalog.getTable, Catalog.listFunctions

    def listing(catalog: Any, dbName: str | None = None, pattern: str | None = None) -> Any:  # noqa: N803
        place = _demand_database(catalog, dbName)
        managed = {one["Name"] for one in describe.listed(place[1]) if partitions.is_managed(one)} if place else set()
        found = listed(catalog, dbName, pattern)
        return [one._replace(tableType="MANAGED") if one.name in managed and not one.isTemporary else one for one in found]

    def finding(catalog: Any, tableName: str) -> Any:  # noqa: N803
        found = table(catalog, tableName)
        there = None if found.isTemporary else tables.find(catalog._sparkSession, tableName)
        return found._replace(tableType="MANAGED") if there is not None and partitions.is_managed(there) else found

    def listing_functions(catalog: Any, dbName: str | None = None, pattern: str | None = None) -> Any:  # noqa: N803
        from pyspark.errors import PySparkException

        try:
            return functions(catalog, dbName, pattern)
        except PySparkException as error:
            if dbName is not None or "Database not found" not in str(error):
                raise
            with elsewhere(catalog._sparkSession) as other:
                return functions(other.catalog, None, pattern)

    def knowing(catalog: Any, functionName: str, dbName: str | None = None) -> bool:  # noqa: N803
        name = functionName.rpartition(".")[2].lower()
        return any(one.name.lower() == name for one in catalog.listFunctions(dbName))

    def describing(catalog: Any, dbName: str) -> Any:  # noqa: N803
        _demand_database(catalog, dbName)
        return described(catalog, dbName)

    def creating(
        catalog: Any,
        tableName: str,  # noqa: N803
        path: str | None = None,
        source: str | None = None,
        schema: Any = None,
        description: str | None = None,
        **options: str,
    ) -> Any:
        return _create(catalog._sparkSession, tableName, path, source, schema, description, options)

    def creating_external(
        catalog: Any,
        tableName: str,  # noqa: N803
        path: str | None = None,
        source: str | None = None,
        schema: Any = None,
        **options: str,
    ) -> Any:
        return _create(catalog._sparkSession, tableName, path, source, schema, None, options)

    Catalog.listTables, Catalog.getDatabase, Catalog.getTable = listing, describing, finding
    Catalog.listFunctions, Catalog.functionExists = listing_functions, knowing
    Catalog.createTable, Catalog.createExternalTable = creating, creating_external
    Catalog.cacheTable = lambda catalog, tableName, storageLevel=None: caching.keep(catalog._sparkSession, tableName)  # noqa: N803
    Catalog.uncacheTable = lambda catalog, tableName: caching.forget(catalog._sparkSession, tableName)  # noqa: N803
    Catalog.isCached = lambda catalog, tableName: caching.is_kept(catalog._sparkSession, tableName)  # noqa: N803
    Catalog.clearCache = lambda catalog: caching.forget_all()
    Catalog.refreshTable = lambda catalog, tableName: caching.demand(catalog._sparkSession, tableName)  # noqa: N803
    Catalog.refreshByPath = lambda catalog, path: None
    Catalog.recoverPartitions = _recover


def _recover(catalog: Any, tableName: str) -> None:  # noqa: N803
    catalog._sparkSession.sql(f"ALTER TABLE {tableName} RECOVER PARTITIONS")


def _demand_database(catalog: Any, name: str | None) -> tuple[str, str] | None:
    session = catalog._sparkSession
    asked = Asked(session, session.sql)
    place = asked.database(name)
    if place:
        asked.described(place)
    return place


def _create(
    session: Any, name: str, path: str | None, source: str | None, schema: Any, description: str | None, options: dict[str, str]
) -> Any:
    """A table over files, or for some."""
    if tables.find(session, name) is not None:
        raise refusals.table_exists(name)
    source, parts = source or "parquet", ""
    if schema is None:
        if path is None:
            told = f"Unable to infer schema for {source}. It must be specified manually."
            raise refusals.analysis("UNABLE_TO_INFER_SCHEMA", told, "42KD9")
        schema = session.read.format(source).options(**options).load(path).schema
        first = next(_catalog.objects(path.rstrip("/") + "/"), None)
        keys = _KEY.findall("" if first is None else first["Key"][len(_catalog.place(path.rstrip("/") + "/")[1]) :])
        known = {field.name.lower(): field.name for field in schema.fields}
        names = ", ".join(quoted(known[key.lower()]) for key in keys if key.lower() in known)
        parts = f" PARTITIONED BY ({names})" if names else ""
    fields = ", ".join(f"{quoted(field.name)} {field.dataType.simpleString()}" for field in schema.fields)
    said = ", ".join(f"{_text(key)} {_text(str(value))}" for key, value in options.items())
    text = f"CREATE TABLE {name} ({fields}) USING {source}" + (f" OPTIONS ({said})" if said else "") + parts
    text += (f" COMMENT {_text(description)}" if description else "") + (f" LOCATION {_text(path)}" if path else "")
    session.sql(text)
    return session.table(name)


def _text(said: str) -> str:
    return "'" + said.replace("\\", "\\\\").replace("'", "\\'") + "'"
