"""Names of temporary views in any case, as Spark has them: Sail minds their case."""

from __future__ import annotations

import re
from typing import Any

_views: dict[str, dict[str, Any]] = {}


def install() -> None:
    """Makes the session find views by names in any case."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.session import SparkSession

    for method in ("createOrReplaceTempView", "createTempView", "registerTempTable"):
        if hasattr(DataFrame, method):
            setattr(DataFrame, method, _noting(getattr(DataFrame, method)))
    sql = SparkSession.sql

    def with_views(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        for name in _spelled(sqlQuery):
            _spell(name)
        return sql(session, sqlQuery, *arguments, **more)

    SparkSession.sql = with_views


def _noting(create: Any) -> Any:
    def created(frame: Any, name: str) -> None:
        create(frame, name)
        # A view of the same name in another case is this one from now on.
        _views[name.lower()] = {"frame": frame, "create": create, "names": {name}}

    return created


def _spelled(query: str) -> set[str]:
    """The names in a query that are a view's."""
    return {word for word in re.findall(r"\w+", query) if word.lower() in _views}


def _spell(name: str) -> None:
    """Makes the view known by this spelling, too."""
    view = _views[name.lower()]
    if name not in view["names"]:
        view["create"](view["frame"], name)
        view["names"].add(name)
