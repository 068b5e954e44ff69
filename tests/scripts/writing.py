"""CSV and JSON as Spark writes them, and what sinks of Glue make of options and columns that are odd."""

import sys

import boto3
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import SparkSession

target = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])["target"]
spark = SparkSession.builder.getOrCreate()
store = boto3.client("s3")


def wrote(frame, form, **options):
    frame.coalesce(1).write.mode("overwrite").options(**options).format(form).save(f"s3://{target}/writing")
    for found in store.list_objects_v2(Bucket=target, Prefix="writing/")["Contents"]:
        print(store.get_object(Bucket=target, Key=found["Key"])["Body"].read().decode(), end="")


times = spark.sql(
    "SELECT 1 AS i, TIMESTAMP'2024-01-02 03:04:05.123456' AS t, TIMESTAMP_NTZ'2024-01-02 03:04:05' AS n, DATE'2024-01-02' AS d, CAST(null AS timestamp) AS none"
)
wrote(times, "csv")
wrote(times, "json")
wrote(times, "csv", timestampFormat="dd.MM.yyyy HH:mm", dateFormat="MM/dd/yy", header=True)
within = "named_struct('t', TIMESTAMP'2024-01-02 03:04:05', 'x', 1) AS s, array(TIMESTAMP'2024-01-02 03:04:05', null) AS a"
wrote(spark.sql(f"SELECT {within}, map('k', TIMESTAMP'2024-01-02 03:04:05') AS m, array(named_struct('d', DATE'2024-01-02')) AS l"), "json", dateFormat="yyyy")
texts = ['a"b,c', "x\\y,z", 'p\\"q', "end,\\", " sp ", "it's", None]
frame = spark.createDataFrame([(text, 1) for text in texts], "v string, i int")
wrote(frame, "csv")
wrote(frame, "csv", escape='"', ignoreLeadingWhiteSpace=False, sep="|", nullValue="-")
wrote(frame, "csv")
print([row.v for row in spark.read.schema("v string, i int").csv(f"s3://{target}/writing").collect()] == [text and text.strip() for text in texts])
for options in ({"quoteAll": True}, {"encoding": "latin1"}, {"ignoreNullFields": False}):
    try:
        wrote(frame, "csv", **options)
    except Exception as error:
        print(type(error).__name__, error)
context = GlueContext(SparkContext.getOrCreate())
joined = spark.sql("SELECT * FROM VALUES (1, 'a') l(k, v) JOIN VALUES (1, 'b') r(k, v) ON l.k = r.k")
context.write_dynamic_frame.from_options(
    frame=DynamicFrame.fromDF(joined, context, "joined"), connection_type="s3", format="json", format_options={"updateBehavior": "LOG"},
    connection_options={"path": f"s3://{target}/joined", "useGlueDataCatalog": "true", "partitionKeys": []},
)  # fmt: skip
for found in store.list_objects_v2(Bucket=target, Prefix="joined/")["Contents"]:
    print(store.get_object(Bucket=target, Key=found["Key"])["Body"].read().decode(), end="")
try:
    context.create_dynamic_frame.from_options("s3", {"paths": [f"s3://{target}/joined"]}, "json", {"attachFilename": "file"})
except Exception as error:
    print(error)
