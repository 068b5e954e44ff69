# A frame whose steps the engine can take by itself: its rows never go to Spark unless the script looks at them.
import glob
import os
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import ApplyMapping, DropFields, Filter, SelectFields
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
glue = GlueContext(SparkContext())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)
s3, folder = boto3.client("s3"), f"{args['JOB_NAME']}/in/"


def put(key, text):
    s3.put_object(Bucket=args["target"], Key=folder + key, Body=text.encode())


def waiting():
    """How many sources wait for Spark to ask for their rows."""
    return len(glob.glob(f"{os.environ['MASTIC_SCRATCH']}/exchange/read-*/columns.arrow"))


def written(frame, to, **more):
    glue.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", format="json",
        connection_options={"path": f"s3://{args['target']}/{args['JOB_NAME']}/{to}/", **more},
    )  # fmt: skip
    print(waiting(), end=" ")
    return sorted(map(tuple, spark.read.json(f"s3://{args['target']}/{args['JOB_NAME']}/{to}/").collect()), key=str)


put("a.csv", "id,name,price\n1,one,1.5\n2,two,x\n3,three,\n4,four,4.5\nbroken\n")
source = glue.create_dynamic_frame.from_options(
    "s3", {"paths": [f"s3://{args['target']}/{folder}"]}, "csv", {"withHeader": True}, transformation_ctx="source"
)
typed = ApplyMapping.apply(
    frame=source,
    mappings=[("id", "string", "id", "int"), ("name", "string", "name", "string"), ("price", "string", "price", "double")],
)
kept = Filter.apply(frame=typed, f=lambda row: row["id"] is not None and row["id"] != 2)
kept.toDF().createOrReplaceTempView("kept")
first = DynamicFrame.fromDF(spark.sql("select name, upper(name) as big, price from KEPT where id < 4"), glue, "first")
print(written(first, "first"))
# What comes after the frame was made is not in it, for no target.
put("b.csv", "id,name,price\n9,late,9\n")
kept.toDF().select("id").createOrReplaceTempView("kept")
print(written(SelectFields.apply(frame=kept, paths=["id", "name"]), "second", partitionKeys=["name"]))
print(written(DropFields.apply(frame=typed, paths=["name"]), "third"))


def over(constant, value):
    return int(constant) if isinstance(value, int) else constant


# Types that the script does not know are what they are.
cast = DropFields.apply(frame=source.resolveChoice(specs=[("id", "cast:int")]), paths=["price"])
print(written(Filter.apply(frame=cast, f=lambda row: row["id"] is not None and row["id"] > over("2", row["id"])), "cast"))
# The first query goes on with the view as it was.
again = DynamicFrame.fromDF(spark.sql("select * from kept"), glue, "again")
print(written(first, "fourth"))
# One of Spark's own steps, and types that only Spark has so.
print(written(again, "fifth"))
typed.toDF().createOrReplaceTempView("typed")
doubled = spark.sql("select id * 2 as twice from typed where id = 1")
print(doubled.dtypes, written(DynamicFrame.fromDF(doubled, glue, "doubled"), "sixth"))
print(kept.count(), source.errorsCount(), [row["error"]["msg"] for row in source.errorsAsDynamicFrame().toDF().collect()])
job.commit()
