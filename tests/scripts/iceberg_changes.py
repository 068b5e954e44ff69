"""Iceberg tables that get other columns and properties, and go back to what they were."""

import re
import sys

from pyspark.sql import SparkSession

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
database = f"glue_catalog.{given['--database']}"
table = f"{database}.changed"


def show():
    # Sail puts the columns of partitions last.
    frame = spark.table(table).select(*sorted(spark.table(table).columns))
    print(frame.columns, sorted(map(tuple, frame.collect()), key=str))


def fails(statement):
    try:
        spark.sql(statement)
    except Exception as error:
        print(type(error).__name__, re.sub(r" \d{9,}\.", "", str(error).splitlines()[0]))


def numbers(statement):
    return [list(row) for row in spark.sql(statement).collect()]


spark.sql(f"CREATE TABLE {table} (id INT, name STRING, day STRING) USING iceberg PARTITIONED BY (day)")
spark.sql(f"INSERT INTO {table} VALUES (1, 'a', 'x')")
spark.sql(f"ALTER TABLE {table} ADD COLUMNS (price DECIMAL(10, 2) COMMENT 'in euros', more STRUCT<a: INT, b: STRING>)")
spark.sql(f"ALTER TABLE {table} ADD COLUMN first INT FIRST")
spark.sql(f"ALTER TABLE {table} RENAME COLUMN name TO called")
spark.sql(f"ALTER TABLE {table} ALTER COLUMN id TYPE BIGINT")
spark.sql(f"INSERT INTO {table} (first, id, called, day, price, more) VALUES (0, 2, 'b', 'y', 1.5, named_struct('a', 1, 'b', 'c'))")
show()
spark.sql(f"ALTER TABLE {table} DROP COLUMN more")
spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('owned.by' = 'me', 'b' = 'c')")
spark.sql(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('b')")
show()
fails(f"ALTER TABLE {table} DROP COLUMN day")
fails(f"ALTER TABLE {table} DROP COLUMN nowhere")
fails(f"ALTER TABLE {table} ADD COLUMN id INT")
fails(f"ALTER TABLE {table} ALTER COLUMN called TYPE INT")
fails(f"ALTER TABLE {table} ADD PARTITION FIELD bucket(4, id)")
[first, last] = numbers(f"SELECT snapshot_id, operation FROM {table}.snapshots ORDER BY committed_at")
print(first[1], last[1], numbers(f"SELECT is_current_ancestor FROM {table}.history"))
print(numbers(f"CALL glue_catalog.system.rollback_to_snapshot('{given['--database']}.changed', {first[0]})") == [[last[0], first[0]]])
show()
whole = f"table => '{given['--database']}.changed'"
print(numbers(f"CALL glue_catalog.system.expire_snapshots({whole}, older_than => TIMESTAMP '2999-01-01 00:00:00', retain_last => 1)"))
show()
fails(f"CALL glue_catalog.system.rollback_to_snapshot({whole}, snapshot_id => {last[0]})")
fails("CALL glue_catalog.system.rewrite_data_files('some.table')")
fails("CALL glue_catalog.system.expire_snapshots('some.table')")
