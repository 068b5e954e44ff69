"""The corpus of scripts in `scripts/`: runs one as a job and tells how it went."""

import dataclasses
import io
import pathlib
import zipfile

import pyarrow
import pyarrow.parquet

from harness import statement, trust
from pipeline import bucket, flights, glue_role, lines, put_policy, reads, run, writes

HERE = pathlib.Path(__file__).parent / "scripts"


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended, and what it printed."""

    job: str
    run: dict
    output: list
    errors: list

    @property
    def state(self):
        return self.run["JobRunState"]

    @property
    def message(self):
        return self.run.get("ErrorMessage", "")

    def succeeded(self):
        """The lines of its output; it must have gone well."""
        assert self.state == "SUCCEEDED", (self.message, self.errors)
        return self.output


class Corpus:
    """An account with data, a role that may use it, and buckets for scripts and results."""

    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.glue = server.client("glue")
        self.source = bucket(server, flights(1), stem="source")
        self.target, self.scripts = bucket(server, stem="target"), bucket(server, stem="scripts")
        self.secret = bucket(server, {"plans/a": b"PAR1" * 8}, stem="secret")
        self.role = glue_role(server)
        allowed = [reads(self.source, self.scripts), writes(self.target)]
        allowed.append(statement(["glue:*", "sts:AssumeRole"])["Statement"][0])
        put_policy(server, self.role, {"Version": "2012-10-17", "Statement": allowed})

    def upload(self, key, body):
        """Puts a file beside the scripts: its URL."""
        body = body.encode() if isinstance(body, str) else body
        self.server.client("s3").put_object(Bucket=self.scripts, Key=key, Body=body)
        return f"s3://{self.scripts}/{key}"

    def make(self, script, arguments=None, kind="glueetl", **more):
        """Makes a job of a script of the corpus: its name."""
        location = self.upload(f"{script}.py", (HERE / f"{script}.py").read_bytes())
        name = self.unique(script.replace("_", "-"))
        given = {"--source": self.source, "--target": self.target, "--secret": self.secret} | (arguments or {})
        version = {"GlueVersion": "5.0"} if kind != "pythonshell" else {"GlueVersion": "3.0"}
        self.glue.create_job(Name=name, Role=self.role, DefaultArguments=given, **(version | more),
                             Command={"Name": kind, "ScriptLocation": location, "PythonVersion": "3"})
        return name

    def ended(self, job, found):
        """What a run that has ended left."""
        logs = self.server.client("logs")

        def log(which):
            try:
                return lines(self.server, f"{found['LogGroupName']}/{which}", found["Id"])
            except logs.exceptions.ResourceNotFoundException:
                return []

        return Ended(job, found, log("output"), log("error"))

    def run(self, script, arguments=None, kind="glueetl", **more):
        """Runs a script of the corpus to its end."""
        job = self.make(script, arguments, kind, **more)
        # The first run of all makes the Python environment.
        return self.ended(job, run(self.server, job, timeout=300))

    def database(self):
        """A database with a partitioned table `events`: its name."""
        made = self.unique("db").replace("-", "_")
        self.glue.create_database(DatabaseInput={"Name": made})
        content = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2], "what": ["a", "b"]}), content)
        s3, days = self.server.client("s3"), ["2024-01-01", "2024-01-02"]

        def storage(location):
            parquet = "org.apache.hadoop.hive.ql.io.parquet"
            return {
                "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "what", "Type": "string"}],
                "Location": f"s3://{self.target}/{location}/",
                "InputFormat": f"{parquet}.MapredParquetInputFormat",
                "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
            }

        self.glue.create_table(DatabaseName=made, TableInput={
            "Name": "events", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"},
            "PartitionKeys": [{"Name": "day", "Type": "string"}], "StorageDescriptor": storage(f"{made}/events")})
        for day in days:
            key = f"{made}/events/day={day}/a.parquet"
            s3.put_object(Bucket=self.target, Key=key, Body=content.getvalue())
            part = {"Values": [day], "StorageDescriptor": storage(f"{made}/events/day={day}")}
            self.glue.create_partition(DatabaseName=made, TableName="events", PartitionInput=part)
        return made

    def other_account(self):
        """A bucket of another account, and its role that reads it and trusts ours."""
        by = self.server.account()
        theirs = bucket(self.server, {"note.txt": b"from the other side"}, by=by, stem="theirs")
        reader = self.server.role({"Version": "2012-10-17", "Statement": [reads(theirs)]}, trust(AWS=self.role), by=by)
        return theirs, reader


def archive(files):
    """A zip archive of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return content.getvalue()


def wheel(name, version, module):
    """A wheel with one module."""
    info = f"{name}-{version}.dist-info"
    return archive({
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    })
