"""Lists of `SELECT` in SQL: what is in them, by whose names and numbers Spark lets other parts of a query be short."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from mastic_host.operands import ENDS, Reader

_MET = re.compile(r"\b(?:group|order)\s+by\s+all\b|\bi?like\s+(?:any|some|all)\b", re.I)
# Functions that make one value of many rows.
_AGGREGATES = {
    "any", "any_value", "approx_count_distinct", "approx_percentile", "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or",
    "collect_list", "collect_set", "corr", "count", "count_if", "covar_pop", "covar_samp", "every", "first", "first_value", "grouping",
    "grouping_id", "histogram_numeric", "kurtosis", "last", "last_value", "listagg", "max", "max_by", "mean", "median", "min", "min_by", "mode",
    "percentile", "percentile_approx", "percentile_cont", "percentile_disc", "product", "regr_count", "skewness", "some", "std", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "sum", "try_avg", "try_sum", "var_pop", "var_samp", "variance",
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """An expression in the list of a `SELECT`: its first token and the one behind its last, and its alias, if it has one."""

    start: int
    end: int
    alias: str | None
    #: The token behind the expression, before its alias.
    stop: int


def items(reader: Reader, select: int) -> list[Item]:
    """What a `SELECT` lists."""
    level = reader.levels[reader.around[select]]
    rest = level[bisect_right(level, select) :]
    rest = rest[1:] if rest and reader.token(rest[0]).low in ("distinct", "all") else rest
    stop = next((at for at, one in enumerate(rest) if reader.token(one).low in ENDS | {"from"}), len(rest))
    listed, found = rest[:stop], []
    end = rest[stop] if stop < len(rest) else (listed[-1] + 1 if listed else select + 1)
    cuts = [one for one in listed if reader.token(one).text == ","]
    for start, after in zip([listed[0] if listed else end, *(one + 1 for one in cuts)], [*cuts, end]):
        alias, last = _alias(reader, start, after)
        found.append(Item(start, after, alias, last))
    return found


def _alias(reader: Reader, start: int, end: int) -> tuple[str | None, int]:
    last, before = reader.token(end - 1), reader.token(end - 2)
    if end - start < 2 or not reader.is_name(end - 1) or before.text == ".":
        return None, end
    if before.low == "as":
        return last.text.strip("`"), end - 2
    ends = before.kind in ("text", "number") or before.text in (")", "]") or before.low == "end" or reader.is_name(end - 2)
    return (last.text.strip("`"), end - 1) if ends else (None, end)


def rewritten(text: str) -> str:
    """SQL without `GROUP BY ALL`, `ORDER BY ALL` and `LIKE ANY`.

    >>> rewritten("SELECT s, upper(s) u, count(*) FROM t GROUP BY ALL ORDER BY ALL DESC")
    'SELECT s, upper(s) u, count(*) FROM t GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC, 3 DESC'
    >>> rewritten("SELECT sum(i) FROM t GROUP BY ALL"), rewritten("SELECT 'group by all' FROM t WHERE NOT a.s LIKE ANY ('a%', x)")
    ('SELECT sum(i) FROM t', "SELECT 'group by all' FROM t WHERE NOT (a.s LIKE 'a%' OR a.s LIKE x)")
    """
    if not _MET.search(text):
        return text
    reader = Reader(text)
    edits = [edit for at in range(len(reader.tokens)) for edit in [_all(reader, at) or _any(reader, at)] if edit]
    for start, end, put in reversed(edits):
        text = text[:start] + put + text[end:]
    return text.rstrip() if edits else text


def _all(reader: Reader, at: int) -> tuple[int, int, str] | None:
    """What stands in the place of `ALL` behind `GROUP BY` or `ORDER BY`."""
    clause = reader.token(at - 2).low
    if reader.token(at).low != "all" or reader.token(at - 1).low != "by" or clause not in ("group", "order"):
        return None
    level = reader.levels[reader.around[at]]
    select = next((one for one in reversed(level[: bisect_right(level, at)]) if reader.token(one).low == "select"), None)
    listed = items(reader, select) if select is not None else []
    if not listed or any(reader.token(one.end - 1).text == "*" for one in listed):
        return None
    places = [place for place, one in enumerate(listed, 1) if clause == "order" or not _aggregates(reader, one)]
    more, after = "", at + 1
    while clause == "order" and reader.token(after).low in ("asc", "desc", "nulls", "first", "last"):
        more, after = f"{more} {reader.token(after).text}", after + 1
    start = reader.token(at if places else at - 2).start
    return start, reader.token(after - 1).end, ", ".join(f"{place}{more}" for place in places)


def _aggregates(reader: Reader, item: Item) -> bool:
    for at in range(item.start, item.stop):
        if reader.token(at).low in _AGGREGATES and reader.token(at + 1).text == "(" and at + 1 in reader.partner:
            after = reader.partner[at + 1] + 1
            if reader.token(after).low == "filter" and after + 1 in reader.partner:
                after = reader.partner[after + 1] + 1
            if reader.token(after).low != "over":
                return True
    return False


def _any(reader: Reader, at: int) -> tuple[int, int, str] | None:
    """What stands in the place of `a LIKE ANY (...)`."""
    word, which = reader.token(at).low, reader.token(at + 1).low
    end = reader.partner.get(at + 2)
    if word not in ("like", "ilike") or which not in ("any", "some", "all") or reader.token(at + 2).text != "(" or end is None:
        return None
    negated = reader.token(at - 1).low == "not"
    left, _ = reader.before(at - 1 - negated)
    if left is None:
        return None
    commas = [one for one in reader.levels[at + 2] if reader.token(one).text == ","]
    patterns = [
        reader.text[reader.token(start).start : reader.token(stop - 1).end]
        for start, stop in zip([at + 3, *(one + 1 for one in commas)], [*commas, end])
    ]
    sign = f"{'NOT ' if negated else ''}{word.upper()}"
    joined = (" AND " if which == "all" else " OR ").join(f"{reader.text[left.start : left.end]} {sign} {one}" for one in patterns)
    return left.start, reader.token(end).end, f"({joined})"
