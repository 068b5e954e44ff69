"""Scripts whose Spark is not the run's own: rows go through files of Parquet, on this machine or in S3."""

import json
import os
import subprocess
import sys

import pytest

from harness import name
from pipeline import keys
from script_context import Bench

SAIL = """
import sys
from pysail.spark import SparkConnectServer

server = SparkConnectServer("0.0.0.0")
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server, name)


@pytest.fixture
def remote(server, tmp_path):
    """The address of a Spark that knows S3."""
    environment = server.environment() | {
        "PATH": os.environ["PATH"], "AWS_ENDPOINT": server.endpoint, "AWS_ALLOW_HTTP": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false", "SPARK_HOME": str(tmp_path),
    }
    sail = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SAIL], env=environment, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield int(sail.stdout.readline())
    sail.stdin.close()
    sail.wait(timeout=30)


SCRIPT = """
    options = {"paths": [target + "/in/"]}
    frame = glue.create_dynamic_frame.from_options("s3", options, given["--format"], transformation_ctx="in")
    told(frame)
    if frame.choices:
        frame = frame.resolveChoice(specs=[("price", "cast:string")])
    glue.write_dynamic_frame.from_options(frame, "s3", {"path": f"{target}/{given['--out']}/", "partitionKeys": ["id"]}, "json")
    nothing = DynamicFrame.fromDF(frame.toDF().where("false"), glue, "nothing")
    glue.write_dynamic_frame.from_options(nothing, "s3", {"path": target + "/none/"}, "json")
"""


def test_through_files_of_this_machine(bench, remote):
    there_and_back(bench, f"sc://127.0.0.1:{remote}", {})


def test_through_s3(bench, remote):
    # An address that does not look like this machine.
    elsewhere = f"sc://127.0.0.2:{remote}"
    ended = bench.go(SCRIPT, {"--spark-remote": elsewhere, "--format": "json"})
    assert ended.state == "FAILED" and "--TempDir has to name a folder" in ended.message
    temporary = {"--TempDir": f"s3://{bench.target}/tmp/"}
    ended = bench.go(SCRIPT, {"--spark-remote": elsewhere, "--format": "json"} | temporary)
    assert ended.state == "FAILED" and "--atomic-output false" in ended.message
    there_and_back(bench, elsewhere, temporary | {"--atomic-output": "false"})


def there_and_back(bench, url, arguments):
    folder = bench.unique("out")
    bench.put("in/a.json", '{"id": 1, "price": 2}\n{"id": 2, "price": "x"}\n')
    out = bench.go(SCRIPT, {"--spark-remote": url, "--format": "json", "--out": folder} | arguments).succeeded()
    rows = [{"id": 1, "price": {"long": 2, "string": None}}, {"id": 2, "price": {"long": None, "string": "x"}}]
    assert [json.loads(line) for line in out] == [rows]
    written = keys(bench.server, bench.target, f"{folder}/")
    assert [key.split("/")[1] for key in written] == ["id=1", "id=2"]
    assert [bench.body(key) for key in written] == ['{"price":"2"}\n', '{"price":"x"}\n']
