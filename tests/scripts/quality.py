"""Checks what it has read, writes a manifest with boto3, and fails with its own exception where the data is bad."""

import json
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target", "most_missing"])
glueContext = GlueContext(SparkContext())
logger = glueContext.get_logger()


class BadData(Exception):
    """Too much is missing."""


flights = glueContext.spark_session.read.option("header", "true").csv(f"s3://{args['source']}/flights/")
missing = flights.select(*(F.count(F.when(F.col(c).isNull(), 1)).alias(c) for c in ("dep_delay", "arr_delay"))).first()
total = flights.count()
report = {"rows": total, "missing": missing.asDict()}
logger.info(f"report {json.dumps(report)}")
boto3.client("s3").put_object(Bucket=args["target"], Key="quality/report.json", Body=json.dumps(report))
print(json.dumps(report, sort_keys=True))
if missing.arr_delay > int(args["most_missing"]):
    raise BadData(f"{missing.arr_delay} of {total} arrivals are missing")
