import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node My source
Mysource_node1_df = glueContext.create_data_frame.from_catalog(
    database="lake",
    table_name="orders",
    additional_options={},
)
Mysource_node1 = DynamicFrame.fromDF(Mysource_node1_df, glueContext, "Mysource_node1")

job.commit()
