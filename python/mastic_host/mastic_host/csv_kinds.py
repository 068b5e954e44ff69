"""The types that Spark finds for columns of CSV (`inferSchema`): of all records, the narrowest that has the values of all of them."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable
from functools import reduce
from typing import Any

from mastic_host import csv_values, times
from mastic_host.reading import Options

# What a column is of which nothing but nulls was seen.
NOTHING = "void"
_DAY = times.Pattern("yyyy-MM-dd")
_DECIMAL = re.compile(r"decimal\((\d+),0\)")
_MOST = 38


def of_text(text: str, said: Options) -> str:
    """The type of one value.

    >>> [of_text(text, Options({})) for text in ("+1", "3000000000", "12345678901234567890", "1e3", "2024-01-02", "2024-01", "FALSE", " 1", "x")]
    ['int', 'bigint', 'decimal(20,0)', 'double', 'date', 'timestamp', 'boolean', 'double', 'string']
    """
    if csv_values.whole(text, 32) is not None:
        return "int"
    if csv_values.whole(text, 64) is not None:
        return "bigint"
    if re.fullmatch(r"[+-]?[0-9]{19,38}", text):
        return f"decimal({len(decimal.Decimal(text).as_tuple().digits)},0)"
    if csv_values.number(text, said) is not None:
        return "double"
    if said.flag("preferdate", usual=True) and (said.day or _DAY).parsed(text, "UTC"):
        return "date"
    if csv_values.instant(text, said):
        return "timestamp"
    return "boolean" if text.lower() in ("true", "false") else "string"


def both(left: str, right: str, said: Options) -> str:
    """The type for values of both types.

    >>> said = Options({})
    >>> [both(*pair, said) for pair in (("int", "bigint"), ("bigint", "decimal(22,0)"), ("date", "timestamp"), ("int", "date"), ("void", "int"))]
    ['bigint', 'decimal(22,0)', 'timestamp', 'string', 'int']
    """
    if left == right or right == NOTHING:
        return left
    if left == NOTHING:
        return right
    pair = {left, right}
    if pair == {"date", "timestamp"}:
        return "timestamp" if said.time is None else "string"
    widths = {"int": 10, "bigint": 20}
    if pair <= {"int", "bigint"}:
        return "bigint"
    digits = [widths.get(one) or int((_DECIMAL.fullmatch(one) or [0, 0])[1]) for one in pair]
    if all(digits):
        return f"decimal({min(max(digits), _MOST)},0)"
    if "double" in pair and all(one == "double" or count for one, count in zip(pair, digits)):
        return "double"
    return "string"


def of_column(texts: Any, before: str, said: Options) -> tuple[str, bool]:
    """The type of a column of texts, and of what was seen of it before; and whether its values are written as anybody writes them."""
    from pyarrow import compute

    if before == "string" or texts.null_count == len(texts):
        return before, True
    for kind, is_one in _PLAIN.items():
        if before in (NOTHING, kind) and is_one(texts, kind, said):
            return kind, True
    found = (text for text in compute.unique(texts).to_pylist() if text)
    kind = reduce(lambda kind, text: kind if kind == "string" else both(kind, of_text(text, said), said), found, before)
    return kind, kind == "string" or (before == "int" and kind == "bigint" and _are_numbers(texts, kind, said))


def _are_times(texts: Any, kind: str, said: Options) -> bool:
    return (kind == "timestamp" or said.flag("preferdate", usual=True)) and csv_values.is_plain(texts, kind, said)


def _are_numbers(texts: Any, kind: str, said: Options) -> bool:
    from pyarrow import compute

    if kind == "double" and not compute.any(compute.match_substring(texts, ".")).as_py():
        # They may be whole numbers that only are written in other ways.
        return False
    return csv_values.is_plain(texts, {"int": "integer", "bigint": "long"}.get(kind, kind), said)


# Types, and what tells whether all texts are of one.
_PLAIN = {"int": _are_numbers, "bigint": _are_numbers, "double": _are_numbers, "date": _are_times, "timestamp": _are_times}


def merged(found: Iterable[list[str]], width: int, said: Options) -> list[str]:
    """The types of all columns, of what was found in parts of the records."""
    empty = [NOTHING] * width
    every = reduce(lambda kinds, more: [both(left, right, said) for left, right in zip(kinds, more)], found, empty)
    return ["string" if kind == NOTHING else kind for kind in every]


def typed(kind: str) -> Any:
    """Spark's type by its name."""
    from pyspark.sql import types

    digits = _DECIMAL.fullmatch(kind)
    if digits:
        return types.DecimalType(int(digits[1]), 0)
    named = {"int": types.IntegerType, "bigint": types.LongType, "double": types.DoubleType, "boolean": types.BooleanType}
    return {**named, "date": types.DateType, "timestamp": types.TimestampType}.get(kind, types.StringType)()
