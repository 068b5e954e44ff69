"""Clicks into visits: windows, time differences, text functions, SQL over views."""

import sys

from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import Window
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
spark = GlueContext(SparkContext()).spark_session
clicks = spark.createDataFrame(
    [("u1", "2024-05-01 10:00:00", "/a?x=1"), ("u1", "2024-05-01 10:10:00", "/b"), ("u1", "2024-05-01 12:00:00", "/a"),
     ("u2", "2024-05-01 23:59:59", "/c?y=2"), ("u2", "2024-05-02 00:10:00", "/c")],
    ["user", "at", "url"],
).withColumn("at", F.to_timestamp("at"))
of_user = Window.partitionBy("user").orderBy("at")
gap = F.col("at").cast("long") - F.lag("at").over(of_user).cast("long")
visits = (
    clicks.withColumn("new", F.when(gap.isNull() | (gap > 1800), 1).otherwise(0))
    .withColumn("visit", F.sum("new").over(of_user))
    .withColumn("page", F.split("url", "[?]")[0])
)
visits.createOrReplaceTempView("visits")
found = spark.sql("""
    SELECT user, visit, date_format(min(at), 'yyyy-MM-dd HH:mm') AS begun, count(*) AS clicks,
           concat_ws('>', array_sort(collect_set(page))) AS pages
    FROM visits GROUP BY user, visit ORDER BY user, visit
""")
for row in found.collect():
    print(row.user, row.visit, row.begun, row.clicks, row.pages)
found.coalesce(1).write.mode("overwrite").option("header", "true").csv(f"s3://{args['target']}/visits/")
print(spark.read.option("header", True).csv(f"s3a://{args['target']}/visits/").where("clicks > 1").count())
