"""Packages beside `awsglue`."""

import pytest
from conftest import rows

from awsgluedq.transforms import EvaluateDataQuality
from awsglueml.transforms import EntityDetector, FillMissingValues, FindMatches


def test_gaps_are_filled(frame):
    made = frame([(30, "a", 1.0), (None, "b", None), (41, "b", 3.0), (None, "", 2.0)], "age int, word string, x double")
    assert [one["full"] for one in rows(FillMissingValues.apply(made, "age", "full"))] == [30, 41, 35, 35]
    assert [one["word_filled"] for one in rows(FillMissingValues.apply(made, "word"))] == ["a", "b", "b", "b"]
    assert sorted(one["x_filled"] for one in rows(FillMissingValues.apply(made, "x"))) == [1.0, 2.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="there is no field nope; there are age, word, x"):
        FillMissingValues.apply(made, "nope")


def test_what_is_missing_is_named(frame):
    made = frame([(1,)], "a int")
    with pytest.raises(NotImplementedError, match="EvaluateDataQuality is not supported"):
        EvaluateDataQuality.apply(frame=made, ruleset="Rules = []")
    with pytest.raises(NotImplementedError, match="EvaluateDataQuality is not supported"):
        EvaluateDataQuality().process_rows(frame=made, ruleset="Rules = []")
    with pytest.raises(NotImplementedError, match="FindMatches is not supported"):
        FindMatches.apply(made, "tfm-1")
    with pytest.raises(NotImplementedError, match="PIIDetection"):
        EntityDetector().detect(made, ["EMAIL"], "found")
