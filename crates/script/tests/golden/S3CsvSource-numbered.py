import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
import datetime
import decimal
import re


def typed(constant, value):
    # The constant as a value of the field's type, which only the data tells.
    text = constant.strip()
    if isinstance(value, bool):
        return text.lower() in ("true", "t", "yes", "y", "1")
    if isinstance(value, datetime.datetime):
        time = datetime.datetime.fromisoformat(text)
        return (time - (time.utcoffset() or datetime.timedelta())).replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return datetime.datetime.fromisoformat(text).date()
    if isinstance(value, decimal.Decimal):
        return decimal.Decimal(text)
    if isinstance(value, (int, float)):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return constant


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

# Script generated for node Persons
Persons_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={"quoteChar": "\"", "withHeader": False, "separator": ","},
    connection_type="s3",
    format="csv",
    connection_options={"paths": ["s3://data/persons/"], "recurse": True},
    transformation_ctx="Persons_node1",
)
Persons_node1 = ApplyMapping.apply(
    frame=Persons_node1,
    mappings=[
        ("col0", "string", "id", "bigint"),
        ("col1", "string", "born", "date"),
    ] + partitionKeys(Persons_node1),
    transformation_ctx="Persons_node1_schema",
)

# Script generated for node Late
Late_node2 = Filter.apply(
    frame=Persons_node1,
    f=lambda row: (
        (row["born"] is not None and row["born"] >= datetime.date.fromisoformat("1990-01-01"))
        and (row["id"] is not None and row["id"] < 100)
        and (row["year"] == typed("2024", row["year"]))
    ),
    transformation_ctx="Late_node2",
)

job.commit()
