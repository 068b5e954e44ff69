"""CSV and JSON as Spark writes them: Sail has times otherwise, takes no forms of them, and escapes quotes otherwise."""

from __future__ import annotations

from typing import Any

from awsglue._errors import unsupported

from mastic_host.statements import quoted

_TIMESTAMP, _WITHOUT_ZONE, _DATE = "timestamp", "timestamp_ntz", "date"
_FORMS = {_TIMESTAMP: "timestampformat", _WITHOUT_ZONE: "timestampntzformat", _DATE: "dateformat"}
_USUAL = {_TIMESTAMP: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", _WITHOUT_ZONE: "yyyy-MM-dd'T'HH:mm:ss.SSS"}
# Options that Sail does not heed, and the values with which that makes no difference.
_SAME = {
    "charset": {"utf-8", "utf8"}, "emptyvalue": {'""', ""}, "encoding": {"utf-8", "utf8"}, "ignorenullfields": {"true"},
    "linesep": {"\n"}, "quoteall": {"false"},
}  # fmt: skip


def install() -> None:
    """Makes writers write so."""
    from pyspark.sql.connect.readwriter import DataFrameWriter

    save = DataFrameWriter.save

    def saving(
        writer: Any, path: Any = None, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        writer.mode(mode).options(**options)
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        name = (format or writer._write.source or "").lower()
        if name in ("csv", "json"):
            _prepare(writer, name)
        save(writer, path, format)

    DataFrameWriter.save = saving


def _prepare(writer: Any, name: str) -> None:
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect.dataframe import DataFrame

    said = {key.lower(): str(value) for key, value in writer._write.options.items() if value is not None}
    for option, value in writer._write.options.items():
        if value is not None and option.lower() in _SAME and str(value).lower() not in _SAME[option.lower()]:
            raise unsupported(f"the option `{option}` of a writer is not supported with {value!r}")
    frame, keys = DataFrame(writer._df, writer._spark), writer._write.partitioning_cols
    columns = [None if field.name in keys else _column(field, name, said) for field in frame.schema.fields]
    if any(column is not None for column in columns):
        named = zip(frame.schema.names, columns)
        writer._write._child = frame.select(*(F.col(quoted(one)) if column is None else column.alias(one) for one, column in named))._plan
    if name == "csv" and _escape(said):
        # What Sail calls so doubles quotes within quotes, instead of escaping them.
        writer.option("escape_quotes", "false")


def _escape(said: dict[str, str]) -> str:
    """The character before quotes within quotes; none where those are doubled."""
    escape = said.get("escape", "\\")
    return "" if escape == said.get("quote", '"') else escape


def _column(field: Any, name: str, said: dict[str, str]) -> Any | None:
    """What is written of a column; nothing for one that is written as it is."""
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(quoted(field.name))
    if name == "json" or field.dataType.typeName() != "string":
        return _text(column, field.dataType, said)
    sides = [side for side in ("leading", "trailing") if said.get(f"ignore{side}whitespace", "true").lower() == "true"]
    if sides:
        column = (F.btrim if len(sides) == 2 else F.ltrim if sides == ["leading"] else F.rtrim)(column)
    escape = _escape(said)
    # Sail quotes what has one, and leaves it alone there.
    return F.replace(column, F.lit(escape), F.lit(2 * escape)) if escape else column


def _text(column: Any, of: Any, said: dict[str, str]) -> Any | None:
    """A column with texts in the place of times, also of those in it; nothing for one that stays as it is."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.types import ArrayType, MapType, StructType

    form = said.get(_FORMS.get(of.typeName(), ""), _USUAL.get(of.typeName()))
    if form is not None:
        return F.date_format(column, form)
    match of:
        case StructType():
            fields = [(field.name, column.getField(field.name), field.dataType) for field in of.fields]
            texts = [(name, value, _text(value, kind, said)) for name, value, kind in fields]
            if all(text is None for _, _, text in texts):
                return None
            return F.when(column.isNotNull(), F.struct(*((value if text is None else text).alias(name) for name, value, text in texts)))
        case ArrayType() if _text(F.lit(None), of.elementType, said) is not None:
            return F.transform(column, lambda one: _text(one, of.elementType, said))
        case MapType() if _text(F.lit(None), of.valueType, said) is not None:
            return F.transform_values(column, lambda _, value: _text(value, of.valueType, said))
    return None
