"""Casts that make null of what they cannot cast, as in Spark 3.

`spark.sql.ansi.enabled=false` asks for that. Sail heeds it for some types only, and has `try_cast` for all.
"""

from __future__ import annotations

import re
from typing import Any

# Whether casts make null of what they cannot cast.
lenient = False

SETTING = "spark.sql.ansi.enabled"

# Text in quotes and comments stay as they are; `cast(` anywhere else is one.
_CAST = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/)|\bcast(?=\s*\()", re.I | re.S)
# Types within which Sail does not try.
_WHOLE = ("array", "map", "struct", "variant")
# Types to which Spark casts the whole part of a text with a fraction; Sail casts no such text.
WHOLE = {"tinyint", "byte", "smallint", "short", "int", "integer", "bigint", "long"}


def install() -> None:
    """Makes columns and SQL cast so while `lenient` is set."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect import expressions, plan
    from pyspark.sql.connect.column import Column

    cast = Column.cast

    def casting(column: Any, dataType: Any) -> Any:  # noqa: N803
        name = dataType if isinstance(dataType, str) else dataType.simpleString()
        if lenient and name.lower() in WHOLE:
            return _whole(column, name)
        if name.lower() == "date":
            return _named_as(column, F.to_date(column))
        if lenient and not name.lower().startswith(_WHOLE):
            return column.try_cast(dataType)
        return cast(column, dataType)

    Column.cast = Column.astype = casting
    for kind in (expressions.SQLExpression, plan.SQL):
        kind.__init__ = _rewriting(kind.__init__)


def _rewriting(begin: Any) -> Any:
    def beginning(made: Any, text: str, *arguments: Any, **more: Any) -> None:
        begin(made, rewritten(text), *arguments, **more)

    return beginning


def rewritten(text: str) -> str:
    """SQL that casts so."""
    return _CAST.sub(lambda found: found[1] or "try_cast", text) if lenient else text


def whole(text: str, of: str) -> str:
    """SQL that casts to a type of whole numbers.

    >>> whole("a", "int")
    'coalesce(try_cast(a AS int), try_cast(try_cast(try_cast(a AS STRING) AS DOUBLE) AS int))'
    """
    return f"coalesce(try_cast({text} AS {of}), try_cast(try_cast(try_cast({text} AS STRING) AS DOUBLE) AS {of}))"


def _whole(column: Any, of: str) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    return _named_as(column, F.coalesce(column.try_cast(of), column.try_cast("string").try_cast("double").try_cast(of)))


def _named_as(column: Any, made: Any) -> Any:
    # The name is the column's, as that of a cast.
    told = getattr(column._expr, "_unparsed_identifier", None)
    return made.alias(told.split(".")[-1].strip("`")) if told else made


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session."""
    global lenient
    if key == SETTING:
        lenient = str(value).lower() == "false"
