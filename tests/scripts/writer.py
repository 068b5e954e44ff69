"""Writes, and then fails: nothing of it may be kept."""

import sys

import boto3
from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
spark.range(10).write.mode("overwrite").parquet(f"s3://{given['--target']}/half/spark/")
boto3.client("s3").put_object(Bucket=given["--target"], Key="half/boto3", Body=b"x")
print(spark.read.parquet(f"s3://{given['--target']}/half/spark/").count())


def broken(total):
    return total / 0


broken(1)
