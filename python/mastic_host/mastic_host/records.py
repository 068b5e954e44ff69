"""Records of JSON and CSV that do not fit the columns that a script names, kept as Spark keeps them: their values where they fit,
and their text in the column for it. Sail fails at the first such record. Both are read so whenever a script names their columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from awsglue._errors import unsupported

from mastic_host import discovered, paths
from mastic_host.statements import quoted

SETTING = "spark.sql.columnNameOfCorruptRecord"
_DEFAULT = "_corrupt_record"
# Options of CSV with which lines can be taken apart without Sail.
_USUAL = {
    "dateformat", "delimiter", "enforceschema", "escape", "header", "ignoreleadingwhitespace", "ignoretrailingwhitespace",
    "inferschema", "nullvalue", "quote", "sep", "timestampformat",
}  # fmt: skip
_USUAL_JSON = {"dateformat", "timestampformat"}
# What is so anyway.
_NOTHING = {("multiline", "false"), ("encoding", "utf-8"), ("charset", "utf-8")}
# How many values were found in a line.
_COUNT = "_mastic_count"
# Whether all lines of a batch are as the columns want them.
_FITS = "_mastic_fits"
# A header is within so many bytes.
_HEAD = 1 << 16

# The name of the column for records that do not fit, unless a reader says another.
column = _DEFAULT


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session."""
    global column
    if key == SETTING:
        column = value


def install() -> None:
    """Makes readers keep such records where a script asks for them: by a column for them, or by the mode."""
    from pyspark.sql.connect.readwriter import DataFrameReader

    load = DataFrameReader.load

    def loading(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        name = (format or reader._format or "").lower()
        given = schema if schema is not None else reader._schema
        if name not in ("csv", "json") or not given or not isinstance(path, (str, list, tuple)):
            return load(reader, path, format, schema, **options)
        said = {key.lower(): str(value) for key, value in {**reader._options, **options}.items() if value is not None}
        own = said.get("columnnameofcorruptrecord", column)
        mode = said.get("mode", "").upper()
        fields = _fields(reader._client, given)
        keeps = any(field.name == own for field in fields)
        usual = _USUAL if name == "csv" else _USUAL_JSON
        said = {key: value for key, value in said.items() if (key, value.lower()) not in _NOTHING}
        wanted = keeps or mode in ("PERMISSIVE", "DROPMALFORMED") or (not mode and set(said) <= usual)
        if mode == "FAILFAST" or not wanted:
            return load(reader, path, format, schema, **options)
        if said.get("multiline", "false").lower() == "true":
            raise unsupported("`multiLine` is not supported together with a mode or a column for records that do not fit")
        lines = discovered.lines(reader._client, path)
        columns = [field for field in fields if field.name != own and field.name not in lines.columns]
        frame = _json(lines, columns, said) if name == "json" else _csv(lines, columns, said)
        if mode == "DROPMALFORMED":
            frame = frame.where("_mastic_bad IS NULL")
        declared = {field.name: field.dataType.simpleString() for field in fields if field.name in lines.columns}
        chosen = [_chosen(field.name, declared, own) for field in fields]
        keys = [name for name in lines.columns[1:] if name not in declared]
        found = discovered.kinds(lines.inputFiles()) if keys else {}
        return frame.selectExpr(*chosen, *(f"{discovered.key(name, found.get(name, 'string'))} AS {quoted(name)}" for name in keys))

    DataFrameReader.load = loading


def _chosen(name: str, declared: dict[str, str], own: str) -> str:
    if name == own:
        return f"_mastic_bad AS {quoted(own)}"
    return f"{discovered.key(name, declared[name])} AS {quoted(name)}" if name in declared else quoted(name)


def _fields(session: Any, given: Any) -> list[Any]:
    from pyspark.sql.types import StructType

    if isinstance(given, str):
        if given.lstrip().startswith("{"):
            import json

            return list(StructType.fromJson(json.loads(given)).fields)
        return list(session.createDataFrame([], given).schema.fields)
    return list(given.fields)


def _json(lines: Any, columns: list[Any], said: dict[str, str]) -> Any:
    """Lines of JSON in columns; `_mastic_bad` is a line of which something is not in them."""
    keys = [quoted(key) for key in lines.columns[1:]]
    read = lines.where("trim(value) != ''")
    known = [_known(field.dataType) for field in columns]
    if known and all(known):
        read = read.mapInArrow(*_reading(lines.schema.fields, [field.name for field in columns], known))
        line = f"CASE WHEN NOT {_FITS} THEN value END"
    else:
        line = "value"
    # Sail's own way with types lets numbers run over, and ends at times that it does not know.
    names = ", ".join(f"{quoted(field.name)} string" for field in columns)
    parts = [f"from_json({line}, '{_escaped(names)}') AS _mastic_row", f"from_json({line}, 'map<string,string>') AS _mastic_map"]
    read = read.selectExpr("*", *parts)
    told = [_within(f"_mastic_row.{quoted(field.name)}", field.dataType, said) for field in columns]
    bad = " OR ".join(["_mastic_map IS NULL", *(lost for _, lost in told)])
    if known and all(known):
        fitting = [_of_known(f"_mastic_{at}", field.dataType, said) for at, field in enumerate(columns)]
        told = [(f"CASE WHEN {_FITS} THEN {quick} ELSE {slow} END", "") for (quick, _), (slow, _) in zip(fitting, told)]
        lost = " OR ".join(["false", *(lost for _, lost in fitting)])
        bad = f"CASE WHEN {_FITS} THEN {lost} ELSE {bad} END"
    values = [f"{value} AS {quoted(field.name)}" for (value, _), field in zip(told, columns)]
    return read.selectExpr(*values, *keys, f"CASE WHEN {bad} THEN value END AS _mastic_bad")


def _known(of: Any) -> Any:
    """The type as which many values of JSON are read at once; none if they are to be read one by one."""
    from pyspark.sql.types import StringType

    if of.typeName() in ("date", "timestamp"):
        return StringType()
    return of if _is_plain(of) else None


def _is_plain(of: Any) -> bool:
    match of.typeName():
        case "struct":
            return bool(of.fields) and all(_is_plain(field.dataType) for field in of.fields)
        case "array":
            return _is_plain(of.elementType)
        case name:
            return name in ("string", "boolean", "byte", "short", "integer", "long", "float", "double")


def _of_known(value: str, of: Any, said: dict[str, str]) -> tuple[str, str]:
    """As `_within`, of a value that was read as its known type."""
    if of.typeName() not in ("date", "timestamp"):
        return value, "false"
    cast = _cast(value, of.simpleString(), said)
    return cast, f"({value} IS NOT NULL AND {cast} IS NULL)"


def _reading(before: list[Any], names: list[str], known: list[Any]) -> tuple[Callable[[Iterator[Any]], Iterator[Any]], Any]:
    """What reads the lines of a batch at once where all of them fit, and the columns that then there are."""
    import pyarrow
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import BooleanType, StructField, StructType

    wanted = pyarrow.schema([(name, to_arrow_type(of)) for name, of in zip(names, known)])
    found = [StructField(f"_mastic_{at}", of) for at, of in enumerate(known)]

    def at_once(lines: Any) -> list[Any] | None:
        import pyarrow
        from pyarrow import compute, json

        joined = compute.binary_join(pyarrow.ListArray.from_arrays([0, len(lines)], lines.cast(pyarrow.string())), "\n")[0].as_buffer()
        try:
            read = json.read_json(
                pyarrow.BufferReader(joined),
                json.ReadOptions(use_threads=False, block_size=joined.size + 1),
                json.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="ignore"),
            )
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
            return None
        if read.num_rows != len(lines):
            return None
        return [column.combine_chunks() for column in read.columns]

    def read(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            columns = at_once(batch.column(0)) if len(batch) else None
            fits = pyarrow.array([columns is not None] * len(batch), pyarrow.bool_())
            columns = columns or [pyarrow.nulls(len(batch), field.type) for field in wanted]
            given = [*batch.schema.names, *(f"_mastic_{at}" for at in range(len(wanted))), _FITS]
            yield pyarrow.RecordBatch.from_arrays([*batch.columns, *columns, fits], names=given)

    return read, StructType([*before, *found, StructField(_FITS, BooleanType())])


def _within(text: str, of: Any, said: dict[str, str]) -> tuple[str, str]:
    """What a text of JSON is in a type, and whether something of it is not."""
    kind = of.simpleString()
    if of.typeName() == "struct" and of.fields:
        row = f"from_json({text}, '{_escaped(', '.join(f'{quoted(field.name)} string' for field in of.fields))}')"
        told = [_within(f"{row}.{quoted(field.name)}", field.dataType, said) for field in of.fields]
        fields = ", ".join(f"'{_escaped(field.name)}', {value}" for (value, _), field in zip(told, of.fields))
        is_one = f"from_json({text}, 'map<string,string>') IS NOT NULL"
        lost = " OR ".join([f"({text} IS NOT NULL AND NOT {is_one})", *(lost for _, lost in told)])
        return f"CASE WHEN {is_one} THEN named_struct({fields}) END", lost
    if of.typeName() in ("array", "map", "struct"):
        value = f"from_json({text}, '{_escaped(kind)}')"
    else:
        value = _cast(text, kind, said)
    return value, f"({text} IS NOT NULL AND {value} IS NULL)"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _csv(lines: Any, columns: list[Any], said: dict[str, str]) -> Any:
    """Lines of CSV in columns; `_mastic_bad` is a line with other values than the columns take, or another number of them."""
    if said.get("header", "false").lower() == "true":
        lines = lines.where(lines["value"] != _header(lines))
    if said.get("comment"):
        lines = lines.where(~lines["value"].startswith(said["comment"]))
    keys = lines.columns[1:]
    texts = [f"_mastic_{at}" for at in range(len(columns))]
    kinds = ["value string", *(f"{quoted(key)} {of}" for key, of in lines.dtypes[1:]), *(f"{one} string" for one in texts)]
    read = lines.where("trim(value) != ''").mapInArrow(_splitting(said, len(columns)), ", ".join([*kinds, f"{_COUNT} int"]))
    values = [_cast(text, field.dataType.simpleString(), said) for text, field in zip(texts, columns)]
    lost = [f"({text} IS NOT NULL AND {value} IS NULL)" for text, value in zip(texts, values)]
    bad = " OR ".join([f"{_COUNT} != {len(columns)}", *lost])
    named = [f"{value} AS {quoted(field.name)}" for value, field in zip(values, columns)]
    return read.selectExpr(*named, *map(quoted, keys), f"CASE WHEN {bad} THEN value END AS _mastic_bad")


def _cast(text: str, of: str, said: dict[str, str]) -> str:
    form = said.get({"date": "dateformat", "timestamp": "timestampformat"}.get(of, ""))
    if form:
        return f"CAST(try_to_timestamp({text}, '{_escaped(form)}') AS {of})"
    if of in ("tinyint", "smallint", "int", "bigint"):
        # A cast would take a fraction off.
        return f"CASE WHEN {text} RLIKE '^\\\\s*[+-]?[0-9]+\\\\s*$' THEN try_cast({text} AS {of}) END"
    if of == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return text if of == "string" else f"try_cast({text} AS {of})"


def _header(lines: Any) -> str:
    """The first line of the first file that has one."""
    heads = (paths.head(file, _HEAD).decode(errors="replace") for file in sorted(lines.inputFiles()))
    return next((re.split(r"\r?\n", head, maxsplit=1)[0] for head in heads if head), "")


def _splitting(said: dict[str, str], wanted: int) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What takes the lines of a batch apart: a text for each column, and how many values there were."""
    quote, escape = said.get("quote", '"') or None, said.get("escape", "\\")
    form = {
        "delimiter": said.get("sep", said.get("delimiter", ",")).replace("\\t", "\t"),
        "quotechar": quote,
        "quoting": 0 if quote else 3,
        "escapechar": escape if escape and escape != quote else None,
        "doublequote": True,
    }
    nothing = said.get("nullvalue", "")
    before = said.get("ignoreleadingwhitespace", "false").lower() == "true"
    after = said.get("ignoretrailingwhitespace", "false").lower() == "true"

    def one_by_one(lines: list[str]) -> tuple[list[Any], Any]:
        import csv

        import pyarrow

        texts: list[list[str | None]] = [[] for _ in range(wanted)]
        counts = []
        for line in lines:
            values = next(csv.reader([line], **form), [])
            counts.append(len(values))
            for at, column in enumerate(texts):
                value = values[at] if at < len(values) else nothing
                value = value.lstrip() if before else value
                value = value.rstrip() if after else value
                column.append(None if value in ("", nothing) else value)
        return [pyarrow.array(column, pyarrow.string()) for column in texts], pyarrow.array(counts, pyarrow.int32())

    def at_once(lines: list[str]) -> tuple[list[Any], Any] | None:
        import csv

        import pyarrow
        from pyarrow import csv as reader

        text, escape = "\n".join(lines), form["escapechar"]
        if before or after or not lines or (escape and escape in text) or "\r" in text or len(form["delimiter"]) != 1:
            return None
        width = len(next(csv.reader(lines[:1], **form), []))
        names = [f"_{at}" for at in range(width)]
        try:
            found = reader.read_csv(
                pyarrow.py_buffer(text.encode()),
                reader.ReadOptions(column_names=names, use_threads=False),
                reader.ParseOptions(delimiter=form["delimiter"], quote_char=quote or False, ignore_empty_lines=False),
                reader.ConvertOptions(
                    column_types=dict.fromkeys(names, pyarrow.string()), null_values=["", nothing], strings_can_be_null=True
                ),
            ).combine_chunks()
        except pyarrow.ArrowInvalid:
            # Not all of them have as many values.
            return None
        if found.num_rows != len(lines):
            return None
        columns = [one.chunk(0) if one.num_chunks else pyarrow.nulls(len(lines), pyarrow.string()) for one in found.columns[:wanted]]
        columns += [pyarrow.nulls(len(lines), pyarrow.string())] * (wanted - len(columns))
        return columns, pyarrow.array([width] * len(lines), pyarrow.int32())

    def split(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            lines = batch.column(0).to_pylist()
            columns, counts = at_once(lines) or one_by_one(lines)
            names = [*batch.schema.names, *(f"_mastic_{at}" for at in range(wanted)), _COUNT]
            yield pyarrow.RecordBatch.from_arrays([*batch.columns, *columns, counts], names=names)

    return split
