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
Mytarget_node10_df = Orders_node1.toDF().repartition(8)
Mytarget_node10_options = {"path": "s3://lake/orders/", "compression": "snappy", "a": "b"}
Mytarget_node10_df.write.format("delta").options(**Mytarget_node10_options).partitionBy("year", "month of it").mode("append").save()
spark.sql("CREATE TABLE IF NOT EXISTS `lake`.`or ders` USING DELTA LOCATION 's3://lake/orders/'")

job.commit()
