"""`CACHE TABLE` and what else there is of it: rows are not kept, and so never older than their tables; the names are."""

from __future__ import annotations

import re
from typing import Any

from mastic_host import commands, refusals, tables
from mastic_host.asked import Asked
from mastic_host.statements import bare

# What the script has asked to be kept.
_names: set[str] = set()


def cache(asked: Asked, found: re.Match[str]) -> Any:
    """`CACHE [LAZY] TABLE name [AS query]`."""
    name, query = found[1], found[2]
    if query:
        if len(tables.parts(name)) > 1:
            raise refusals.syntax("It is not allowed to add catalog/namespace prefix to the table name in CACHE TABLE AS SELECT.")
        if asked.is_temporary(name):
            told = f"Cannot create the temporary view {name} because it already exists."
            raise refusals.analysis("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", told, "42P07")
        asked.query(query).createOrReplaceTempView(bare(name))
    keep(asked.session, name)
    return commands.nothing(asked.session)


def uncache(asked: Asked, found: re.Match[str]) -> Any:
    """`UNCACHE TABLE [IF EXISTS] name`."""
    forget(asked.session, found[2], bool(found[1]))
    return commands.nothing(asked.session)


def clear(asked: Asked, found: re.Match[str]) -> Any:
    """`CLEAR CACHE`."""
    forget_all()
    return commands.nothing(asked.session)


def refresh(asked: Asked, found: re.Match[str]) -> Any:
    """`REFRESH [TABLE] name`: nothing is kept."""
    if found[1]:
        demand(asked.session, found[1])
    return commands.nothing(asked.session)


def keep(session: Any, name: str) -> None:
    """Notes a table that is to be kept."""
    demand(session, name)
    _names.add(_whole(session, name))


def forget(session: Any, name: str, unless_gone: bool = False) -> None:
    """Notes one that is not, any more."""
    if not unless_gone or _whole(session, name) in _names:
        demand(session, name)
    _names.discard(_whole(session, name))


def is_kept(session: Any, name: str) -> bool:
    """Whether a table is to be kept."""
    demand(session, name)
    return _whole(session, name) in _names


def forget_all() -> None:
    """No table is to be kept any more."""
    _names.clear()


def demand(session: Any, name: str) -> None:
    """Raises AnalysisException if there is no such table or view."""
    if not session.catalog.tableExists(name):
        raise refusals.no_table(name)


def _whole(session: Any, name: str) -> str:
    named = [part.lower() for part in tables.parts(name)]
    if len(named) == 1 and not Asked(session, session.sql).is_temporary(name):
        named.insert(0, session.catalog.currentDatabase().lower())
    return ".".join(named)
