"""One day of a partitioned table of the catalog, aggregated into another table that the sink makes."""

import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "database", "from_day"])
glueContext = GlueContext(SparkContext.getOrCreate())
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

events = glueContext.create_dynamic_frame.from_catalog(
    database=args["database"],
    table_name="events",
    push_down_predicate=f"day >= '{args['from_day']}'",
    transformation_ctx="events",
)
print(events.count(), events.toDF().columns)
daily = events.toDF().groupBy("day", "what").agg(F.count("*").alias("n"), F.max("id").alias("last"))
sink = glueContext.getSink(
    connection_type="s3",
    path=f"s3://{args['target']}/{args['database']}/daily/",
    enableUpdateCatalog=True,
    updateBehavior="UPDATE_IN_DATABASE",
    partitionKeys=["day"],
    transformation_ctx="sink",
)
sink.setFormat("glueparquet")
sink.setCatalogInfo(catalogDatabase=args["database"], catalogTableName="daily")
sink.writeFrame(DynamicFrame.fromDF(daily, glueContext, "daily"))
for row in glueContext.create_data_frame.from_catalog(database=args["database"], table_name="daily").orderBy("what").collect():
    print(row.day, row.what, row.n, row["last"])
job.commit()
