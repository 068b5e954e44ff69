"""Definitions of crawlers through boto3: what is kept and shown, and AWS's refusals."""

import json

import pytest
from botocore.exceptions import ClientError

from harness import statement, trust
from pipeline import bucket, crawl, glue_role, reads

MIXED = (
    "The crawler cannot have catalog targets mixed with other target types. Specify crawler targets that include only "
    "catalog, or only non-catalog targets"
)
ONLY_LOG = (
    'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG DeleteBehavior value and LOG '
    "UpdateBehavior value."
)
LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
NEW_FOLDERS = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}


@pytest.fixture(scope="module")
def place(server):
    """A bucket, a role, a database with a table, a connection."""
    glue = server.client("glue")
    where = bucket(server, {"a/a.csv": b"a,b\n1,x\n2,y\n"}, stem="definitions")
    database = where.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    properties = {"JDBC_CONNECTION_URL": "jdbc:mysql://localhost:3306/db", "USERNAME": "u", "PASSWORD": "p"}
    glue.create_connection(
        ConnectionInput={"Name": where, "ConnectionType": "JDBC", "ConnectionProperties": properties}
    )
    return {"bucket": where, "role": glue_role(server, reads(where)), "database": database, "connection": where}


@pytest.fixture
def glue(server):
    return server.client("glue")


def s3(place, **more):
    return {"S3Targets": [{"Path": f"s3://{place['bucket']}/a/"} | more]}


def catalog(place, **more):
    return {"CatalogTargets": [{"DatabaseName": place["database"], "Tables": ["t"]} | more]}


def jdbc(place, **more):
    return {"JdbcTargets": [{"ConnectionName": place["connection"], "Path": "db/%"} | more]}


def definition(place, unique, **more):
    bare = {"Name": unique("crawler"), "Role": place["role"], "DatabaseName": place["database"], "Targets": s3(place)}
    return {name: value for name, value in (bare | more).items() if value is not None}


def refusal(call, **given):
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_everything_that_is_given_is_shown(glue, place, unique):
    given = definition(
        place,
        unique,
        Description="all of it",
        TablePrefix="p_",
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "DELETE_FROM_DATABASE"},
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_EVERYTHING"},
        LineageConfiguration={"CrawlerLineageSettings": "ENABLE"},
        LakeFormationConfiguration={"UseLakeFormationCredentials": False, "AccountId": "111122223333"},
        Configuration=json.dumps({"Version": 1.0, "CrawlerOutput": {"Tables": {"TableThreshold": 3}}}),
        Targets={
            **s3(place, Exclusions=["**.tmp"], SampleSize=249, ConnectionName=place["connection"]),
            **jdbc(place, Exclusions=["x*"], EnableAdditionalMetadata=["COMMENTS", "RAWTYPES"]),
            "DeltaTargets": [
                {
                    "DeltaTables": [f"s3://{place['bucket']}/delta/"],
                    "ConnectionName": place["connection"],
                    "WriteManifest": False,
                    "CreateNativeDeltaTable": True,
                }
            ],
            "IcebergTargets": [
                {"Paths": [f"s3://{place['bucket']}/ice/"], "Exclusions": ["y"], "MaximumTraversalDepth": 20}
            ],
        },
    )
    glue.create_crawler(**given, Tags={"team": "a"})
    found = glue.get_crawler(Name=given["Name"])["Crawler"]
    empty = {kind: [] for kind in ("MongoDBTargets", "DynamoDBTargets", "CatalogTargets", "HudiTargets")}
    wanted = given | {"Role": place["role"].split(":role/")[1], "Targets": given["Targets"] | empty}
    assert wanted.items() <= found.items()
    assert (found["State"], found["Version"], found["CrawlElapsedTime"]) == ("READY", 1, 0)
    assert found["CreationTime"] == found["LastUpdated"] and "LastCrawl" not in found
    assert glue.get_crawlers()["Crawlers"] and found in glue.batch_get_crawlers(CrawlerNames=[given["Name"]])["Crawlers"]

    # An update changes what it names.
    glue.update_crawler(Name=given["Name"], TablePrefix="", SchemaChangePolicy={"DeleteBehavior": "LOG"})
    changed = glue.get_crawler(Name=given["Name"])["Crawler"]
    assert changed["Version"] == 2 and changed["LastUpdated"] > found["LastUpdated"]
    assert changed["SchemaChangePolicy"] == {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    kept = {k: v for k, v in found.items() if k not in ("TablePrefix", "SchemaChangePolicy", "Version", "LastUpdated")}
    assert kept.items() <= changed.items()


def test_defaults(glue, place, unique):
    given = definition(place, unique, Targets={"S3Targets": [{"Path": f"s3://{place['bucket']}/a/", "ConnectionName": ""}]})
    glue.create_crawler(**given)
    found = glue.get_crawler(Name=given["Name"])["Crawler"]
    assert found["SchemaChangePolicy"] == {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "DEPRECATE_IN_DATABASE",
    }
    assert found["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}
    assert found["LineageConfiguration"] == {"CrawlerLineageSettings": "DISABLE"}
    assert found["LakeFormationConfiguration"] == {"UseLakeFormationCredentials": False, "AccountId": ""}
    assert found["Targets"]["S3Targets"] == [{"Path": f"s3://{place['bucket']}/a/", "Exclusions": []}]
    assert found["Classifiers"] == []


def refusals(place):
    """What is given besides a good definition, and what is said."""
    name, policy = place["bucket"], {"RecrawlPolicy": NEW_FOLDERS, "SchemaChangePolicy": LOG}
    delta = {"DeltaTargets": [{"DeltaTables": [f"s3://{name}/d/"]}]}
    logs = {"SchemaChangePolicy": {"DeleteBehavior": "LOG"}}
    configured = "CrawlerOutput.Partitions contains unsupported keys: UpdateBehavior."
    return [
        ({"Targets": {}}, "At least one target"),
        ({"Targets": s3(place) | catalog(place)} | logs, MIXED),
        ({"Targets": catalog(place)}, "catalog targets can have only LOG DeleteBehavior value."),
        ({"Targets": catalog(place, Tables=["t", "absent"])} | logs, "Table absent of database"),
        ({"Targets": {"DynamoDBTargets": [{"Path": "t"}]}}, "DynamoDBTargets"),
        ({"Targets": {"MongoDBTargets": [{"ConnectionName": "c", "Path": "db/c"}]}}, "MongoDBTargets"),
        ({"Targets": {"HudiTargets": [{"Paths": [f"s3://{name}/h/"]}]}}, "HudiTargets"),
        ({"Targets": {"S3Targets": [{"Path": "s3://no-such-bucket-here/"}]}}, "S3 bucket no-such-bucket-here does not exist."),
        ({"Targets": {"IcebergTargets": [{"Paths": ["s3://no-such-bucket-here/"]}]}}, "does not exist."),
        ({"Targets": {"S3Targets": [{"Path": "/a"}]}}, "not a valid S3 path"),
        ({"Targets": s3(place, SampleSize=250)}, "SampleSize must be between 1 and 249, and is 250."),
        ({"Targets": s3(place, SampleSize=0)}, "SampleSize"),
        ({"Targets": s3(place, EventQueueArn="arn:aws:sqs:us-east-1:111122223333:q")}, "arn:aws:sqs"),
        ({"Targets": s3(place, ConnectionName="absent")}, "Unable to retrieve connection absent"),
        ({"Targets": s3(place, Exclusions=["[a"])}, "[a"),
        ({"Targets": jdbc(place, ConnectionName="absent")}, "Unable to retrieve connection absent"),
        ({"Targets": {"JdbcTargets": [{"Path": "db/%"}]}}, "ConnectionName"),
        ({"Targets": {"JdbcTargets": [{"ConnectionName": name}]}}, "Path"),
        ({"Targets": {"DeltaTargets": [{}]}}, "DeltaTables"),
        ({"Targets": {"IcebergTargets": [{"Paths": [f"s3://{name}/"], "MaximumTraversalDepth": 21}]}}, "between 1 and 20"),
        ({"DatabaseName": None}, "DatabaseName"),
        ({"RecrawlPolicy": NEW_FOLDERS}, ONLY_LOG),
        ({"RecrawlPolicy": NEW_FOLDERS, "SchemaChangePolicy": {"DeleteBehavior": "LOG"}}, ONLY_LOG),
        (policy | {"Targets": delta}, 'RecrawlBehavior "Crawl new folders only" can only apply to Amazon S3 target.'),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}, "CRAWL_EVENT_MODE"),
        ({"LakeFormationConfiguration": {"UseLakeFormationCredentials": True}}, "Lake Formation"),
        ({"CrawlerSecurityConfiguration": "absent"}, "absent"),
        ({"Configuration": "nonsense"}, "JSON"),
        (
            {"Configuration": json.dumps({"Version": 1, "CrawlerOutput": {"Partitions": {"UpdateBehavior": "x"}}})},
            configured,
        ),
        ({"Configuration": json.dumps({"Version": 1, "Grouping": {"TableLevelConfiguration": "2nd"}})}, "Level"),
        ({"Tags": {"aws:x": "y"}}, "aws:"),
    ]


def test_what_no_crawler_can_be(glue, place, unique):
    good = definition(place, unique)
    for given, said in refusals(place):
        code, text = refusal(glue.create_crawler, **definition(place, unique, **given))
        assert code == "InvalidInputException" and said in text, (given, text)
    glue.create_crawler(**good)
    before = glue.get_crawler(Name=good["Name"])["Crawler"]
    for given, said in refusals(place):
        if "Tags" in given or given == {"DatabaseName": None}:
            continue
        code, text = refusal(glue.update_crawler, Name=good["Name"], **given)
        assert code == "InvalidInputException" and said in text, (given, text)
    assert glue.get_crawler(Name=good["Name"])["Crawler"] == before


def test_catalog_targets_need_no_database(glue, place, unique):
    given = definition(
        place, unique, DatabaseName=None, Targets=catalog(place), SchemaChangePolicy={"DeleteBehavior": "LOG"}
    )
    glue.create_crawler(**given)
    assert glue.get_crawler(Name=given["Name"])["Crawler"]["Targets"]["CatalogTargets"] == catalog(place)["CatalogTargets"]


def test_targets_of_incremental_crawls_stay(glue, place, unique):
    given = definition(place, unique, RecrawlPolicy=NEW_FOLDERS, SchemaChangePolicy=LOG)
    glue.create_crawler(**given)
    other = {"S3Targets": [{"Path": f"s3://{place['bucket']}/b/"}]}
    code, text = refusal(glue.update_crawler, Name=given["Name"], Targets=other)
    assert code == "InvalidInputException" and "targets cannot be changed" in text
    glue.update_crawler(Name=given["Name"], Targets=given["Targets"], Description="the same targets")
    glue.update_crawler(Name=given["Name"], Targets=other, RecrawlPolicy={"RecrawlBehavior": "CRAWL_EVERYTHING"})


def test_roles(server, glue, place, unique):
    ec2 = server.role(trusted=trust(Service="ec2.amazonaws.com"))
    said = "Service is unable to assume provided role. Please verify role's TrustPolicy"
    for role in (ec2, "absent"):
        assert refusal(glue.create_crawler, **definition(place, unique, Role=role)) == ("InvalidInputException", said)
    other = "arn:aws:iam::999988887777:role/r"
    code, text = refusal(glue.create_crawler, **definition(place, unique, Role=other))
    assert (code, text) == ("AccessDeniedException", "Cross-account pass role is not allowed.")
    allowed = statement(["glue:CreateCrawler", "glue:GetConnection"])
    user = server.user(allowed)
    code, text = refusal(server.client("glue", user).create_crawler, **definition(place, unique))
    assert code == "AccessDeniedException" and "iam:PassRole" in text


def test_a_crawler_at_work_is_not_changed(server, glue, unique):
    where = bucket(server, {f"x/day={n}/a.csv": b"a,b\n1,2\n" for n in range(150)})
    place = {"bucket": where, "role": glue_role(server, reads(where)), "database": unique("db")}
    given = definition(place, unique, Targets={"S3Targets": [{"Path": f"s3://{where}/x/"}]})
    glue.create_crawler(**given)
    assert glue.get_crawler_metrics(CrawlerNameList=[given["Name"]])["CrawlerMetricsList"][0]["LastRuntimeSeconds"] == 0
    glue.start_crawler(Name=given["Name"])
    running = glue.get_crawler(Name=given["Name"])["Crawler"]
    assert running["State"] == "RUNNING" and running["CrawlElapsedTime"] >= 0
    said = "Cannot update Crawler while running. Please stop crawl or wait until it completes to update."
    code, text = refusal(glue.update_crawler, Name=given["Name"], Description="later")
    assert (code, text) == ("CrawlerRunningException", said)
    assert refusal(glue.delete_crawler, Name=given["Name"])[0] == "CrawlerRunningException"
    [now] = glue.get_crawler_metrics(CrawlerNameList=[given["Name"]])["CrawlerMetricsList"]
    assert now["StillEstimating"] and now["TimeLeftSeconds"] == 0
    glue.stop_crawler(Name=given["Name"])
    code, _ = refusal(glue.stop_crawler, Name=given["Name"])
    assert code in ("CrawlerStoppingException", "CrawlerNotRunningException")


def test_the_history_of_a_crawler(server, glue, unique):
    where = bucket(server, {"x/a.csv": b"a,b\n1,x\n2,y\n"})
    role = glue_role(server, reads(where))
    given = {"Name": unique("crawler"), "Role": role, "DatabaseName": unique("db")}
    glue.create_crawler(**given, Targets={"S3Targets": [{"Path": f"s3://{where}/x/"}]})
    for _ in range(3):
        assert crawl(server, given["Name"])["Status"] == "SUCCEEDED"
    server.client("iam").delete_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="data")
    failed = crawl(server, given["Name"])
    assert failed["Status"] == "FAILED" and "s3:GetObject" in failed["ErrorMessage"], failed
    assert f"{where}/x/a.csv" in failed["ErrorMessage"]

    def listed(*filters, **more):
        names = ("FieldName", "FilterOperator", "FieldValue")
        filters = [dict(zip(names, words.split())) for words in filters]
        return glue.list_crawls(CrawlerName=given["Name"], Filters=filters, **more)["Crawls"]

    crawls = listed()
    assert [c["State"] for c in crawls] == ["FAILED", "COMPLETED", "COMPLETED", "COMPLETED"]
    first = crawls[-1]
    assert json.loads(json.loads(first["Summary"])["TABLE"]) == {"ADD": {"Count": 1, "Details": {"names": ["x"]}}}
    assert first["LogGroup"] == "/aws-glue/crawlers" and first["LogStream"] == given["Name"]
    assert first["MessagePrefix"] == first["CrawlId"] and first["DPUHour"] >= 0
    assert first["EndTime"] >= first["StartTime"]
    assert crawls[0]["ErrorMessage"] == failed["ErrorMessage"]
    assert (failed["LogGroup"], failed["MessagePrefix"]) == ("/aws-glue/crawlers", crawls[0]["CrawlId"])
    assert listed("STATE EQ FAILED") == crawls[:1] and listed("STATE NE FAILED") == crawls[1:]
    assert listed(f"CRAWL_ID EQ {first['CrawlId']}") == [first]
    after = int(first["StartTime"].timestamp() * 1000)
    assert listed(f"START_TIME GT {after}", "STATE EQ COMPLETED") == crawls[1:3]
    assert listed("DPU_HOUR GE 1") == []
    page = glue.list_crawls(CrawlerName=given["Name"], MaxResults=3)
    rest = glue.list_crawls(CrawlerName=given["Name"], MaxResults=3, NextToken=page["NextToken"])
    assert page["Crawls"] + rest["Crawls"] == crawls and "NextToken" not in rest

    for words, said in [
        ("STATE GT FAILED", "Only EQ or NE operator is allowed for field : STATE"),
        ("CRAWL_ID LE x", "Only EQ or NE operator is allowed for field : CRAWL_ID"),
        ("STATE EQ failed", "failed"),
        ("START_TIME GT yesterday", "START_TIME"),
        ("STATE EQ", "Invalid Filter Provided: FieldName: STATE, FilterOperator: EQ, FieldValue: null"),
    ]:
        with pytest.raises(glue.exceptions.InvalidInputException) as caught:
            listed(words)
        assert said in caught.value.response["Error"]["Message"]

    [metrics] = glue.get_crawler_metrics(CrawlerNameList=[given["Name"]])["CrawlerMetricsList"]
    assert metrics["LastRuntimeSeconds"] > 0 and metrics["MedianRuntimeSeconds"] > 0
    assert (metrics["TimeLeftSeconds"], metrics["StillEstimating"], metrics["TablesCreated"]) == (0, False, 0)

    # Another crawler of the name begins without a history.
    glue.delete_crawler(Name=given["Name"])
    glue.create_crawler(**given, Targets={"S3Targets": [{"Path": f"s3://{where}/x/"}]})
    assert listed() == []
    code, text = refusal(glue.list_crawls, CrawlerName="nobody")
    assert code == "EntityNotFoundException"
