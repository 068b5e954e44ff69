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

# Script generated for node Flights (S3)
FlightsS3_node1700000000001 = glueContext.create_dynamic_frame.from_options(
    format_options={"quoteChar": "\"", "withHeader": True, "separator": ","},
    connection_type="s3",
    format="csv",
    connection_options={"paths": ["s3://flights/flights/"], "recurse": True},
    transformation_ctx="FlightsS3_node1700000000001",
)

# Script generated for node Airlines
Airlines_node1700000000002 = glueContext.create_dynamic_frame.from_catalog(
    database="demo",
    table_name="airlines",
    transformation_ctx="Airlines_node1700000000002",
)

# Script generated for node Change Schema
ChangeSchema_node1700000000003 = ApplyMapping.apply(
    frame=FlightsS3_node1700000000001,
    mappings=[
        ("year", "string", "year", "int"),
        ("month", "string", "month", "int"),
        ("carrier", "string", "carrier", "string"),
        ("dep_delay", "string", "dep_delay", "int"),
        ("arr_delay", "string", "arr_delay", "int"),
    ],
    transformation_ctx="ChangeSchema_node1700000000003",
)

# Script generated for node Renamed keys for Join
RenamedkeysforJoin_node1700000000004 = ApplyMapping.apply(
    frame=Airlines_node1700000000002,
    mappings=[
        ("carrier", "string", "airline_carrier", "string"),
        ("name", "string", "name", "string"),
    ],
    transformation_ctx="RenamedkeysforJoin_node1700000000004",
)

# Script generated for node Late
Late_node1700000000005 = Filter.apply(
    frame=ChangeSchema_node1700000000003,
    f=lambda row: (
        (row["dep_delay"] is not None and row["dep_delay"] > 15)
        or (row["carrier"] == "9")
    ),
    transformation_ctx="Late_node1700000000005",
)

# Script generated for node Join
Join_node1700000000006 = Join.apply(
    frame1=Late_node1700000000005,
    frame2=RenamedkeysforJoin_node1700000000004,
    keys1=["carrier"],
    keys2=["airline_carrier"],
    transformation_ctx="Join_node1700000000006",
)

# Script generated for node Delays
Delays_node1700000000007 = sparkAggregate(
    glueContext,
    parentFrame=Join_node1700000000006,
    groups=["name", "month"],
    aggs=[["arr_delay", "avg"], ["arr_delay", "max"]],
    transformation_ctx="Delays_node1700000000007",
)

# Script generated for node Parquet
Parquet_node1700000000008 = glueContext.getSink(
    path="s3://flights/delays/",
    connection_type="s3",
    updateBehavior="UPDATE_IN_DATABASE",
    partitionKeys=["month"],
    enableUpdateCatalog=True,
    transformation_ctx="Parquet_node1700000000008",
)
Parquet_node1700000000008.setCatalogInfo(catalogDatabase="demo", catalogTableName="delays")
Parquet_node1700000000008.setFormat("glueparquet", compression="snappy")
Parquet_node1700000000008.writeFrame(Delays_node1700000000007)

# Script generated for node JSON
JSON_node1700000000009 = glueContext.write_dynamic_frame.from_options(
    frame=Join_node1700000000006,
    connection_type="s3",
    format="json",
    connection_options={"path": "s3://flights/late/", "compression": "gzip", "partitionKeys": []},
    transformation_ctx="JSON_node1700000000009",
)

job.commit()
