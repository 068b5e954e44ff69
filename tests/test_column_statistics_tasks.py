"""Column statistics that a runner computes: task runs, settings, schedules."""

import gzip
import json

import botocore.exceptions
import pytest

from harness import statement, wait_for
from pipeline import bucket, flights, glue_role, lines, put_policy, reads, rows

TYPES = {"dep_delay": "int", "distance": "double", "carrier": "string", "origin": "string", "time_hour": "timestamp"}
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def fault(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture(scope="module")
def data(server):
    return bucket(server, flights(1, 2))


@pytest.fixture
def table(glue, data, unique):
    """Names a table over the demo's flights of two months."""
    names = {"DatabaseName": unique("db"), "TableName": "flights"}
    glue.create_database(DatabaseInput={"Name": names["DatabaseName"]})
    header = gzip.decompress(flights(1)["flights/month=1/flights.csv.gz"]).splitlines()[0].decode().split(",")
    columns = [{"Name": name, "Type": TYPES.get(name, "string")} for name in header]

    def descriptor(location):
        return {
            "Columns": columns,
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": LAZY, "Parameters": {"field.delim": ","}},
            "Parameters": {"skip.header.line.count": "1"},
        }

    root = f"s3://{data}/flights/"
    given = {
        "Name": "flights",
        "PartitionKeys": [{"Name": "month", "Type": "string"}],
        "StorageDescriptor": descriptor(root),
        "Parameters": {"skip.header.line.count": "1", "classification": "csv"},
    }
    glue.create_table(DatabaseName=names["DatabaseName"], TableInput=given)
    for month in ("1", "2"):
        partition = {"Values": [month], "StorageDescriptor": descriptor(f"{root}month={month}/")}
        glue.create_partition(**names, PartitionInput=partition)
    return names


def ended(glue, run):
    """The run once it has ended."""

    def end():
        found = glue.get_column_statistics_task_run(ColumnStatisticsTaskRunId=run)["ColumnStatisticsTaskRun"]
        return found if found["Status"] in ("SUCCEEDED", "FAILED", "STOPPED") else None

    return wait_for(end, timeout=120, interval=0.1)


def known(glue, table, *columns):
    found = glue.get_column_statistics_for_table(**table, ColumnNames=list(columns))["ColumnStatisticsList"]
    return {one["ColumnName"]: one["StatisticsData"] for one in found}


def test_a_run_measures_the_data(server, glue, data, table):
    role = glue_role(server, reads(data))
    wanted = ["dep_delay", "distance", "carrier", "month"]
    started = glue.start_column_statistics_task_run(**table, Role=role, ColumnNameList=wanted)
    run = started["ColumnStatisticsTaskRunId"]
    done = ended(glue, run)
    assert done["Status"] == "SUCCEEDED", done
    assert done["Role"] == role.split(":role/")[1]
    assert (done["DatabaseName"], done["TableName"]) == (table["DatabaseName"], "flights")
    assert done["EndTime"] >= done["StartTime"] and done["CustomerId"] == server.root.account

    flown = [row for month in (1, 2) for row in rows(month)]
    delays = [int(row["dep_delay"]) for row in flown if row["dep_delay"] not in ("", "NA")]
    found = known(glue, table, *wanted)
    delay = found["dep_delay"]["LongColumnStatisticsData"]
    assert (delay["MinimumValue"], delay["MaximumValue"]) == (min(delays), max(delays))
    assert delay["NumberOfNulls"] == len(flown) - len(delays)
    distinct = len(set(delays))
    assert abs(delay["NumberOfDistinctValues"] - distinct) <= 0.05 * distinct
    distance = found["distance"]["DoubleColumnStatisticsData"]
    assert distance["MaximumValue"] == max(float(row["distance"]) for row in flown)
    carrier = found["carrier"]["StringColumnStatisticsData"]
    carriers = [row["carrier"] for row in flown]
    assert carrier["MaximumLength"] == max(map(len, carriers))
    assert carrier["AverageLength"] == pytest.approx(sum(map(len, carriers)) / len(carriers))
    assert carrier["NumberOfDistinctValues"] == len(set(carriers))
    assert found["month"]["StringColumnStatisticsData"]["NumberOfDistinctValues"] == 2

    told = "\n".join(lines(server, "/aws-glue/column-statistics", f"{table['DatabaseName']}.flights"))
    assert f"[{run}] Looked at {len(flown)} rows" in told
    runs = glue.get_column_statistics_task_runs(**table)["ColumnStatisticsTaskRuns"]
    assert [one["ColumnStatisticsTaskRunId"] for one in runs] == [run]
    everything, more = [], {}
    while True:
        page = glue.list_column_statistics_task_runs(MaxResults=2, **more)
        everything += page["ColumnStatisticsTaskRunIds"]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert run in everything


def test_all_columns_of_a_sample(server, glue, data, table):
    role = glue_role(server, reads(data))
    run = glue.start_column_statistics_task_run(**table, Role=role, SampleSize=10.0)["ColumnStatisticsTaskRunId"]
    done = ended(glue, run)
    assert done["Status"] == "SUCCEEDED", done
    columns = glue.get_table(DatabaseName=table["DatabaseName"], Name="flights")["Table"]["StorageDescriptor"]["Columns"]
    found = known(glue, table, *[column["Name"] for column in columns])
    assert len(found) == len(columns)
    assert "Type" in found["carrier"] and found["time_hour"]["Type"] == "DATE"


def test_what_is_missing_is_told_by_name(server, glue, data, table, unique):
    role = glue_role(server)
    run = glue.start_column_statistics_task_run(**table, Role=role)["ColumnStatisticsTaskRunId"]
    done = ended(glue, run)
    assert done["Status"] == "FAILED" and "s3:" in done["ErrorMessage"], done
    deny = statement("glue:UpdateColumnStatisticsForTable", effect="Deny")["Statement"][0]
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(data), deny]})
    run = glue.start_column_statistics_task_run(**table, Role=role)["ColumnStatisticsTaskRunId"]
    done = ended(glue, run)
    assert done["Status"] == "FAILED" and "glue:UpdateColumnStatisticsForTable" in done["ErrorMessage"], done
    assert known(glue, table, "carrier") == {}
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(data)]})
    run = glue.start_column_statistics_task_run(**table, Role=role, ColumnNameList=["nowhere"])
    done = ended(glue, run["ColumnStatisticsTaskRunId"])
    assert "there is no column `nowhere`" in done["ErrorMessage"]
    runs = glue.get_column_statistics_task_runs(**table, MaxResults=2)
    assert runs["ColumnStatisticsTaskRuns"][0]["ColumnStatisticsTaskRunId"] == run["ColumnStatisticsTaskRunId"]
    rest = glue.get_column_statistics_task_runs(**table, MaxResults=2, NextToken=runs["NextToken"])
    assert len(rest["ColumnStatisticsTaskRuns"]) == 1 and "NextToken" not in rest


def test_one_run_at_a_time_and_its_stop(server, glue, data, table):
    role = glue_role(server, reads(data))
    stop = glue.stop_column_statistics_task_run
    assert fault(stop, **table)[0] == "ColumnStatisticsTaskNotRunningException"
    run = glue.start_column_statistics_task_run(**table, Role=role)["ColumnStatisticsTaskRunId"]
    assert fault(glue.start_column_statistics_task_run, **table, Role=role)[0] == "ColumnStatisticsTaskRunningException"
    stop(**table)
    again = fault(stop, **table)[0]
    assert again in ("ColumnStatisticsTaskStoppingException", "ColumnStatisticsTaskNotRunningException")
    assert ended(glue, run)["Status"] == "STOPPED"
    assert known(glue, table, "carrier") == {}
    assert fault(stop, **table)[0] == "ColumnStatisticsTaskNotRunningException"


def test_what_cannot_be_started(server, glue, table, unique):
    start = glue.start_column_statistics_task_run
    role = glue_role(server)
    nowhere = table | {"TableName": "nowhere"}
    assert fault(start, **nowhere, Role=role)[0] == "EntityNotFoundException"
    assert fault(start, **table, Role=role, SampleSize=0.0)[0] == "InvalidInputException"
    assert fault(start, **table, Role=role, CatalogID="444455556666")[0] == "InvalidInputException"
    assert fault(start, **table, Role=role, SecurityConfiguration="x")[0] == "InvalidInputException"
    assert fault(start, **table, Role="arn:aws:iam::111122223333:role/nobody")[0] == "InvalidInputException"
    missing = fault(glue.get_column_statistics_task_run, ColumnStatisticsTaskRunId="nothing")
    assert missing[0] == "EntityNotFoundException"
    starter = server.user(statement("glue:*"))
    code, text = fault(server.client("glue", starter).start_column_statistics_task_run, **table, Role=role)
    assert code == "AccessDeniedException" and "iam:PassRole" in text


def test_settings_and_their_schedule(server, glue, table):
    role = glue_role(server)
    get = lambda: glue.get_column_statistics_task_settings(**table)["ColumnStatisticsTaskSettings"]
    missing = fault(glue.get_column_statistics_task_settings, **table)
    assert missing[0] == "EntityNotFoundException"
    given = {"Role": role, "Schedule": "cron(15 3 * * ? *)", "ColumnNameList": ["carrier"], "SampleSize": 50.0}
    glue.create_column_statistics_task_settings(**table, **given)
    assert fault(glue.create_column_statistics_task_settings, **table, **given)[0] == "AlreadyExistsException"
    found = get()
    scheduled = {"ScheduleExpression": "cron(15 3 * * ? *)", "State": "SCHEDULED"}
    assert (found["Schedule"], found["ScheduleType"], found["SettingSource"]) == (scheduled, "CRON", "TABLE")
    assert (found["ColumnNameList"], found["SampleSize"]) == (["carrier"], 50.0)
    assert found["Role"] == role.split(":role/")[1]

    glue.stop_column_statistics_task_run_schedule(**table)
    assert get()["Schedule"]["State"] == "NOT_SCHEDULED"
    glue.update_column_statistics_task_settings(**table, Schedule="cron(0 4 * * ? *)", SampleSize=20.0)
    changed = get()
    assert changed["Schedule"] == {"ScheduleExpression": "cron(0 4 * * ? *)", "State": "NOT_SCHEDULED"}
    assert (changed["ColumnNameList"], changed["SampleSize"]) == (["carrier"], 20.0)
    glue.start_column_statistics_task_run_schedule(**table)
    assert get()["Schedule"]["State"] == "SCHEDULED"
    wrong = fault(glue.update_column_statistics_task_settings, **table, Schedule="every day")
    assert wrong[0] == "InvalidInputException"
    glue.update_column_statistics_task_settings(**table, Schedule="")
    assert "Schedule" not in get()
    assert fault(glue.start_column_statistics_task_run_schedule, **table)[0] == "InvalidInputException"
    glue.delete_column_statistics_task_settings(**table)
    for call in (
        glue.delete_column_statistics_task_settings,
        glue.stop_column_statistics_task_run_schedule,
        glue.update_column_statistics_task_settings,
    ):
        assert fault(call, **table)[0] == "EntityNotFoundException"


def test_a_killed_server_ends_its_run(own_server, unique):
    server = own_server.start()
    where = bucket(server, {"t/a.csv": b"1,a\n2,b\n"})
    glue = server.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    columns = [{"Name": "n", "Type": "int"}, {"Name": "t", "Type": "string"}]
    descriptor = {"Columns": columns, "Location": f"s3://{where}/t/", "SerdeInfo": {"SerializationLibrary": LAZY}}
    descriptor["InputFormat"] = "org.apache.hadoop.mapred.TextInputFormat"
    glue.create_table(DatabaseName="d", TableInput={"Name": "t", "StorageDescriptor": descriptor})
    role = glue_role(server, reads(where))
    table = {"DatabaseName": "d", "TableName": "t"}
    run = glue.start_column_statistics_task_run(**table, Role=role)["ColumnStatisticsTaskRunId"]
    server.kill()
    glue = server.restart().client("glue")
    done = ended(glue, run)
    assert done["Status"] == "FAILED" and "The server stopped" in done["ErrorMessage"], json.dumps(done, default=str)
    run = glue.start_column_statistics_task_run(**table, Role=role)["ColumnStatisticsTaskRunId"]
    assert ended(glue, run)["Status"] == "SUCCEEDED"
