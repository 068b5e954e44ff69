"""Reads a bucket that its role may not read."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
spark.read.parquet(f"s3://{given['--secret']}/plans/").show()
