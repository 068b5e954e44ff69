import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from awsglueml.transforms import EntityDetector
from pyspark.sql import functions as SqlFuncs

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

# Script generated for node Detect
entity_detector = EntityDetector()
Detect_node10_columns = entity_detector.classify_columns(Orders_node1, ["EMAIL"], 0.1, 0.1)
Detect_node10_df = Orders_node1.toDF()
for column in Detect_node10_columns:
    Detect_node10_df = Detect_node10_df.withColumn(column, SqlFuncs.sha2(SqlFuncs.col(column).cast("string"), 256))
Detect_node10 = DynamicFrame.fromDF(Detect_node10_df, glueContext, "Detect_node10")

job.commit()
