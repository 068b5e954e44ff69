"""`mastic bookmark show`, `diff` and `rewind`, and AWS's command line."""

import json

import pytest

from bookmarks import CONTEXT, DISABLE, Copying, rows
from harness import statement
from plugin_coverage import cover


@pytest.fixture
def copying(server, unique):
    return Copying(server, unique, {"in/a.csv": rows(1), "in/b.csv": rows(2)})


def test_show(server, copying):
    assert f"Job {copying.job} has no bookmark" in server.mastic("bookmark", "show", copying.job).stdout
    first = copying.run()
    copying.put("in/c.csv", rows(3))
    second = copying.run()
    text = server.mastic("bookmark", "show", copying.job, "--files").stdout
    cover("conformance", "mastic", "DescribeJobBookmark")
    cover("conformance", "mastic", "ListJobBookmarkFiles")
    assert f"Job {copying.job}: run 2 of its bookmark, attempt 0, version 2" in text
    [line] = [line for line in text.splitlines() if line.startswith(f"{CONTEXT} ")]
    assert line.split()[1] == "3" and line.split()[-1] == second["Id"][:11]
    for path in ("in/a.csv", "in/b.csv", "in/c.csv"):
        assert f"s3://{copying.source}/{path}" in text
    found = json.loads(server.mastic("bookmark", "show", copying.job, "--files", "--json").stdout)
    [context] = found["Contexts"]
    assert (context["Files"], context["Bytes"], context["TransformationContext"]) == (3, 3 * len(rows(1)), CONTEXT)
    assert context["Columns"] == [{"Name": "id", "Type": "string"}, {"Name": "town", "Type": "string"}]
    assert [(run["Run"], run["RunId"], run["Files"]) for run in found["Runs"]] == [(2, second["Id"], 1), (1, first["Id"], 2)]
    assert {file["Key"]: file["RunId"] for file in found["Files"]} == {
        "in/a.csv": first["Id"], "in/b.csv": first["Id"], "in/c.csv": second["Id"]}
    missing = server.mastic("bookmark", "show", "nobody", check=False)
    assert missing.returncode == 1 and "Job nobody not found." in missing.stderr


def test_diff(server, copying):
    assert "would read 2 files" in server.mastic("bookmark", "diff", copying.job).stdout
    cover("conformance", "mastic", "PlanJobBookmark")
    copying.run()
    assert "would find nothing new" in server.mastic("bookmark", "diff", copying.job).stdout
    copying.put("in/b.csv", rows(2, 5))
    copying.put("in/c.csv", rows(3))
    text = server.mastic("bookmark", "diff", copying.job).stdout
    assert "would read 2 files" in text and f"in ({CONTEXT}): 1 new, 1 rewritten, 1 known" in text
    assert [line.split()[0] for line in text.splitlines() if "s3://" in line] == ["~", "+"]
    [source] = json.loads(server.mastic("bookmark", "diff", copying.job, "--json").stdout)["Sources"]
    assert (source["New"], source["Rewritten"], source["Known"], source["Waiting"]) == (1, 1, 1, 0)
    assert [(file["Change"], file["Path"].rsplit("/", 1)[-1]) for file in source["Some"]] == [
        ("REWRITTEN", "b.csv"), ("NEW", "c.csv")]
    # A plan is no run, and moves nothing.
    assert len(copying.glue.get_job_runs(JobName=copying.job)["JobRuns"]) == 1
    assert copying.reads() == [2, 3, 5]


def test_diff_needs_what_a_run_needs(server, copying):
    arn = f"arn:aws:glue:us-east-1:111122223333:job/{copying.job}"
    may = statement(["glue:GetJobBookmark", "mastic:PlanJobBookmark"])
    refused = server.mastic("bookmark", "diff", copying.job, credentials=server.user(may), check=False)
    assert refused.returncode == 1 and "glue:StartJobRun" in refused.stderr
    # The role lists, not the caller.
    may["Statement"].append(statement("glue:StartJobRun", arn)["Statement"][0])
    assert "2 new" in server.mastic("bookmark", "diff", copying.job, credentials=server.user(may)).stdout
    server.client("iam").delete_role_policy(RoleName=copying.role.rsplit("/", 1)[-1], PolicyName="own")
    refused = server.mastic("bookmark", "diff", copying.job, check=False)
    assert refused.returncode == 1 and "s3:ListBucket" in refused.stderr


def test_rewind(server, copying):
    first = copying.run()["Id"]
    copying.put("in/c.csv", rows(3))
    second = copying.run()["Id"]
    copying.put("in/d.csv", rows(4))
    copying.run()
    assert f"is where run 2 left it ({second})" in server.mastic("bookmark", "rewind", copying.job, "--to", second[:11]).stdout
    assert copying.reads() == [4]
    server.mastic("bookmark", "rewind", copying.job, "--to", "1")
    assert copying.reads() == [3, 4]
    # A run that did not move the bookmark stands for the last one before it that did.
    other = copying.run(DISABLE)["Id"]
    copying.put("in/e.csv", rows(5))
    copying.run()
    entry = json.loads(server.mastic("bookmark", "rewind", copying.job, "--to", other, "--json").stdout)
    assert entry["Run"] == 2 and entry["RunId"] not in (first, second, other)
    assert copying.reads() == [5]
    assert "is at the start" in server.mastic("bookmark", "rewind", copying.job, "--to", "0").stdout
    assert copying.reads() == [1, 2, 3, 4, 5]
    for to, reason in [("7", "has no run of that number"), ("jr_", "several runs begin so")]:
        copying.run()
        unclear = server.mastic("bookmark", "rewind", copying.job, "--to", to, check=False)
        assert unclear.returncode == 1 and reason in unclear.stderr


def test_aws_command_line(server, copying):
    run = copying.run()["Id"]
    entry = server.cli("glue", "get-job-bookmark", "--job-name", copying.job)["JobBookmarkEntry"]
    assert (entry["Run"], entry["RunId"]) == (1, run)
    entry = server.cli("glue", "reset-job-bookmark", "--job-name", copying.job)["JobBookmarkEntry"]
    assert (entry["Run"], entry["Version"]) == (0, 2)
    assert copying.reads() == [1, 2]
