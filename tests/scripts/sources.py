# Tables of the catalog in formats and places of all kinds, asked by SQL.
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["database", "target", "forms"])
spark = GlueContext(SparkContext.getOrCreate()).spark_session
spark.sql(f"USE {args['database']}")


def told(frame):
    print(frame.dtypes[0][1], sorted(map(tuple, frame.collect()), key=str))


for form in args["forms"].split(","):
    print(form)
    told(spark.sql(f"SELECT * FROM {form}"))
    told(spark.sql(f"select {form}.what, count(*) AS n from {args['database']}.{form} where hr = 1 group by {form}.what"))
    told(spark.table(form).where("hr > 1").select("id", "hr"))
    told(spark.read.table(f"{args['database']}.{form}").groupBy("hr").agg(F.sum("id")))
print("joined")
told(spark.sql("WITH w AS (SELECT id, what FROM lazy WHERE hr = 1) SELECT w.id, o.what, orc.hr FROM w JOIN orc ON orc.id = w.id, odd_json o "
               "WHERE o.id = w.id AND o.hr = 2 AND orc.hr = 1"))
told(spark.sql("SELECT id FROM lazy a WHERE EXISTS (SELECT 1 FROM odd_avro b WHERE b.id = a.id AND b.what IS NULL) AND hr = 2"))
spark.sql("CREATE OR REPLACE TEMPORARY VIEW seen AS SELECT hr, count(*) AS n FROM lazy GROUP BY hr")
told(spark.sql("SELECT * FROM seen"))
spark.sql(f"CREATE TABLE copied USING parquet LOCATION 's3://{args['target']}/{args['database']}/copied/' AS SELECT * FROM orc")
told(spark.sql("SELECT count(*), sum(id) FROM copied"))
spark.sql("INSERT INTO copied SELECT id + 10, what, hr FROM lazy WHERE hr = 2")
told(spark.sql("SELECT count(*), sum(id) FROM copied"))
print("pruned")
told(spark.sql("SELECT id FROM broken WHERE hr = 1 AND what = 'a'"))
told(spark.sql("SELECT x.id FROM broken x LEFT JOIN lazy y ON x.id = y.id WHERE x.hr IN (1, 3) AND y.hr = 2"))
print("changed")
told(spark.sql("SELECT count(*) FROM lazy"))
boto3.client("s3").put_object(Bucket=args["target"], Key=f"{args['database']}/lazy/hr=1/b", Body=b"id,what\n5,e\n")
told(spark.sql("SELECT count(*) FROM lazy"))
boto3.client("s3").put_object(Bucket=args["target"], Key=f"{args['database']}/parquet/hr=7/b", Body=b"no parquet")
told(spark.sql("SELECT count(*) FROM parquet"))
print([table.name for table in spark.catalog.listTables() if table.name.startswith("_")])
spark.sql("SELECT id FROM lazy").write.parquet(f"s3://{args['target']}/{args['database']}/written/")
told(spark.read.parquet(f"s3://{args['target']}/{args['database']}/written/").agg(F.count("*")))
for query in ("SELECT * FROM grok", "SELECT * FROM nowhere", "SELECT * FROM broken", "SELECT * FROM secret", "CREATE VIEW kept AS SELECT id FROM lazy"):
    try:
        spark.sql(query).collect()
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0].partition(" because ")[0])
print("written")
spark.sql("INSERT INTO flat VALUES (7, 'x,y'), (8, NULL)")
told(spark.sql("SELECT * FROM flat"))
spark.sql("INSERT OVERWRITE flat SELECT id + 1, what FROM flat WHERE id = 8")
told(spark.table("flat"))
spark.createDataFrame([(20, "z")], "n bigint, m string").write.insertInto("flat")
spark.createDataFrame([("w", 21)], "what string, id bigint").write.mode("append").saveAsTable("flat")
told(spark.table("flat"))
spark.sql("INSERT INTO odd_orc VALUES (30, 'new', 9)")
spark.sql("INSERT OVERWRITE lazy PARTITION (hr = 2) SELECT 40, NULL")
spark.createDataFrame([(41, "v", 3)], "n int, m string, o int").write.insertInto("lazy")
told(spark.sql("SELECT * FROM odd_orc WHERE hr = 9 UNION ALL SELECT * FROM lazy WHERE hr >= 2"))
for rows in ("SELECT 1", "SELECT 1, 'a', 2"):
    try:
        spark.sql(f"INSERT INTO flat {rows}")
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0])
try:
    spark.table("lazy").write.mode("overwrite").saveAsTable("lazy")
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
