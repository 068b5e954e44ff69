"""Tables of the Glue catalog that Hive's `CREATE TABLE` and `CREATE TABLE ... LIKE` make, and `DROP TABLE`.

The catalog has of each table whether its files are its own (`MANAGED_TABLE`): those go with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from awsglue import _catalog
from awsglue._errors import AccessDeniedException, unsupported

from mastic_host import commands, describe, forms, iceberg, partitions, refusals, spark, tables
from mastic_host.asked import Asked
from mastic_host.statements import NAME, TABLE, bare, enclosed, literal, quoted, split, unquoted

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_CREATE = re.compile(rf"create\s+(external\s+)?table\s+(if\s+not\s+exists\s+)?({TABLE})\s*(.*)\Z", re.I | re.S)
_CLAUSES: list[tuple[str, re.Pattern[str]]] = [
    (name, re.compile(form, re.I | re.S))
    for name, form in (
        ("columns", r"(?=\()"),
        ("like", rf"like\s+({TABLE})"),
        ("provider", r"using\s+([\w.]+)"),
        ("options", r"options\s*(?=\()"),
        ("parts", r"partitioned\s+by\s*(?=\()"),
        ("buckets", r"(?:clustered|sorted)\s+by\s*(?=\()"),
        ("skew", r"skewed\s+by\s*(?=\()"),
        ("number", r"into\s+(\d+)\s+buckets"),
        ("delimited", r"row\s+format\s+delimited"),
        ("serde", rf"row\s+format\s+serde\s*({_STRING})"),
        ("form", r"with\s+serdeproperties\s*(?=\()"),
        ("delimiter", rf"(fields|collection\s+items|map\s+keys|lines)\s+terminated\s+by\s*({_STRING})"),
        ("escape", rf"escaped\s+by\s*({_STRING})"),
        ("nothing", rf"null\s+defined\s+as\s*({_STRING})"),
        ("classes", rf"stored\s+as\s+inputformat\s*({_STRING})\s*outputformat\s*({_STRING})"),
        ("by", rf"stored\s+by\s*({_STRING})"),
        ("stored", r"stored\s+as\s+(\w+)"),
        ("location", rf"location\s*({_STRING})"),
        ("properties", r"tblproperties\s*(?=\()"),
        ("comment", rf"comment\s*({_STRING})"),
        ("query", r"(?:as\b|(?=(?:select|with)\b))(.*)\Z"),
    )
]
_DELIMITERS = {"fields": "field.delim", "collection items": "colelction.delim", "map keys": "mapkey.delim", "lines": "line.delim"}
_PROPERTY = re.compile(rf"\s*({_STRING}|[\w.\-]+)\s*=?\s*({_STRING}|[\w.\-]+)\s*\Z", re.S)
_COLUMN = re.compile(rf"\s*({NAME})\s*:?\s*(.*?)(?:\s+comment\s+({_STRING}))?\s*\Z", re.I | re.S)
# Other names of types.
_TYPES = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint", "real": "float", "dec": "decimal"}


@dataclass
class Made:
    """What a statement says of a table that it makes."""

    external: bool
    unless_there: bool
    name: str
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def is_hive(self) -> bool:
        """Whether the table is described in Hive's words."""
        return any(kind in self.said for kind in ("delimited", "serde", "stored", "classes", "by", "delimiter"))


def made_of(text: str) -> Made | None:
    """The parts of a `CREATE TABLE`; nothing for what has parts that are not known.

    >>> made_of("CREATE TABLE a.t (i int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\\\t' STORED AS TEXTFILE").said
    {'columns': 'i int', 'delimited': True, 'form': {'field.delim': '\\t', 'serialization.format': '\\t'}, 'stored': 'TEXTFILE'}
    """
    begin = _CREATE.match(text)
    if begin is None:
        return None
    made, rest = Made(bool(begin[1]), bool(begin[2]), begin[3]), begin[4]
    while rest:
        kind, clause = next(((kind, found) for kind, form in _CLAUSES if (found := form.match(rest))), ("", None))
        if clause is None:
            return None
        rest = rest[clause.end() :].lstrip()
        if kind in ("columns", "options", "parts", "buckets", "skew", "form", "properties"):
            value, rest = enclosed(rest)
            _note(made.said, kind, value, clause)
        else:
            _note(made.said, kind, clause[1] if clause.lastindex else True, clause)
    return made


def _note(said: dict[str, Any], kind: str, value: Any, clause: re.Match[str]) -> None:
    form: dict[str, str] = said.get("form", {})
    if kind in ("form", "properties", "options"):
        said[kind] = {**said.get(kind, {}), **pairs(value)}
    elif kind == "delimiter":
        name, delimiter = _DELIMITERS[" ".join(value.lower().split())], literal(clause[2])
        said["form"] = {**form, name: delimiter} | ({"serialization.format": delimiter} if name == "field.delim" else {})
    elif kind == "escape":
        said["form"] = {**form, "escape.delim": literal(value)}
    elif kind == "nothing":
        said["form"] = {**form, "serialization.null.format": literal(value)}
    elif kind == "classes":
        said[kind] = (unquoted(clause[1]), unquoted(clause[2]))
    elif kind in ("serde", "location", "comment"):
        said[kind] = literal(value)
    else:
        said[kind] = value


def pairs(inner: str) -> dict[str, str]:
    """The names and values within the parentheses of properties."""
    told = [_PROPERTY.match(entry) for entry in split(inner)]
    if not all(told):
        raise refusals.syntax(f"[PARSE_SYNTAX_ERROR] `{inner.strip()}` are no properties with their values. SQLSTATE: 42601")
    return {_worth(one[1]): _worth(one[2]) for one in told if one}


def _worth(text: str) -> str:
    return literal(text) if text[:1] in "'\"" else text


def columns_of(inner: str) -> list[dict[str, str]]:
    """Columns as the catalog has them.

    >>> columns_of("Id bigint COMMENT 'it''s', m map<string, int>")[1]
    {'Name': 'm', 'Type': 'map<string,int>'}
    """
    found = []
    for entry in split(inner, types=True):
        told = _COLUMN.match(entry)
        if told is None or not told[2]:
            raise refusals.syntax(f"[PARSE_SYNTAX_ERROR] `{entry.strip()}` is no column with its type. SQLSTATE: 42601")
        column = {"Name": bare(told[1]).lower(), "Type": _type(told[2])}
        found.append({**column, "Comment": literal(told[3])} if told[3] else column)
    return found


def _type(of: str) -> str:
    if re.search(r"\bnot\s+null\b|\bdefault\b|\bgenerated\b", of, re.I):
        raise unsupported(f"a column of the type {of}: tables of Hive's have columns with a type and a comment")
    text = re.sub(r"\s*([<>,:()])\s*", r"\1", of.strip().lower())
    return _TYPES.get(text, text)


def create(asked: Asked, found: re.Match[str]) -> Any:
    """`CREATE TABLE` in Hive's words, or `LIKE` another; the files of those that Sail makes are noted to be their own or not."""
    made = made_of(found[0])
    place = None if made is None else tables.locate(asked.session, made.name)
    if made is None or place is None:
        return None
    if made.is_hive and "provider" in made.said and "like" not in made.said:
        told = "The statement or clause: CREATE TABLE ... USING ... ROW FORMAT or STORED AS is not valid."
        raise refusals.syntax(f"[INVALID_STATEMENT_OR_CLAUSE] {told} SQLSTATE: 42601")
    there = tables.find(asked.session, made.name)
    if "like" in made.said or made.is_hive:
        if there is not None:
            if made.unless_there:
                return commands.nothing(asked.session)
            raise refusals.table_exists(made.name)
        (_like if "like" in made.said else _hive)(asked, made, place)
        return commands.nothing(asked.session)
    if _is_sails_own(asked.session, made):
        return None
    asked.ask(asked.session, found[0], *asked.arguments)
    if there is None:
        mark(asked.session, made.name, made.external or "location" in made.said or "path" in made.said.get("options", {}))
    return commands.nothing(asked.session)


def _is_sails_own(session: Any, made: Made) -> bool:
    named = tables.parts(made.name)
    catalog = named[0] if len(named) == 3 else session.catalog.currentCatalog()
    provider = made.said.get("provider", "iceberg" if spark.is_of_iceberg(catalog) else "parquet").lower()
    return provider in ("iceberg", "delta")


def mark(session: Any, name: str, external: bool) -> None:
    """Notes whether a table's files are its own, of a table that Sail has made, which does not."""
    table = tables.find(session, name)
    if table is None or tables.is_iceberg(table) or describe.is_delta(table) or table.get("TableType"):
        return
    try:
        change(table, TableType="EXTERNAL_TABLE" if external else "MANAGED_TABLE")
    except AccessDeniedException:
        # A role that may make tables and not change them has made one, whose files stay when it is dropped.
        return


def change(table: dict[str, Any], **other: Any) -> None:
    """Changes what the catalog has of a table."""
    kept = ("Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor", "PartitionKeys",
            "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable")  # fmt: skip
    described = {name: table[name] for name in kept if name in table} | other
    _catalog.call(_catalog.client("glue").update_table, DatabaseName=table["DatabaseName"], TableInput=described)


def _storage(asked: Asked, made: Made, place: tuple[str, str]) -> dict[str, Any]:
    """The description of a table's files, without its columns."""
    said = made.said
    if "by" in said:
        raise unsupported("STORED BY names a handler of Hive's, which are not there")
    if "buckets" in said or "skew" in said or "number" in said:
        raise unsupported("CLUSTERED BY and SKEWED BY: tables with buckets are not written")
    stored = said.get("stored", "textfile").lower()
    classes = forms.form(stored)
    if classes is None:
        raise refusals.plain(f"STORED AS with file format '{said['stored']}' is invalid.")
    own = "form" in said and "serde" not in said or "delimited" in said
    if own and "classes" not in said and stored != "textfile":
        told = f"ROW FORMAT DELIMITED is only compatible with 'textfile', not '{stored}'."
        raise refusals.syntax(f"Operation not allowed: {told}")
    if "serde" in said and stored in forms.WITH_SERDE:
        told = f"ROW FORMAT SERDE is incompatible with format '{stored}', which also specifies a serde."
        raise refusals.syntax(f"Operation not allowed: {told}")
    library = said.get("serde", classes[2])
    form = said.get("form", {}) if "field.delim" in said.get("form", {}) else {"serialization.format": "1"} | said.get("form", {})
    if form.get("line.delim", "\n") != "\n":
        raise refusals.syntax("LINES TERMINATED BY only supports newline '\\n' right now: " + repr(form["line.delim"]))
    at = said.get("location") or iceberg.home(spark.settings(), _catalog_of(asked, made.name), *place)
    _catalog.place(at)
    inputs, outputs = said.get("classes", classes[:2])
    return {"Location": at, "InputFormat": inputs, "OutputFormat": outputs,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": form}}  # fmt: skip


def _catalog_of(asked: Asked, name: str) -> str:
    named = tables.parts(name)
    return named[0] if len(named) == 3 else str(asked.session.catalog.currentCatalog())


def _hive(asked: Asked, made: Made, place: tuple[str, str]) -> None:
    said, frame = made.said, None
    if made.external and "location" not in said:
        raise refusals.plain("CREATE EXTERNAL TABLE must be accompanied by LOCATION.")
    storage, parts = _storage(asked, made, place), said.get("parts", "")
    if "query" in said:
        if "columns" in said:
            told = "Schema may not be specified in a Create Table As Select (CTAS) statement."
            raise refusals.syntax(f"Operation not allowed: {told}")
        frame = asked.query(said["query"])
        columns = [{"Name": name.lower(), "Type": of} for name, of in frame.dtypes]
    else:
        columns = columns_of(said["columns"]) if "columns" in said else []
    keys: list[dict[str, str]] = []
    if parts and all(re.fullmatch(NAME, one.strip()) for one in split(parts)):
        for name in (bare(one.strip()).lower() for one in split(parts)):
            keys += [column for column in columns if column["Name"] == name] or [_missing(made.name, name, columns)]
        columns = [column for column in columns if column not in keys]
    elif parts:
        keys = columns_of(parts)
    names = [column["Name"] for column in columns + keys]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise refusals.column_exists(quoted(twice))
    if not columns:
        raise refusals.analysis("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "Cannot use all columns for partition columns.", "KD005")
    # The parser is Spark's.
    asked.rows([], ", ".join(f"{quoted(column['Name'])} {column['Type']}" for column in columns + keys))
    described = {"StorageDescriptor": {**storage, "Columns": columns}, "PartitionKeys": keys}
    _make(asked, made, place, described, said.get("properties", {}))
    if frame is None:
        return
    try:
        fill(asked.session, made.name, frame)
    except Exception:
        _catalog.call(_catalog.client("glue").delete_table, DatabaseName=place[0], Name=place[1])
        raise


def _missing(table: str, name: str, columns: list[dict[str, str]]) -> dict[str, str]:
    listed = ", ".join(quoted(column["Name"]) for column in columns)
    told = f"partition column {quoted(name)} is not defined in table {table}, defined table columns are: {listed}."
    raise refusals.analysis("COLUMN_NOT_DEFINED_IN_TABLE", told, "42703")


def _make(asked: Asked, made: Made, place: tuple[str, str], described: dict[str, Any], properties: dict[str, str]) -> None:
    external = made.external or "location" in made.said
    parameters = ({"EXTERNAL": "TRUE"} if external else {}) | properties
    comment = {"Description": made.said["comment"]} if "comment" in made.said else {}
    asked.described((_catalog_of(asked, made.name), place[0]))
    _catalog.call(
        _catalog.client("glue").create_table,
        DatabaseName=place[0],
        TableInput={
            "Name": place[1].lower(),
            "TableType": "EXTERNAL_TABLE" if external else "MANAGED_TABLE",
            "Parameters": parameters,
            **described,
            **comment,
        },
    )


def _like(asked: Asked, made: Made, place: tuple[str, str]) -> None:
    said, source = made.said, asked.table(made.said["like"])
    unknown = next((kind for kind in said if kind not in _OF_LIKE), None)
    if unknown:
        raise unsupported(f"CREATE TABLE ... LIKE has no such part: {unknown}")
    if source is not None and (tables.is_iceberg(source) or describe.is_delta(source)):
        raise unsupported(f"CREATE TABLE ... LIKE {said['like']}: the files of tables of Iceberg's and Delta Lake's tell of them")
    if source is None or describe.is_view(source):
        frame = asked.session.table(said["like"])
        columns, keys = [{"Name": name.lower(), "Type": of} for name, of in frame.dtypes], []
        former: dict[str, Any] = {}
    else:
        former, keys = source["StorageDescriptor"], source.get("PartitionKeys", [])
        columns = former.get("Columns", [])
    provider = said.get("provider", "").lower()
    if provider and forms.form(provider) is None:
        raise unsupported(f"CREATE TABLE ... LIKE ... USING {said['provider']}: there are parquet, orc and avro")
    if provider or not former and not made.is_hive:
        said["stored"] = provider or "parquet"
    storage = _storage(asked, made, place)
    if former and not provider and not made.is_hive:
        kept = ("InputFormat", "OutputFormat", "SerdeInfo", "Compressed", "Parameters")
        storage |= {name: former[name] for name in kept if name in former}
    parameters = {} if source is None else source.get("Parameters", {})
    kept_properties = {
        name: value for name, value in parameters.items() if name.startswith("spark.sql.sources.") or name in _OF_FILES
    }
    described = {"StorageDescriptor": {**storage, "Columns": columns}, "PartitionKeys": keys}
    _make(asked, made, place, described, ({} if provider or made.is_hive else kept_properties) | said.get("properties", {}))


# What `CREATE TABLE ... LIKE` may say besides.
_OF_LIKE = ("like", "provider", "location", "properties", "delimited", "serde", "stored", "classes", "form")
# Properties that tell how files are read.
_OF_FILES = ("skip.header.line.count", "skip.footer.line.count", "classification", "compressionType", "typeOfData")


def fill(session: Any, name: str, frame: Any) -> None:
    """Adds rows to a table that has just been made."""
    table = tables.find(session, name) or {}
    named = [column for column in tables.columns(table) + [key for key, _ in tables.keys(table)]]
    spelled = {column.lower(): column for column in frame.columns}
    rows = frame.select(*(frame[quoted(spelled[column])].alias(column) for column in named))
    rows.write.insertInto(name)


def drop(asked: Asked, found: re.Match[str]) -> Any:
    """`DROP TABLE [IF EXISTS] name [PURGE]`: the files of managed tables go, too."""
    unless_gone, name, purges = bool(found[1]), found[2], bool(found[3])
    place = tables.locate(asked.session, name)
    table = None if place is None else tables.find(asked.session, name)
    if asked.is_temporary(name):
        asked.session.catalog.dropTempView(bare(name))
        return commands.nothing(asked.session)
    if place is None:
        if not purges:
            return None
        asked.sail(f"DROP TABLE {found[1] or ''} {name}")
        return commands.nothing(asked.session)
    if table is None:
        if unless_gone:
            return commands.nothing(asked.session)
        raise refusals.no_table(name)
    if tables.is_iceberg(table) or describe.is_delta(table):
        if purges:
            raise unsupported(
                f"DROP TABLE {name} PURGE: the files of tables of Iceberg's and Delta Lake's stay, drop it without PURGE"
            )
        return None
    _catalog.call(_catalog.client("glue").delete_table, DatabaseName=place[0], Name=place[1])
    if partitions.is_managed(table):
        partitions.empty(partitions.place(table))
    return commands.nothing(asked.session)


def noting(save: Callable[..., None]) -> Callable[..., None]:
    """`saveAsTable` that notes whether the files of a table that it makes are its own: they are, unless it is told a path."""

    def saving(
        writer: Any, name: str, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        session = writer._spark
        before = tables.find(session, name)
        said = {key.lower() for key in (*writer._write.options, *options)}
        save(writer, name, format, mode, partitionBy, **options)
        mark(session, name, "path" in said if before is None else not partitions.is_managed(before))

    return saving
