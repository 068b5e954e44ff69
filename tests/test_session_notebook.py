"""A notebook with Amazon's own Jupyter kernel for Glue, unchanged: `aws-glue-sessions`."""

import json
import os
import pathlib
import subprocess

import pytest

import pipeline
from sessions import notebook_python

HERE = pathlib.Path(__file__).parent
KERNEL = "aws_glue_interactive_sessions_kernel/glue_pyspark"


@pytest.fixture
def jupyter(server, tmp_path):
    """Runs a notebook: the text that each of its code cells printed, by how the cell begins."""
    python = notebook_python()
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    )
    kernels = tmp_path / "jupyter" / "kernels"
    kernels.mkdir(parents=True)
    (kernels / "glue_pyspark").symlink_to(pathlib.Path(found.stdout.strip()) / KERNEL)

    def run(notebook, who, role):
        # The kernel asks AWS_ENDPOINT_URL only where it is given a profile.
        profile = tmp_path / "credentials"
        profile.write_text(
            f"[default]\naws_access_key_id = {who.access_key_id}\naws_secret_access_key = {who.secret_access_key}\n"
        )
        environment = server.environment(who) | {
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "AWS_SHARED_CREDENTIALS_FILE": str(profile),
            "JUPYTER_PATH": str(tmp_path / "jupyter"),
            "JUPYTER_DATA_DIR": str(tmp_path / "data"),
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "glue_profile": "default",
            "glue_iam_role": role,
        }
        done = subprocess.run(
            [python, HERE / "notebook_runner.py", HERE / "notebooks" / notebook],
            env=environment, capture_output=True, text=True, timeout=300,
        )
        assert done.returncode == 0, done.stderr
        cells = json.loads(done.stdout)
        return {cell["source"].split("\n")[0]: "".join(output.get("text", "") for output in cell["outputs"]) for cell in cells}

    return run


def test_a_notebook(server, jupyter):
    owner = server.account("notebook")
    _, _, rows = (pipeline.FILES / "airlines/airlines.csv").read_bytes().partition(b"\n")
    bucket = pipeline.bucket(server, {"airlines/airlines.csv": rows}, by=owner)
    role = pipeline.glue_role(server, pipeline.reads(bucket), by=owner)
    glue = server.client("glue", owner)
    glue.create_database(DatabaseInput={"Name": "notebook"})
    glue.create_table(DatabaseName="notebook", TableInput={
        "Name": "airlines",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "csv"},
        "StorageDescriptor": {
            "Columns": [{"Name": "carrier", "Type": "string"}, {"Name": "name", "Type": "string"}],
            "Location": f"s3://{bucket}/airlines/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                          "Parameters": {"separatorChar": ","}},
        },
    })

    said = jupyter("airlines.ipynb", owner, role)
    made = said["import sys"]
    session = glue.list_sessions(Tags={"team": "notebooks"})["Sessions"][0]
    assert f"Session {session['Id']} has been created." in made and made.endswith("\n4\n"), made
    assert said["1 + 1"] == "2\n"
    assert "|9E     |Endeavor Air Inc.     |" in said["airlines = spark.table('notebook.airlines')"], said
    frame = said["frame = glueContext.create_dynamic_frame.from_catalog(database='notebook', table_name='airlines')"]
    assert frame == "root\n|-- carrier: string\n|-- name: string\n\n3\n", frame
    assert "|      16|" in said["%%sql"]
    assert said["from pyspark.sql.functions import udf"] == "[Row(loud='AMERICAN AIRLINES INC.!')]\n"
    assert said["import boto3"] == "['airlines']\n"
    gone = said["spark.table('notebook.gone').show()"]
    assert gone.startswith("AnalysisException: ") and "gone" in gone
    assert "Status: READY" in said["%status"] and f"Role: {role}" in said["%status"]
    assert session["Id"] in said["%list_sessions"]
    # Leaving the notebook stops the session.
    assert session["Status"] in ("STOPPING", "STOPPED")
    assert (session["NumberOfWorkers"], session["IdleTimeout"], session["GlueVersion"]) == (2, 60, "5.0")
    owner_tag = glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:{owner.account}:session/{session['Id']}")["Tags"]
    assert owner_tag == {"team": "notebooks", "owner": owner.account}
