"""Connections through the wire: what they demand, where passwords show, filters, tags, access."""

import json

import boto3.session
import botocore.exceptions
import pytest

from harness import REGION, statement

PASSWORD = "kept-very-secret-7391"
JDBC = {
    "JDBC_CONNECTION_URL": "jdbc:postgresql://db.example.com:5432/sales",
    "USERNAME": "glue",
    "PASSWORD": PASSWORD,
    "JDBC_ENFORCE_SSL": "true",
}


@pytest.fixture
def glue(server):
    return server.client("glue")


def fault(call, **arguments):
    """Code and text of the error that a call ends in."""
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


def connection(name, kind="JDBC", properties=JDBC, **more):
    return {"Name": name, "ConnectionType": kind, "ConnectionProperties": properties, **more}


def test_a_connection_lives(glue, server, unique):
    name = unique("connection")
    network = {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"], "AvailabilityZone": "us-east-1a"}
    given = connection(name, Description="sales", MatchCriteria=["a"], PhysicalConnectionRequirements=network)
    assert glue.create_connection(ConnectionInput=given)["CreateConnectionStatus"] == "READY"
    assert fault(glue.create_connection, ConnectionInput=given) == (
        "AlreadyExistsException",
        "Connection already exists.",
    )
    found = glue.get_connection(Name=name)["Connection"]
    assert {key: found[key] for key in given} == given
    assert (found["Status"], found["ConnectionSchemaVersion"]) == ("READY", 1)
    assert found["LastUpdatedBy"] == server.root.arn
    assert found["CreationTime"] == found["LastUpdatedTime"]

    glue.update_connection(Name=name, ConnectionInput=connection(name, properties=JDBC | {"USERNAME": "other"}))
    changed = glue.get_connection(Name=name)["Connection"]
    assert changed["ConnectionProperties"]["USERNAME"] == "other"
    assert "Description" not in changed
    assert changed["CreationTime"] == found["CreationTime"] < changed["LastUpdatedTime"]
    renamed = connection(unique("connection"))
    assert fault(glue.update_connection, Name=name, ConnectionInput=renamed)[0] == "InvalidInputException"

    glue.delete_connection(ConnectionName=name)
    missing = ("EntityNotFoundException", f"Connection {name} not found.")
    assert fault(glue.get_connection, Name=name) == missing
    assert fault(glue.delete_connection, ConnectionName=name) == missing
    assert fault(glue.update_connection, Name=name, ConnectionInput=given) == missing


def test_passwords_show_where_they_are_asked_for_only(glue, server, unique):
    name = unique("connection")
    kafka = {
        "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
        "KAFKA_SASL_SCRAM_PASSWORD": PASSWORD,
        "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD": "AQIC",
    }
    glue.create_connection(ConnectionInput=connection(name))
    glue.create_connection(ConnectionInput=connection(f"{name}-kafka", "KAFKA", kafka))
    assert glue.get_connection(Name=name)["Connection"]["ConnectionProperties"] == JDBC
    assert glue.get_connection(Name=f"{name}-kafka")["Connection"]["ConnectionProperties"] == kafka
    hidden = glue.get_connection(Name=name, HidePassword=True)["Connection"]["ConnectionProperties"]
    assert hidden == {key: value for key, value in JDBC.items() if key != "PASSWORD"}
    hidden = glue.get_connection(Name=f"{name}-kafka", HidePassword=True)["Connection"]["ConnectionProperties"]
    assert hidden == {"KAFKA_BOOTSTRAP_SERVERS": "broker:9092"}
    listed = glue.get_connections(HidePassword=True)["ConnectionList"]
    assert PASSWORD not in json.dumps(listed, default=str)
    listed = glue.get_connections(Filter={"ConnectionType": "JDBC"})["ConnectionList"]
    assert PASSWORD in [found["ConnectionProperties"].get("PASSWORD") for found in listed]


def test_passwords_are_nowhere_else(own_server, unique):
    server = own_server.start()
    glue, name = server.client("glue"), unique("connection")
    created = glue.create_connection(ConnectionInput=connection(name))["ResponseMetadata"]["RequestId"]
    glue.update_connection(Name=name, ConnectionInput=connection(name))
    long = PASSWORD + "x" * 1100
    refused = server.call(
        "glue",
        "AWSGlue.CreateConnection",
        {"ConnectionInput": connection(f"{name}-long", properties=JDBC | {"PASSWORD": long})},
    )
    assert (refused.status, PASSWORD in refused.message) == (400, False)
    assert "connectionInput.connectionProperties.PASSWORD.member" in refused.message
    record = server.call("mastic", "Mastic.ExplainRequest", {"RequestId": created}).body.decode()
    assert name in record and PASSWORD not in record
    events = server.client("cloudtrail").lookup_events()["Events"]
    assert "CreateConnection" in [event["EventName"] for event in events]
    assert PASSWORD not in json.dumps(events, default=str)
    server.stop()
    files = [path for path in server.folder.rglob("*") if path.is_file()]
    assert server.log in files
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    restarted = server.restart().client("glue").get_connection(Name=name)["Connection"]
    assert restarted["ConnectionProperties"]["PASSWORD"] == PASSWORD


def test_encrypted_passwords_are_answered_where_the_catalog_says_so(server, unique):
    root = server.account("encrypted")
    glue, name = server.client("glue", root), unique("connection")
    glue.create_connection(ConnectionInput=connection(name))
    password = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": "alias/glue"}
    glue.put_data_catalog_encryption_settings(
        DataCatalogEncryptionSettings={"ConnectionPasswordEncryption": password}
    )
    found = glue.get_connection(Name=name)["Connection"]["ConnectionProperties"]
    assert "PASSWORD" not in found and found["ENCRYPTED_PASSWORD"] != PASSWORD


INVALID = "Validation for connection properties failed"


@pytest.mark.parametrize(
    ("kind", "properties", "text"),
    [
        ("JDBC", {"USERNAME": "u", "PASSWORD": "p"}, INVALID),
        ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:x"}, INVALID),
        ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:x", "USERNAME": "u"}, INVALID),
        ("JDBC", {"HOST": "h", "PORT": "1", "USERNAME": "u", "PASSWORD": "p"}, INVALID),
        ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:x", "SECRET_ID": "s"}, None),
        ("JDBC", {"HOST": "h", "PORT": "1", "JDBC_ENGINE": "mysql", "USERNAME": "u", "PASSWORD": "p"}, None),
        ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:x", "USERNAME": "u", "ENCRYPTED_PASSWORD": "AQ=="}, None),
        ("MONGODB", {"USERNAME": "u", "PASSWORD": "p"}, INVALID),
        ("MONGODB", {"CONNECTION_URL": "mongodb://x", "USERNAME": "u", "PASSWORD": "p"}, None),
        ("KAFKA", {}, INVALID),
        ("KAFKA", {"KAFKA_BOOTSTRAP_SERVERS": "b:9092"}, None),
        ("CUSTOM", {"CONNECTOR_URL": "s3://b/c.jar", "CONNECTOR_TYPE": "Jdbc"}, INVALID),
        ("MARKETPLACE", {"CONNECTOR_URL": "u", "CONNECTOR_TYPE": "Jdbc", "CONNECTOR_CLASS_NAME": "c"}, None),
        ("NETWORK", {}, "PhysicalConnectionRequirements cannot be null"),
        ("SALESFORCE", {"INSTANCE_ID": "x"}, "[ConnectionInput.AuthenticationConfiguration is required.]"),
        ("SFTP", {}, "Connection type SFTP is not supported."),
    ],
)
def test_what_a_type_demands(glue, unique, kind, properties, text):
    given = connection(unique("connection"), kind, properties)
    if text is None:
        glue.create_connection(ConnectionInput=given)
    else:
        assert fault(glue.create_connection, ConnectionInput=given) == ("InvalidInputException", text)


def test_every_type_and_property_of_the_model_is_known(glue, unique):
    model = glue.meta.service_model
    properties = {key: "x" for key in model.shape_for("ConnectionPropertyKey").enum}
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s"
    for kind in set(model.shape_for("ConnectionType").enum) - {"SFTP"}:
        given = connection(unique("connection"), kind, properties)
        given["PhysicalConnectionRequirements"] = {"SubnetId": "subnet-1"}
        given["AuthenticationConfiguration"] = {"AuthenticationType": "OAUTH2", "SecretArn": secret}
        glue.create_connection(ConnectionInput=given)
        found = glue.get_connection(Name=given["Name"])["Connection"]
        assert (found["ConnectionType"], found["ConnectionProperties"]) == (kind, properties)
        assert found["AuthenticationConfiguration"] == given["AuthenticationConfiguration"]
        assert found["ConnectionSchemaVersion"] == 2
        glue.delete_connection(ConnectionName=given["Name"])


def test_credentials_belong_into_a_secret(glue, unique):
    basic = {"BasicAuthenticationCredentials": {"Username": "u", "Password": PASSWORD}}
    given = connection(unique("connection"), AuthenticationConfiguration={"AuthenticationType": "BASIC"} | basic)
    code, text = fault(glue.create_connection, ConnectionInput=given)
    assert code == "InvalidInputException"
    assert "BasicAuthenticationCredentials" in text and PASSWORD not in text


def test_properties_of_an_environment_come_over_the_others(glue, unique):
    given = connection(unique("connection"), SparkProperties={"USERNAME": "spark", "batch": "10"})
    glue.create_connection(ConnectionInput=given)
    plain = glue.get_connection(Name=given["Name"])["Connection"]
    assert plain["ConnectionProperties"] == JDBC
    assert (plain["SparkProperties"], plain["CompatibleComputeEnvironments"]) == (given["SparkProperties"], ["SPARK"])
    spark = glue.get_connection(Name=given["Name"], ApplyOverrideForComputeEnvironment="SPARK")["Connection"]
    assert spark["ConnectionProperties"] == JDBC | given["SparkProperties"]


def test_listings_filter_and_page(server, unique):
    glue = server.client("glue", server.account("connections"))
    names = [f"c{number}" for number in range(5)]
    for number, name in enumerate(names):
        criteria = ["even", "all"] if number % 2 == 0 else ["all"]
        kind, properties = ("JDBC", JDBC) if number < 3 else ("KAFKA", {"KAFKA_BOOTSTRAP_SERVERS": "b:1"})
        glue.create_connection(ConnectionInput=connection(name, kind, properties, MatchCriteria=criteria))

    def listed(**filters):
        pages = glue.get_paginator("get_connections").paginate(Filter=filters, PaginationConfig={"PageSize": 2})
        found = [page["ConnectionList"] for page in pages]
        assert all(found) or len(found) == 1, "an empty page with a token"
        return [one["Name"] for page in found for one in page]

    assert listed() == names
    assert listed(ConnectionType="KAFKA") == ["c3", "c4"]
    assert listed(MatchCriteria=["all", "even"]) == ["c0", "c2", "c4"]
    assert listed(MatchCriteria=["all", "even"], ConnectionType="JDBC") == ["c0", "c2"]
    assert listed(ConnectionSchemaVersion=2) == []
    assert fault(glue.get_connections, NextToken="nonsense")[0] == "InvalidInputException"

    gone = glue.batch_delete_connection(ConnectionNameList=["c0", "nobody", "c1"])
    assert gone["Succeeded"] == ["c0", "c1"]
    assert gone["Errors"]["nobody"]["ErrorCode"] == "EntityNotFoundException"
    assert listed() == ["c2", "c3", "c4"]


def test_tags_decide(server, unique):
    root = server.account("tagged")
    glue, name = server.client("glue", root), unique("connection")
    glue.create_connection(ConnectionInput=connection(name), Tags={"team": "a"})
    arn = f"arn:aws:glue:{REGION}:{root.account}:connection/{name}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"stage": "test"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a", "stage": "test"}
    catalog = f"arn:aws:glue:{REGION}:{root.account}:catalog"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            statement("glue:GetConnection", catalog)["Statement"][0],
            statement("glue:GetConnection", arn, Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})[
                "Statement"
            ][0],
        ],
    }
    reader = server.client("glue", server.user(policy, by=root))
    assert reader.get_connection(Name=name)["Connection"]["Name"] == name
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["team"])
    assert fault(reader.get_connection, Name=name)[0] == "AccessDeniedException"
    glue.delete_connection(ConnectionName=name)
    assert fault(glue.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"


def test_the_command_line(server, unique):
    name = unique("connection")
    given = json.dumps(connection(name))
    made = server.cli("glue", "create-connection", "--connection-input", given, "--tags", "team=a")
    assert made == {"CreateConnectionStatus": "READY"}
    found = server.cli("glue", "get-connection", "--name", name, "--hide-password")["Connection"]
    assert "PASSWORD" not in found["ConnectionProperties"]
    server.cli("glue", "delete-connection", "--connection-name", name)


def test_a_region_of_its_own(server, unique):
    """A connection is known in its region only."""
    name = unique("connection")
    server.client("glue").create_connection(ConnectionInput=connection(name))
    elsewhere = boto3.session.Session(region_name="eu-west-1").client(
        "glue",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.root.access_key_id,
        aws_secret_access_key=server.root.secret_access_key,
    )
    assert fault(elsewhere.get_connection, Name=name)[0] == "EntityNotFoundException"
