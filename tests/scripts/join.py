"""Joins two CSV files, writes partitioned Parquet, reads it back."""

import sys

from pyspark.context import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
sc = SparkContext()
spark = SparkSession.builder.appName(given["--JOB_NAME"]).getOrCreate()
sc.setLogLevel("WARN")
flights = spark.read.csv(f"s3://{given['--source']}/flights/", header=True, inferSchema=True)
airlines = spark.read.csv(f"s3a://{given['--source']}/airlines/", header=True)
late = (
    flights.join(airlines, "carrier")
    .where(F.col("dep_delay") > 60)
    .groupBy("name", "carrier")
    .agg(F.count("*").alias("flights"), F.max("dep_delay").alias("worst"))
)
late.write.mode("overwrite").partitionBy("carrier").parquet(f"s3://{given['--target']}/late/")
back = spark.read.parquet(f"s3://{given['--target']}/late/")
for row in back.orderBy(F.desc("flights"), "name").limit(3).collect():
    print(row.carrier, row.name, row.flights, row.worst)
print(spark.sparkContext.appName, sc.version == spark.version)
