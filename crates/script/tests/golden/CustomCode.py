import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrameCollection


# Script generated for node My CustomCode
def MyTransform(glueContext, dfc) -> DynamicFrameCollection:
    df = dfc.select(list(dfc.keys())[0]).toDF()

    for name in df.columns:
        df = df.withColumnRenamed(name, name.lower())
    from awsglue.dynamicframe import DynamicFrame
    return DynamicFrameCollection({"rows": DynamicFrame.fromDF(df, glueContext, "rows")}, glueContext)


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

# Script generated for node My CustomCode
MyCustomCode_node10 = MyTransform(
    glueContext,
    DynamicFrameCollection(
        {"Orders_node1": Orders_node1, "Customers_node2": Customers_node2},
        glueContext,
    ),
)

job.commit()
