"""Nodes of visual jobs through StartJobRun: those with several outputs, and those that generated jobs do not have."""

import io
import json

import botocore.exceptions
import pyarrow.parquet as pq
import pytest

from pipeline import bucket, glue_role, keys, reads, run, writes

ORDERS = [
    {"id": 1, "to": {"city": "Rome"}, "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]},
    {"id": 2, "to": {"city": "Oslo"}, "lines": []},
    {"id": 3, "to": None, "lines": [{"sku": "c", "n": 3}]},
]
PEOPLE = "id,name,mail,age,empty\n1,ann,ann@example.com,30,\n2,bob,none,,\n3,cid,cid@example.org,40,\n"


@pytest.fixture(scope="module")
def place(server):
    """Buckets for input and output, and a role that may use both."""
    files = {"o/o.json": "\n".join(map(json.dumps, ORDERS)).encode(), "p/p.csv": PEOPLE.encode()}
    source, out = bucket(server, files), bucket(server, stem="out")
    return source, out, glue_role(server, reads(source), writes(out))


def target(out, name, node, fmt="json"):
    return {"S3DirectTarget": {"Name": name, "Inputs": [node], "Path": f"s3://{out}/{name}/", "Format": fmt}}


def sources(source):
    return {
        "o": {"S3JsonSource": {"Name": "o", "Paths": [f"s3://{source}/o/"]}},
        "p": {"S3CsvSource": {"Name": "p", "Paths": [f"s3://{source}/p/"], "Separator": "comma", "QuoteChar": "quote",
                              "WithHeader": True}},
    }


def read(server, out, folder):
    s3 = server.client("s3")
    text = "".join(s3.get_object(Bucket=out, Key=key)["Body"].read().decode() for key in keys(server, out, f"{folder}/"))
    return sorted(map(json.loads, text.splitlines()), key=repr)


def make(server, unique, role, nodes):
    job = unique("nodes")
    server.client("glue").create_job(Name=job, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes)
    return job


def done(server, unique, place, nodes):
    source, out, role = place
    ended = run(server, make(server, unique, role, sources(source) | nodes))
    assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]


def error(server, unique, place, node):
    source, out, role = place
    nodes = sources(source) | {"n": node, "out": target(out, unique("out"), "n")}
    ended = run(server, make(server, unique, role, nodes))
    assert ended["JobRunState"] == "FAILED"
    return ended["ErrorMessage"]


def test_nested_orders_become_two_parquet_tables(server, unique, place):
    out, (root, lines) = place[1], (unique("root"), unique("lines"))
    done(server, unique, place, {
        "flat": {"DynamicTransform": {"Name": "flat", "TransformName": "relationalize", "Inputs": ["o"], "Path": "s3://x/",
                                      "FunctionName": "relationalize"}},
        "first": {"SelectFromCollection": {"Name": "first", "Inputs": ["flat"], "Index": 0}},
        "second": {"SelectFromCollection": {"Name": "second", "Inputs": ["flat"], "Index": 1}},
        "t1": target(out, root, "first", "parquet"), "t2": target(out, lines, "second", "parquet"),
    })
    tables = {}
    for folder in (root, lines):
        [key] = keys(server, out, f"{folder}/")
        body = server.client("s3").get_object(Bucket=out, Key=key)["Body"].read()
        tables[folder] = pq.read_table(io.BytesIO(body)).to_pylist()
    number = {row["lines"]: row["id"] for row in tables[root]}
    assert {row["id"]: row["to.city"] for row in tables[root]} == {1: "Rome", 2: "Oslo", 3: None}
    found = sorted((number[row["id"]], row["index"], row["lines.val.sku"], row["lines.val.n"]) for row in tables[lines])
    assert found == [(1, 0, "a", 1), (1, 1, "b", 2), (3, 0, "c", 3)]


def test_samples_gaps_and_personal_data(server, unique, place):
    out, names = place[1], [unique(stem) for stem in ("sample", "masked", "filled", "held")]
    sample, masked, filled, held = names
    done(server, unique, place, {
        "peek": {"Spigot": {"Name": "peek", "Inputs": ["p"], "Path": f"s3://{out}/{sample}/", "Topk": 2}},
        "hide": {"PIIDetection": {"Name": "hide", "Inputs": ["peek"], "PiiType": "RowMasking", "MaskValue": "***",
                                  "EntityTypesToDetect": ["EMAIL"]}},
        "types": {"ApplyMapping": {"Name": "types", "Inputs": ["p"], "Mapping": [
            {"FromPath": ["id"], "ToKey": "id", "ToType": "int"}, {"FromPath": ["age"], "ToKey": "age", "ToType": "int"}]}},
        "fill": {"FillMissingValues": {"Name": "fill", "Inputs": ["types"], "ImputedPath": "age", "FilledPath": "full"}},
        "drop": {"DropNullFields": {"Name": "drop", "Inputs": ["p"], "NullCheckBoxList": {"IsEmpty": True}}},
        "t1": target(out, masked, "hide"), "t2": target(out, filled, "fill"), "t3": target(out, held, "drop"),
    })
    assert len(read(server, out, sample)) == 2
    assert [row["mail"] for row in read(server, out, masked)] == ["***", "none", "***"]
    assert {row["id"]: row["full"] for row in read(server, out, filled)} == {1: 30, 2: 35, 3: 40}
    assert all("empty" not in row and "age" in row for row in read(server, out, held))


def test_managed_transforms_and_recipes(server, unique, place):
    out, (exploded, prepared) = place[1], (unique("exploded"), unique("prepared"))
    parameter = {"Type": "str"}
    done(server, unique, place, {
        "explode": {"DynamicTransform": {
            "Name": "explode", "TransformName": "gs_explode", "Inputs": ["o"], "FunctionName": "gs_explode",
            "Path": "s3://studio-transforms/gs_explode.py",
            "Parameters": [{"Name": "colName", "Value": ["lines"]} | parameter, {"Name": "newCol", "Value": ["line"]} | parameter]}},
        "few": {"SelectFields": {"Name": "few", "Inputs": ["explode"], "Paths": [["id"], ["line"]]}},
        "recipe": {"Recipe": {"Name": "recipe", "Inputs": ["p"], "RecipeSteps": [
            {"Action": {"Operation": "UPPER_CASE", "Parameters": {"sourceColumn": "name"}},
             "ConditionExpressions": [{"Condition": "IS_NOT", "Value": "2", "TargetColumn": "id"}]},
            {"Action": {"Operation": "DELETE", "Parameters": {"sourceColumns": '["mail", "age", "empty"]'}}}]}},
        "t1": target(out, exploded, "few"), "t2": target(out, prepared, "recipe"),
    })
    assert sorted((row["id"], row["line"]["sku"]) for row in read(server, out, exploded)) == [(1, "a"), (1, "b"), (3, "c")]
    assert read(server, out, prepared) == [
        {"id": "1", "name": "ANN"}, {"id": "2", "name": "bob"}, {"id": "3", "name": "CID"}]


def test_errors_name_node_and_cause(server, unique, place):
    def filtered(*values):
        return {"Filter": {"Name": "f", "Inputs": ["p"], "LogicalOperator": "AND", "Filters": [
            {"Operation": values[0], "Values": [{"Type": "COLUMNEXTRACTED", "Value": [values[1]]},
                                                {"Type": "CONSTANT", "Value": [values[2]]}]}]}}

    told = error(server, unique, place, filtered("EQ", "nope", "1"))
    assert "node `f`: there is no column `nope`: there are `id`, `name`" in told
    told = error(server, unique, place, filtered("REGEX", "name", "(unclosed"))
    assert "node `f`: the regular expression `(unclosed` is not understood: unclosed group" in told
    told = error(server, unique, place, {"PIIDetection": {
        "Name": "d", "Inputs": ["p"], "PiiType": "RowAudit", "EntityTypesToDetect": ["SHOE_SIZE"]}})
    assert "node `d`: the entity type `SHOE_SIZE` is not supported" in told
    told = error(server, unique, place, {"SparkSQL": {
        "Name": "q", "Inputs": ["p"], "SqlQuery": "select xxhash64(id) from t", "SqlAliases": [{"From": "p", "Alias": "t"}]}})
    assert "node `q`: the SQL function `xxhash64` is not supported" in told


def test_what_does_not_run_is_refused_when_the_job_is_made(server, unique, place):
    source, out, role = place
    rules = {"EvaluateDataQuality": {"Name": "mine", "Inputs": ["p"], "Ruleset": "Rules = [RowCount > 0]"}}
    code = {"CustomCode": {"Name": "mine", "Inputs": ["p"], "Code": "return dfc", "ClassName": "Mine"}}
    for node, text in ((rules, "EvaluateDataQuality"), (code, "a SelectFromCollection picks one")):
        with pytest.raises(botocore.exceptions.ClientError, match=text):
            make(server, unique, role, sources(source) | {"n": node, "out": target(out, "x", "n")})
