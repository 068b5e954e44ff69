"""What a catalog has besides tables, for tests/test_coverage.py: one of everything, and looks at it."""

import datetime

THING = "coverage"
TABLE = {"DatabaseName": THING, "TableName": THING}
PARTITION = {"PartitionValues": [THING]}


def make(glue, role, tags):
    """Makes the things; database, table and partition are there."""
    glue.create_catalog(Name=THING, CatalogInput={}, Tags=tags)
    glue.create_user_defined_function(DatabaseName=THING, FunctionInput={"FunctionName": THING})
    network = {"Name": THING, "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    network["PhysicalConnectionRequirements"] = {"SubnetId": "subnet-1"}
    glue.create_connection(ConnectionInput=network, Tags=tags)
    glue.create_security_configuration(Name=THING, EncryptionConfiguration={})
    profile = {"JobConfiguration": {"timeout": {"MaxValue": "60"}}}
    glue.create_usage_profile(Name=THING, Configuration=profile, Tags=tags)
    data = {"Type": "LONG", "LongColumnStatisticsData": {"NumberOfNulls": 0, "NumberOfDistinctValues": 1}}
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    one = {"ColumnName": "a", "ColumnType": "int", "AnalyzedTime": when, "StatisticsData": data}
    glue.update_column_statistics_for_table(**TABLE, ColumnStatisticsList=[one])
    glue.update_column_statistics_for_partition(**TABLE, **PARTITION, ColumnStatisticsList=[one])
    glue.create_column_statistics_task_settings(**TABLE, Role=role, Schedule="cron(0 0 1 1 ? *)")


def looks(glue):
    """Calls whose answers change if one of the things does."""
    columns = {"ColumnNames": ["a"]}
    return [
        (glue.get_catalogs, {"IncludeRoot": True}),
        (glue.get_user_defined_functions, {"Pattern": "*"}),
        (glue.get_connections, {}),
        (glue.get_security_configurations, {}),
        (glue.get_data_catalog_encryption_settings, {}),
        (glue.list_usage_profiles, {}),
        (glue.get_column_statistics_for_table, TABLE | columns),
        (glue.get_column_statistics_for_partition, TABLE | PARTITION | columns),
        (glue.get_column_statistics_task_settings, TABLE),
        (glue.list_column_statistics_task_runs, {}),
    ]
