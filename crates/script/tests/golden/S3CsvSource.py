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

# Script generated for node Persons
Persons_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={
        "quoteChar": "'",
        "withHeader": True,
        "separator": "|",
        "escaper": "\\",
        "multiLine": True,
        "optimizePerformance": False,
    },
    connection_type="s3",
    format="csv",
    connection_options={
        "paths": ["s3://data/persons/"],
        "recurse": True,
        "exclusions": "[\"s3://data/persons/old/**\"]",
        "compressionType": "gzip",
        "groupFiles": "inPartition",
        "groupSize": "1048576",
    },
    transformation_ctx="Persons_node1",
)
Persons_node1 = Persons_node1.resolveChoice(
    specs=[("id", "cast:bigint"), ("name", "cast:string"), ("born", "cast:date")],
)

job.commit()
