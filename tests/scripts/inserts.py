"""Rows into partitions of a table of the catalog."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
table = f"{given['--database']}.{given['--table']}"


def show():
    print(sorted((row.dt, row.hr, row.id) for row in spark.table(table).collect()))


def fails(statement):
    try:
        spark.sql(statement)
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0].replace(given["--database"], "DB"))


spark.sql(f"INSERT INTO {table} VALUES (1, 'x', 'a b', 1), (2, 'x', 'b', 1), (3, 'x', 'b', 2), (4, 'x', 'c', 1)")
show()
# One partition goes, and no other; the query's columns have names of their own.
spark.sql(f"INSERT OVERWRITE TABLE {table} PARTITION (dt='b', hr=1) SELECT 10 AS n, 'y' AS n")
spark.sql(f"INSERT INTO {table} PARTITION (dt='b', hr='01') SELECT id + 100, 'more' FROM {table} WHERE id = 4")
show()
spark.sql(f"INSERT OVERWRITE {table} PARTITION (dt='b', hr=1) IF NOT EXISTS SELECT 11, 'y'")
show()
# No rows: the partition is there, and empty.
spark.sql(f"INSERT OVERWRITE TABLE {table} PARTITION (dt='a b', hr=1) SELECT 1, 'x' WHERE 1 = 0")
show()
spark.sql(f"INSERT OVERWRITE TABLE {table} PARTITION (dt='b', hr) SELECT 12, 'y', 3")
show()
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.sql(f"WITH new AS (SELECT 13 AS id) INSERT OVERWRITE TABLE {table} PARTITION (dt, hr) SELECT id, 'y', 'b', 4 FROM new")
spark.sql(f"INSERT INTO {table} PARTITION (dt='d', hr=1) (id) SELECT 14")
show()
spark.table(table).where("id = 14").selectExpr("id + 1 AS id", "what", "dt", "hr").write.insertInto(table, overwrite=True)
show()
fails(f"INSERT INTO {table} PARTITION (dt='d') SELECT 1, 'x'")
fails(f"INSERT INTO {table} PARTITION (day='d') SELECT 1, 'x', 1, 1")
fails(f"INSERT INTO {table} PARTITION (dt='d', hr='late') SELECT 1, 'x'")
fails(f"INSERT OVERWRITE {given['--database']}.nowhere PARTITION (dt='d') SELECT 1")
spark.sql(f"INSERT INTO {given['--database']}.denied PARTITION (dt='d', hr=1) SELECT 1, 'x'")
