"""Tables of the Glue catalog that Sail does not read as Spark does: the runner's engine reads them, and queries find its rows in
the table's place.

Sail knows some formats only, and takes for a table's partitions the folders that it finds and not those that the catalog has.
"""

from __future__ import annotations

import re
from typing import Any

from awsglue import _catalog, _exchange, _native
from awsglue._bridge import Bridge
from awsglue._errors import unsupported

from mastic_host import commands, tables, views
from mastic_host.queries import Condition, Named, literals, tables_of
from mastic_host.statements import bare, quoted

#: What the names of the views begin with in which such rows are found.
HIDDEN = "_mastic_"
_QUERY = re.compile(r"\(*\s*(select|with|from|insert|merge|explain|create\s+(or\s+replace\s+)?temp(orary)?|create\s+(or\s+replace\s+)?table|"
                    r"replace\s+table|cache|delete|update)\b", re.I)
_KEPT = re.compile(r"create\s+(or\s+replace\s+)?view\b", re.I)
_WHOLE = {"tinyint", "smallint", "int", "bigint"}
# What Hive and Spark do not take for data.
_ASIDE = ("_", ".")
# Tables that were opened, each as it was described then, with the number of its rows.
_opened: dict[tuple[Any, ...], tuple[dict[str, Any], int]] = {}
# The views of their rows, with the folders of the tables.
_places: dict[str, str] = {}


def install() -> None:
    """Makes queries and readers find such tables, where there is a runner."""
    from pyspark.sql.connect.catalog import Catalog
    from pyspark.sql.connect.readwriter import DataFrameReader
    from pyspark.sql.connect.session import SparkSession

    runner = Bridge.find()
    if runner is None:
        return
    sql, table, read, listed = SparkSession.sql, SparkSession.table, DataFrameReader.table, Catalog.listTables

    def asking(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        text = commands.begun(sqlQuery)
        if tables.catalogs and _QUERY.match(text):
            sqlQuery = _replaced(session, runner, sqlQuery)  # noqa: N806
        elif tables.catalogs and _KEPT.match(text):
            _demand_of_sail(session, text)
        return sql(session, sqlQuery, *arguments, **more)

    def by_name(session: Any, tableName: str) -> Any:  # noqa: N803
        found = _source(session, runner, Named(0, 0, tableName, None))
        return table(session, tableName) if found is None else table(session, found)

    def reading(reader: Any, tableName: str) -> Any:  # noqa: N803
        found = _source(reader._client, runner, Named(0, 0, tableName, None))
        return read(reader, tableName) if found is None else table(reader._client, found)

    def listing(catalog: Any, *given: Any, **more: Any) -> Any:
        return [one for one in listed(catalog, *given, **more) if not one.name.startswith(HIDDEN)]

    SparkSession.sql, SparkSession.table, DataFrameReader.table, Catalog.listTables = asking, by_name, reading, listing


def _replaced(session: Any, runner: Bridge, text: str) -> str:
    """A query with the engine's rows in the place of the tables that it reads."""
    for named in reversed(tables_of(text)):
        view = _source(session, runner, named)
        if view is not None:
            alias = "" if named.alias else f" AS {quoted(tables.parts(named.name)[-1])}"
            text = f"{text[: named.start]}{view}{alias}{text[named.end :]}"
    return text


def _of_engine(session: Any, name: str) -> dict[str, Any] | None:
    """The table of the Glue catalog that a name means, if Sail does not read it as Spark does."""
    if len(tables.parts(name)) == 1 and views.is_one(bare(name)):
        return None
    table = tables.find(session, name)
    if table is None or tables.folder(table) is None or table.get("TableType") == "VIRTUAL_VIEW" or _is_of_sail(session, table):
        return None
    return table


def _demand_of_sail(session: Any, text: str) -> None:
    """Refuses a view that is kept in the catalog, and of which Sail would have to read tables that it does not know."""
    for named in tables_of(text):
        if _of_engine(session, named.name) is not None:
            raise unsupported(
                f"the engine reads {named.name}, and views that are kept in the catalog cannot be over such a table: make a "
                "temporary view of it"
            )


def _source(session: Any, runner: Bridge, named: Named) -> str | None:
    """The view of the engine's rows of a table; nothing for one that Sail reads, or that is none of the Glue catalog."""
    table = _of_engine(session, named.name)
    if table is None:
        return None
    asked = {"database": table["DatabaseName"], "table_name": table["Name"], "push_down_predicate": _predicate(table, named) or None}
    key = tuple(asked.values())
    told, number = _opened.get(key, (None, None))
    before = number if told == table else None
    answer = runner.ask("/read", {**asked, "hive": True, "known": before, "direct": _exchange.reads_s3(), "later": True})
    _opened[key] = (table, answer["source"])
    view = f"{HIDDEN}source_{answer['source']}"
    if view not in _places:
        _places[view] = str(tables.folder(table))
        frame, _ = _exchange.read(session, runner, answer, "")
        _native.note(frame, _native.source(answer)).createOrReplaceTempView(view)
    return view


def views_of(places: set[str]) -> list[str]:
    """The views of tables that have their files in one of these folders."""
    wanted = {place.rstrip("/") for place in places}
    return [view for view, place in _places.items() if place.rstrip("/") in wanted]


def _is_of_sail(session: Any, table: dict[str, Any]) -> bool:
    """Whether Sail reads of a table what Spark does."""
    storage = table.get("StorageDescriptor", {})
    library = str(storage.get("SerdeInfo", {}).get("SerializationLibrary", "")).lower()
    provider = str(table.get("Parameters", {}).get("spark.sql.sources.provider", "")).lower()
    known = any(form in (provider or library) for form in ("parquet", "json", "avro")) or provider in ("csv", "text")
    return known and (not tables.keys(table) or _is_tree(session, table))


def _is_tree(session: Any, table: dict[str, Any]) -> bool:
    """Whether the partitions that the catalog has are the folders of the table, by Hive's names, and no file is elsewhere."""
    named, root = [name for name, _ in tables.keys(table)], (tables.folder(table) or "").rstrip("/") + "/"
    known = set()
    for partition in _catalog.partitions(session, table):
        values = tuple(partition["Values"])
        at = str(partition.get("StorageDescriptor", {}).get("Location", "")).rstrip("/")
        if tables.values_of(_within(f"{at}/any", root), named) != values:
            return False
        known.add(values)
    for found in _catalog.objects(root):
        within = _within(f"s3://{found['Bucket']}/{found['Key']}", root)
        if found["Size"] and not any(part.startswith(_ASIDE) for part in within.split("/")):
            if tables.values_of(within, named) not in known:
                return False
    return True


def _within(place: str, root: str) -> str:
    """What is behind a table's folder in a place; nothing for one that is elsewhere."""
    place, root = (re.sub(r"^s3[an]?://", "", one) for one in (place, root))
    return place.removeprefix(root) if place.startswith(root) else ""


def _predicate(table: dict[str, Any], named: Named) -> str:
    """Which partitions are enough for what a query asks."""
    keys = {name.lower(): (name, of.lower()) for name, of in tables.keys(table)}
    own = (named.alias or tables.parts(named.name)[-1]).lower()
    met = []
    for condition in named.conditions:
        name, of = keys.get(condition.column.lower(), ("", ""))
        mine = condition.of.lower() == own if condition.of else named.alone
        if name and mine and _fits(of, condition):
            met.append(f"{name} {condition.asked}")
    return " and ".join(met)


def _fits(of: str, condition: Condition) -> bool:
    """Whether literals are of a key's type, so that nobody need ask how Spark would make them of it."""
    told = literals(condition.asked)
    if of in _WHOLE:
        return all(re.fullmatch(r"-?\d+", one) for one in told)
    if of == "date":
        return all(re.fullmatch(r"'\d{4}-\d\d-\d\d'", one) for one in told)
    return of == "string" and all(one.startswith("'") for one in told)
