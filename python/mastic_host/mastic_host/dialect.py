"""What Spark's SQL has and Sail lacks, or answers otherwise, in the terms of what Sail has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mastic_host import casts, functions, selects
from mastic_host.operands import Reader
from mastic_host.selects import items
from mastic_host.statements import NAME, bare, enclosed, quoted, split, words

_PIVOT = re.compile(r"\bfor\s+(\w+|`(?:[^`]|``)+`)\s+in\s*(?=\()", re.I)
_SETS = re.compile(r"\bgroup\s+by\s+(?!grouping\b)[\w\s,.`]+?\s+(?=grouping\s+sets\s*\()", re.I)
_MORE = re.compile(r"\s*(?:over|filter)\b", re.I)
_OVER = re.compile(r"\s*over\b\s*", re.I)
_NAME = re.compile(r"\w*")
_OF_CAST = re.compile(rf"(?:try_)?cast\s*\(\s*(?:{NAME}\s*\.\s*)*({NAME})\s+as\b.*", re.I | re.S)
_LAMBDA = re.compile(r"\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)\s*->\s*(.*)", re.S)
_LIST = re.compile(r"\s*array\s*(?=\()", re.I)
_TO_WHOLE = re.compile(r"(.*)\bas\s+(tinyint|byte|smallint|short|int|integer|bigint|long)", re.I | re.S)
_TO_DATE = re.compile(r"(.*)\bas\s+date", re.I | re.S)
_DAY = re.compile(r"\s*(?:dow|dayofweek)\s+from\b(.*)", re.I | re.S)


def install() -> None:
    """Makes SQL so."""
    from pyspark.sql.connect import expressions, plan

    for kind in (expressions.SQLExpression, plan.SQL):
        kind.__init__ = _rewriting(kind.__init__)


def _rewriting(begin: Any) -> Any:
    def beginning(made: Any, text: str, *arguments: Any, **more: Any) -> None:
        begin(made, rewritten(selects.rewritten(text)), *arguments, **more)

    return beginning


def rewritten(text: str) -> str:
    """SQL as Sail takes it.

    >>> rewritten("SELECT percentile_approx(a, 0.5, 100) FROM t")
    'SELECT try_element_at(sort_array(collect_list(a)), CAST(greatest(ceil(CAST((0.5) AS DOUBLE) * count(a)), 1) AS INT)) AS `percentile_approx(a, 0.5, 100)` FROM t'
    >>> rewritten("SELECT * FROM t PIVOT (sum(x) FOR k IN (1, 2))")
    'SELECT * FROM t PIVOT (sum(x) FOR (k) IN (1, 2))'
    >>> rewritten("SELECT a, b FROM t GROUP BY a, b GROUPING SETS ((a), (b))")
    'SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b))'
    >>> rewritten("SELECT log(datediff(a, 'datediff(b, c)')), EXTRACT(dow FROM d), log(2, x), date_diff(a, b)")
    "SELECT ln(CAST(date_diff(a, 'datediff(b, c)') AS INT)) AS `log(datediff(a, datediff(b, c)))`, \
dayofweek(d) AS `EXTRACT(dow FROM d)`, log(2, x), date_diff(a, b)"
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
    columns: dict[int, int] | None = None
    before = text
    for token, _, at in reversed(list(words(text))):
        name, behind = token.lower(), text[at + len(token) :].lstrip()
        if name not in _NAMES or not behind.startswith("("):
            continue
        inner, rest = enclosed(behind)
        more = _MORE.match(rest)
        if more and name in functions.LISTS:
            text = _compacted(text, at, rest)
            continue
        given = [one.strip() for one in split(inner)]
        # Over a window or with a filter they are Sail's.
        made = None if more else _CALLS[name](given) if name in _CALLS else functions.in_sql(name, given)
        if made is not None:
            columns = _columns(before) if columns is None else columns
            # What is behind may have changed, and what is before has not.
            alias = _alias(before[at : columns[at]]) if at in columns else ""
            text = text[:at] + made + alias + text[len(text) - len(behind) + len(inner) + 2 :]
    return text


def _columns(text: str) -> dict[int, int]:
    """Where columns without an alias begin and end that are one call."""
    reader = Reader(text)
    every = [(0, len(reader.tokens))]
    for select in (at for at, token in enumerate(reader.tokens) if token.low == "select"):
        every += [(one.start, one.end) for one in items(reader, select) if one.alias is None]
    calls = [(start, end) for start, end in every if reader.partner.get(start + 1) == end - 1]
    return {reader.token(start).start: reader.token(end - 1).end for start, end in calls}


def _alias(call: str) -> str:
    cast = _OF_CAST.fullmatch(call)
    return f" AS {quoted(bare(cast[1]) if cast else call.replace(chr(39), ''))}"


def _compacted(text: str, at: int, rest: str) -> str:
    """The text with a list over a window that begins there, and which `rest` follows, without nulls."""
    over = _OVER.match(rest)
    if over is None:
        return text
    behind = rest[over.end() :]
    behind = enclosed(behind)[1] if behind.startswith("(") else behind[len(_NAME.match(behind)[0]) :]
    end = len(text) - len(behind)
    return f"{text[:at]}{functions.in_sql('array_compact', [text[at:end].rstrip()])} {text[end:]}"


def _percentile_of(given: list[str]) -> str | None:
    if not 2 <= len(given) <= 3 or re.match(r"(?:distinct|all)\b", given[0], re.I):
        return None
    return _as_list(given[0], given[1])


def _extracted(given: list[str]) -> str | None:
    found = _DAY.match(given[0])
    return f"dayofweek({found[1].strip()})" if found else None


def _of_entries(given: list[str], put: str) -> str | None:
    """A map whose keys or values a lambda makes."""
    told = _LAMBDA.match(",".join(given[1:]))
    if told is None:
        return None
    made, entry = told[3], {"key": "_entry.key", "value": "_entry.value"}
    for name, reached in ((told[1], entry["key"]), (told[2], entry["value"])):
        spots = [at for word, _, at in words(made) if word.lower() == name.lower() and not made[:at].rstrip().endswith(".")]
        for at in reversed(spots):
            made = f"{made[:at]}{reached}{made[at + len(name) :]}"
    within = f"map_entries({given[0]}), _entry -> struct({put.format(made=made, **entry)})"
    return f"map_from_entries(transform({within}))"


def _cast(given: list[str]) -> str | None:
    whole = ",".join(given).strip()
    found = _TO_WHOLE.fullmatch(whole) if casts.lenient else None
    if found:
        return casts.whole(found[1].strip(), found[2])
    date = _TO_DATE.fullmatch(whole)
    return functions.in_sql("to_date", [date[1].strip()]) if date else None


# What stands in the place of calls with these arguments; nothing for those that stay.
_CALLS: dict[str, Callable[[list[str]], str | None]] = {
    "percentile_approx": _percentile_of,
    "approx_percentile": _percentile_of,
    "datediff": lambda given: f"CAST(date_diff({', '.join(given)}) AS INT)" if len(given) == 2 else functions.in_sql("datediff", given),
    "initcap": lambda given: _WORDS.format(given[0]) if len(given) == 1 else None,
    "log": lambda given: f"ln({given[0]})" if len(given) == 1 else None,
    "extract": _extracted,
    "cast": _cast,
    "try_cast": _cast,
    "transform_keys": lambda given: _of_entries(given, "{made}, {value}"),
    "transform_values": lambda given: _of_entries(given, "{key}, {made}"),
}
# Spark's words end with spaces only.
_WORDS = "array_join(transform(split(lower({}), ' '), _w -> concat(upper(left(_w, 1)), substring(_w, 2))), ' ')"
_NAMES = {*_CALLS, *functions.NAMES, *functions.LISTS}
_MET = re.compile(rf"\b(?:{'|'.join(sorted(_NAMES))}|pivot|sets)\b", re.I)


def _as_list(column: str, at: str) -> str:
    """A percentile, or several, as Spark finds them among few rows: a value that is there, in its own type."""
    several = _LIST.match(at)
    if several:
        return f"array({', '.join(_as_list(column, one.strip()) for one in split(enclosed(at[several.end() :])[0]))})"
    place = f"CAST(greatest(ceil(CAST(({at}) AS DOUBLE) * count({column})), 1) AS INT)"
    return f"try_element_at(sort_array(collect_list({column})), {place})"
