# Queries that mean something else than the views that the script has made of frames.
import glob
import os
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
glue = GlueContext(SparkContext())
spark, s3, base = glue.spark_session, boto3.client("s3"), f"{args['JOB_NAME']}"
s3.put_object(Bucket=args["target"], Key=f"{base}/in/a.csv", Body=b"name\nann\nbob\n")


def frame():
    return glue.create_dynamic_frame.from_options(
        "s3", {"paths": [f"s3://{args['target']}/{base}/in/"]}, "csv", {"withHeader": True}
    )


def answer(query, to):
    made = DynamicFrame.fromDF(spark.sql(query), glue, to)
    path = f"s3://{args['target']}/{base}/{to}/"
    glue.write_dynamic_frame.from_options(frame=made, connection_type="s3", format="json", connection_options={"path": path})
    print(waiting(), end=" ")
    return sorted(tuple(row) for row in spark.read.json(path).collect())


def waiting():
    return len(glob.glob(f"{os.environ['MASTIC_SCRATCH']}/exchange/read-*/columns.arrow"))


frame().toDF().createOrReplaceTempView("people")
print(answer("select name from people", "plain"))
spark.sql("create or replace temporary view people as select 'eve' as name")
print(answer("select name from people", "replaced"))
frame().toDF().createOrReplaceTempView("people")
print(answer("with people as (select 'cte' as name) select name from people", "shadowed"))
spark.range(1).selectExpr("'zoe' as name").createOrReplaceTempView("people")
print(answer("select name from people", "spark"))
frame().toDF().createOrReplaceTempView("people")
spark.udf.register("upper", lambda text: f"<{text}>")
print(answer("select upper(name) as name from people", "function"))
