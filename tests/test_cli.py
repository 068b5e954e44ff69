"""The AWS command line over each service, unchanged."""

import json
import time

from harness import statement, trust


def test_sts(server):
    assert server.cli("sts", "get-caller-identity") == {
        "UserId": server.root.account,
        "Account": server.root.account,
        "Arn": server.root.arn,
    }


def test_iam(server, unique):
    user, role = unique("cli-user"), unique("cli-role")
    assert server.cli("iam", "create-user", "--user-name", user)["User"]["UserName"] == user
    assert user in [found["UserName"] for found in server.cli("iam", "list-users")["Users"]]
    document = json.dumps(trust(Service="glue.amazonaws.com"))
    made = server.cli("iam", "create-role", "--role-name", role, "--assume-role-policy-document", document)["Role"]
    assert made["AssumeRolePolicyDocument"] == trust(Service="glue.amazonaws.com")
    server.cli(
        *("iam", "put-role-policy", "--role-name", role, "--policy-name", "p"),
        *("--policy-document", json.dumps(statement("s3:*"))),
    )
    found = server.cli("iam", "get-role-policy", "--role-name", role, "--policy-name", "p")
    assert found["PolicyDocument"] == statement("s3:*")
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    server.cli("iam", "attach-role-policy", "--role-name", role, "--policy-arn", managed)
    attached = server.cli("iam", "list-attached-role-policies", "--role-name", role)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": managed}]


def test_an_error_reads_as_from_aws(server):
    done = server.cli("iam", "get-user", "--user-name", "nobody", check=False)
    assert done.returncode == 255
    assert done.stderr.strip() == (
        "An error occurred (NoSuchEntity) when calling the GetUser operation: "
        "The user with name nobody cannot be found."
    )
    done = server.cli("glue", "get-database", "--name", "nothing", check=False)
    assert "An error occurred (EntityNotFoundException) when calling the GetDatabase operation:" in done.stderr


def test_a_denial_reads_as_from_aws(server):
    user = server.user()
    done = server.cli("glue", "get-databases", credentials=user, check=False)
    assert done.returncode == 255
    assert "An error occurred (AccessDeniedException) when calling the GetDatabases operation:" in done.stderr
    assert f"User: {user.arn} is not authorized to perform: glue:GetDatabases" in done.stderr


def test_s3(server, unique, tmp_path):
    bucket = unique("cli")
    server.cli("s3", "mb", f"s3://{bucket}")
    small, large = tmp_path / "small.txt", tmp_path / "large.bin"
    small.write_text("hello\n")
    # Above 8 MiB the CLI uploads in parts.
    large.write_bytes(bytes(range(256)) * (20 << 12))
    server.cli("s3", "cp", str(small), f"s3://{bucket}/a/small.txt")
    server.cli("s3", "cp", str(large), f"s3://{bucket}/a/large.bin")
    server.cli("s3", "cp", f"s3://{bucket}/a/large.bin", f"s3://{bucket}/copied.bin")
    listed = server.cli("s3", "ls", f"s3://{bucket}", "--recursive")
    assert [line.split()[2:] for line in listed.splitlines()] == [
        [str(large.stat().st_size), "a/large.bin"],
        ["6", "a/small.txt"],
        [str(large.stat().st_size), "copied.bin"],
    ]
    assert "PRE a/" in server.cli("s3", "ls", f"s3://{bucket}")
    back = tmp_path / "back"
    server.cli("s3", "sync", f"s3://{bucket}/a", str(back))
    assert (back / "small.txt").read_text() == "hello\n"
    assert (back / "large.bin").read_bytes() == large.read_bytes()
    assert server.cli("s3api", "head-object", "--bucket", bucket, "--key", "a/small.txt")["ContentLength"] == 6
    link = server.cli("s3", "presign", f"s3://{bucket}/a/small.txt").strip()
    assert server.http("GET", link.removeprefix(server.endpoint)).body == b"hello\n"
    server.cli("s3", "rb", f"s3://{bucket}", "--force")
    assert bucket not in server.cli("s3", "ls")


def test_glue_catalog(server, unique):
    database = unique("cli_db")
    server.cli("glue", "create-database", "--database-input", json.dumps({"Name": database, "Description": "d"}))
    columns = [{"Name": "id", "Type": "bigint"}]
    table = {
        "Name": "t",
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": {"Columns": columns, "Location": "s3://b/t"},
    }
    server.cli("glue", "create-table", "--database-name", database, "--table-input", json.dumps(table))
    inputs = [{"Values": [f"2024-01-{day:02}"], "StorageDescriptor": {"Columns": columns}} for day in range(1, 31)]
    server.cli(
        *("glue", "batch-create-partition", "--database-name", database, "--table-name", "t"),
        *("--partition-input-list", json.dumps(inputs)),
    )
    found = server.cli(
        *("glue", "get-partitions", "--database-name", database, "--table-name", "t"),
        *("--expression", "day between '2024-01-05' and '2024-01-07'", "--page-size", "2"),
        *("--query", "Partitions[].Values[0]"),
    )
    assert sorted(found) == ["2024-01-05", "2024-01-06", "2024-01-07"]
    names = server.cli("glue", "get-tables", "--database-name", database, "--query", "TableList[].Name")
    assert names == ["t"]
    server.cli("glue", "delete-database", "--name", database)


def test_glue_jobs_and_crawlers(server, unique):
    role, job, crawler, bucket = server.role(), unique("cli-job"), unique("cli-crawler"), unique("cli-raw")
    server.cli("s3", "mb", f"s3://{bucket}")
    server.cli(
        *("glue", "create-crawler", "--name", crawler, "--role", role, "--database-name", "default"),
        *("--targets", json.dumps({"S3Targets": [{"Path": f"s3://{bucket}/p"}]})),
    )
    found = server.cli("glue", "get-crawler", "--name", crawler)["Crawler"]
    assert (found["State"], found["Targets"]["S3Targets"][0]["Path"]) == ("READY", f"s3://{bucket}/p")
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/s.py", "PythonVersion": "3"}
    server.cli("glue", "create-job", "--name", job, "--role", role, "--command", json.dumps(command))
    assert server.cli("glue", "get-job", "--job-name", job)["Job"]["Command"] == command
    assert job in server.cli("glue", "list-jobs", "--query", "JobNames")
    server.cli("glue", "delete-job", "--job-name", job)
    server.cli("glue", "delete-crawler", "--name", crawler)


def test_logs(server, unique):
    group = "/tests/" + unique("cli")
    server.cli("logs", "create-log-group", "--log-group-name", group)
    server.cli("logs", "create-log-stream", "--log-group-name", group, "--log-stream-name", "s")
    event = {"timestamp": int(time.time() * 1000), "message": "hello from the command line"}
    server.cli(
        *("logs", "put-log-events", "--log-group-name", group, "--log-stream-name", "s"),
        *("--log-events", json.dumps([event])),
    )
    found = server.cli("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "hello")
    assert [entry["message"] for entry in found["events"]] == [event["message"]]
    server.cli("logs", "delete-log-group", "--log-group-name", group)
