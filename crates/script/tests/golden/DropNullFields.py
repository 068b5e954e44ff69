import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs


def drop_nulls(
    glueContext, frame, nullStringSet, nullIntegerSet, transformation_ctx, nullValues=()
) -> DynamicFrame:
    # Leaves out every column that holds nothing but nulls and what counts as such.
    data = frame.toDF()
    counts = []
    for name, kind in data.dtypes:
        column = SqlFuncs.col("`" + name.replace("`", "``") + "`")
        nulls = [value for value, of in nullValues if of == kind]
        if kind == "string":
            nulls += list(nullStringSet)
        elif kind in ("tinyint", "smallint", "int", "bigint"):
            nulls += list(nullIntegerSet)
        if nulls:
            column = SqlFuncs.when(~column.isin(nulls), column)
        counts.append(SqlFuncs.count(column))
    found = data.agg(*counts).first()
    empty = [name for name, count in zip(data.columns, found) if count == 0]
    return DynamicFrame.fromDF(data.drop(*empty), glueContext, transformation_ctx)


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

# Script generated for node My DropNullFields
MyDropNullFields_node10 = drop_nulls(
    glueContext,
    frame=Orders_node1,
    nullStringSet={"", "null", "n/a"},
    nullIntegerSet={-1, 0},
    nullValues=[(-9.5, "double")],
    transformation_ctx="MyDropNullFields_node10",
)

job.commit()
