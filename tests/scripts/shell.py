"""A Python shell job: no Spark, the same role."""

import sys

import boto3

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
listed = boto3.client("s3").list_objects_v2(Bucket=given["--source"], Prefix="airlines/")
print([entry["Key"] for entry in listed["Contents"]], "--JOB_NAME" in given)
boto3.client("s3").put_object(Bucket=given["--target"], Key="shell/done", Body=b"yes")
