"""Iceberg tables of the catalog, written by `writeTo` and made by SQL."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
table = f"glue_catalog.{given['--database']}.written"


def rows(*some):
    return spark.createDataFrame(list(some), "id int, name string, day string")


def show(name=table):
    print(sorted(map(tuple, spark.table(name).collect())))


def fails(what):
    try:
        what()
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0].replace(given["--database"], "DB"))


fails(lambda: rows((1, "a", "x")).writeTo(table).replace())
fails(lambda: rows((1, "a", "x")).writeTo(table).append())
writer = rows((1, "a", "x"), (2, "b", "y")).writeTo(table).using("iceberg").partitionedBy(F.col("day"))
writer.tableProperty("format-version", "2").tableProperty("write.parquet.compression-codec", "zstd").create()
fails(lambda: rows((1, "a", "x")).writeTo(table).create())
rows((3, "c", "y")).writeTo(table).append()
show()
rows((4, "d", "y")).writeTo(table).overwritePartitions()
show()
rows((5, "e", "z")).writeTo(table).overwrite(F.col("day") == "x")
rows((6, "f", "z")).writeTo(table).overwrite(F.col("id") == 5)
show()
spark.sql(f"INSERT OVERWRITE {table} PARTITION (day='z') SELECT 7, 'g'")
show()
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.sql(f"INSERT OVERWRITE {table} SELECT 8, 'same' AS same, 'y' AS same")
rows((9, "h", "y")).write.insertInto(table, overwrite=True)
show()
fails(lambda: spark.sql(f"INSERT OVERWRITE {table} SELECT 8"))
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "static")
before = spark.table(table)
before.select("id", F.upper("name").alias("name")).writeTo(table).partitionedBy(F.bucket(2, "id")).createOrReplace()
show()
fails(lambda: spark.table(table).selectExpr("cast(raise_error('no') as int) as id").writeTo(table).replace())
show()
spark.sql(f"DROP TABLE {table}")
spark.sql(f"CREATE TABLE {table} (id BIGINT NOT NULL, at TIMESTAMP) PARTITIONED BY (days(at))")
spark.sql(f"INSERT INTO {table} VALUES (1, timestamp '2024-01-02 10:00:00')")
show()
spark.sql(f"CREATE OR REPLACE TABLE {table} USING iceberg TBLPROPERTIES ('owner'='me') AS SELECT id + 1 AS id FROM {table}")
show()
numbers = f"glue_catalog.{given['--database']}.numbers"
spark.range(1).writeTo(numbers).create()
spark.createDataFrame([(None,)], "id bigint").writeTo(numbers).append()
print(spark.table(numbers).count())
saved = f"glue_catalog.{given['--database']}.saved"
rows((1, "a", "x")).write.format("iceberg").partitionBy("day").saveAsTable(saved)
rows((2, "b", "y")).write.format("iceberg").mode("append").saveAsTable(saved)
show(saved)
spark.table(saved).where("id = 2").write.mode("overwrite").saveAsTable(saved)
show(saved)
fails(lambda: rows((1, "a", "x")).write.format("iceberg").saveAsTable(saved))
fails(lambda: rows((1, "a", "x")).writeTo(f"glue_catalog.{given['--database']}.events").createOrReplace())
rows((1, "a", "x")).writeTo(f"glue_catalog.{given['--database']}.denied").using("iceberg").option("path", given["--denied"]).create()
