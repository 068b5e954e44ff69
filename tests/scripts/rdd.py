"""Code that needs RDDs."""

from pyspark.context import SparkContext

sc = SparkContext.getOrCreate()
words = sc.parallelize(["a b", "c"])
print(words.flatMap(lambda line: line.split()).collect())
