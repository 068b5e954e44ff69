"""A Map and a Filter whose functions fail on some records; with `--most` the number that is too many."""

import sys

from awsglue.context import GlueContext
from awsglue.transforms import Filter, Map
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "most"])
glueContext = GlueContext(SparkContext())
orders = glueContext.create_dynamic_frame.from_options(
    connection_type="s3", connection_options={"paths": [f"s3://{args['target']}/map/orders/"]}, format="json"
)


def priced(record):
    record["each"] = record["total"] / record["pieces"]
    return record


most = int(args["most"])
each = Map.apply(frame=orders, f=priced, transformation_ctx="each", stageThreshold=most)
print(each.count(), each.errorsCount())
named = Filter.apply(frame=each, f=lambda record: record["name"].startswith("a"), transformation_ctx="named")
for row in named.toDF().orderBy("id").collect():
    print(row["id"], row["name"], row["each"])
print(named.stageErrorsCount())
print([error["error"]["msg"] for error in each.errorsAsDynamicFrame().toDF().collect()])
