"""Values of JSON in the types of columns, as Spark makes them: what does not fit is null, and told."""

from __future__ import annotations

import decimal
import struct
from collections.abc import Callable
from typing import Any

from mastic_host import csv_values, json_texts
from mastic_host.reading import Options

_WHOLE = {"byte": 8, "short": 16, "integer": 32, "long": 64}
# Types of Python's whose values need no change.
_USUAL: dict[str, type] = {"string": str, "boolean": bool, "double": float, "byte": int, "short": int, "integer": int, "long": int}
_WORDS = {"NaN", "Infinity", "+Infinity", "-Infinity", "INF", "+INF", "-INF"}


class Misfit(Exception):
    """A value that is none of its type. `left` is what is left of it."""

    def __init__(self, left: Any = None):
        super().__init__()
        self.left = left


def fitting(of: Any, said: Options) -> Callable[[Any], Any]:
    """What makes of a value one of a type, or raises Misfit."""
    kind = of.typeName()
    if kind == "struct":
        return _objects(of, said)
    if kind == "array":
        return _arrays(of, said)
    if kind == "map":
        return _maps(of, said)
    usual, edge = _USUAL.get(kind), 1 << _WHOLE.get(kind, 1) - 1

    def fit(value: Any) -> Any:
        if value is None or (type(value) is usual and (usual is not int or -edge <= value < edge)):
            return value
        made = _plain(value, kind, of, said)
        if made is None:
            raise Misfit
        return made

    return fit


def _arrays(of: Any, said: Options) -> Callable[[Any], Any]:
    inner = fitting(of.elementType, said)

    def fit(value: Any) -> Any:
        if value is not None and not isinstance(value, list):
            raise Misfit
        return None if value is None else [inner(one) for one in value]

    return fit


def _maps(of: Any, said: Options) -> Callable[[Any], Any]:
    inner = fitting(of.valueType, said)

    def fit(value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise Misfit
        return None if value is None else [(name, inner(one)) for name, one in value.items()]

    return fit


def _objects(of: Any, said: Options) -> Callable[[Any], Any]:
    inner = fields(of.fields, said)

    def fit(value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise Misfit
        made, fits = inner(value) if value is not None else (None, True)
        if not fits:
            raise Misfit(made)
        return made

    return fit


def fields(of: list[Any], said: Options) -> Callable[[dict[str, Any]], tuple[dict[str, Any], bool]]:
    """What makes fields of an object, and tells whether all of them fit."""
    every = [(field.name, fitting(field.dataType, said)) for field in of]

    def fit(value: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        made, fits = {}, True
        for name, one in every:
            try:
                made[name] = one(value.get(name))
            except Misfit as misfit:
                made[name], fits = misfit.left, False
        return made, fits

    return fit


def _plain(value: Any, kind: str, of: Any, said: Options) -> Any:
    """The value, or nothing if it is none of the type."""
    if kind in ("string", "char", "varchar"):
        return json_texts.written(value)
    if isinstance(value, (dict, list)):
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if kind in _WHOLE:
        edge = 1 << _WHOLE[kind] - 1
        return value if isinstance(value, int) and -edge <= value < edge else None
    if kind in ("double", "float"):
        return _floating(value, kind, said)
    if kind == "decimal":
        return _exact(value, of)
    if kind == "timestamp" and isinstance(value, int):
        return csv_values.of_seconds(value)
    return _of_text(value, kind, said) if isinstance(value, str) else None


def _floating(value: Any, kind: str, said: Options) -> float | None:
    if isinstance(value, str):
        allowed = value in _WORDS and said.flag("allownonnumericnumbers", usual=True)
        return float(value.replace("INF", "Infinity")) if allowed else None
    made = float(value)
    # Arrow refuses what has more digits.
    return struct.unpack("f", struct.pack("f", made))[0] if kind == "float" and abs(made) < 3e38 else made


def _exact(value: Any, of: Any) -> decimal.Decimal | None:
    if isinstance(value, str):
        return csv_values.exact(value, of.precision, of.scale)
    if isinstance(value, float):
        return None
    return csv_values.rounded(decimal.Decimal(value), of.precision, of.scale)


def _of_text(value: str, kind: str, said: Options) -> Any:
    match kind:
        case "date":
            return csv_values.day(value, said)
        case "timestamp":
            return csv_values.instant(value, said)
        case "timestamp_ntz":
            return csv_values.local(value, said)
        case "binary":
            return csv_values.decoded(value)
    raise csv_values.refused(kind, "JSON")
