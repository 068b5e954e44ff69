import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs


def sparkAggregate(glueContext, parentFrame, groups, aggs, transformation_ctx) -> DynamicFrame:
    columns = []
    for column, func in aggs:
        name = f"{func}({column})"
        if func.endswith("Distinct"):
            name = f"{func.removesuffix('Distinct')}(DISTINCT {column})"
        columns.append(getattr(SqlFuncs, func)(column).alias(name))
    answer = parentFrame.toDF().groupBy(*groups).agg(*columns)
    return DynamicFrame.fromDF(answer, glueContext, transformation_ctx)


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

# Script generated for node My Aggregate
MyAggregate_node10 = sparkAggregate(
    glueContext,
    parentFrame=Orders_node1,
    groups=["status", "address.city"],
    aggs=[["total", "avg"], ["customer", "countDistinct"]],
    transformation_ctx="MyAggregate_node10",
)

job.commit()
