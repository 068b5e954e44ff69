import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

## @params: [TempDir, JOB_NAME]
args = getResolvedOptions(sys.argv, ['TempDir', 'JOB_NAME'])

sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args['JOB_NAME'], args)
## @type: DataSource
## @args: [database = "d", table_name = "t", transformation_ctx = "datasource0"]
## @return: datasource0
## @inputs: []
datasource0 = glueContext.create_dynamic_frame.from_catalog(database = "d", table_name = "t", transformation_ctx = "datasource0")
## @type: ApplyMapping
## @args: [mapping = [("a", "int", "b", "long")], transformation_ctx = "mapped"]
## @return: mapped
## @inputs: [frame = datasource0]
mapped = ApplyMapping.apply(frame = datasource0, mappings = [("a", "int", "b", "long")], transformation_ctx = "mapped")
## @type: DataSink
## @args: [database = "d", table_name = "u", redshift_tmp_dir = TempDir, transformation_ctx = "sink"]
## @return: sink
## @inputs: [frame = mapped]
sink = glueContext.write_dynamic_frame.from_catalog(frame = mapped, database = "d", table_name = "u", redshift_tmp_dir = args["TempDir"], transformation_ctx = "sink")
job.commit()
