import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame


def sparkSqlQuery(glueContext, query, mapping, transformation_ctx) -> DynamicFrame:
    for alias, frame in mapping.items():
        frame.toDF().createOrReplaceTempView(alias)
    answer = glueContext.spark_session.sql(query)
    return DynamicFrame.fromDF(answer, glueContext, transformation_ctx)


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

# Script generated for node Customers
Customers_node2 = glueContext.create_dynamic_frame.from_options(
    format_options={},
    connection_type="s3",
    format="parquet",
    connection_options={"paths": ["s3://data/customers/"], "recurse": True},
    transformation_ctx="Customers_node2",
)

# Script generated for node SQL Query
SqlQuery0 = """
select o.id, '\\d' as "x"
from orders o
join customers c on o.customer = c.id
"""
SQLQuery_node10 = sparkSqlQuery(
    glueContext,
    query=SqlQuery0,
    mapping={"orders": Orders_node1, "customers": Customers_node2},
    transformation_ctx="SQLQuery_node10",
)
SQLQuery_node10 = SQLQuery_node10.resolveChoice(specs=[("id", "cast:bigint")])

job.commit()
