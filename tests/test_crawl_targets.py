"""Crawls of new folders only, of tables that people made, and of Iceberg and Delta tables."""

import json

from pipeline import bucket, crawl, glue_role, lines, reads

CSV = b"id,city,price\n1,Bonn,1.5\n2,Ulm,2.5\n"
INCREMENTAL = {
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
    "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
}


def make(server, unique, role, targets, database=None, **more):
    glue = server.client("glue")
    crawler = unique("crawler")
    if database is None:
        database = unique("db")
        glue.create_database(DatabaseInput={"Name": database})
    glue.create_crawler(Name=crawler, Role=role, DatabaseName=database, Targets=targets, **more)
    return database, crawler


def tables(server, database):
    return {t["Name"]: t for t in server.client("glue").get_tables(DatabaseName=database)["TableList"]}


def values(server, database, table):
    found = server.client("glue").get_partitions(DatabaseName=database, TableName=table)["Partitions"]
    return [p["Values"] for p in found]


def columns(table):
    return [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]]


def test_only_new_folders_are_crawled(server, unique):
    where = bucket(server, {f"sales/month={n}/a.csv": CSV for n in (1, 2)})
    role = glue_role(server, reads(where))
    targets = {"S3Targets": [{"Path": f"s3://{where}/sales/"}, {"Path": f"s3://{where}/more/"}]}
    database, crawler = make(server, unique, role, targets, **INCREMENTAL)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert values(server, database, "sales") == [["1"], ["2"]]
    before = tables(server, database)["sales"]

    # A file in a known folder is not seen, a known folder that is gone neither; a new folder is.
    s3 = server.client("s3")
    s3.put_object(Bucket=where, Key="sales/month=1/b.csv", Body=b"not,a\ntable")
    s3.delete_object(Bucket=where, Key="sales/month=2/a.csv")
    s3.put_object(Bucket=where, Key="sales/month=3/a.csv", Body=CSV)
    s3.put_object(Bucket=where, Key="more/x.json", Body=b'{"q": 1}')
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    assert values(server, database, "sales") == [["1"], ["2"], ["3"]]
    found = tables(server, database)
    assert sorted(found) == ["more", "sales"] and found["sales"] == before

    # What does not match is ignored and told, unless it is most of what is new.
    for month in (4, 5):
        s3.put_object(Bucket=where, Key=f"sales/month={month}/a.csv", Body=CSV)
    s3.put_object(Bucket=where, Key="sales/month=6/a.json", Body=b'{"other": 1}')
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert values(server, database, "sales") == [["1"], ["2"], ["3"], ["4"], ["5"]]
    said = [line for line in lines(server, "/aws-glue/crawlers", crawler) if "is ignored" in line]
    assert f"The new folder s3://{where}/sales/month=6/ is ignored" in said[-1], said
    assert "its classification is json, not csv" in said[-1], said
    last = crawl(server, crawler)
    assert last["Status"] == "FAILED"
    assert "1 of 1 new folders do not match the tables" in last["ErrorMessage"], last


def test_tables_that_people_made_are_kept_up_to_date(server, unique):
    glue = server.client("glue")
    where = bucket(server, {"s/2024/a.csv": CSV, "s/2025/a.csv": CSV, "other/a.csv": CSV})
    database = unique("db")
    glue.create_database(DatabaseInput={"Name": database})
    descriptor = {"Location": f"s3://{where}/s/", "Columns": [{"Name": "old", "Type": "string"}]}
    keys = [{"Name": "year", "Type": "int"}]
    table = {"Name": "mine", "StorageDescriptor": descriptor, "PartitionKeys": keys}
    glue.create_table(DatabaseName=database, TableInput=table)
    empty = {"Name": "empty", "StorageDescriptor": {"Location": f"s3://{where}/nothing/", "Columns": []}}
    glue.create_table(DatabaseName=database, TableInput=empty)
    targets = {"CatalogTargets": [{"DatabaseName": database, "Tables": ["mine", "empty"]}]}
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    role = glue_role(server, reads(where))
    _, crawler = make(server, unique, role, targets, database, SchemaChangePolicy=policy)
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    found = tables(server, database)
    assert sorted(found) == ["empty", "mine"]
    assert columns(found["mine"]) == [("id", "bigint"), ("city", "string"), ("price", "double")]
    assert [(k["Name"], k["Type"]) for k in found["mine"]["PartitionKeys"]] == [("year", "int")]
    assert values(server, database, "mine") == [["2024"], ["2025"]]
    before = found
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert tables(server, database) == before
    plan = json.loads(server.mastic("crawl", "plan", crawler, "--json").stdout)
    assert {t["Name"]: t["Change"] for t in plan["Tables"]} == {"mine": "KEEP"}


def metadata(where, columns):
    fields = [
        {"id": place + 1, "name": name, "required": False, "type": kind} for place, (name, kind) in enumerate(columns)
    ]
    return json.dumps({
        "format-version": 2,
        "location": f"s3://{where}/lake/orders",
        "current-schema-id": 0,
        "schemas": [{"schema-id": 0, "type": "struct", "fields": fields}],
    }).encode()


def test_iceberg_tables_are_registered_from_their_newest_metadata(server, unique):
    s3 = server.client("s3")
    where = bucket(server, {
        "lake/orders/metadata/00000-a.metadata.json": metadata("?", [("id", "long")]),
        "lake/orders/data/x.parquet": b"PAR1",
        "lake/deep/er/t/metadata/v1.metadata.json": b"{}",
    })
    s3.put_object(Bucket=where, Key="lake/orders/metadata/00001-b.metadata.json",
                  Body=metadata(where, [("id", "long"), ("at", "timestamptz")]))
    role = glue_role(server, reads(where))
    targets = {"IcebergTargets": [{"Paths": [f"s3://{where}/lake/"], "MaximumTraversalDepth": 2}]}
    database, crawler = make(server, unique, role, targets)
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    [table] = tables(server, database).values()
    assert table["Name"] == "orders"
    assert table["Parameters"]["table_type"] == "ICEBERG"
    at = f"s3://{where}/lake/orders/metadata/00001-b.metadata.json"
    assert table["Parameters"]["metadata_location"] == at
    assert table["StorageDescriptor"]["Location"] == f"s3://{where}/lake/orders"
    assert columns(table) == [("id", "bigint"), ("at", "timestamp")]
    before = tables(server, database)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert tables(server, database) == before

    s3.put_object(Bucket=where, Key="lake/orders/metadata/00002-c.metadata.json",
                  Body=metadata(where, [("id", "long"), ("price", "decimal(9,2)")]))
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    [table] = tables(server, database).values()
    assert table["Parameters"]["metadata_location"].endswith("00002-c.metadata.json")
    assert columns(table) == [("id", "bigint"), ("price", "decimal(9,2)")]
    for number in range(3):
        name = "abc"[number]
        s3.delete_object(Bucket=where, Key=f"lake/orders/metadata/0000{number}-{name}.metadata.json")
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert "DEPRECATED_BY_CRAWLER" in tables(server, database)["orders"]["Parameters"]

    targets = {"IcebergTargets": [{"Paths": [f"s3://{where}/lake/deep/"]}]}
    _, crawler = make(server, unique, role, targets, database)
    last = crawl(server, crawler)
    assert last["Status"] == "FAILED" and "v1.metadata.json: it has no format-version" in last["ErrorMessage"], last


def commit(version, *actions):
    text = "\n".join(json.dumps(action) for action in actions).encode()
    return f"t/_delta_log/{version:020}.json", text


def test_delta_tables_are_registered_from_their_logs(server, unique):
    def schema(*fields):
        made = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields]
        text = json.dumps({"type": "struct", "fields": made})
        return {"metaData": {"id": "x", "schemaString": text, "partitionColumns": []}}

    s3 = server.client("s3")
    where = bucket(server, dict([
        commit(0, {"commitInfo": {"timestamp": 1}}, schema(("id", "long"))),
        commit(1, {"commitInfo": {"timestamp": 2}}, {"add": {"path": "x.parquet"}}),
    ]))
    role = glue_role(server, reads(where))
    delta = {"DeltaTables": [f"s3://{where}/t/"], "CreateNativeDeltaTable": True, "WriteManifest": False}
    database, crawler = make(server, unique, role, {"DeltaTargets": [delta]})
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    table = tables(server, database)["t"]
    assert columns(table) == [("id", "bigint")]
    wanted = {
        "table_type": "delta",
        "spark.sql.sources.provider": "delta",
        "delta.lastUpdateVersion": "1",
        "delta.lastCommitTimestamp": "2",
        "UPDATED_BY_CRAWLER": crawler,
    }
    assert wanted.items() <= table["Parameters"].items()
    key, body = commit(2, {"commitInfo": {"timestamp": 3}}, schema(("id", "long"), ("tags", "string")))
    s3.put_object(Bucket=where, Key=key, Body=body)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert columns(tables(server, database)["t"]) == [("id", "bigint"), ("tags", "string")]
