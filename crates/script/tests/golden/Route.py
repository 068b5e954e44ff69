import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrameCollection
import datetime
import decimal


class GroupFilter:
    def __init__(self, name, filters):
        self.name = name
        self.filters = filters


def threadedRoute(glueContext, source_DyF, group_filters) -> DynamicFrameCollection:
    groups = {group.name: source_DyF.filter(f=group.filters) for group in group_filters}
    return DynamicFrameCollection(groups, glueContext)


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

# Script generated for node My Route
MyRoute_node10 = threadedRoute(
    glueContext,
    source_DyF=Orders_node1,
    group_filters=[
        GroupFilter(
            name="big",
            filters=lambda row: (
                (row["total"] is not None and row["total"] > typed("100", row["total"]))
            ),
        ),
        GroupFilter(name="late", filters=lambda row: ((row["sent"] is None))),
        GroupFilter(
            name="default_group",
            filters=lambda row: (
                not ((row["total"] is not None and row["total"] > typed("100", row["total"])))
                and not ((row["sent"] is None))
            ),
        ),
    ],
)

# Script generated for node late
late_node11 = SelectFromCollection.apply(
    dfc=MyRoute_node10,
    key="late",
    transformation_ctx="late_node11",
)

# Script generated for node others
others_node12 = SelectFromCollection.apply(
    dfc=MyRoute_node10,
    key="default_group",
    transformation_ctx="others_node12",
)

job.commit()
