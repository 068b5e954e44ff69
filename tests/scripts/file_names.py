"""Rows with the names of their files, and frames that are kept."""

import sys

import boto3
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
base, s3 = f"s3://{given['--target']}/names", boto3.client("s3")


def put(key, body):
    s3.put_object(Bucket=given["--target"], Key=f"names/{key}", Body=body)


def show(frame):
    print(sorted(tuple(str(value).replace(base, "BASE") for value in row) for row in frame.collect()))


def fails(what):
    try:
        what()
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0].replace(base, "BASE"))


put("in/a.json", b'{"id": 1}\n{"id": 2}\n')
put("in/b.json", b'{"id": 3, "name": "x"}\n')
files = spark.read.json(f"{base}/in/")
named = files.withColumn("file", F.input_file_name())
print(named.columns)
show(named)
show(files.filter("id > 1").select("id", F.regexp_extract(F.input_file_name(), r"/(\w+)\.json", 1), "_metadata.file_name"))
show(files.groupBy(F.input_file_name().alias("file")).count())
show(files.selectExpr("id", "_metadata.file_path AS at").join(files, "id").select("at", "name"))
files.createOrReplaceTempView("files")
show(spark.sql("SELECT *, input_file_name() AS file FROM files WHERE id = 3"))
spark.sql("CREATE OR REPLACE TEMP VIEW named AS SELECT id, input_file_name() AS file FROM files")
show(spark.sql("SELECT f.name, n.file FROM Named n JOIN files f ON f.id = n.id WHERE n.id > 1"))
named.write.partitionBy("id").parquet(f"{base}/out/")
show(spark.read.parquet(f"{base}/out/").select("file", "id", F.element_at(F.split(F.input_file_name(), "/"), -2)))
fails(lambda: spark.range(1).select(F.input_file_name()).collect())
fails(lambda: spark.sql("SELECT input_file_name() FROM range(1)"))
fails(lambda: files.select("_metadata.file_size").collect())

kept, later = files.checkpoint(), files.localCheckpoint(eager=False)
spark.sparkContext.setCheckpointDir(f"{base}/checkpoints/")
s3.delete_object(Bucket=given["--target"], Key="names/in/b.json")
print(kept.count(), later.count(), spark.read.json(f"{base}/in/").count())
fails(lambda: spark.read.json(f"{base}/nowhere/").withColumn("file", F.input_file_name()))
spark.read.schema("id int").json(f"s3://{given['--secret']}/plans/").withColumn("file", F.input_file_name()).show()
