import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from recipe_transforms import *


# Script generated for node My Recipe
def applyRecipe_node10(inputFrame, glueContext, transformation_ctx):
    df0 = inputFrame.toDF()
    df1 = DataCleaning.UpperCase.apply(
        data_frame=df0,
        glue_context=glueContext,
        transformation_ctx="MyRecipe_node10-df1",
        source_column="name",
    )
    df2 = DataQuality.RemoveValues.apply(
        data_frame=df1,
        glue_context=glueContext,
        transformation_ctx="MyRecipe_node10-df2",
        source_column="total",
        condition_expressions=[{"Condition": "LESS_THAN", "Value": "0", "TargetColumn": "total"}],
    )
    df3 = ColumnStructure.SplitColumnSingleDelimiter.apply(
        data_frame=df2,
        glue_context=glueContext,
        transformation_ctx="MyRecipe_node10-df3",
        include_in_split=True,
        limit=1,
        pattern="\\s",
        source_column="name",
    )
    return DynamicFrame.fromDF(df3, glueContext, transformation_ctx)


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

# Script generated for node My Recipe
MyRecipe_node10 = applyRecipe_node10(
    inputFrame=Orders_node1,
    glueContext=glueContext,
    transformation_ctx="MyRecipe_node10",
)

job.commit()
