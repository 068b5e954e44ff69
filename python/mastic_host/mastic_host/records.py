"""`spark.read.csv` and `spark.read.json` as Spark has them, with its options and for records that do not fit the columns."""

from __future__ import annotations

from typing import Any

from awsglue._errors import unsupported

from mastic_host import discovered, read_csv, read_json, reading, record_files
from mastic_host.statements import quoted

SETTING = "spark.sql.columnNameOfCorruptRecord"

# The name of the column for records that do not fit, unless a reader says another.
column = "_corrupt_record"


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session."""
    global column
    if key == SETTING:
        column = value


def install() -> None:
    """Makes readers of CSV and JSON go another way than Sail's."""
    from pyspark.sql.connect.readwriter import DataFrameReader

    load = DataFrameReader.load

    def loading(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        name = (format or reader._format or "").lower()
        said = {**reader._options, **options}
        places = path if path is not None else next((value for key, value in said.items() if key.lower() == "path"), None)
        if name not in ("csv", "json") or not isinstance(places, (str, list, tuple)) or not places:
            return load(reader, path, format, schema, **options)
        given = schema if schema is not None else reader._schema
        session = reader._client
        of = read_csv if name == "csv" else read_json
        asked = reading.options(name, said, column, session.conf.get("spark.sql.session.timeZone"))
        if not given:
            return _keyed(of.without_schema(session, places, asked))
        if name == "csv" and not asked.flag("enforceschema", usual=True):
            raise unsupported("the option `enforceSchema` of readers of csv is not supported where it is false")
        head = record_files.first(session, places, asked) if name == "csv" and asked.flag("header") else None
        return _as_told(of, record_files.opened(session, places, name, asked, head), asked, _fields(session, given))

    DataFrameReader.load = loading


def _keyed(frame: Any) -> Any:
    """The frame, with the keys of its folders in their types."""
    last = frame.dtypes[-1:]
    if not last or last[0][1] != "string":
        return frame
    found = discovered.kinds(frame.inputFiles())
    chosen = [f"{discovered.key(name, found[name])} AS {quoted(name)}" if name in found else quoted(name) for name in frame.columns]
    return frame.selectExpr(*chosen) if found else frame


def _as_told(of: Any, records: Any, asked: reading.Options, fields: list[Any]) -> Any:
    """The columns that a script names, and then the keys of folders that it does not."""
    keys = records.columns[1:]
    own = [field for field in fields if field.name != asked.corrupt and field.name not in keys]
    corrupt = asked.corrupt if any(field.name == asked.corrupt for field in fields) else None
    frame = of.rows(records, asked, own, corrupt)
    declared = {field.name: field.dataType.simpleString() for field in fields if field.name in keys}
    found = discovered.kinds(frame.inputFiles()) if set(keys) - set(declared) else {}
    kinds = {name: declared.get(name) or found.get(name, "string") for name in keys}
    typed = [f"{discovered.key(name, kind)} AS {quoted(name)}" for name, kind in kinds.items()]
    return frame.selectExpr(*(quoted(field.name) for field in fields if field.name not in keys), *typed)


def _fields(session: Any, given: Any) -> list[Any]:
    from pyspark.sql.types import StructType

    if isinstance(given, str):
        if given.lstrip().startswith("{"):
            import json

            given = StructType.fromJson(json.loads(given))
        else:
            given = session.createDataFrame([], given).schema
    return list(discovered.nullable(given).fields)
