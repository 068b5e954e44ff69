import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsgluedq.transforms import EvaluateDataQuality

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

# Script generated for node My EvaluateDataQuality
MyEvaluateDataQuality_node10_ruleset = """
Rules = [ ColumnCount > 1 ]
"""
MyEvaluateDataQuality_node10_results = EvaluateDataQuality.apply(
    frame=Orders_node1,
    ruleset=MyEvaluateDataQuality_node10_ruleset,
    publishing_options={
        "dataQualityEvaluationContext": "orders",
        "enableDataQualityCloudWatchMetrics": True,
        "enableDataQualityResultsPublishing": True,
        "resultsS3Prefix": "s3://dq/",
    },
)
MyEvaluateDataQuality_node10 = Orders_node1
assert MyEvaluateDataQuality_node10_results.filter(lambda rule: rule["Outcome"] == "Failed").count() == 0, "The job failed due to failing DQ rules for node: MyEvaluateDataQuality_node10"

# Script generated for node Out
Out_node11 = glueContext.write_dynamic_frame.from_options(
    frame=MyEvaluateDataQuality_node10,
    connection_type="s3",
    format="csv",
    connection_options={"path": "s3://out/", "partitionKeys": []},
    transformation_ctx="Out_node11",
)

job.commit()
