"""The types that Spark finds in records of JSON. A type is a word, a list with that of an array's elements, or a dict with those of fields."""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Callable
from functools import reduce
from typing import Any

from mastic_host import csv_values
from mastic_host.reading import Options

# The type of what is only null.
NOTHING = "null"
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_MOST = 38
_LONG = 1 << 63
# Of Python's types those that any value is of, where nobody says otherwise.
_QUICK = {str: "string", int: "long", bool: "boolean", decimal.Decimal: "double"}
# Of Arrow's types those that Spark would find, too.
_PLAIN = {"int64": "long", "double": "double", "bool": "boolean", "string": "string", "null": NOTHING}


def of_value(value: Any, said: Options) -> Any:
    """The type of a value.

    >>> of_value({"b": [1, decimal.Decimal("2.5")], "a": None, "c": "", "d": 12345678901234567890}, Options({}))
    {'b': ['double'], 'a': 'null', 'c': 'null', 'd': 'decimal(20,0)'}
    """
    quick = None if said.said else _QUICK.get(type(value))
    if quick and value != "" and (quick != "long" or -_LONG <= value < _LONG):
        return quick
    match value:
        case None | "":
            return NOTHING
        case dict():
            return {name: of_value(one, said) for name, one in value.items() if name}
        case list():
            return [reduce(both, (of_value(one, said) for one in value), NOTHING)]
        case str():
            return "timestamp" if said.flag("infertimestamp") and csv_values.instant(value, said) else "string"
        case _ if said.flag("primitivesasstring"):
            return "string"
        case bool():
            return "boolean"
        case int() if -_LONG <= value < _LONG:
            return "long"
        case int():
            return _decimal(decimal.Decimal(value))
        case decimal.Decimal() if said.flag("prefersdecimal"):
            return _decimal(value)
    return "double"


def _decimal(value: decimal.Decimal) -> str:
    _, digits, exponent = value.as_tuple()
    scale = max(-int(exponent), 0)
    precision = max(len(digits) + max(int(exponent), 0), scale)
    return f"decimal({precision},{scale})" if precision <= _MOST else "double"


def both(left: Any, right: Any) -> Any:
    """The type for values of both types.

    >>> both({"a": "long"}, {"a": "double", "b": ["null"]}), both(["long"], "long"), both("long", "decimal(20,2)")
    ({'a': 'double', 'b': ['null']}, 'string', 'decimal(22,2)')
    """
    if left == right or right == NOTHING:
        return left
    if left == NOTHING:
        return right
    if isinstance(left, dict) and isinstance(right, dict):
        news = {name: both(left.get(name, NOTHING), of) for name, of in right.items() if left.get(name) != of}
        return left | news if news else left
    if isinstance(left, list) and isinstance(right, list):
        return [both(left[0], right[0])]
    if not isinstance(left, str) or not isinstance(right, str):
        return "string"
    digits = [_digits(left), _digits(right)]
    if all(digits):
        scale = max(scale for _, scale in digits)
        precision = max(precision - scale for precision, scale in digits) + scale
        return f"decimal({precision},{scale})" if precision <= _MOST else "double"
    return "double" if all(one == "double" or count for one, count in zip((left, right), digits)) else "string"


def _digits(kind: str) -> Any:
    if kind == "long":
        return 20, 0
    found = _DECIMAL.fullmatch(kind)
    return (int(found[1]), int(found[2])) if found else None


def of_record(text: str, parse: Callable[[str], Any], said: Options) -> Any:
    """The type of a record, and whether it is one."""
    try:
        value = parse(text)
    except ValueError:
        return NOTHING, False
    if value is None or isinstance(value, dict):
        return of_value(value, said), True
    if isinstance(value, list):
        kinds = [of_value(one, said) for one in value]
        return reduce(both, (kind for kind in kinds if isinstance(kind, dict)), NOTHING), all(
            isinstance(kind, dict) or kind == NOTHING for kind in kinds
        )
    return NOTHING, False


def of_lines(lines: Any, said: Options) -> Any:
    """The type of all records in an array of Arrow's; nothing where they have to be looked at one by one."""
    import pyarrow
    from pyarrow import compute

    if any(said.flag(name) for name in ("infertimestamp", "prefersdecimal")):
        return None
    joined = compute.binary_join(pyarrow.ListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_buffer()
    try:
        read = _table(joined)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        return None
    if read.num_rows != len(lines):
        return None
    found = {name: _of_array(one.combine_chunks(), said) for name, one in zip(read.column_names, read.columns)}
    return None if None in found.values() else found


def _table(joined: Any) -> Any:
    import pyarrow
    from pyarrow import json as reader

    options = reader.ReadOptions(use_threads=False, block_size=joined.size + 1)
    return reader.read_json(pyarrow.BufferReader(joined), options)


def _of_array(array: Any, said: Options) -> Any:
    """The type of an array of Arrow's; nothing where its values may be more than it tells."""
    import pyarrow
    from pyarrow import compute

    of = array.type
    if pyarrow.types.is_struct(of):
        fields = {of.field(at).name: _of_array(compute.struct_field(array, at), said) for at in range(of.num_fields)}
        return None if None in fields.values() else {name: kind for name, kind in fields.items() if name}
    if pyarrow.types.is_list(of):
        inner = _of_array(array.flatten(), said)
        return None if inner is None else [inner]
    kind = "string" if pyarrow.types.is_timestamp(of) else _PLAIN.get(str(of))
    if kind == "double" and (compute.max(compute.abs(array)).as_py() or 0) >= _LONG:
        return None
    if str(of) == "string" and not compute.any(compute.not_equal(array, ""), min_count=0).as_py():
        return NOTHING
    return "string" if kind not in (NOTHING, None) and said.flag("primitivesasstring") else kind


def typed(kind: Any, said: Options) -> Any:
    """Spark's type; nothing for what Spark leaves out."""
    from pyspark.sql import types

    match kind:
        case dict():
            fields = [types.StructField(name, of) for name in sorted(kind) if (of := typed(kind[name], said)) is not None]
            return types.StructType(fields) if fields else None
        case list():
            inner = typed(kind[0], said)
            return types.ArrayType(inner) if inner is not None else None
        case "null":
            return None if said.flag("dropfieldifallnull") else types.StringType()
        case _ if _DECIMAL.fullmatch(kind):
            return types.DecimalType(*_digits(kind))
    plain = {"long": types.LongType, "double": types.DoubleType, "boolean": types.BooleanType, "timestamp": types.TimestampType}
    return plain.get(kind, types.StringType)()


def told(kind: Any, broken: bool) -> str:
    """What a worker found, as a text."""
    return json.dumps([kind, broken])
