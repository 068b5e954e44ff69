"""boto3 beside Spark: both act as the run's role, and see what the run has written before anybody else does."""

import json
import sys

import boto3
from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
s3 = boto3.client("s3")
who = boto3.client("sts").get_caller_identity()["Arn"].split(":")[-1]
print(who.split("/")[0], who.split("/")[-1])
s3.put_object(Bucket=given["--target"], Key="beside/in/a.json", Body=json.dumps({"n": 1}) + "\n" + json.dumps({"n": 2}))
spark = SparkSession.builder.getOrCreate()
frame = spark.read.json(f"s3://{given['--target']}/beside/in/")
frame.selectExpr("sum(n) as total").write.mode("overwrite").json(f"s3://{given['--target']}/beside/out/")
found = s3.list_objects_v2(Bucket=given["--target"], Prefix="beside/out/")["Contents"]
body = s3.get_object(Bucket=given["--target"], Key=found[0]["Key"])["Body"].read()
print(json.loads(body))
