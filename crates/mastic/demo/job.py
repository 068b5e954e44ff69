"""The demo's job as a script, as a person would write it for Glue."""

import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import ApplyMapping
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "airlines", "report"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)

flights = ApplyMapping.apply(
    frame=glue.create_dynamic_frame.from_catalog(database="nyc", table_name="flights"),
    mappings=[
        ("carrier", "string", "carrier", "string"),
        ("tailnum", "string", "tailnum", "string"),
        ("dep_delay", "bigint", "dep_delay", "double"),
        ("arr_delay", "bigint", "arr_delay", "double"),
        ("month", "string", "month", "int"),
    ],
).toDF()
airlines = glue.spark_session.read.csv(args["airlines"], header=True).withColumnRenamed("name", "airline")
planes = glue.create_dynamic_frame.from_catalog(database="nyc", table_name="planes").toDF().select("tailnum", "seats")

delays = (
    flights.join(airlines, "carrier")
    .join(planes, "tailnum", "left")
    .groupBy("airline", "month")
    .agg(
        F.count("carrier").alias("flights"),
        F.avg("dep_delay").alias("departure_delay"),
        F.avg("arr_delay").alias("arrival_delay"),
        F.avg("seats").alias("seats"),
    )
)
glue.write_dynamic_frame.from_options(
    frame=DynamicFrame.fromDF(delays, glue, "delays"),
    connection_type="s3",
    connection_options={"path": args["report"]},
    format="csv",
)
print(delays.count(), "lines")
job.commit()
