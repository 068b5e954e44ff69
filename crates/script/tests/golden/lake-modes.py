import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from pyspark.sql import functions as SqlFuncs
from delta.tables import DeltaTable

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node Orders
Orders_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={},
    connection_type="s3",
    format="parquet",
    connection_options={"paths": ["s3://data/orders/"], "recurse": True},
    transformation_ctx="Orders_node1",
)

# Script generated for node Whole
Whole_node2_df = Orders_node1.toDF()
if spark.catalog.tableExists("glue_catalog.`lake`.`orders`"):
    Whole_node2_df.writeTo("glue_catalog.`lake`.`orders`").option("mergeSchema", "true").overwrite(SqlFuncs.lit(True))
else:
    Whole_node2_df.writeTo("glue_catalog.`lake`.`orders`").using("iceberg").tableProperty("format-version", "2").tableProperty("location", "s3://lake/orders/").tableProperty("write.parquet.compression-codec", "snappy").create()

# Script generated for node Merged
Merged_node3_df = Orders_node1.toDF()
if spark.catalog.tableExists("glue_catalog.`lake`.`orders`"):
    Merged_node3_df.createOrReplaceTempView("Merged_node3_updates")
    spark.sql("MERGE INTO glue_catalog.`lake`.`orders` AS target USING Merged_node3_updates AS source ON target.`id` = source.`id` AND target.`day` = source.`day` WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
else:
    Merged_node3_df.writeTo("glue_catalog.`lake`.`orders`").using("iceberg").tableProperty("format-version", "2").tableProperty("location", "s3://lake/orders/").tableProperty("write.parquet.compression-codec", "snappy").create()

# Script generated for node Parts
Parts_node4_df = Orders_node1.toDF()
Parts_node4_df.writeTo("glue_catalog.`lake`.`orders`").overwritePartitions()

# Script generated for node Replaced
Replaced_node5_df = Orders_node1.toDF()
Replaced_node5_options = {
    "path": "s3://lake/delta/",
    "compression": "snappy",
    "overwriteSchema": "true",
}
Replaced_node5_df.write.format("delta").options(**Replaced_node5_options).mode("overwrite").save()

# Script generated for node Upserted
Upserted_node6_df = Orders_node1.toDF()
Upserted_node6_options = {"path": "s3://lake/delta/", "compression": "snappy"}
Upserted_node6_df.createOrReplaceTempView("Upserted_node6_updates")
if DeltaTable.isDeltaTable(spark, "s3://lake/delta/"):
    spark.sql("MERGE INTO delta.`s3://lake/delta/` AS target USING Upserted_node6_updates AS source ON target.`id` = source.`id` AND target.`day` = source.`day` WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
else:
    Upserted_node6_df.write.format("delta").options(**Upserted_node6_options).mode("append").save()

# Script generated for node Kept
Kept_node7_df = Orders_node1.toDF()
Kept_node7_df.createOrReplaceTempView("Kept_node7_updates")
spark.sql("MERGE INTO `lake`.`delta` AS target USING Kept_node7_updates AS source ON target.`id` = source.`id` AND target.`day` = source.`day` WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")

# Script generated for node Anew
Anew_node8_df = Orders_node1.toDF()
Anew_node8_df.write.format("delta").options(**{}).mode("overwrite").saveAsTable("`lake`.`delta`")

job.commit()
