"""What the jobs of `scripts.py` do, as anybody writes it for Spark without Glue; on Sail, on Apache Spark and as a job of Mastic's.

`plain_spark.py --engine sail --work demo --source FOLDER --target FOLDER [--types JSON]`: needs nothing but `pyspark`, and `pysail`
for `sail`. Folders are of this machine or in S3.
"""

import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def session(engine):
    """A session: within this process for `sail` and `spark`, and what there is for `job`."""
    builder = SparkSession.builder
    if engine == "job":
        return builder.getOrCreate()
    if engine == "sail":
        from pysail.spark import SparkConnectServer

        # It ends with the object.
        global server
        server = SparkConnectServer()
        server.start(background=True)
        return builder.remote("sc://127.0.0.1:%d" % server.listening_address[1]).getOrCreate()
    given = {"spark.driver.memory": "4g", "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false"}
    for key, value in given.items():
        builder = builder.config(key, value)
    return builder.master("local[2]").getOrCreate()


def demo(spark, source, target):
    """Delays per airline and month."""
    def table(name):
        return spark.read.csv(f"{source}/{name}/", header=True, nullValue="NA")

    flights = table("flights").selectExpr(
        "carrier", "tailnum", "cast(dep_delay as double) dep_delay", "cast(arr_delay as double) arr_delay",
        "cast(month as int) month",
    )
    airlines = table("airlines").selectExpr("carrier", "name as airline")
    planes = table("planes").selectExpr("tailnum", "cast(seats as double) seats")
    joined = flights.join(airlines, "carrier").join(planes, "tailnum", "left")
    delays = joined.groupBy("airline", "month").agg(
        F.count("carrier").alias("flights"),
        F.avg("dep_delay").alias("departure_delay"),
        F.avg("arr_delay").alias("arrival_delay"),
        F.avg("seats").alias("seats"),
    )
    delays.write.mode("overwrite").partitionBy("month").parquet(f"{target}/delays/")
    delays.write.mode("overwrite").csv(f"{target}/report/", header=True)


def lineitem(spark, source, target, types):
    """Columns renamed and cast, rows filtered, written by two keys."""
    rows = spark.read.csv(source, header=True)
    columns = [F.col(name).cast(kind).alias(name.removeprefix("l_")) for name, kind in types.items()]
    kept = rows.select(columns).filter("quantity > 1").withColumn("ship_year", F.year("shipdate"))
    kept.write.mode("overwrite").partitionBy("ship_year", "shipmode").parquet(target)


given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
places = given["--source"], given["--target"]
spark = session(given["--engine"])
if given["--work"] == "demo":
    demo(spark, *places)
else:
    lineitem(spark, *places, json.loads(given["--types"]))
if given["--engine"] != "job":
    spark.stop()
