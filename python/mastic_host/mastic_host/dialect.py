"""What Spark's SQL and functions have and Sail lacks, or answers otherwise, in the terms of what Sail has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mastic_host import casts
from mastic_host.statements import enclosed, split, words

_PIVOT = re.compile(r"\bfor\s+(\w+|`(?:[^`]|``)+`)\s+in\s*(?=\()", re.I)
_SETS = re.compile(r"\bgroup\s+by\s+(?!grouping\b)[\w\s,.`]+?\s+(?=grouping\s+sets\s*\()", re.I)
_MORE = re.compile(r"\s*(?:over|filter)\b", re.I)
_LIST = re.compile(r"\s*array\s*(?=\()", re.I)
_TO_WHOLE = re.compile(r"(.*)\bas\s+(tinyint|byte|smallint|short|int|integer|bigint|long)", re.I | re.S)
_DAY = re.compile(r"\s*(?:dow|dayofweek)\s+from\b(.*)", re.I | re.S)


def install() -> None:
    """Makes SQL and functions so."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect import expressions, functions, plan

    for kind in (expressions.SQLExpression, plan.SQL):
        kind.__init__ = _rewriting(kind.__init__)
    for module in (F, F.builtin, functions, functions.builtin):
        module.percentile_approx = module.approx_percentile = _percentile
        module.datediff, module.date_diff = _days("datediff"), _days("date_diff")
        module.initcap = _capitals
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
    >>> rewritten("SELECT log(datediff(a, 'datediff(b, c)')), EXTRACT(dow FROM d), log(2, x), date_diff(a, b)")
    "SELECT ln(CAST(date_diff(a, 'datediff(b, c)') AS INT)), dayofweek(d), log(2, x), date_diff(a, b)"
    """
    if not _MET.search(text):
        return text
    found = {token.lower() for token, _, _ in words(text)}
    if "pivot" in found:
        text = _outside(text, _PIVOT, lambda one: f"{one[0].split(maxsplit=1)[0]} ({one[1]}) IN ")
    if "sets" in found:
        text = _outside(text, _SETS, lambda one: "GROUP BY ")
    return _calls(text)


def _outside(text: str, pattern: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> str:
    """The text with what the pattern finds replaced, where that begins with a word and not within quotes or a comment."""
    begins = {at for _, _, at in words(text)}
    return pattern.sub(lambda one: put(one) if one.start() in begins else one[0], text)


def _calls(text: str) -> str:
    """The text with calls of functions in other terms, from the last to the first: they may be nested."""
    for token, _, at in reversed(list(words(text))):
        put, behind = _CALLS.get(token.lower()), text[at + len(token) :].lstrip()
        if put is None or not behind.startswith("("):
            continue
        inner, rest = enclosed(behind)
        # Over a window or with a filter they are Sail's.
        made = None if _MORE.match(rest) else put([one.strip() for one in split(inner)])
        if made is not None:
            text = text[:at] + made + text[len(text) - len(behind) + len(inner) + 2 :]
    return text


def _percentile_of(given: list[str]) -> str | None:
    if not 2 <= len(given) <= 3 or re.match(r"(?:distinct|all)\b", given[0], re.I):
        return None
    return _as_list(given[0], given[1])


def _extracted(given: list[str]) -> str | None:
    found = _DAY.match(given[0])
    return f"dayofweek({found[1].strip()})" if found else None


def _whole(given: list[str]) -> str | None:
    found = _TO_WHOLE.fullmatch(",".join(given).strip()) if casts.lenient else None
    return casts.whole(found[1].strip(), found[2]) if found else None


# What stands in the place of calls with these arguments; nothing for those that stay.
_CALLS: dict[str, Callable[[list[str]], str | None]] = {
    "percentile_approx": _percentile_of,
    "approx_percentile": _percentile_of,
    "datediff": lambda given: f"CAST(date_diff({', '.join(given)}) AS INT)" if len(given) == 2 else None,
    "initcap": lambda given: _WORDS.format(given[0]) if len(given) == 1 else None,
    "log": lambda given: f"ln({given[0]})" if len(given) == 1 else None,
    "extract": _extracted,
    "cast": _whole,
}
# Spark's words end with spaces only.
_WORDS = "array_join(transform(split(lower({}), ' '), _w -> concat(upper(left(_w, 1)), substring(_w, 2))), ' ')"
_MET = re.compile(rf"\b(?:{'|'.join(_CALLS)}|pivot|sets)\b", re.I)


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


def _days(name: str) -> Callable[[Any, Any], Any]:
    def days(end: Any, start: Any) -> Any:
        from pyspark.sql import functions as F  # noqa: N812

        columns = [F.col(one) if isinstance(one, str) else one for one in (end, start)]
        return F.call_function("date_diff", *columns).cast("int").alias(f"{name}({', '.join(map(_name, columns))})")

    return days


def _capitals(col: Any) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(col) if isinstance(col, str) else col
    parts = F.split(F.lower(column), " ")
    made = F.transform(parts, lambda word: F.concat(F.upper(F.left(word, F.lit(1))), F.substring(word, 2, 1 << 30)))
    return F.array_join(made, " ").alias(f"initcap({_name(column)})")


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
