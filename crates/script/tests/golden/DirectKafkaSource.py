import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs


def sparkJoin(glueContext, frame1, frame2, keys1, keys2, joinType, transformation_ctx) -> DynamicFrame:
    # Columns of the second frame that the first has too are prefixed.
    left, right = frame1.toDF(), frame2.toDF()
    taken, names = set(left.columns), {}
    for column in right.columns:
        name = column
        while name in taken:
            name = "right_" + name
        taken.add(name)
        names[column] = name
    right = right.toDF(*names.values())

    def key(frame, path):
        column = frame["`" + path[0].replace("`", "``") + "`"]
        for field in path[1:]:
            column = column.getField(field)
        return column

    conditions = [
        key(left, first) == key(right, [names.get(second[0], second[0]), *second[1:]])
        for first, second in zip(keys1, keys2)
    ]
    return DynamicFrame.fromDF(left.join(right, conditions, joinType), glueContext, transformation_ctx)


args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node Clicks
dataframe_Clicks_node1 = glueContext.create_data_frame.from_options(
    connection_type="kafka",
    connection_options={
        "typeOfData": "kafka",
        "connectionName": "kafka",
        "topicName": "clicks",
        "classification": "json",
        "startingOffsets": "earliest",
        "includeHeaders": "true",
        "inferSchema": "true",
    },
    transformation_ctx="dataframe_Clicks_node1",
)

# Script generated for node Customers
Customers_node2 = glueContext.create_dynamic_frame.from_options(
    format_options={},
    connection_type="s3",
    format="parquet",
    connection_options={"paths": ["s3://data/customers/"], "recurse": True},
    transformation_ctx="Customers_node2",
)


def processBatch(data_frame, batchId):
    if data_frame.count() > 0:
        Clicks_node1 = DynamicFrame.fromDF(data_frame, glueContext, "from_data_frame")

        # Script generated for node Who
        Who_node3 = sparkJoin(
            glueContext,
            frame1=Clicks_node1,
            frame2=Customers_node2,
            keys1=[["user"]],
            keys2=[["id"]],
            joinType="left",
            transformation_ctx="Who_node3",
        )

        # Script generated for node Out
        Out_node4 = glueContext.write_dynamic_frame.from_options(
            frame=Who_node3,
            connection_type="s3",
            format="json",
            connection_options={"path": "s3://out/", "partitionKeys": []},
            transformation_ctx="Out_node4",
        )


glueContext.forEachBatch(
    frame=dataframe_Clicks_node1,
    batch_function=processBatch,
    options={
        "windowSize": "60 seconds",
        "checkpointLocation": args["TempDir"] + "/" + args["JOB_NAME"] + "/checkpoint/",
    },
)

job.commit()
