"""Aliases of a list of columns that later columns of the same list use: to Sail there are no such columns."""

from __future__ import annotations

import re
from typing import Any

from mastic_host.asking import Asker, relations, texts, within
from mastic_host.operands import Reader
from mastic_host.selects import items

_MISSING = re.compile(r'attribute ObjectName\(\[Identifier\("([^"]+)"\)\]\) is missing from the schema')


def repair(plan: Any, refused: str, asker: Asker) -> bool:
    """Puts what an alias is for in its place, where a plan was refused because there is no such column; whether it is one."""
    missing, changed = _MISSING.search(refused), False
    for relation in relations(plan) if missing else []:
        for message, field, _ in texts(relation):
            text = put(getattr(message, field), missing[1]) if missing else ""
            changed = changed or text != getattr(message, field)
            setattr(message, field, text)
        if missing and relation.WhichOneof("rel_type") == "project":
            changed = _put(list(relation.project.expressions), missing[1]) or changed
    return changed


def put(text: str, name: str) -> str:
    """SQL with what an alias is for in the place of the alias, in columns behind it.

    >>> put("SELECT a + 1 AS b, b * 2 c, f(x.b, b) FROM (SELECT b FROM t) x WHERE b > 1", "b")
    'SELECT a + 1 AS b, (a + 1) * 2 c, f(x.b, (a + 1)) FROM (SELECT b FROM t) x WHERE b > 1'
    """
    reader, edits = Reader(text), []
    for select in (at for at, token in enumerate(reader.tokens) if token.low == "select"):
        listed = items(reader, select)
        place = next((place for place, one in enumerate(listed) if (one.alias or "").lower() == name.lower()), None)
        if place is None:
            continue
        whole = f"({text[reader.token(listed[place].start).start : reader.token(listed[place].stop - 1).end]})"
        for one in listed[place + 1 :]:
            edits += [(reader.token(at), whole) for at in range(one.start, one.stop) if _is_alone(reader, at, name)]
    for token, whole in sorted(edits, key=lambda edit: -edit[0].start):
        text = text[: token.start] + whole + text[token.end :]
    return text


def _is_alone(reader: Reader, at: int, name: str) -> bool:
    token = reader.token(at)
    around = (reader.token(at - 1).text, reader.token(at + 1).text)
    return token.kind == "name" and token.low.strip("`") == name.lower() and around[0] != "." and around[1] not in (".", "(", "->")


def _put(columns: list[Any], name: str) -> bool:
    changed = False
    for place, column in enumerate(columns):
        if list(column.alias.name) != [name]:
            continue
        for one in (expression for later in columns[place + 1 :] for expression in [later, *within(later, "Expression")]):
            if one.unresolved_attribute.unparsed_identifier == name and not one.unresolved_attribute.HasField("plan_id"):
                one.CopyFrom(column.alias.expr)
                changed = True
    return changed
