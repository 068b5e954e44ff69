"""Files of every format there and back through GlueContext."""

import json
import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target", "database"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)

flights = glue.create_dynamic_frame.from_options(
    connection_type="s3",
    connection_options={"paths": [f"s3://{args['source']}/flights/"], "recurse": True},
    format="csv",
    format_options={"withHeader": True},
    transformation_ctx="flights",
)
print(flights.count(), sorted(flights.toDF().columns)[:3], flights.toDF().schema["month"].dataType.simpleString())

chosen = flights.toDF().select("carrier", "flight", "dep_delay").where("origin = 'LGA' and day = '1'")
chosen = chosen.selectExpr("carrier", "cast(flight as int) flight", "try_cast(dep_delay as double) delay")
expected = chosen.groupBy("carrier").count().orderBy("carrier").collect()
frame = DynamicFrame.fromDF(chosen, glue, "chosen")
for form in ("csv", "json", "parquet", "glueparquet", "orc", "avro", "xml"):
    place = f"s3://{args['target']}/{form}/"
    glue.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", connection_options={"path": place, "partitionKeys": ["carrier"]}, format=form
    )
    options = {"csv": {"withHeader": True}, "xml": {"rowTag": "ROW"}}.get(form, {})
    again = glue.create_dynamic_frame.from_options(
        "s3", {"paths": [place], "recurse": True}, format=form, format_options=options
    )
    data = again.toDF()
    same = data.groupBy("carrier").count().orderBy("carrier").collect() == expected
    print(form, same, sorted(data.dtypes))

sink = glue.getSink(
    connection_type="s3", path=f"s3://{args['target']}/table/", enableUpdateCatalog=True, partitionKeys=["carrier"]
)
sink.setFormat("json")
sink.setCatalogInfo(catalogDatabase=args["database"], catalogTableName="chosen")
sink.writeFrame(frame)
database = args["database"]
table = glue.create_dynamic_frame.from_catalog(
    database=database, table_name="chosen", push_down_predicate="carrier in ('UA', 'DL')"
)
print(sorted(row[0] for row in table.toDF().select("carrier").distinct().collect()), table.toDF().dtypes)
glue.write_dynamic_frame.from_catalog(frame=frame, database=database, table_name="chosen")
print(glue.create_data_frame.from_catalog(database=database, table_name="chosen").count() == 2 * chosen.count())
print(glue.create_sample_dynamic_frame_from_catalog(database, "chosen", 5).count())
print(glue.get_catalog_schema_as_spark_schema(database, "chosen").simpleString())
job.commit()
