"""Texts computed with, compared with numbers and chosen beside them, as files of CSV without a schema have them."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
rows = [("1", "2.5", True), ("x", None, False), ("12.7", "NA", None), ("10", "-3", True)]
frame = spark.createDataFrame(rows, "a string, b string, f boolean")
a, b, f = F.col("a"), F.col("b"), F.col("f")


def show(answer):
    print(*answer.dtypes)
    for row in answer.collect():
        print(*row, sep=" | ")


show(frame.select(a.cast("int"), F.col("b").cast("long").alias("l"), F.expr("cast(a as int) AS i"), a.cast("double").cast("int").alias("d")))
show(spark.range(3).select(F.col("id").cast("int"), (F.col("id") * 1.5).cast("int").alias("h"), (F.col("id") == 1).cast("int").alias("n")))
show(frame.select((a + b).alias("s"), (a * 2).alias("m"), ((a - 1) / b).alias("q"), (-F.col("a")).alias("n"), F.abs("b").alias("z")))
for condition in (a == 1, a > 2, a < 12.7, 10 <= a, b != 2, a <= F.lit(12), f == "true", f == 1, b > -3.5, a.eqNullSafe(10), F.current_date() > b):
    print([row.a for row in frame.where(condition).collect()])
print([row.a for row in frame.where(a.isin(1, 10) | ((b > 1) & (a == "x"))).collect()])
show(frame.groupBy().agg(F.sum("a").alias("s"), F.avg("b").alias("v"), F.max("a").alias("x"), (F.sum(a * 1) / F.count("b")).alias("r")))
show(frame.select(F.when(a == 1, "one").otherwise(0).alias("w")))
other = spark.createDataFrame([(1, "k"), (10, "l")], "k int, v string")
show(frame.alias("x").join(other.alias("y"), F.col("x.a") == F.col("y.k")).select("a", "v").orderBy("k"))
show(frame.withColumn("q", a + 1).withColumn("r", F.col("q") * b).where(F.col("r") > 2).select("q", "r"))
frame.where(a > 1).createOrReplaceTempView("more")
show(spark.sql("SELECT a FROM more"))
