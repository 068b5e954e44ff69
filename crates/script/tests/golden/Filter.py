import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
import re

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

# Script generated for node My Filter
MyFilter_node10 = Filter.apply(
    frame=Orders_node1,
    f=lambda row: (
        (row["status"] == "sent")
        and (not (row["n"] == 7))
        and (row["a"] is not None and row["b"] is not None and row["a"] < row["b"])
        and (row["total"] is not None and not (row["total"] > 1.5))
        and (row["address"] is not None and row["address"]["zip"] is not None and row["address"]["zip"] <= 9000)
        and (row["n"] is not None and row["n"] >= 0)
        and (row["name"] is not None and bool(re.match("A.*\\d\"", str(row["name"]))))
        and (row["gone"] is None)
        and (row["address"] is not None and row["address"]["city"] is not None)
        and (not (row["a"] is not None and row["b"] is not None and row["a"] == row["b"]) and not ((row["a"] is None) and (row["b"] is None)))
        and (row["a"] is not None and row["b"] is not None and row["a"] == row["b"])
    ),
    transformation_ctx="MyFilter_node10",
)

job.commit()
