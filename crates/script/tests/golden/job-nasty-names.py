import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
import re


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

# Script generated for node  ünï coding: latin-1
ncodinglatin1_node1 = glueContext.create_dynamic_frame.from_catalog(
    database="a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\",
    table_name="a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\",
    push_down_predicate="a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\",
    transformation_ctx="ncodinglatin1_node1",
)

# Script generated for node 9 lives
_9lives_node1 = glueContext.create_dynamic_frame.from_catalog(
    database="d",
    table_name="t",
    transformation_ctx="_9lives_node1",
)

# Script generated for node
SqlQuery0 = """
a"b'''c\\n""\"é\u202e #{x} %s {0} \\
a"b'''c\\n""\"é\u202e #{x} %s {0} \\
"""
_node2 = sparkSqlQuery(
    glueContext,
    query=SqlQuery0,
    mapping={"a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\": ncodinglatin1_node1, "x": _9lives_node1},
    transformation_ctx="_node2",
)

# Script generated for node
_node2_2 = Filter.apply(
    frame=_node2,
    f=lambda row: (
        (row["a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\"] == "a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\")
        and (row["a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\"] is not None and bool(re.match("a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\", str(row["a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\"]))))
    ),
    transformation_ctx="_node2_2",
)

# Script generated for node a"b'''c\n"""é  #{x} %s {0} \
abcnxs0_nodex = glueContext.write_dynamic_frame.from_options(
    frame=_node2_2,
    connection_type="s3",
    format="csv",
    connection_options={
        "path": "a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\",
        "partitionKeys": ["a\"b'''c\\n\"\"\"é\u202e #{x} %s {0} \\"],
    },
    transformation_ctx="abcnxs0_nodex",
)

job.commit()
