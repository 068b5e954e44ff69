"""The documents of custom classifiers through boto3."""

import pytest
from botocore.exceptions import ClientError

from pipeline import bucket, glue_role, reads

GROK = {
    "Classification": "special-logs",
    "GrokPattern": "%{MESSAGE:m} %{NUMBER:n:int}",
    "CustomPatterns": "MESSAGE [a-z]+\nOTHER %{MESSAGE}x",
}
XML = {"Classification": "orders", "RowTag": "order"}
JSON = {"JsonPath": "$[*]"}
CSV = {
    "Delimiter": ";",
    "QuoteSymbol": "'",
    "ContainsHeader": "PRESENT",
    "Header": ["a", "b"],
    "DisableValueTrimming": False,
    "AllowSingleColumn": True,
    "CustomDatatypeConfigured": True,
    "CustomDatatypes": ["INT", "DATE"],
    "Serde": "OpenCSVSerDe",
}
KINDS = {"GrokClassifier": GROK, "XMLClassifier": XML, "JsonClassifier": JSON, "CsvClassifier": CSV}
CHANGES = {
    "GrokClassifier": {"GrokPattern": "%{OTHER:o}"},
    "XMLClassifier": {"RowTag": "ns:row"},
    "JsonClassifier": {"JsonPath": "$.rows[*]['a b']"},
    "CsvClassifier": {"Delimiter": "|", "ContainsHeader": "ABSENT"},
}


@pytest.fixture
def glue(server):
    return server.client("glue")


def refusal(call, **given):
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_is_kept_changed_and_forgotten(glue, unique, kind):
    name = unique("classifier")
    glue.create_classifier(**{kind: {"Name": name} | KINDS[kind]})
    made = glue.get_classifier(Name=name)["Classifier"]
    assert list(made) == [kind]
    times = {"CreationTime": made[kind]["CreationTime"], "LastUpdated": made[kind]["LastUpdated"]}
    assert made[kind] == {"Name": name, "Version": 1} | KINDS[kind] | times
    assert times["CreationTime"] == times["LastUpdated"]

    code, text = refusal(glue.create_classifier, **{kind: {"Name": name} | KINDS[kind]})
    assert code == "AlreadyExistsException" and name in text

    glue.update_classifier(**{kind: {"Name": name} | CHANGES[kind]})
    changed = glue.get_classifier(Name=name)["Classifier"][kind]
    assert changed["LastUpdated"] > times["LastUpdated"] and changed["CreationTime"] == times["CreationTime"]
    wanted = made[kind] | CHANGES[kind] | {"Version": 2, "LastUpdated": changed["LastUpdated"]}
    assert changed == wanted

    other = "XMLClassifier" if kind == "JsonClassifier" else "JsonClassifier"
    assert refusal(glue.update_classifier, **{other: {"Name": name} | CHANGES[other]})[0] == "InvalidInputException"

    glue.delete_classifier(Name=name)
    for call in (glue.get_classifier, glue.delete_classifier):
        assert refusal(call, Name=name)[0] == "EntityNotFoundException"
    assert refusal(glue.update_classifier, **{kind: {"Name": name}})[0] == "EntityNotFoundException"


def test_classifiers_are_listed_in_pages(server):
    glue = server.client("glue", server.account("classifiers"))
    names = [f"c{i}" for i in range(5)]
    for name in names:
        glue.create_classifier(JsonClassifier={"Name": name} | JSON)
    pages = list(glue.get_paginator("get_classifiers").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Classifiers"]) for page in pages] == [2, 2, 1]
    assert [c["JsonClassifier"]["Name"] for page in pages for c in page["Classifiers"]] == names


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Exactly one"),
        ({"JsonClassifier": {"Name": "a"} | JSON, "CsvClassifier": {"Name": "a"}}, "Exactly one"),
        ({"GrokClassifier": {"Name": "a"} | GROK | {"GrokPattern": "%{WORD"}}, "grok pattern"),
        ({"GrokClassifier": {"Name": "a"} | GROK | {"GrokPattern": "%{WORD:a:decimal}"}}, "decimal"),
        ({"XMLClassifier": {"Name": "a", "Classification": "x"}}, "row tag"),
        ({"JsonClassifier": {"Name": "a", "JsonPath": "rows"}}, "rows"),
        ({"CsvClassifier": {"Name": "a", "Delimiter": ",", "QuoteSymbol": ","}}, "different"),
        ({"CsvClassifier": {"Name": "a", "CustomDatatypes": ["INT8"], "CustomDatatypeConfigured": True}}, "INT8"),
        ({"CsvClassifier": {"Name": "a", "Header": ["a", "a"]}}, "twice"),
    ],
)
def test_what_no_classifier_can_be(glue, given, said):
    code, text = refusal(glue.create_classifier, **given)
    assert code == "InvalidInputException" and said in text


def test_model_constraints_come_first(server, glue):
    answer = server.call("glue", "AWSGlue.CreateClassifier", {"CsvClassifier": {"Name": "a", "Delimiter": ";;"}})
    assert answer.code in ("ValidationException", "InvalidInputException") and "delimiter" in answer.message.lower()


def test_crawlers_name_classifiers_that_exist(server, glue, unique):
    where = bucket(server, {"a/a.json": b"[]"})
    name = unique("classifier")
    crawler = {
        "Name": unique("crawler"),
        "Role": glue_role(server, reads(where)),
        "DatabaseName": unique("db"),
        "Targets": {"S3Targets": [{"Path": f"s3://{where}/a/"}]},
        "Classifiers": [name],
    }
    code, text = refusal(glue.create_crawler, **crawler)
    assert code == "InvalidInputException" and name in text
    glue.create_classifier(JsonClassifier={"Name": name} | JSON)
    glue.create_crawler(**crawler)
    assert glue.get_crawler(Name=crawler["Name"])["Crawler"]["Classifiers"] == [name]
    assert refusal(glue.update_crawler, Name=crawler["Name"], Classifiers=["nobody"])[0] == "InvalidInputException"
    glue.delete_classifier(Name=name)
    code, text = refusal(glue.start_crawler, Name=crawler["Name"])
    assert code == "EntityNotFoundException" and name in text


def test_the_command_line_makes_classifiers(server, unique):
    name = unique("classifier")
    server.cli("glue", "create-classifier", "--csv-classifier", f"Name={name},Delimiter=;,AllowSingleColumn=true")
    found = server.cli("glue", "get-classifier", "--name", name)["Classifier"]["CsvClassifier"]
    assert (found["Delimiter"], found["AllowSingleColumn"], found["Version"]) == (";", True, 1)
    server.cli("glue", "delete-classifier", "--name", name)
