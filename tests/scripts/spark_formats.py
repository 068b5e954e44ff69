# Formats and databases as plain Spark code reads and writes them.
import sys

import boto3
from awsglue.utils import getResolvedOptions
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["target", "url", "user", "password"])
spark = SparkSession.builder.getOrCreate()
base = f"s3://{args['target']}/formats"
rows = spark.createDataFrame([(1, "a", 10), (2, "b", 20), (3, None, 20)], "id int, name string, part int")


def told(frame):
    return frame.dtypes, sorted(map(tuple, frame.collect()))


rows.write.partitionBy("part").orc(f"{base}/orc")
print(told(spark.read.orc(f"{base}/orc")))
try:
    rows.write.orc(f"{base}/orc")
except AnalysisException as error:
    print(str(error).replace(base, "BASE"))
rows.write.mode("ignore").format("orc").save(f"{base}/orc")
rows.filter("id = 3").write.mode("append").partitionBy("part").format("orc").save(f"{base}/orc")
print(spark.read.format("orc").load(f"{base}/orc").count())
rows.filter("id = 3").write.mode("overwrite").orc(f"{base}/orc", compression="zlib")
print(told(spark.read.orc(f"{base}/orc")))
rows.write.format("avro").save(f"{base}/avro")
print(told(spark.read.format("avro").load(f"{base}/avro")))
rows.write.format("xml").option("rowTag", "ROW").save(f"{base}/xml")
print(spark.read.format("xml").option("rowTag", "ROW").load(f"{base}/xml").agg(F.sum("id")).collect())
boto3.client("s3").put_object(
    Bucket=args["target"], Key="formats/bad/a.xml", Body=b"<ROWS><ROW><id>1</id></ROW><ROW><id>2</name></ROW></ROWS>"
)
try:
    print(spark.read.format("xml").option("rowTag", "ROW").load(f"{base}/bad").collect())
except Exception as error:
    print(type(error).__name__, "a.xml" in str(error))
try:
    spark.read.orc(f"{base}/nowhere")
except AnalysisException as error:
    print(str(error).replace(base, "BASE"))

login = {"user": args["user"], "password": args["password"], "driver": "org.postgresql.Driver"}
rows.select("id", "name").write.jdbc(args["url"], "spark_rows", mode="append", properties=login)
print(told(spark.read.jdbc(args["url"], "spark_rows", properties=login)))
reader = spark.read.format("jdbc").option("url", args["url"]).options(**login)
print(told(reader.option("dbtable", "(select id * 2 as twice from spark_rows where id < 3) t").load()))
reader = spark.read.format("jdbc").option("url", args["url"]).options(**login)
print(reader.option("query", "select name from spark_rows where id = 1").load().collect())


def stored(name="spark_rows"):
    found = spark.read.jdbc(args["url"], name, properties=login)
    return found.columns, sorted(map(tuple, found.collect()))


try:
    rows.write.jdbc(args["url"], "spark_rows", properties=login)
except Exception as error:
    print(type(error).__name__, error)
rows.write.mode("ignore").jdbc(args["url"], "spark_rows", properties=login)
print(stored())
# Made of the very table, which keeps its columns' own types.
more = spark.read.jdbc(args["url"], "spark_rows", properties=login).selectExpr("id + 10 as id", "name")
more.write.option("truncate", "true").jdbc(args["url"], "spark_rows", mode="overwrite", properties=login)
print(stored())
write = rows.write.format("jdbc").option("url", args["url"]).options(**login).option("dbtable", "spark_rows")
write.mode("overwrite").save()
print(stored())
for mode in ("error", "overwrite"):
    rows.limit(1).write.jdbc(args["url"], f"made_by_{mode}", mode=mode, properties=login)
    print(stored(f"made_by_{mode}"))
rows.write.mode("overwrite").option("truncate", "true").jdbc(args["url"], "made_truncated", properties=login)
print(stored("made_truncated"))
try:
    rows.selectExpr("'x' as id").write.mode("overwrite").option("truncate", True).jdbc(args["url"], "spark_rows", properties=login)
except Exception as error:
    print(type(error).__name__, stored())
