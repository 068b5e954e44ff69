"""Crawls of real files, under the crawler's role, through boto3."""

import gzip
import json

import botocore.exceptions
import pytest

from harness import statement
from pipeline import bucket, crawl, crawled, flights, glue_role, lines, put_policy, reads

CSV = b"id,city,price\n1,Bonn,1.5\n2,Ulm,2.5\n"


def make(server, unique, paths, role, **more):
    """A database and a crawler over these paths: their names."""
    glue = server.client("glue")
    database, crawler = unique("db"), unique("crawler")
    glue.create_database(DatabaseInput={"Name": database})
    targets = {"S3Targets": [{"Path": path} for path in paths]}
    glue.create_crawler(Name=crawler, Role=role, DatabaseName=database, Targets=targets, **more)
    return database, crawler


def tables(server, database):
    return {t["Name"]: t for t in server.client("glue").get_tables(DatabaseName=database)["TableList"]}


def test_a_crawl_makes_tables_and_partitions_of_real_files(server, unique):
    where = bucket(server, flights(1, 2))
    role = glue_role(server, reads(where))
    database, crawler = make(server, unique, [f"s3://{where}/flights/", f"s3://{where}/planes/"], role)
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    found = tables(server, database)
    assert sorted(found) == ["flights", "planes"]

    table = found["flights"]
    assert table["PartitionKeys"] == [{"Name": "month", "Type": "string"}]
    types = {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}
    assert types["year"] == "bigint" and types["carrier"] == "string" and types["distance"] == "bigint"
    assert "month" not in types
    parameters = table["Parameters"]
    assert parameters == table["StorageDescriptor"]["Parameters"]
    wanted = {
        "UPDATED_BY_CRAWLER": crawler,
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "classification": "csv",
        "compressionType": "gzip",
        "typeOfData": "file",
        "delimiter": ",",
        "areColumnsQuoted": "false",
        "columnsOrdered": "true",
        "skip.header.line.count": "1",
        "objectCount": "2",
    }
    assert wanted.items() <= parameters.items()
    assert table["TableType"] == "EXTERNAL_TABLE" and table["Owner"] == "owner" and table["Retention"] == 0
    assert table["CreatedBy"].endswith("/AWS-Crawler")
    assert table["StorageDescriptor"]["Location"] == f"s3://{where}/flights/"
    partitions = server.client("glue").get_partitions(DatabaseName=database, TableName="flights")["Partitions"]
    assert [p["Values"] for p in partitions] == [["1"], ["2"]]
    assert partitions[0]["StorageDescriptor"]["Location"] == f"s3://{where}/flights/month=1/"

    text = "\n".join(lines(server, "/aws-glue/crawlers", crawler))
    for line in [
        f"BENCHMARK : Running Start Crawl for Crawler {crawler}",
        f"BENCHMARK : Classification complete, writing results to database {database}",
        f"INFO : Created table flights in database {database}",
        "BENCHMARK : Finished writing to Catalog",
        "BENCHMARK : Crawler has finished running and is in state READY",
    ]:
        assert f"[{last['MessagePrefix']}] {line}" in text, text

    history = server.client("glue").list_crawls(CrawlerName=crawler)["Crawls"]
    assert [c["State"] for c in history] == ["COMPLETED"]
    assert json.loads(json.loads(history[0]["Summary"])["TABLE"]) == {"ADD": {"Count": 2, "Details": {"names": ["flights", "planes"]}}}


def test_a_second_crawl_of_the_same_files_writes_nothing(server, unique):
    where = bucket(server, {"sales/a.csv": CSV})
    database, crawler = make(server, unique, [f"s3://{where}/sales/"], glue_role(server, reads(where)))
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    before = tables(server, database)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert tables(server, database) == before
    assert "Summary" not in server.client("glue").list_crawls(CrawlerName=crawler)["Crawls"][0]


def test_changed_files_change_the_table_and_vanished_ones_deprecate_it(server, unique):
    where = bucket(server, {"sales/a.csv": CSV, "costs/a.csv": CSV})
    role = glue_role(server, reads(where))
    database, crawler = make(server, unique, [f"s3://{where}/sales/", f"s3://{where}/costs/"], role)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    s3 = server.client("s3")
    s3.put_object(Bucket=where, Key="sales/a.csv", Body=b"id,city,price,tax\n1,Bonn,1.5,2\n2,Ulm,2.5,3\n")
    s3.delete_object(Bucket=where, Key="costs/a.csv")
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    found = tables(server, database)
    assert [c["Name"] for c in found["sales"]["StorageDescriptor"]["Columns"]] == ["id", "city", "price", "tax"]
    assert found["costs"]["Parameters"]["DEPRECATED_BY_CRAWLER"].isdigit()


@pytest.mark.parametrize(
    ("files", "classification", "columns"),
    [
        ({"x/a.json": b'{"id": 1, "who": {"name": "a"}}\n{"id": 2, "tags": ["b"]}\n'}, "json", "id who tags"),
        ({"x/a.json": b'[{"id": 1}, {"id": 2}]'}, "json", "array"),
        ({"x/a.csv": b"a|b\n1|x\n2|y\n"}, "csv", "a b"),
        ({"x/a.csv": b"one,two\nthree,four\n"}, "csv", "col0 col1"),
        ({"x/a.csv.gz": gzip.compress(CSV)}, "csv", "id city price"),
    ],
)
def test_formats(server, unique, files, classification, columns):
    where = bucket(server, files)
    database, crawler = make(server, unique, [f"s3://{where}/x/"], glue_role(server, reads(where)))
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    [table] = tables(server, database).values()
    assert table["Parameters"]["classification"] == classification
    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == columns.split()


def test_folders_without_key_names_and_exclusions(server, unique):
    where = bucket(server, {"x/2024/01/a.csv": CSV, "x/2024/02/a.csv": CSV, "x/2024/02/skip.tmp": b"\0\1"})
    glue, database, crawler = server.client("glue"), unique("db"), unique("crawler")
    glue.create_database(DatabaseInput={"Name": database})
    targets = {"S3Targets": [{"Path": f"s3://{where}/x", "Exclusions": ["**.tmp"]}]}
    role = glue_role(server, reads(where))
    glue.create_crawler(Name=crawler, Role=role, DatabaseName=database, Targets=targets, TablePrefix="raw_")
    last = crawl(server, crawler)
    assert last["Status"] == "SUCCEEDED", last
    [table] = tables(server, database).values()
    assert table["Name"] == "raw_x"
    assert [k["Name"] for k in table["PartitionKeys"]] == ["partition_0", "partition_1"]
    partitions = glue.get_partitions(DatabaseName=database, TableName="raw_x")["Partitions"]
    assert [p["Values"] for p in partitions] == [["2024", "01"], ["2024", "02"]]


def test_a_role_that_may_not_read_fails_the_crawl_by_name(server, unique):
    where = bucket(server, {"x/a.csv": CSV})
    only_list = statement("s3:ListBucket", f"arn:aws:s3:::{where}")["Statement"][0]
    role = glue_role(server, only_list)
    database, crawler = make(server, unique, [f"s3://{where}/x/"], role)
    last = crawl(server, crawler)
    assert last["Status"] == "FAILED"
    assert "s3:GetObject" in last["ErrorMessage"] and f"{where}/x/a.csv" in last["ErrorMessage"], last
    assert tables(server, database) == {}
    assert any("s3:GetObject" in line for line in lines(server, "/aws-glue/crawlers", crawler))

    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(where)]})
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    assert list(tables(server, database)) == ["x"]


def test_the_catalog_permissions_of_the_role_count_too(server, unique):
    where = bucket(server, {"x/a.csv": CSV})
    role = server.role({"Version": "2012-10-17", "Statement": [reads(where)]})
    database, crawler = make(server, unique, [f"s3://{where}/x/"], role)
    last = crawl(server, crawler)
    assert last["Status"] == "FAILED"
    assert "is not authorized to perform: glue:" in last["ErrorMessage"], last
    assert tables(server, database) == {}


def test_errors(server, unique):
    glue = server.client("glue")
    where = bucket(server)
    role = glue_role(server, reads(where))
    database, crawler = make(server, unique, [f"s3://{where}/"], role)

    def refused(code, text, call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code
        assert text in caught.value.response["Error"]["Message"]

    target = {"S3Targets": [{"Path": f"s3://{where}/"}]}
    new = {"Name": unique("crawler"), "Role": role, "DatabaseName": database, "Targets": target}
    refused("AlreadyExistsException", crawler, glue.create_crawler, **(new | {"Name": crawler}))
    absent = {"S3Targets": [{"Path": "s3://no-such-bucket-here/"}]}
    no_bucket = "S3 bucket no-such-bucket-here does not exist."
    refused("InvalidInputException", no_bucket, glue.create_crawler, **(new | {"Targets": absent}))
    jdbc = {"JdbcTargets": [{"ConnectionName": "c", "Path": "db/%"}]}
    refused("InvalidInputException", "Unable to retrieve connection c", glue.create_crawler, **(new | {"Targets": jdbc}))
    untrusting = server.role(trusted={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    trust_text = "Service is unable to assume provided role. Please verify role's TrustPolicy"
    refused("InvalidInputException", trust_text, glue.create_crawler, **(new | {"Role": untrusting}))
    refused("EntityNotFoundException", "Crawler entry with name nobody does not exist", glue.get_crawler, Name="nobody")
    refused("EntityNotFoundException", "Crawler with name nobody may not exist.", glue.start_crawler, Name="nobody")
    refused("CrawlerNotRunningException", "isn't running", glue.stop_crawler, Name=crawler)
    glue.delete_crawler(Name=crawler)
    refused("EntityNotFoundException", crawler, glue.delete_crawler, Name=crawler)


def test_a_crawler_can_be_changed_listed_and_stopped(server, unique):
    glue = server.client("glue")
    where = bucket(server, {f"x/day={n}/a.csv": CSV for n in range(200)})
    role = glue_role(server, reads(where))
    tag = unique("tag")
    database, crawler = make(server, unique, [f"s3://{where}/x/"], role, Tags={"team": tag})
    assert glue.list_crawlers(Tags={"team": tag})["CrawlerNames"] == [crawler]
    glue.update_crawler(Name=crawler, Description="new", TablePrefix="p_")
    found = glue.get_crawler(Name=crawler)["Crawler"]
    assert (found["Description"], found["TablePrefix"], found["Version"]) == ("new", "p_", 2)
    assert glue.batch_get_crawlers(CrawlerNames=[crawler, "nobody"])["CrawlersNotFound"] == ["nobody"]

    glue.start_crawler(Name=crawler)
    with pytest.raises(glue.exceptions.CrawlerRunningException, match="has already started"):
        glue.start_crawler(Name=crawler)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.delete_crawler(Name=crawler)
    glue.stop_crawler(Name=crawler)
    last = crawled(server, crawler)
    assert last["Status"] == "CANCELLED"
    assert tables(server, database) == {}
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    metrics = glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"]
    assert metrics[0]["TablesCreated"] == 1
