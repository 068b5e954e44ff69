"""What `SHOW`, `DESCRIBE` and `spark.catalog` tell scripts of the catalog, statistics, and what is cached."""

from statements import NO_DATABASE, NO_TABLE, ask, corpus, database, table  # noqa: F401
from test_scripts_shapes import ICEBERG

PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def test_shown(corpus, database):
    columns = "('id', 'bigint', None), ('what', 'string', None), ('day', 'string', None)"
    parted = "('# Partition Information', '', ''), ('# col_name', 'data_type', 'comment'), ('day', 'string', None)"
    forms = (f"ROW FORMAT SERDE \\'{PARQUET}.serde.ParquetHiveSerDe\\'\\nSTORED AS\\n  INPUTFORMAT \\'{PARQUET}.MapredParquetInputFormat\\'"
             f"\\n  OUTPUTFORMAT \\'{PARQUET}.MapredParquetOutputFormat\\'").replace("\\'", "'")
    end = "LOCATION 's3://TARGET/DB/events/'\\nTBLPROPERTIES (\\n  'classification' = 'parquet')\\n"
    ask(corpus, database,
        ("SHOW DATABASES LIKE 'DB|no*'", "namespace: [('DB',)]"),
        ("SHOW TABLES IN DB", "namespace tableName isTemporary: [('DB', 'events', False)]"),
        ("SHOW TABLES IN DB LIKE 'ev*|x'", "namespace tableName isTemporary: [('DB', 'events', False)]"),
        ("SHOW TABLES IN nope", f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`nope` {NO_DATABASE}"),
        ("SHOW COLUMNS FROM events IN DB", "col_name: [('id',), ('what',), ('day',)]"),
        ("SHOW COLUMNS IN DB.events IN other", "! AnalysisException [SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE] SHOW COLUMNS with conflicting "
         "namespaces: `other` != `DB`. SQLSTATE: 42K05"),
        ("SHOW COLUMNS IN DB.nope", f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`nope` {NO_TABLE}"),
        ("SHOW TBLPROPERTIES DB.events", "key value: [('classification', 'parquet')]"),
        ("SHOW TBLPROPERTIES DB.events ('no')", "key value: [('no', 'Table spark_catalog.DB.events does not have property: no')]"),
        ("SHOW CREATE TABLE DB.events", 'createtab_stmt: [("CREATE TABLE DB.events (\\n  id BIGINT,\\n  what STRING,\\n  day STRING)\\n'
         f'USING parquet\\nPARTITIONED BY (day)\\n{end}",)]'),
        ("SHOW CREATE TABLE DB.events AS SERDE", 'createtab_stmt: [("CREATE EXTERNAL TABLE DB.events (\\n  id BIGINT,\\n  what STRING)\\n'
         f'PARTITIONED BY (day STRING)\\n{forms}\\n{end}",)]'),
        ("DESC DB.events", f"col_name data_type comment: [{columns}, {parted}]"),
        ("DESCRIBE TABLE DB.events", f"col_name data_type comment: [{columns}, {parted}]"),
        ("DESCRIBE DB.events PARTITION (day='2024-01-01')", f"col_name data_type comment: [{columns}, {parted}]"),
        ("DESCRIBE DB.events PARTITION (day='no')", "! AnalysisException [PARTITIONS_NOT_FOUND] The partition(s) PARTITION (`day` = no) "
         "cannot be found in table `DB`.`events`."),
        ("DESC DB.events id", "info_name info_value: [('col_name', 'id'), ('data_type', 'bigint'), ('comment', 'NULL')]"),
        ("DESC DB.events nope", "! AnalysisException [COLUMN_NOT_FOUND] The column `nope` cannot be found. SQLSTATE: 42703"),
        ("=[told('DESC FORMATTED DB.events')[name] for name in ('Database', 'Table', 'Type', 'Provider', 'Location')]",
         "['DB', 'events', 'EXTERNAL', 'hive', 's3://TARGET/DB/events/']"),
        ("=told(\"DESC EXTENDED DB.events PARTITION (day='2024-01-01')\")['Partition Values']", "[day=2024-01-01]"),
        ("=spark.sql(\"SHOW TABLE EXTENDED IN DB LIKE 'ev*'\").collect()[0].information.rstrip().splitlines()[-5:]",
         "['Partition Columns: [`day`]', 'Schema: root', ' |-- id: long (nullable = true)', ' |-- what: string (nullable = true)', "
         "' |-- day: string (nullable = true)']"),
        ("=spark.sql(\"SHOW TABLE EXTENDED IN DB LIKE 'events' PARTITION (day='2024-01-02')\").collect()[0].information.split('\\n')[1]",
         "Location: s3://TARGET/DB/events/day=2024-01-02/"),
        ("DESCRIBE DATABASE EXTENDED DB", "info_name info_value: [('Catalog Name', 'spark_catalog'), ('Namespace Name', 'DB'), "
         "('Comment', 'what happens'), ('Location', 's3://TARGET/DB/'), ('Properties', '((of,us))')]"),
        ("DESC SCHEMA nope", f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`nope` {NO_DATABASE}"),
        ("DESCRIBE SELECT 1 AS a", "col_name data_type comment: [('a', 'int', None)]"),
        ("CREATE TEMPORARY VIEW seen AS SELECT id FROM DB.events", "done"),
        ("DESCRIBE seen", "col_name data_type comment: [('id', 'bigint', None)]"),
        ("SHOW TBLPROPERTIES seen", "key value: []"),
        ("SHOW VIEWS IN DB", "namespace viewName isTemporary: [('', 'seen', True)]"),
        ("SHOW CURRENT NAMESPACE", "catalog namespace: [('spark_catalog', 'default')]"),
        ("SHOW FUNCTIONS LIKE 'upp*'", "function: [('upper',)]"),
        ("CREATE VIEW DB.seen AS SELECT id FROM DB.events", "done"),
        ("DROP TABLE seen", "done"),
        ("SHOW PARTITIONS DB.seen", "! AnalysisException [EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE] 'SHOW PARTITIONS' expects a table but "
         "`DB`.`seen` is a view. SQLSTATE: 42809"),
        ("=told('DESC EXTENDED DB.seen')['Type'], 'SELECT id' in told('DESC EXTENDED DB.seen')['View Text']", "('VIEW', True)"),
        ("DROP TABLE DB.seen", "done"),
        ("=spark.catalog.tableExists('DB.seen')", "False"))


def test_iceberg_tables_are_shown(corpus, database):
    given = {"datalake_formats": "iceberg", "conf": ICEBERG.replace("s3://somewhere/warehouse/", f"s3://{corpus.target}/warehouse/")}
    properties = "('current-snapshot-id', 'none'), ('format', 'iceberg/parquet'), ('format-version', '2'), ('of', 'us')"
    ask(corpus, database,
        ("CREATE TABLE glue_catalog.DB.ice (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (days(ts)) "
         "TBLPROPERTIES ('of'='us')", "done"),
        ("DESC glue_catalog.DB.ice", "col_name data_type comment: [('id', 'bigint', None), ('ts', 'timestamp', None), ('', '', ''), "
         "('# Partitioning', '', ''), ('Part 0', 'days(ts)', '')]"),
        ("SHOW TBLPROPERTIES glue_catalog.DB.ice", f"key value: [{properties}]"),
        ("=spark.sql('SHOW CREATE TABLE glue_catalog.DB.ice').collect()[0][0].split('TBL')[0].split('\\n')",
         "['CREATE TABLE glue_catalog.DB.ice (', '  id BIGINT,', '  ts TIMESTAMP)', 'USING iceberg', "
         "'PARTITIONED BY (days(ts))', \"LOCATION 's3://TARGET/DB/ice'\", '']"),
        ("INSERT INTO glue_catalog.DB.ice VALUES (1, TIMESTAMP '2024-01-01 00:00:00')", "done"),
        ("TRUNCATE TABLE glue_catalog.DB.ice", "done"),
        ("=spark.table('glue_catalog.DB.ice').count()", "0"),
        ("SHOW PARTITIONS glue_catalog.DB.ice", "! AnalysisException [INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED] "
         "The partition command is invalid. Table `DB`.`ice` does not support partition management. SQLSTATE: 42601"),
        ("DROP TABLE glue_catalog.DB.ice PURGE", "! OperationNotSupportedException DROP TABLE glue_catalog.DB.ice PURGE: the files of "
         "tables of Iceberg's and Delta Lake's stay, drop it without PURGE"),
        ("DROP TABLE glue_catalog.DB.ice", "done"), **given)


def test_statistics(corpus, database):
    ask(corpus, database,
        ("ANALYZE TABLE DB.events COMPUTE STATISTICS NOSCAN", "done"),
        ("=told('DESC EXTENDED DB.events')['Statistics'].split(',')[1:]", "[]"),
        ("ANALYZE TABLE DB.events COMPUTE STATISTICS", "done"),
        ("=told('DESC EXTENDED DB.events')['Statistics'].split(', ')[1:]", "['4 rows']"),
        ("ANALYZE TABLE DB.events COMPUTE STATISTICS FOR COLUMNS id, What", "done"),
        ("DESC EXTENDED DB.events id", "info_name info_value: [('col_name', 'id'), ('data_type', 'bigint'), ('comment', 'NULL'), "
         "('min', '1'), ('max', '2'), ('num_nulls', '0'), ('distinct_count', '2'), ('avg_col_len', '8'), ('max_col_len', '8'), "
         "('histogram', 'NULL')]"),
        ("ANALYZE TABLE DB.events PARTITION (day='2024-01-01') COMPUTE STATISTICS", "done"),
        ("ANALYZE TABLE DB.events PARTITION (day='no') COMPUTE STATISTICS", "! AnalysisException [PARTITIONS_NOT_FOUND] The partition(s) "
         "PARTITION (`day` = no) cannot be found in table `DB`.`events`."),
        ("ANALYZE TABLE DB.events COMPUTE STATISTICS FOR COLUMNS nope",
         "! AnalysisException [COLUMN_NOT_FOUND] The column `nope` cannot be found. SQLSTATE: 42703"),
        ("ANALYZE TABLES IN DB COMPUTE STATISTICS", "done"),
        ("SHOW TBLPROPERTIES DB.events", "key value: [('classification', 'parquet')]"))
    s3, stats = corpus.server.client("s3"), "spark.sql.statistics"
    sizes = [one["Size"] for one in s3.list_objects_v2(Bucket=corpus.target, Prefix=f"{database}/events/")["Contents"]]
    found = table(corpus, database, "events")["Parameters"]
    assert (found[f"{stats}.totalSize"], found[f"{stats}.numRows"]) == (str(sum(sizes)), "4")
    assert (found[f"{stats}.colStats.what.distinctCount"], found[f"{stats}.colStats.what.maxLen"]) == ("2", "1")
    part = corpus.glue.get_partition(DatabaseName=database, TableName="events", PartitionValues=["2024-01-01"])["Partition"]
    assert part["Parameters"] == {f"{stats}.totalSize": str(sizes[0]), f"{stats}.numRows": "2"}


def test_cache_and_catalog(corpus, database):
    missing = f"! AnalysisException [TABLE_OR_VIEW_NOT_FOUND] The table or view `DB`.`nope` {NO_TABLE}"
    ask(corpus, database,
        ("CACHE LAZY TABLE some OPTIONS ('storageLevel' 'DISK_ONLY') AS SELECT id FROM DB.events WHERE id = 1", "done"),
        ("CACHE TABLE some AS SELECT 1", "! AnalysisException [TEMP_TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create the temporary view some "
         "because it already exists. SQLSTATE: 42P07"),
        ("SELECT count(*) AS n FROM some", "n: [(2,)]"),
        ("CACHE TABLE DB.nope", missing),
        ("UNCACHE TABLE IF EXISTS DB.nope", "done"),
        ("=spark.catalog.isCached('some'), spark.catalog.isCached('DB.events')", "(True, False)"),
        ("=spark.catalog.cacheTable('DB.events'), spark.catalog.isCached('DB.Events')", "(None, True)"),
        ("=spark.catalog.uncacheTable('DB.events'), spark.catalog.isCached('DB.events')", "(None, False)"),
        ("=spark.catalog.clearCache(), spark.catalog.isCached('some')", "(None, False)"),
        ("=spark.catalog.refreshTable('DB.events'), spark.catalog.refreshByPath('s3://TARGET/')", "(None, None)"),
        ("=spark.catalog.refreshTable('DB.nope')", missing),
        ("REFRESH TABLE DB.events", "done"),
        ("=spark.catalog.getDatabase('DB')",
         "Database(name='DB', catalog='spark_catalog', description='what happens', locationUri='s3://TARGET/DB/')"),
        ("=spark.catalog.getDatabase('nope')", f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`nope` {NO_DATABASE}"),
        ("=spark.catalog.listTables('nope')", f"! AnalysisException [SCHEMA_NOT_FOUND] The schema `spark_catalog`.`nope` {NO_DATABASE}"),
        ("=[(one.name, one.isPartition) for one in spark.catalog.listColumns('events', 'DB')]",
         "[('id', False), ('what', False), ('day', True)]"),
        ("=spark.catalog.tableExists('DB.nope'), spark.catalog.tableExists('events', 'DB'), spark.catalog.functionExists('upper')",
         "(False, True, True)"),
        ("=spark.catalog.createTable('DB.made', path='s3://TARGET/DB/events/').columns", "['id', 'what', 'day']"),
        ("=spark.catalog.recoverPartitions('DB.made'), spark.table('DB.made').count()", "(None, 4)"),
        ("=spark.catalog.createTable('DB.new', schema=spark.table('some').schema, description='new').columns", "['id']"),
        ("=spark.catalog.getTable('DB.new')", "Table(name='new', catalog='spark_catalog', namespace=['DB'], description='new', "
         "tableType='MANAGED', isTemporary=False)"))
    assert table(corpus, database, "made")["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
