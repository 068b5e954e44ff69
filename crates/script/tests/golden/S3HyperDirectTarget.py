import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

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
Mytarget_node10 = glueContext.write_dynamic_frame.from_options(
    frame=Orders_node1,
    connection_type="s3",
    format="hyper",
    connection_options={
        "path": "s3://out/orders/",
        "compression": "uncompressed",
        "partitionKeys": [],
    },
    transformation_ctx="Mytarget_node10",
)

job.commit()
