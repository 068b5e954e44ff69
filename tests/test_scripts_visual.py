"""The script of a visual job: what it says, where it lies, and who may put it there."""

import ast

import botocore.exceptions
import pytest

from harness import statement
from pipeline import bucket, glue_role, reads, run, writes
from test_jobs import csv_source, target


def nodes(**filters):
    return {
        "node-1": csv_source("s3://somewhere/in/"),
        "node-2": {"Filter": {"Name": "Big ones", "Inputs": ["node-1"], "LogicalOperator": "AND", "Filters": [
            {"Operation": "GT", "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["size"]},
                                           {"Type": "CONSTANT", "Value": ["10"]}]}] }},
        "node-3": target(["node-2"], "s3://somewhere/out/"),
    } | filters


def create(server, unique, location, by=None, role=None, **more):
    job = unique("job")
    settings = {"CodeGenConfigurationNodes": nodes()} | more
    server.client("glue", by).create_job(
        Name=job, Role=role or server.role(by=by), Command={"Name": "glueetl", "ScriptLocation": location}, **settings
    )
    return job


def script(server, where, key, by=None):
    return server.client("s3", by).get_object(Bucket=where, Key=key)["Body"].read().decode()


def test_the_script_is_stored_with_the_job(server, unique):
    where = bucket(server)
    job = create(server, unique, f"s3://{where}/scripts/made.py")
    text = script(server, where, "scripts/made.py")
    ast.parse(text)
    assert text.startswith("import sys\n") and text.endswith("\njob.commit()\n")
    assert "# Script generated for node Big ones\nBigones_node2 = Filter.apply(" in text
    found = server.client("glue").get_job(JobName=job)["Job"]
    assert found["Command"]["ScriptLocation"] == f"s3://{where}/scripts/made.py"
    assert found["JobMode"] == "VISUAL" and set(found["CodeGenConfigurationNodes"]) == {"node-1", "node-2", "node-3"}


def test_updates_replace_it_or_leave_it(server, unique):
    where, glue = bucket(server), server.client("glue")
    location = f"s3://{where}/made.py"
    job = create(server, unique, location)
    role = server.role()

    def update(**more):
        settings = {"Role": role, "Command": {"Name": "glueetl", "ScriptLocation": location}} | more
        glue.update_job(JobName=job, JobUpdate=settings)
        return glue.get_job(JobName=job)["Job"].get("CodeGenConfigurationNodes", {})

    small = {name: node for name, node in nodes().items() if name == "node-1"}
    assert set(update(CodeGenConfigurationNodes=small)) == {"node-1"}
    text = script(server, where, "made.py")
    assert "in_node1" in text and "Filter" not in text
    # What somebody has written since stays where the nodes are not given, and the nodes stay too.
    server.client("s3").put_object(Bucket=where, Key="made.py", Body=b"# by hand\n")
    assert set(update()) == {"node-1"}
    assert script(server, where, "made.py") == "# by hand\n"
    # Empty ones remove them: the job is its script alone.
    assert update(CodeGenConfigurationNodes={}) == {}
    assert script(server, where, "made.py") == "# by hand\n"


def test_all_or_nothing(server, unique):
    where, glue = bucket(server), server.client("glue")
    location = f"s3://{where}/made.py"
    job = create(server, unique, location)
    before = script(server, where, "made.py")
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_job(Name=job, Role=server.role(), Command={"Name": "glueetl", "ScriptLocation": location},
                        CodeGenConfigurationNodes={"node-1": csv_source("s3://elsewhere/")})
    assert script(server, where, "made.py") == before
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.update_job(JobName=unique("nobody"), JobUpdate={"CodeGenConfigurationNodes": nodes()})

    wrong = nodes(**{"node-3": target(["node-9"], "s3://somewhere/out/")})
    name = unique("job")
    with pytest.raises(glue.exceptions.InvalidInputException, match="Its input node-9 does not exist"):
        glue.create_job(Name=name, Role=server.role(), CodeGenConfigurationNodes=wrong,
                        Command={"Name": "glueetl", "ScriptLocation": f"s3://{where}/wrong.py"})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job(JobName=name)
    assert [o["Key"] for o in server.client("s3").list_objects_v2(Bucket=where)["Contents"]] == ["made.py"]


def test_the_caller_must_be_allowed_to_write_it(server, unique):
    where, role = bucket(server), server.role()
    make = statement(["glue:CreateJob", "glue:GetJob", "iam:PassRole"])
    user = server.user(make)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create(server, unique, f"s3://{where}/made.py", by=user, role=role)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert f"not authorized to perform: s3:PutObject on resource: arn:aws:s3:::{where}/made.py because" in str(refused.value)
    make["Statement"] += statement("s3:PutObject", f"arn:aws:s3:::{where}/*")["Statement"]
    create(server, unique, f"s3://{where}/made.py", by=server.user(make), role=role)
    assert "Bigones_node2" in script(server, where, "made.py")


def test_places_that_are_none(server, unique):
    glue = server.client("glue")
    # Nothing is kept where there is no bucket, and the job is made all the same.
    job = create(server, unique, "s3://there-is-no-such-bucket/made.py")
    assert glue.get_job(JobName=job)["Job"]["Command"]["ScriptLocation"] == "s3://there-is-no-such-bucket/made.py"
    for location in ("made.py", "s3://bucket/folder/", "https://bucket/made.py"):
        with pytest.raises(glue.exceptions.InvalidInputException, match="names no file in S3"):
            create(server, unique, location)


def test_the_place_that_studio_gives(server, unique):
    by = server.account("studio")
    identity = server.client("sts", by).get_caller_identity()["Account"]
    job = create(server, unique, "", by=by)
    glue = server.client("glue", by)
    assert not glue.get_job(JobName=job)["Job"]["Command"].get("ScriptLocation")
    where = f"aws-glue-assets-{identity}-{glue.meta.region_name}"
    server.client("s3", by).create_bucket(Bucket=where)
    job = create(server, unique, "", by=by)
    found = glue.get_job(JobName=job)["Job"]["Command"]["ScriptLocation"]
    assert found == f"s3://{where}/scripts/{job}.py"
    ast.parse(script(server, where, f"scripts/{job}.py", by))


def test_names_that_want_out_of_their_strings(server, unique):
    where = bucket(server)
    nasty = "x\"\"\"'''\\\"; import os #{}\u202e\u00e9"
    graph = {
        "a": csv_source(f"s3://somewhere/{nasty}/"),
        "b": {"SparkSQL": {"Name": nasty, "Inputs": ["a"], "SqlQuery": f"select '{nasty}' from \"{nasty}\"\\",
                           "SqlAliases": [{"From": "a", "Alias": "t"}]}},
        "c": {"RenameField": {"Name": nasty, "Inputs": ["b"], "SourcePath": [nasty], "TargetPath": [nasty]}},
    }
    create(server, unique, f"s3://{where}/made.py", CodeGenConfigurationNodes=graph)
    tree = ast.parse(script(server, where, "made.py"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert imported == ["sys"]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert texts.count(nasty) == 2


def test_the_job_still_runs(server, unique):
    source, out = bucket(server, {"in/a.csv": b"id,size\n1,5\n2,50\n"}), bucket(server, stem="out")
    role = glue_role(server, reads(source), writes(out))
    graph = {
        "a": csv_source(f"s3://{source}/in/"),
        "o": target(["a"], f"s3://{out}/out/"),
    }
    job = create(server, unique, f"s3://{out}/made.py", role=role, CodeGenConfigurationNodes=graph)
    assert run(server, job)["JobRunState"] == "SUCCEEDED"
