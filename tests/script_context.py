"""What tests of GlueContext share: scripts written where they are used, behind the lines with which all begin."""

import textwrap

from pipeline import run
from scripts_corpus import Corpus

PRELUDE = """
import json
import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
source, target = f"s3://{given['--source']}", f"s3://{given['--target']}"
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(given["--JOB_NAME"], getResolvedOptions(sys.argv, ["JOB_NAME"]))


def told(frame, *columns):
    data = frame.toDF() if isinstance(frame, DynamicFrame) else frame
    rows = [row.asDict(recursive=True) for row in data.select(*(columns or data.columns)).collect()]
    print(json.dumps(sorted(rows, key=str), default=str, ensure_ascii=False))


def fails(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except Exception as error:
        print(type(error).__name__, getattr(error, "category", None), str(error).split(" (request id")[0])
    else:
        print("nothing failed")

"""


class Bench(Corpus):
    """A corpus whose scripts come with the tests."""

    def job(self, text, arguments=None, **more):
        """A job of these lines."""
        name = self.unique("script")
        location = self.upload(f"{name}.py", PRELUDE + textwrap.dedent(text))
        given = {"--source": self.source, "--target": self.target} | (arguments or {})
        settings = {"Role": self.role, "GlueVersion": "5.0"} | more
        self.glue.create_job(Name=name, DefaultArguments=given, **settings,
                             Command={"Name": "glueetl", "ScriptLocation": location, "PythonVersion": "3"})
        return name

    def again(self, job, arguments=None):
        """Runs a job to its end."""
        return self.ended(job, run(self.server, job, timeout=300, Arguments=arguments or {}))

    def go(self, text, arguments=None, **more):
        """Runs these lines as a job to its end."""
        return self.again(self.job(text, arguments, **more))

    def put(self, key, body):
        """Puts an object where scripts write."""
        self.server.client("s3").put_object(Bucket=self.target, Key=key, Body=body)

    def body(self, key):
        """An object's text."""
        return self.server.client("s3").get_object(Bucket=self.target, Key=key)["Body"].read().decode()
