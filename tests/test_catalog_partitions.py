"""Partitions through boto3: keys of every type, pages, segments, indexes, and what AWS refuses."""

import datetime
import itertools

import pytest
from botocore.exceptions import ClientError

import harness

KEYS = {"city": "string", "day": "date", "hour": "int", "rate": "decimal(5,2)", "at": "timestamp"}
NULL = "__HIVE_DEFAULT_PARTITION__"
DAYS = [(datetime.date(2024, 2, 27) + datetime.timedelta(days=number)).isoformat() for number in range(4)]
ROWS = [
    [city, day, hour, rate, f"{day} {number % 24:02}:00:00{fraction}"]
    for number, (city, day, hour, (rate, fraction)) in enumerate(
        itertools.product(["Aarhus", "Bern"], DAYS, ["9", "10", "-3", NULL], [("1.50", ""), ("-2", ".5")])
    )
]


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture
def place(glue):
    """A table with keys of five types."""
    database = harness.name("db")
    glue.create_database(DatabaseInput={"Name": database})
    keys = [{"Name": name, "Type": kind} for name, kind in KEYS.items()]
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": keys})
    return {"DatabaseName": database, "TableName": "t"}


@pytest.fixture
def filled(glue, place):
    for start in range(0, len(ROWS), 100):
        batch = [{"Values": row} for row in ROWS[start : start + 100]]
        assert not glue.batch_create_partition(PartitionInputList=batch, **place)["Errors"]
    return place


def pages(glue, place, size, **more):
    """The values of all partitions, a page of this size at a time; no page with a token is empty."""
    found, token = [], {}
    while True:
        page = glue.get_partitions(MaxResults=size, **place, **more, **token)
        assert len(page["Partitions"]) <= size
        found += [partition["Values"] for partition in page["Partitions"]]
        if "NextToken" not in page:
            return found
        assert page["Partitions"]
        token = {"NextToken": page["NextToken"]}


def fault(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    "expression, keep",
    [
        ("hour > 9", lambda v: v[2] == "10"),
        ("hour >= -3 and hour < 10", lambda v: v[2] in ("-3", "9")),
        ("hour in (10, -3) and city = 'Bern'", lambda v: v[2] in ("10", "-3") and v[0] == "Bern"),
        ("hour not in (10)", lambda v: v[2] in ("9", "-3")),
        ("not hour = 10 or hour is null", lambda v: v[2] != "10"),
        ("hour is null", lambda v: v[2] == NULL),
        ("day between '2024-02-28' and '2024-02-29'", lambda v: v[1] in DAYS[1:3]),
        ("day <> '2024-02-29' and rate = 1.5", lambda v: v[1] != DAYS[2] and v[3] == "1.50"),
        ("rate < 0", lambda v: v[3] == "-2"),
        ("city like 'B%' and day > '2024-02-29'", lambda v: v[0] == "Bern" and v[1] == DAYS[3]),
        ("city like '%hus' or rate >= 1.5", lambda v: v[0] == "Aarhus" or v[3] == "1.50"),
        ("city not like 'A%'", lambda v: v[0] == "Bern"),
        (
            "at > '2024-02-28 10:00:00.0' and at <= '2024-02-28 13:00:00.50'",
            lambda v: f"{DAYS[1]} 10:00:00" < v[4] <= f"{DAYS[1]} 13:00:00.5",
        ),
        ("city = 'nowhere'", lambda v: False),
    ],
)
def test_every_type_and_operator_pages_exactly(glue, filled, expression, keep):
    expected = sorted(row for row in ROWS if keep(row))
    for size in (1, 7, 1000):
        if size > 1 or len(expected) < 40:
            assert sorted(pages(glue, filled, size, Expression=expression)) == expected


def test_partitions_come_in_the_order_of_their_types(glue, filled):
    hours = [values[2] for values in pages(glue, filled, 1000) if values[:2] == ["Bern", DAYS[0]] and values[3] == "-2"]
    assert hours == [NULL, "-3", "9", "10"]


def test_segments_of_an_expression_are_disjoint_and_complete(glue, filled):
    found = []
    for number in range(4):
        segment = {"SegmentNumber": number, "TotalSegments": 4}
        found += pages(glue, filled, 3, Expression="hour > 0", Segment=segment)
    assert sorted(found) == sorted(row for row in ROWS if row[2] in ("9", "10"))


def test_what_get_partitions_refuses(glue, filled):
    invalid = "InvalidInputException"
    ask = lambda **more: fault(glue.get_partitions, **filled, **more)
    assert ask(Expression="nokey = 1") == (invalid, "Invalid partition expression!")
    assert ask(Expression="hour = ") == (invalid, "Unsupported expression 'hour = '")
    assert ask(Expression="hour = 'x'") == (invalid, '"x" is not an integer.')
    assert ask(Expression="rate = 'x'") == (invalid, "x is not a decimal.")
    assert ask(Expression="day = '2024-02-30'") == (invalid, "2024-02-30 is not a date.")
    assert ask(Expression="day like '2%'") == (invalid, "Date data type doesn't support operation 'LIKE'")
    assert ask(Segment={"SegmentNumber": 3, "TotalSegments": 3})[0] == invalid
    assert ask(NextToken="none")[0] == invalid
    assert ask(TransactionId="1")[0] == invalid
    assert ask(QueryAsOfTime=datetime.datetime(2024, 1, 1))[0] == invalid
    unfit = {"Values": ["Bern", "someday", "1", "1", f"{DAYS[0]} 00:00:00"]}
    glue.create_partition(PartitionInput=unfit, **filled)
    assert ask(Expression="day > '2024-01-01'") == ("InvalidStateException", "someday is not a date.")


def settled(glue, place):
    def found():
        indexes = glue.get_partition_indexes(**place)["PartitionIndexDescriptorList"]
        busy = [index for index in indexes if index["IndexStatus"] in ("CREATING", "DELETING")]
        return None if busy else (indexes,)

    return harness.wait_for(found)[0]


def test_an_index_fails_over_what_does_not_fit(glue, filled):
    here = {"IndexName": "by_day"}
    bad = ["Bern", "someday", "1", "1", f"{DAYS[0]} 00:00:00"]
    glue.create_partition(PartitionInput={"Values": bad}, **filled)
    glue.create_partition_index(PartitionIndex={"Keys": ["day", "city"], **here}, **filled)
    (index,) = settled(glue, filled)
    assert index["IndexStatus"] == "FAILED"
    assert index["BackfillErrors"] == [
        {"Code": "INVALID_PARTITION_TYPE_DATA_ERROR", "Partitions": [{"Values": bad}]}
    ]
    glue.delete_partition_index(**here, **filled)
    assert settled(glue, filled) == []
    glue.delete_partition(PartitionValues=bad, **filled)
    glue.create_partition_index(PartitionIndex={"Keys": ["day", "city"], **here}, **filled)
    (index,) = settled(glue, filled)
    assert (index["IndexStatus"], "BackfillErrors" in index) == ("ACTIVE", False)
    refused = fault(glue.create_partition, PartitionInput={"Values": bad}, **filled)
    assert refused == ("InvalidInputException", "someday is not a date.")
    (error,) = glue.batch_create_partition(PartitionInputList=[{"Values": bad}], **filled)["Errors"]
    assert error["ErrorDetail"]["ErrorCode"] == "InvalidInputException"
    moved = fault(
        glue.update_partition, PartitionValueList=ROWS[0], PartitionInput={"Values": bad}, **filled
    )
    assert moved == refused


def test_what_indexes_refuse(glue, place):
    def add(*keys):
        return fault(glue.create_partition_index, PartitionIndex={"IndexName": "i", "Keys": list(keys)}, **place)

    assert add("nokey")[0] == "InvalidInputException"
    assert add("day", "day")[0] == "InvalidInputException"
    assert fault(glue.delete_partition_index, IndexName="i", **place)[0] == "EntityNotFoundException"
    assert fault(glue.get_partition_indexes, NextToken="x", **place)[0] == "InvalidInputException"
    nowhere = place | {"TableName": "none"}
    assert fault(glue.get_partition_indexes, **nowhere) == ("EntityNotFoundException", "Table none not found.")
