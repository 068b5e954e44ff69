"""SQL commands that Sail does not have, or answers otherwise than Spark: `spark.sql` takes and answers them as Spark does.

Apache Spark behind Spark Connect answers so by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_COMMENTS = re.compile(r"\A(\s+|/\*.*?\*/|--[^\n]*(\n|\Z))*", re.S)
_NAME = r"(?:`(?:[^`]|``)+`|[\w$]+)"
_USE = re.compile(rf"use\s+(?:(?:database|schema|namespace)\s+)?(?:({_NAME})\s*\.\s*)?({_NAME})\s*;?\s*\Z", re.I)
_SET = re.compile(r"set\s+([\w.\-]+)\s*=\s*(.*?)\s*;?\s*\Z", re.I | re.S)
_VIEW = re.compile(rf"create\s+or\s+replace\s+view\s+({_NAME}(?:\s*\.\s*{_NAME})*)", re.I)
# Commands whose answer has no columns.
_SILENT = re.compile(r"(create|drop|alter|insert|truncate|comment\s+on|merge|update|delete)\b", re.I)


def answering(ask: Callable[..., Any], set_option: Callable[[Any, str, str], None]) -> Callable[..., Any]:
    """`SparkSession.sql` around the one that asks Spark; `set_option` takes a setting of a session."""
    def sql(session: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:  # noqa: N803
        text = begun(sqlQuery)
        if use := _USE.match(text):
            catalog, database = use.groups()
            if catalog is not None:
                session.catalog.setCurrentCatalog(catalog)
            session.catalog.setCurrentDatabase(database)
            return nothing(session)
        if option := _SET.match(text):
            key, value = option.groups()
            set_option(session, key, value)
            return session.createDataFrame([(key, value)], "key string, value string")
        # Most scripts have none of its statements.
        from mastic_host import hive

        taken = hive.answered(session, text, ask, () if args is None else (args,))
        if taken is not None:
            return taken
        if view := _VIEW.match(text):
            # Views of the Glue catalog are not replaced in one go.
            ask(session, f"drop view if exists {view[1]}")
            sqlQuery = re.sub(r"\bor\s+replace\s+", "", text, count=1, flags=re.I)
        answer = ask(session, sqlQuery, args, **kwargs)
        return nothing(session) if _SILENT.match(text) else answer

    return sql


def begun(text: str) -> str:
    """A statement without the comments before it."""
    return _COMMENTS.sub("", text, count=1)


def nothing(session: Any) -> Any:
    """The answer of a command: no rows, no columns."""
    from pyspark.sql.types import StructType

    return session.createDataFrame([], StructType([]))
