"""MERGE INTO an Iceberg table."""

import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
table = f"glue_catalog.{given['--database']}.merged"
place = f"s3://{given['--target']}/{given['--database']}/merged/"
spark.sql(f"CREATE TABLE {table} (id BIGINT, name STRING) USING iceberg LOCATION '{place}'")
spark.sql(f"INSERT INTO {table} VALUES (1, 'Ada'), (2, 'Bob')")
spark.createDataFrame([(2, "Robert"), (3, "Cleo")], "id bigint, name string").createOrReplaceTempView("changes")
spark.sql(f"""
    MERGE INTO {table} t USING changes c ON t.id = c.id
    WHEN MATCHED THEN UPDATE SET t.name = c.name
    WHEN NOT MATCHED THEN INSERT (id, name) VALUES (c.id, c.name)
""")
for row in spark.table(table).orderBy("id").collect():
    print(row.id, row.name)
