"""Casts texts that are none of what they are cast to: null with Spark 3's rules, an error with Spark 4's."""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

spark = SparkSession.builder.getOrCreate()
frame = spark.createDataFrame([("",), ("5",)], ["x"])
for kind in ("int", "bigint", "double", "boolean", "decimal(10,2)", "date"):
    print(kind, [row.x for row in frame.select(col("x").cast(kind)).collect()])
frame.createOrReplaceTempView("texts")
print(spark.sql("SELECT CAST(x AS double) AS y, 'cast (' AS z FROM texts").collect())
print(frame.selectExpr("cast(x as bigint) + 1 AS y").where("cast(x as int) IS NULL").collect())
