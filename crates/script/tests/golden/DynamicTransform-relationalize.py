import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir"])
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

# Script generated for node Flatten all
Flattenall_node2 = Relationalize.apply(
    frame=Orders_node1,
    staging_path=args["TempDir"],
    name="orders",
    transformation_ctx="Flattenall_node2",
)

# Script generated for node Lines
Lines_node3 = SelectFromCollection.apply(
    dfc=Flattenall_node2,
    key=list(Flattenall_node2.keys())[1],
    transformation_ctx="Lines_node3",
)

job.commit()
