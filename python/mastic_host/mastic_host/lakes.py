"""Iceberg tables of the Glue catalog, made and replaced with their rows: `DataFrame.writeTo` and `CREATE [OR REPLACE] TABLE`.

Sail makes such tables only where it is told a place that no table had before, and replaces none. A replacement is written beside
the table, from metadata of its own on; then the catalog learns of it. So it may be made of the very table, and fails without harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from awsglue import _catalog
from awsglue._errors import InvalidInputException, unsupported

from mastic_host import commands, creates, iceberg, spark, tables
from mastic_host.statements import Create, create_of

_TRANSFORMS = {"years": "year", "months": "month", "days": "day", "hours": "hour", "date": "day", "date_hour": "hour"}
_CALL = re.compile(r"(\w+)\s*\(\s*(?:(\d+)\s*,\s*)?([`\w.]+)\s*(?:,\s*(\d+)\s*)?\)\Z")


def install() -> None:
    """Makes writers and SQL do so."""
    from pyspark.sql import functions as F
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.readwriter import DataFrameReader, DataFrameWriter, DataFrameWriterV2
    from pyspark.sql.connect.session import SparkSession

    load = DataFrameReader.load

    def loading(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        kind = (format or reader._format or "").lower()
        if kind == "iceberg" and isinstance(path, str) and "/" not in path:
            return reader.format(kind).options(**options).table(path)
        return load(reader, path, format, schema, **options)

    DataFrameReader.load = loading
    sql, overwrite, save = SparkSession.sql, DataFrameWriterV2.overwrite, DataFrameWriter.saveAsTable
    for method, may_make, may_replace in (("create", True, False), ("replace", False, True), ("createOrReplace", True, True)):
        setattr(DataFrameWriterV2, method, _making(getattr(DataFrameWriterV2, method), may_make, may_replace))

    def overwriting(writer: Any, condition: Any) -> None:
        from pyspark.errors import UnsupportedOperationException

        try:
            overwrite(writer, condition)
        except UnsupportedOperationException as error:
            if "predicate overwrite" not in str(error):
                raise
            overwrite(_with_the_rest(writer, condition), _true())

    def saving(
        writer: Any, name: str, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        session, table = writer._spark, tables.find(writer._spark, name)
        there = None if table is None else tables.is_iceberg(table)
        said = format or writer._write.source
        kind = (said or "iceberg").lower() if there else _provider(session, said, name)
        if there is False or kind != "iceberg":
            save(writer, name, format, mode, partitionBy, **options)
            return
        writer.mode(mode).options(**options)
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        wanted = (writer._write.mode or "error").lower()
        made = DataFrame(writer._df, session).writeTo(name).using("iceberg").options(**writer._write.options)
        made._write.partitioning_columns = [F.col(column) for column in writer._write.partitioning_cols]
        if wanted == "overwrite":
            made.createOrReplace()
        elif there and wanted == "append":
            made.append()
        elif not (there and wanted == "ignore"):
            made.create()

    def asking(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        statement = create_of(sqlQuery)
        if statement is None or not _is_iceberg(session, statement):
            return sql(session, sqlQuery, *arguments, **more)
        if statement.unless_there and tables.find(session, statement.table) is not None:
            return commands.nothing(session)
        if statement.query is not None:
            frame = session.sql(statement.query, *arguments, **more)
        else:
            frame = session.createDataFrame([], statement.columns or "")
        make = not statement.replaces or statement.makes
        properties = statement.properties | ({"location": statement.location} if statement.location else {})
        _make(session, statement.table, frame, statement.parts, properties, make, statement.replaces, statement.query is not None)
        return commands.nothing(session)

    DataFrameWriterV2.overwrite, DataFrameWriter.saveAsTable, SparkSession.sql = overwriting, saving, asking


def _making(plain: Callable[[Any], None], may_make: bool, may_replace: bool) -> Callable[[Any], None]:
    def making(writer: Any) -> None:
        from pyspark.sql.connect.dataframe import DataFrame

        session, wanted = writer._spark, writer._write
        if _provider(session, wanted.provider, wanted.table_name) != "iceberg":
            if may_replace and tables.locate(session, wanted.table_name) is not None:
                raise unsupported(
                    f"{wanted.table_name} is no Iceberg table, and only those are replaced: use "
                    'write.mode("overwrite").saveAsTable(...)'
                )
            plain(writer)
            # What is there already is not made.
            creates.mark(session, wanted.table_name, bool({"path", "location"} & {key.lower() for key in wanted.options}))
            return
        properties = {**{key: str(value) for key, value in wanted.table_properties.items()}}
        place = wanted.options.get("path") or wanted.options.get("location")
        if place:
            properties["location"] = place
        parts = [str(column)[len("Column<'") : -len("'>")] for column in wanted.partitioning_columns]
        frame = DataFrame(writer._df, session)
        _make(session, wanted.table_name, frame, parts, properties, may_make, may_replace, True)

    return making


def _provider(session: Any, said: str | None, name: str) -> str:
    """The format of a table that is made: `iceberg` for those of catalogs of Iceberg's, if nobody says."""
    named = tables.parts(name)
    if tables.locate(session, name) is None:
        return ""
    catalog = named[0] if len(named) == 3 else session.catalog.currentCatalog()
    return (said or ("iceberg" if spark.is_of_iceberg(catalog) else "parquet")).lower()


def _is_iceberg(session: Any, statement: Create) -> bool:
    return _provider(session, statement.provider, statement.table) == "iceberg"


def _make(
    session: Any,
    name: str,
    frame: Any,
    parts: list[str],
    properties: dict[str, str],
    may_make: bool,
    may_replace: bool,
    with_rows: bool,
) -> None:
    """Makes a table of a frame, or replaces one."""
    from pyspark.errors import AnalysisException

    named = tables.locate(session, name)
    if named is None:
        raise InvalidInputException(f"{name} is no name of the Glue catalog")
    table = tables.find(session, name)
    if table is None and not may_make:
        raise AnalysisException(f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {name} cannot be found. SQLSTATE: 42P01")
    if table is not None and not may_replace:
        raise AnalysisException(
            f"[TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view {name} because it already exists. SQLSTATE: 42P07"
        )
    if table is not None and not tables.is_iceberg(table):
        raise unsupported(f"{name} is no Iceberg table, and is not replaced by one: drop it first")
    # What a query answers says nothing of what the table may take later.
    schema = _optional(frame.schema.jsonValue()) if with_rows else frame.schema.jsonValue()
    transforms = [_transform(part) for part in parts]
    former, old = (None, None) if table is None else iceberg.load(table)
    if old is None:
        written = tables.parts(name)
        catalog = written[0] if len(written) == 3 else session.catalog.currentCatalog()
        old = iceberg.fresh(properties.get("location") or iceberg.home(spark.settings(), catalog, *named))
    elif properties.get("location", old["location"]).rstrip("/") != old["location"].rstrip("/"):
        raise unsupported(f"{name} is at {old['location']}, and is not moved by being replaced")
    begun = iceberg.write(iceberg.replaced(old, schema, transforms, properties), former)
    place = _filled(frame, old["location"], begun) if with_rows else begun
    if table is None:
        iceberg.create(*named, place, iceberg.read(place))
    else:
        iceberg.commit(table, place, iceberg.read(place))


def _optional(of: Any) -> Any:
    """A type of Spark's, as JSON has it, all of which may be without a value."""
    if isinstance(of, list):
        return [_optional(one) for one in of]
    if not isinstance(of, dict):
        return of
    return {key: key in ("nullable", "containsNull", "valueContainsNull") or _optional(value) for key, value in of.items()}


def _filled(frame: Any, location: str, begun: str) -> str:
    """Adds rows to the table that metadata describes, which the catalog does not know yet: its metadata with them."""
    hint = f"{location.rstrip('/')}/metadata/version-hint.text"
    iceberg.put(hint, begun.rpartition("/")[2])
    before = iceberg.files(location)
    try:
        # By its path Sail takes the metadata that the hint names.
        frame.write.format("iceberg").mode("append").save(location)
        made = iceberg.files(location) - before
    finally:
        # Readers by path find the newest by themselves.
        bucket, key = _catalog.place(hint)
        _catalog.call(_catalog.client("s3").delete_object, Bucket=bucket, Key=key)
    # Where there are no rows, nothing is written.
    return max(made, key=iceberg.version, default=begun)


def _transform(text: str) -> tuple[str, str]:
    """Column and transform of a partition.

    >>> [_transform(one) for one in ("dt", "days(ts)", "bucket(4, `id`)", "truncate(name, 3)")]
    [('dt', 'identity'), ('ts', 'day'), ('id', 'bucket[4]'), ('name', 'truncate[3]')]
    """
    found = _CALL.match(text.strip())
    if found is None:
        return tables.parts(text.strip())[0], "identity"
    name, first, column, second = found.groups()
    column, name = tables.parts(column)[0], name.lower()
    width = first or second
    if name in ("bucket", "truncate") and width:
        return column, f"{name}[{width}]"
    if name in _TRANSFORMS or f"{name}s" in _TRANSFORMS:
        return column, _TRANSFORMS.get(name) or _TRANSFORMS[f"{name}s"]
    raise unsupported(f"there are no partitions by {text}: a column, years, months, days, hours, bucket or truncate")


def _with_the_rest(writer: Any, condition: Any) -> Any:
    """A writer of its rows and of those in its table that do not meet a condition."""
    from pyspark.sql import functions as F
    from pyspark.sql.connect.dataframe import DataFrame

    session, name = writer._spark, writer._write.table_name
    there, frame = session.table(name), DataFrame(writer._df, writer._spark)
    met = F.coalesce(F.col(condition) if isinstance(condition, str) else condition, F.lit(False))
    return there.where(~met).unionByName(frame).writeTo(name)


def _true() -> Any:
    from pyspark.sql import functions as F

    return F.lit(True)
