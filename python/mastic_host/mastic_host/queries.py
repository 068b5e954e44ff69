"""The tables that a query names, and what it asks of them: enough of SQL to put another name in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mastic_host.statements import NAME, TABLE, bare, words

_GAP = re.compile(r"(?:\s|/\*.*?\*/|--[^\n]*(?:\n|\Z))*", re.S)
_TABLE = re.compile(TABLE)
_ALIAS = re.compile(rf"(?:as\s+)?({NAME})", re.I)
_WITH = re.compile(rf"({NAME})\s*(?:\([^()]*\)\s*)?as\s*\(", re.I)
#: Functions with a FROM of their own.
_FUNCTIONS = {"extract", "trim", "substring", "substr", "overlay"}
#: Words that end a list of tables.
_AFTER = {
    "cluster", "distribute", "except", "group", "having", "intersect", "limit", "minus", "offset", "order", "pivot", "qualify",
    "select", "set", "sort", "union", "unpivot", "view", "when", "where", "window",
}  # fmt: skip
#: Words behind a table that are not its other name.
NO_ALIAS = _AFTER | {
    "anti", "cross", "for", "full", "inner", "join", "lateral", "left", "natural", "on", "right", "semi", "tablesample",
    "timestamp", "using", "values", "version",
}  # fmt: skip
#: Words in the place of a table that are none.
_NO_TABLE = {"from", "lateral", "select", "table", "unnest", "values", "with"}
_LITERAL = r"(?:'[^'\\]*'|-?\d+(?:\.\d+)?)"
_CONDITION = re.compile(
    rf"\s*(?:({NAME})\s*\.\s*)?({NAME})\s*"
    rf"((?:==|=|<=|>=|<>|!=|<|>)\s*{_LITERAL}|in\s*\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*\s*\)|between\s+{_LITERAL}\s+and\s+{_LITERAL})\s*",
    re.I,
)

@dataclass(frozen=True)
class Condition:
    """What rows must meet: whose column, if that is said, its name, and what is behind it in the text."""

    of: str | None
    column: str
    asked: str

@dataclass
class Named:
    """A table's name in a query, between two places of the text; its other name there, and the conditions that its rows must
    meet to count. `alone`: no other table is in the same list."""

    start: int
    end: int
    name: str
    alias: str | None
    alone: bool = True
    conditions: list[Condition] = field(default_factory=list)

def tables_of(text: str) -> list[Named]:
    """The tables that a query reads by their names, without those that it names itself.

    >>> [(one.name, one.alias) for one in tables_of("WITH w AS (SELECT 1) SELECT extract(year FROM d) FROM a.b x, w JOIN c ON 1 = 1")]
    [('a.b', 'x'), ('c', None)]
    >>> tables_of("SELECT * FROM t WHERE dt = 'x' AND n > 1 OR 1 = 1")[0].conditions
    []
    """
    own = {bare(name).lower() for name in _WITH.findall(text)}
    told = [one for block in _blocks(text) for one in block if one.name]
    return sorted((one for one in told if not re.fullmatch(NAME, one.name) or bare(one.name).lower() not in own), key=lambda one: one.start)

def _blocks(text: str) -> Iterator[list[Named]]:
    """The tables of each list of them, with the conditions that are about the list."""
    open_: dict[int, list[Named]] = {}
    listing: dict[int, bool] = {}
    functions: dict[int, bool] = {}
    before, open_list = "", False
    for token, depth, at in words(text):
        word = token.lower()
        expected = False
        if word == "(":
            listing[depth + 1], functions[depth + 1] = False, before in _FUNCTIONS
            if open_list and (found := _table(text, at + 1)):
                open_.setdefault(depth + 1, []).append(found)
                listing[depth + 1] = True
        elif word == ")":
            yield open_.pop(depth + 1, [])
        elif word == "from" and not functions.get(depth) and before not in ("distinct", "delete"):
            yield open_.pop(depth, [])
            listing[depth] = expected = True
        elif word == "join" or (word == "," and listing.get(depth)) or (word == "using" and before != ")" and _is_merge(text)):
            listing[depth] = expected = True
        elif word in _AFTER:
            listing[depth] = False
            if word == "where":
                _restrict(open_.get(depth, []), text[at + len(word) : _end(text, at, depth)])
        if expected and (found := _table(text, at + len(token))):
            open_.setdefault(depth, []).append(found)
        elif expected:
            # Rows of something else: a condition without a table's name may be about those.
            open_.setdefault(depth, []).append(Named(0, 0, "", None))
        before, open_list = word, expected
    for rest in open_.values():
        yield rest

def _is_merge(text: str) -> bool:
    return re.match(r"\s*merge\b", text, re.I) is not None

def _table(text: str, at: int) -> Named | None:
    start = _past(text, at)
    found = _TABLE.match(text, start)
    if found is None or found[0].isdigit() or found[0].lower() in _NO_TABLE:
        return None
    after = _past(text, found.end())
    if text[after : after + 1] == "(" or "/" in found[0]:
        # A function, or files by their path.
        return None
    alias = _ALIAS.match(text, after)
    named = alias is not None and (alias[0] != alias[1] or alias[1].lower() not in NO_ALIAS)
    return Named(start, found.end(), found[0], bare(alias[1]) if alias and named else None)

def _past(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at

def _end(text: str, start: int, depth: int) -> int:
    """Where the condition behind a `WHERE` ends."""
    for token, deep, at in words(text):
        if at > start and ((deep == depth and token.lower() in _AFTER) or (deep < depth and token == ")")):
            return at
    return len(text)

def _restrict(tables: list[Named], text: str) -> None:
    """Tells tables what a `WHERE` asks of them: of conditions that all must be met, those that compare a column with literals."""
    told = [one for one in tables if one.name]
    for one in told:
        one.alone = len(tables) == 1
    inner = [(token.lower(), at) for token, depth, at in words(text) if depth == 0]
    if any(token in ("or", "case", "not") for token, _ in inner):
        return
    cuts, between = [0], False
    for token, at in inner:
        if token == "and" and not between:
            cuts.append(at)
        between = token == "between" or (between and token != "and")
    for start, end in zip(cuts, [*cuts[1:], len(text)]):
        part = text[start:end]
        found = _CONDITION.fullmatch(part[3:] if start else part)
        for one in told if found else []:
            one.conditions.append(Condition(found[1] and bare(found[1]), bare(found[2]), found[3]))

def literals(asked: str) -> list[str]:
    """The literals of a condition.

    >>> literals("in ('a,b', 'c')"), literals("between 1 and 2"), literals("<= -3")
    (["'a,b'", "'c'"], ['1', '2'], ['-3'])
    """
    return re.findall(_LITERAL, asked)
