"""Scripts over DynamicFrames, as jobs: what they print, write and fail with."""

import io
import json

import pyarrow.parquet as pq
import pytest

from harness import name
from pipeline import keys
from scripts_corpus import Corpus

ORDERS = [
    {"id": 1, "customer": 7, "note": "x", "lines": [{"sku": "a", "n": 2, "price": 1.5}, {"sku": "b", "n": 1, "price": 4.0}]},
    {"id": 2, "customer": 8, "note": "y", "lines": [{"sku": "c", "n": 3, "price": 0.25}]},
    {"id": 3, "customer": 7, "note": "z", "lines": None},
]
CUSTOMERS = [{"id": 7, "name": "Ann"}, {"id": 8, "name": "Bob"}]
PROVIDERS = [{"id": 1, "name": "a", "box": '{"n": 1}'}, {"id": "INC", "name": "b", "box": "{"}, {"id": "2", "name": "c", "box": '{"m": "x"}'}]


@pytest.fixture(scope="module")
def corpus(server):
    made = Corpus(server, name)
    for folder, rows in (("orders", ORDERS), ("customers", CUSTOMERS), ("providers", PROVIDERS)):
        body = "\n".join(map(json.dumps, rows)).encode()
        server.client("s3").put_object(Bucket=made.target, Key=f"frames/{folder}/rows.json", Body=body)
    return made


def test_orders_become_tables_and_are_joined(corpus):
    ended = corpus.run("frames_orders", {"--TempDir": f"s3://{corpus.target}/temporary/"})
    out = ended.succeeded()
    tree = [line.lstrip("| -") for line in out[: out.index("2 1")]]
    assert tree[:5] == ["root", "customer: long", "id: long", "lines: array", "element: struct"]
    assert out[out.index("2 1") + 1 :][:2] == ["TypeError: 'NoneType' object is not iterable 3", "['root', 'root_lines']"]
    assert {"|-- pieces: struct", "|    |-- n: int", "|-- total: decimal(10,2)"} < set(out)
    assert out[-4:] == ["1 Ann a 2 7.00", "1 Ann b 1 7.00", "2 Bob c 3 0.75", "3"]
    [key] = [key for key in keys(corpus.server, corpus.target, "frames/out/") if not key.endswith("/")]
    body = corpus.server.client("s3").get_object(Bucket=corpus.target, Key=key)["Body"].read()
    assert pq.read_table(io.BytesIO(body)).column_names == ["order", "name", "sku", "pieces", "total"]


def test_choices_are_resolved_and_thresholds_end_a_run(corpus):
    ended = corpus.run("frames_choices", {"--database": corpus.database()})
    assert ended.state == "FAILED"
    assert "halves: 3 errors reach the stage threshold of 2" in ended.message
    assert "|-- id: choice" in ended.output
    assert ended.output[-8:] == [
        "[1, 2, None]", "['2', 'INC', None]", "long [1, 2, None]", "['box.n', 'box.m', 'id', 'name'] 1",
        "[('1', 'a'), ('2', 'new'), ('None', 'b')]", "{'high': 1, 'low': 2}", "2", "3",
    ]  # fmt: skip
