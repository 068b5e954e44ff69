"""Steps of recipes as generated scripts take them (AWS Glue DataBrew Developer Guide: "Recipe step and function reference").

`DataCleaning.UpperCase.apply(data_frame, glue_context, transformation_ctx, source_column="name")` is the step `UPPER_CASE` with the
parameter `sourceColumn`. The engine of visual jobs does the steps, those that follow each other in one go, when something asks
for more of the frame than the next step. It refuses what it does not have by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame

__all__ = ["Column", "ColumnStructure", "DataCleaning", "DataQuality", "DataStructure", "DateTimeFunctions", "MathFunctions"]


class Prepared:
    """The frame that steps make of another one: a DataFrame to all that look at it."""

    def __init__(self, before: DataFrame, glue_context: Any, context: str, steps: list[dict[str, Any]]) -> None:
        self._before, self._glue_context, self._context, self._steps = before, glue_context, context, steps

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._made)

    @cached_property
    def _made(self) -> DataFrame:
        return self._glue_context._prepare(self._before, self._steps, self._context)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def __getitem__(self, name: Any) -> Any:
        return self._made[name]

    def then(self, glue_context: Any, context: str, step: dict[str, Any]) -> Prepared:
        """One step more."""
        return Prepared(self._before, glue_context, context, [*self._steps, step])


class _Operation:
    """One kind of step."""

    def __init__(self, name: str) -> None:
        self._name = name

    def apply(
        self,
        data_frame: DataFrame,
        glue_context: Any,
        transformation_ctx: str = "",
        condition_expressions: Sequence[dict[str, Any]] = (),
        **parameters: Any,
    ) -> DataFrame:
        """What the step makes of a frame."""
        given = {_camel(name): _text(value) for name, value in parameters.items() if value is not None}
        step: dict[str, Any] = {"Action": {"Operation": self._name, "Parameters": given}}
        if condition_expressions:
            step["ConditionExpressions"] = [dict(one) for one in condition_expressions]
        if type(data_frame) is Prepared:
            return data_frame.then(glue_context, transformation_ctx, step)  # type: ignore[return-value]
        return Prepared(data_frame, glue_context, transformation_ctx, [step])  # type: ignore[return-value]


class _Group(type):
    """Operations by their names: `SplitColumnFromEnd`, and `RenameColumn` among those of columns."""

    def __getattr__(cls, name: str) -> _Operation:
        if not re.fullmatch("[A-Z][A-Za-z]*", name):
            raise AttributeError(name)
        words = re.findall("[A-Z][a-z]*", name)
        if cls.__name__ == "Column" and len(words) > 1 and words[-1] == "Column":
            words.pop()
        return _Operation("_".join(word.upper() for word in words))


class Column(metaclass=_Group):
    """The group "Basic column recipe steps"."""


class ColumnStructure(metaclass=_Group):
    """The group "Column structure recipe steps"."""


class DataCleaning(metaclass=_Group):
    """The group "Data cleaning recipe steps"."""


class DataQuality(metaclass=_Group):
    """The group "Data quality recipe steps"."""


class DataStructure(metaclass=_Group):
    """The group "Data structure recipe steps"."""


class DateTimeFunctions(metaclass=_Group):
    """The group "Date and time functions"."""


class MathFunctions(metaclass=_Group):
    """The group "Mathematical functions"."""


def _camel(name: str) -> str:
    """`sourceColumn` of `source_column`."""
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
