import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node Orders
Orders_node1 = glueContext.create_dynamic_frame.from_options(
    format_options={},
    connection_type="s3",
    format="parquet",
    connection_options={"paths": ["s3://data/orders/"], "recurse": True},
    transformation_ctx="Orders_node1",
)

# Script generated for node My target
Mytarget_node10 = glueContext.write_dynamic_frame.from_options(
    frame=Orders_node1,
    connection_type="redshift",
    connection_options={
        "redshiftTmpDir": "s3://temp/",
        "useConnectionProperties": "true",
        "connectionName": "warehouse",
        "dbtable": "public.orders_temp",
        "preactions": "create table if not exists public.orders (id bigint);",
        "postactions": "BEGIN; MERGE INTO public.orders USING public.orders_temp ON public.orders.id = public.orders_temp.id WHEN MATCHED THEN UPDATE SET id = public.orders_temp.id, \"Total amount\" = public.orders_temp.\"Total amount\" WHEN NOT MATCHED THEN INSERT VALUES (public.orders_temp.id, public.orders_temp.\"Total amount\"); DROP TABLE public.orders_temp; END;",
    },
    transformation_ctx="Mytarget_node10",
)

job.commit()
