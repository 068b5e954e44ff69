"""Names a column that is not there."""

from pyspark.sql import SparkSession

SparkSession.builder.getOrCreate().range(3).select("idd").show()
