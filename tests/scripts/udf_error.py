"""A function that fails on a row."""

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

spark = SparkSession.builder.getOrCreate()


@udf("int")
def inverse(number):
    return 6 // (number - 2)


spark.range(4).select(inverse("id")).show()
