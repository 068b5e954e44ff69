"""Hive's statements over tables of the catalog: what each answers, or how it is refused. A line with `=` before it is Python."""

import sys

import boto3
from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
known = {given["--database"]: "DB", given["--target"]: "TARGET"}


def hidden(text):
    for name, stands in known.items():
        text = text.replace(name, stands)
    return text


def told(statement):
    """The rows of Spark's answer that say something of a table."""
    return dict(tuple(row)[:2] for row in spark.sql(statement).collect())


def ask(statement):
    for name, stands in known.items():
        statement = statement.replace(stands, name)
    try:
        frame = eval(statement[1:]) if statement[0] == "=" else spark.sql(statement)
    except Exception as error:
        print("!", type(error).__name__, hidden(str(error).splitlines()[0]))
        return
    if statement[0] == "=":
        print(hidden(str(frame)))
    elif frame.columns:
        print(hidden(f"{' '.join(frame.columns)}: {[tuple(row) for row in frame.collect()]}"))
    else:
        print("done")


bucket, _, key = given["--statements"].removeprefix("s3://").partition("/")
for line in boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode().split("\n"):
    ask(line)
