"""What `mastic preflight` says before a run, tried: a role that has just what it names does the run, and nothing of
the run is denied."""

import json
import os
import pathlib
import re
import subprocess

import botocore.exceptions
import pytest

from harness import statement, tool, trust
from pipeline import bucket, crawl, flights, run
from plugin_coverage import cover

CSV = b"id,city\n1,Bonn\n2,Ulm\n3,Bonn\n"
TRUST = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}


def csv_source(*paths, name="in"):
    return {"S3CsvSource": {"Name": name, "Paths": list(paths), "Separator": "comma", "QuoteChar": "quote",
                            "WithHeader": True}}


def target(path, fmt="csv", **more):
    return {"S3DirectTarget": {"Name": "out", "Inputs": ["in"], "Path": path, "Format": fmt} | more}


def job(server, unique, role, source, out, **more):
    name = unique("job")
    server.client("glue").create_job(
        Name=name, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes={"in": source, "out": out}, **more
    )
    return name


def preflight(server, *arguments, credentials=None):
    """The answer, and whether the command says that all is well."""
    done = server.mastic("preflight", "--json", *arguments, credentials=credentials, check=False)
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    cover("conformance", "mastic", "Preflight")
    told = json.loads(done.stdout)
    assert (done.returncode == 0) == told["Ready"]
    return told


def shell(server, command, credentials=None):
    """Runs a command as it was printed."""
    beside = str(pathlib.Path(tool("aws")).parent)
    environment = server.environment(credentials)
    environment["PATH"] = beside + os.pathsep + environment["PATH"]
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, command + done.stderr


def patched(server, *arguments):
    """Applies what preflight says, and says it again: nothing is missing any more."""
    told = preflight(server, *arguments)
    assert not told["Ready"] and not told["Barriers"]
    for patch in told["Patches"]:
        shell(server, patch["Command"])
    after = preflight(server, *arguments)
    assert after["Ready"], after["Text"]
    assert [p["Allowed"] for p in after["Permissions"]] == [True] * len(after["Permissions"])
    return told


def nothing_denied(server, run_id):
    told = server.mastic("explain", "--run", run_id, check=False)
    assert told.returncode == 1 and "was denied" in told.stderr, told.stdout


def succeeds(server, name):
    """Runs a job whose role has nothing but what preflight named."""
    done = run(server, name)
    assert done["JobRunState"] == "SUCCEEDED", done
    nothing_denied(server, done["Id"])


def pairs(told):
    return {(p["Action"], p["Resource"].split(":", 5)[5]) for p in told["Permissions"]}


@pytest.fixture
def places(server):
    return bucket(server, {"in/a.csv": CSV, "in/b.csv": CSV}), bucket(server, stem="out")


@pytest.mark.parametrize("path", ["in/", "in", "in/a.csv", "in/*.csv", ""])
def test_files_to_files(server, unique, places, path):
    source, out = places
    role = server.role()
    name = job(server, unique, role, csv_source(f"s3://{source}/{path}"), target(f"s3://{out}/made/"))
    told = patched(server, "--job", name)
    [patch] = told["Patches"]
    assert (patch["Type"], patch["AttachedTo"]) == ("identity-based policy", role)
    read = {"in": "in/*", "in/": "in/*", "in/a.csv": "in/a.csv", "in/*.csv": "in/*", "": "*"}[path]
    assert ("s3:GetObject", f"{source}/{read}") in pairs(told)
    assert ("s3:PutObject", f"{out}/made/*") in pairs(told)
    # Nothing broader: neither another folder nor another action on the bucket.
    assert not any(r.startswith(out) and r != f"{out}/made/*" for _, r in pairs(told))
    succeeds(server, name)


def test_the_table_reads_well(server, unique, places):
    source, out = places
    name = job(server, unique, server.role(), csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))
    done = server.mastic("preflight", "--job", name, check=False)
    assert done.returncode == 1 and "missing permissions: " in done.stderr
    assert re.search(rf"^  missing  s3:GetObject +arn:aws:s3:::{source}/in/\* +source `in`$", done.stdout, re.M)
    assert re.search(r"^  ok       sts:AssumeRole .* Glue assumes the role$", done.stdout, re.M)
    # The commands are there to be pasted.
    [command] = re.findall(r"^ *(aws iam put-role-policy .*?\}')$", done.stdout, re.M | re.S)
    shell(server, command)
    assert "nothing is missing" in server.mastic("preflight", "--job", name).stdout
    succeeds(server, name)


def test_tables_to_tables(server, unique):
    source, out = bucket(server, flights(1, 2)), bucket(server, stem="out")
    glue, database = server.client("glue"), unique("db")
    crawler = unique("crawler")
    targets = {"S3Targets": [{"Path": f"s3://{source}/flights/"}]}
    glue.create_crawler(Name=crawler, Role=server.role(), DatabaseName=database, Targets=targets)
    # The database is not there yet.
    told = patched(server, "--crawler", crawler)
    assert ("glue:CreateDatabase", f"database/{database}") in pairs(told)
    for _ in range(2):
        last = crawl(server, crawler)
        assert last["Status"] == "SUCCEEDED", last
        nothing_denied(server, last["MessagePrefix"])

    source = {"S3CatalogSource": {"Name": "in", "Database": database, "Table": "flights",
                                  "PartitionPredicate": "(month == '1')"}}
    policy = {"EnableUpdateCatalog": True, "UpdateBehavior": "UPDATE_IN_DATABASE", "Database": database,
              "Table": "by_month"}
    made = target(f"s3://{out}/by_month/", "parquet", PartitionKeys=[["month"]], SchemaChangePolicy=policy)
    name = job(server, unique, server.role(), source, made)
    told = patched(server, "--job", name)
    assert ("glue:GetPartitions", f"table/{database}/flights") in pairs(told)
    assert ("glue:CreateTable", f"table/{database}/by_month") in pairs(told)
    for _ in range(2):
        succeeds(server, name)

    # Into a table that is there.
    source = {"CatalogSource": {"Name": "in", "Database": database, "Table": "by_month"}}
    into = {"S3CatalogTarget": {"Name": "out", "Inputs": ["in"], "Database": database, "Table": "by_month",
                                "PartitionKeys": [["month"]],
                                "SchemaChangePolicy": {"EnableUpdateCatalog": True, "UpdateBehavior": "LOG"}}}
    name = job(server, unique, server.role(), source, into)
    told = patched(server, "--job", name)
    assert ("s3:PutObject", f"{out}/by_month/*") in pairs(told)
    succeeds(server, name)


def test_a_crawler_with_a_prefix_deletes_what_is_gone(server, unique):
    where = bucket(server, {"in/a/x.csv": CSV, "in/b/y.json": b'{"k":1}\n'})
    glue, database, crawler = server.client("glue"), unique("db"), unique("crawler")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_crawler(
        Name=crawler, Role=server.role(), DatabaseName=database, TablePrefix="raw_",
        Targets={"S3Targets": [{"Path": f"s3://{where}/in/a"}, {"Path": f"s3://{where}/in/b/"}]},
        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"},
    )
    told = patched(server, "--crawler", crawler)
    assert ("glue:DeleteTable", f"table/{database}/raw_*") in pairs(told)
    assert "glue:CreateDatabase" not in {action for action, _ in pairs(told)}
    for _ in range(2):
        last = crawl(server, crawler)
        assert last["Status"] == "SUCCEEDED", last
        nothing_denied(server, last["MessagePrefix"])
        server.client("s3").delete_object(Bucket=where, Key="in/b/y.json")
    assert [t["Name"] for t in glue.get_tables(DatabaseName=database)["TableList"]] == ["raw_a"]


def test_another_account_s_bucket_and_a_role_that_glue_may_not_assume(server, unique):
    other = server.account("storage")
    source, out = bucket(server, {"in/a.csv": CSV}, by=other), bucket(server, stem="out")
    admitted = {"Principal": {"AWS": server.root.account}, "Sid": "Keep"}
    keep = statement("s3:GetBucketTagging", f"arn:aws:s3:::{source}", **admitted)
    server.client("s3", other).put_bucket_policy(Bucket=source, Policy=json.dumps(keep))
    role = server.role()
    name = job(server, unique, role, csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))
    nobody = {"Version": "2012-10-17", "Statement": [{**TRUST, "Effect": "Deny"}]}
    iam = server.client("iam")
    iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyDocument=json.dumps(nobody))
    told = preflight(server, "--job", name)
    [barrier] = told["Barriers"]
    assert barrier["Type"] == "role trust policy" and barrier["Number"] == 1
    # A deny elsewhere says nothing about the role: without it the trust is missing.
    away = trust(Service="ec2.amazonaws.com")
    iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyDocument=json.dumps(away))

    failed = run(server, name)
    assert failed["JobRunState"] == "FAILED" and "no role trust policy allows" in failed["ErrorMessage"], failed
    explained = server.mastic("explain", "--run", failed["Id"]).stdout
    assert "aws iam update-assume-role-policy" in explained and "glue.amazonaws.com" in explained

    told = preflight(server, "--job", name)
    by = {patch["Type"]: patch for patch in told["Patches"]}
    assert set(by) == {"identity-based policy", "resource-based policy", "role trust policy"}
    assert by["resource-based policy"]["Account"] == other.account
    # What the other account's policy says is not for us: only what is to be added.
    assert "Command" not in by["resource-based policy"] and "Keep" not in json.dumps(told)
    for kind in ("identity-based policy", "role trust policy"):
        shell(server, by[kind]["Command"])
    trusted = iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    assert "ec2.amazonaws.com" in json.dumps(trusted)
    added = [json.loads(text) for text in by["resource-based policy"]["Statements"]]
    keep["Statement"] += added
    assert {s["Principal"]["AWS"] for s in added} == {role}
    server.client("s3", other).put_bucket_policy(Bucket=source, Policy=json.dumps(keep))
    assert preflight(server, "--job", name)["Ready"]
    succeeds(server, name)


def test_scripts_and_temporary_directories_are_thought_of(server, unique, places):
    source, out = places
    name = unique("job")
    server.client("glue").create_job(
        Name=name, Role=server.role(), Command={"Name": "glueetl", "ScriptLocation": f"s3://{out}/scripts/x.py"},
        DefaultArguments={"--TempDir": f"s3://{out}/temporary/"},
        CodeGenConfigurationNodes={"in": csv_source(f"s3://{source}/in/"), "out": target(f"s3://{out}/made/")},
    )
    told = patched(server, "--job", name)
    assert ("s3:GetObject", f"{out}/scripts/x.py") in pairs(told)
    assert ("s3:DeleteObject", f"{out}/temporary/*") in pairs(told)
    succeeds(server, name)


def test_a_session_policy_and_another_role_are_taken_into_account(server, unique, places, tmp_path):
    source, out = places
    everything = server.role(statement("*"))
    name = job(server, unique, server.role(), csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))
    assert preflight(server, "--job", name, "--role", everything.rsplit("/", 1)[-1])["Ready"]
    (tmp_path / "narrow.json").write_text(json.dumps(statement("s3:*")))
    told = preflight(
        server, "--job", name, "--role", everything, "--session-policy", str(tmp_path / "narrow.json")
    )
    missing = {p["Action"].split(":")[0] for p in told["Permissions"] if not p["Allowed"]}
    assert missing == {"logs"} and told["Patches"][0]["Type"] == "session policy"
    refused = server.mastic("preflight", "--job", name, "--role", "nobody", check=False)
    assert refused.returncode == 1 and "There is no role nobody." in refused.stderr


def test_who_may_ask(server, unique, places):
    source, out = places
    role = server.role()
    name = job(server, unique, role, csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))

    def ask(*actions):
        user = server.user(statement(list(actions)))
        return server.mastic("preflight", "--job", name, credentials=user, check=False)

    assert "mastic:Preflight" in ask("glue:GetJob").stderr
    assert "glue:GetJob" in ask("mastic:Preflight").stderr
    assert "iam:SimulatePrincipalPolicy" in ask("mastic:Preflight", "glue:GetJob").stderr
    allowed = ask("mastic:Preflight", "glue:GetJob", "iam:SimulatePrincipalPolicy")
    # The one who asks cannot pass the role.
    assert re.search(r"^  missing  iam:PassRole", allowed.stdout, re.M), allowed.stdout + allowed.stderr
    for members in ({}, {"JobName": name, "CrawlerName": name}):
        refused = server.call("mastic", "Mastic.Preflight", members)
        assert (refused.status, refused.code) == (400, "InvalidInputException")
    unknown = server.mastic("preflight", "--crawler", "nothing", check=False)
    assert unknown.returncode == 1 and "nothing" in unknown.stderr


def test_nothing_is_changed(server, unique, places):
    source, out = places
    name = job(server, unique, server.role(), csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))
    before = server.client("glue").get_job(JobName=name)["Job"]
    preflight(server, "--job", name)
    assert server.client("glue").get_job(JobName=name)["Job"] == before
    with pytest.raises(botocore.exceptions.ClientError):
        server.client("s3").head_object(Bucket=out, Key="made/")


def test_what_is_only_asked_is_no_use_of_it(server, unique, places):
    source, out = places
    role = server.role(statement(["s3:*", "logs:*"]))
    name = job(server, unique, role, csv_source(f"s3://{source}/in/"), target(f"s3://{out}/made/"))
    asks = ["mastic:Preflight", "glue:GetJob", "iam:SimulatePrincipalPolicy", "iam:PassRole"]
    user = server.user(statement(asks))
    assert preflight(server, "--job", name, credentials=user)["Ready"]
    iam = server.client("iam")

    def used(arn):
        report = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
        told = iam.get_service_last_accessed_details(JobId=report)["ServicesLastAccessed"]
        return {a["ActionName"] for service in told for a in service["TrackedActionsLastAccessed"]}

    assert used(role) == set()
    assert used(user.arn) == {"Preflight", "GetJob", "SimulatePrincipalPolicy"}
    succeeds(server, name)
    assert "PutObject" in used(role)
