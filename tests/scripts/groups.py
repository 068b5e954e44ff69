"""Python for whole groups: applyInPandas, a pandas aggregate, mapInPandas, a registered function in SQL."""

import sys

import pandas as pd
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import StringType

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
readings = spark.createDataFrame(
    [("a", 1, 10.0), ("a", 2, 14.0), ("a", 3, 12.0), ("b", 1, 1.0), ("b", 2, 3.0)], ["sensor", "hour", "value"]
)


def smoothed(group: pd.DataFrame) -> pd.DataFrame:
    group = group.sort_values("hour")
    group["mean"] = group["value"].rolling(2, min_periods=1).mean()
    return group


@pandas_udf("double")
def spread(values: pd.Series) -> float:
    return float(values.max() - values.min())


def halved(frames):
    for frame in frames:
        yield frame.assign(value=frame["value"] / 2)


spark.udf.register("shout", lambda text: text.upper() + "!", StringType())
smooth = readings.groupBy("sensor").applyInPandas(smoothed, "sensor string, hour long, value double, mean double")
for row in smooth.orderBy("sensor", "hour").collect():
    print(row.sensor, row.hour, row["mean"])
for row in readings.groupBy("sensor").agg(spread("value").alias("spread")).orderBy("sensor").collect():
    print(row.sensor, row.spread)
print(sorted(row.value for row in readings.mapInPandas(halved, readings.schema).collect()))
readings.createOrReplaceTempView("readings")
print([row.s for row in spark.sql("SELECT DISTINCT shout(sensor) AS s FROM readings ORDER BY s").collect()])
frame = DynamicFrame.fromDF(smooth, glueContext, "smooth")
glueContext.write_dynamic_frame_from_options(frame, "s3", {"path": f"s3://{args['target']}/groups/"}, "csv")
