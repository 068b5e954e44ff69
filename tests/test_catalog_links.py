"""Resource links: what is asked of a link is answered of its target, with permissions on both."""

import json

import botocore.exceptions
import pytest

import harness
from harness import statement

COLUMNS = [{"Name": "id", "Type": "bigint"}]


def fault(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


def make_table(glue, database, place):
    table = {
        "Name": "orders",
        "Parameters": {"classification": "csv"},
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {"Columns": COLUMNS, "Location": place},
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }
    glue.create_table(DatabaseName=database, TableInput=table)
    glue.create_partition(DatabaseName=database, TableName="orders", PartitionInput={"Values": ["1"]})


@pytest.fixture
def linked(server, unique):
    """A database with a table, and links to both in another."""
    glue, here, there = server.client("glue"), unique("links"), unique("db")
    glue.create_database(DatabaseInput={"Name": there, "Description": "theirs", "LocationUri": "s3://b/"})
    make_table(glue, there, "s3://b/orders/")
    glue.create_database(DatabaseInput={"Name": here})
    target = {"CatalogId": server.root.account, "DatabaseName": there}
    glue.create_table(DatabaseName=here, TableInput={"Name": "link", "TargetTable": target | {"Name": "orders"}})
    return glue, here, there, target


def values(glue, database, table, **more):
    found = glue.get_partitions(DatabaseName=database, TableName=table, **more)["Partitions"]
    return [partition["Values"] for partition in found]


def test_a_link_has_its_target_s_properties(linked):
    glue, here, there, target = linked
    link = glue.get_table(DatabaseName=here, Name="link")["Table"]
    assert (link["Name"], link["DatabaseName"]) == ("link", here)
    assert link["TargetTable"] == target | {"Name": "orders"}
    assert link["StorageDescriptor"]["Location"] == "s3://b/orders/"
    assert (link["PartitionKeys"][0]["Name"], link["Parameters"]["classification"]) == ("day", "csv")
    assert glue.get_tables(DatabaseName=here)["TableList"] == [link]
    [found] = [t for t in glue.search_tables(SearchText="link")["TableList"] if t["DatabaseName"] == here]
    assert not found.get("PartitionKeys")


def test_partitions_of_a_link_are_its_target_s(linked):
    glue, here, there, _ = linked
    assert values(glue, here, "link") == [["1"]]
    glue.create_partition(DatabaseName=here, TableName="link", PartitionInput={"Values": ["2"]})
    entries = [{"Values": [value]} for value in ("3", "4")]
    glue.batch_create_partition(DatabaseName=here, TableName="link", PartitionInputList=entries)
    glue.delete_partition(DatabaseName=here, TableName="link", PartitionValues=["1"])
    assert values(glue, there, "orders") == values(glue, here, "link") == [["2"], ["3"], ["4"]]
    assert values(glue, here, "link", Expression="day > '3'") == [["4"]]
    statistics = {"ColumnName": "id", "ColumnType": "bigint", "AnalyzedTime": 0, "StatisticsData": {
        "Type": "LONG", "LongColumnStatisticsData": {"NumberOfNulls": 0, "NumberOfDistinctValues": 3}}}  # fmt: skip
    glue.update_column_statistics_for_table(DatabaseName=here, TableName="link", ColumnStatisticsList=[statistics])
    found = glue.get_column_statistics_for_table(DatabaseName=there, TableName="orders", ColumnNames=["id"])
    assert len(found["ColumnStatisticsList"]) == 1


def test_updates_reach_the_target_and_deletions_do_not(linked):
    glue, here, there, _ = linked
    changed = {
        "Name": "link", "Description": "by way of the link", "StorageDescriptor": {"Columns": COLUMNS},
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }  # fmt: skip
    glue.update_table(DatabaseName=here, TableInput=changed)
    target = glue.get_table(DatabaseName=there, Name="orders")["Table"]
    assert target["Description"] == "by way of the link" and "TargetTable" not in target
    assert len(glue.get_table_versions(DatabaseName=here, TableName="link")["TableVersions"]) == 2
    glue.delete_table(DatabaseName=here, Name="link")
    assert fault(glue.get_table, DatabaseName=here, Name="link")[0] == "EntityNotFoundException"
    assert glue.get_table(DatabaseName=there, Name="orders")


def test_tables_of_a_linked_database(linked, unique):
    glue, here, there, target = linked
    link = unique("dblink")
    glue.create_database(DatabaseInput={"Name": link, "TargetDatabase": target})
    shown = glue.get_database(Name=link)["Database"]
    assert (shown["Name"], shown["Description"], shown["TargetDatabase"]) == (link, "theirs", target)
    [listed] = [d for d in glue.get_databases()["DatabaseList"] if d["Name"] == link]
    assert listed == shown
    assert [t["Name"] for t in glue.get_tables(DatabaseName=link)["TableList"]] == ["orders"]
    assert values(glue, link, "orders") == [["1"]]
    glue.create_table(DatabaseName=link, TableInput={"Name": "new"})
    assert glue.get_table(DatabaseName=there, Name="new")["Table"]["DatabaseName"] == there
    glue.delete_table(DatabaseName=link, Name="new")
    # Not through both.
    onto = {"Name": "second", "TargetTable": target | {"Name": "orders"}}
    glue.create_table(DatabaseName=there, TableInput=onto)
    code, text = fault(glue.get_partitions, DatabaseName=link, TableName="second")
    assert code == "InvalidInputException" and "database resource link" in text
    glue.delete_database(Name=link)
    assert glue.get_database(Name=there)


def test_a_target_that_is_not_there(linked):
    glue, here, _, target = linked
    lost = {"Name": "lost", "TargetTable": target | {"Name": "none"}}
    glue.create_table(DatabaseName=here, TableInput=lost)
    assert glue.get_table(DatabaseName=here, Name="lost")["Table"]["TargetTable"] == lost["TargetTable"]
    assert fault(glue.get_partitions, DatabaseName=here, TableName="lost") == (
        "EntityNotFoundException",
        "Table none not found.",
    )


def test_both_accounts_must_allow(server, unique):
    owner, reader = server.account("link-owner"), server.account("link-reader")
    theirs, ours = server.client("glue", owner), server.client("glue", reader)
    theirs.create_database(DatabaseInput={"Name": "sales"})
    make_table(theirs, "sales", "s3://b/sales/")
    ours.create_database(DatabaseInput={"Name": "links"})
    target = {"CatalogId": owner.account, "DatabaseName": "sales", "Name": "orders"}
    ours.create_table(DatabaseName="links", TableInput={"Name": "link", "TargetTable": target})
    analyst = server.user(statement("glue:Get*", "*"), by=reader)
    glue = server.client("glue", analyst)
    # The link is seen, not what it leads to.
    assert "StorageDescriptor" not in glue.get_table(DatabaseName="links", Name="link")["Table"]
    code, text = fault(glue.get_partitions, DatabaseName="links", TableName="link")
    assert code == "AccessDeniedException" and f":{owner.account}:" in text
    arns = [f"arn:aws:glue:{harness.REGION}:{owner.account}:{r}" for r in ("catalog", "database/sales", "table/sales/*")]
    policy = statement("glue:Get*", arns, Principal={"AWS": analyst.arn})
    theirs.put_resource_policy(PolicyInJson=json.dumps(policy))
    assert glue.get_table(DatabaseName="links", Name="link")["Table"]["StorageDescriptor"]["Location"] == "s3://b/sales/"
    assert values(glue, "links", "link") == [["1"]]
    refused = fault(glue.create_partition, DatabaseName="links", TableName="link", PartitionInput={"Values": ["9"]})
    assert refused[0] == "AccessDeniedException"
