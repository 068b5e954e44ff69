"""Reads another account's bucket as a role of that account."""

import sys

import boto3

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
session = boto3.client("sts").assume_role(RoleArn=given["--reader"], RoleSessionName="glue")["Credentials"]
theirs = boto3.client(
    "s3",
    aws_access_key_id=session["AccessKeyId"],
    aws_secret_access_key=session["SecretAccessKey"],
    aws_session_token=session["SessionToken"],
)
print(theirs.get_object(Bucket=given["--theirs"], Key="note.txt")["Body"].read().decode())
try:
    boto3.client("s3").get_object(Bucket=given["--theirs"], Key="note.txt")
except boto3.client("s3").exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
