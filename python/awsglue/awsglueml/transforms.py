"""Transforms that AWS Glue trains models for, and detectors of sensitive data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, read
from awsglue._paths import ticked
from awsglue.dynamicframe._fields import place
from awsglue.transforms import GlueTransform
from awsglueml._detector import EntityDetector

if TYPE_CHECKING:
    from awsglue.dynamicframe import DynamicFrame

__all__ = ["EntityDetector", "FillMissingValues", "FindIncrementalMatches", "FindMatches"]

_NUMBERS = ("byte", "short", "int", "long", "float", "double", "decimal")
_FILL = "__fill"


class FillMissingValues(GlueTransform):
    """Fills the gaps of a column (null, in text also nothing) in a copy of it: with the mean of numbers, else with the
    most frequent value. AWS Glue trains a model for it."""

    def __call__(
        self, frame: DynamicFrame, missing_values_column: str, output_column: str = "", transformation_ctx: str = "",
        info: str = "", stageThreshold: int = 0, totalThreshold: int = 0,
    ) -> DynamicFrame:  # fmt: skip
        rows = frame._rows
        found = place(rows, missing_values_column)
        if found is None:
            there = ", ".join(field.name for field in rows.schema.fields)
            raise ValueError(f"FillMissingValues: there is no field {missing_values_column}; there are {there}")
        leaf = read(rows.schema, found)
        name = output_column or f"{leaf.name}_filled"
        value = leaf.column
        if leaf.of.typeName() == "string":
            value = F.when(value != "", value)
        if leaf.of.typeName() in _NUMBERS:
            mean = g.DoubleType() if leaf.of.typeName() != "decimal" else leaf.of
            filling = rows.df.agg(cast(F.avg(value), mean, leaf.of).alias(_FILL))
        else:
            counted = rows.df.filter(value.isNotNull()).groupBy(value.alias(_FILL)).agg(F.count("*").alias("__count"))
            filling = counted.orderBy(F.col("__count").desc(), F.col(_FILL)).limit(1).select(_FILL)
        joined = rows.df.join(filling, F.lit(True), "left")
        others = [one for one in rows.leaves if one.name != name]
        filled = Leaf(name, F.coalesce(value, F.col(ticked(_FILL))), leaf.of)
        made = rows.select([*others, filled], joined)
        return frame._next(made, transformation_ctx, info, stageThreshold, totalThreshold)


class _Missing(GlueTransform):
    instead = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self.name()} is not supported: {self.instead}")


class FindMatches(_Missing):
    """Finds records that mean the same."""

    instead = "there are no models that find matching records"


class FindIncrementalMatches(FindMatches):
    """Finds records that mean the same as earlier ones."""
