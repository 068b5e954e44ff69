"""Overwrites partitions that get rows, and tables as a whole."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
place = f"s3://{given['--target']}/overwrite/"


def rows(*pairs):
    return spark.createDataFrame(list(pairs), "id int, day string")


def days(frame):
    return sorted((row.day, row.id) for row in frame.collect())


rows((1, "a b"), (2, "b")).write.partitionBy("day").mode("overwrite").parquet(place)
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
rows((3, "b"), (4, "c")).write.partitionBy("day").mode("overwrite").parquet(place)
print(days(spark.read.parquet(place)))
rows((5, "c")).write.option("partitionOverwriteMode", "static").partitionBy("day").mode("overwrite").parquet(place)
print(days(spark.read.parquet(place)))
table = f"{given['--database']}.again"
for number in (1, 2):
    rows((number, "x")).write.mode("overwrite").option("path", f"{place}table/").saveAsTable(table)
rows((3, "y")).write.mode("overwrite").saveAsTable(table)
print(days(spark.table(table)))
spark.sql(f"INSERT OVERWRITE TABLE {table} SELECT 7 AS id, 'z' AS day")
print(days(spark.table(table)))
spark.sql(f"DROP TABLE {table}")
rows((9, "q")).write.mode("overwrite").option("path", f"{place}table/").saveAsTable(table)
print(days(spark.table(table)))
try:
    spark.table(table).where("id > 0").write.mode("overwrite").saveAsTable(table)
except Exception as error:
    print(type(error).__name__, days(spark.table(table)))
