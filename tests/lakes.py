"""What tests of jobs over Iceberg and Delta Lake tables share."""

import datetime
import decimal

import pyarrow
from pyiceberg.catalog.glue import GlueCatalog

import harness
from pipeline import bucket, glue_role, run, writes

# Extremes of every type, and nulls.
EXTREMES = pyarrow.table(
    {
        "id": pyarrow.array([1, 2, 3], pyarrow.int64()),
        "small": pyarrow.array([-(2**31), 2**31 - 1, None], pyarrow.int32()),
        "large": pyarrow.array([-(2**63), 2**63 - 1, None], pyarrow.int64()),
        "part": pyarrow.array([-1.5, 3.4028234663852886e38, None], pyarrow.float32()),
        "whole": pyarrow.array([float("-inf"), 1.7976931348623157e308, None], pyarrow.float64()),
        "yes": pyarrow.array([True, False, None]),
        "text": pyarrow.array(["", "Zoë 漢字 \U0001f600 'x' \"y\"\n", None]),
        "raw": pyarrow.array([b"", bytes(range(256)), None], pyarrow.binary()),
        "day": pyarrow.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
        "at": pyarrow.array(
            [datetime.datetime(1970, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), None],
            pyarrow.timestamp("us", tz="UTC"),
        ),
        "price": pyarrow.array(
            [decimal.Decimal("-9" * 1 + "9" * 27 + "." + "9" * 10), decimal.Decimal("0.0000000001"), None],
            pyarrow.decimal128(38, 10),
        ),
        "tags": pyarrow.array([["a", None], [], None], pyarrow.list_(pyarrow.string())),
        "to": pyarrow.array(
            [{"city": "Rome", "zip": 1}, {"city": None, "zip": None}, None],
            pyarrow.struct([("city", pyarrow.string()), ("zip", pyarrow.int64())]),
        ),
        "more": pyarrow.array(
            [[("k", 1), ("l", None)], [], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())
        ),
    }
)


class Lake:
    """A bucket with a database, and a role that may do everything with both."""

    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.bucket, self.database = bucket(server, stem="lake"), unique("db").replace("-", "_")
        self.glue, self.s3 = server.client("glue"), server.client("s3")
        self.glue.create_database(DatabaseInput={"Name": self.database, "LocationUri": self.url("db")})
        self.role = glue_role(server, writes(self.bucket))

    def url(self, key):
        return f"s3://{self.bucket}/{key}"

    def iceberg(self):
        keys = {
            "access-key-id": self.server.root.access_key_id,
            "secret-access-key": self.server.root.secret_access_key,
            "endpoint": self.server.endpoint,
            "region": harness.REGION,
        }
        properties = {f"{service}.{key}": value for service in ("glue", "s3") for key, value in keys.items()}
        return GlueCatalog("glue", **properties, **{"s3.force-virtual-addressing": "false"})

    @property
    def options(self):
        """How the deltalake package reaches the bucket."""
        return {
            "AWS_ACCESS_KEY_ID": self.server.root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.server.root.secret_access_key,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_REGION": harness.REGION,
            "AWS_ALLOW_HTTP": "true",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
            "AWS_CONDITIONAL_PUT": "etag",
        }

    def put(self, rows, key=None):
        """Writes rows as a Parquet file; the node that reads it."""
        import io

        import pyarrow.parquet

        key, out = key or f"in/{self.unique('in')}/0.parquet", io.BytesIO()
        pyarrow.parquet.write_table(rows, out)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=out.getvalue())
        return {"S3ParquetSource": {"Name": "rows", "Paths": [self.url(key)]}}

    def job(self, nodes, role=None, **more):
        name = self.unique("lake")
        self.glue.create_job(
            Name=name, Role=role or self.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes, **more
        )
        return name

    def run(self, source, target, role=None):
        """Runs a job of a source and a target."""
        [(kind, settings)] = target.items()
        nodes = {"in": source, "out": {kind: {"Name": "out", "Inputs": ["in"]} | settings}}
        return run(self.server, self.job(nodes, role))

    def done(self, source, target, role=None):
        ended = self.run(source, target, role)
        assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")

    def error(self, source, target, role=None):
        ended = self.run(source, target, role)
        assert ended["JobRunState"] == "FAILED"
        return ended["ErrorMessage"]

    def read(self, source):
        """What a source answers, as rows."""
        import io

        import pyarrow.parquet

        folder = self.unique("read")
        self.done(source, {"S3DirectTarget": {"Path": self.url(folder + "/"), "Format": "parquet"}})
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=folder + "/").get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in found]
        tables = [pyarrow.parquet.read_table(io.BytesIO(body)) for body in bodies]
        return ordered(pyarrow.concat_tables(tables, promote_options="permissive").to_pylist() if tables else [])


def ordered(rows):
    """Rows in an order that does not depend on how they were found."""
    return sorted(rows, key=lambda row: repr([(key, str(row[key])) for key in sorted(row)]))


def table(**columns):
    return pyarrow.table(columns)
