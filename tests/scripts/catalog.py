"""The Glue catalog behind Spark's SQL: tables read, made and added to."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
database, target = given["--database"], given["--target"]
print([row.tableName for row in spark.sql(f"SHOW TABLES IN {database}").collect()])
print(spark.sql(f"SELECT day, count(*) AS n FROM {database}.events WHERE day >= '2024-01-02' GROUP BY day").collect())
frame = spark.table(f"{database}.events").selectExpr("id", "upper(what) AS what")
frame.write.option("path", f"s3://{target}/made/").saveAsTable(f"{database}.made")
frame.write.insertInto(f"{database}.made")
print(spark.sql(f"SELECT what, count(*) AS n FROM {database}.made GROUP BY what ORDER BY what").collect())
chosen = frame.selectExpr("id", "CASE WHEN id > 1 THEN 1 ELSE 0.5 END AS part", "if(id > 1, 'many', id) AS text", "coalesce(null, id, 1.5D) AS number")
chosen.write.option("path", f"s3://{target}/chosen/").saveAsTable(f"{database}.chosen")
print(spark.table(f"{database}.chosen").dtypes, spark.table(f"{database}.chosen").orderBy("id").first())
frame.write.option("path", f"s3://{target}/loose/").bucketBy(2, "id").sortBy("id").saveAsTable("loose")
print(spark.table("loose").count())
