"""Delta targets over tables that the deltalake package writes: native tables, and tables over manifests."""

import io
import json

import deltalake
import pyarrow
import pyarrow.parquet
import pytest

import harness
from pipeline import bucket, crawl, glue_role, keys, reads, writes

LOG = "t/_delta_log/"
FORMAT = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"


class Table:
    """A Delta table at `t/` of a bucket of its own, with a database for crawls."""

    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.bucket, self.database = bucket(server), unique("db")
        self.glue, self.s3 = server.client("glue"), server.client("s3")
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.url = f"s3://{self.bucket}/t/"
        self.options = {
            "AWS_ACCESS_KEY_ID": server.root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": server.root.secret_access_key,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_REGION": harness.REGION,
            "AWS_ALLOW_HTTP": "true",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
            "AWS_CONDITIONAL_PUT": "etag",
        }

    def append(self, *rows, **more):
        rows = pyarrow.Table.from_pylist(list(rows))
        deltalake.write_deltalake(self.url, rows, mode="append", storage_options=self.options, **more)

    def open(self):
        return deltalake.DeltaTable(self.url, storage_options=self.options)

    def crawler(self, statement=reads, **target):
        role = glue_role(self.server, statement(self.bucket))
        crawler = self.unique("crawler")
        targets = {"DeltaTargets": [{"DeltaTables": [self.url], **target}]}
        self.glue.create_crawler(Name=crawler, Role=role, DatabaseName=self.database, Targets=targets)
        return crawler

    def crawled(self, crawler):
        last = crawl(self.server, crawler)
        assert last["Status"] == "SUCCEEDED", last
        return self.glue.get_table(DatabaseName=self.database, Name="t")["Table"]

    def values(self):
        found = self.glue.get_partitions(DatabaseName=self.database, TableName="t")["Partitions"]
        return {tuple(p["Values"]): p["StorageDescriptor"]["Location"] for p in found}

    def text(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def manifests(self):
        found = keys(self.server, self.bucket, "t/_symlink_format_manifest/")
        return {key.removeprefix("t/_symlink_format_manifest/"): self.text(key) for key in found}


@pytest.fixture
def table(server, unique):
    return Table(server, unique)


def columns(table):
    return [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]]


def test_a_schema_that_stands_in_a_checkpoint_only(table):
    for number in range(12):
        table.append({"Id": number, "tags": ["a"], "city": "Ulm"})
    table.open().create_checkpoint()
    table.append({"Id": 12, "tags": [], "city": "Bonn"})
    for key in keys(table.server, table.bucket, LOG):
        if key.endswith(".json") and int(key.rsplit("/")[-1][:20]) < 12:
            table.s3.delete_object(Bucket=table.bucket, Key=key)
    [checkpoint] = [key for key in keys(table.server, table.bucket, LOG) if key.endswith("11.checkpoint.parquet")]
    crawler = table.crawler(CreateNativeDeltaTable=True)
    found = table.crawled(crawler)
    assert columns(found) == [("id", "bigint"), ("tags", "array<string>"), ("city", "string")]
    assert found["Parameters"]["delta.lastUpdateVersion"] == "12"
    assert int(found["Parameters"]["delta.lastCommitTimestamp"]) > 0

    # The same in two parts; one alone is no checkpoint.
    whole = table.s3.get_object(Bucket=table.bucket, Key=checkpoint)["Body"].read()
    rows = pyarrow.parquet.read_table(io.BytesIO(whole))
    table.s3.delete_object(Bucket=table.bucket, Key=checkpoint)
    for number, part in enumerate([rows.slice(0, 5), rows.slice(5)], 1):
        written = io.BytesIO()
        pyarrow.parquet.write_table(part, written)
        key = f"{LOG}{11:020}.checkpoint.{number:010}.{2:010}.parquet"
        table.s3.put_object(Bucket=table.bucket, Key=key, Body=written.getvalue())
        if number == 1:
            last = crawl(table.server, crawler)
            assert "the commit of version 0 is missing" in last["ErrorMessage"], last
    assert table.crawled(crawler)["Parameters"] == found["Parameters"]


def test_manifests_are_those_of_delta(table):
    table.append({"id": 1, "city": "Ulm", "day": "2024-01-01"}, partition_by=["city", "day"])
    table.append({"id": 2, "city": "A:b c", "day": "2024-01-02"}, {"id": 3, "city": None, "day": "2024-01-02"})
    for number in range(11):
        table.append({"id": number, "city": "Ulm", "day": "2024-01-01"})
    table.open().delete("id = 2")
    crawler = table.crawler(writes, WriteManifest=True)
    found = table.crawled(crawler)
    assert columns(found) == [("id", "bigint")]
    assert [(k["Name"], k["Type"]) for k in found["PartitionKeys"]] == [("city", "string"), ("day", "string")]
    descriptor = found["StorageDescriptor"]
    assert descriptor["InputFormat"] == FORMAT
    assert descriptor["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    at = f"{table.url}_symlink_format_manifest/"
    assert descriptor["Location"] == at
    assert table.values() == {
        ("Ulm", "2024-01-01"): f"{at}city=Ulm/day=2024-01-01/",
        ("__HIVE_DEFAULT_PARTITION__", "2024-01-02"): f"{at}city=__HIVE_DEFAULT_PARTITION__/day=2024-01-02/",
    }
    ours = table.manifests()
    assert sum(len(text.splitlines()) for text in ours.values()) == 12
    for text in ours.values():
        for url in text.splitlines():
            key = url.removeprefix(f"s3://{table.bucket}/")
            table.s3.head_object(Bucket=table.bucket, Key=key)
    table.open().generate()
    assert {key: sorted(text.split()) for key, text in table.manifests().items()} == {
        key: sorted(text.split()) for key, text in ours.items()
    }

    # Nothing new is written, until there is something new.
    before = table.s3.list_objects_v2(Bucket=table.bucket, Prefix="t/_symlink")["Contents"]
    crawl(table.server, crawler)
    middle = table.crawled(crawler)
    after = table.s3.list_objects_v2(Bucket=table.bucket, Prefix="t/_symlink")["Contents"]
    assert (middle, [o["Key"] for o in before]) == (found, [o["Key"] for o in after])
    table.open().delete("city is null")
    table.append({"id": 9, "city": "Bonn", "day": "2024-01-03"})
    table.crawled(crawler)
    assert sorted(table.manifests()) == ["city=Bonn/day=2024-01-03/manifest", "city=Ulm/day=2024-01-01/manifest"]
    history = table.glue.list_crawls(CrawlerName=crawler)["Crawls"]
    kinds = json.loads(history[0]["Summary"])
    assert json.loads(kinds["PARTITION"])["ADD"] == {"Count": 1}
    assert json.loads(json.loads(history[-1]["Summary"])["TABLE"]) == {"ADD": {"Count": 1, "Details": {"names": ["t"]}}}


def test_a_table_over_manifests_that_others_write(table):
    table.append({"id": 1}, {"id": 2})
    found = table.crawled(table.crawler())
    assert found["StorageDescriptor"]["InputFormat"] == FORMAT and found["PartitionKeys"] == []
    assert table.manifests() == {}
    table.open().generate()

    # With the permission to read only, a crawl that writes manifests fails, and keeps nothing.
    table.append({"id": 3})
    last = crawl(table.server, table.crawler(WriteManifest=True))
    assert last["Status"] == "FAILED" and "s3:PutObject" in last["ErrorMessage"], last
    assert len(table.text("t/_symlink_format_manifest/manifest").splitlines()) == 1
    table.crawled(table.crawler(writes, WriteManifest=True, CreateNativeDeltaTable=True))
    # The native table is another, at another place: it does not get the name that is taken.
    found = table.glue.get_tables(DatabaseName=table.database)["TableList"]
    assert {t["StorageDescriptor"]["Location"]: t["Parameters"].get("table_type") for t in found} == {
        table.url: "delta",
        f"{table.url}_symlink_format_manifest/": None,
    }
    assert len(table.text("t/_symlink_format_manifest/manifest").splitlines()) == 2


def test_a_plan_writes_no_manifest(table):
    table.append({"id": 1, "city": "Ulm"}, partition_by=["city"])
    crawler = table.crawler(writes, WriteManifest=True)
    plan = json.loads(table.server.mastic("crawl", "plan", crawler, "--json").stdout)
    [planned] = plan["Tables"]
    assert (planned["Change"], planned["PartitionKeys"], planned["Partitions"]["Created"]) == ("CREATE", ["city"], 1)
    assert "the log of a Delta table" in planned["Reasons"][0] and table.manifests() == {}


def test_deleted_rows_and_mapped_columns_are_no_manifest(table):
    table.append({"id": 1})
    key = f"{LOG}{1:020}.json"
    vector = {"add": {"path": "x.parquet", "partitionValues": {}, "deletionVector": {"storageType": "u"}}}
    table.s3.put_object(Bucket=table.bucket, Key=key, Body=json.dumps(vector).encode())
    last = crawl(table.server, table.crawler())
    assert last["Status"] == "FAILED" and "rows of `x.parquet` are deleted" in last["ErrorMessage"], last
    assert columns(table.crawled(table.crawler(CreateNativeDeltaTable=True))) == [("id", "bigint")]
