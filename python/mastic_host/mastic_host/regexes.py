"""Regular expressions with what Sail's cannot have, and Java's have: looking ahead and behind, and groups referred to in the pattern.
Functions with such a pattern are computed by Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_BEYOND = re.compile(r"\(\?(?:=|!|<=|<!|>)|(?<!\\)(?:\\\\)*\\[1-9k]")
# Groups have names in another way, and what is put in their place too.
_NAMED = re.compile(r"\(\?<(?![=!])")
_NAMED_BEFORE = re.compile(r"\\k<(\w+)>")
#: In what is put in the place of a match: a character behind a backslash, a group's number, a group's name.
PLACES = re.compile(r"\\(.)|\$(\d{1,2})|\$\{(\w+)\}")
# Which of them the session knows.
_known: set[tuple[str, str]] = set()


def is_beyond(pattern: str | None) -> bool:
    """Whether Sail has not got what a pattern uses."""
    return pattern is not None and _BEYOND.search(pattern) is not None


def may_match_nothing(pattern: str | None) -> bool:
    """Whether a pattern matches where nothing is; Sail parts a text before its first character by one."""
    try:
        return pattern is not None and compiled(pattern).match("") is not None
    except re.error:
        return False


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Java's.

    >>> compiled(r"(?<a>x)\\k<a>").sub("-", "xxx"), compiled("(?<=a)b").sub("-", "ab")
    ('-x', 'a-')
    """
    return re.compile(_NAMED_BEFORE.sub(r"(?P=\1)", _NAMED.sub("(?P<", pattern)))


def replace(of: str | None, pattern: str | None, put: str | None) -> str | None:
    """As `regexp_replace`.

    >>> replace("fooBarBaz", "(?<!^)([A-Z])", "_$1")
    'foo_Bar_Baz'
    """
    if of is None or pattern is None or put is None:
        return None

    def placed(match: re.Match[str]) -> str:
        return PLACES.sub(lambda one: one[1] or match[int(one[2]) if one[2] else one[3]] or "", put)

    return compiled(pattern).sub(placed, of)


def extract(of: str | None, pattern: str | None, group: int = 1) -> str | None:
    """As `regexp_extract`."""
    if of is None or pattern is None:
        return None
    found = compiled(pattern).search(of)
    return (found[group] or "") if found else ""


def like(of: str | None, pattern: str | None) -> bool | None:
    """As `rlike`."""
    return None if of is None or pattern is None else compiled(pattern).search(of) is not None


def split(of: str | None, pattern: str | None, most: int = -1) -> list[str] | None:
    """As `split`: what matches nothing at the start parts nothing, as in Java.

    >>> split("fooBar", "(?=[A-Z])"), split("Foo,Bar", "(?=[F,])", 2)
    (['foo', 'Bar'], ['Foo', ',Bar'])
    >>> split("abc", ""), split("a|", "|"), split("", "x")
    (['a', 'b', 'c'], ['a', '|', ''], [''])
    """
    if of is None or pattern is None:
        return None
    if pattern == "" and of and most <= 0:
        return list(of)
    parts, start = [], 0
    for found in compiled(pattern).finditer(of):
        if found.end() == 0:
            continue
        if most > 0 and len(parts) == most - 1:
            break
        parts.append(of[start : found.start()])
        start = found.end()
    return [*parts, of[start:]]


_BY_PYTHON: dict[str, tuple[Callable[..., Any], str]] = {
    "regexp_replace": (replace, "string"), "regexp_extract": (extract, "string"), "rlike": (like, "boolean"), "split": (split, "array<string>"),
}  # fmt: skip


def by_python(name: str) -> str:
    """The name of a function of the session that computes as one of these, with any pattern."""
    from pyspark.sql import SparkSession

    session, (function, of) = SparkSession.getActiveSession(), _BY_PYTHON[name]
    own = f"_mastic_{name}"
    if session is not None and (session.session_id, own) not in _known:
        session.udf.register(own, function, of)
        _known.add((session.session_id, own))
    return own
