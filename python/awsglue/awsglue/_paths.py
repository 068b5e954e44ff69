"""Paths of fields, as scripts write them: dots between names, back-ticks around a name with dots, `[]` behind arrays."""

from __future__ import annotations

from collections.abc import Iterable

Path = tuple[str, ...]

#: The step from an array to its elements, and from a map to its values.
EACH, VALUES = "[]", "{}"


def parse(text: str) -> Path:
    """The steps of a path.

    Raises ValueError for an empty name or a back-tick without its partner.
    """
    steps: list[str] = []
    name, at, ticked = "", 0, False
    while at < len(text):
        if text[at] == "`" and not name and not ticked:
            name, at = _ticked(text, at + 1)
            ticked = True
        elif text[at] == ".":
            _finish(steps, name, text, ticked)
            name, at, ticked = "", at + 1, False
            if at == len(text):
                raise ValueError(f"the path {text!r} ends with a dot")
        elif text.startswith(EACH, at) and (at + 2 == len(text) or text[at + 2] in ".["):
            if name or ticked:
                _finish(steps, name, text, ticked)
            elif not steps:
                raise ValueError(f"the path {text!r} begins with {EACH}")
            steps.append(EACH)
            name, at, ticked = "", at + 2, False
            if at < len(text) and text[at] == ".":
                at += 1
        else:
            name, at = name + text[at], at + 1
    if name or ticked or not steps:
        _finish(steps, name, text, ticked)
    return tuple(steps)


def _ticked(text: str, at: int) -> tuple[str, int]:
    name = ""
    while at < len(text):
        if text[at] != "`":
            name, at = name + text[at], at + 1
        elif text.startswith("``", at):
            name, at = name + "`", at + 2
        else:
            return name, at + 1
    raise ValueError(f"the path {text!r} has a back-tick without its partner")


def _finish(steps: list[str], name: str, text: str, ticked: bool) -> None:
    if not name and not ticked:
        raise ValueError(f"the path {text!r} has an empty name")
    steps.append(name)


def names(path: Path) -> Path:
    """The path without the steps into arrays: it leads through them by itself."""
    return tuple(step for step in path if step != EACH)


def ticked(name: str) -> str:
    """A name as Spark takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def text(path: Iterable[str]) -> str:
    """A path as scripts write it."""
    out = ""
    for step in path:
        if step in (EACH, VALUES):
            out += step
        else:
            plain = step if step and not set(step) & set(".`[") else ticked(step)
            out += ("." if out else "") + plain
    return out


def listed(paths: str | Iterable[str]) -> list[str]:
    """One path or several: scripts give either."""
    return [paths] if isinstance(paths, str) else list(paths)
