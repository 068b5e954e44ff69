"""Orders made relational and joined with their customers, as in AWS's samples; bad records are kept aside."""

import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir", "target"])
glueContext = GlueContext(SparkContext.getOrCreate())
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
where = f"s3://{args['target']}/frames/"


def read(name):
    return glueContext.create_dynamic_frame.from_options("s3", {"paths": [f"{where}{name}/"]}, "json", transformation_ctx=name)


def priced(record):
    record["total"] = sum(line["price"] * line["n"] for line in record["lines"])
    return record


orders = read("orders")
orders.printSchema()
totals = Map.apply(frame=orders, f=priced, transformation_ctx="totals")
print(totals.count(), totals.errorsCount())
for error in totals.errorsAsDynamicFrame().toDF().collect():
    print(error["error"]["msg"], error["error"]["dynamicRecord"]["id"])

tables = Relationalize.apply(frame=totals, staging_path=args["TempDir"], name="root", transformation_ctx="tables")
print(sorted(tables.keys()))
lines = SelectFromCollection.apply(dfc=tables, key="root_lines")
customers = read("customers").rename_field("id", "customer_id")
root = tables.select("root").drop_fields(["note"])
joined = Join.apply(root, customers, "customer", "customer_id").drop_fields(["customer_id"])
whole = Join.apply(frame1=joined, frame2=lines, keys1=["lines"], keys2=["id"])
mapped = ApplyMapping.apply(
    frame=whole,
    mappings=[
        ("id", "int", "order", "long"),
        ("name", "string", "name", "string"),
        ("`lines.val.sku`", "string", "sku", "string"),
        ("`lines.val.n`", "int", "pieces.n", "int"),
        ("total", "double", "total", "decimal(10,2)"),
    ],
)
mapped.printSchema()
glueContext.write_dynamic_frame.from_options(mapped, "s3", {"path": f"{where}out/"}, "parquet", transformation_ctx="out")
for row in sorted(mapped.toDF().collect()):
    print(row["order"], row["name"], row["sku"], row["pieces"]["n"], row["total"])
again = DynamicFrame.fromDF(glueContext.spark_session.read.parquet(f"{where}out/"), glueContext, "again")
print(again.count())
job.commit()
