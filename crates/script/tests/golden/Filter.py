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
        and (not (row["n"] == typed("7", row["n"])))
        and (row["a"] is not None and row["b"] is not None and row["a"] < row["b"])
        and (row["total"] is not None and not (row["total"] > typed("1.5", row["total"])))
        and (row["address"] is not None and row["address"]["zip"] is not None and row["address"]["zip"] <= typed("9000", row["address"]["zip"]))
        and (row["n"] is not None and row["n"] >= typed("0", row["n"]))
        and (row["name"] is not None and bool(re.match("A.*\\d\"", str(row["name"]))))
        and (row["gone"] is None)
        and (row["address"] is not None and row["address"]["city"] is not None)
        and (not (row["a"] is not None and row["b"] is not None and row["a"] == row["b"]) and not ((row["a"] is None) and (row["b"] is None)))
        and (row["a"] is not None and row["b"] is not None and row["a"] == row["b"])
    ),
    transformation_ctx="MyFilter_node10",
)

job.commit()
