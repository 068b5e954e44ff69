"""`mastic crawl plan`: what a crawl would write, the differences and the reasons, under IAM."""

import json

from harness import statement
from pipeline import bucket, crawl, glue_role, reads
from plugin_coverage import cover

CSV = b"id,city,price\n1,Bonn,1.5\n2,Ulm,2.5\n"
MORE = b"id,city,price,tax\n1,Bonn,1.5,2\n2,Ulm,2.5,3\n"


def make(server, unique, where, role, by=None, **more):
    glue = server.client("glue", by)
    database, crawler = unique("db"), unique("crawler")
    glue.create_database(DatabaseInput={"Name": database})
    targets = {"S3Targets": [{"Path": f"s3://{where}/"}]}
    glue.create_crawler(Name=crawler, Role=role, DatabaseName=database, Targets=targets, **more)
    return database, crawler


def planned(server, crawler, *options):
    plan = json.loads(server.mastic("crawl", "plan", crawler, "--json", *options).stdout)
    return plan, {table["Name"]: table for table in plan["Tables"]}


def test_a_plan_tells_what_a_crawl_does_and_writes_nothing(server, unique):
    glue, s3 = server.client("glue"), server.client("s3")
    where = bucket(server, {"sales/month=1/a.csv": CSV, "sales/month=2/a.csv": CSV, "people/a.json": b'{"name": "x"}',
                            "cats/a.json": b'{"fur": 1}'})
    database, crawler = make(server, unique, where, glue_role(server, reads(where)))

    text = server.mastic("crawl", "plan", crawler).stdout
    cover("conformance", "mastic", "PlanCrawl")
    assert f"A crawl of {crawler} would change 3 tables of database {database}." in text
    for part in ["+ sales is created", "+ people is created", "price  double", "2 created", "+ month=1",
                 "index       month", "the folders in", "are no one table", "2 folders make partitions of one table"]:
        assert part in text, text
    assert glue.get_tables(DatabaseName=database)["TableList"] == []
    assert glue.list_crawls(CrawlerName=crawler)["Crawls"] == []
    assert glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY"

    plan, tables = planned(server, crawler)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    made = {table["Name"]: table for table in glue.get_tables(DatabaseName=database)["TableList"]}
    assert sorted(made) == sorted(tables)
    for name, table in made.items():
        assert tables[name]["Change"] == "CREATE"
        assert tables[name]["Location"] == table["StorageDescriptor"]["Location"]
        columns = [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]]
        assert [(c["Name"], c["Type"]) for c in tables[name]["Columns"]] == columns
    assert tables["sales"]["Partitions"]["Created"] == 2
    assert f"INFO : Created table sales in database {database}" in plan["Log"]
    assert "would change nothing" in server.mastic("crawl", "plan", crawler).stdout

    # What changes is told against the catalog.
    s3.put_object(Bucket=where, Key="sales/month=2/a.csv", Body=MORE)
    s3.put_object(Bucket=where, Key="sales/month=3/a.csv", Body=MORE)
    s3.delete_object(Bucket=where, Key="people/a.json")
    text = server.mastic("crawl", "plan", crawler).stdout
    for part in ["~ sales is updated", "+ column tax: bigint", "parameter objectCount: 2 -> 3", "+ month=3", "~ month=2",
                 "1 created, 1 updated", "- people is marked deprecated"]:
        assert part in text, text
    before = {table["Name"]: table for table in glue.get_tables(DatabaseName=database)["TableList"]}
    assert before == made


def test_comments_go_unless_they_are_to_be_kept(server, unique):
    glue = server.client("glue")
    where = bucket(server, {"a.csv": CSV})
    configuration = {"Version": 1.0, "Mastic": {"KeepComments": True}}
    database, crawler = make(server, unique, where, glue_role(server, reads(where)))
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    [table] = glue.get_tables(DatabaseName=database)["TableList"]
    kept = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    written = {key: table[key] for key in kept if key in table}
    written["StorageDescriptor"]["Columns"][0]["Comment"] = "by hand"
    glue.update_table(DatabaseName=database, TableInput=written)

    _, tables = planned(server, crawler)
    assert tables[table["Name"]]["Differences"] == [{"What": "column id, comment", "Before": "by hand"}]
    _, tables = planned(server, crawler, "--keep-comments")
    assert tables[table["Name"]]["Change"] == "KEEP"
    glue.update_crawler(Name=crawler, Configuration=json.dumps(configuration))
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    [table] = glue.get_tables(DatabaseName=database)["TableList"]
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "by hand"
    glue.update_crawler(Name=crawler, Configuration='{"Version": 1.0}')
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    [table] = glue.get_tables(DatabaseName=database)["TableList"]
    assert "Comment" not in table["StorageDescriptor"]["Columns"][0]


def test_a_plan_obeys_iam(server, unique):
    where = bucket(server, {"x/a.csv": CSV})
    only_list = statement("s3:ListBucket", f"arn:aws:s3:::{where}")["Statement"][0]
    role = glue_role(server, only_list)
    _, crawler = make(server, unique, where, role)
    failed = server.mastic("crawl", "plan", crawler, check=False)
    assert failed.returncode != 0
    assert "s3:GetObject" in failed.stderr and f"{where}/x/a.csv" in failed.stderr, failed.stderr

    planner = server.user(statement(["mastic:PlanCrawl", "glue:GetCrawler"]))
    denied = server.mastic("crawl", "plan", crawler, credentials=planner, check=False)
    assert "glue:StartCrawler" in denied.stderr, denied.stderr
    missing = server.mastic("crawl", "plan", "nobody", check=False)
    assert "Crawler entry with name nobody does not exist" in missing.stderr


def test_a_refused_number_of_tables_is_told(server, unique):
    where = bucket(server, {"x/a.csv": CSV, "y/a.json": b'{"q": 1}'})
    configuration = '{"Version":1.0,"CrawlerOutput":{"Tables":{"TableThreshold":1}}}'
    database, crawler = make(server, unique, where, glue_role(server, reads(where)), Configuration=configuration)
    failed = server.mastic("crawl", "plan", crawler, check=False)
    assert "found 2 tables, more than the TableThreshold of 1" in failed.stderr
    last = crawl(server, crawler)
    assert last["Status"] == "FAILED" and "TableThreshold of 1" in last["ErrorMessage"]
    assert server.client("glue").get_tables(DatabaseName=database)["TableList"] == []
