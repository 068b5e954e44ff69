"""What a catalog has besides tables: catalogs, functions, security configurations, settings, usage profiles."""

import json

import botocore.exceptions
import pytest

from harness import REGION, statement


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture
def database(glue, unique):
    name = unique("db")
    glue.create_database(DatabaseInput={"Name": name})
    return name


def fault(call, **arguments):
    """Code and text of the error that a call ends in."""
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


def paged(glue, operation, members, **arguments):
    """All that a listing has, in pages of two."""
    found, token = [], {}
    while True:
        page = getattr(glue, operation)(MaxResults=2, **arguments, **token)
        found += page[members]
        if not page.get("NextToken"):
            return found
        assert page[members], "an empty page with a token"
        token = {"NextToken": page["NextToken"]}


# User-defined functions.


def function(name, **more):
    given = {"FunctionName": name, "ClassName": "com.example.F", "OwnerName": "hive", "OwnerType": "USER"}
    return given | {"ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://b/f.jar"}]} | more


def test_a_function_lives(glue, database, server):
    at = {"DatabaseName": database, "FunctionName": "squash"}
    given = function("squash")
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=given)
    assert fault(glue.create_user_defined_function, DatabaseName=database, FunctionInput=given) == (
        "AlreadyExistsException",
        "Function already exists.",
    )
    found = glue.get_user_defined_function(**at)["UserDefinedFunction"]
    assert {key: found[key] for key in given} == given
    assert (found["DatabaseName"], found["CatalogId"]) == (database, server.root.account)
    assert found["FunctionType"] == "REGULAR_FUNCTION"
    glue.update_user_defined_function(**at, FunctionInput=function("squash", ClassName="com.example.G"))
    changed = glue.get_user_defined_function(**at)["UserDefinedFunction"]
    assert (changed["ClassName"], changed["CreateTime"]) == ("com.example.G", found["CreateTime"])
    renamed = fault(glue.update_user_defined_function, **at, FunctionInput=function("other"))
    assert renamed[0] == "InvalidInputException"
    glue.delete_user_defined_function(**at)
    missing = ("EntityNotFoundException", "Function squash not found.")
    assert fault(glue.get_user_defined_function, **at) == missing
    assert fault(glue.delete_user_defined_function, **at) == missing
    assert fault(glue.update_user_defined_function, **at, FunctionInput=given) == missing
    nowhere = {"DatabaseName": "nowhere", "FunctionInput": given}
    assert fault(glue.create_user_defined_function, **nowhere) == (
        "EntityNotFoundException",
        "Database nowhere not found.",
    )
    nameless = fault(glue.create_user_defined_function, DatabaseName=database, FunctionInput={})
    assert nameless[0] == "InvalidInputException"


def test_functions_are_listed_by_pattern(server):
    glue = server.client("glue", server.account("functions"))
    for database in ("a", "b"):
        glue.create_database(DatabaseInput={"Name": database})
        for name in ("squash", "Squeeze", "turn"):
            kind = "AGGREGATE_FUNCTION" if name == "turn" else "REGULAR_FUNCTION"
            glue.create_user_defined_function(
                DatabaseName=database, FunctionInput=function(name, FunctionType=kind)
            )

    def names(pattern, **more):
        found = paged(glue, "get_user_defined_functions", "UserDefinedFunctions", Pattern=pattern, **more)
        return [f"{one['DatabaseName']}.{one['FunctionName']}" for one in found]

    every = ["a.Squeeze", "a.squash", "a.turn", "b.Squeeze", "b.squash", "b.turn"]
    assert names("*") == names(".*") == every
    assert names("squ*", DatabaseName="b") == ["b.Squeeze", "b.squash"]
    assert names("squash|turn", DatabaseName="a") == ["a.squash", "a.turn"]
    assert names("*", FunctionType="AGGREGATE_FUNCTION") == ["a.turn", "b.turn"]
    assert names("nothing") == []
    assert fault(glue.get_user_defined_functions, Pattern="(")[0] == "InvalidInputException"


def test_a_database_goes_with_its_functions(server):
    root = server.account("functions")
    glue = server.client("glue", root)
    glue.create_database(DatabaseInput={"Name": "home"})
    glue.create_user_defined_function(DatabaseName="home", FunctionInput=function("squash"))
    arn = f"arn:aws:glue:{REGION}:{root.account}"
    allowed = [f"{arn}:catalog", f"{arn}:database/home", f"{arn}:table/home/*"]
    cleaner = server.client("glue", server.user(statement("glue:DeleteDatabase", allowed), by=root))
    code, text = fault(cleaner.delete_database, Name="home")
    assert code == "AccessDeniedException"
    assert f"{arn}:userDefinedFunction/home/squash" in text
    glue.delete_database(Name="home")
    glue.create_database(DatabaseInput={"Name": "home"})
    assert glue.get_user_defined_functions(DatabaseName="home", Pattern="*")["UserDefinedFunctions"] == []


# Catalogs.


def test_a_catalog_has_databases_and_tables_of_its_own(server):
    root = server.account("catalogs")
    glue, catalog = server.client("glue", root), f"{root.account}:lab"
    given = {
        "Description": "trials",
        "Parameters": {"a": "b"},
        "CreateDatabaseDefaultPermissions": [],
        "CreateTableDefaultPermissions": [],
    }
    glue.create_catalog(Name="lab", CatalogInput=given, Tags={"team": "a"})
    found = glue.get_catalog(CatalogId=catalog)["Catalog"]
    assert {key: found[key] for key in given} == given
    arn = f"arn:aws:glue:{REGION}:{root.account}:catalog/lab"
    assert (found["CatalogId"], found["Name"], found["ResourceArn"]) == (catalog, "lab", arn)
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}

    glue.create_database(CatalogId=catalog, DatabaseInput={"Name": "sales"})
    glue.create_table(CatalogId=catalog, DatabaseName="sales", TableInput={"Name": "trips"})
    glue.create_user_defined_function(
        CatalogId=catalog, DatabaseName="sales", FunctionInput={"FunctionName": "f"}
    )
    table = glue.get_table(CatalogId=catalog, DatabaseName="sales", Name="trips")["Table"]
    assert table["CatalogId"] == catalog
    assert glue.get_databases()["DatabaseList"] == []
    assert fault(glue.get_table, DatabaseName="sales", Name="trips")[0] == "EntityNotFoundException"
    tagged = f"arn:aws:glue:{REGION}:{root.account}:database/lab/sales"
    glue.tag_resource(ResourceArn=tagged, TagsToAdd={"stage": "test"})
    assert glue.get_tags(ResourceArn=tagged)["Tags"] == {"stage": "test"}

    glue.update_catalog(CatalogId=catalog, CatalogInput={"Description": "changed"})
    changed = glue.get_catalog(CatalogId=catalog)["Catalog"]
    assert (changed["Description"], changed["Parameters"]) == ("changed", {})
    assert changed["UpdateTime"] > changed["CreateTime"] == found["CreateTime"]
    glue.delete_catalog(CatalogId=catalog)
    missing = ("EntityNotFoundException", f"Catalog {catalog} not found.")
    assert fault(glue.get_catalog, CatalogId=catalog) == missing
    assert fault(glue.get_databases, CatalogId=catalog) == missing
    assert fault(glue.create_database, CatalogId=catalog, DatabaseInput={"Name": "x"}) == missing


def test_catalogs_are_listed(server):
    root = server.account("catalogs")
    glue = server.client("glue", root)
    for name in ("one", "three", "two"):
        glue.create_catalog(Name=name, CatalogInput={})
    listed = [one["Name"] for one in paged(glue, "get_catalogs", "CatalogList")]
    assert listed == ["one", "three", "two"]
    whole = [one["Name"] for one in paged(glue, "get_catalogs", "CatalogList", IncludeRoot=True, Recursive=True)]
    assert whole == [root.account, *listed]
    assert fault(glue.create_catalog, Name="one", CatalogInput={}) == (
        "AlreadyExistsException",
        "Catalog already exists.",
    )
    assert fault(glue.delete_catalog, CatalogId=root.account)[0] == "InvalidInputException"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"FederatedCatalog": {"Identifier": "x", "ConnectionName": "aws:s3tables"}}, "FederatedCatalog"),
        ({"TargetRedshiftCatalog": {"CatalogArn": "arn:aws:glue:us-east-1:1:catalog/x"}}, "TargetRedshiftCatalog"),
        (
            {"CatalogProperties": {"DataLakeAccessProperties": {"CatalogType": "aws:redshift"}}},
            "DataLakeAccessProperties",
        ),
        (
            {"CatalogProperties": {"CustomProperties": {"ColumnStatistics.Enabled": "true"}}},
            "ColumnStatistics.Enabled",
        ),
    ],
)
def test_catalogs_of_elsewhere_are_refused_by_name(glue, unique, given, named):
    code, text = fault(glue.create_catalog, Name=unique("catalog"), CatalogInput=given)
    assert code == "InvalidInputException"
    assert named in text


def test_a_policy_for_one_catalog(server):
    root = server.account("catalogs")
    glue = server.client("glue", root)
    for name in ("lab", "prod"):
        glue.create_catalog(Name=name, CatalogInput={})
        glue.create_database(CatalogId=f"{root.account}:{name}", DatabaseInput={"Name": "sales"})
    arn = f"arn:aws:glue:{REGION}:{root.account}"
    allowed = [f"{arn}:catalog", f"{arn}:catalog/lab", f"{arn}:database/lab/*"]
    reader = server.client("glue", server.user(statement("glue:GetDatabase", allowed), by=root))
    assert reader.get_database(CatalogId=f"{root.account}:lab", Name="sales")
    for other in (f"{root.account}:prod", root.account):
        assert fault(reader.get_database, CatalogId=other, Name="sales")[0] == "AccessDeniedException"


# Security configurations and encryption settings.

KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


def test_a_security_configuration_lives(server):
    glue = server.client("glue", server.account("security"))
    given = {
        "S3Encryption": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": KEY}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "DISABLED"},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": KEY},
        "DataQualityEncryption": {"DataQualityEncryptionMode": "DISABLED"},
    }
    made = glue.create_security_configuration(Name="one", EncryptionConfiguration=given)
    assert made["Name"] == "one"
    assert fault(glue.create_security_configuration, Name="one", EncryptionConfiguration={})[0] == (
        "AlreadyExistsException"
    )
    found = glue.get_security_configuration(Name="one")["SecurityConfiguration"]
    assert (found["EncryptionConfiguration"], found["CreatedTimeStamp"]) == (given, made["CreatedTimestamp"])
    for name in ("two", "three"):
        glue.create_security_configuration(Name=name, EncryptionConfiguration={})
    listed = paged(glue, "get_security_configurations", "SecurityConfigurations")
    assert [one["Name"] for one in listed] == ["one", "three", "two"]
    glue.delete_security_configuration(Name="one")
    for call in (glue.get_security_configuration, glue.delete_security_configuration):
        assert fault(call, Name="one")[0] == "EntityNotFoundException"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"S3Encryption": [{"S3EncryptionMode": "SSE-KMS"}]}, "s3EncryptionMode SSE_KMS"),
        ({"CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS"}}, "cloudWatchEncryptionMode SSE_KMS"),
        (
            {"JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": ""}},
            "jobBookmarksEncryptionMode CSE_KMS",
        ),
        (
            {"DataQualityEncryption": {"DataQualityEncryptionMode": "SSE-KMS"}},
            "dataQualityEncryptionMode SSE_KMS",
        ),
    ],
)
def test_a_mode_with_a_key_demands_one(glue, unique, given, text):
    said = fault(glue.create_security_configuration, Name=unique("security"), EncryptionConfiguration=given)
    assert said == ("InvalidInputException", f"kmsKeyArn can not be empty for {text}")


def test_encryption_settings(server):
    glue = server.client("glue", server.account("settings"))
    defaults = {
        "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
    }
    read = lambda: glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert read() == defaults
    at_rest = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": KEY}
    put = glue.put_data_catalog_encryption_settings
    put(DataCatalogEncryptionSettings={"EncryptionAtRest": at_rest})
    assert read() == defaults | {"EncryptionAtRest": at_rest}
    password = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": KEY}
    put(DataCatalogEncryptionSettings={"ConnectionPasswordEncryption": password})
    assert read() == defaults | {"ConnectionPasswordEncryption": password}
    keyless = {"ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True}}
    assert fault(put, DataCatalogEncryptionSettings=keyless)[0] == "InvalidInputException"
    roleless = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS-WITH-SERVICE-ROLE"}}
    assert fault(put, DataCatalogEncryptionSettings=roleless)[0] == "InvalidInputException"
    put(DataCatalogEncryptionSettings=defaults)
    assert read() == defaults


# Usage profiles.


def test_a_usage_profile_lives(server):
    root = server.account("profiles")
    glue = server.client("glue", root)
    given = {
        "JobConfiguration": {
            "numberOfWorkers": {"DefaultValue": "5", "MinValue": "2", "MaxValue": "10"},
            "workerType": {"DefaultValue": "G.1X", "AllowedValues": ["G.1X", "G.2X"]},
        },
        "SessionConfiguration": {"idleTimeout": {"MaxValue": "60"}},
    }
    create = {"Description": "for tests", "Configuration": given}
    assert glue.create_usage_profile(Name="one", **create, Tags={"team": "a"})["Name"] == "one"
    assert fault(glue.create_usage_profile, Name="one", **create)[0] == "AlreadyExistsException"
    found = glue.get_usage_profile(Name="one")
    assert (found["Configuration"], found["Description"]) == (given, "for tests")
    assert found["CreatedOn"] == found["LastModifiedOn"]
    arn = f"arn:aws:glue:{REGION}:{root.account}:usageProfile/one"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    smaller = {"JobConfiguration": {"timeout": {"MaxValue": "60"}}}
    assert glue.update_usage_profile(Name="one", Configuration=smaller)["Name"] == "one"
    changed = glue.get_usage_profile(Name="one")
    assert changed["Configuration"] == smaller and "Description" not in changed
    assert changed["LastModifiedOn"] > changed["CreatedOn"]
    for name in ("two", "three"):
        glue.create_usage_profile(Name=name, Configuration=smaller)
    assert [one["Name"] for one in paged(glue, "list_usage_profiles", "Profiles")] == ["one", "three", "two"]
    glue.delete_usage_profile(Name="one")
    glue.delete_usage_profile(Name="one")
    assert fault(glue.get_usage_profile, Name="one")[0] == "EntityNotFoundException"
    assert fault(glue.update_usage_profile, Name="one", Configuration=smaller)[0] == "EntityNotFoundException"
    assert fault(glue.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"JobConfiguration": {}},
        {"JobConfiguration": {"unheardOf": {"MaxValue": "1"}}},
        {"JobConfiguration": {"idleTimeout": {"MaxValue": "1"}}},
        {"JobConfiguration": {"timeout": {"MaxValue": "soon"}}},
        {"JobConfiguration": {"timeout": {"MinValue": "0"}}},
        {"JobConfiguration": {"timeout": {"MinValue": "5", "MaxValue": "4"}}},
        {"JobConfiguration": {"timeout": {"DefaultValue": "9", "MaxValue": "4"}}},
        {"JobConfiguration": {"timeout": {"AllowedValues": ["4"]}}},
        {"JobConfiguration": {"workerType": {"MinValue": "G.1X"}}},
        {"SessionConfiguration": {"workerType": {"DefaultValue": "G.4X", "AllowedValues": ["G.1X"]}}},
    ],
    ids=json.dumps,
)
def test_usage_profiles_that_say_nothing_are_refused(glue, unique, given):
    said = fault(glue.create_usage_profile, Name=unique("profile"), Configuration=given)
    assert said[0] == "InvalidInputException"
