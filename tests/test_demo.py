"""What a stranger runs first: the demo, and the commands that it ends with."""

import os
import re
import subprocess

import pytest

from harness import Credentials, Server, binary, tool


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A finished demo: its data directory, and what it printed."""
    data = tmp_path_factory.mktemp("demo") / "data"
    command = [binary(), "demo", "--data", str(data)]
    if os.environ.get("MASTIC_RUNNER"):
        command += ["--runner", os.environ["MASTIC_RUNNER"]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return data, done.stdout


def test_the_demo_tells_the_whole_story(shown):
    _, text = shown
    for line in [
        "crawl: nyc.flights (18 columns, 3 partitions) and nyc.planes (9 columns)",
        "first run: FAILED, as it must",
        "because no resource-based policy allows the s3:ListBucket action",
        "To allow it, add to the bucket policy of nyc-flights-111122223333, account 111122223333:",
        '"Principal": { "AWS": "arn:aws:iam::444455556666:role/AWSGlueServiceRole-etl" }',
        "second run: SUCCEEDED",
        "the same as a script: SUCCEEDED; PySpark over Spark Connect, without a JVM, and the same report",
        "How long each step took:",
    ]:
        assert line in text, text
    # United's flights of January, February and March, counted in the files.
    assert re.search(r"United Air Lines Inc\.\s+[\d.]+\s+4637\s+[\d.]+\s+4346\s+[\d.]+\s+4971", text), text


def test_its_last_words_work(shown):
    data, text = shown
    commands = [line.split("aws ", 1)[1] for line in text.splitlines() if line.startswith("  aws ")]
    assert len(commands) == 3
    after = Server(data.parent / "after")
    after.data = data
    after.start()
    try:
        asked = subprocess.run(
            [binary(), "env", "--data", str(data), "--account", "444455556666"],
            capture_output=True, text=True, check=True,
        ).stdout
        found = dict(re.findall(r"export (\w+)='?([^'\n]*)'?", asked))
        assert found["AWS_ENDPOINT_URL"] == after.endpoint
        who = Credentials("444455556666", found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
        answers = []
        for command in commands:
            done = subprocess.run(
                f"{tool('aws')} {command}", shell=True, env=after.environment(who), capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            answers.append(done.stdout)
        assert all(table in answers[0] for table in ("delays", "flights", "planes"))
        assert "SUCCEEDED" in answers[1] and "FAILED" in answers[1]
        assert "delays/month=3/" in answers[2]
    finally:
        assert after.stop() == 0


def test_a_demo_replaces_only_a_demo(shown, tmp_path):
    data, _ = shown
    (tmp_path / "mine").mkdir()
    refused = subprocess.run(
        [binary(), "demo", "--data", str(tmp_path / "mine")], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1 and "holds something other than a demo" in refused.stderr
    running = Server(data.parent / "busy")
    running.data = data
    running.start()
    try:
        refused = subprocess.run([binary(), "demo", "--data", str(data)], capture_output=True, text=True, timeout=60)
        assert refused.returncode == 1 and "a server is running on" in refused.stderr, refused.stderr
    finally:
        running.stop()
