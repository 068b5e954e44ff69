"""What Spark's SQL and functions have and Sail lacks, or answers otherwise, in the terms of what Sail has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mastic_host.statements import enclosed, split, words

_PERCENTILES = ("percentile_approx", "approx_percentile")
_MET = re.compile(rf"\b(?:{'|'.join(_PERCENTILES)}|pivot|sets)\b", re.I)
_PIVOT = re.compile(r"\bfor\s+(\w+|`(?:[^`]|``)+`)\s+in\s*(?=\()", re.I)
_SETS = re.compile(r"\bgroup\s+by\s+(?!grouping\b)[\w\s,.`]+?\s+(?=grouping\s+sets\s*\()", re.I)
_MORE = re.compile(r"\s*(?:over|filter)\b", re.I)
_LIST = re.compile(r"\s*array\s*(?=\()", re.I)


def install() -> None:
    """Makes SQL and functions so."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect import expressions, functions, plan

    for kind in (expressions.SQLExpression, plan.SQL):
        kind.__init__ = _rewriting(kind.__init__)
    for module in (F, F.builtin, functions, functions.builtin):
        module.percentile_approx = module.approx_percentile = _percentile
        module.transform_keys, module.transform_values, module.zip_with = _keys, _values, _zipped


def _rewriting(begin: Any) -> Any:
    def beginning(made: Any, text: str, *arguments: Any, **more: Any) -> None:
        begin(made, rewritten(text), *arguments, **more)

    return beginning


def rewritten(text: str) -> str:
    """SQL as Sail takes it.

    >>> rewritten("SELECT percentile_approx(a, 0.5, 100) FROM t")
    'SELECT try_element_at(sort_array(collect_list(a)), CAST(greatest(ceil(CAST((0.5) AS DOUBLE) * count(a)), 1) AS INT)) FROM t'
    >>> rewritten("SELECT * FROM t PIVOT (sum(x) FOR k IN (1, 2))")
    'SELECT * FROM t PIVOT (sum(x) FOR (k) IN (1, 2))'
    >>> rewritten("SELECT a, b FROM t GROUP BY a, b GROUPING SETS ((a), (b))")
    'SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b))'
    """
    if not _MET.search(text):
        return text
    found = {token.lower() for token, _, _ in words(text)}
    if "pivot" in found:
        text = _outside(text, _PIVOT, lambda one: f"{one[0].split(maxsplit=1)[0]} ({one[1]}) IN ")
    if "sets" in found:
        text = _outside(text, _SETS, lambda one: "GROUP BY ")
    for name in _PERCENTILES:
        text = _calls(text, name)
    return text


def _outside(text: str, pattern: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> str:
    """The text with what the pattern finds replaced, where that begins with a word and not within quotes or a comment."""
    begins = {at for _, _, at in words(text)}
    return pattern.sub(lambda one: put(one) if one.start() in begins else one[0], text)


def _calls(text: str, name: str) -> str:
    """The text with the calls of approximate percentiles in other terms, from the last to the first: they may be nested."""
    for token, _, at in reversed(list(words(text))):
        behind = text[at + len(token) :].lstrip()
        if token.lower() != name or not behind.startswith("("):
            continue
        inner, rest = enclosed(behind)
        end = len(text) - len(behind) + len(inner) + 2
        arguments = split(inner)
        # Over a window or with a filter it is Sail's.
        if 2 <= len(arguments) <= 3 and not _MORE.match(rest) and not re.match(r"\s*(?:distinct|all)\b", inner, re.I):
            text = text[:at] + _as_list(arguments[0].strip(), arguments[1].strip()) + text[end:]
    return text


def _as_list(column: str, at: str) -> str:
    """A percentile, or several, as Spark finds them among few rows: a value that is there, in its own type."""
    several = _LIST.match(at)
    if several:
        return f"array({', '.join(_as_list(column, one.strip()) for one in split(enclosed(at[several.end() :])[0]))})"
    place = f"CAST(greatest(ceil(CAST(({at}) AS DOUBLE) * count({column})), 1) AS INT)"
    return f"try_element_at(sort_array(collect_list({column})), {place})"


def _percentile(col: Any, percentage: Any, accuracy: Any = 10000) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(col) if isinstance(col, str) else col
    several = isinstance(percentage, list | tuple)
    told = f"array({', '.join(map(str, percentage))})" if several else percentage
    name = f"percentile_approx({_name(column)}, {_name(told)}, {_name(accuracy)})"

    def among(rows: Callable[[Any], Any]) -> Any:
        values, number = F.sort_array(rows(F.collect_list(column))), rows(F.count(column))

        def one(at: Any) -> Any:
            place = F.ceil((at if hasattr(at, "cast") else F.lit(at)).cast("double") * number)
            return F.try_element_at(values, F.greatest(place, F.lit(1)).cast("int"))

        return (F.array(*map(one, percentage)) if several else one(percentage)).alias(name)

    found = among(lambda aggregate: aggregate)
    found.over = lambda window: among(lambda aggregate: aggregate.over(window))
    return found


def _name(of: Any) -> str:
    return str(getattr(of, "_expr", of))


def _keys(col: Any, f: Callable[[Any, Any], Any]) -> Any:
    return _entries(col, lambda key, value: (f(key, value), value))


def _values(col: Any, f: Callable[[Any, Any], Any]) -> Any:
    return _entries(col, lambda key, value: (key, f(key, value)))


def _entries(col: Any, made: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    return F.map_from_entries(F.transform(F.map_entries(col), lambda entry: F.struct(*made(entry["key"], entry["value"]))))


def _zipped(left: Any, right: Any, f: Callable[[Any, Any], Any]) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    left, right = (F.col(one) if isinstance(one, str) else one for one in (left, right))
    pairs = F.arrays_zip(left.alias("l"), right.alias("r"))
    return F.transform(pairs, lambda pair: f(pair["l"], pair["r"]))
