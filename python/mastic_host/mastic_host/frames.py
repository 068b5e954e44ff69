"""Methods of frames and their writers that Sail lacks, or answers otherwise than Spark."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from mastic_host import functions
from mastic_host.statements import quoted

_STATISTICS = ("count", "mean", "stddev", "min", "25%", "50%", "75%", "max")
_DESCRIBED = ("count", "mean", "stddev", "min", "max")


def install() -> None:
    """Makes frames answer them."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.readwriter import DataFrameWriter

    join, union, summary = DataFrame.join, DataFrame.unionByName, DataFrame.summary

    def joining(frame: Any, other: Any, on: Any = None, how: str | None = None) -> Any:
        # To Spark a cross join with a condition is an inner one.
        return join(frame, other, on, "inner" if on is not None and (how or "").lower() == "cross" else how)

    def uniting(frame: Any, other: Any, allowMissingColumns: bool = False) -> Any:  # noqa: N803
        return union(*(_with_all(frame, other) if allowMissingColumns else (frame, other)))

    def summing(frame: Any, *statistics: str) -> Any:
        return _summary(summary, frame, statistics or _STATISTICS)

    def describing(frame: Any, *cols: Any) -> Any:
        names = [name for one in cols for name in ([one] if isinstance(one, str) else one)]
        return _summary(summary, frame.select(*map(quoted, names)) if names else frame, _DESCRIBED)

    DataFrame.join, DataFrame.unionByName, DataFrame.summary, DataFrame.describe = joining, uniting, summing, describing
    DataFrame.intersectAll = _intersection
    DataFrame.corr = lambda frame, col1, col2, method=None: _of_both(frame, "corr", col1, col2)
    DataFrame.cov = lambda frame, col1, col2: _of_both(frame, "covar_samp", col1, col2)
    DataFrame.crosstab = _crosstab
    DataFrameWriter.bucketBy, DataFrameWriter.sortBy = _not_spread("bucketBy"), _not_spread("sortBy")


def _not_spread(name: str) -> Callable[..., Any]:
    """A method of writers that says where rows go in which file, and nothing of the rows."""

    def spreading(writer: Any, *_: Any) -> Any:
        print(f"`{name}` does nothing here: tables have no buckets", file=sys.stderr)
        return writer

    return spreading


def _with_all(left: Any, right: Any) -> tuple[Any, Any]:
    """Both with the columns that either has. Sail says that what one lacks has no type."""
    return _with(left, right), _with(right, left)


def _with(frame: Any, other: Any) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    there = {name.lower() for name in frame.columns}
    missing = [field for field in other.schema.fields if field.name.lower() not in there]
    return frame.select("*", *(F.lit(None).cast(field.dataType).alias(field.name) for field in missing)) if missing else frame


def _intersection(left: Any, right: Any) -> Any:
    """Rows as often as both have them; Sail keeps all of the first."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812

    def counted(frame: Any) -> Any:
        alike = Window.partitionBy(*map(quoted, frame.columns)).orderBy(F.lit(1))
        return frame.select("*", F.row_number().over(alike).alias("_mastic_number"))

    return counted(left).intersect(counted(right)).drop("_mastic_number")


def _of_both(frame: Any, function: str, *columns: str) -> float:
    """What a function of two columns is; null counts as zero, as in Spark."""
    from pyspark.sql import functions as F  # noqa: N812

    given = [F.coalesce(F.col(one).cast("double"), F.lit(0.0)) for one in columns]
    found = frame.agg(getattr(F, function)(*given)).first()[0]
    return float("nan") if found is None else float(found)


def _crosstab(frame: Any, col1: str, col2: str) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    first, second = (F.coalesce(F.col(one).cast("string"), F.lit("null")) for one in (col1, col2))
    pairs = frame.select(first.alias(f"{col1}_{col2}"), second.alias("_mastic_other"))
    others = sorted(row[0] for row in pairs.select("_mastic_other").distinct().collect())
    return pairs.groupBy(f"{col1}_{col2}").pivot("_mastic_other", others).count().fillna(0)


def _summary(summary: Any, frame: Any, statistics: tuple[str, ...]) -> Any:
    """The rows of a summary, which are few: Sail takes conditions on them for ones on what they are made of, knows no order of them,
    and its percentiles are in the middle between two values, where Spark's are values that are there."""
    from pyspark.sql import functions as F  # noqa: N812

    percentages = [one for one in statistics if one.endswith("%")]
    # One at least gives the names of the columns.
    made = summary(frame, *dict.fromkeys(["count", *(one for one in statistics if one not in percentages)]))
    rows = {row[0]: list(row) for row in made.collect()}
    kinds = dict(frame.dtypes)

    def among(name: str, percentage: str) -> Any:
        column = F.col(quoted(name))
        column = column.cast("double") if kinds[name] == "string" else column
        return functions.percentile(column, float(percentage[:-1]) / 100).cast("string")

    wanted = [among(name, one).alias(f"_{at}") for at, one in enumerate(percentages) for name in made.columns[1:]]
    found = iter(frame.agg(*wanted).first() if wanted else [])
    for one in percentages:
        rows[one] = [one, *(next(found) for _ in made.columns[1:])]
    return frame.sparkSession.createDataFrame([rows[one] for one in statistics], ", ".join(f"{quoted(name)} string" for name in made.columns))
