"""What `mastic preflight` says before crawls of Iceberg and Delta tables and before column statistics, tried."""

import pyarrow
import pytest
from pyiceberg.catalog.glue import GlueCatalog

import harness
from lakes import Lake
from pipeline import bucket, crawl
from test_column_statistics_tasks import data, ended, glue, table  # noqa: F401
from test_crawl_delta import table as delta  # noqa: F401
from test_job_delta import direct as into_delta, source as from_delta
from test_job_iceberg import ROWS, direct as into_iceberg, into, source as from_iceberg
from test_preflight import job, nothing_denied, pairs, patched, preflight
from test_preflight import succeeds as done


def succeeds(server, crawler):
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    nothing_denied(server, last["MessagePrefix"])


@pytest.mark.parametrize("native", [True, False])
def test_delta_targets(server, delta, native):
    delta.append({"id": 1, "city": "Ulm"}, partition_by=["city"])
    delta.append({"id": 2, "city": "Bonn"})
    crawler = delta.unique("crawler")
    target = {"DeltaTables": [delta.url], "CreateNativeDeltaTable": native, "WriteManifest": not native}
    delta.glue.create_crawler(
        Name=crawler, Role=server.role(), DatabaseName=delta.database, Targets={"DeltaTargets": [target]}
    )
    told = patched(server, "--crawler", crawler)
    manifests = f"{delta.bucket}/t/_symlink_format_manifest/*"
    assert (("s3:PutObject", manifests) in pairs(told)) == (not native)
    assert ("s3:GetObject", f"{delta.bucket}/t/*") in pairs(told)
    succeeds(server, crawler)
    delta.open().delete("city = 'Bonn'")
    succeeds(server, crawler)
    assert len(delta.manifests()) == (0 if native else 1)


def test_iceberg_targets(server, unique):
    where, database = bucket(server, stem="lake"), unique("db")
    keys = {
        "access-key-id": server.root.access_key_id,
        "secret-access-key": server.root.secret_access_key,
        "endpoint": server.endpoint,
        "region": harness.REGION,
    }
    properties = {f"{service}.{key}": value for service in ("glue", "s3") for key, value in keys.items()}
    catalog = GlueCatalog("glue", **properties, **{"s3.force-virtual-addressing": "false"})
    catalog.create_namespace(database, {"location": f"s3://{where}/deep/{database}"})
    made = catalog.create_table(f"{database}.events", schema=pyarrow.table({"id": [1]}).schema)
    made.append(pyarrow.table({"id": [1]}))
    crawler, target = unique("crawler"), {"Paths": [f"s3://{where}/deep/"], "MaximumTraversalDepth": 4}
    found = unique("db")
    server.client("glue").create_crawler(
        Name=crawler, Role=server.role(), DatabaseName=found, Targets={"IcebergTargets": [target]}
    )
    told = patched(server, "--crawler", crawler)
    assert ("s3:GetObject", f"{where}/deep/*") in pairs(told)
    succeeds(server, crawler)
    [kept] = server.client("glue").get_tables(DatabaseName=found)["TableList"]
    assert (kept["Name"], kept["Parameters"]["table_type"]) == ("events", "ICEBERG")


def of(target):
    [(kind, settings)] = target.items()
    return {kind: settings | {"Name": "out", "Inputs": ["in"]}}


def test_jobs_of_iceberg_tables(server, unique):
    lake = Lake(server, unique)
    name = job(server, unique, server.role(), lake.put(ROWS), of(into_iceberg(lake)))
    told = patched(server, "--job", name)
    table = f"table/{lake.database}/t"
    assert {("glue:CreateTable", table), ("glue:UpdateTable", table), ("s3:PutObject", f"{lake.bucket}/t/*")} <= pairs(told)
    for _ in range(2):
        done(server, name)
    plain = {"CatalogSource": {"Name": "in", "Database": lake.database, "Table": "t"}}
    for source in (from_iceberg(lake), plain):
        name = job(server, unique, server.role(), source, of(into(lake)))
        told = patched(server, "--job", name)
        assert {action for action, _ in pairs(told) if action.startswith("s3")} == {"s3:GetObject", "s3:PutObject"}
        done(server, name)


def test_jobs_of_delta_tables(server, unique):
    lake = Lake(server, unique)
    name = job(server, unique, server.role(), lake.put(ROWS), of(into_delta(lake, catalog=True)))
    told = patched(server, "--job", name)
    assert ("glue:CreateTable", f"table/{lake.database}/t") in pairs(told)
    for _ in range(2):
        done(server, name)
    name = job(server, unique, server.role(), from_delta(lake), of(into_delta(lake, "more")))
    patched(server, "--job", name)
    done(server, name)


def test_connections_of_jdbc_targets(server, unique):
    glue, connection, crawler = server.client("glue"), unique("connection"), unique("crawler")
    properties = {"JDBC_CONNECTION_URL": "jdbc:postgresql://db:5432/x", "USERNAME": "u", "PASSWORD": "p"}
    glue.create_connection(
        ConnectionInput={"Name": connection, "ConnectionType": "JDBC", "ConnectionProperties": properties}
    )
    glue.create_crawler(
        Name=crawler, Role=server.role(), DatabaseName=unique("db"),
        Targets={"JdbcTargets": [{"ConnectionName": connection, "Path": "x/%"}]},
    )
    told = patched(server, "--crawler", crawler)
    assert ("glue:GetConnection", f"connection/{connection}") in pairs(told)


def test_column_statistics(server, glue, data, table):  # noqa: F811
    role = server.role()
    name = f"{table['DatabaseName']}.flights"
    refused = server.mastic("preflight", "--statistics", name, check=False)
    assert "has no column statistics task settings: name a role" in refused.stderr
    glue.create_column_statistics_task_settings(**table, Role=role, ColumnNameList=["distance", "month"])
    told = patched(server, "--statistics", name)
    path = f"table/{table['DatabaseName']}/flights"
    assert ("glue:UpdateColumnStatisticsForTable", path) in pairs(told)
    run = glue.start_column_statistics_task_run(**table, Role=role, ColumnNameList=["distance", "month"])
    done = ended(glue, run["ColumnStatisticsTaskRunId"])
    assert done["Status"] == "SUCCEEDED", done
    nothing_denied(server, done["ColumnStatisticsTaskRunId"])
    other = preflight(server, "--statistics", name, "--role", server.role())
    assert not other["Ready"]

    # The settings go with their table, also where another gets its name.
    glue.delete_table(DatabaseName=table["DatabaseName"], Name="flights")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_column_statistics_task_settings(**table)
    glue.create_table(DatabaseName=table["DatabaseName"], TableInput={"Name": "flights"})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_column_statistics_task_settings(**table)
    glue.create_column_statistics_task_settings(**table, Role=role)
    assert "ColumnNameList" not in glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]
