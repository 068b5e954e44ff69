"""The parts of SQL statements that are taken over from Sail: `INSERT` and `CREATE TABLE` with all that they may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NAME = r"(?:`(?:[^`]|``)+`|[\w$]+)"
TABLE = rf"{NAME}(?:\s*\.\s*{NAME})*"
# What stands between words and is none itself.
_GAP = r"(?:\s|/\*.*?\*/|--[^\n]*(?:\n|\Z))*"
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`]|``)*`|--[^\n]*|/\*.*?\*/|[(),]|\w+", re.S)
_INSERT = re.compile(
    rf"{_GAP}insert{_GAP}(overwrite|into){_GAP}(?:table\b{_GAP})?(?!directory\b|local\b)({TABLE}){_GAP}", re.I | re.S
)
_PARTITION = re.compile(rf"partition{_GAP}(?=\()", re.I | re.S)
_UNLESS = re.compile(rf"if\s+not\s+exists\b{_GAP}", re.I)
_BY_NAME = re.compile(rf"by\s+name\b{_GAP}", re.I)
_KEY = re.compile(rf"\s*({NAME})\s*(?:=\s*(.*?))?\s*\Z", re.S)


@dataclass(frozen=True)
class Insert:
    """An `INSERT`: which keys it gives a value (as SQL) or leaves to the query, which columns the query is for, and all of it, with
    the query in one piece."""

    overwrites: bool
    table: str
    keys: list[tuple[str, str | None]] | None
    unless_there: bool
    columns: list[str] | None
    by_name: bool
    query: str
    text: str


def insert_of(text: str) -> Insert | None:
    """The parts of an `INSERT` into a table; nothing for another statement, or one that has a form that is not known.

    >>> insert_of("INSERT OVERWRITE TABLE a.b PARTITION (dt='x,y', hr) IF NOT EXISTS SELECT 1").keys
    [('dt', "'x,y'"), ('hr', None)]
    >>> insert_of("WITH w AS (SELECT 1 AS i) INSERT INTO t (i) SELECT i FROM w").query
    'WITH w AS (SELECT 1 AS i) SELECT i FROM w'
    """
    whole = text = text.strip().rstrip(";")
    named = ""
    if re.match(rf"{_GAP}with\b", text, re.I | re.S):
        at = next((at for word, depth, at in words(text) if word.lower() == "insert" and depth == 0), None)
        if at is None:
            return None
        named, text = text[:at], text[at:]
        whole = ""
    begin = _INSERT.match(text)
    if begin is None:
        return None
    rest, keys, columns = text[begin.end() :], None, None
    if found := _PARTITION.match(rest):
        inner, rest = enclosed(rest[found.end() :])
        told = [_KEY.match(entry) for entry in split(inner)]
        if not all(told):
            return None
        keys = [(bare(one[1]), one[2]) for one in told if one]
    unless = _UNLESS.match(rest)
    rest = rest[unless.end() :] if unless else rest
    by_name = _BY_NAME.match(rest)
    rest = rest[by_name.end() :] if by_name else rest
    if rest.startswith("("):
        inner, after = enclosed(rest)
        listed = [entry.strip() for entry in split(inner)]
        if after and all(re.fullmatch(NAME, entry) for entry in listed):
            columns, rest = [bare(entry) for entry in listed], after
    if not rest:
        return None
    # Sail takes what a query names before itself only within it.
    whole = whole or f"{text[: len(text) - len(rest)]}{named}{rest}"
    return Insert(begin[1].lower() == "overwrite", begin[2], keys, bool(unless), columns, bool(by_name), named + rest, whole)


def plain(text: str) -> str:
    """A statement without comments and the semicolon at its end.

    >>> plain("SHOW /* all */ TABLES -- '\\n IN `a--b`;")
    'SHOW   TABLES  \\n IN `a--b`'
    """
    return _TOKEN.sub(lambda found: " " if found[0][:2] in ("--", "/*") else found[0], text).strip().rstrip(";").rstrip()


def bare(name: str) -> str:
    """A name without its quotes."""
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words, parentheses and commas outside of quotes and comments: each with how deep in parentheses it is, and where."""
    depth = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        depth -= token == ")"
        if token in "()," or token[0].isalnum() or token[0] == "_":
            yield token, depth, found.start()
        depth += token == "("


def enclosed(text: str) -> tuple[str, str]:
    """What is in the parentheses that a text begins with, and what is behind them."""
    end = next((at for token, depth, at in words(text) if token == ")" and depth == 0), len(text))
    return text[1:end], re.sub(rf"\A{_GAP}", "", text[end + 1 :], flags=re.S)


def split(text: str, types: bool = False) -> list[str]:
    """What commas part; with `types`, none of those within a type's angles.

    >>> split("a struct<x: int, y: int>, b decimal(1, 2)", types=True)
    ['a struct<x: int, y: int>', ' b decimal(1, 2)']
    """
    marked = re.sub(r"[<>]", lambda found: {"<": "(", ">": ")"}[found[0]], text) if types else text
    cuts = [-1, *(at for token, depth, at in words(marked) if token == "," and depth == 0), len(text)]
    return [text[start + 1 : end] for start, end in zip(cuts, cuts[1:])]


@dataclass(frozen=True)
class Create:
    """A `CREATE TABLE` or `REPLACE TABLE`: its columns and partitions as SQL has them."""

    makes: bool
    replaces: bool
    unless_there: bool
    table: str
    columns: str | None
    provider: str | None
    parts: list[str]
    location: str | None
    properties: dict[str, str]
    query: str | None


_CREATE = re.compile(
    rf"{_GAP}(?:(create){_GAP}(?:(or){_GAP}replace{_GAP})?|(replace){_GAP})table\b{_GAP}"
    rf"(if\s+not\s+exists\b{_GAP})?({TABLE}){_GAP}",
    re.I | re.S,
)
_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_CLAUSE = re.compile(
    rf"(?:using{_GAP}(?P<provider>\w+)|partitioned{_GAP}by{_GAP}(?P<parts>\()|location{_GAP}(?P<location>{_STRING})|"
    rf"tblproperties{_GAP}(?P<properties>\()|comment{_GAP}(?P<comment>{_STRING})|as\b(?P<query>)|(?P<select>(?=select\b|with\b)))",
    re.I | re.S,
)
_PROPERTY = re.compile(rf"\s*({_STRING}|[\w.\-]+)\s*=?\s*({_STRING}|[\w.\-]+)\s*\Z", re.S)


def create_of(text: str) -> Create | None:
    """The parts of a statement that makes or replaces a table; nothing for another, or one that has a form that is not known.

    >>> create_of("CREATE OR REPLACE TABLE g.d.t USING iceberg PARTITIONED BY (days(ts), a) AS SELECT 1").parts
    ['days(ts)', 'a']
    """
    text = text.strip().rstrip(";")
    begin = _CREATE.match(text)
    if begin is None:
        return None
    rest = text[begin.end() :]
    parts: dict[str, Any] = {}
    if rest.startswith("("):
        parts["columns"], rest = enclosed(rest)
    while rest:
        clause = _CLAUSE.match(rest)
        if clause is None:
            return None
        kind, value = clause.lastgroup or "", clause[clause.lastgroup or 0]
        if kind in ("query", "select"):
            parts["query"] = rest[clause.end() :]
            break
        rest = rest[clause.end() - (value == "(") :]
        if value == "(":
            inner, rest = enclosed(rest)
            if kind == "parts":
                parts[kind] = [entry.strip() for entry in split(inner)]
                continue
            told = [_PROPERTY.match(entry) for entry in split(inner)]
            if not all(told):
                return None
            parts[kind] = parts.get(kind, {}) | {unquoted(one[1]): unquoted(one[2]) for one in told if one}
            continue
        if kind == "comment":
            parts["properties"] = {**parts.get("properties", {}), "comment": unquoted(value)}
        else:
            parts[kind] = unquoted(value) if kind == "location" else value
        rest = re.sub(rf"\A{_GAP}", "", rest, flags=re.S)
    return Create(
        makes=not begin[3],
        replaces=bool(begin[2] or begin[3]),
        unless_there=bool(begin[4]),
        table=begin[5],
        columns=parts.get("columns"),
        provider=parts.get("provider"),
        parts=parts.get("parts", []),
        location=parts.get("location"),
        properties=parts.get("properties", {}),
        query=parts.get("query"),
    )


def unquoted(text: str) -> str:
    """What a literal says.

    >>> unquoted("'it\\\\'s'")
    "it's"
    """
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.S) if text[:1] in "'\"" else text


_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([0-3][0-7]{2})|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}


def literal(text: str) -> str:
    """What a literal says, with the characters that it names.

    >>> literal("'a\\\\tb\\\\001'")
    'a\\tb\\x01'
    """

    def meant(found: re.Match[str]) -> str:
        number = int(found[1], 16) if found[1] else int(found[2], 8) if found[2] else None
        return chr(number) if number is not None else _LETTERS.get(found[3], found[3])

    return _ESCAPES.sub(meant, text[1:-1])
