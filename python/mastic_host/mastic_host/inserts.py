"""Rows into partitioned tables of the Glue catalog as Spark puts them there: `INSERT` with `PARTITION (...)`, which Sail does not
have, replaces the partitions that it names, and the catalog learns of partitions that are new.

The rows are added first, and then what was there before goes: a run's output appears at once, so nobody sees both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from awsglue import _catalog, _exchange
from awsglue._bridge import Bridge
from awsglue._errors import unsupported

from mastic_host import commands, folders, iceberg, tables
from mastic_host import overwrite as overwriting
from mastic_host.statements import Insert, insert_of, quoted

# The values of partition keys, in their order; nothing for a key that the rows tell.
Given = list["str | None"]


def install() -> None:
    """Makes SQL and writers insert so."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.readwriter import DataFrameWriter
    from pyspark.sql.connect.session import SparkSession

    insert, save, sql = DataFrameWriter.insertInto, DataFrameWriter.saveAsTable, SparkSession.sql

    def inserting(writer: Any, tableName: str, overwrite: bool | None = None) -> None:  # noqa: N803
        table = tables.find(writer._spark, tableName)
        if table is not None and tables.is_iceberg(table):
            wants = overwriting.wanted(writer) if overwrite is None else overwrite
            frame = DataFrame(writer._df, writer._spark)
            _into_iceberg(frame, Insert(wants, tableName, None, False, None, False, "", ""), table, overwriting.is_dynamic(writer))
            return
        if table is None or not _is_ours(table):
            insert(writer, tableName, overwrite)
            return
        replaces = overwriting.wanted(writer) if overwrite is None else overwrite
        given: Given = [None] * len(tables.keys(table))
        frame, every = DataFrame(writer._df, writer._spark), tables.columns(table) + [name for name, _ in tables.keys(table)]

        def add() -> None:
            if _form(table) is None:
                with folders.demanded(writer, frame.columns[len(tables.columns(table)) :]):
                    insert(writer, tableName, False)
            else:
                _demand(tableName, every, frame.columns)
                _add(frame.toDF(*every), table, tableName, insert)

        _write(table, given, replaces, overwriting.is_dynamic(writer), add)

    def saving(
        writer: Any, name: str, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        table = tables.find(writer._spark, name)
        if table is not None and (mode or writer._write.mode or "").lower() == "append" and _is_ours(table):
            given: Given = [None] * len(tables.keys(table))
            frame, every = DataFrame(writer._df, writer._spark), tables.columns(table) + [key for key, _ in tables.keys(table)]

            def add() -> None:
                if _form(table) is None:
                    with folders.demanded(writer, [key for key, _ in tables.keys(table)]):
                        save(writer, name, format, mode, partitionBy, **options)
                else:
                    _add(frame.select(*map(quoted, every)), table, name, insert)

            _write(table, given, False, False, add)
            return
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        place = str(options.get("path") or writer._write.options.get("path") or "")
        before = overwriting.keys(place) if table is None and place.startswith("s3") else None
        in_folders = (format or writer._write.source or "parquet").lower() in folders.FORMATS
        try:
            with folders.demanded(writer, (writer._write.partitioning_cols or []) if in_folders else []):
                save(writer, name, format, mode, **options)
        except Exception:
            if before is not None:
                overwriting.delete(place, sorted(overwriting.keys(place) - before))
            # Sail makes the table before its rows.
            if table is None and tables.find(writer._spark, name) is not None:
                tables.forget(writer._spark, name)
            raise
        if writer._write.partitioning_cols:
            _tell(tables.find(writer._spark, name))

    def asking(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        statement = insert_of(sqlQuery)
        if statement is None:
            return sql(session, sqlQuery, *arguments, **more)
        table = tables.find(session, statement.table)
        if statement.keys is not None and table is None:
            # What is wrong with the name is told before what Sail lacks.
            session.table(statement.table).schema  # noqa: B018
        place = tables.folder(table)
        partitioned = statement.keys is not None or (table is not None and _is_ours(table))
        # Sail minds columns of a query that have the same name.
        partitioned = partitioned or (table is not None and tables.is_iceberg(table) and statement.overwrites)
        if table is None or not partitioned or (place is None and not tables.is_iceberg(table)):
            return sql(session, statement.text, *arguments, **more)
        frame = session.sql(statement.query, *arguments, **more)
        if tables.is_iceberg(table):
            _into_iceberg(frame, statement, table, overwriting.dynamic)
            return commands.nothing(session)
        # Arguments without names are those of the query.
        named = arguments[:1] if arguments and isinstance(arguments[0], dict) else ()
        given = _given(session, statement, table, named)
        if statement.unless_there and tables.partition(table, tuple(value or "" for value in given)) is not None:
            return commands.nothing(session)
        rows = _arranged(frame, statement, table, given)
        _write(table, given, statement.overwrites, overwriting.dynamic, lambda: _add(rows, table, statement.table, insert))
        return commands.nothing(session)

    DataFrameWriter.insertInto, DataFrameWriter.saveAsTable, SparkSession.sql = inserting, saving, asking


def _given(session: Any, statement: Insert, table: dict[str, Any], arguments: tuple[Any, ...]) -> Given:
    """The values that a statement gives partition keys, as the names of their folders have them."""
    from pyspark.errors import AnalysisException, ParseException

    known = {name.lower(): of for name, of in tables.keys(table)}
    said = {name.lower(): expression for name, expression in statement.keys or []}
    for name in said:
        if name not in known:
            raise AnalysisException(
                f"[NON_PARTITION_COLUMN] PARTITION clause cannot contain the non-partition column: `{name}`. SQLSTATE: 42000"
            )
    static = {name: expression for name, expression in said.items() if expression is not None}
    if statement.unless_there and len(static) < len(known):
        raise ParseException("Dynamic partitions do not support IF NOT EXISTS. Specified partitions with value: "
                             f"[{', '.join(name for name in known if name not in static)}]")
    if not static:
        return [None] * len(known)
    asked = [f"CAST(CAST({static[name]} AS {known[name]}) AS STRING), ({static[name]}) IS NULL" for name in static]
    row = list(session.sql(f"SELECT {', '.join(asked)}", *arguments).collect()[0])
    values = dict(zip(static, zip(row[::2], row[1::2])))
    for name, (value, is_null) in values.items():
        if value is None and not is_null:
            of = known[name].upper()
            raise AnalysisException(f"The value {static[name]} of the partition column `{name}` cannot be cast to {of}.")
    return [(values[name][0] or tables.NULL) if name in values else None for name in known]


def _arranged(frame: Any, statement: Insert, table: dict[str, Any], given: Given) -> Any:
    """The rows of a query in the columns of the table, partition keys last."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions as F

    keys = [name for name, _ in tables.keys(table)]
    open_ = [name for name, value in zip(keys, given) if value is None]
    every = tables.columns(table) + open_
    spelled = {name.lower(): name for name in every}
    listed = frame.columns if statement.by_name else statement.columns
    wanted = every if listed is None else [spelled.get(name.lower(), name) for name in listed]
    unknown = next((name for name in wanted if name not in every), None)
    if unknown is not None:
        raise AnalysisException(
            f"[UNRESOLVED_COLUMN.WITH_SUGGESTION] `{unknown}` is no column of {statement.table} that the query gives values. "
            f"Those are: {_listed(every)}. SQLSTATE: 42703"
        )
    there = frame.columns
    if not keys:
        _demand(statement.table, wanted, there)
    if len(there) != len(wanted):
        much = "many" if len(there) > len(wanted) else "enough"
        raise AnalysisException(
            f"[INSERT_PARTITION_COLUMN_ARITY_MISMATCH] Cannot write to '{statement.table}', "
            f"{'too' if much == 'many' else 'not'} {much} data columns:\nTable columns: {_listed(tables.columns(table) + keys)}.\n"
            f"Partition columns with static values: {_listed([name for name in keys if name not in open_])}.\n"
            f"Data columns: {_listed(there)}. SQLSTATE: 21S01"
        )
    numbered = frame.toDF(*(f"_{at}" for at in range(len(there))))
    source = {name: F.col(f"_{at}") for at, name in enumerate(wanted)}
    types = dict(tables.keys(table))
    for name in open_:
        if types[name] == "string" and name in source:
            # Sail calls the folder of no value by an empty name.
            source[name] = F.coalesce(source[name].cast("string"), F.lit(tables.NULL))
    for name, value in zip(keys, given):
        if value is not None:
            source[name] = F.lit(None if value == tables.NULL and types[name] != "string" else value).cast(types[name])
    chosen = [source.get(name, F.lit(None)).alias(name) for name in tables.columns(table) + keys]
    return numbered.select(*chosen)


def _demand(name: str, every: list[str], there: list[str]) -> None:
    """Refuses rows that do not have as many columns as their table."""
    from pyspark.errors import AnalysisException

    if len(every) != len(there):
        much = "too many" if len(there) > len(every) else "not enough"
        raise AnalysisException(
            f"[INSERT_COLUMN_ARITY_MISMATCH] Cannot write to {name}, the reason is {much} data columns:\n"
            f"Table columns: {_listed(every)}.\nData columns: {_listed(there)}. SQLSTATE: 21S01"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _write(table: dict[str, Any], given: Given, overwrites: bool, dynamic: bool, add: Callable[[], Any]) -> None:
    """Adds rows to partitions, removes what was there before if they are overwritten, and tells the catalog."""
    named, place = [name for name, _ in tables.keys(table)], (tables.folder(table) or "").rstrip("/") + "/"
    whole = tuple(value or "" for value in given) if all(value is not None for value in given) else None
    if whole and (there := tables.partition(table, whole)) is not None:
        tables.demand_place(table, there, place + tables.path_of(named, whole))
    before = _files(place, named, given)
    try:
        add()
    except Exception:
        # What failed in one partition may have made files of others.
        overwriting.delete(place, sorted(set(_files(place, named, given)) - set(before)))
        raise
    after = {key: at for key, at in _files(place, named, given).items() if key not in before}
    got = {values: place + within for values, within in after.values()}
    gone: set[tuple[str, ...]] = set()
    if overwrites:
        lost = set(before)
        if whole is None and (dynamic or not _at_once(table)):
            lost = {key for key, (values, _) in before.items() if values in got}
        gone = {before[key][0] for key in lost} - set(got)
        overwriting.delete(place, sorted(lost))
    if not named:
        return
    if whole is not None:
        got.setdefault(whole, place + tables.path_of(named, whole))
    tables.add_partitions(table, got)
    tables.drop_partitions(table, sorted(gone - set(got)))


def _at_once(table: dict[str, Any]) -> bool:
    """Whether Spark overwrites all partitions that a statement may mean, as it does where it has a source of its own for the
    format; of other tables it overwrites those that get rows, as Hive does."""
    serde = str(table.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("SerializationLibrary", "")).lower()
    return "spark.sql.sources.provider" in table.get("Parameters", {}) or "parquet" in serde or "orc" in serde


def _files(place: str, named: list[str], given: Given) -> dict[str, tuple[tuple[str, ...], str]]:
    """The files of the partitions that have these values, by their keys: values, and folder within the table's."""
    _, root = overwriting.parts(place)
    sure = ""
    for name, value in zip(named, given):
        # Names of folders with other characters are spelled in several ways, and those of numbers may have zeros in front.
        if value is None or not re.fullmatch(r"[A-Za-z_.\-][\w.\-]*|\d{4}-\d\d-\d\d", value):
            break
        sure += f"{name}={value}/"
    found = {}
    for key in overwriting.keys(place + sure):
        within = key.removeprefix(root)
        values = tables.values_of(within, named)
        if values is not None and all(wanted is None or _same(wanted, value) for wanted, value in zip(given, values)):
            found[key] = (values, within.rpartition("/")[0] + "/")
    return found


def _same(left: str, right: str) -> bool:
    return left == right or (left.isdigit() and right.isdigit() and int(left) == int(right))


def _is_ours(table: dict[str, Any]) -> bool:
    """Whether a table is one of files in which Sail does not add rows as Spark does."""
    return tables.folder(table) is not None and bool(tables.keys(table) or _form(table))


def _form(table: dict[str, Any]) -> str | None:
    """The format of a table into which the runner's engine writes; nothing for one that Sail has."""
    library = str(table.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("SerializationLibrary", "")).lower()
    if "spark.sql.sources.provider" in table.get("Parameters", {}):
        return None
    return next((form for word, form in (("lazysimple", "text"), ("opencsv", "csv"), ("orc", "orc")) if word in library), None)


def _add(rows: Any, table: dict[str, Any], name: str, insert: Callable[..., Any]) -> None:
    """Adds rows to a table's files, in the form that its description tells."""
    from pyspark.sql import functions as F

    form, runner = _form(table), Bridge.find()
    keys = [key for key, _ in tables.keys(table)]
    if form is None or runner is None:
        insert(folders.without_nulls(rows, keys).write, name, False)
        return
    how = table.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("Parameters", {})
    request = {"connection_type": "s3", "connection_options": {"path": tables.folder(table), "partitionKeys": keys}, "format": form}
    if form == "orc":
        rows = rows.select(*(F.col(quoted(column)).cast(of).alias(column) for column, of in _catalog.columns(table)))
    else:
        rows = _texts(rows, tables.columns(table), how.get("serialization.null.format", "\\N") if form == "text" else None)
        request |= {"format": "csv", "format_options": _text_form(form, how, table.get("Parameters", {}))}
    _exchange.write(runner, rows, request, None)


def _texts(rows: Any, columns: list[str], nothing: str | None) -> Any:
    """Rows with texts in their columns, as Hive's SerDes write them."""
    from pyspark.sql import functions as F

    for name, of in rows.dtypes:
        if of.startswith(("array", "map", "struct")):
            raise unsupported(f"the column `{name}` is {of}: SQL writes no such columns into tables of text")
    text = {name: F.col(quoted(name)).cast("string") for name in columns}
    if nothing is not None:
        text = {name: F.coalesce(value, F.lit(nothing)) for name, value in text.items()}
    return rows.select(*(text[name].alias(name) if name in text else F.col(quoted(name)) for name in rows.columns))


def _text_form(form: str, how: dict[str, str], parameters: dict[str, str]) -> dict[str, Any]:
    """How the engine writes text that a table's SerDe reads."""
    known = ("separatorChar", "field.delim", "serialization.format")
    separator = next((how[name] for name in known if how.get(name)), "," if form == "csv" else "1")
    if form == "text" and separator.isdigit():
        separator = chr(int(separator))
    skipped = {**parameters, **how}.get("skip.header.line.count", "0")
    if skipped not in ("0", "1"):
        raise unsupported(f"the table skips the first {skipped} lines of each file: rows are added where that is one, or none")
    # Spark writes no header, and loses a row of each file when it reads them.
    quote = how.get("quoteChar", '"') if form == "csv" else -1
    return {"separator": separator, "quoteChar": quote, "writeHeader": skipped == "1"}


def _tell(table: dict[str, Any] | None) -> None:
    """Tells the catalog of all partitions of a table that was made with its rows."""
    place = tables.folder(table)
    if table is None or place is None or not tables.keys(table):
        return
    named, place = [key for key, _ in tables.keys(table)], place.rstrip("/") + "/"
    every = _files(place, named, [None] * len(named))
    tables.add_partitions(table, {values: place + within for values, within in every.values()})


def _into_iceberg(frame: Any, statement: Insert, table: dict[str, Any], dynamic: bool) -> None:
    """Rows into a table of Iceberg's, whose partitions the catalog does not have."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions as F

    columns = [field["name"] for field in iceberg.current_schema(iceberg.load(table)[1])["fields"]]
    static = {name.lower(): expression for name, expression in statement.keys or [] if expression is not None}
    rest = [name for name in statement.columns or columns if name.lower() not in static]
    if not statement.by_name and len(frame.columns) != len(rest):
        raise AnalysisException(
            f"[INSERT_COLUMN_ARITY_MISMATCH] Cannot write to `{statement.table}`, the query has {len(frame.columns)} columns "
            f"and not {len(rest)}: {_listed(rest)}. SQLSTATE: 21S01"
        )
    frame = frame if statement.by_name else frame.toDF(*rest)
    for name, expression in static.items():
        frame = frame.withColumn(next((column for column in columns if column.lower() == name), name), F.expr(expression))
    writer = frame.writeTo(statement.table)
    if not statement.overwrites:
        writer.append()
    elif dynamic:
        writer.overwritePartitions()
    else:
        conditions = [f"{quoted(name)} = {expression}" for name, expression in static.items()]
        writer.overwrite(F.expr(" AND ".join(conditions) or "true"))
