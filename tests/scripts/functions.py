"""Python functions and pandas functions on rows, a broadcast value, parallelize for small tables."""

import pandas as pd
from pyspark import SparkConf, SparkContext
from pyspark.sql import Row, SparkSession
from pyspark.sql.functions import pandas_udf, udf
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

conf = SparkConf().setAppName("functions").set("spark.sql.shuffle.partitions", "2")
sc = SparkContext.getOrCreate(conf)
spark = SparkSession.builder.config(conf=conf).getOrCreate()
prices = sc.broadcast({"a": 3, "b": 5})


@udf(returnType=IntegerType())
def price(item):
    return prices.value.get(item)


@pandas_udf("double")
def taxed(values: pd.Series) -> pd.Series:
    return values * 1.5


rows = sc.parallelize([Row(item="a"), Row(item="b"), Row(item="c")]).toDF(
    StructType([StructField("item", StringType())])
)
priced = rows.withColumn("price", price("item")).withColumn("taxed", taxed("price"))
for row in priced.orderBy("item").collect():
    print(row.item, row.price, row.taxed)
totals = priced.na.fill(0).groupBy().applyInPandas(
    lambda frame: pd.DataFrame({"all": [float(frame["price"].sum())]}), "all double"
)
print(totals.collect())
print(spark.createDataFrame(pd.DataFrame({"x": [1, 2]})).toPandas()["x"].tolist())
priced.createOrReplaceTempView("Priced")
print(spark.sql("SELECT count(*) AS n FROM PRICED JOIN priced p USING (item)").collect())
log = sc._jvm.org.apache.log4j.LogManager.getLogger("orders")
log.info("logged")
empty = spark.createDataFrame(sc.emptyRDD(), "a int, b string")
print(empty.columns, empty.count(), spark.createDataFrame(sc.parallelize([(1, "x")]), ["a", "b"]).collect())
try:
    sc._jvm.java.lang.System.currentTimeMillis()
except NotImplementedError as error:
    print(error)
