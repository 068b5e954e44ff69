"""Schedules of crawlers through boto3 and the AWS CLI: their states and refusals. When crawls are due is tested with a
clock that can be moved, in `crates/kernel/src/timetable/tests.rs` and `crates/jobs/src/crawler_schedule/tests.rs`."""

import pytest
from botocore.exceptions import ClientError

from pipeline import bucket, glue_role, reads

DAILY = "cron(15 12 * * ? *)"


@pytest.fixture
def glue(server):
    return server.client("glue")


@pytest.fixture
def crawler(server, unique):
    """Makes a crawler: its name."""
    where = bucket(server, {"a/a.csv": b"a,b\n1,2\n"})
    role = glue_role(server, reads(where))

    def make(**more):
        name = unique("crawler")
        targets = {"S3Targets": [{"Path": f"s3://{where}/a/"}]}
        server.client("glue").create_crawler(Name=name, Role=role, DatabaseName=unique("db"), Targets=targets, **more)
        return name

    return make


def refusal(call, **given):
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_schedule_is_stopped_started_changed_and_taken_away(glue, crawler):
    name = crawler(Schedule=DAILY)

    def schedule():
        return glue.get_crawler(Name=name)["Crawler"].get("Schedule")

    assert schedule() == {"ScheduleExpression": DAILY, "State": "SCHEDULED"}
    assert refusal(glue.start_crawler_schedule, CrawlerName=name)[0] == "SchedulerRunningException"
    glue.stop_crawler_schedule(CrawlerName=name)
    assert schedule() == {"ScheduleExpression": DAILY, "State": "NOT_SCHEDULED"}
    assert refusal(glue.stop_crawler_schedule, CrawlerName=name)[0] == "SchedulerNotRunningException"

    # A schedule that is stopped stays so, whatever it says.
    glue.update_crawler_schedule(CrawlerName=name, Schedule="cron(0 8 1 * ? *)")
    assert schedule() == {"ScheduleExpression": "cron(0 8 1 * ? *)", "State": "NOT_SCHEDULED"}
    glue.start_crawler_schedule(CrawlerName=name)
    glue.update_crawler(Name=name, Schedule="cron(0/5 8-17 ? * MON-FRI *)")
    assert schedule() == {"ScheduleExpression": "cron(0/5 8-17 ? * MON-FRI *)", "State": "SCHEDULED"}
    assert glue.get_crawler(Name=name)["Crawler"]["Version"] == 3
    glue.update_crawler(Name=name, Description="no word of a schedule")
    assert schedule()["State"] == "SCHEDULED"

    glue.update_crawler_schedule(CrawlerName=name, Schedule="")
    assert schedule() is None
    glue.delete_crawler(Name=name)


def test_a_crawler_without_a_schedule(glue, crawler):
    name = crawler()
    assert "Schedule" not in glue.get_crawler(Name=name)["Crawler"]
    assert refusal(glue.start_crawler_schedule, CrawlerName=name)[0] == "NoScheduleException"
    assert refusal(glue.stop_crawler_schedule, CrawlerName=name)[0] == "SchedulerNotRunningException"
    glue.update_crawler_schedule(CrawlerName=name, Schedule=DAILY)
    assert glue.get_crawler(Name=name)["Crawler"]["Schedule"]["State"] == "SCHEDULED"


@pytest.mark.parametrize("call", ["start_crawler_schedule", "stop_crawler_schedule", "update_crawler_schedule"])
def test_no_such_crawler(glue, call):
    code, text = refusal(getattr(glue, call), CrawlerName="nobody")
    assert (code, text) == ("EntityNotFoundException", "Crawler with name nobody may not exist.")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("every day", "cron(...)"),
        ("rate(1 hour)", "cron(...)"),
        ("cron(0 0 * * *)", "six fields"),
        ("cron(0 0 * * * *)", "Day-of-week must be ?"),
        ("cron(0 25 * * ? *)", "Hours"),
        ("cron(0/4 * * * ? *)", "every 5 minutes"),
    ],
)
def test_what_is_no_schedule(glue, crawler, expression, said):
    name = crawler(Schedule=DAILY)
    for call, given in [
        (crawler, {"Schedule": expression}),
        (glue.update_crawler, {"Name": name, "Schedule": expression}),
        (glue.update_crawler_schedule, {"CrawlerName": name, "Schedule": expression}),
    ]:
        code, text = refusal(call, **given)
        assert code == "InvalidInputException" and said in text and expression in text
    assert glue.get_crawler(Name=name)["Crawler"]["Schedule"]["ScheduleExpression"] == DAILY


def test_schedules_outlive_the_server(own_server, unique):
    server = own_server.start()
    where = bucket(server, {"a/a.csv": b"a,b\n1,2\n"})
    role = glue_role(server, reads(where))
    targets = f'{{"S3Targets": [{{"Path": "s3://{where}/a/"}}]}}'
    arguments = ["--name", "c", "--role", role, "--targets", targets, "--database-name", "d", "--schedule", DAILY]
    server.cli("glue", "create-crawler", *arguments)
    server.kill()
    server.start()
    found = server.cli("glue", "get-crawler", "--name", "c")["Crawler"]
    assert found["Schedule"] == {"ScheduleExpression": DAILY, "State": "SCHEDULED"}
    server.cli("glue", "stop-crawler-schedule", "--crawler-name", "c")
    assert server.cli("glue", "get-crawler", "--name", "c")["Crawler"]["Schedule"]["State"] == "NOT_SCHEDULED"
