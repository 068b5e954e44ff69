"""The pytest plugin, by the example of `docs/testing.md`."""

import os
import re
import subprocess
import sys

from harness import ROOT, binary

BLOCK = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)


def pytest_in(folder, *arguments):
    """Runs pytest with the plugin in a folder: the finished process."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {"PYTHONPATH": str(ROOT / "python" / "mastic_testing"), "MASTIC_BINARY": binary()}
    command = [sys.executable, "-m", "pytest", "-p", "mastic_testing.plugin", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_example_of_the_documentation(tmp_path):
    blocks = BLOCK.findall((ROOT / "docs" / "testing.md").read_text())
    assert [name for name, _ in blocks] == ["orders_by_day.py", "test_orders.py"]
    for name, text in blocks:
        (tmp_path / name).write_text(text)
    done = pytest_in(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


OWN = """
import boto3


def test_tables_and_rows(aws):
    rows = [{"id": 1, "tags": ["a"], "of": {"x": 1.5}}, {"id": 2, "tags": [], "of": {"x": None}}]
    aws.table("lake.things", rows)
    assert aws.rows("lake.things") == rows
    made = boto3.client("glue").get_table(DatabaseName="lake", Name="things")["Table"]["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"]) for c in made] == [
        ("id", "bigint"), ("tags", "array<string>"), ("of", "struct<x:double>")]


def test_each_test_has_an_account_of_its_own(aws, mastic):
    assert boto3.client("glue").get_databases()["DatabaseList"] == []
    assert boto3.client("sts").get_caller_identity()["Account"] == aws.id
    assert mastic.account().id != aws.id


def test_files(aws):
    place = aws.bucket(files={"in/a.csv": "x\\n1\\n", "in/day=7/b.json": '{"x": "2"}\\n'})
    assert aws.rows(f"s3://{place}/in/") == [{"x": "1"}, {"x": "2", "day": "7"}]


def test_a_failure_tells_its_cause(aws, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("print('begun')\\nraise ValueError('no')\\n")
    run = aws.run(script, Command={"Name": "pythonshell"}, GlueVersion="3.0")
    assert (run.state, run.output) == ("FAILED", ["begun"])
    assert "Failed Line Number: 2; ValueError: no" in run.message
"""


def test_what_it_offers(tmp_path):
    (tmp_path / "test_own.py").write_text(OWN)
    done = pytest_in(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_without_a_server(tmp_path):
    (tmp_path / "test_own.py").write_text("def test_nothing(aws):\n    pass\n")
    environment = {"PYTHONPATH": str(ROOT / "python" / "mastic_testing"), "PATH": "/nowhere"}
    command = [sys.executable, "-m", "pytest", "-p", "mastic_testing.plugin", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "name it with MASTIC_BINARY" in done.stdout
