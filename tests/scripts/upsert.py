"""Changes merged into an Iceberg table of the catalog, with SQL for all that is no merge."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql.functions import col, row_number
from pyspark.sql.window import Window

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "database"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
table = f"glue_catalog.{args['database']}.customers"

spark.sql(f"""
    CREATE TABLE IF NOT EXISTS {table} (id BIGINT, name STRING, version INT)
    USING iceberg LOCATION 's3://{args["target"]}/{args["database"]}/customers/'
""")
spark.sql(f"INSERT INTO {table} VALUES (1, 'Ada', 1), (2, 'Bob', 1)")
changes = spark.createDataFrame(
    [(2, "Rob", 2), (2, "Robert", 3), (3, "Cleo", 1)], "id bigint, name string, version int"
)
newest = Window.partitionBy("id").orderBy(col("version").desc())
latest = changes.withColumn("place", row_number().over(newest)).where("place = 1").drop("place")
glueContext.write_data_frame.from_catalog(
    frame=latest,
    database=args["database"],
    table_name="customers",
    additional_options={"mode": "upsert", "mergeKeys": "id"},
)
for row in spark.sql(f"SELECT id, name, version FROM {table} ORDER BY id").collect():
    print(row.id, row.name, row.version)
job.commit()
