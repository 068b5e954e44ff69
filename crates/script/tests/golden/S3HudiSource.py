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
Mysource_node1_df = spark.read.format("hudi").options(**{"versionAsOf": "3"}).load("s3://lake/a/")
Mysource_node1_df = Mysource_node1_df.unionByName(spark.read.format("hudi").options(**{"versionAsOf": "3"}).load("s3://lake/b/"))
Mysource_node1 = DynamicFrame.fromDF(Mysource_node1_df, glueContext, "Mysource_node1")

job.commit()
