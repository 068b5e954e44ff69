"""dbt, unchanged: its adapter for Glue works through interactive sessions."""

import csv
import json
import subprocess

import pipeline
from sessions import Session, notebook_python

PROJECT = {"name": "shop", "version": "1.0", "profile": "shop", "model-paths": ["models"]}
MODELS = {
    "airlines": "{{ config(materialized='view') }}\nselect carrier, upper(name) as name from shop.raw",
    "long_names": "{{ config(materialized='table', file_format='parquet') }}\n"
    "select carrier, length(name) as letters from {{ ref('airlines') }} where length(name) > 18",
}


def test_a_dbt_project(server, unique, tmp_path):
    owner = server.account("dbt")
    bucket = pipeline.bucket(server, pipeline.flights(), by=owner)
    role = pipeline.glue_role(server, pipeline.reads(bucket), pipeline.writes(bucket), by=owner)
    glue = server.client("glue", owner)
    glue.create_database(DatabaseInput={"Name": "shop", "LocationUri": f"s3://{bucket}/shop/"})
    session = Session(server, unique("session"), role, by=owner, DefaultArguments={"--enable-glue-datacatalog": "true"})
    session.text(
        f"spark.read.csv('s3://{bucket}/airlines/', header=True).createOrReplaceTempView('csv')\n"
        f"spark.sql(\"create table shop.raw using parquet location 's3://{bucket}/shop/raw' as select * from csv\")"
    )
    target = {
        "type": "glue", "query-comment": "", "role_arn": role, "region": "us-east-1", "workers": 2, "worker_type": "G.1X",
        "glue_version": "5.0", "idle_timeout": 10, "schema": "shop", "location": f"s3://{bucket}/shop/", "threads": 1,
        "session_provisioning_timeout_in_seconds": 60,
    }
    # YAML takes JSON.
    (tmp_path / "dbt_project.yml").write_text(json.dumps(PROJECT))
    (tmp_path / "profiles.yml").write_text(json.dumps({"shop": {"target": "dev", "outputs": {"dev": target}}}))
    (tmp_path / "models").mkdir()
    for name, text in MODELS.items():
        (tmp_path / "models" / f"{name}.sql").write_text(text)

    done = subprocess.run(
        [notebook_python().parent / "dbt", "run", "--project-dir", tmp_path, "--profiles-dir", tmp_path],
        cwd=tmp_path,
        env=server.environment(owner) | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0 and "PASS=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2" in done.stdout, done.stdout + done.stderr
    with (pipeline.FILES / "airlines/airlines.csv").open(newline="") as file:
        wanted = sorted((row["carrier"], len(row["name"])) for row in csv.DictReader(file) if len(row["name"]) > 18)
    found = session.text("[tuple(row) for row in spark.table('shop.long_names').orderBy('carrier').collect()]")
    assert found == repr(wanted)
    session.stop()
    others = [one for one in glue.list_sessions()["Sessions"] if one["Id"] != session.id]
    assert others and all(one["Id"].startswith("dbt-glue") for one in others)
    assert {one["Status"] for one in others} <= {"STOPPING", "STOPPED"}
