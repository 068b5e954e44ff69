"""A database's table by a connection of the catalog, cleaned, and what was made of it put back into another table."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import ApplyMapping, DropNullFields, SelectFields
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "connection", "database"])
glueContext = GlueContext(SparkContext.getOrCreate())
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
towns = glueContext.create_dynamic_frame.from_options(
    connection_type="postgresql",
    connection_options={"useConnectionProperties": "true", "dbtable": "towns", "connectionName": args["connection"]},
    transformation_ctx="towns",
)
priced = ApplyMapping.apply(
    frame=towns.filter(lambda town: town["price"] is not None),
    mappings=[("id", "int", "id", "int"), ("town", "string", "name", "string"), ("price", "decimal(10,2)", "price", "double")],
)
for row in priced.toDF().orderBy("id").collect():
    print(row.id, row.name, row.price)
glueContext.write_dynamic_frame.from_jdbc_conf(
    frame=SelectFields.apply(priced, ["id", "name"]),
    catalog_connection=args["connection"],
    connection_options={"dbtable": "named", "database": args["database"]},
)
glueContext.write_dynamic_frame.from_options(
    frame=DropNullFields.apply(frame=priced),
    connection_type="s3",
    connection_options={"path": f"s3://{args['target']}/jdbc/"},
    format="json",
)
job.commit()
