"""Texts of CSV as values of columns, as Spark makes them; what it does not take is null."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import re
from collections.abc import Callable
from typing import Any

from awsglue._errors import unsupported

from mastic_host import times
from mastic_host.csv_texts import each_once
from mastic_host.reading import Options, arrow

_WHOLE = {"byte": 8, "short": 16, "integer": 32, "long": 64}
_NUMBER = re.compile(r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_PLAIN_TIME = r"\A\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_PLAIN_ZONE = r"(Z|[+-]\d\d:\d\d)\z"


def converted(texts: Any, of: Any, said: Options) -> Any:
    """A column of texts in a type."""
    kind, to = of.typeName(), arrow(of)
    if kind in ("string", "char", "varchar"):
        return texts
    quick = _at_once(texts, kind, said)
    return each_once(_converter(of, said), texts, to) if quick is None else quick.cast(to)


def _at_once(texts: Any, kind: str, said: Options) -> Any:
    """The column, if all of its texts are plain."""
    import pyarrow
    from pyarrow import compute

    form = said.day if kind == "date" else said.time
    try:
        if kind in _WHOLE:
            return None if _has_prefix(texts, ("0x", "0X")) else compute.cast(texts, f"int{_WHOLE[kind]}")
        if kind in ("double", "float"):
            made = compute.cast(texts, kind)
            # Java has other words for what is none of these.
            return made if compute.all(compute.is_finite(made), min_count=0).as_py() else None
        if kind == "date" and form is None and _has_length(texts, 10):
            return compute.cast(texts, "date32")
        if kind == "timestamp" and form is None:
            return _times_at_once(texts, said.zone)
    except pyarrow.ArrowInvalid:
        return None
    return None


def _times_at_once(texts: Any, zone: str) -> Any:
    import pyarrow
    from pyarrow import compute

    if fit_all(texts, _PLAIN_TIME + "\\z"):
        return compute.assume_timezone(compute.cast(texts, pyarrow.timestamp("us")), zone).cast(pyarrow.timestamp("us", "UTC"))
    return compute.cast(texts, pyarrow.timestamp("us", "UTC")) if fit_all(texts, _PLAIN_TIME + _PLAIN_ZONE) else None


def _has_prefix(texts: Any, prefixes: tuple[str, ...]) -> bool:
    from pyarrow import compute

    return any(compute.any(compute.starts_with(texts, prefix), min_count=0).as_py() for prefix in prefixes)


def _has_length(texts: Any, length: int) -> bool:
    from pyarrow import compute

    found = compute.min_max(compute.binary_length(texts))
    return found["min"].as_py() in (None, length) and found["max"].as_py() in (None, length)


def is_plain(texts: Any, kind: str, said: Options) -> bool:
    """Whether a column of texts is one of values as anybody writes them."""
    return _at_once(texts, kind, said) is not None


def fit_all(texts: Any, pattern: str) -> bool:
    """Whether all texts are of a pattern."""
    from pyarrow import compute

    return compute.all(compute.match_substring_regex(texts, pattern), min_count=0).as_py()


def _converter(of: Any, said: Options) -> Callable[[str], Any]:
    match of.typeName():
        case "byte" | "short" | "integer" | "long" as kind:
            return lambda text: whole(text, _WHOLE[kind])
        case "double" | "float":
            return lambda text: number(text, said)
        case "boolean":
            return lambda text: {"true": True, "false": False}.get(text.lower())
        case "decimal":
            return lambda text: exact(text, of.precision, of.scale)
        case "date":
            return lambda text: day(text, said)
        case "timestamp":
            return lambda text: instant(text, said)
        case "timestamp_ntz":
            return lambda text: local(text, said)
        case "binary":
            return lambda text: text.encode()
    raise refused(of.simpleString(), "CSV")


def refused(kind: str, of: str) -> Exception:
    """What is said of a type that values cannot be of."""
    return unsupported(f"columns of {kind} cannot be read of {of}")


def whole(text: str, bits: int) -> int | None:
    """A whole number; Java takes no spaces around one.

    >>> whole("+5", 32), whole(" 1", 32), whole("3000000000", 32)
    (5, None, None)
    """
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return None
    made = int(text)
    return made if -(1 << bits - 1) <= made < 1 << bits - 1 else None


def number(text: str, said: Options) -> float | None:
    """A number of floating point.

    >>> [number(text, Options({})) for text in ("1d", " 1.5 ", "Inf", "-Infinity", "0x1")]
    [1.0, 1.5, inf, -inf, None]
    """
    for name, usual, value in (("nanvalue", "NaN", math.nan), ("positiveinf", "Inf", math.inf), ("negativeinf", "-Inf", -math.inf)):
        if text == said.said.get(name, usual):
            return value
    text = text.strip()
    return float(text.rstrip("dDfF") if text[-1:] in "dDfF" and text[-1:] else text) if _NUMBER.fullmatch(text) else None


def exact(text: str, precision: int, scale: int) -> decimal.Decimal | None:
    """A decimal, rounded to its scale."""
    return rounded(decimal.Decimal(text), precision, scale) if _DECIMAL.fullmatch(text) else None


def rounded(value: decimal.Decimal, precision: int, scale: int) -> decimal.Decimal | None:
    """A decimal with so many digits behind the point; none if it has more digits than that leaves room for."""
    context = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_UP)
    try:
        made = value.quantize(decimal.Decimal(1).scaleb(-scale), context=context)
    except decimal.InvalidOperation:
        return None
    return made if abs(made) < decimal.Decimal(10) ** (precision - scale) else None


def day(text: str, said: Options) -> datetime.date | None:
    """A date."""
    if said.day is None:
        return times.day(text)
    made = said.day.parsed(text, "UTC")
    return made.date() if made else None


def instant(text: str, said: Options) -> datetime.datetime | None:
    """A time."""
    return said.time.parsed(text, said.zone) if said.time else times.instant(text, said.zone)


def of_seconds(seconds: int) -> datetime.datetime | None:
    """The time so many seconds after 1970."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


def local(text: str, said: Options) -> datetime.datetime | None:
    """A time without a zone."""
    form = said.said.get("timestampntzformat")
    made = times.Pattern(form).parsed(text, "UTC") if form else times.instant(text, "UTC")
    return made.replace(tzinfo=None) if made else None


def decoded(text: str) -> bytes | None:
    """Bytes that are written in base 64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
