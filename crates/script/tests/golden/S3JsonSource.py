import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
import json

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node My source
Mysource_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={
        "jsonPath": "$.records[*]",
        "multiline": True,
        "withSchema": json.dumps(
            {
                "type": "struct",
                "fields": [
                    {"name": "id", "type": "long"},
                    {"name": "name", "type": "string"},
                    {"name": "born", "type": "date"},
                ],
            },
        ),
    },
    connection_type="s3",
    format="json",
    connection_options={"paths": ["s3://data/persons/"], "recurse": True, "boundedFiles": "10"},
    transformation_ctx="Mysource_node1",
)
Mysource_node1 = Mysource_node1.resolveChoice(
    specs=[("id", "cast:bigint"), ("name", "cast:string"), ("born", "cast:date")],
)

job.commit()
