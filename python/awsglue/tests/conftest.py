"""One Sail for all tests, and a context that knows no more than its session.

With `SPARK_REMOTE=sc://...` the tests run on that server instead: Apache Spark's, say.
"""

import os
import pathlib
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    # The client looks for a Spark although it needs none.
    os.environ.setdefault("SPARK_HOME", str(tmp_path_factory.mktemp("spark")))
    from pyspark.sql.connect.session import SparkSession

    remote, server = os.environ.get("SPARK_REMOTE"), None
    if remote is None:
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer()
        server.start(background=True)
        remote = f"sc://127.0.0.1:{server.listening_address[1]}"
    session = SparkSession.builder.remote(remote).getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    yield session
    session.stop()
    if server is not None:
        server.stop()


@pytest.fixture(scope="session")
def context(spark):
    return types.SimpleNamespace(spark_session=spark)


@pytest.fixture(scope="session")
def frame(spark, context):
    """Makes a frame of rows and a schema, by default those of Spark's own reading of them."""
    from awsglue.dynamicframe import DynamicFrame

    def make(rows, schema, name="f", **more):
        return DynamicFrame(spark.createDataFrame(rows, schema), context, name, **more)

    return make


@pytest.fixture(scope="session")
def mixed(frame):
    """Makes a frame of dictionaries, whose fields may be of several types."""

    def make(rows, name="f"):
        numbered = frame([(number,) for number in range(len(rows))], "number int", name).coalesce(1)
        return numbered.map(lambda record: rows[record["number"]])

    return make


def rows(frame):
    """A frame's rows as dictionaries, in an order."""

    def plain(value):
        if hasattr(value, "asDict"):
            return {name: plain(one) for name, one in value.asDict().items()}
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list) else value

    df = frame.toDF() if hasattr(frame, "toDF") and not hasattr(frame, "collect") else frame
    return sorted((plain(row) for row in df.collect()), key=repr)
