import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame


def sparkUnion(glueContext, unionType, mapping, transformation_ctx) -> DynamicFrame:
    first, second = (frame.toDF() for frame in mapping.values())
    together = first.union(second)
    if unionType == "DISTINCT":
        together = together.distinct()
    return DynamicFrame.fromDF(together, glueContext, transformation_ctx)


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

# Script generated for node My Union
MyUnion_node10 = sparkUnion(
    glueContext,
    unionType="DISTINCT",
    mapping={"source1": Orders_node1, "source2": Customers_node2},
    transformation_ctx="MyUnion_node10",
)

job.commit()
