import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrameCollection


# Script generated for node Twice
def MyTransform(glueContext, dfc) -> DynamicFrameCollection:
    return dfc


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

# Script generated for node Twice
Twice_node2 = MyTransform(
    glueContext,
    DynamicFrameCollection({"Orders_node1": Orders_node1}, glueContext),
)

# Script generated for node First
First_node3 = SelectFromCollection.apply(
    dfc=Twice_node2,
    key=list(Twice_node2.keys())[0],
    transformation_ctx="First_node3",
)

job.commit()
