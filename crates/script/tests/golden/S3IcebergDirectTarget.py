import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
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

# Script generated for node My target
Mytarget_node10_df = Orders_node1.toDF().repartition(8)
if spark.catalog.tableExists("glue_catalog.`lake`.`or ders`"):
    Mytarget_node10_df.writeTo("glue_catalog.`lake`.`or ders`").append()
else:
    Mytarget_node10_df.writeTo("glue_catalog.`lake`.`or ders`").using("iceberg").tableProperty("format-version", "2").tableProperty("location", "s3://lake/orders/").tableProperty("write.parquet.compression-codec", "snappy").tableProperty("a", "b").partitionedBy(SqlFuncs.col("`year`"), SqlFuncs.col("`month of it`")).create()

job.commit()
