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

# Script generated for node Customers
Customers_node2 = glueContext.create_dynamic_frame.from_options(
    format_options={},
    connection_type="s3",
    format="parquet",
    connection_options={"paths": ["s3://data/customers/"], "recurse": True},
    transformation_ctx="Customers_node2",
)

# Script generated for node My EvaluateDataQualityMultiFrame
MyEvaluateDataQualityMultiFrame_node10_ruleset = """
Rules = [
    ReferentialIntegrity "customer" "customers.id" = 1.0
]
"""
MyEvaluateDataQualityMultiFrame_node10 = EvaluateDataQuality().process_rows(
    frame=Orders_node1,
    additional_data_sources={"customers": Customers_node2},
    ruleset=MyEvaluateDataQualityMultiFrame_node10_ruleset,
    publishing_options={"dataQualityEvaluationContext": "MyEvaluateDataQualityMultiFrame_node10"},
    additional_options={"performanceTuning.caching": "CACHE_INPUT", "observations.scope": "ALL"},
)

# Script generated for node rowLevelOutcomes
rowLevelOutcomes_node11 = SelectFromCollection.apply(
    dfc=MyEvaluateDataQualityMultiFrame_node10,
    key=list(MyEvaluateDataQualityMultiFrame_node10.keys())[1],
    transformation_ctx="rowLevelOutcomes_node11",
)

assert MyEvaluateDataQualityMultiFrame_node10[EvaluateDataQuality.DATA_QUALITY_RULE_OUTCOMES_KEY].filter(lambda rule: rule["Outcome"] == "Failed").count() == 0, "The job failed due to failing DQ rules for node: MyEvaluateDataQualityMultiFrame_node10"

job.commit()
