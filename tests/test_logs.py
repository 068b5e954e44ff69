"""CloudWatch Logs through the wire."""

import json
import time

import botocore.exceptions
import pytest

import harness

HOUR = 3_600_000


def millis():
    return int(time.time() * 1000)


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs, unique):
    """A group with the streams `a` and `b`."""
    group = "/tests/" + unique("group")
    logs.create_log_group(logGroupName=group)
    for stream in ("a", "b"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    yield group
    logs.delete_log_group(logGroupName=group)


def put(logs, group, stream, *messages, start=None):
    start = start or millis()
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


# Groups.


def test_a_group_from_creation_to_deletion(logs, unique):
    name = unique("group")
    logs.create_log_group(logGroupName=name, tags={"team": "a"})
    logs.put_retention_policy(logGroupName=name, retentionInDays=30)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = f"arn:aws:logs:{harness.REGION}:111122223333:log-group:{name}"
    assert (group["arn"], group["logGroupArn"]) == (arn + ":*", arn)
    assert (group["retentionInDays"], group["storedBytes"], group["logGroupClass"]) == (30, 0, "STANDARD")
    assert abs(group["creationTime"] - millis()) < 60_000
    logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []


def test_groups_are_listed_page_by_page(logs, unique):
    stem = unique("paged")
    names = [f"{stem}/{n}" for n in range(5)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=stem, PaginationConfig={"PageSize": 2}
    )
    found = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    for name in names:
        logs.delete_log_group(logGroupName=name)


def test_what_groups_and_streams_refuse(logs, group):
    exists, missing = "ResourceAlreadyExistsException", "ResourceNotFoundException"
    no_group = (missing, "The specified log group does not exist.")
    no_stream = (missing, "The specified log stream does not exist.")
    stream = {"logGroupName": group, "logStreamName": "a"}
    event = [{"timestamp": millis(), "message": "x"}]
    for call, arguments, wanted in [
        (logs.create_log_group, {"logGroupName": group}, (exists, "The specified log group already exists")),
        (logs.create_log_stream, stream, (exists, "The specified log stream already exists")),
        (logs.create_log_stream, stream | {"logGroupName": "no"}, no_group),
        (logs.delete_log_group, {"logGroupName": "no"}, no_group),
        (logs.delete_log_stream, stream | {"logStreamName": "no"}, no_stream),
        (logs.describe_log_streams, {"logGroupName": "no"}, no_group),
        (logs.put_retention_policy, {"logGroupName": "no", "retentionInDays": 1}, no_group),
        (logs.put_log_events, {"logGroupName": "no", "logStreamName": "a", "logEvents": event}, no_group),
        (logs.put_log_events, stream | {"logStreamName": "no", "logEvents": event}, no_stream),
        (logs.get_log_events, stream | {"logStreamName": "no"}, no_stream),
        (logs.filter_log_events, {"logGroupName": "no"}, no_group),
    ]:
        assert refusal(call, **arguments) == wanted
    for call, arguments in [
        (logs.create_log_group, {"logGroupName": "white space"}),
        (logs.create_log_group, {"logGroupName": "aws/x"}),
        (logs.create_log_stream, stream | {"logStreamName": "a:b"}),
        (logs.put_retention_policy, {"logGroupName": group, "retentionInDays": 2}),
        (logs.get_log_events, stream | {"nextToken": "nobody's"}),
        (logs.filter_log_events, {"logGroupName": group, "filterPattern": "[ip, user]"}),
        (logs.filter_log_events, {"logGroupName": group, "filterPattern": "{ $.a }"}),
    ]:
        assert refusal(call, **arguments)[0] == "InvalidParameterException"


# Streams and events.


def test_streams_in_the_order_of_names_and_of_events(logs, group):
    now = millis()
    put(logs, group, "a", "later", start=now)
    put(logs, group, "b", "earlier", start=now - 1000)

    def names(**how):
        return [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group, **how)["logStreams"]]

    assert names() == ["a", "b"]
    assert names(descending=True) == ["b", "a"]
    assert names(orderBy="LastEventTime") == ["b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["a", "b"]
    assert names(logStreamNamePrefix="b") == ["b"]
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="a")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now, now)
    assert stream["lastIngestionTime"] >= now and stream["uploadSequenceToken"]


def test_reading_to_the_end_and_waiting_there(logs, group):
    put(logs, group, "a", *(str(n) for n in range(5)))
    page = {"logGroupName": group, "logStreamName": "a", "startFromHead": True, "limit": 2}
    found, token = [], None
    while True:
        answer = logs.get_log_events(**page, **({"nextToken": token} if token else {}))
        found += [event["message"] for event in answer["events"]]
        if answer["nextForwardToken"] == token:
            break
        token = answer["nextForwardToken"]
    assert found == list("01234")
    put(logs, group, "a", "5", start=millis() + 10)
    assert [e["message"] for e in logs.get_log_events(**page, nextToken=token)["events"]] == ["5"]
    tail = logs.get_log_events(logGroupName=group, logStreamName="a", limit=2)
    assert [event["message"] for event in tail["events"]] == ["4", "5"]
    before = logs.get_log_events(**page, nextToken=tail["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == ["2", "3"]


def test_events_out_of_time(logs, group):
    now = millis()
    times = [now - 15 * 24 * HOUR, now, now + 3 * HOUR]
    events = [{"timestamp": at, "message": str(at)} for at in times]
    answer = logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    stream = {"logGroupName": group, "logStreamName": "a"}
    assert [event["timestamp"] for event in logs.get_log_events(**stream)["events"]] == [now]
    backwards = [{"timestamp": now, "message": "x"}, {"timestamp": now - 1, "message": "y"}]
    assert refusal(logs.put_log_events, **stream, logEvents=backwards) == (
        "InvalidParameterException",
        "Log events in a single PutLogEvents request must be in chronological order.",
    )


def test_filtering_over_streams(logs, group):
    now = millis()
    put(logs, group, "a", "ERROR one", "INFO two", start=now - 10)
    put(logs, group, "b", "ERROR three", json.dumps({"level": "WARN", "ms": 12}), start=now - 5)

    def found(**how):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 1}, **how
        )
        return [event["message"].split()[-1] for page in pages for event in page["events"]]

    assert found(endTime=now - 5) == ["one", "two", "three"]
    assert found(filterPattern="ERROR") == ["one", "three"]
    assert found(filterPattern="?one ?two") == ["one", "two"]
    assert found(filterPattern="ERROR -one") == ["three"]
    assert found(filterPattern='"INFO two"') == ["two"]
    assert found(filterPattern='{ $.level = "W*" && $.ms >= 12 }') == ["12}"]
    assert found(logStreamNames=["a"]) == ["one", "two"]
    assert found(logStreamNamePrefix="b", startTime=now - 5, endTime=now - 5) == ["three"]


# Access.


def test_policies_of_groups_and_streams(server, logs, group):
    arn = f"arn:aws:logs:{harness.REGION}:111122223333:log-group:{group}"
    write = harness.statement(["logs:CreateLogStream", "logs:PutLogEvents"], f"{arn}:log-stream:a")
    writer = server.client("logs", server.user(write))
    put(writer, group, "a", "mine")
    event = [{"timestamp": millis(), "message": "x"}]
    code, text = refusal(writer.put_log_events, logGroupName=group, logStreamName="b", logEvents=event)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: logs:PutLogEvents on resource: {arn}:log-stream:b" in text
    assert refusal(writer.describe_log_streams, logGroupName=group)[0] == "AccessDeniedException"
    reader = server.client("logs", server.user(harness.statement("logs:*", f"{arn}:*")))
    assert len(reader.filter_log_events(logGroupName=group)["events"]) == 1
    assert len(reader.describe_log_streams(logGroupName=group)["logStreams"]) == 2
    assert refusal(reader.describe_log_groups)[0] == "AccessDeniedException"


def test_the_command_line_reads_a_stream(server, logs, group):
    put(logs, group, "a", "hello")
    answer = server.cli("logs", "get-log-events", "--log-group-name", group, "--log-stream-name", "a")
    assert [event["message"] for event in answer["events"]] == ["hello"]
