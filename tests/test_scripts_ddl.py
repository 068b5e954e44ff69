"""Scripts that use Hive's statements over tables of the catalog: what each answers, and what the catalog and S3 have then."""

import json

from harness import name
from pipeline import keys
from statements import NO_DATABASE, NO_TABLE, ask, corpus, database, partitions, table  # noqa: F401

TWO = "CREATE TABLE DB.two (id BIGINT, what STRING) PARTITIONED BY (dt STRING, hr INT COMMENT 'hour') STORED AS PARQUET"


def test_partitions(corpus, database):
    missing = "! AnalysisException [PARTITIONS_NOT_FOUND] The partition(s) {} cannot be found in table `DB`.`two`."
    ask(corpus, database,
        (TWO, "done"),
        ("ALTER TABLE DB.two /* new ones */ ADD PARTITION (dt='a b/c', hr='02') PARTITION (DT=20240101, HR=3) "
         "LOCATION 's3://TARGET/else/'", "done"),
        ("SHOW PARTITIONS DB.two", "partition: [('dt=20240101/hr=3',), ('dt=a b%2Fc/hr=2',)]"),
        ("ALTER TABLE DB.two ADD PARTITION (dt='new', hr=1) PARTITION (dt='a b/c', hr=2)",
         "! AnalysisException [PARTITIONS_ALREADY_EXIST] Cannot ADD or RENAME TO partition(s) PARTITION (`dt` = a b/c, `hr` = 2) in "
         "table `DB`.`two` because they already exist. SQLSTATE: 428FT"),
        ("alter table DB.two add if not exists partition (dt='a b/c', hr=2) partition (dt=null, hr=9);", "done"),
        ("SHOW PARTITIONS DB.two PARTITION (hr=9)", "partition: [('dt=__HIVE_DEFAULT_PARTITION__/hr=9',)]"),
        ("=spark.sql('SHOW PARTITIONS DB.two PARTITION (hr=:hr)', {'hr': 3}).collect()[0][0]", "dt=20240101/hr=3"),
        ("=spark.sql('SHOW PARTITIONS DB.two PARTITION (dt=?, hr=?)', ['a b/c', '02']).collect()[0][0]", "dt=a b%2Fc/hr=2"),
        ("SHOW PARTITIONS DB.two PARTITION (dt=concat('a', ' b/c'), hr=1 + 1)", "partition: [('dt=a b%2Fc/hr=2',)]"),
        ("SHOW PARTITIONS DB.two PARTITION (dt='')",
         "! AnalysisException Partition spec is invalid. The spec contains an empty partition column value"),
        ("SHOW PARTITIONS DB.two PARTITION (no=9)", missing.format("`no`")),
        ("ALTER TABLE DB.two ADD PARTITION (dt='x', hr='late')",
         "! NumberFormatException [CAST_INVALID_INPUT] The value 'late' cannot be cast to \"INT\" because it is malformed. SQLSTATE: 22018"),
        ("ALTER TABLE DB.two ADD PARTITION (dt='x', hr)", "! ParseException [INVALID_SQL_SYNTAX.EMPTY_PARTITION_VALUE] Invalid SQL "
         "syntax: Partition key `hr` must set value. SQLSTATE: 42000"),
        ("ALTER TABLE DB.two ADD PARTITION (hr=1)",
         "! AnalysisException Partition spec is invalid. The spec (hr) must match the partition spec (dt, hr) defined in table '`DB`.`two`'."),
        ("INSERT INTO DB.two PARTITION (dt='x', hr=7) VALUES (1, 'one')", "done"),
        ("ALTER TABLE DB.two PARTITION (dt='x', hr=7) RENAME TO PARTITION (dt='y', hr=8)", "done"),
        ("SELECT * FROM DB.two", "id what dt hr: [(1, 'one', 'y', 8)]"),
        ("ALTER TABLE DB.two PARTITION (dt='x', hr=7) RENAME TO PARTITION (dt='z', hr=8)",
         missing.format("PARTITION (`dt` = x, `hr` = 7)")),
        ("ALTER TABLE DB.two DROP PARTITION (hr=99)", missing.format("PARTITION (`hr` = 99)")),
        ("ALTER TABLE DB.two DROP IF EXISTS PARTITION (hr=99), PARTITION (hr > 8) PURGE", "done"),
        ("ALTER TABLE DB.two DROP PARTITION (dt < '3', hr != 4)", "done"),
        ("ALTER TABLE DB.two PARTITION (dt='a b/c', hr=2) SET LOCATION 's3://TARGET/moved/'", "done"),
        ("ALTER TABLE DB.events DROP PARTITION (day='2024-01-02')", "done"),
        ("ALTER TABLE DB.nope ADD PARTITION (hr=1)",
         f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`nope` {NO_TABLE}"),
        ("CREATE TABLE DB.one (id INT) STORED AS PARQUET", "done"),
        ("SHOW PARTITIONS DB.one", "! AnalysisException [INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY] The partition command is "
         "invalid. Table `DB`.`one` is not partitioned. SQLSTATE: 42601"),
        ("MSCK REPAIR TABLE DB.one", "! AnalysisException [NOT_A_PARTITIONED_TABLE] Operation MSCK REPAIR TABLE is not allowed for "
         "`DB`.`one` because it is not a partitioned table. SQLSTATE: 42809"))
    home = f"s3://TARGET/{database}/two"
    assert partitions(corpus, database, "two") == {"a b/c/2": "s3://TARGET/moved/", "y/8": f"{home}/dt=y/hr=8/"}
    # The files of a managed table go with their partition, those of another stay.
    [moved] = keys(corpus.server, corpus.target, f"{database}/two/")
    assert moved.startswith(f"{database}/two/dt=y/hr=8/")
    assert list(partitions(corpus, database, "events")) == ["2024-01-01"]
    assert len(keys(corpus.server, corpus.target, f"{database}/events/")) == 2


def test_repair(corpus, database):
    s3 = corpus.server.client("s3")
    for key in ("DAY=a%2Fb/x", "day=/x", "day=c/deeper/x", "_tmp/day=d/x", "day=e", "else/x"):
        s3.put_object(Bucket=corpus.target, Key=f"{database}/events/{key}", Body=b"x")
    asked = [(f"ALTER TABLE DB.events ADD PARTITION (day='n{at}')", "done") for at in range(2)]
    ask(corpus, database,
        ("ALTER TABLE DB.events DROP PARTITION (day='2024-01-01')", "done"),
        ("ALTER TABLE DB.events PARTITION (day='2024-01-02') SET LOCATION 's3://TARGET/DB/events/else/'", "done"),
        *asked,
        ("MSCK REPAIR TABLE DB.events", "done"),
        ("=[row[0] for row in spark.sql('SHOW PARTITIONS DB.events').collect()]",
         "['day=2024-01-01', 'day=2024-01-02', 'day=__HIVE_DEFAULT_PARTITION__', 'day=a%2Fb', 'day=c', 'day=n0', 'day=n1']"),
        ("MSCK REPAIR TABLE DB.events DROP PARTITIONS", "done"),
        ("ALTER TABLE DB.events DROP PARTITION (day='c')", "done"),
        ("=spark.catalog.recoverPartitions('DB.events')", "None"),
        ("REPAIR TABLE DB.events SYNC PARTITIONS", "done"),
        ("MSCK REPAIR TABLE DB.nope", f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`nope` {NO_TABLE}"))
    home = f"s3://TARGET/{database}/events"
    assert partitions(corpus, database, "events") == {
        "2024-01-01": f"{home}/day=2024-01-01/", "2024-01-02": f"{home}/else/", "c": f"{home}/day=c/",
        "a/b": f"{home}/DAY=a%2Fb/", "__HIVE_DEFAULT_PARTITION__": f"{home}/day=/"}
    found = corpus.glue.get_partition(DatabaseName=database, TableName="events", PartitionValues=["c"])["Partition"]
    wanted = table(corpus, database, "events")["StorageDescriptor"] | {"Location": f"s3://{corpus.target}/{database}/events/day=c/"}
    assert found["StorageDescriptor"] == wanted


def test_partitions_of_numbers_with_zeros(corpus, database):
    corpus.server.client("s3").put_object(Bucket=corpus.target, Key=f"{database}/hours/hr=07/x", Body=b"x")
    ask(corpus, database,
        ("CREATE EXTERNAL TABLE DB.hours (id INT) PARTITIONED BY (hr INT) STORED AS PARQUET LOCATION 's3://TARGET/DB/hours/'", "done"),
        ("MSCK REPAIR TABLE DB.hours", "done"),
        ("SHOW PARTITIONS DB.hours", "partition: [('hr=07',)]"),
        ("SHOW PARTITIONS DB.hours PARTITION (hr=7)", "partition: [('hr=07',)]"),
        ("ALTER TABLE DB.hours DROP PARTITION (hr=8)", "! AnalysisException [PARTITIONS_NOT_FOUND] The partition(s) PARTITION (`hr` = 8) cannot "
         "be found in table `DB`.`hours`."),
        ("ALTER TABLE DB.hours DROP PARTITION (hr=7)", "done"))
    assert partitions(corpus, database, "hours") == {}


def test_many_partitions(corpus, database):
    many = " ".join(f"PARTITION (day='d{at}')" for at in range(230))
    ask(corpus, database,
        (f"ALTER TABLE DB.events ADD IF NOT EXISTS {many}", "done"),
        ("=spark.sql('SHOW PARTITIONS DB.events').count()", "232"),
        ("ALTER TABLE DB.events DROP PARTITION (day >= 'd')", "done"))
    assert len(partitions(corpus, database, "events")) == 2


def test_tables_change(corpus, database):
    described = table(corpus, database, "events")
    schema = [{"name": "Id", "type": "long", "nullable": True, "metadata": {}},
              {"name": "what", "type": "string", "nullable": True, "metadata": {}},
              {"name": "day", "type": "string", "nullable": True, "metadata": {}}]
    text = json.dumps({"type": "struct", "fields": schema})
    corpus.glue.update_table(DatabaseName=database, TableInput={
        "Name": "events", "TableType": "EXTERNAL_TABLE", "PartitionKeys": described["PartitionKeys"],
        "StorageDescriptor": described["StorageDescriptor"],
        "Parameters": {"spark.sql.sources.schema.numParts": "2", "spark.sql.sources.schema.part.0": text[:50],
                       "spark.sql.sources.schema.part.1": text[50:], "gone": "1"}})
    unsupported = "! AnalysisException [UNSUPPORTED_FEATURE.TABLE_OPERATION] The feature is not supported: Table `DB`.`events` does not support "
    ask(corpus, database,
        ("ALTER TABLE DB.events ADD COLUMNS (more STRUCT<a: INT, b: ARRAY<STRING>> COMMENT 'it\\'s, more', n DECIMAL(10, 2))", "done"),
        ("ALTER TABLE DB.events CHANGE COLUMN id id BIGINT COMMENT 'number'", "done"),
        ("ALTER TABLE DB.events ALTER COLUMN what COMMENT 'text'", "done"),
        ("DESCRIBE DB.events", "col_name data_type comment: [('id', 'bigint', 'number'), ('what', 'string', 'text'), "
         "('more', 'struct<a:int,b:array<string>>', \"it's, more\"), ('n', 'decimal(10,2)', None), ('day', 'string', None), "
         "('# Partition Information', '', ''), ('# col_name', 'data_type', 'comment'), ('day', 'string', None)]"),
        ("ALTER TABLE DB.events CHANGE id id STRING", "! AnalysisException [NOT_SUPPORTED_CHANGE_COLUMN] ALTER TABLE ALTER/CHANGE COLUMN is "
         "not supported for changing `DB`.`events`'s column `id` with type \"BIGINT\" to `id` with type \"STRING\". SQLSTATE: 0A000"),
        ("ALTER TABLE DB.events CHANGE id called BIGINT",
         "! ParseException Renaming column is not supported in Hive-style ALTER COLUMN, please run RENAME COLUMN instead."),
        ("ALTER TABLE DB.events ALTER COLUMN day COMMENT 'x'", "! AnalysisException [CANNOT_ALTER_PARTITION_COLUMN] ALTER TABLE "
         "(ALTER|CHANGE) COLUMN is not supported for partition columns, but found the partition column `day` in the table "
         "`DB`.`events`. SQLSTATE: 428FR"),
        ("ALTER TABLE DB.events ALTER COLUMN nope COMMENT 'x'", "! AnalysisException [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, "
         "variable, or function parameter with name `nope` cannot be resolved. Did you mean one of the following? [`id`, `what`, `more`, "
         "`n`, `day`]. SQLSTATE: 42703"),
        ("ALTER TABLE DB.events ADD COLUMNS (DAY INT)", "! AnalysisException [COLUMN_ALREADY_EXISTS] The column `day` already exists. "
         "Choose another name or rename the existing column. SQLSTATE: 42711"),
        ("ALTER TABLE DB.events REPLACE COLUMNS (a INT)", f"{unsupported}REPLACE COLUMNS. SQLSTATE: 0A000"),
        ("ALTER TABLE DB.events DROP COLUMN what", f"{unsupported}DROP COLUMN. SQLSTATE: 0A000"),
        ("ALTER TABLE DB.events ADD COLUMN x INT FIRST", f"{unsupported}ADD COLUMN ... FIRST | AFTER. SQLSTATE: 0A000"),
        ("ALTER TABLE DB.events SET TBLPROPERTIES ('k'='v', n=1, 'comment'='hello')", "done"),
        ("ALTER TABLE DB.events UNSET TBLPROPERTIES IF EXISTS ('gone', 'never')", "done"),
        ("ALTER TABLE DB.events UNSET TBLPROPERTIES ('k'='v')",
         "! ParseException Operation not allowed: Values should not be specified for key(s): 'k'='v'"),
        ("ALTER TABLE DB.events SET TBLPROPERTIES ('EXTERNAL'='FALSE')",
         "! AnalysisException Cannot set or change the preserved property key: 'EXTERNAL'"),
        ("ALTER TABLE DB.events SET SERDEPROPERTIES ('x'='y\\tz')", "done"),
        ("ALTER TABLE DB.events PARTITION (day='2024-01-01') SET SERDEPROPERTIES ('p'='q')", "done"),
        ("ALTER TABLE DB.events SET LOCATION 's3://TARGET/other/'", "done"),
        ("ALTER TABLE DB.events SET LOCATION 'other'", "! InvalidInputException 'other' is no place in S3: s3://bucket/key is wanted"),
        ("ALTER TABLE DB.events RENAME TO DB.other", "! OperationNotSupportedException ALTER TABLE DB.events RENAME TO DB.other: Table rename "
         "is not supported. The Glue catalog has no other names for tables, on AWS neither: make a table with the new name over the same "
         "files, and drop this one"),
        ("ALTER TABLE DB.events COMPACT 'major'", "! OperationNotSupportedException ALTER TABLE ... COMPACT 'major' is not supported"))
    found = table(corpus, database, "events")
    assert found["Description"] == "hello" and found["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"x": "y\tz"}
    assert found["StorageDescriptor"]["Location"] == f"s3://{corpus.target}/other/"
    parameters = found["Parameters"]
    # Spark's own note of the columns knows the new ones.
    noted = json.loads("".join(parameters.pop(f"spark.sql.sources.schema.part.{at}")
                               for at in range(int(parameters.pop("spark.sql.sources.schema.numParts")))))
    assert [(field["name"], field["metadata"]) for field in noted["fields"]] == [
        ("Id", {"comment": "number"}), ("what", {"comment": "text"}), ("more", {"comment": "it's, more"}), ("n", {}), ("day", {})]
    assert parameters == {"k": "v", "n": "1"}
    part = corpus.glue.get_partition(DatabaseName=database, TableName="events", PartitionValues=["2024-01-01"])["Partition"]
    assert part["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"p": "q"}


def test_tables_are_made(corpus, database):
    lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    ask(corpus, database,
        ("CREATE EXTERNAL TABLE IF NOT EXISTS DB.lines (Id INT COMMENT 'number', m MAP<STRING, INT>) COMMENT 'lines' "
         "PARTITIONED BY (dt STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' COLLECTION ITEMS TERMINATED BY ',' "
         "NULL DEFINED AS '-' STORED AS TEXTFILE LOCATION 's3://TARGET/lines/' TBLPROPERTIES ('skip.header.line.count'='1')", "done"),
        ("CREATE TABLE DB.lines (a INT) STORED AS ORC", "! AnalysisException [TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view "
         "`DB`.`lines` because it already exists. SQLSTATE: 42P07"),
        ("CREATE TABLE IF NOT EXISTS DB.lines (a INT) STORED AS ORC", "done"),
        ("CREATE TABLE DB.csv (a STRING) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES "
         "('separatorChar'=';')", "done"),
        ("CREATE TABLE DB.sums PARTITIONED BY (day) STORED AS PARQUET AS SELECT count(*) AS n, day FROM DB.events GROUP BY day", "done"),
        ("=sorted(map(tuple, spark.table('DB.sums').collect()))", "[(2, '2024-01-01'), (2, '2024-01-02')]"),
        ("CREATE TABLE DB.again LIKE DB.events", "done"),
        ("CREATE TABLE DB.there LIKE DB.lines LOCATION 's3://TARGET/there/' TBLPROPERTIES ('k'='v')", "done"),
        ("CREATE TABLE DB.seen LIKE DB.nope", f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`nope` {NO_TABLE}"),
        ("CREATE TABLE DB.used (id INT, hr INT) USING parquet PARTITIONED BY (hr)", "done"),
        ("CREATE TABLE DB.placed (id INT) USING parquet LOCATION 's3://TARGET/placed/'", "done"),
        ("CREATE EXTERNAL TABLE DB.x (a INT) STORED AS ORC", "! AnalysisException CREATE EXTERNAL TABLE must be accompanied by LOCATION."),
        ("CREATE TABLE DB.x (a INT, A INT) STORED AS ORC", "! AnalysisException [COLUMN_ALREADY_EXISTS] The column `a` already exists. "
         "Choose another name or rename the existing column. SQLSTATE: 42711"),
        ("CREATE TABLE DB.x (a INT) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' STORED AS ORC",
         "! ParseException Operation not allowed: ROW FORMAT DELIMITED is only compatible with 'textfile', not 'orc'."),
        ("CREATE TABLE DB.x (a INT) PARTITIONED BY (b) STORED AS ORC", "! AnalysisException [COLUMN_NOT_DEFINED_IN_TABLE] partition column `b` "
         "is not defined in table DB.x, defined table columns are: `a`. SQLSTATE: 42703"),
        ("CREATE TABLE DB.x PARTITIONED BY (b INT) STORED AS ORC",
         "! AnalysisException [ALL_PARTITION_COLUMNS_NOT_ALLOWED] Cannot use all columns for partition columns. SQLSTATE: KD005"),
        ("CREATE TABLE DB.x (a INT) STORED AS JSONFILE", "! AnalysisException STORED AS with file format 'JSONFILE' is invalid."),
        ("CREATE TABLE DB.x (a INT) STORED BY 'a.Handler'",
         "! OperationNotSupportedException STORED BY names a handler of Hive's, which are not there"),
        ("CREATE TABLE DB.x (a INT) CLUSTERED BY (a) INTO 4 BUCKETS STORED AS ORC",
         "! OperationNotSupportedException CLUSTERED BY and SKEWED BY: tables with buckets are not written"),
        ("SHOW CREATE TABLE DB.csv", "! AnalysisException [UNSUPPORTED_SHOW_CREATE_TABLE.WITH_UNSUPPORTED_SERDE_CONFIGURATION] Unsupported a "
         "SHOW CREATE TABLE command. Failed to execute the command against the table `DB`.`csv`, which is created by Hive and uses the "
         "following unsupported serde configuration: SERDE: org.apache.hadoop.hive.serde2.OpenCSVSerde. Please use `SHOW CREATE TABLE "
         "DB.csv AS SERDE` to show Hive DDL instead. SQLSTATE: 0A000"))
    found = table(corpus, database, "lines")
    storage = found["StorageDescriptor"]
    assert (found["TableType"], found["Description"]) == ("EXTERNAL_TABLE", "lines")
    assert found["Parameters"] == {"EXTERNAL": "TRUE", "skip.header.line.count": "1"}
    assert found["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert storage["Columns"] == [{"Name": "id", "Type": "int", "Comment": "number"}, {"Name": "m", "Type": "map<string,int>"}]
    assert storage["SerdeInfo"] == {"SerializationLibrary": lazy, "Parameters": {
        "field.delim": "\t", "serialization.format": "\t", "colelction.delim": ",", "serialization.null.format": "-"}}
    there = table(corpus, database, "there")
    assert (there["TableType"], there["StorageDescriptor"]["Location"]) == ("EXTERNAL_TABLE", f"s3://{corpus.target}/there/")
    assert there["StorageDescriptor"]["SerdeInfo"] == storage["SerdeInfo"] and there["PartitionKeys"] == found["PartitionKeys"]
    assert there["Parameters"] == {"EXTERNAL": "TRUE", "skip.header.line.count": "1", "k": "v"}
    again = table(corpus, database, "again")
    assert (again["TableType"], again["StorageDescriptor"]["Location"]) == ("MANAGED_TABLE", f"s3://{corpus.target}/{database}/again")
    assert len(partitions(corpus, database, "sums")) == 2
    kinds = {name: table(corpus, database, name)["TableType"] for name in ("used", "placed", "sums")}
    assert kinds == {"used": "MANAGED_TABLE", "placed": "EXTERNAL_TABLE", "sums": "MANAGED_TABLE"}


def test_rows_of_what_is_made(corpus, database):
    for at in ("one", "two", "lines/dt=c"):
        corpus.server.client("s3").put_object(Bucket=corpus.target, Key=f"{database}/{at}/x", Body=f"{len(at)}\t{at}\n".encode())
    rows = "=sorted(map(tuple, spark.sql('SELECT dt, id, what FROM DB.lines').collect()))"
    one, two, three = "('a', 3, 'one')", "('b', 3, 'two')", "('c', 10, 'lines/dt=c')"
    ask(corpus, database,
        ("CREATE EXTERNAL TABLE DB.lines (id INT, what STRING) PARTITIONED BY (dt STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' "
         "LOCATION 's3://TARGET/DB/lines/'", "done"),
        (rows, "[]"),
        ("ALTER TABLE DB.lines ADD PARTITION (dt='a') LOCATION 's3://TARGET/DB/one/' PARTITION (dt='b') LOCATION 's3://TARGET/DB/two/'", "done"),
        (rows, f"[{one}, {two}]"),
        ("MSCK REPAIR TABLE DB.lines", "done"),
        (rows, f"[{one}, {two}, {three}]"),
        ("ALTER TABLE DB.lines DROP PARTITION (dt='a')", "done"),
        (rows, f"[{two}, {three}]"),
        ("ALTER TABLE DB.lines PARTITION (dt='b') SET LOCATION 's3://TARGET/DB/one/'", "done"),
        (rows, f"[('b', 3, 'one'), {three}]"),
        ("CREATE TABLE DB.text PARTITIONED BY (dt) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' AS SELECT id, dt FROM DB.lines", "done"),
        ("=sorted(map(tuple, spark.table('DB.text').collect()))", "[(3, 'b'), (10, 'c')]"),
        ("CREATE TABLE DB.orcs STORED AS ORC AS SELECT id, dt FROM DB.lines", "done"),
        ("=sorted(map(tuple, spark.table('DB.orcs').collect()))", "[(3, 'b'), (10, 'c')]"),
        ("CREATE TABLE DB.again LIKE DB.text", "done"),
        ("INSERT INTO DB.again SELECT * FROM DB.text", "done"),
        ("SELECT count(*) AS n FROM DB.again", "n: [(2,)]"),
        ("ANALYZE TABLE DB.text COMPUTE STATISTICS FOR COLUMNS id", "done"),
        ("=told('DESC EXTENDED DB.text')['Statistics'].split(', ')[1]", "2 rows"),
        ("TRUNCATE TABLE DB.text", "done"),
        ("SELECT count(*) AS n FROM DB.text", "n: [(0,)]"),
        ("DROP TABLE DB.text", "done"),
        ("CREATE TABLE DB.text (id INT) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'", "done"),
        ("SELECT count(*) AS n FROM DB.text", "n: [(0,)]"),
        ("=spark.catalog.cacheTable('DB.lines'), spark.catalog.isCached('DB.lines')", "(None, True)"),
        ("SHOW TABLES IN DB LIKE '*_*'", "namespace tableName isTemporary: []"))


def test_tables_end(corpus, database):
    ask(corpus, database,
        ("CREATE TABLE DB.own USING parquet AS SELECT 1 AS id", "done"),
        ("=spark.range(1).write.saveAsTable('DB.saved')", "None"),
        ("=spark.range(1).write.mode('overwrite').saveAsTable('DB.saved')", "None"),
        ("=spark.range(1).write.saveAsTable('DB.placed', path='s3://TARGET/kept/')", "None"),
        ("=[(one.name, one.tableType) for one in spark.catalog.listTables('DB')]",
         "[('events', 'EXTERNAL'), ('own', 'MANAGED'), ('placed', 'EXTERNAL'), ('saved', 'MANAGED')]"),
        ("=spark.range(1).writeTo('DB.new').using('parquet').create(), spark.catalog.getTable('DB.new').tableType", "(None, 'MANAGED')"),
        ("DROP TABLE DB.new", "done"),
        ("TRUNCATE TABLE DB.saved", "done"),
        ("=spark.table('DB.saved').count()", "0"),
        ("TRUNCATE TABLE DB.events", "! AnalysisException [CANNOT_TRUNCATE_EXTERNAL_TABLE] Operation not allowed: TRUNCATE TABLE on "
         "external tables: `DB`.`events`. SQLSTATE: 0A000"),
        (TWO, "done"),
        ("INSERT INTO DB.two VALUES (1, 'a', 'x', 1), (2, 'b', 'x', 2), (3, 'c', 'y', 1)", "done"),
        ("TRUNCATE TABLE DB.two PARTITION (dt='x')", "done"),
        ("SELECT * FROM DB.two", "id what dt hr: [(3, 'c', 'y', 1)]"),
        ("SHOW PARTITIONS DB.two", "partition: [('dt=x/hr=1',), ('dt=x/hr=2',), ('dt=y/hr=1',)]"),
        ("DROP TABLE DB.own PURGE", "done"),
        ("DROP TABLE DB.placed", "done"),
        ("DROP TABLE IF EXISTS DB.own PURGE", "done"),
        ("DROP TABLE DB.own PURGE", f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`own` {NO_TABLE}"))
    assert keys(corpus.server, corpus.target, f"{database}/own/") == [] == keys(corpus.server, corpus.target, f"{database}/saved/")
    assert len(keys(corpus.server, corpus.target, "kept/")) == 1 and len(keys(corpus.server, corpus.target, f"{database}/two/")) == 1


def test_databases_change_and_end(corpus, database):
    other = f"{database}_other"
    ask(corpus, database,
        ("ALTER DATABASE DB SET PROPERTIES ('k'='v')", "done"),
        ("ALTER SCHEMA DB SET LOCATION 's3://TARGET/elsewhere/'", "done"),
        ("COMMENT ON DATABASE DB IS 'it\\'s ours'", "done"),
        ("COMMENT ON TABLE DB.events IS 'what happens'", "done"),
        ("ALTER DATABASE nope SET PROPERTIES ('k'='v')",
         f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`nope` {NO_DATABASE}"),
        ("CREATE DATABASE DB_other LOCATION 's3://TARGET/other/'", "done"),
        ("CREATE TABLE DB_other.own USING parquet AS SELECT 1 AS id", "done"),
        ("CREATE TABLE DB_other.placed USING parquet LOCATION 's3://TARGET/placed/other/' AS SELECT 1 AS id", "done"),
        ("DROP DATABASE DB_other", "! AnalysisException [SCHEMA_NOT_EMPTY] Cannot drop a schema `DB_other` because it contains objects. "
         "Use DROP SCHEMA ... CASCADE to drop the schema and all its objects. SQLSTATE: 2BP01"),
        ("DROP DATABASE DB_other CASCADE", "done"),
        ("DROP DATABASE IF EXISTS DB_other RESTRICT", "done"),
        ("DROP SCHEMA DB_other", f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`DB_other` {NO_DATABASE}"))
    found = corpus.glue.get_database(Name=database)["Database"]
    assert (found["Description"], found["Parameters"]) == ("it's ours", {"of": "us", "k": "v"})
    assert found["LocationUri"] == f"s3://{corpus.target}/elsewhere/"
    assert table(corpus, database, "events")["Description"] == "what happens"
    assert other not in {one["Name"] for one in corpus.glue.get_databases()["DatabaseList"]}
    assert keys(corpus.server, corpus.target, "other/") == [] and len(keys(corpus.server, corpus.target, "placed/other/")) == 1


def test_denied(corpus, database):
    described = table(corpus, database, "events")
    corpus.glue.create_table(DatabaseName=database, TableInput={
        "Name": "denied", "TableType": "EXTERNAL_TABLE", "PartitionKeys": described["PartitionKeys"],
        "StorageDescriptor": described["StorageDescriptor"]})
    at = corpus.upload(f"{name('statements')}.sql", "\n".join((
        "ALTER TABLE DB.denied ADD PARTITION (day='x')",
        "MSCK REPAIR TABLE DB.denied",
        "SHOW PARTITIONS DB.denied",
        "ALTER TABLE DB.denied ADD COLUMNS (more INT)",
        "DROP TABLE DB.denied")))
    given = {"--database": database, "--statements": at, "--enable-glue-datacatalog": "true"}
    found = corpus.run("hive_ddl", given).succeeded()
    wanted = ("BatchCreatePartition", "GetPartitions", "GetPartitions", "UpdateTable", "DeleteTable")
    for line, action in zip(found, wanted, strict=True):
        assert line.startswith("! AccessDeniedException") and f"perform: glue:{action} on resource: " in line, line
        assert "table/DB/denied with an explicit deny" in line, line
