import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs
import datetime
import re


def partitionKeys(frame):
    # Mappings that keep the keys of partitions; fields of files without a header have numbers.
    names = [field.name for field in frame.schema().fields]
    keys = [name for name in names if not re.fullmatch("col[0-9]+", name)]
    return [(name, "string", name, "string") for name in keys]


args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node Orders
Orders_nodea = glueContext.create_dynamic_frame.from_options(
    format_options={"multiline": False},
    connection_type="s3",
    format="json",
    connection_options={"paths": ["s3://o/"], "recurse": True},
    transformation_ctx="Orders_nodea",
)

# Script generated for node Lines
Lines_nodeb_df = Orders_nodea.toDF().select(
    SqlFuncs.col("`id`").cast("bigint").alias("id"),
    SqlFuncs.transform(SqlFuncs.col("`lines`"), lambda item: SqlFuncs.struct(item.getField("product").cast("string").alias("sku"), item.getField("qty").cast("bigint").alias("amount"))).alias("lines"),
    SqlFuncs.col("`whatever`").alias("any"),
)
Lines_nodeb = DynamicFrame.fromDF(Lines_nodeb_df, glueContext, "Lines_nodeb")

# Script generated for node Once
Once_nodec = DynamicFrame.fromDF(
    Lines_nodeb.toDF().withColumn("__key0", SqlFuncs.col("where.town")).dropDuplicates(["__key0"]).drop("__key0"),
    glueContext,
    "Once_nodec",
)

# Script generated for node Once
Once_noded = DynamicFrame.fromDF(Once_nodec.toDF().dropDuplicates(), glueContext, "Once_noded")

# Script generated for node Typed
Typed_nodesrc = glueContext.create_dynamic_frame.from_options(
    format_options={"quoteChar": -1, "withHeader": False, "separator": "\t"},
    connection_type="s3",
    format="csv",
    connection_options={"paths": ["s3://t/"], "recurse": True},
    transformation_ctx="Typed_nodesrc",
)
Typed_nodesrc = ApplyMapping.apply(
    frame=Typed_nodesrc,
    mappings=[
        ("col0", "string", "name", "string"),
        ("col1", "string", "born", "date"),
        ("col2", "string", "ok", "boolean"),
    ] + partitionKeys(Typed_nodesrc),
    transformation_ctx="Typed_nodesrc_schema",
)

# Script generated for node Typed
Typed_nodee = Filter.apply(
    frame=Typed_nodesrc,
    f=lambda row: (
        (row["born"] is not None and row["born"] >= datetime.date.fromisoformat("2000-01-01"))
        and (row["name"] == "007")
        and (row["ok"] == True)
        and (row["name"] is not None and bool(re.match("b", row["name"])))
    ),
    transformation_ctx="Typed_nodee",
)

# Script generated for node Out
Out_nodet = glueContext.write_dynamic_frame.from_options(
    frame=Once_noded,
    connection_type="s3",
    format="parquet",
    connection_options={"path": "s3://out/", "partitionKeys": []},
    format_options={"compression": "snappy"},
    transformation_ctx="Out_nodet",
)

# Script generated for node Table
Table_nodeu = glueContext.write_dynamic_frame.from_catalog(
    frame=Typed_nodee,
    database="d",
    table_name="t",
    transformation_ctx="Table_nodeu",
)

job.commit()
