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


def delete_on_read(table, positions=(), equal=None):
    """Commits delete files to an Iceberg table, as engines do that merge on read: rows of the table's one data file by their
    positions, and rows that have the values of `equal` in its columns."""
    import io

    import pyarrow.parquet
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestEntry
    from pyiceberg.manifest import ManifestEntryStatus, ManifestWriterV2, write_manifest_list
    from pyiceberg.table.snapshots import Operation, Snapshot, Summary
    from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate
    from pyiceberg.typedef import Record

    class Deletes(ManifestWriterV2):
        def content(self):
            return ManifestContent.DELETES

        @property
        def _meta(self):
            return super()._meta | {"content": "deletes"}

    def rows(columns):
        fields = [pyarrow.field(name, of, False, {"PARQUET:field_id": str(id)}) for name, of, id, _ in columns]
        return pyarrow.table([pyarrow.array(values, of) for _, of, _, values in columns], pyarrow.schema(fields))

    [held] = table.inspect.data_files().to_pylist()
    content = []
    if positions:
        paths = [held["file_path"]] * len(positions)
        columns = [("file_path", pyarrow.string(), 2147483546, paths), ("pos", pyarrow.int64(), 2147483545, list(positions))]
        content.append((DataFileContent.POSITION_DELETES, rows(columns), None))
    if equal:
        fields = {name: table.schema().find_field(name).field_id for name in equal}
        columns = [(name, pyarrow.array(values).type, fields[name], values) for name, values in equal.items()]
        content.append((DataFileContent.EQUALITY_DELETES, rows(columns), list(fields.values())))
    before, number = table.current_snapshot(), table.metadata.last_sequence_number + 1
    snapshot_id, folder = before.snapshot_id + 1, table.location()
    files = []
    for at, (kind, deleted, ids) in enumerate(content):
        out, path = io.BytesIO(), f"{folder}/data/delete-{snapshot_id}-{at}.parquet"
        pyarrow.parquet.write_table(deleted, out)
        with table.io.new_output(path).create() as file:
            file.write(out.getvalue())
        files.append(DataFile.from_args(
            content=kind, file_path=path, file_format=FileFormat.PARQUET, partition=Record(), record_count=deleted.num_rows,
            file_size_in_bytes=len(out.getvalue()), equality_ids=ids))
    output = table.io.new_output(f"{folder}/metadata/deletes-{snapshot_id}.avro")
    with Deletes(table.spec(), table.schema(), output, snapshot_id, "null") as writer:
        for file in files:
            writer.add_entry(ManifestEntry.from_args(
                status=ManifestEntryStatus.ADDED, snapshot_id=snapshot_id, sequence_number=None, data_file=file))
    deleting = writer.to_manifest_file()
    listing = f"{folder}/metadata/snap-{snapshot_id}.avro"
    with write_manifest_list(2, table.io.new_output(listing), snapshot_id, before.snapshot_id, number, "null") as writer:
        writer.add_manifests([*before.manifests(table.io), deleting])
    made = Snapshot(
        snapshot_id=snapshot_id, parent_snapshot_id=before.snapshot_id, sequence_number=number, manifest_list=listing,
        summary=Summary(Operation.DELETE, **{"total-delete-files": str(len(files)), "total-records": "5"}),
        schema_id=table.schema().schema_id)
    with table.transaction() as transaction:
        transaction._apply((
            AddSnapshotUpdate(snapshot=made),
            SetSnapshotRefUpdate(**{"ref-name": "main", "type": "branch", "snapshot-id": snapshot_id})))
