"""`approxQuantile`, which Sail does not have: exact, which is near enough for any error."""

from __future__ import annotations

from typing import Any

from mastic_host.statements import quoted


def install() -> None:
    """Makes frames answer it."""
    from pyspark.sql.connect.dataframe import DataFrame

    DataFrame.approxQuantile = _quantiles


def _quantiles(frame: Any, col: Any, probabilities: Any, relativeError: float) -> Any:  # noqa: N803
    from pyspark.sql import functions as F  # noqa: N812

    if not all(0 <= at <= 1 for at in probabilities) or relativeError < 0:
        raise ValueError("probabilities are from 0 to 1, and relativeError is not negative")
    columns = [col] if isinstance(col, str) else list(col)
    wanted = [F.expr(f"percentile_disc({at}D) WITHIN GROUP (ORDER BY {quoted(name)})") for name in columns for at in probabilities]
    row = frame.select(*(value.cast("double").alias(f"_{at}") for at, value in enumerate(wanted))).first()
    values = list(row) if wanted else []
    width = len(probabilities)
    found = [[value for value in values[start : start + width] if value is not None] for start in range(0, len(columns) * width, width or 1)]
    return found[0] if isinstance(col, str) else found
