"""pyiceberg's GlueCatalog: tables are made, grow, change and are read; of two commits at once one has to try again."""

import pyarrow
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NamespaceNotEmptyError, NoSuchTableError
from pyiceberg.exceptions import TableAlreadyExistsError
from pyiceberg.types import LongType

import harness

ROWS = pyarrow.table({"id": [1, 2], "what": ["a", "b"]})


@pytest.fixture
def catalog(server):
    keys = {
        "access-key-id": server.root.access_key_id,
        "secret-access-key": server.root.secret_access_key,
        "endpoint": server.endpoint,
        "region": harness.REGION,
    }
    properties = {f"{service}.{key}": value for service in ("glue", "s3") for key, value in keys.items()}
    return GlueCatalog("glue", **properties, **{"s3.force-virtual-addressing": "false"})


@pytest.fixture
def namespace(server, catalog):
    bucket, name = harness.name("lake"), harness.name("ice").replace("-", "_")
    server.client("s3").create_bucket(Bucket=bucket)
    catalog.create_namespace(name, {"location": f"s3://{bucket}/{name}", "owner": "me"})
    return name


def test_a_table_grows_changes_and_is_read(server, catalog, namespace):
    table = catalog.create_table(f"{namespace}.events", schema=ROWS.schema)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table(f"{namespace}.events", schema=ROWS.schema)
    table.append(ROWS)
    with table.update_schema() as update:
        update.add_column("n", LongType(), doc="how many")
    table.append(pyarrow.table({"id": [3], "what": ["c"], "n": [5]}))
    found = catalog.load_table(f"{namespace}.events")
    assert found.scan(row_filter="n == 5").to_arrow().to_pylist() == [{"id": 3, "what": "c", "n": 5}]
    assert found.scan().to_arrow().num_rows == 3

    stored = server.client("glue").get_table(DatabaseName=namespace, Name="events")["Table"]
    parameters = stored["Parameters"]
    assert parameters["table_type"] == "ICEBERG"
    assert parameters["metadata_location"] == found.metadata_location
    assert parameters["previous_metadata_location"] != found.metadata_location
    columns = {column["Name"]: column for column in stored["StorageDescriptor"]["Columns"]}
    assert columns["n"]["Comment"] == "how many"
    assert columns["n"]["Parameters"]["iceberg.field.current"] == "true"


def test_commits_at_once_conflict(catalog, namespace):
    name = f"{namespace}.events"
    catalog.create_table(name, schema=ROWS.schema, properties={"commit.retry.num-retries": "0"})
    first, second = catalog.load_table(name), catalog.load_table(name)
    first.append(ROWS)
    with pytest.raises(CommitFailedException):
        second.append(ROWS)
    assert catalog.load_table(name).scan().to_arrow().num_rows == 2
    second.refresh().append(ROWS)
    assert catalog.load_table(name).scan().to_arrow().num_rows == 4


def test_namespaces_and_names(catalog, namespace):
    catalog.create_table(f"{namespace}.events", schema=ROWS.schema)
    assert (namespace,) in catalog.list_namespaces()
    assert catalog.load_namespace_properties(namespace)["owner"] == "me"
    catalog.update_namespace_properties(namespace, removals={"owner"}, updates={"stage": "test"})
    assert "owner" not in catalog.load_namespace_properties(namespace)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)
    catalog.rename_table(f"{namespace}.events", f"{namespace}.renamed")
    assert catalog.list_tables(namespace) == [(namespace, "renamed")]
    with pytest.raises(NoSuchTableError):
        catalog.load_table(f"{namespace}.events")
    catalog.drop_table(f"{namespace}.renamed")
    catalog.drop_namespace(namespace)


COLUMNS = [{"Name": "id", "Type": "bigint", "Comment": "the id"}, {"Name": "what", "Type": "struct<a:int,b:array<date>>"}]
ICEBERG = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}


def location(catalog, namespace, name):
    return f"{catalog.load_namespace_properties(namespace)['location']}/{name}"


def test_glue_makes_a_table_that_pyiceberg_writes(server, catalog, namespace):
    glue, place = server.client("glue"), location(catalog, namespace, "plain")
    descriptor = {"Columns": COLUMNS, "Location": place + "/"}
    table = {"Name": "plain", "StorageDescriptor": descriptor}
    glue.create_table(DatabaseName=namespace, TableInput=table, OpenTableFormatInput=ICEBERG)
    stored = glue.get_table(DatabaseName=namespace, Name="plain")["Table"]
    assert stored["Parameters"]["table_type"] == "ICEBERG"
    assert stored["StorageDescriptor"]["Columns"][0]["Parameters"]["iceberg.field.id"] == "1"
    made = catalog.load_table(f"{namespace}.plain")
    assert made.location() == place
    assert [(field.field_id, field.name, str(field.field_type)) for field in made.schema().fields] == [
        (1, "id", "long"),
        (2, "what", "struct<3: a: optional int, 4: b: optional list<date>>"),
    ]
    rows = pyarrow.table({"id": [7]}, schema=pyarrow.schema([("id", pyarrow.int64())]))
    made.append(rows)
    assert catalog.load_table(f"{namespace}.plain").scan().to_arrow()["id"].to_pylist() == [7]


def test_glue_makes_a_table_of_an_iceberg_schema(server, catalog, namespace):
    wanted = {
        "Location": location(catalog, namespace, "whole"),
        "Schema": {
            "Fields": [
                {"Id": 1, "Name": "id", "Type": "long", "Required": True},
                {"Id": 2, "Name": "at", "Type": "timestamptz", "Required": False, "Doc": "when"},
                {
                    "Id": 3,
                    "Name": "tags",
                    "Required": False,
                    "Type": {"type": "list", "element-id": 4, "element-required": False, "element": "string"},
                },
            ],
            "IdentifierFieldIds": [1],
        },
        "PartitionSpec": {"Fields": [{"SourceId": 2, "Transform": "day", "Name": "at_day"}]},
        "WriteOrder": {
            "OrderId": 1,
            "Fields": [{"SourceId": 1, "Transform": "identity", "Direction": "asc", "NullOrder": "nulls-first"}],
        },
        "Properties": {"write.format.default": "parquet"},
    }
    glue = server.client("glue")
    create = {"IcebergInput": {"MetadataOperation": "CREATE", "CreateIcebergTableInput": wanted}}
    glue.create_table(DatabaseName=namespace, Name="whole", OpenTableFormatInput=create)
    made = catalog.load_table(f"{namespace}.whole")
    assert made.schema().identifier_field_ids == [1] and made.schema().highest_field_id == 4
    assert [(part.name, str(part.transform)) for part in made.spec().fields] == [("at_day", "day")]
    assert made.sort_order().order_id == 1
    assert made.properties["write.format.default"] == "parquet"
    columns = glue.get_table(DatabaseName=namespace, Name="whole")["Table"]["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == [
        ("id", "bigint"),
        ("at", "timestamp"),
        ("tags", "array<string>"),
    ]


def test_what_cannot_be_an_iceberg_table(server, catalog, namespace):
    place = location(catalog, namespace, "t")
    bucket = place.split("/")[2]
    descriptor = {"Columns": COLUMNS, "Location": place}

    def refusal(credentials=None, format=ICEBERG, **table):
        table = {"Name": "t", "StorageDescriptor": descriptor} | table
        with pytest.raises(ClientError) as refused:
            glue = server.client("glue", credentials)
            glue.create_table(DatabaseName=namespace, TableInput=table, OpenTableFormatInput=format)
        return refused.value.response["Error"]

    odd = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "1"}}
    assert "Version" in refusal(format=odd)["Message"]
    assert "PartitionKeys" in refusal(PartitionKeys=[{"Name": "day", "Type": "date"}])["Message"]
    assert "Location" in refusal(StorageDescriptor={"Columns": COLUMNS})["Message"]
    nowhere = refusal(StorageDescriptor={"Columns": COLUMNS, "Location": "s3://no-such-bucket-here/t"})
    assert (nowhere["Code"], "NoSuchBucket" in nowhere["Message"]) == ("InvalidInputException", True)
    user = server.user(harness.statement("glue:*"))
    denied = refusal(user)
    assert denied["Code"] == "AccessDeniedException" and "s3:PutObject" in denied["Message"]
    assert not server.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"]
