"""Steps of recipes, as generated scripts name them, in the words of the engine."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql.connect.dataframe import DataFrame as ConnectFrame
from recipe_transforms import Column, ColumnStructure, DataCleaning, MathFunctions

from awsglue.dynamicframe import DynamicFrame


class Context:
    """A GlueContext that notes the steps, and answers the frame as it was."""

    def __init__(self):
        self.asked = []

    def _prepare(self, frame, steps, context):
        self.asked.append((steps, context))
        return frame


def test_steps_wait_and_go_together(spark):
    before, context = spark.createDataFrame([(1, "a")], "id int, name string"), Context()
    first = DataCleaning.UpperCase.apply(
        data_frame=before, glue_context=context, transformation_ctx="r-df1", source_column="name",
        condition_expressions=[{"Condition": "IS", "Value": "a", "TargetColumn": "name"}],
    )  # fmt: skip
    second = ColumnStructure.SplitColumnSingleDelimiter.apply(
        data_frame=first, glue_context=context, transformation_ctx="r-df2", source_column="name", pattern=" ", limit=1,
        include_in_split=True,
    )  # fmt: skip
    assert context.asked == []
    frame = DynamicFrame.fromDF(second, context, "r")
    assert [field.name for field in frame.schema()] == ["id", "name"] and frame.count() == 1
    [(steps, name)] = context.asked
    assert name == "r-df2"
    assert steps == [
        {"Action": {"Operation": "UPPER_CASE", "Parameters": {"sourceColumn": "name"}},
         "ConditionExpressions": [{"Condition": "IS", "Value": "a", "TargetColumn": "name"}]},
        {"Action": {"Operation": "SPLIT_COLUMN_SINGLE_DELIMITER", "Parameters": {
            "sourceColumn": "name", "pattern": " ", "limit": "1", "includeInSplit": "true"}}},
    ]  # fmt: skip


def test_what_comes_of_steps_is_a_frame(spark):
    before, context = spark.createDataFrame([(1, "a")], "id int, name string"), Context()
    made = Column.RenameColumn.apply(before, context, "r", source_column="id", target_column="key")
    assert isinstance(made, DataFrame) and isinstance(made, ConnectFrame)
    assert made.columns == ["id", "name"] and made["id"] is not None
    assert made.join(before, "id").count() == 1 and before.join(made, "id").count() == 1
    assert [step["Action"]["Operation"] for steps, _ in context.asked for step in steps] == ["RENAME"]


def test_names(spark):
    context = Context()
    for operation, name in ((MathFunctions.SquareRoot, "SQUARE_ROOT"), (Column.DeleteColumn, "DELETE"), (Column.Sort, "SORT")):
        operation.apply(spark.range(1), context).count()
        assert context.asked[-1][0][0]["Action"]["Operation"] == name
    with pytest.raises(AttributeError):
        DataCleaning.upper_case  # noqa: B018
