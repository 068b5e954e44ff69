"""What Spark finds out of files by itself: types of folders' keys, columns that some files lack, patterns in paths."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
base = f"s3://{given['--target']}/discovered"


def show(frame, *order):
    print(", ".join(f"{name} {kind}" for name, kind in frame.dtypes))
    for row in frame.orderBy(*order).collect():
        print(*row, sep=" | ")


keyed = spark.sql(
    """select 1 id, cast(null as int) k, date'2024-01-02' d, '' t union all select 2, 7, date'2024-01-03', 'x y/z%=1'
       union all select 3, 11, null, null"""
)
for kind in ("parquet", "json", "csv"):
    keyed.write.mode("overwrite").partitionBy("K", "d", "t").format(kind).save(f"{base}/{kind}")
parquet = spark.read.parquet(f"{base}/parquet")
show(parquet, "k")
show(spark.read.json(f"{base}/json").where("k > 7 or k is null"), "id")
show(spark.read.csv(f"{base}/csv").select("k"), "k")
show(spark.read.schema("id string, k string, d string").json(f"{base}/json").select("id", "k", "d"), "id")
print(parquet.where("k = 7").count(), parquet.where("d is null").count(), parquet.where("d = date'2024-01-02'").count())

spark.range(2).write.parquet(f"{base}/drift/a=1")
spark.range(1).withColumn("n", F.lit(4)).withColumn("s", F.struct(F.lit("x").alias("v"))).write.parquet(f"{base}/drift/a=2")
reader = spark.read.option("mergeSchema", "true")
show(reader.parquet(f"{base}/drift"), "a", "id")
print(reader.parquet(f"{base}/parquet").columns)

for year, month, rows in ((1, 1, 3), (1, 2, 4), (2, 1, 5)):
    spark.range(rows).write.json(f"{base}/lines/y={year}/m={month}")
for pattern in ("*/m=1/", "y=1/*", "y=[12]/m=?", "*/*/*.json", "y={1,2}/m=2*", "y=?"):
    print(pattern, spark.read.json(f"{base}/lines/{pattern}").count())
print(spark.read.schema("id int").json([f"{base}/lines/y=1/m=1", f"{base}/lines/y=*/m=2"]).count())
for pattern in ("*/m=3/", "y=3*", "z/*/x"):
    try:
        print(spark.read.json(f"{base}/lines/{pattern}").count())
    except Exception as error:
        print(type(error).__name__, str(error).replace(base, "BASE"))

based = spark.read.option("basePath", f"{base}/lines")
show(based.json([f"{base}/lines/y=1/m=2", f"{base}/lines/y=2/"]).groupBy("m", "y").count(), "y", "m")
show(based.schema("id int, y string").json(f"{base}/lines/y=1/m=?/").where("id = 3"), "id")
show(spark.read.option("basepath", f"{base}/parquet").parquet(f"{base}/parquet/k=*/d=2024-01-03/"), "id")

name = f"{given['--database']}.nulls"
for add in (
    lambda: keyed.write.partitionBy("k").saveAsTable(name, path=f"{base}/nulls"),
    lambda: keyed.where("k > 0").write.partitionBy("k").saveAsTable(name, path=f"{base}/nulls"),
    lambda: keyed.select("id", "d", "t", "k").write.insertInto(name),
    lambda: keyed.write.mode("append").saveAsTable(name),
    lambda: spark.sql(f"INSERT INTO {name} SELECT 1, null, 'x', null"),
):
    try:
        print(add())
    except Exception as error:
        print(type(error).__name__, str(error))
show(spark.table(name), "id")

spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
print(spark.read.json(f"{base}/lines").dtypes)
print(spark.range(101).withColumn("n", F.lit(None).cast("int")).approxQuantile(["id", "n"], [0.0, 0.25, 1.0], 0.1))
print(spark.range(4).stat.approxQuantile("id", (0.5,), 0.0))


def noted(x: int) -> None: ...


print(noted.__annotations__)
