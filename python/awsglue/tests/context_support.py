"""What the tests of GlueContext share: Spark over Sail, and a server for the catalog and S3 where there is one."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile

import pytest

from awsglue import _catalog
from awsglue.context import GlueContext

_REPOSITORY = pathlib.Path(__file__).resolve().parents[3] / "tests"


@pytest.fixture
def glue(spark):
    """A context without a runner beside it."""
    return GlueContext(spark)


@pytest.fixture(scope="session")
def server():
    """A server with catalog and S3, as which this process's clients are set up."""
    if not os.environ.get("MASTIC_BINARY") or not _REPOSITORY.is_dir():
        pytest.skip("MASTIC_BINARY names no server")
    sys.path.insert(0, str(_REPOSITORY))
    import harness

    with tempfile.TemporaryDirectory() as folder:
        started = harness.Server(folder)
        started.start()
        os.environ.update(started.environment())
        os.environ.update({"AWS_ENDPOINT": started.endpoint, "AWS_ALLOW_HTTP": "true"})
        os.environ["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = "false"
        _catalog.client.cache_clear()
        yield started
        started.stop()


def rows(frame):
    """A frame's rows as dictionaries."""
    return [row.asDict(recursive=True) for row in frame.toDF().collect()]
