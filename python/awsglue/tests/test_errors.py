"""Records on which functions fail, and what comes of them."""

import os
import sys

import pytest
from conftest import rows
from pyspark import cloudpickle

from awsglue.dynamicframe import DynamicFrame, ErrorThresholdExceeded
from awsglue.transforms import ErrorsAsDynamicFrame

# A server elsewhere does not have this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def failing(record):
    record["touched"] = True
    if record["n"] % 2:
        raise ValueError(f"{record['n']} is odd")
    return record


@pytest.fixture(scope="module")
def numbers(frame):
    return frame([(n, {"a": str(n)}) for n in range(6)], "n long, s struct<a:string>")


def test_records_that_fail_are_left_out_and_kept_aside(numbers):
    made = numbers.map(failing, info="about it")
    assert made.count() == 3
    assert (made.errorsCount(), made.stageErrorsCount()) == (3, 3)
    errors = ErrorsAsDynamicFrame.apply(made)
    assert errors.count() == 3
    told = min((row["error"] for row in errors.toDF().collect()), key=lambda one: one["msg"])
    names = ["callsite", "msg", "stackTrace", "input", "bytesread", "source", "dynamicRecord"]
    assert list(told.asDict()) == names
    assert told["msg"] == "ValueError: 1 is odd"
    assert "in failing" in told["stackTrace"]
    assert told["callsite"]["info"] == "about it"
    # The record is as it was before the function changed it.
    assert told["dynamicRecord"].asDict(True) == {"n": 1, "s": {"a": "1"}}
    assert errors.schema().getField("error").dataType.getField("dynamicRecord").dataType == numbers.schema()


def test_what_is_left_out_is_told_of(numbers, capfd):
    with pytest.warns(UserWarning, match=r"3 records failed and are left out \(ValueError: . is odd\)"):
        numbers.map(failing).schema()
    assert numbers.filter(lambda record: record["nope"]).toDF().count() == 0
    if "SPARK_REMOTE" not in os.environ:
        assert "records failed and are left out (KeyError: 'nope')" in capfd.readouterr().err


def test_errors_add_up_along_the_way(numbers):
    first = numbers.map(failing)
    second = first.filter(lambda record: 1 / (record["n"] - 2) > 0)
    assert (second.errorsCount(), second.stageErrorsCount()) == (4, 1)
    third = second.select_fields(["n"])
    assert (third.errorsCount(), third.stageErrorsCount()) == (4, 0)
    fourth = third.map(lambda record: 1 / 0)
    assert (fourth.errorsCount(), fourth.stageErrorsCount()) == (5, 1)
    assert fourth.errorsAsDynamicFrame().count() == 5
    assert numbers.errorsCount() == 0 and numbers.errorsAsDynamicFrame().count() == 0


def test_thresholds_end_an_action(numbers):
    lenient = numbers.map(failing, transformation_ctx="odd", stageThreshold=4)
    assert lenient.count() == 3
    strict = numbers.map(failing, transformation_ctx="odd", info="see there", stageThreshold=3)
    with pytest.raises(ErrorThresholdExceeded, match=r"odd \(see there\): 3 errors reach the stage threshold of 3"):
        strict.toDF()
    later = numbers.map(failing).filter(lambda record: True).select_fields(["n"], "pick", totalThreshold=2)
    with pytest.raises(ErrorThresholdExceeded, match="pick: 3 errors reach the total threshold of 2"):
        later.count()
    # The threshold holds for what is made of the frame too.
    with pytest.raises(ErrorThresholdExceeded):
        later.drop_fields(["n"]).assertErrorThreshold()
    numbers.map(failing).assertErrorThreshold()


def test_errors_of_both_sides_come_together(numbers):
    one = numbers.map(failing)
    other = numbers.filter(lambda record: 1 / record["n"]).rename_field("n", "m")
    assert one.join("n", "m", other).errorsCount() == 4
    assert one.union(other).errorsCount() == 4


def test_records_that_were_not_read_count(spark, context, numbers):
    unread = spark.createDataFrame([("bad line",)], "error string")
    made = DynamicFrame(numbers.toDF(), context, "f", errors=unread)
    assert made.errorsCount() == 1
    after = made.select_fields(["n"]).map(failing)
    assert after.errorsCount() == 4
    assert after.errorsAsDynamicFrame().count() == 4
    assert rows(made.errorsAsDynamicFrame()) == [{"error": "bad line"}]
