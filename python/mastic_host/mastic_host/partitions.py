"""Partitions of tables of the Glue catalog, as statements of Hive's name them: which there are, which are new, which go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote

from awsglue import _catalog
from awsglue._errors import GlueError

from mastic_host import overwrite, refusals, tables
from mastic_host.statements import NAME, bare, enclosed, literal, split, unquoted

Partition = dict[str, Any]
Values = tuple[str, ...]

_CLAUSE = re.compile(r"partition\s*(?=\()", re.I)
_PLACE = re.compile(r"location\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*", re.I | re.S)
_TERM = re.compile(rf"\s*({NAME})\s*(?:(<=|>=|<>|!=|==?|<|>)\s*(.*?))?\s*\Z", re.S)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.S)
# Numbers that need no look at how many digits their types take.
_DIGITS = {"tinyint": 2, "smallint": 4, "int": 9, "bigint": 18}
_TEXTS = ("string", "char", "varchar", "binary")
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
# How many the catalog takes at once.
_BATCH = 100


@dataclass(frozen=True)
class Term:
    """What a statement says of one partition key: by SQL, or nothing but its name."""

    key: str
    is_: str = "="
    value: str | None = None


Spec = list[Term]


def clauses(text: str) -> list[tuple[Spec, str | None]]:
    """The `PARTITION (...)` of a statement, each with its location.

    >>> clauses("PARTITION (dt='a,b', hr > 1) LOCATION 's3://x/' PARTITION (dt)")[0]
    ([Term(key='dt', is_='=', value="'a,b'"), Term(key='hr', is_='>', value='1')], 's3://x/')
    """
    found, rest = [], text.strip()
    while rest:
        begin = _CLAUSE.match(rest)
        if begin is None:
            raise refusals.syntax(f"[PARSE_SYNTAX_ERROR] Syntax error at or near '{rest.split()[0]}'. SQLSTATE: 42601")
        inner, rest = enclosed(rest[begin.end() :])
        place = _PLACE.match(rest)
        rest = rest[place.end() :] if place else rest
        found.append((spec(inner), unquoted(place[1]) if place else None))
        rest = rest.removeprefix(",").lstrip()
    return found


def spec(inner: str) -> Spec:
    """What is within the parentheses of a `PARTITION (...)`."""
    terms = []
    for entry in split(inner) if inner.strip() else []:
        term = _TERM.match(entry)
        if term is None or term[2] and not term[3]:
            raise refusals.syntax(f"[PARSE_SYNTAX_ERROR] Syntax error at or near '{entry.strip()}'. SQLSTATE: 42601")
        terms.append(Term(bare(term[1]), {"==": "=", "!=": "<>"}.get(term[2], term[2] or "="), term[3]))
    return terms


def spelled(session: Any, table: dict[str, Any], specs: list[Spec], arguments: tuple[Any, ...] = ()) -> list[Spec]:
    """Specs whose values are no SQL, but the texts that the catalog has for them, and whose keys are spelled as the table's."""
    known = {name.lower(): (name, of) for name, of in tables.keys(table)}
    unknown = [f"`{term.key}`" for terms in specs for term in terms if term.key.lower() not in known]
    if unknown:
        raise refusals.no_partitions(table, unknown)
    said = [(term.value, known[term.key.lower()][1]) for terms in specs for term in terms if term.value is not None]
    texts = [_text(value, of) for value, of in said]
    asked = iter(_asked(session, [one for one, text in zip(said, texts) if text is None], arguments))
    every = iter([next(asked) if text is None else text for text in texts])
    return [
        [Term(known[term.key.lower()][0], term.is_, None if term.value is None else _filled(next(every))) for term in terms]
        for terms in specs
    ]


def _text(value: str, of: str) -> str | None:
    """The text of a value that needs no SQL to be known.

    >>> [_text(*one) for one in (("'a/b'", "string"), ("'02'", "int"), ("20240101", "string"), ("NULL", "int"), ("1 + 1", "int"))]
    ['a/b', '2', '20240101', '__HIVE_DEFAULT_PARTITION__', None]
    """
    if value.lower() == "null":
        return tables.NULL
    inner, of = literal(value) if _LITERAL.fullmatch(value) else value, of.lower()
    if of in _DIGITS and re.fullmatch(rf"-?\d{{1,{_DIGITS[of]}}}", inner):
        return str(int(inner))
    return inner if of.startswith(_TEXTS) and (inner is not value or re.fullmatch(r"[1-9]\d{0,17}", value)) else None


def _asked(session: Any, said: list[tuple[str, str]], arguments: tuple[Any, ...]) -> list[str]:
    """The texts of values that SQL tells."""
    from pyspark.errors import NumberFormatException

    if not said:
        return []
    named = ", ".join(f"{value} AS _{at}" for at, (value, _) in enumerate(said))
    casts = [f"_{at}" if of.lower().startswith(_TEXTS) else f"try_cast(_{at} AS {of})" for at, (_, of) in enumerate(said)]
    asked = ", ".join(f"CAST({cast} AS STRING), _{at} IS NULL" for at, cast in enumerate(casts))
    row = list(session.sql(f"SELECT {asked} FROM (SELECT {named})", *arguments).collect()[0])
    for (value, of), text, is_null in zip(said, row[::2], row[1::2]):
        if text is None and not is_null:
            told = f"The value {value} cannot be cast to \"{of.upper()}\" because it is malformed. SQLSTATE: 22018"
            raise NumberFormatException(errorClass="CAST_INVALID_INPUT", message=told)
    return [tables.NULL if text is None else text for text in row[::2]]


def _filled(text: str) -> str:
    if not text:
        raise refusals.plain("Partition spec is invalid. The spec contains an empty partition column value")
    return text


def whole(table: dict[str, Any], terms: Spec) -> Values | None:
    """The values of the one partition that a spec means; nothing if it may mean several."""
    said = {term.key: term.value for term in terms if term.is_ == "=" and term.value is not None}
    named = [name for name, _ in tables.keys(table)]
    return tuple(said[name] or "" for name in named) if set(said) == set(named) and len(terms) == len(named) else None


def demand_whole(table: dict[str, Any], terms: Spec) -> Values:
    """The values of the partition that a spec means; it must mean one."""
    values = whole(table, terms)
    if values is None:
        said, named = ", ".join(term.key for term in terms), ", ".join(name for name, _ in tables.keys(table))
        raise refusals.plain(
            f"Partition spec is invalid. The spec ({said}) must match the partition spec ({named}) defined in table "
            f"'{refusals.of(table)}'."
        )
    return values


def every(session: Any, table: dict[str, Any]) -> list[Partition]:
    """All partitions that the catalog has."""
    return _catalog.partitions(session, table)


def select(session: Any, table: dict[str, Any], terms: Spec) -> list[Partition]:
    """The partitions that a spec means, in the order of their names."""
    values, keys = whole(table, terms), tables.keys(table)
    if values is not None:
        found = tables.partition(table, values)
        # A number may have zeros in front, as its folder had.
        if found is not None or not any(of.lower().startswith(_NUMBERS) for _, of in keys):
            return [] if found is None else [found]
    places, types = {name: at for at, (name, _) in enumerate(keys)}, dict(keys)

    def met(one: Partition) -> bool:
        return all(
            term.value is None or _holds(term, types[term.key], one["Values"][places[term.key]]) for term in terms
        )

    return sorted(filter(met, every(session, table)), key=lambda one: path(table, one))


def demand(session: Any, table: dict[str, Any], terms: Spec) -> list[Partition]:
    """The partitions that a spec means; there must be some."""
    found = select(session, table, terms)
    if not found:
        raise refusals.no_partitions(table, [told(terms)])
    return found


def told(terms: Spec) -> str:
    """A spec, as errors have it."""
    return "PARTITION (" + ", ".join(f"`{term.key}` {term.is_} {term.value}" for term in terms) + ")"


def _told(table: dict[str, Any], values: Iterable[str]) -> str:
    return told([Term(key, "=", value) for (key, _), value in zip(tables.keys(table), values)])


def _holds(term: Term, of: str, stored: str) -> bool:
    wanted = term.value or ""
    if tables.NULL in (stored, wanted):
        return term.is_ == "=" and stored == wanted
    left: Any = stored
    right: Any = wanted
    if of.lower().startswith(_NUMBERS):
        try:
            left, right = Decimal(stored), Decimal(wanted)
        except InvalidOperation:
            # A folder may be called anything.
            return term.is_ == "<>"
    return _OPERATORS[term.is_](left, right)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def path(table: dict[str, Any], partition: Partition) -> str:
    """A partition's name, as `SHOW PARTITIONS` has it."""
    return tables.path_of([name for name, _ in tables.keys(table)], tuple(partition["Values"])).rstrip("/")


def home(table: dict[str, Any], values: Values) -> str:
    """Where a partition is, if nobody says."""
    place = str(table.get("StorageDescriptor", {}).get("Location", "")).rstrip("/")
    return f"{place}/{tables.path_of([name for name, _ in tables.keys(table)], values)}"


def add(session: Any, table: dict[str, Any], entries: list[tuple[Spec, str | None]], unless_there: bool) -> None:
    """Adds partitions, with specs that have been `spelled`: all or none."""
    places = {demand_whole(table, terms): place for terms, place in entries}
    known = {tuple(one["Values"]) for one in tables.partitions(table, list(places))}
    if known and not unless_there:
        raise refusals.partitions_exist(table, [_told(table, values) for values in sorted(known)])
    create(table, {values: at or home(table, values) for values, at in places.items() if values not in known}, unless_there)


def create(table: dict[str, Any], places: dict[Values, str], may_exist: bool = True) -> None:
    """Tells the catalog of partitions, which are described as the table is."""
    storage, name = table.get("StorageDescriptor", {}), {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    inputs = [{"Values": list(values), "StorageDescriptor": {**storage, "Location": at}} for values, at in places.items()]
    for start in range(0, len(inputs), _BATCH):
        batch = inputs[start : start + _BATCH]
        answer = _catalog.call(_catalog.client("glue").batch_create_partition, **name, PartitionInputList=batch)
        for error in answer.get("Errors", []):
            there = error["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
            if there and not may_exist:
                raise refusals.partitions_exist(table, [_told(table, error["PartitionValues"])])
            if not there:
                raise GlueError("{ErrorCode}: {ErrorMessage}".format(**error["ErrorDetail"]))


def drop(table: dict[str, Any], gone: list[Partition]) -> None:
    """Makes the catalog forget partitions; those of managed tables lose their files."""
    tables.drop_partitions(table, [tuple(one["Values"]) for one in gone])
    if is_managed(table):
        for one in gone:
            empty(place(one))


def change(table: dict[str, Any], partition: Partition, **other: Any) -> None:
    """Changes what the catalog has of a partition: `Values`, `StorageDescriptor` or `Parameters`."""
    kept = ("Values", "LastAccessTime", "StorageDescriptor", "Parameters", "LastAnalyzedTime")
    _catalog.call(
        _catalog.client("glue").update_partition,
        DatabaseName=table["DatabaseName"],
        TableName=table["Name"],
        PartitionValueList=partition["Values"],
        PartitionInput={name: partition[name] for name in kept if name in partition} | other,
    )


def rename(table: dict[str, Any], partition: Partition, values: Values) -> None:
    """Gives a partition other values; the files of managed tables move to where they are then looked for."""
    if tables.partition(table, values) is not None:
        raise refusals.partitions_exist(table, [_told(table, values)])
    storage = partition.get("StorageDescriptor", {})
    if is_managed(table):
        storage = {**storage, "Location": home(table, values)}
        _move(place(partition), storage["Location"])
    change(table, partition, Values=list(values), StorageDescriptor=storage)


def _move(source: str, target: str) -> None:
    (_, before), (bucket, after) = _catalog.place(source), _catalog.place(target)
    moved = list(_catalog.objects(source.rstrip("/") + "/"))
    for one in moved:
        key = after.rstrip("/") + "/" + one["Key"].removeprefix(before.rstrip("/") + "/")
        origin = {"Bucket": one["Bucket"], "Key": one["Key"]}
        _catalog.call(_catalog.client("s3").copy, CopySource=origin, Bucket=bucket, Key=key)
    overwrite.delete(source, [one["Key"] for one in moved])


def place(described: dict[str, Any]) -> str:
    """Where the files of a table or partition are."""
    return str(described.get("StorageDescriptor", {}).get("Location", ""))


def is_managed(table: dict[str, Any]) -> bool:
    """Whether a table's files are nobody else's, and go with it."""
    return table.get("TableType") == "MANAGED_TABLE"


def empty(at: str) -> None:
    """Removes all files of a folder."""
    if at:
        overwrite.delete(at, [one["Key"] for one in _catalog.objects(at.rstrip("/") + "/")])


def repair(session: Any, table: dict[str, Any], adds: bool, drops: bool) -> None:
    """Makes the catalog have the partitions that there are folders for."""
    at = place(table).rstrip("/") + "/"
    found = folders((one["Key"] for one in _catalog.objects(at)), _catalog.place(at)[1], [name for name, _ in tables.keys(table)])
    known = {tuple(one["Values"]): one for one in every(session, table)}
    if drops:
        here = {_same_place(at + within) for within in found.values()}
        # Partitions may be anywhere.
        gone = [one for one in known.values() if _same_place(place(one)) not in here and _is_empty(place(one))]
        tables.drop_partitions(table, [tuple(one["Values"]) for one in gone])
        known = {values: one for values, one in known.items() if one not in gone}
    if adds:
        create(table, {values: at + within for values, within in found.items() if values not in known})


def _same_place(at: str) -> str:
    return re.sub(r"^s3[an]?://", "", unquote(at)).rstrip("/")


def _is_empty(at: str) -> bool:
    return next(_catalog.objects(at.rstrip("/") + "/"), None) is None


def folders(keys: Iterable[str], root: str, named: list[str]) -> dict[Values, str]:
    """The folders of partitions within a table's, by their values.

    >>> folders(["t/DT=a%2Fb/hr=1/x", "t/dt=a/_tmp/x", "t/dt=c/hr=", "t/dt=c/hr=/x/y"], "t/", ["dt", "hr"])
    {('a/b', '1'): 'DT=a%2Fb/hr=1/', ('c', '__HIVE_DEFAULT_PARTITION__'): 'dt=c/hr=/'}
    """
    found: dict[Values, str] = {}
    for key in keys:
        segments = key.removeprefix(root).split("/")[:-1][: len(named)]
        values = tables.values_of("/".join([*segments, ""]), named)
        if values is not None:
            found.setdefault(values, "/".join([*segments, ""]))
    return found
