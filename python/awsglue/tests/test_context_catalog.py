"""GlueContext outside of a job's run, with a catalog and S3 behind it."""

import boto3
import pytest
from context_support import glue, rows, server  # noqa: F401

from awsglue._errors import AccessDeniedException, EntityNotFoundException, InvalidInputException
from awsglue.dynamicframe import DynamicFrame

BUCKET = "plain"


@pytest.fixture(scope="module")
def catalog(server):  # noqa: F811
    """A database `d` with partitioned CSV files, and the clients that made it."""
    s3, client = boto3.client("s3"), boto3.client("glue")
    s3.create_bucket(Bucket=BUCKET)
    client.create_database(DatabaseInput={"Name": "d"})

    def storage(place):
        serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                 "Parameters": {"field.delim": "|", "skip.header.line.count": "1"}}
        columns = [{"Name": "id", "Type": "int"}, {"Name": "what", "Type": "string"}]
        return {"Columns": columns, "Location": f"s3://{BUCKET}/{place}", "SerdeInfo": serde}

    client.create_table(DatabaseName="d", TableInput={
        "Name": "t", "Parameters": {"classification": "csv"}, "StorageDescriptor": storage("t/"),
        "PartitionKeys": [{"Name": "day", "Type": "int"}]})
    for day in (1, 2, 3):
        s3.put_object(Bucket=BUCKET, Key=f"t/day={day}/a.csv", Body=f"id|what\n{day}0|x\n".encode())
        part = {"Values": [str(day)], "StorageDescriptor": storage(f"t/day={day}/")}
        client.create_partition(DatabaseName="d", TableName="t", PartitionInput=part)
    return client


def test_a_table_by_predicate(glue, catalog):  # noqa: F811
    frame = glue.create_dynamic_frame.from_catalog(database="d", table_name="t", push_down_predicate="day > 1 and day != 3")
    assert rows(frame) == [{"id": 20, "what": "x", "day": 2}]
    options = {"catalogPartitionPredicate": "day = 3"}
    assert [row["id"] for row in rows(glue.create_dynamic_frame.from_catalog("d", "t", additional_options=options))] == [30]
    assert glue.create_data_frame.from_catalog(database="d", table_name="t", push_down_predicate="day = 9").count() == 0
    assert glue.create_sample_dynamic_frame_from_catalog("d", "t", 2).count() == 2
    assert glue.get_catalog_schema_as_spark_schema("d", "t").simpleString() == "struct<id:int,what:string,day:int>"


def test_what_the_catalog_refuses(glue, catalog, server, monkeypatch):  # noqa: F811
    with pytest.raises(EntityNotFoundException, match="EntityNotFoundException"):
        glue.create_dynamic_frame.from_catalog(database="d", table_name="nowhere")
    nobody = server.user()
    from awsglue import _catalog

    _catalog.client.cache_clear()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for key, value in nobody.environment().items():
        monkeypatch.setenv(key, value)
    with pytest.raises(AccessDeniedException, match="not authorized to perform: glue:GetTable"):
        glue.create_dynamic_frame.from_catalog(database="d", table_name="t")
    _catalog.client.cache_clear()


def test_files_in_s3(glue, catalog, spark):  # noqa: F811
    frame = DynamicFrame.fromDF(spark.range(4), glue, "n")
    glue.write_dynamic_frame.from_options(frame, "s3", {"path": f"s3://{BUCKET}/out/"}, "json")
    options = {"paths": [f"s3://{BUCKET}/t/"], "exclusions": "[\"day=1/**\"]"}
    how = {"withHeader": True, "separator": "|"}
    frame = glue.create_dynamic_frame.from_options("s3", options, "csv", how)
    assert sorted(row["id"] for row in rows(frame)) == ["20", "30"]
    with pytest.raises(EntityNotFoundException, match="no files"):
        glue.create_dynamic_frame.from_options("s3", {**options, "exclusions": ["**"]}, "csv", how)
    glue.purge_s3_path(f"s3://{BUCKET}/out/", {"retentionPeriod": 0})
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="out/")


def test_connections_of_databases(glue, catalog):  # noqa: F811
    url = "jdbc:sqlserver://db.example:1433;databaseName=x"
    properties = {"JDBC_CONNECTION_URL": url, "USERNAME": "u", "PASSWORD": "p", "JDBC_ENFORCE_SSL": "true"}
    catalog.create_connection(ConnectionInput={"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": properties})
    assert glue.extract_jdbc_conf("c") == {
        "user": "u", "password": "p", "vendor": "sqlserver", "url": "jdbc:sqlserver://db.example:1433", "fullUrl": url,
        "enforceSSL": "true", "customJDBCCert": "", "skipCustomJDBCCertValidation": "false",
    }
    catalog.create_connection(ConnectionInput={
        "Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {},
        "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"]}})
    with pytest.raises(InvalidInputException, match="JDBC_CONNECTION_URL"):
        glue.extract_jdbc_conf("n")
