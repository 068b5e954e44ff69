"""The schema of a table in the Data Catalog."""

from __future__ import annotations

from awsglue import gluetypes as g
from awsglue._types import parse_type


def table_schema(database: str, table: str, catalog_id: str | None = None) -> g.StructType:
    """The columns and partition keys of a table. Fails as boto3 does where there is none or it may not be seen."""
    import boto3

    where = {"CatalogId": catalog_id} if catalog_id else {}
    found = boto3.client("glue").get_table(DatabaseName=database, Name=table, **where)["Table"]
    columns = [*found.get("StorageDescriptor", {}).get("Columns", []), *found.get("PartitionKeys", [])]
    return g.StructType([g.Field(column["Name"], parse_type(column.get("Type") or "string")) for column in columns])
