"""An AWS account for tests: data in, scripts run, data out."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3

from mastic_testing import tables

_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_NUMBERS = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of a job that has ended."""

    state: str
    """`SUCCEEDED`, `FAILED`, `TIMEOUT`, ..."""
    message: str
    """Why it failed; empty if it did not."""
    output: list[str]
    """The lines that it printed."""
    errors: list[str]
    """The lines of its error log."""
    seconds: float
    """How long it took, from its start to its end."""

    def succeeded(self) -> Run:
        """Itself; `AssertionError` with the cause if it did not go well."""
        assert self.state == "SUCCEEDED", "\n".join([f"{self.state}: {self.message}", *self.errors])
        return self


@dataclasses.dataclass(frozen=True)
class Account:
    """An account, as its root user."""

    id: str
    """Twelve digits."""
    access_key_id: str
    secret_access_key: str = dataclasses.field(repr=False)
    endpoint: str
    region: str

    def environment(self) -> dict[str, str]:
        """The variables by which every tool of AWS's finds the account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the root user."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )

    # Data.

    def bucket(self, name: str | None = None, files: Mapping[str, str | bytes] | None = None) -> str:
        """A new bucket with these objects, by key: its name. Names are shared by all accounts of a server."""
        made = name or f"test-{self.id}-{next(_NUMBERS)}"
        s3 = self.client("s3")
        s3.create_bucket(Bucket=made)
        for key, body in (files or {}).items():
            s3.put_object(Bucket=made, Key=key, Body=body)
        return made

    def table(
        self,
        name: str,
        rows: Any,
        location: str | None = None,
        partition_by: Iterable[str] = (),
    ) -> str:
        """A table `database.table` of these rows (dictionaries, a pandas DataFrame or an Arrow table): where its files are.

        The database is made if it is not there; without a location, a bucket is made for the table.
        """
        database, table = name.split(".")
        glue, s3 = self.client("glue"), self.client("s3")
        place = (location or f"s3://{self.bucket()}/{table}/").rstrip("/") + "/"
        bucket, _, folder = place.removeprefix("s3://").partition("/")
        try:
            glue.create_database(DatabaseInput={"Name": database})
        except glue.exceptions.AlreadyExistsException:
            pass
        whole, keys = tables.arrow(rows), list(partition_by)
        types = {key: tables.glue_type(whole.schema.field(key).type) for key in keys}
        plain = whole.drop_columns(keys) if keys else whole
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "parquet"},
                "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in types.items()],
                "StorageDescriptor": tables.storage(plain, place),
            },
        )
        if not keys:
            s3.put_object(Bucket=bucket, Key=f"{folder}part-0.parquet", Body=tables.parquet(whole))
        for values, part in tables.parts(whole, keys) if keys else ():
            below = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
            s3.put_object(Bucket=bucket, Key=f"{folder}{below}/part-0.parquet", Body=tables.parquet(part))
            descriptor = tables.storage(part, f"{place}{below}/")
            glue.create_partition(
                DatabaseName=database,
                TableName=table,
                PartitionInput={"Values": list(values), "StorageDescriptor": descriptor},
            )
        return place

    def rows(self, what: str) -> list[dict[str, Any]]:
        """The rows of a table `database.table`, or of the Parquet, CSV and JSON files below an `s3://` URL."""
        if not what.startswith("s3://"):
            database, table = what.split(".")
            found = self.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
            what = found["StorageDescriptor"]["Location"]
        bucket, _, prefix = what.removeprefix("s3://").partition("/")
        s3, all_rows = self.client("s3"), []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                if entry["Size"] > 0 and not entry["Key"].rsplit("/", 1)[-1].startswith(("_", ".")):
                    body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                    all_rows.extend(tables.rows(entry["Key"], body))
        return all_rows

    # Runs.

    def role(self, *statements: Mapping[str, Any], name: str | None = None) -> str:
        """A role that Glue may assume: its ARN. It may do what the statements allow; everything without any."""
        iam, made = self.client("iam"), name or f"glue-{next(_NUMBERS)}"
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=made, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        allowed = statements or ({"Effect": "Allow", "Action": "*", "Resource": "*"},)
        iam.put_role_policy(RoleName=made, PolicyName="test", PolicyDocument=_document(*allowed))
        return str(arn)

    def job(self, script: str | Path, role: str | None = None, **options: Any) -> str:
        """A job of a local script: its name. `options` are those of CreateJob: `DefaultArguments`, `GlueVersion`, ..."""
        path, glue = Path(script), self.client("glue")
        made = options.pop("Name", None) or f"{path.stem}-{next(_NUMBERS)}"
        bucket = self.bucket(files={f"scripts/{path.name}": path.read_bytes()})
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/scripts/{path.name}", "PythonVersion": "3"}
        wanted = {"Command": command | options.pop("Command", {}), "GlueVersion": "5.0"} | options
        arguments = {"--TempDir": f"s3://{bucket}/temporary/", "--enable-glue-datacatalog": "true"}
        wanted["DefaultArguments"] = arguments | wanted.get("DefaultArguments", {})
        glue.create_job(Name=made, Role=role or self.role(), **wanted)
        return made

    def run(
        self, what: str | Path, arguments: Mapping[str, Any] | None = None, role: str | None = None, **options: Any
    ) -> Run:
        """Runs a job by its name, or a local script (`*.py`), to its end. `arguments` go without their dashes."""
        job = self.job(what, role, **options) if str(what).endswith(".py") else str(what)
        glue, begun = self.client("glue"), time.monotonic()
        given = {f"--{key}": str(value) for key, value in (arguments or {}).items()}
        run_id = glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]
        while True:
            run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            if run["JobRunState"] in _ENDED:
                break
            time.sleep(0.05)
        group = run["LogGroupName"]
        return Run(
            state=run["JobRunState"],
            message=run.get("ErrorMessage", ""),
            output=self._lines(f"{group}/output", run_id),
            errors=self._lines(f"{group}/error", run_id),
            seconds=time.monotonic() - begun,
        )

    def _lines(self, group: str, stream: str) -> list[str]:
        logs = self.client("logs")
        try:
            found = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found]


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
