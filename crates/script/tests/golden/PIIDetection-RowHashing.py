import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglueml.transforms import EntityDetector

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
Detect_node10 = entity_detector.detect(
    Orders_node1,
    {"EMAIL": [{"action": "SHA256_HASH"}]},
    "DetectedEntities",
)
Detect_node10 = Detect_node10.drop_fields(["DetectedEntities"])

job.commit()
