"""Nested JSON flattened with Spark's own functions: explode, struct fields, from_json with a schema, pivots."""

import sys

from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql.functions import col, explode_outer, expr, from_json, lit, when
from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
glueContext = GlueContext(SparkContext.getOrCreate())
spark = glueContext.spark_session
raw = spark.read.text(f"s3://{args['target']}/nested/in/")
item = StructType([StructField("sku", StringType()), StructField("price", DoubleType())])
schema = StructType([
    StructField("id", StringType()),
    StructField("customer", StructType([StructField("name", StringType()), StructField("country", StringType())])),
    StructField("items", ArrayType(item)),
])
orders = raw.select(from_json(col("value"), schema).alias("o")).select("o.*")
lines = orders.select("id", "customer.name", "customer.country", explode_outer("items").alias("item"))
flat = lines.select("id", "name", when(col("country").isNull(), lit("?")).otherwise(col("country")).alias("country"),
                    col("item.sku").alias("sku"), col("item.price").alias("price"))
for row in flat.orderBy("id", "sku").collect():
    print(row.id, row.name, row.country, row.sku, row.price)
pivoted = flat.where("sku is not null").groupBy("country").pivot("sku", ["x", "y"]).agg(expr("round(sum(price), 2)"))
for row in pivoted.orderBy("country").collect():
    print(row.country, row.x, row.y)
