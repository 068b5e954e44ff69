"""SQL and functions of Spark's that Sail does not have or answers otherwise."""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.functions import percentile_approx, transform_values

spark = SparkSession.builder.getOrCreate()
rows = [(1, "a", 2.5, True), (2, "b", None, False), (3, None, 7.25, None), (10, "a", 1.0, True)]
frame = spark.createDataFrame(rows, "id int, s string, x double, b boolean")
frame.createOrReplaceTempView("rows")


def show(answer, *order):
    print(", ".join(kind for _, kind in answer.dtypes))
    for row in answer.orderBy(*order).collect() if order else answer.collect():
        print(*row, sep=" | ")


for at in (0.0, 0.25, 0.5, 0.51, 1.0):
    print(frame.agg(percentile_approx("id", at)).first()[0], frame.agg(F.approx_percentile("x", at, 100)).first()[0])
print(frame.agg(percentile_approx("id", 0.5)).columns, frame.agg(percentile_approx("id", [0.5, 0.9], 100)).columns)
show(frame.groupBy("s").agg(F.percentile_approx("id", [0.5, 0.9]), F.expr("percentile_approx(id, 0.5, 100) + 1")), "s")
show(frame.where("id > 10").agg(percentile_approx("id", 0.5)))
show(spark.sql("SELECT approx_percentile(id, array(0.5, 1)) p, 'percentile_approx(a, 0.5)' t FROM rows -- percentile_approx(a, 1)"))
show(frame.select("id", F.percentile_approx("id", 0.5).over(Window.partitionBy("s")).alias("p")), "id")
show(spark.sql("SELECT date_add(DATE'2024-01-01', percentile_approx(percentile, 0.5)) FROM (SELECT 3 AS percentile)"))

show(spark.sql("SELECT * FROM (SELECT s, id % 2 AS odd, x FROM rows) PIVOT (sum(x) FOR odd IN (0, 1))"), "s")
show(spark.sql("SELECT * FROM (SELECT s, id, x FROM rows) PIVOT (sum(x) AS t, max(x) AS m FOR `id` IN (1 AS one, 10 AS ten))"), "s")
show(spark.sql("SELECT s, b, count(*) n FROM rows GROUP BY s, b GROUPING SETS ((s), (b), ())"), "n", "s", "b")

pairs = frame.select(F.create_map(F.coalesce("s", F.lit("-")), "id").alias("m"), F.array("id", "x").alias("l"), F.array("id").alias("r"))
show(pairs.select(transform_values("m", lambda key, value: value + 1), F.transform_keys("m", lambda key, value: F.upper(key))))
show(pairs.select(F.zip_with("l", F.col("r"), lambda left, right: F.coalesce(left, F.lit(0.0)) - right)))
days = spark.sql("SELECT datediff('2024-03-01', DATE'2024-02-28') d, extract(DOW FROM DATE'2024-02-29') w, round(log(10), 3) l, datediff(null, '2024-01-01')")
show(days)
names = spark.createDataFrame([("o'neill  van-der berg ", "2024-02-29"), (None, None), ("", "2024-03-01")], "name string, day string")
show(names.select(F.initcap("name"), F.expr("initcap(name)").alias("n"), F.datediff(F.lit("2024-03-02"), "day"), F.date_diff("day", F.col("day"))))
print(names.select(F.initcap("name"), F.datediff("day", "day")).columns)
