import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs


def sparkJoin(glueContext, frame1, frame2, keys1, keys2, joinType, transformation_ctx) -> DynamicFrame:
    # Columns of the second frame that the first has too are prefixed.
    left, right = frame1.toDF(), frame2.toDF()
    taken, names = set(left.columns), {}
    for column in right.columns:
        name = column
        while name in taken:
            name = "right_" + name
        taken.add(name)
        names[column] = name
    right = right.toDF(*names.values())

    def key(frame, path):
        column = frame["`" + path[0].replace("`", "``") + "`"]
        for field in path[1:]:
            column = column.getField(field)
        return column

    conditions = [
        key(left, first) == key(right, [names.get(second[0], second[0]), *second[1:]])
        for first, second in zip(keys1, keys2)
    ]
    return DynamicFrame.fromDF(left.join(right, conditions, joinType), glueContext, transformation_ctx)


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

# Script generated for node My Join
MyJoin_node10 = sparkJoin(
    glueContext,
    frame1=Orders_node1,
    frame2=Customers_node2,
    keys1=[["customer"]],
    keys2=[["id"]],
    joinType="left",
    transformation_ctx="MyJoin_node10",
)

job.commit()
