"""The Data Catalog through the wire: databases, tables, versions, partitions, search, tags, access."""

import concurrent.futures
import time

import botocore.exceptions
import pytest

from harness import REGION, statement, wait_for

COLUMNS = [{"Name": "carrier", "Type": "string"}, {"Name": "delay", "Type": "int", "Comment": "minutes"}]


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture
def database(glue, unique):
    name = unique("db")
    glue.create_database(DatabaseInput={"Name": name})
    return name


def fault(call, **arguments):
    """Code and text of the error that a call ends in."""
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400, error
    return error["Error"]["Code"], error["Error"]["Message"]


def descriptor(location="s3://bucket/flights/"):
    return {
        "Columns": COLUMNS,
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "Name": "csv",
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ","},
        },
        "BucketColumns": ["carrier"],
        "SortColumns": [{"Column": "delay", "SortOrder": 1}],
        "Parameters": {"classification": "csv"},
        "SkewedInfo": {
            "SkewedColumnNames": ["carrier"],
            "SkewedColumnValues": ["UA"],
            "SkewedColumnValueLocationMaps": {"UA": "s3://bucket/ua/"},
        },
        "StoredAsSubDirectories": False,
    }


def table(name, *keys, **more):
    partition_keys = [{"Name": key, "Type": kind} for key, kind in (k.split(":") for k in keys)]
    return {"Name": name, "PartitionKeys": partition_keys, "StorageDescriptor": descriptor(), **more}


def partition(*values, **more):
    return {"Values": list(values), "StorageDescriptor": descriptor(f"s3://bucket/{'/'.join(values)}/"), **more}


def pages(call, **arguments):
    """Every page of a listing."""
    found = []
    while True:
        page = call(**arguments)
        found.append(page)
        if "NextToken" not in page:
            return found
        arguments["NextToken"] = page["NextToken"]


# Databases.


def test_a_database_is_made_changed_listed_and_deleted(server, glue, unique):
    name = unique("Sales")
    given = {
        "Name": name,
        "Description": "all of it",
        "LocationUri": "s3://bucket/sales/",
        "Parameters": {"team": "a"},
        "CreateTableDefaultPermissions": [],
    }
    glue.create_database(DatabaseInput=given)
    found = glue.get_database(Name=name.upper())["Database"]
    assert time.time() - found.pop("CreateTime").timestamp() < 60
    assert found == given | {"Name": name.lower(), "CatalogId": server.root.account}
    assert fault(glue.create_database, DatabaseInput={"Name": name}) == (
        "AlreadyExistsException",
        "Database already exists.",
    )
    glue.update_database(Name=name, DatabaseInput={"Name": name, "Description": "new"})
    found = glue.get_database(Name=name, CatalogId=server.root.account)["Database"]
    assert found["Description"] == "new" and "LocationUri" not in found
    assert found["CreateTableDefaultPermissions"] == [
        {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}
    ]
    listed = [d["Name"] for page in pages(glue.get_databases, MaxResults=1) for d in page["DatabaseList"]]
    assert listed == sorted(listed) and name.lower() in listed
    glue.delete_database(Name=name)
    missing = ("EntityNotFoundException", f"Database {name.lower()} not found.")
    assert fault(glue.get_database, Name=name) == missing
    assert fault(glue.delete_database, Name=name) == missing
    assert fault(glue.update_database, Name=name, DatabaseInput={"Name": name}) == missing


def test_a_deleted_database_leaves_nothing_behind(glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("flights", "year:string"))
    glue.create_partition(DatabaseName=database, TableName="flights", PartitionInput=partition("2024"))
    glue.delete_database(Name=database)
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput=table("flights", "year:string"))
    assert glue.get_partitions(DatabaseName=database, TableName="flights")["Partitions"] == []


def test_links_and_tags_of_databases(server, glue, unique):
    name = unique("link")
    target = {"CatalogId": "444455556666", "DatabaseName": "theirs"}
    glue.create_database(DatabaseInput={"Name": name, "TargetDatabase": target}, Tags={"team": "a"})
    assert glue.get_database(Name=name)["Database"]["TargetDatabase"] == target
    arn = f"arn:aws:glue:{REGION}:{server.root.account}:database/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "b", "env": "x"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["env"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "b"}
    assert fault(glue.tag_resource, ResourceArn=arn, TagsToAdd={"aws:x": "y"})[0] == "InvalidInputException"
    assert fault(glue.get_tags, ResourceArn=arn + "-none")[0] == "EntityNotFoundException"


# Tables.


def test_a_table_round_trips(server, glue, database):
    given = table(
        "Flights",
        "year:string",
        "month:int",
        Description="departures",
        Owner="ann",
        Retention=3,
        TableType="EXTERNAL_TABLE",
        Parameters={"EXTERNAL": "TRUE", "classification": "csv"},
    )
    glue.create_table(DatabaseName=database, TableInput=given)
    found = glue.get_table(DatabaseName=database, Name="FLIGHTS")["Table"]
    assert found.pop("CreateTime") == found.pop("UpdateTime")
    assert found == given | {
        "Name": "flights",
        "DatabaseName": database,
        "CatalogId": server.root.account,
        "CreatedBy": server.root.arn,
        "VersionId": "0",
        "IsRegisteredWithLakeFormation": False,
        "IsMultiDialectView": False,
    }
    assert fault(glue.create_table, DatabaseName=database, TableInput=given) == (
        "AlreadyExistsException",
        "Table already exists.",
    )


def test_views_and_links_round_trip(glue, database):
    view = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": "/* Presto View: e30= */",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
    }
    link = {"Name": "l", "TargetTable": {"CatalogId": "444455556666", "DatabaseName": "theirs", "Name": "t"}}
    for given in (view, link):
        glue.create_table(DatabaseName=database, TableInput=given)
        found = glue.get_table(DatabaseName=database, Name=given["Name"])["Table"]
        assert {key: found[key] for key in given} == given


def test_what_is_missing_has_aws_s_texts(glue, database):
    missing = "EntityNotFoundException"
    assert fault(glue.get_table, DatabaseName=database, Name="none") == (missing, "Entity Not Found")
    assert fault(glue.get_table, DatabaseName="nosuch", Name="none") == (missing, "Database nosuch not found.")
    for call in (glue.delete_table, glue.get_table_versions, glue.get_partitions):
        named = {"Name": "none"} if call == glue.delete_table else {"TableName": "none"}
        assert fault(call, DatabaseName=database, **named) == (missing, "Table none not found.")
    made = {"DatabaseName": "nosuch", "TableInput": {"Name": "t"}}
    assert fault(glue.create_table, **made) == (missing, "Database nosuch not found.")
    code, text = fault(
        glue.create_table,
        DatabaseName=database,
        TableInput={"Name": "t"},
        TransactionId="1",
    )
    assert code == "InvalidInputException" and "TransactionId" in text


def test_versions_and_their_lock(glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("t"))
    change = lambda text, **more: glue.update_table(
        DatabaseName=database, TableInput=table("t", Description=text), **more
    )
    change("one")
    change("two", VersionId="1", SkipArchive=True)
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        change("lost", VersionId="1")
    change("three")
    here = {"DatabaseName": database, "TableName": "t"}
    listed = [v["VersionId"] for page in pages(glue.get_table_versions, MaxResults=1, **here) for v in page["TableVersions"]]
    assert listed == ["3", "2", "0"]
    found = glue.get_table_version(VersionId="2", **here)["TableVersion"]
    assert (found["VersionId"], found["Table"]["VersionId"], found["Table"]["Description"]) == ("2", "2", "two")
    assert glue.get_table_version(**here)["TableVersion"]["VersionId"] == "3"
    glue.delete_table_version(VersionId="0", **here)
    errors = glue.batch_delete_table_version(VersionIds=["2", "0"], **here)["Errors"]
    assert [(e["VersionId"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [("0", "EntityNotFoundException")]
    assert len(glue.get_table_versions(**here)["TableVersions"]) == 1


def test_only_one_of_many_concurrent_updates_wins(glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("t"))

    def change(number):
        try:
            glue.update_table(DatabaseName=database, TableInput=table("t", Owner=f"o{number}"), VersionId="0")
            return number
        except glue.exceptions.ConcurrentModificationException:
            return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(change, range(16)) if number is not None]
    assert len(won) == 1
    found = glue.get_table(DatabaseName=database, Name="t")["Table"]
    assert (found["Owner"], found["VersionId"]) == (f"o{won[0]}", "1")


def test_tables_are_listed_by_pattern(glue, database):
    for name in ("alpha", "alphabet", "beta"):
        glue.create_table(DatabaseName=database, TableInput=table(name))
    names = lambda **more: [
        t["Name"] for page in pages(glue.get_tables, DatabaseName=database, **more) for t in page["TableList"]
    ]
    assert names() == names(MaxResults=1) == ["alpha", "alphabet", "beta"]
    assert names(Expression="alpha.*") == ["alpha", "alphabet"]
    assert names(Expression="alpha") == ["alpha"]
    assert glue.get_tables(DatabaseName=database, AttributesToGet=["NAME"])["TableList"][0] == {"Name": "alpha"}
    assert fault(glue.get_tables, DatabaseName=database, Expression="(")[0] == "InvalidInputException"
    assert fault(glue.get_tables, DatabaseName=database, NextToken="x")[0] == "InvalidInputException"
    errors = glue.batch_delete_table(DatabaseName=database, TablesToDelete=["alpha", "none"])["Errors"]
    assert [e["TableName"] for e in errors] == ["none"]
    assert names() == ["alphabet", "beta"]


def test_search_finds_tokens(glue, database):
    for name in ("customer-link", "xx-link-yy", "xxlinkyy"):
        glue.create_table(DatabaseName=database, TableInput=table(name, Owner=name[:2]))
    mine = {"Key": "DatabaseName", "Value": database}
    names = lambda **more: [t["Name"] for page in pages(glue.search_tables, **more) for t in page["TableList"]]
    assert names(Filters=[mine, {"Key": "Name", "Value": "link"}]) == ["customer-link", "xx-link-yy"]
    assert names(Filters=[mine], SearchText="link") == ["customer-link", "xx-link-yy"]
    assert names(Filters=[mine], SearchText='"xxlinkyy"') == ["xxlinkyy"]
    order = [{"FieldName": "Name", "Sort": "DESC"}]
    assert names(Filters=[mine], SortCriteria=order, MaxResults=1) == ["xxlinkyy", "xx-link-yy", "customer-link"]


# Partitions.


@pytest.fixture(scope="module")
def calendar(server):
    """A database with a table `days` of 2,400 partitions by year, month and an int day."""
    glue, name = server.client("glue"), f"calendar-{time.time_ns()}"
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput=table("days", "year:string", "month:string", "day:int"))
    values = [(str(y), f"{m:02}", str(d)) for y in range(2020, 2030) for m in range(1, 13) for d in range(1, 21)]
    for start in range(0, len(values), 100):
        batch = [partition(*v) for v in values[start : start + 100]]
        answer = glue.batch_create_partition(DatabaseName=name, TableName="days", PartitionInputList=batch)
        assert answer["Errors"] == []
    return {"DatabaseName": name, "TableName": "days"}


def values_of(glue, calendar, **more):
    found = []
    for page in pages(glue.get_partitions, ExcludeColumnSchema=True, **calendar, **more):
        assert page["Partitions"] or "NextToken" not in page
        found += [tuple(p["Values"]) for p in page["Partitions"]]
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", 2400),
        ("year = '2024'", 240),
        ("year = '2024' AND month IN ('01', '12')", 40),
        ("(year='2024') AND (month) NOT IN ('01')", 220),
        ("year BETWEEN '2021' AND '2022' OR day = 20", 480 + 8 * 12),
        ("year LIKE '202_' AND day > 18", 240),
        ("NOT (year < '2029') AND month >= '11' AND day <= 2", 4),
        ("year = '1999'", 0),
    ],
)
@pytest.mark.parametrize("size", [7, 1000])
def test_expressions(glue, calendar, expression, expected, size):
    assert len(values_of(glue, calendar, Expression=expression, MaxResults=size)) == expected


def test_segments_are_disjoint_and_complete(glue, calendar):
    parts = [
        values_of(glue, calendar, Segment={"SegmentNumber": number, "TotalSegments": 5}) for number in range(5)
    ]
    assert all(300 < len(part) < 700 for part in parts)
    assert len(set().union(*parts)) == sum(map(len, parts)) == 2400


def test_faults_of_expressions(glue, calendar):
    invalid = "InvalidInputException"
    for expression, text in {
        "week = 1": "Invalid partition expression!",
        "year ==": "Unsupported expression 'year =='",
        "day = 'x'": '"x" is not an integer.',
        "day LIKE '1'": "Integral data type doesn't support operation 'LIKE'",
    }.items():
        assert fault(glue.get_partitions, Expression=expression, **calendar) == (invalid, text)


def test_columns_can_be_left_out(glue, calendar):
    one = "year = '2024' AND month = '02' AND day = 7"
    (found,) = glue.get_partitions(Expression=one, **calendar)["Partitions"]
    assert found["StorageDescriptor"]["Columns"] == COLUMNS
    (found,) = glue.get_partitions(Expression=one, ExcludeColumnSchema=True, **calendar)["Partitions"]
    assert "Columns" not in found["StorageDescriptor"]


def test_a_partition_round_trips(server, glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("t", "year:string", "city:string"))
    here = {"DatabaseName": database, "TableName": "t"}
    given = partition("2024", "São Paulo/b=c", Parameters={"rows": "3"})
    glue.create_partition(PartitionInput=given, **here)
    found = glue.get_partition(PartitionValues=given["Values"], **here)["Partition"]
    assert time.time() - found.pop("CreationTime").timestamp() < 60
    assert found == given | here | {"CatalogId": server.root.account}
    assert fault(glue.create_partition, PartitionInput=given, **here) == (
        "AlreadyExistsException",
        "Partition already exists.",
    )
    assert fault(glue.create_partition, PartitionInput=partition("2024"), **here) == (
        "InvalidInputException",
        "The number of partition keys do not match the number of partition values",
    )
    glue.update_partition(PartitionValueList=given["Values"], PartitionInput=partition("2025", "x"), **here)
    missing = ("EntityNotFoundException", "Cannot find partition.")
    assert fault(glue.get_partition, PartitionValues=given["Values"], **here) == missing
    glue.delete_partition(PartitionValues=["2025", "x"], **here)
    assert fault(glue.delete_partition, PartitionValues=["2025", "x"], **here) == missing


def test_batches_fail_entry_by_entry(glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("t", "year:string"))
    here = {"DatabaseName": database, "TableName": "t"}
    shown = lambda answer: [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in answer["Errors"]]
    made = glue.batch_create_partition(PartitionInputList=[partition(y) for y in ("1", "2", "1")], **here)
    assert shown(made) == [(["1"], "AlreadyExistsException")]
    got = glue.batch_get_partition(PartitionsToGet=[{"Values": ["2"]}, {"Values": ["9"]}], **here)
    assert [p["Values"] for p in got["Partitions"]] == [["2"]]
    assert got["UnprocessedKeys"] == [{"Values": ["9"]}]
    entries = [{"PartitionValueList": [y], "PartitionInput": partition(y, Parameters={"n": y})} for y in ("2", "9")]
    errors = glue.batch_update_partition(Entries=entries, **here)["Errors"]
    assert [e["PartitionValueList"] for e in errors] == [["9"]]
    assert glue.get_partition(PartitionValues=["2"], **here)["Partition"]["Parameters"] == {"n": "2"}
    gone = glue.batch_delete_partition(PartitionsToDelete=[{"Values": ["2"]}, {"Values": ["9"]}], **here)
    assert shown(gone) == [(["9"], "EntityNotFoundException")]
    too_many = [{"Values": [str(n)]} for n in range(26)]
    assert fault(glue.batch_delete_partition, PartitionsToDelete=too_many, **here)[0] in (
        "InvalidInputException",
        "ValidationException",
    )


def settled(glue, **here):
    """The indexes of a table, once none is being built or removed."""

    def found():
        indexes = glue.get_partition_indexes(**here)["PartitionIndexDescriptorList"]
        return all(index["IndexStatus"] in ("ACTIVE", "FAILED") for index in indexes) and indexes

    return wait_for(found)


def test_partition_indexes(glue, database):
    glue.create_table(
        DatabaseName=database,
        TableInput=table("t", "year:string", "day:int"),
        PartitionIndexes=[{"IndexName": "by_year", "Keys": ["year"]}],
    )
    here = {"DatabaseName": database, "TableName": "t"}
    add = lambda name, *keys: glue.create_partition_index(PartitionIndex={"IndexName": name, "Keys": keys}, **here)
    add("by_day", "day")
    listed = settled(glue, **here)
    assert [(i["IndexName"], i["Keys"], i["IndexStatus"]) for i in listed] == [
        ("by_year", [{"Name": "year", "Type": "string"}], "ACTIVE"),
        ("by_day", [{"Name": "day", "Type": "int"}], "ACTIVE"),
    ]
    assert fault(glue.create_partition, PartitionInput=partition("1", "x"), **here)[0] == "InvalidInputException"
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        add("by_day", "day")
    add("third", "day", "year")
    settled(glue, **here)
    with pytest.raises(glue.exceptions.ResourceNumberLimitExceededException):
        add("fourth", "year")
    glue.delete_partition_index(IndexName="third", **here)
    settled(glue, **here)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_partition_index(IndexName="third", **here)


# Access.


def arn(account, resource):
    return f"arn:aws:glue:{REGION}:{account}:{resource}"


def test_a_table_needs_its_ancestors(server, glue, database):
    for name in ("open", "closed"):
        glue.create_table(DatabaseName=database, TableInput=table(name))
    mine = [arn(server.root.account, r) for r in ("catalog", f"database/{database}", f"table/{database}/open")]
    reader = server.client("glue", server.user(statement("glue:*", mine)))
    assert reader.get_table(DatabaseName=database, Name="open")["Table"]["Name"] == "open"
    code, text = fault(reader.get_table, DatabaseName=database, Name="closed")
    assert code == "AccessDeniedException"
    closed = arn(server.root.account, f"table/{database}/closed")
    assert f"is not authorized to perform: glue:GetTable on resource: {closed}" in text
    assert fault(reader.get_tables, DatabaseName=database)[0] == "AccessDeniedException"
    assert fault(reader.delete_database, Name=database)[0] == "AccessDeniedException"
    found = reader.search_tables(Filters=[{"Key": "DatabaseName", "Value": database}])["TableList"]
    assert [t["Name"] for t in found] == ["open"]
    orphan = server.client("glue", server.user(statement("glue:*", mine[2:])))
    code, text = fault(orphan.get_table, DatabaseName=database, Name="open")
    assert code == "AccessDeniedException" and f"on resource: {mine[0]}" in text


def test_accounts_and_regions_have_catalogs_of_their_own(server, glue, database):
    other = server.client("glue", server.account())
    assert fault(other.get_database, Name=database)[0] == "EntityNotFoundException"
    assert fault(other.get_database, Name=database, CatalogId=server.root.account)[0] == "AccessDeniedException"
    elsewhere = server.client("glue", region_name="eu-central-1")
    assert fault(elsewhere.get_database, Name=database)[0] == "EntityNotFoundException"


def test_the_catalog_survives_a_kill(own_server):
    own_server.start()
    glue = own_server.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"})
    glue.create_table(DatabaseName="db", TableInput=table("t", "year:string"))
    glue.create_partition(DatabaseName="db", TableName="t", PartitionInput=partition("2024"))
    own_server.kill()
    own_server.start()
    glue = own_server.client("glue")
    assert len(glue.get_partitions(DatabaseName="db", TableName="t")["Partitions"]) == 1


def test_the_command_line_reads_the_catalog(server, glue, database):
    glue.create_table(DatabaseName=database, TableInput=table("t"))
    listed = server.cli("glue", "get-tables", "--database-name", database)
    assert [t["Name"] for t in listed["TableList"]] == ["t"]
