"""Terraform's resources of the Data Catalog: apply, an empty plan, a change, an empty plan, destroy."""


def test_databases_tables_partitions_and_indexes(server, terraform):
    glue = server.client("glue")
    with terraform("catalog.tf") as run:
        made = run.apply()
        assert made.added == 10, made.text
        stem = run.name.lower().replace("-", "_")
        here = {"DatabaseName": f"{stem}_main", "TableName": "events"}
        changed = run.apply(comment="changed")
        # The index alone cannot be changed in place.
        assert (changed.added, changed.changed, changed.destroyed) == (1, 4, 1), changed.text
        table = glue.get_table(DatabaseName=here["DatabaseName"], Name="events")["Table"]
        assert table["Parameters"]["projection.day.range"] == "2020-01-01,NOW"
        assert table["VersionId"] == "1"
        found = glue.get_partitions(Expression="day >= '2024-03-01' and hour = 8", **here)["Partitions"]
        assert [partition["Values"] for partition in found] == [["2024-03-01", "08"]]
        indexes = glue.get_partition_indexes(**here)["PartitionIndexDescriptorList"]
        assert [index["IndexName"] for index in indexes] == ["by_hour", "by_day"]
    left = glue.get_databases()["DatabaseList"]
    assert not [database for database in left if database["Name"].startswith(stem)]
