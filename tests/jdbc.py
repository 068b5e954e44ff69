"""What tests of jobs on databases share: connections, and jobs that go from one node to another."""

import io
import json

import pyarrow.parquet as pq

from harness import name
from pipeline import bucket, glue_role, keys, reads, run, writes


class Place:
    """A database with a connection of the catalog, a bucket, and a role that may use both."""

    def __init__(self, server, database, properties=None):
        self.server, self.database = server, database
        self.glue = server.client("glue")
        self.connection = self.connect(properties or database.properties())
        self.bucket = bucket(server)
        self.role = glue_role(server, reads(self.bucket), writes(self.bucket))

    @staticmethod
    def unique(stem):
        """A name that no other test has, of letters that SQL takes."""
        return name(stem).replace("-", "_")

    def connect(self, properties):
        connection = self.unique("connection")
        made = {"Name": connection, "ConnectionType": "JDBC", "ConnectionProperties": properties}
        self.glue.create_connection(ConnectionInput=made)
        return connection

    def sql(self, text):
        return self.database.sql(text)

    def rows(self, text):
        """The answer of a query, as rows of text."""
        separator = "|" if self.database.engine == "postgresql" else "\t"
        return [tuple(line.split(separator)) for line in self.sql(text).splitlines()]

    def put(self, rows, key=None):
        """A source node of these rows, which are JSON."""
        key = key or self.unique("rows")
        body = "\n".join(json.dumps(row) for row in rows).encode()
        self.server.client("s3").put_object(Bucket=self.bucket, Key=f"{key}/rows.json", Body=body)
        return {"S3JsonSource": {"Name": "in", "Paths": [f"s3://{self.bucket}/{key}/"]}}

    def connector(self, name="in", **more):
        """A source node of the connection: `ConnectionTable` or `Query`, and `AdditionalOptions`."""
        node = {"Name": name, "ConnectionName": self.connection, "ConnectorName": "own", "ConnectionType": "custom.jdbc"}
        return {"JDBCConnectorSource": node | more}

    def into(self, table, node="in", name="out", **more):
        """A target node of the connection."""
        made = {"Name": name, "Inputs": [node], "ConnectionName": self.connection, "ConnectorName": "own",
                "ConnectionType": "custom.jdbc", "ConnectionTable": table}  # fmt: skip
        return {"JDBCConnectorTarget": made | more}

    def job(self, nodes, role=None, **more):
        job = self.unique("job")
        self.glue.create_job(Name=job, Role=role or self.role, Command={"Name": "glueetl"},
                             CodeGenConfigurationNodes=nodes, **more)  # fmt: skip
        return job

    def run(self, nodes, role=None, timeout=60, **more):
        return run(self.server, self.job(nodes, role), timeout=timeout, **more)

    def done(self, nodes, **more):
        ended = self.run(nodes, **more)
        assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]

    def failure(self, nodes, **more):
        ended = self.run(nodes, **more)
        assert ended["JobRunState"] == "FAILED", ended
        assert self.database.password not in json.dumps(ended, default=str)
        return ended["ErrorMessage"]

    def read(self, source, fmt="json", **more):
        """What a source node answers: rows, or a table of Arrow's if the format is Parquet."""
        folder = self.unique("read")
        target = {"S3DirectTarget": {"Name": "out", "Inputs": ["in"], "Path": f"s3://{self.bucket}/{folder}/", "Format": fmt}}
        self.done({"in": source, "out": target}, **more)
        s3 = self.server.client("s3")
        bodies = [s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys(self.server, self.bucket, f"{folder}/")]
        if fmt == "parquet":
            [body] = bodies
            return pq.read_table(io.BytesIO(body))
        return [json.loads(line) for body in bodies for line in body.decode().splitlines()]
