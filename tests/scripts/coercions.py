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

frame.createOrReplaceTempView("texts")
other.createOrReplaceTempView("others")
for condition in ("a = 1", "a > 2 AND f = 'true'", "a + b > 3", "-2 < b", "a BETWEEN 1 AND 12.8", "NOT a IN (1, 10)", "texts.a * 2 >= 20 OR `b` = -3", "f = 1"):
    print(condition, [row.a for row in spark.sql(f"SELECT * FROM texts WHERE {condition}").collect()])
    print([row.a for row in frame.alias("texts").where(condition).collect()])
show(frame.selectExpr("a + b AS s", "cast(a AS double) / b AS q", "coalesce(b, 0) AS c", "CASE WHEN a > 5 THEN 1 ELSE 0 END AS w", "round(a * 1.5, 1) r"))
show(spark.sql("""
    WITH n AS (SELECT a, a + 1 AS next, b FROM texts), m AS (SELECT next, b FROM n WHERE next > 2) -- a + b
    SELECT f, count(*) AS n, round(avg(t.b), 2) AS v, sum(t.a * 2) AS s, 'a + 1 > ' || f AS text
    FROM texts AS t JOIN others o ON t.a = o.k LEFT JOIN (SELECT next FROM m WHERE b < 5) q ON q.next = o.k + 1
    WHERE t.a >= 1 AND o.k IN (SELECT k FROM others WHERE k > 0 AND v <> 'z') GROUP BY f HAVING sum(t.a) > 2 ORDER BY f"""))
show(spark.sql("SELECT a FROM texts WHERE b > 1 UNION ALL SELECT v FROM others WHERE k > '1' ORDER BY a"))
spark.sql("SELECT a, a * 2 AS m FROM texts WHERE a > 2").createOrReplaceTempView("doubled")
show(spark.sql("SELECT m FROM doubled WHERE m < 24"))
spark.sql("CREATE OR REPLACE TEMP VIEW made AS SELECT a FROM texts WHERE a > 2")
show(spark.sql("SELECT * FROM made"))
