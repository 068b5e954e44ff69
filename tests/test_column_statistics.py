"""Column statistics of tables and partitions, through the wire."""

import datetime
import decimal

import botocore.exceptions
import pytest

WHEN = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.timezone.utc)
DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
COUNTS = {"NumberOfNulls": 1, "NumberOfDistinctValues": 9}


def number(value):
    """A decimal as the API has it."""
    sign, digits, exponent = decimal.Decimal(value).as_tuple()
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    return {"UnscaledValue": whole.to_bytes(8, "big", signed=True), "Scale": -exponent}


KINDS = {
    "flag": ("boolean", "BOOLEAN", {"NumberOfTrues": 3, "NumberOfFalses": 2, "NumberOfNulls": 1}),
    "day": ("date", "DATE", {"MinimumValue": DAY, "MaximumValue": WHEN} | COUNTS),
    "price": ("decimal(9,2)", "DECIMAL", {"MinimumValue": number("-1.05"), "MaximumValue": number("7.25")} | COUNTS),
    "ratio": ("double", "DOUBLE", {"MinimumValue": -0.5, "MaximumValue": 2.25} | COUNTS),
    "delay": ("bigint", "LONG", {"MinimumValue": -(2**62), "MaximumValue": 2**62} | COUNTS),
    "name": ("string", "STRING", {"MaximumLength": 12, "AverageLength": 4.5} | COUNTS),
    "raw": ("binary", "BINARY", {"MaximumLength": 12, "AverageLength": 4.5, "NumberOfNulls": 1}),
}


def statistics(column, kind=None):
    of, own, data = KINDS[kind or column]
    member = f"{own.title()}ColumnStatisticsData"
    return {
        "ColumnName": column,
        "ColumnType": of,
        "AnalyzedTime": WHEN,
        "StatisticsData": {"Type": own, member: data},
    }


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture
def table(glue, unique):
    """Names a partitioned table with a column of each kind."""
    names = {"DatabaseName": unique("db"), "TableName": "facts"}
    glue.create_database(DatabaseInput={"Name": names["DatabaseName"]})
    glue.create_table(DatabaseName=names["DatabaseName"], TableInput=shaped(KINDS))
    partition = {"Values": ["2026"], "StorageDescriptor": {"Columns": columns(KINDS)}}
    glue.create_partition(**names, PartitionInput=partition)
    return names


def columns(kinds):
    return [{"Name": name, "Type": KINDS[name][0]} for name in kinds]


def shaped(kinds):
    keys = [{"Name": "year", "Type": "string"}]
    return {"Name": "facts", "PartitionKeys": keys, "StorageDescriptor": {"Columns": columns(kinds)}}


PARTITION = {"PartitionValues": ["2026"]}
PLACES = pytest.mark.parametrize(("of", "place"), [("table", {}), ("partition", PARTITION)])


def fault(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


@PLACES
def test_every_kind_is_kept(glue, table, of, place):
    get, update, delete = (getattr(glue, f"{verb}_column_statistics_for_{of}") for verb in ("get", "update", "delete"))
    given = [statistics(column) for column in KINDS]
    assert update(**table, **place, ColumnStatisticsList=given)["Errors"] == []
    found = get(**table, **place, ColumnNames=[*KINDS])
    assert (found["ColumnStatisticsList"], found["Errors"]) == (given, [])
    delete(**table, **place, ColumnName="day")
    found = get(**table, **place, ColumnNames=["day", "Flag"])
    assert found["ColumnStatisticsList"] == given[:1]
    [error] = found["Errors"]
    assert (error["ColumnName"], error["Error"]["ErrorCode"]) == ("day", "EntityNotFoundException")
    assert fault(delete, **table, **place, ColumnName="day")[0] == "EntityNotFoundException"


@PLACES
def test_refused_columns_do_not_hold_the_others_up(glue, table, of, place):
    update = getattr(glue, f"update_column_statistics_for_{of}")
    wrong = statistics("ratio")
    wrong["StatisticsData"]["Type"] = "LONG"
    twofold = statistics("name")
    twofold["StatisticsData"]["BinaryColumnStatisticsData"] = KINDS["raw"][2]
    absent = statistics("nowhere", "delay")
    given = [statistics("flag"), wrong, twofold, absent]
    errors = update(**table, **place, ColumnStatisticsList=given)["Errors"]
    assert [error["ColumnStatistics"] for error in errors] == [wrong, twofold, absent]
    codes = [error["Error"]["ErrorCode"] for error in errors]
    assert codes == ["InvalidInputException", "InvalidInputException", "EntityNotFoundException"]
    get = getattr(glue, f"get_column_statistics_for_{of}")
    found = get(**table, **place, ColumnNames=["flag", "ratio", "name"])
    assert [one["ColumnName"] for one in found["ColumnStatisticsList"]] == ["flag"]
    assert len(found["Errors"]) == 2


@PLACES
def test_limits_and_missing_things(glue, table, of, place):
    get, update = (getattr(glue, f"{verb}_column_statistics_for_{of}") for verb in ("get", "update"))
    many = fault(update, **table, **place, ColumnStatisticsList=[statistics("flag")] * 26)
    assert many[0] == "ValidationException" and "less than or equal to 25" in many[1]
    assert fault(get, **table, **place, ColumnNames=["flag"] * 101)[0] == "ValidationException"
    nowhere = table | {"TableName": "nowhere"}
    assert fault(get, **nowhere, **place, ColumnNames=["flag"]) == (
        "EntityNotFoundException",
        "Table nowhere not found.",
    )


def test_a_partition_must_exist(glue, table):
    call = glue.get_column_statistics_for_partition
    assert fault(call, **table, PartitionValues=["1999"], ColumnNames=["flag"]) == (
        "EntityNotFoundException",
        "Cannot find partition.",
    )
    assert fault(call, **table, PartitionValues=["1", "2"], ColumnNames=["flag"])[0] == "InvalidInputException"


def test_statistics_go_with_what_they_are_of(glue, table):
    given = {"ColumnStatisticsList": [statistics("flag"), statistics("delay")]}
    ask = {"ColumnNames": ["flag", "delay"]}

    def known(**place):
        of = "partition" if place else "table"
        found = getattr(glue, f"get_column_statistics_for_{of}")(**table, **place, **ask)
        return [one["ColumnName"] for one in found["ColumnStatisticsList"]]

    glue.update_column_statistics_for_table(**table, **given)
    glue.update_column_statistics_for_partition(**table, **PARTITION, **given)
    assert known() == known(**PARTITION) == ["flag", "delay"]
    kept = [name for name in KINDS if name != "delay"]
    glue.update_table(DatabaseName=table["DatabaseName"], TableInput=shaped(kept))
    assert (known(), known(**PARTITION)) == (["flag"], ["flag", "delay"])

    partition = {"Values": ["2026"], "StorageDescriptor": {"Columns": columns(KINDS)}}
    glue.delete_partition(**table, **PARTITION)
    glue.create_partition(**table, PartitionInput=partition)
    assert known(**PARTITION) == []

    glue.delete_table(DatabaseName=table["DatabaseName"], Name="facts")
    glue.create_table(DatabaseName=table["DatabaseName"], TableInput=shaped(KINDS))
    assert known() == []
