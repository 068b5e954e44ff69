"""Frames, functions and SQL that Sail answers otherwise than Spark: structs that are null, decimals, summaries, names with dots."""

from datetime import date, datetime
from decimal import Decimal

import pandas as pd
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")
spark.conf.set("spark.sql.ansi.enabled", "false")
rows = [
    (1, 10, 1.5, "a", date(2024, 2, 4), datetime(2024, 1, 31, 10, 20, 30), Decimal("1.25"), [1, 2, 3], (1, "one")),
    (2, 20, -2.25, "bb", date(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 123456), Decimal("-2.50"), [3, None], (2, None)),
    (None, 30, None, None, None, None, None, None, None),
    (4, None, 4.0, "", date(2023, 12, 31), datetime(2023, 12, 31), Decimal("100.00"), [], (None, "x")),
    (4, 40, float("nan"), "a", date(2023, 12, 31), datetime(2023, 7, 1, 12), Decimal("0.01"), [5], (4, "four")),
]
kinds = "i int, l bigint, x double, s string, d date, t timestamp, m decimal(10,2), a array<int>, r struct<p:int,q:string>"
frame = spark.createDataFrame(rows, kinds)
other = spark.createDataFrame([(1, "A"), (4, "D"), (5, "E"), (None, "N")], "i int, n string")
deep = spark.createDataFrame(
    [(1, [(1, "x", [1, 2]), (2, "y", [])], {"k": (1,)}, (1, (2, 3))), (2, None, None, None), (3, [None], {}, (4, None))],
    "id int, items array<struct<p:int,q:string,z:array<int>>>, by map<string,struct<g:int>>, st struct<u:int,w:struct<e:int,f:int>>",
)
for name, one in {"rows": frame, "other": other, "deep": deep}.items():
    one.createOrReplaceTempView(name)
window = Window.orderBy("l")


def show(answer, ordered=False):
    print(", ".join(kind for _, kind in answer.dtypes))
    lines = [" | ".join(map(str, row)) for row in answer.collect()]
    print(*(lines if ordered else sorted(lines)), sep="\n")


# Structs that Python makes, and that are null.
pair = F.udf(lambda value: None if value == 1 else (value, "y"), "struct<a:int,b:string>")
show(frame.select("r.p", "r.q", F.col("r").isNull(), F.coalesce("r.p", F.lit(-1))))
show(frame.withColumn("u", pair("i")).select("u.a", F.col("u")["b"], F.col("u").isNull()))
show(deep.select("id", "st.w.e", F.col("st.w")["f"], F.col("st.w.f"), F.explode_outer("items").alias("one")).select("id", "e", "one.p", "one.q"))
show(deep.select(F.transform("items", lambda one: one.p)).where("id < 9"))
made = other.na.drop().groupBy("i").applyInPandas(
    lambda some: pd.DataFrame({"i": some.i, "r": [{"a": 1} if one == 4 else None for one in some.i]}), "i int, r struct<a:int>"
)
show(made.select("i", "r.a"))

# Functions.
show(frame.select(F.isnan("x"), F.weekday("d"), F.element_at("a", 2), F.array_compact("a"), F.array_except("a", F.array(F.lit(3)))))
show(frame.where(~F.isnan("x")).select("i"))
show(frame.where("isnan(x)").select("i").union(frame.where(F.expr("isnan(x)") | F.expr("weekday(d)").between(5, 6)).select("i")))
show(spark.sql("SELECT isnan(x), weekday(d), element_at(a, 2), array_compact(a), array_except(a, array(1)) FROM rows WHERE NOT isnan(x)"))
show(frame.select(F.date_trunc("month", F.lit("2024-02-03 04:05:06")), F.timestamp_diff("DAY", "t", F.lit(datetime(2024, 3, 1)))))
show(spark.sql("SELECT timestampdiff(MONTH, t, TIMESTAMP'2024-03-30'), timestampdiff(HOUR, d, t), datediff(d, '2024-01-01') FROM rows"))
show(frame.groupBy(F.col("i") > 1).agg(F.max(F.struct("i", "s")), F.min(F.struct(F.col("x").alias("y"), "s"))))
show(spark.sql("SELECT max(struct(s, i)), min(named_struct('m', m, 'i', i)) FROM rows"))
show(frame.select(F.collect_list("i").over(window), F.collect_list("i").over(Window.orderBy("s")), F.size(F.collect_list("i").over(window))))
show(spark.sql("SELECT collect_list(i) OVER w, size(collect_list(x) OVER w) FROM rows WINDOW w AS (ORDER BY l DESC)"))
show(spark.sql("SELECT transform_values(by, (k, v) -> v.g + 1), transform_keys(by, (k, v) -> concat(k, v.g)) FROM deep"))
show(spark.sql("SELECT to_json(struct(t)), to_json(map('a', 1)) FROM rows"))

show(frame.select(F.regexp_replace("s", "(b)(b)", "$2x$1"), F.to_timestamp("l"), F.to_timestamp(F.col("l") / 8), F.timestamp_seconds(F.lit(1.5))))
show(spark.sql(r"SELECT regexp_replace('2024-01-05', '(\\d+)-(\\d+)-(\\d+)', '$3/$2/$1a'), to_timestamp(1704449472)"))
dates = spark.createDataFrame([(one,) for one in ("2024-01-05T23:11:12-05:00", " 2024-01-05 ", "2024-01-05 10:11", "x", None)], "at string")
show(dates.select(F.to_date("at"), F.col("at").cast("date"), F.expr("cast(at AS date)"), F.year(F.col("at").cast("date"))))
print(dates.selectExpr("cast(at AS date)", "weekday(at)", "to_date(at)").columns, spark.sql("SELECT cast(d AS date), max(i) FROM rows GROUP BY d").columns)

names = spark.createDataFrame([("fooBarBaz",), ("foo-123",), ("a|b",), (None,), ("",)], "s string")
names.createOrReplaceTempView("names")
show(names.select(F.regexp_replace("s", "(?<!^)([A-Z])", "_$1"), F.regexp_extract("s", r"(?<=-)\d+", 0), F.split("s", "(?=[A-Z])", 2), F.split("s", "|")))
show(names.select(F.col("s").rlike("^(?!foo-)foo"), F.regexp_replace("s", r"(o)\1", "0"), F.split("s", ""), F.split("s", "-")))
show(spark.sql(r"SELECT regexp_replace(s, '(?=[A-Z])', '_'), split(s, '(?=[A-Z])')[0] FROM names WHERE NOT regexp_like(s, '(?!f)a')"))
texts = ['{"t":"2024-01-05T10:11:12.5Z","d":"2024-01-05","i":1,"l":[{"t":"2024-01-05 10:11:12"}]}', '{"t":"x","d":null,"i":2}', None]
read = spark.createDataFrame([(text,) for text in texts], "j string")
show(read.select(F.from_json("j", "t timestamp, d date, i int, l array<struct<t:timestamp>>").alias("r")).select("r.t", "r.d", "r.i", "r.l"))

# What is chosen between, and unions.
show(frame.select(F.when(F.col("i") > 1, 1).otherwise(0.5), F.coalesce(F.lit(None), "l", F.lit(1.5)), F.when(F.col("i") > 1, 1).otherwise("x")))
show(spark.sql("SELECT CASE WHEN i > 1 THEN 1 ELSE 2.5 END, if(i > 1, 1, 'x'), greatest(i, 2.5D), CASE i WHEN 1 THEN d ELSE t END FROM rows"))
show(frame.select("i", F.lit(None)).union(other.select(F.col("i") * 1.5, "n")))

# Negated decimals.
show(frame.select(-F.col("m"), F.abs(-F.col("m")), F.when(F.col("i") == 1, -F.col("m")).otherwise(F.col("m"))))
show(frame.agg(F.sum(-F.col("m")), -F.sum("m")))
show(spark.sql("SELECT -m, -(-m) - -m > 0, -i, -l - -x FROM rows WHERE -m < 1"))
show(frame.selectExpr("-m AS n").where("-n > 1"))

# Quotients of decimals.
show(frame.select(F.col("m") / F.col("m"), F.col("m") / 3, F.col("m") / F.col("i"), F.col("i") / F.col("m"), F.col("i") / 2, -F.col("m") / 7))
show(frame.agg(F.sum("m") / F.count("*"), F.sum("m") / F.sum("l"), F.avg("m")))
show(spark.sql("SELECT m / i, m / i / 7, sum(m) OVER () / 3, 2 / m, rint(x), 5 / 2, 1.0 / 3 FROM rows WHERE m / 2 < 40"))
show(frame.selectExpr("m / 3 AS third", "CASE WHEN i > 1 THEN m / l ELSE 0 END AS part", "rint(x + 0.25)"))

# Names with dots.
show(deep.select(F.col("items").getField("p"), F.col("items")["q"], deep.items.p, "by.k", "by.k.g", F.col("by.k.g") + 1))
show(spark.sql("SELECT items.p, by.k.g, deep.by.k FROM deep WHERE by.k.g = 1 OR size(items.p) = 1"))

# Lists of SELECT.
show(spark.sql("SELECT i + 1 AS j, j * 2 AS k, k + j AS n FROM rows"))
show(spark.sql("SELECT sum(i) AS total, total + 1 AS more, more / count(*) FROM rows"))
show(frame.select((F.col("i") + 1).alias("j"), (F.col("j") * 2).alias("k")))
show(spark.sql("SELECT s, i % 2 AS odd, count(*) AS n, max(l) OVER () AS most FROM (SELECT DISTINCT s, i, 7 AS l FROM rows) GROUP BY s, i, l"))
show(spark.sql("SELECT s, i % 2 AS odd, count(*) AS n FROM rows GROUP BY ALL ORDER BY ALL"), ordered=True)
show(spark.sql("SELECT count(*) FROM rows GROUP BY ALL"))
show(spark.sql("SELECT s FROM rows WHERE s LIKE ANY ('a%', 'b%') OR s NOT LIKE ALL ('', 'c%')"))

# Methods of frames.
numbers = frame.select("i", "l", "s")
show(numbers.summary("count", "min", "25%", "50%", "75%", "max"), ordered=True)
show(numbers.describe("l", "s").where("summary != 'stddev'"), ordered=True)
show(frame.withColumn("b", F.col("i") > 1).crosstab("i", "b"))
print(round(frame.corr("i", "l"), 9), round(frame.stat.cov("i", "l"), 9))
show(frame.select("i").intersectAll(other.select("i")))
show(frame.join(other, "i", "cross").select("i", "n"))
show(other.unionByName(frame.select("i", "s", "a"), allowMissingColumns=True).fillna("-"))
