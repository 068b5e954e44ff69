"""Hive's statements over tables of the Glue catalog, as Spark takes them: the one place where a statement is looked at.

Sail has none of these, or answers them otherwise; what is not of the Glue catalog is Sail's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from awsglue import _catalog
from awsglue._errors import unsupported

from mastic_host import analyze, caching, columns, commands, creates, databases, describe, partitions, refusals, shown, tables
from mastic_host.asked import Asked, elsewhere
from mastic_host.statements import NAME, TABLE, bare, enclosed, literal, plain, split, unquoted

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_BEGIN = re.compile(
    r"(show|desc|describe|alter|msck|repair|truncate|analyze|create|drop|cache|uncache|clear|refresh|comment)\b", re.I
)

Act = Callable[[Asked, "re.Match[str]"], Any]


def answered(session: Any, text: str, ask: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """The answer to a statement that is taken over; nothing for any other, which is Sail's to answer."""
    if not _BEGIN.match(text):
        return None
    text = plain(text)
    for form, act in _STATEMENTS:
        if found := form.match(text):
            return act(Asked(session, ask, arguments), found)
    return None


def _plain_table(asked: Asked, name: str, statement: str) -> dict[str, Any] | None:
    """The table that a statement changes; nothing for one whose own files tell of it, and for what is Sail's."""
    table = asked.table(name)
    if table is None or tables.is_iceberg(table) or describe.is_delta(table):
        return None
    if describe.is_view(table):
        raise refusals.is_view(name, statement)
    return table


def _alter(asked: Asked, found: re.Match[str]) -> Any:
    name, action = found[1], found[2]
    table = _plain_table(asked, name, "ALTER TABLE ...")
    if table is None:
        return None
    for form, change in _CHANGES:
        if told := form.match(action):
            change(asked, table, told)
            return commands.nothing(asked.session)
    raise unsupported(f"ALTER TABLE ... {' '.join(action.split()[:3])} is not supported")


def _partitioned(table: dict[str, Any], statement: str) -> None:
    if not tables.keys(table):
        raise refusals.not_partitioned(refusals.of(table), statement)


def _specs(asked: Asked, table: dict[str, Any], text: str) -> list[partitions.Spec]:
    told = [terms for terms, _ in partitions.clauses(text)]
    return partitions.spelled(asked.session, table, told, asked.arguments)


def _add_partitions(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    _partitioned(table, "ALTER TABLE ADD PARTITION")
    told = partitions.clauses(found[2])
    open_ = next((term.key for terms, _ in told for term in terms if term.is_ != "=" or term.value is None), None)
    if open_:
        said = f"Invalid SQL syntax: Partition key `{open_}` must set value."
        raise refusals.syntax(f"[INVALID_SQL_SYNTAX.EMPTY_PARTITION_VALUE] {said} SQLSTATE: 42000")
    for _, place in told:
        if place is not None:
            _catalog.place(place)
    specs = partitions.spelled(asked.session, table, [terms for terms, _ in told], asked.arguments)
    partitions.add(asked.session, table, list(zip(specs, (place for _, place in told))), bool(found[1]))


def _drop_partitions(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    _partitioned(table, "ALTER TABLE DROP PARTITION")
    # With or without PURGE: there is no place where dropped files are kept.
    select = partitions.select if found[1] else partitions.demand
    chosen = [one for terms in _specs(asked, table, found[2]) for one in select(asked.session, table, terms)]
    partitions.drop(table, list({tuple(one["Values"]): one for one in chosen}.values()))


def _the_partition(asked: Asked, table: dict[str, Any], text: str) -> dict[str, Any]:
    [terms] = _specs(asked, table, text)
    partitions.demand_whole(table, terms)
    return partitions.demand(asked.session, table, terms)[0]


def _rename_partition(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    one, [wanted] = _the_partition(asked, table, found[1]), _specs(asked, table, found[2])
    partitions.rename(table, one, partitions.demand_whole(table, wanted))


def _describe_anew(
    asked: Asked, table: dict[str, Any], spec: str | None, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Changes how a table's files are described, or a partition's."""
    if spec:
        one = _the_partition(asked, table, spec)
        partitions.change(table, one, StorageDescriptor=change(one.get("StorageDescriptor", {})))
    else:
        creates.change(table, StorageDescriptor=change(table["StorageDescriptor"]))


def _set_location(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    place = unquoted(found[2])
    _catalog.place(place)
    _describe_anew(asked, table, found[1], lambda storage: {**storage, "Location": place})


def _set_serde(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    spec, library, form = found["spec"], found.groupdict().get("library"), found["form"]
    said = creates.pairs(enclosed(form)[0]) if form else {}

    def change(storage: dict[str, Any]) -> dict[str, Any]:
        serde = storage.get("SerdeInfo", {})
        named = {"SerializationLibrary": unquoted(library)} if library else {}
        return {**storage, "SerdeInfo": {**serde, **named, "Parameters": {**serde.get("Parameters", {}), **said}}}

    _describe_anew(asked, table, spec, change)


def _set_properties(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    said = creates.pairs(enclosed(found[1])[0])
    own = [name for name in said if name.startswith("spark.sql.")]
    if own:
        told = f"table property keys may not start with 'spark.sql.': [{', '.join(own)}]"
        raise refusals.plain(f"Cannot persist {refusals.of(table)} into Hive metastore as {told}")
    if "EXTERNAL" in said:
        raise refusals.plain("Cannot set or change the preserved property key: 'EXTERNAL'")
    comment = {"Description": said.pop("comment")} if "comment" in said else {}
    creates.change(table, Parameters={**table.get("Parameters", {}), **said}, **comment)


def _unset_properties(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    told = [one.strip() for one in split(enclosed(found[1])[0])]
    if not all(re.fullmatch(rf"{_STRING}|{NAME}(?:\.{NAME})*", one, re.S) for one in told):
        raise refusals.syntax(f"Operation not allowed: Values should not be specified for key(s): {', '.join(told)}")
    names = {unquoted(bare(one)) for one in told}
    kept = {name: value for name, value in table.get("Parameters", {}).items() if name not in names}
    creates.change(table, Parameters=kept, **({"Description": ""} if "comment" in names else {}))


def _rename(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    raise unsupported(
        f"ALTER TABLE {table['DatabaseName']}.{table['Name']} RENAME TO {found[1]}: Table rename is not supported. The Glue "
        "catalog has no other names for tables, on AWS neither: make a table with the new name over the same files, and drop this one"
    )


def _recover(asked: Asked, table: dict[str, Any], found: re.Match[str]) -> None:
    _partitioned(table, "ALTER TABLE RECOVER PARTITIONS")
    partitions.repair(asked.session, table, True, False)


_PART = r"partition\s*\(.*?\)"
_CHANGES: list[tuple[re.Pattern[str], Callable[[Asked, dict[str, Any], re.Match[str]], None]]] = [
    (re.compile(form, re.I | re.S), act)
    for form, act in (
        (r"add\s+(if\s+not\s+exists\s+)?(partition\s*\(.*)\Z", _add_partitions),
        (r"drop\s+(if\s+exists\s+)?(partition\s*\(.*?)(\s+purge)?\Z", _drop_partitions),
        (rf"({_PART})\s*rename\s+to\s+({_PART})\Z", _rename_partition),
        (r"recover\s+partitions\Z", _recover),
        (rf"({_PART})?\s*set\s+location\s*({_STRING})\Z", _set_location),
        (
            rf"(?P<spec>{_PART})?\s*set\s+serde\s*(?P<library>{_STRING})(?:\s*with\s+serdeproperties\s*(?P<form>\(.*\)))?\Z",
            _set_serde,
        ),
        (rf"(?P<spec>{_PART})?\s*set\s+serdeproperties\s*(?P<form>\(.*\))\Z", _set_serde),
        (r"set\s+tblproperties\s*(\(.*\))\Z", _set_properties),
        (r"unset\s+tblproperties\s*(?:if\s+exists\s*)?(\(.*\))\Z", _unset_properties),
        (r"add\s+columns?\s*(.*)\Z", columns.add),
        (rf"(?:alter|change)\s+(?:column\s+)?({NAME}(?:\.{NAME})*)\s+(.*)\Z", columns.change),
        (r"(replace)\s+columns?\b.*\Z", columns.refuse),
        (r"(drop)\s+columns?\b.*\Z", columns.refuse),
        (r"(rename)\s+column\b.*\Z", columns.refuse),
        (rf"rename\s+to\s+({TABLE})\Z", _rename),
    )
]


def _comment(asked: Asked, found: re.Match[str]) -> Any:
    name, said = found.groups()
    table = asked.table(name)
    if table is None or describe.is_delta(table):
        return None
    if tables.is_iceberg(table):
        asked.sail(f"ALTER TABLE {name} SET TBLPROPERTIES ('comment' = {said if said.lower() != 'null' else repr('')})")
    else:
        creates.change(table, Description="" if said.lower() == "null" else literal(said))
    return commands.nothing(asked.session)


def _repair(asked: Asked, found: re.Match[str]) -> Any:
    table = asked.table(found[1])
    if table is None:
        return None
    if tables.is_iceberg(table) or describe.is_delta(table):
        raise refusals.not_for(found[1], "MSCK REPAIR TABLE")
    if describe.is_view(table):
        raise refusals.is_view(found[1], "MSCK REPAIR TABLE")
    _partitioned(table, "MSCK REPAIR TABLE")
    how = (found[2] or "add").lower()
    partitions.repair(asked.session, table, how != "drop", how != "add")
    return commands.nothing(asked.session)


def _truncate(asked: Asked, found: re.Match[str]) -> Any:
    name, spec = found.groups()
    table = asked.table(name)
    if table is None:
        return None
    if describe.is_view(table):
        raise refusals.is_view(name, "TRUNCATE TABLE")
    if (tables.is_iceberg(table) or describe.is_delta(table)) and not spec:
        asked.sail(f"DELETE FROM {name}")
        return commands.nothing(asked.session)
    if tables.is_iceberg(table) or describe.is_delta(table):
        raise refusals.not_for(name, "TRUNCATE TABLE ... PARTITION")
    if not partitions.is_managed(table):
        told = f"Operation not allowed: TRUNCATE TABLE on external tables: {refusals.of(table)}."
        raise refusals.analysis("CANNOT_TRUNCATE_EXTERNAL_TABLE", told, "0A000")
    if spec and not tables.keys(table):
        told = "TRUNCATE TABLE ... PARTITION is not supported for tables that are not partitioned"
        raise refusals.plain(f"Operation not allowed: {told}: {refusals.of(table)}.")
    chosen = []
    if spec:
        [terms] = _specs(asked, table, spec)
        chosen = partitions.demand(asked.session, table, terms)
    elif tables.keys(table):
        chosen = partitions.every(asked.session, table)
    for place in {partitions.place(one) for one in chosen} | (set() if spec else {partitions.place(table)}):
        partitions.empty(place)
    return commands.nothing(asked.session)


def _databases(asked: Asked, found: re.Match[str]) -> Any:
    answer = asked.sail(found[0])
    return answer.selectExpr("name AS namespace") if "name" in answer.columns else answer


def _tables(asked: Asked, found: re.Match[str]) -> Any:
    answer = _of_database(asked, found[0], found[1])
    return answer.where("tableName NOT LIKE '\\\\_mastic\\\\_%'").withColumnRenamed("database", "namespace")


def _views(asked: Asked, found: re.Match[str]) -> Any:
    answer = _of_database(asked, found[0], found[1])
    named = "array_join(namespace, '.') AS namespace", "tableName AS viewName", "isTemporary"
    return answer.where("tableName NOT LIKE '\\\\_mastic\\\\_%'").selectExpr(*named)


def _of_database(asked: Asked, text: str, name: str | None) -> Any:
    from pyspark.errors import PySparkException

    try:
        return asked.sail(text)
    except PySparkException:
        # Sail does not say what is wrong with a database.
        if place := asked.database(name):
            asked.described(place)
            describe.listed(place[1])
        raise


def _functions(asked: Asked, found: re.Match[str]) -> Any:
    from pyspark.errors import PySparkException

    try:
        return asked.sail(found[0])
    except PySparkException as error:
        if "Database not found" not in str(error) or re.search(r"\s(?:from|in)\s", found[0], re.I):
            raise
        with elsewhere(asked.session) as other:
            return asked.rows([tuple(row) for row in asked.ask(other, found[0]).collect()], "function string")


def _catalogs(asked: Asked, found: re.Match[str]) -> Any:
    return asked.sail(found[0]).select("catalog")


def _current(asked: Asked, found: re.Match[str]) -> Any:
    catalog = asked.session.catalog
    return asked.rows([(catalog.currentCatalog(), catalog.currentDatabase())], "catalog string, namespace string")


_DATABASE = r"(?:database|schema|namespace)"
_DESCRIBE = r"desc(?:ribe)?\s+"
_IN = rf"(?:\s+(?:from|in)\s+({TABLE}))?"
_STATEMENTS: list[tuple[re.Pattern[str], Act]] = [
    (re.compile(form, re.I | re.S), act)
    for form, act in (
        (r"show\s+(?:databases|schemas|namespaces)\b.*\Z", _databases),
        (rf"show\s+table\s+extended{_IN}\s+like\s*({_STRING})\s*(partition\s*\(.*\))?\Z", describe.show_extended),
        (rf"show\s+tables{_IN}(?:\s+.*)?\Z", _tables),
        (rf"show\s+views{_IN}(?:\s+.*)?\Z", _views),
        (r"show\s+catalogs\b.*\Z", _catalogs),
        (r"show\s+(?:(?:user|system|all)\s+)?functions\b.*\Z", _functions),
        (r"show\s+current\s+(?:namespace|schema|database)\Z", _current),
        (rf"show\s+columns\s+(?:from|in)\s+({TABLE}){_IN}\Z", describe.show_columns),
        (rf"show\s+partitions\s+({TABLE})\s*(partition\s*\(.*\))?\Z", describe.show_partitions),
        (rf"show\s+create\s+table\s+({TABLE})(\s+as\s+serde)?\Z", shown.create),
        (rf"show\s+tblproperties\s+({TABLE})\s*(?:\((.*)\))?\Z", describe.show_properties),
        (rf"{_DESCRIBE}{_DATABASE}\s+(extended\s+)?({TABLE})\Z", describe.database),
        (rf"{_DESCRIBE}(?:query\s+)?((?:select|with|values|from)\b.*)\Z", describe.query),
        (
            rf"{_DESCRIBE}(?!function\b|catalog\b)(?:table\s+)?(?:(extended|formatted)\s+)?({TABLE})\s*"
            rf"(partition\s*\(.*\)|{NAME}(?:\s*\.\s*{NAME})*|)\Z",
            describe.table,
        ),
        (rf"alter\s+table\s+({TABLE})\s+(.*)\Z", _alter),
        (rf"alter\s+{_DATABASE}\s+({TABLE})\s+set\s+(?:db)?properties\s*(\(.*\))\Z", databases.set_properties),
        (rf"alter\s+{_DATABASE}\s+({TABLE})\s+set\s+location\s*({_STRING})\Z", databases.set_location),
        (rf"drop\s+{_DATABASE}\s+(if\s+exists\s+)?({TABLE})(?:\s+(cascade|restrict))?\Z", databases.drop),
        (rf"comment\s+on\s+{_DATABASE}\s+({TABLE})\s+is\s*({_STRING}|null)\Z", databases.comment),
        (rf"comment\s+on\s+table\s+({TABLE})\s+is\s*({_STRING}|null)\Z", _comment),
        (rf"(?:msck\s+)?repair\s+table\s+({TABLE})(?:\s+(add|drop|sync)\s+partitions)?\Z", _repair),
        (rf"truncate\s+table\s+({TABLE})\s*(partition\s*\(.*\))?\Z", _truncate),
        (rf"analyze\s+table\s+({TABLE})\s*(partition\s*\(.*?\)\s*)?compute\s+statistics\b\s*(.*)\Z", analyze.table),
        (rf"analyze\s+tables{_IN}\s+compute\s+statistics\s*(noscan)?\Z", analyze.every),
        (r"create\s+(?:external\s+)?table\b.*\Z", creates.create),
        (rf"drop\s+table\s+(if\s+exists\s+)?({TABLE})(\s+purge)?\Z", creates.drop),
        (
            rf"cache\s+(?:lazy\s+)?table\s+({TABLE})\s*(?:options\s*\([^)]*\)\s*)?"
            r"(?:(?:as\b\s*|(?=select\b|with\b|values\b|from\b))(.+))?\Z",
            caching.cache,
        ),
        (rf"uncache\s+table\s+(if\s+exists\s+)?({TABLE})\Z", caching.uncache),
        (r"clear\s+cache\Z", caching.clear),
        (rf"refresh\s+(?:(?:table\s+)?({TABLE})|(?:function\s+.*|{_STRING}))\Z", caching.refresh),
    )
]
