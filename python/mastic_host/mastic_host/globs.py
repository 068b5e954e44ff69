"""Patterns in folders of paths, as Spark has them: Sail finds nothing at those, without a word. Patterns of files' names are Sail's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from awsglue import _catalog

_PATTERN = re.compile(r"[*?\[{]")
_PLACE = re.compile(r"(s3[an]?://[^/]+/)(.*)", re.S)


def expanded(path: str) -> list[str]:
    """The path, or those that it stands for; none if nothing is there."""
    place = _PLACE.match(path)
    if place is None or not _PATTERN.search(place[2]):
        return [path]
    *folders, last = place[2].split("/")
    # A pattern in the end means folders as well as files.
    if _PATTERN.search(last) and "." not in last.rpartition("*")[2]:
        folders, last = [*folders, last], ""
    elif not any(_PATTERN.search(folder) for folder in folders):
        return [path]
    bucket = place[1].split("/")[2]
    found = [""]
    for folder in folders:
        if _PATTERN.search(folder):
            wanted = re.compile(regex(folder))
            found = [inner for outer in found for inner in _children(bucket, outer) if wanted.fullmatch(inner[len(outer) :].rstrip("/"))]
        else:
            found = [f"{outer.rstrip('/')}/{folder}/".lstrip("/") for outer in found]
    wanted = re.compile(regex(last) if last else ".*")
    kept = [inner for inner in found if not inner.endswith("/") or any(wanted.fullmatch(name) for name in _names(bucket, inner, last))]
    return [place[1] + inner + (last if inner.endswith("/") else "") for inner in kept]


def regex(pattern: str) -> str:
    r"""The regular expression of a pattern for one name.

    >>> [regex(one) for one in ("year=20*", "a?[0-9][^x]", "{a,b.c}", r"\*")]
    ['year=20.*', 'a.[0-9][^x]', '(?:a|b\\.c)', '\\*']
    """
    parts, depth = [], 0
    for token in re.findall(r"\\.|\[[^\]]+\]|.", pattern, re.S):
        if token in "{}":
            depth += 1 if token == "{" else -1
            parts.append("(?:" if token == "{" else ")")
        elif token == "," and depth:
            parts.append("|")
        elif token in "*?":
            parts.append(".*" if token == "*" else ".")
        elif len(token) > 1 and token[0] == "[":
            parts.append(token)
        else:
            parts.append(re.escape(token[-1]))
    return "".join(parts)


def _children(bucket: str, folder: str) -> Iterator[str]:
    """The keys and folders right in a folder."""
    for page in _pages(bucket, folder, Delimiter="/"):
        yield from (entry["Prefix"] for entry in page.get("CommonPrefixes", []))
        yield from (entry["Key"] for entry in page.get("Contents", []) if not entry["Key"].endswith("/"))


def _names(bucket: str, folder: str, last: str) -> Iterator[str]:
    """The names of what is in a folder; of all below it, where nothing more is said of them."""
    for page in _pages(bucket, folder, **({"Delimiter": "/"} if last else {})):
        found = [*(entry["Key"] for entry in page.get("Contents", [])), *(entry["Prefix"] for entry in page.get("CommonPrefixes", []))]
        yield from (key[len(folder) :].rstrip("/") for key in found if key != folder)


def _pages(bucket: str, folder: str, **more: Any) -> Iterator[dict[str, Any]]:
    asked = {"Bucket": bucket, "Prefix": folder, **more}
    client = _catalog.client("s3")
    while True:
        page = _catalog.call(client.list_objects_v2, **asked)
        yield page
        if not page.get("IsTruncated"):
            return
        asked["ContinuationToken"] = page["NextContinuationToken"]
