"""Casts a text that is no number: null with Spark 3's rules, an error with Spark 4's."""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

spark = SparkSession.builder.getOrCreate()
print([row.x for row in spark.createDataFrame([("",), ("5",)], ["x"]).select(col("x").cast("int")).collect()])
