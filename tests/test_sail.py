"""Sail (Spark SQL without a JVM) with this server as its Glue catalog: it reads tables, and makes one that it writes and reads."""

import io
import json
import subprocess
import sys

import pyarrow
import pyarrow.parquet

import harness

# A process of its own: Sail's settings are environment variables.
SCRIPT = """
import json, sys
from pysail.spark import SparkConnectServer
from pyspark.sql.connect.session import SparkSession

server = SparkConnectServer()
server.start(background=True)
spark = SparkSession.builder.remote("sc://127.0.0.1:%d" % server.listening_address[1]).getOrCreate()
for statement in json.load(sys.stdin):
    asked = spark.sql(statement)
    print(json.dumps([row.asDict() for row in asked.collect()] if statement.startswith("S") else None), flush=True)
"""


def sail(server, tmp_path, *statements):
    """What each SELECT or SHOW answers."""
    catalog = f'type="glue", name="sail", region="{harness.REGION}", endpoint_url="{server.endpoint}"'
    environment = server.environment() | {
        "SAIL_CATALOG__LIST": f"[{{{catalog}}}]",
        "AWS_ENDPOINT": server.endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        # The client looks for a Spark although it needs none.
        "SPARK_HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps(statements),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line[:1] in "[n"]
    return [answer for answer in answers if answer is not None]


def test_tables_are_read_and_made(server, tmp_path):
    bucket, database = harness.name("lake"), harness.name("db").replace("-", "_")
    glue, s3 = server.client("glue"), server.client("s3")
    s3.create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": database})
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2]}), content)
    days = ["2024-01-01", "2024-01-02"]
    for day in days:
        s3.put_object(Bucket=bucket, Key=f"events/day={day}/x.parquet", Body=content.getvalue())

    def storage(location):
        parquet = "org.apache.hadoop.hive.ql.io.parquet"
        return {
            "Columns": [{"Name": "id", "Type": "bigint"}],
            "Location": f"s3://{bucket}/{location}/",
            "InputFormat": f"{parquet}.MapredParquetInputFormat",
            "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
        }

    table = {
        "Name": "events",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": storage("events"),
    }
    glue.create_table(DatabaseName=database, TableInput=table)
    parts = [{"Values": [day], "StorageDescriptor": storage(f"events/day={day}")} for day in days]
    glue.batch_create_partition(DatabaseName=database, TableName="events", PartitionInputList=parts)

    shown, found, made = sail(
        server,
        tmp_path,
        f"SHOW TABLES IN {database}",
        f"SELECT id, day FROM {database}.events WHERE day = '2024-01-02' ORDER BY id",
        f"CREATE TABLE {database}.made (a INT, b STRING) USING parquet LOCATION 's3://{bucket}/made/'",
        f"INSERT INTO {database}.made VALUES (1, 'x')",
        f"SELECT * FROM {database}.made",
    )
    assert [row["tableName"] for row in shown] == ["events"]
    assert found == [{"id": 1, "day": "2024-01-02"}, {"id": 2, "day": "2024-01-02"}]
    assert made == [{"a": 1, "b": "x"}]
    kept = glue.get_table(DatabaseName=database, Name="made")["Table"]["StorageDescriptor"]
    assert [(column["Name"], column["Type"]) for column in kept["Columns"]] == [("a", "int"), ("b", "string")]
