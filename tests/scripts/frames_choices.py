"""Fields of several types, text in fields, updates of records, samples, thresholds."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import Filter, ResolveChoice, Spigot, SplitRows, Unbox, UnnestFrame
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target", "database"])
glueContext = GlueContext(SparkContext.getOrCreate())
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
where = f"s3://{args['target']}/frames/"
providers = glueContext.create_dynamic_frame.from_options("s3", {"paths": [f"{where}providers/"]}, "json")
providers.printSchema()


def ids(frame, name="id"):
    return sorted((row[name] for row in frame.toDF().collect()), key=str)


print(ids(providers.resolveChoice(specs=[("id", "cast:long")])))
print(ids(ResolveChoice.apply(providers, choice="make_cols"), "id_string"))
catalog = ResolveChoice.apply(providers, choice="match_catalog", database=args["database"], table_name="events")
print(catalog.schema().getField("id").dataType.typeName(), ids(catalog))
boxed = Unbox.apply(frame=catalog, path="box", format="json")
flat = UnnestFrame.apply(frame=boxed)
print([field.name for field in flat.schema()], flat.errorsCount())
staged = catalog.filter(lambda record: record["id"] == 2).map(lambda record: {"id": record["id"], "name": "new"})
merged = catalog.mergeDynamicFrame(staged, ["id"])
print(sorted((str(row["id"]), row["name"]) for row in merged.toDF().collect()))
both = SplitRows.apply(catalog, {"id": {">": 1}}, "high", "low")
print({name: frame.count() for name, frame in both.items()})
Spigot.apply(providers, f"{where}sample/", {"topk": 2})
print(glueContext.spark_session.read.json(f"{where}sample/").count())
print(Filter.apply(frame=providers, f=lambda record: record["nope"]).errorsCount())
broken = providers.map(lambda record: 1 / 0, transformation_ctx="halves", stageThreshold=2)
broken.toDF()
