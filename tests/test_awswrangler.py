"""awswrangler (AWS SDK for pandas) writes data sets with catalog tables, and works on the catalog."""

import awswrangler
import boto3
import pandas
import pytest

import harness

FRAME = pandas.DataFrame(
    {"id": [1, 2, 3], "day": ["2024-01-01", "2024-01-01", "2024-01-02"], "hour": [1, 2, 3], "x": [1.5, 2.5, None]}
)
PROJECTED = {
    "projection_types": {"day": "date", "hour": "integer"},
    "projection_ranges": {"day": "2024-01-01,2024-12-31", "hour": "0,23"},
}
PROJECTION = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.range": "2024-01-01,2024-12-31",
    "projection.hour.type": "integer",
    "projection.hour.range": "0,23",
}


@pytest.fixture
def wr(server, monkeypatch):
    for service in ("s3", "glue", "sts"):
        monkeypatch.setattr(awswrangler.config, f"{service}_endpoint_url", server.endpoint)
    session = boto3.Session(server.root.access_key_id, server.root.secret_access_key, region_name=harness.REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return awswrangler


@pytest.fixture
def place(server, wr):
    """A bucket, and a database with `FRAME` as table `events`, Parquet by day and hour."""
    bucket, database = harness.name("lake"), harness.name("db").replace("-", "_")
    server.client("s3").create_bucket(Bucket=bucket)
    wr.catalog.create_database(database, description="of a test")
    wr.s3.to_parquet(
        FRAME,
        path=f"s3://{bucket}/events/",
        dataset=True,
        database=database,
        table="events",
        partition_cols=["day", "hour"],
        glue_table_settings={"description": "what was", "columns_comments": {"id": "the id"}},
        athena_partition_projection_settings=PROJECTED,
    )
    return bucket, database


def test_parquet_with_projection_and_a_schema_that_grows(wr, place):
    bucket, database = place
    here = {"database": database, "table": "events"}
    assert wr.catalog.get_table_parameters(**here).items() >= PROJECTION.items()
    wr.s3.to_parquet(
        FRAME.assign(new="n"),
        path=f"s3://{bucket}/events/",
        dataset=True,
        mode="append",
        schema_evolution=True,
        catalog_versioning=True,
        # Without the settings the client itself switches the projection off.
        athena_partition_projection_settings=PROJECTED,
        partition_cols=["day", "hour"],
        **here,
    )
    assert wr.catalog.get_table_types(**here) == {
        "id": "bigint",
        "x": "double",
        "new": "string",
        "day": "string",
        "hour": "bigint",
    }
    assert wr.catalog.get_table_number_of_versions(**here) == 2
    assert wr.catalog.get_table_parameters(**here).items() >= PROJECTION.items()
    assert wr.catalog.get_columns_comments(**here)["id"] == "the id"
    assert wr.catalog.get_table_description(**here) == "what was"
    found = wr.s3.read_parquet_table(
        partition_filter=lambda values: values["day"] == "2024-01-01", validate_schema=False, **here
    )
    assert sorted(found["id"]) == [1, 1, 2, 2]


def test_json_and_csv_data_sets(wr, place):
    bucket, database = place
    for kind, more in [("json", {"orient": "records", "lines": True}), ("csv", {})]:
        write = getattr(wr.s3, f"to_{kind}")
        write(
            FRAME,
            path=f"s3://{bucket}/{kind}/",
            dataset=True,
            database=database,
            table=kind,
            partition_cols=["day"],
            index=False,
            **more,
        )
        assert wr.catalog.get_partitions(database, kind, expression="day > '2024-01-01'") == {
            f"s3://{bucket}/{kind}/day=2024-01-02/": ["2024-01-02"]
        }
        assert wr.catalog.get_table_location(database, kind) == f"s3://{bucket}/{kind}/"
    assert {table["Name"] for table in wr.catalog.get_tables(database=database)} == {"csv", "events", "json"}
    assert len(wr.catalog.get_csv_partitions(database, "csv")) == 2


def test_the_catalog_s_own_functions(wr, place):
    bucket, database = place
    here = {"database": database, "table": "events"}
    assert database in set(wr.catalog.databases()["Database"])
    assert list(wr.catalog.tables(database=database)["Partitions"]) == ["day, hour"]
    assert list(wr.catalog.table(**here)["Partition"]) == [False, False, True, True]
    found = wr.catalog.search_tables(text="events")
    assert database in {table["DatabaseName"] for table in found}
    values = ["2024-05-01", "1"]
    wr.catalog.add_parquet_partitions(
        partitions_values={f"s3://{bucket}/events/day=2024-05-01/hour=1/": values}, **here
    )
    assert len(wr.catalog.get_parquet_partitions(**here)) == 4
    wr.catalog.delete_partitions(partitions_values=[values], **here)
    assert len(wr.catalog.get_parquet_partitions(**here)) == 3
    wr.catalog.add_column(column_name="y", column_type="bigint", column_comment="more", **here)
    assert wr.catalog.get_table_types(**here)["y"] == "bigint"
    wr.catalog.delete_column(column_name="y", **here)
    wr.catalog.overwrite_table_parameters({"classification": "parquet"}, **here)
    wr.catalog.upsert_table_parameters({"owner": "me"}, **here)
    assert wr.catalog.get_table_parameters(**here) == {"classification": "parquet", "owner": "me"}
    wr.catalog.delete_all_partitions(**here)
    assert wr.catalog.get_parquet_partitions(**here) == {}
    columns, partitions, values = wr.s3.store_parquet_metadata(
        path=f"s3://{bucket}/events/", database=database, table="stored", dataset=True
    )
    assert (set(columns), set(partitions), len(values)) == ({"id", "x"}, {"day", "hour"}, 3)
    assert wr.catalog.delete_table_if_exists(database, "stored")
    assert not wr.catalog.does_table_exist(database, "stored")
    wr.catalog.delete_database(database)
    assert database not in set(wr.catalog.databases()["Database"])
