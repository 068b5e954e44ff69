"""Delta Lake and Iceberg by path."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
frame = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "what"])
for kind in ("delta", "iceberg"):
    place = f"s3://{given['--target']}/lakes/{kind}/"
    frame.write.format(kind).mode("overwrite").save(place)
    frame.where("id = 2").write.format(kind).mode("append").save(place)
    print(kind, sorted(row.id for row in spark.read.format(kind).load(place).collect()))
