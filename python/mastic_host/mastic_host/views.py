"""Temporary views as Spark has them: their names in any case, whose case Sail minds. And what a query makes of views whose rows
the runner's engine can work out by itself, so that it need not be asked of Sail.
"""

from __future__ import annotations

import re
from typing import Any

from awsglue import _native

from mastic_host import casts, file_names
from mastic_host.statements import NAME, bare

_views: dict[str, dict[str, Any]] = {}

_QUERY = re.compile(r"\s*(select|with)\b", re.I)
_MADE = re.compile(rf"\s*create\s+(or\s+replace\s+)?temp(?:orary)?\s+view\s+({NAME})\s+as\b(.*)", re.I | re.S)
# Statements after which a view may be another one, or none.
_NAMING = re.compile(r"\b(view|table|cache|uncache)\b", re.I)
# Settings that say how Spark works and not what it answers.
_TUNING = re.compile(r"spark\.sql\.(shuffle|adaptive|files|parquet|autoBroadcastJoinThreshold|broadcastTimeout|sources|ansi\.|"
                     r"catalog|extensions|execution\.arrow|debug|ui|warehouse|hive|legacy\.timeParserPolicy)", re.I)
_own = False


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session: the engine has none, and leaves queries under one of Spark's to Spark."""
    global _own
    as_the_engine = (key, value) == ("spark.sql.session.timeZone", "UTC")
    _own = _own or (key.lower().startswith("spark.sql.") and not _TUNING.match(key) and not as_the_engine)


def install(native: bool) -> None:
    """Makes the session find views by names in any case; with `native`, lets the engine have queries over its sources."""
    from pyspark.sql.connect.catalog import Catalog
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.session import SparkSession
    from pyspark.sql.connect.udf import UDFRegistration
    from pyspark.sql.types import StructType

    for method in ("createOrReplaceTempView", "createTempView", "registerTempTable"):
        if hasattr(DataFrame, method):
            setattr(DataFrame, method, _noting(getattr(DataFrame, method)))
    Catalog.dropTempView = _dropping(Catalog.dropTempView)
    UDFRegistration.register = _registering(UDFRegistration.register)
    sql = SparkSession.sql

    def with_views(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        names = _spelled(sqlQuery)
        for name in names:
            _spell(name)
        made = _MADE.match(sqlQuery) if native and file_names.FUNCTION.search(sqlQuery) else None
        if made:
            frame = session.sql(made[3], *arguments, **more)
            (frame.createOrReplaceTempView if made[1] else frame.createTempView)(bare(made[2]))
            return session.createDataFrame([], StructType([]))
        named = file_names.in_query(sqlQuery, _frames(names)) if native else None
        if named is not None:
            return sql(session, named, *arguments, **more).drop(file_names.QUERIED)
        answer = sql(session, sqlQuery, *arguments, **more)
        if not _QUERY.match(sqlQuery) and _NAMING.search(sqlQuery):
            for name in names:
                _views.pop(name.lower(), None)
        elif native and casts.lenient and not _own and not (arguments or more) and _QUERY.match(sqlQuery):
            _native.note(answer, _native.query(sqlQuery, _frames(names)))
        return answer

    SparkSession.sql = with_views


def is_one(name: str) -> bool:
    """Whether a name is a view's."""
    return name.lower() in _views


def _frames(names: set[str]) -> dict[str, Any]:
    """The frames behind views."""
    return {name: _views[name.lower()]["frame"] for name in sorted(names)}


def _noting(create: Any) -> Any:
    def created(frame: Any, name: str) -> None:
        create(frame, name)
        # A view of the same name in another case is this one from now on.
        _views[name.lower()] = {"frame": frame, "create": create, "names": {name}}

    return created


def _dropping(drop: Any) -> Any:
    def dropped(catalog: Any, viewName: str) -> Any:  # noqa: N803
        _views.pop(viewName.lower(), None)
        return drop(catalog, viewName)

    return dropped


def _registering(register: Any) -> Any:
    def registered(*given: Any, **more: Any) -> Any:
        global _own
        # It may have the name of one that the engine has.
        _own = True
        return register(*given, **more)

    return registered


def _spelled(query: str) -> set[str]:
    """The names in a query that are a view's."""
    return {word for word in re.findall(r"\w+", query) if word.lower() in _views}


def _spell(name: str) -> None:
    """Makes the view known by this spelling, too."""
    view = _views[name.lower()]
    if name not in view["names"]:
        view["create"](view["frame"], name)
        view["names"].add(name)
