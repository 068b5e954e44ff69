"""Works on for longer than its first credentials last."""

import sys
import time

import boto3
from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
sts, s3 = boto3.client("sts"), boto3.client("s3")
keys = set()
end = time.monotonic() + float(given["--seconds"])
while time.monotonic() < end:
    keys.add(boto3.Session().get_credentials().access_key)
    s3.list_objects_v2(Bucket=given["--source"], MaxKeys=1)["Contents"]
    assert spark.read.csv(f"s3://{given['--source']}/airlines/", header=True).count() == 16
    time.sleep(0.5)
spark.range(3).write.mode("overwrite").parquet(f"s3://{given['--target']}/long/")
print(len(keys) > 1)
