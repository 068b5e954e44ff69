"""Unix-style patterns of paths, as exclusions have them ("Include and exclude patterns", AWS Glue Developer Guide)."""

from __future__ import annotations

import json
import re
from typing import Any


def pattern(text: str) -> re.Pattern[str]:
    """The pattern: `*` within a folder, `**` across folders, `?`, `[a-c]`, `[!a]`, `{a,b}`, and a backslash before a
    character that is meant as it is.

    >>> bool(pattern("**/year=20{16,17}/*.csv").fullmatch("x/y/year=2016/a.csv"))
    True
    >>> bool(pattern("*.pdf").fullmatch("a/b.pdf"))
    False
    """
    out, at, braces = "", 0, 0
    while at < len(text):
        here = text[at]
        at += 1
        if here == "*":
            out += ".*" if text[at : at + 1] == "*" else "[^/]*"
            at += text[at : at + 1] == "*"
        elif here == "?":
            out += "[^/]"
        elif here == "[" and "]" in text[at + 1 :]:
            end = text.index("]", at + 1)
            inner = text[at:end].replace("\\", "\\\\").replace("^", "\\^")
            out += "[" + ("^" + inner[1:] if inner[:1] == "!" else inner) + "]"
            at = end + 1
        elif here == "{":
            out, braces = out + "(?:", braces + 1
        elif here == "}" and braces:
            out, braces = out + ")", braces - 1
        elif here == "," and braces:
            out += "|"
        elif here == "\\" and at < len(text):
            out += re.escape(text[at])
            at += 1
        else:
            out += re.escape(here)
    return re.compile(out + ")" * braces, re.DOTALL)


def listed(value: Any) -> list[str]:
    """Texts as options have them: a list, a list as JSON, or one text."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return [str(item) for item in json.loads(value)]
            except ValueError:
                pass
        return [value]
    return [str(item) for item in value]


def excluded(url: str, root: str, exclusions: list[str]) -> bool:
    """Whether one of the patterns is about a file that lies under `root`: by its whole URL, or by its path below that."""
    below = url.removeprefix(root).lstrip("/")
    return any(pattern(one).fullmatch(url if "://" in one else below) for one in exclusions)
