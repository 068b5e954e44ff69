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


@pytest.fixture(scope="module")
def people(frame):
    return frame(
        [(1, "Ann Lee", "ann@example.com or 10.0.0.1"), (2, "Bob Ray", "none"), (3, None, "123-45-6789")],
        "id int, name string, note string",
    )


def test_personal_data_is_found(people):
    found = rows(EntityDetector().detect(people, ["EMAIL", "IP_ADDRESS", "PERSON_NAME", "USA_SSN"]))
    note = [
        {"entityType": "EMAIL", "actionUsed": "DETECT", "start": 0, "end": 15},
        {"entityType": "IP_ADDRESS", "actionUsed": "DETECT", "start": 19, "end": 27},
    ]
    name = [{"entityType": "PERSON_NAME", "actionUsed": "DETECT", "start": 0, "end": 7}]
    assert [one["DetectedEntities"] for one in found][:2] == [{"name": name, "note": note}, {"name": name}]
    assert found[2]["DetectedEntities"]["note"][0]["entityType"] == "USA_SSN"


def test_personal_data_is_hidden(people):
    settings = {
        "EMAIL": [{"action": "REDACT", "actionOptions": {"redactText": "#"}, "sourceColumns": ["note"]}],
        "IP_ADDRESS": [{"action": "SHA256_HASH", "sourceColumnsToExclude": ["note"]}],
        "PERSON_NAME": [{"action": "PARTIAL_REDACT", "actionOptions": {"numLeftCharsToExclude": "1", "redactChar": "-"}}],
    }
    found = rows(EntityDetector().detect(people, settings, "told"))
    assert [(one["name"], one["note"]) for one in found] == [
        ("A------", "# or 10.0.0.1"),
        ("B------", "none"),
        (None, "123-45-6789"),
    ]
    for wrong, told in [
        ({"SHOE": [{}]}, "'SHOE' is not supported"),
        ({"EMAIL": [{"action": "BLUR"}]}, "'BLUR' is none of DETECT"),
        ({"EMAIL": [{"action": "REDACT", "actionOptions": {"x": 1}}]}, "REDACT has no option 'x'"),
        ({"EMAIL": [{"x": 1}]}, "the setting 'x' is none of"),
        ([], "no entity type"),
    ]:
        with pytest.raises(ValueError, match=told):
            EntityDetector().detect(people, wrong)


def test_columns_with_personal_data(people):
    detector = EntityDetector()
    kinds = ["PERSON_NAME", "EMAIL", "USA_SSN"]
    assert detector.classify_columns(people, kinds, 1.0, 0.3) == {"name": {"PERSON_NAME"}, "note": {"EMAIL", "USA_SSN"}}
    assert detector.classify_columns(people, kinds, 1.0, 0.5) == {"name": {"PERSON_NAME"}}
    dotted = people.rename_field("name", "`full.name`")
    assert detector.classify_columns(dotted, kinds, 1.0, 0.5) == {"full.name": {"PERSON_NAME"}}
    assert detector.detect(dotted, ["EMAIL"]).count() == 3
    with pytest.raises(ValueError, match="neither LOW nor HIGH"):
        detector.classify_columns(people, kinds, detectionSensitivity="SOME")
