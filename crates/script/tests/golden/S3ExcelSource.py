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

# Script generated for node My source
Mysource_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={"numberRows": 100, "skipFooter": 2},
    connection_type="s3",
    format="excel",
    connection_options={"paths": ["s3://data/books/"], "recurse": True},
    transformation_ctx="Mysource_node1",
)

job.commit()
