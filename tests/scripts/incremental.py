"""Only what is new since the last run, appended to a table of Parquet by day."""

import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql.functions import col, to_date

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
root = f"s3://{args['target']}/incremental"

clicks = glueContext.create_dynamic_frame.from_options(
    connection_type="s3",
    connection_options={"paths": [f"{root}/in/"], "recurse": True},
    format="json",
    transformation_ctx="clicks",
)
if clicks.count() == 0:
    print("nothing new")
else:
    df = clicks.toDF().withColumn("day", to_date(col("at"))).dropDuplicates(["id"])
    print(df.count(), [str(row.day) for row in df.select("day").distinct().orderBy("day").collect()])
    glueContext.write_dynamic_frame.from_options(
        frame=DynamicFrame.fromDF(df, glueContext, "out"),
        connection_type="s3",
        connection_options={"path": f"{root}/out/", "partitionKeys": ["day"]},
        format="glueparquet",
        transformation_ctx="out",
    )
    print(spark.read.parquet(f"{root}/out/").count())
job.commit()
