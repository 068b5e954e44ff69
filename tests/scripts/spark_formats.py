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
try:
    rows.write.jdbc(args["url"], "spark_rows", properties=login)
except Exception as error:
    print(type(error).__name__, error)
