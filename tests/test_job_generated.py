"""Generated visual jobs: random nodes over awkward data, each answer beside DuckDB's over the same data."""

import datetime
import decimal
import io
import math
import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import bucket, ended, glue_role, keys, reads, writes

JOBS = 60
SEED = 20161
SCHEMA = pa.schema([
    ("id", pa.int64()), ("i", pa.int32()), ("l", pa.int64()), ("d", pa.float64()), ("m", pa.decimal128(18, 4)),
    ("s", pa.string()), ("b", pa.bool_()), ("day", pa.date32()), ("at", pa.timestamp("us")),
])
TEXTS = ["", " ", "a", "A", "ä", "ß", "日本語", "🦆🦆", "e\u0301", "null", "12", "-7", "x\ty", "'quoted'", '"', "\\",
         "NULL"]
VALUES = {
    "id": list(range(12)),
    "i": [0, 1, -1, 7, 2**31 - 1, -(2**31)],
    "l": [0, 1, -1, 2**62, 2**63 - 1, -(2**63)],
    "d": [0.0, 1.5, -2.25, 1e308, -1e308, 5e-324, 0.1],
    "m": [decimal.Decimal(text) for text in ("0", "1.5", "-0.0001", "99999999999999.9999", "-99999999999999.9999")],
    "s": TEXTS,
    "b": [True, False],
    "day": [datetime.date(1, 1, 1), datetime.date(1970, 1, 1), datetime.date(2000, 2, 29), datetime.date(9999, 12, 31)],
    "at": [datetime.datetime(1, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
           datetime.datetime(2024, 2, 29, 12, 30), datetime.datetime(9999, 12, 31, 23, 59, 59)],
}
TYPES = {"id": "bigint", "i": "int", "l": "bigint", "d": "double", "m": "decimal(18,4)", "s": "string", "b": "boolean",
         "day": "date", "at": "timestamp"}
CONSTANTS = {"bigint": ["0", "5", "-1"], "int": ["0", "7", "-1"], "string": ["a", "ä", "12", ""], "double": ["0.1", "1.5"],
             "date": ["1970-01-01", "2000-02-29"], "boolean": ["true"], "decimal(18,4)": ["1.5", "0"],
             "timestamp": ["2024-02-29 12:30:00"]}
OPERATORS = {"EQ": "=", "LT": "<", "GT": ">", "LTE": "<=", "GTE": ">="}


def table(rng, rows):
    def value(column):
        return None if rng.random() < 0.2 else rng.choice(VALUES[column])

    records = [{column: value(column) for column in SCHEMA.names} for _ in range(rows)]
    return pa.Table.from_pylist(records, schema=SCHEMA)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Job:
    """Nodes, and the same in SQL: each step is a view of DuckDB's."""

    def __init__(self, rng, number, source):
        self.rng, self.number = rng, number
        self.nodes = {side: {"S3ParquetSource": {"Name": side, "Paths": [f"s3://{source}/{side}/"]}} for side in "ab"}
        self.views = []
        self.at, self.columns = "a", dict(TYPES)

    def step(self, kind, query, columns, inputs=None, **settings):
        node = f"n{len(self.nodes)}"
        self.nodes[node] = {kind: {"Name": node, "Inputs": inputs or [self.at]} | settings}
        self.views.append((node, query))
        self.at, self.columns = node, columns

    def listed(self, columns=None):
        return ", ".join(quoted(column) for column in (columns or self.columns))

    def some(self, least=1):
        names = list(self.columns)
        chosen = set(self.rng.sample(names, self.rng.randint(min(least, len(names)), len(names))))
        return [name for name in names if name in chosen]

    def condition(self):
        """A filter expression, and what it is in SQL."""
        rng = self.rng
        column = rng.choice(list(self.columns))
        negated = rng.random() < 0.3
        extracted = {"Type": "COLUMNEXTRACTED", "Value": [column]}
        if rng.random() < 0.2:
            sql = f"{quoted(column)} IS {'NOT ' if negated else ''}NULL"
            return {"Operation": "ISNULL", "Negated": negated, "Values": [extracted]}, sql
        operation = rng.choice(list(OPERATORS))
        constant = rng.choice(CONSTANTS[self.columns[column]])
        of = {"string": "varchar"}.get(self.columns[column], self.columns[column])
        compared = f"{quoted(column)} {OPERATORS[operation]} '{constant}'::{of}"
        if negated:
            compared = f"{quoted(column)} IS DISTINCT FROM '{constant}'::{of}" if operation == "EQ" else f"NOT ({compared})"
        values = [extracted, {"Type": "CONSTANT", "Value": [constant]}]
        return {"Operation": operation, "Negated": negated, "Values": values}, compared

    def conditions(self):
        made = [self.condition() for _ in range(self.rng.randint(1, 3))]
        operator = self.rng.choice(["AND", "OR"])
        return operator, [node for node, _ in made], f" {operator} ".join(f"({sql})" for _, sql in made)

    def filter(self):
        operator, filters, sql = self.conditions()
        query = f"SELECT * FROM {self.at} WHERE {sql}"
        self.step("Filter", query, self.columns, LogicalOperator=operator, Filters=filters)

    def route(self):
        operator, filters, sql = self.conditions()
        group = {"GroupName": "g", "LogicalOperator": operator, "Filters": filters}
        index = self.rng.randint(0, 1)
        rows = f"({sql})" if index == 0 else f"({sql}) IS NOT TRUE"
        query, columns = f"SELECT * FROM {self.at} WHERE {rows}", self.columns
        self.step("Route", f"SELECT * FROM {self.at}", columns, GroupFiltersList=[group])
        self.step("SelectFromCollection", query, columns, Index=index)

    def split(self):
        chosen = self.some()
        if len(chosen) == len(self.columns):
            return
        index = self.rng.randint(0, 1)
        kept = [name for name in self.columns if (name in chosen) == (index == 0)]
        query, columns = f"SELECT {self.listed(kept)} FROM {self.at}", {name: self.columns[name] for name in kept}
        self.step("SplitFields", f"SELECT * FROM {self.at}", columns, Paths=[[name] for name in chosen])
        self.step("SelectFromCollection", query, columns, Index=index)

    def select(self):
        kept = self.some(2)
        query = f"SELECT {self.listed(kept)} FROM {self.at}"
        self.step("SelectFields", query, {name: self.columns[name] for name in kept}, Paths=[[name] for name in kept])

    def drop(self):
        dropped = self.rng.choice(list(self.columns))
        kept = [name for name in self.columns if name != dropped]
        if kept:
            query = f"SELECT {self.listed(kept)} FROM {self.at}"
            self.step("DropFields", query, {name: self.columns[name] for name in kept}, Paths=[[dropped]])

    def rename(self):
        old = self.rng.choice(list(self.columns))
        new = f"r{len(self.nodes)}"
        items = ", ".join(f"{quoted(c)} AS {quoted(new)}" if c == old else quoted(c) for c in self.columns)
        columns = {new if name == old else name: of for name, of in self.columns.items()}
        self.step("RenameField", f"SELECT {items} FROM {self.at}", columns, SourcePath=[old], TargetPath=[new])

    def mapping(self):
        casts = {"int": ["bigint", "string", "int"], "bigint": ["string", "bigint"], "date": ["string", "date"],
                 "boolean": ["string", "boolean"], "string": ["string"], "double": ["double"]}
        mappings, items, columns = [], [], {}
        for name in self.some(2):
            old = self.columns[name]
            new = self.rng.choice(casts.get(old, [old]))
            target = f"{name}_{len(self.nodes)}"
            mappings.append({"FromPath": [name], "FromType": old, "ToKey": target, "ToType": new})
            items.append(f"{quoted(name)}::{'varchar' if new == 'string' else new} AS {quoted(target)}")
            columns[target] = new
        query = f"SELECT {', '.join(items)} FROM {self.at}"
        self.step("ApplyMapping", query, columns, Mapping=mappings)

    def distinct(self):
        self.step("DropDuplicates", f"SELECT DISTINCT * FROM {self.at}", self.columns)

    def union(self):
        if self.columns != TYPES:
            return
        kind = self.rng.choice(["ALL", "DISTINCT"])
        query = f"SELECT * FROM {self.at} UNION {'ALL ' if kind == 'ALL' else ''}SELECT * FROM b"
        self.step("Union", query, self.columns, [self.at, "b"], UnionType=kind)

    def merge(self):
        if self.columns != TYPES:
            return
        query = f"SELECT * FROM {self.at} l WHERE NOT EXISTS (SELECT 1 FROM b r WHERE r.id = l.id) UNION ALL SELECT * FROM b"
        self.step("Merge", query, self.columns, [self.at, "b"], Source=self.at, PrimaryKeys=[["id"]])

    def join(self):
        if "id" not in self.columns or self.columns["id"] != "bigint" or any(c.startswith("right_") for c in self.columns):
            return
        how = self.rng.choice(["equijoin", "left", "right", "outer", "leftsemi", "leftanti"])
        words = {"equijoin": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "outer": "FULL JOIN",
                 "leftsemi": "SEMI JOIN", "leftanti": "ANTI JOIN"}[how]
        items, columns = [f"l.{quoted(c)}" for c in self.columns], dict(self.columns)
        if how not in ("leftsemi", "leftanti"):
            for name, of in TYPES.items():
                new = f"right_{name}" if name in self.columns else name
                items.append(f"r.{quoted(name)} AS {quoted(new)}")
                columns[new] = of
        query = f"SELECT {', '.join(items)} FROM {self.at} l {words} b r ON l.id = r.id"
        on = [{"From": side, "Keys": [["id"]]} for side in (self.at, "b")]
        self.step("Join", query, columns, [self.at, "b"], JoinType=how, Columns=on)

    def aggregate(self):
        groups = self.rng.sample(list(self.columns), min(len(self.columns), self.rng.randint(1, 2)))
        aggs, items, columns = [], [quoted(c) for c in groups], {c: self.columns[c] for c in groups}
        for name, of in self.columns.items():
            functions = ["count", "countDistinct", "min", "max"]
            if of == "int":
                functions += ["sum", "avg", "stddev_pop"]
            if name in groups or of == "boolean":
                functions = ["count"]
            function = self.rng.choice(functions)
            made = f"count(DISTINCT {name})" if function == "countDistinct" else f"{function}({name})"
            call = f"count(DISTINCT {quoted(name)})" if function == "countDistinct" else f"{function}({quoted(name)})"
            items.append(f"{call} AS {quoted(made)}")
            columns[made] = {"min": of, "max": of, "avg": "double", "stddev_pop": "double"}.get(function, "bigint")
            aggs.append({"Column": [name], "AggFunc": function})
        query = f"SELECT {', '.join(items)} FROM {self.at} GROUP BY {self.listed(groups)}"
        self.step("Aggregate", query, columns, Groups=[[c] for c in groups], Aggs=aggs)

    def sql(self):
        kept = self.some()
        whole = [c for c in self.columns if self.columns[c] == "int"]
        spark, duck = [f"`{c}`" for c in kept], [quoted(c) for c in kept]
        columns = {c: self.columns[c] for c in kept}
        if whole:
            column, new = self.rng.choice(whole), f"q{len(self.nodes)}"
            spark.append(f"coalesce(cast(`{column}` as bigint) * 2 + 1, -1) AS `{new}`")
            duck.append(f"coalesce({quoted(column)}::bigint * 2 + 1, -1) AS {quoted(new)}")
            columns[new] = "bigint"
        query = f"SELECT {', '.join(spark)} FROM T ORDER BY 1"
        self.step("SparkSQL", f"SELECT {', '.join(duck)} FROM {self.at}", columns, SqlQuery=query,
                  SqlAliases=[{"From": self.at, "Alias": "t"}])

    def finish(self, out):
        self.nodes["out"] = {"S3GlueParquetTarget": {
            "Name": "out", "Inputs": [self.at], "Path": f"s3://{out}/{self.number}/"}}
        return self


def generate(number, source, out):
    rng = random.Random(SEED + number)
    job = Job(rng, number, source)
    early = [job.union, job.merge, job.join, job.filter, job.select, job.mapping]
    late = [job.filter, job.route, job.split, job.select, job.drop, job.rename, job.mapping, job.distinct, job.sql,
            job.aggregate, job.join]
    rng.choice(early)()
    for _ in range(rng.randint(2, 5)):
        rng.choice(late)()
    return job.finish(out)


def normal(value):
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return float(f"{value:.8g}") + 0.0
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    return value


def rows(table):
    found = [tuple(normal(value) for value in row.values()) for row in table.to_pylist()]
    return sorted(found, key=repr)


def answer(server, out, number):
    tables = []
    for key in keys(server, out, f"{number}/"):
        body = server.client("s3").get_object(Bucket=out, Key=key)["Body"].read()
        tables.append(pq.read_table(io.BytesIO(body)))
    return [row for table in tables for row in rows(table)], tables[0].column_names if tables else None


def expected(job, tables):
    duck = duckdb.connect()
    for side, table in tables.items():
        duck.register(side, table)
    for node, query in job.views:
        duck.execute(f"CREATE VIEW {node} AS {query}")
    return duck.sql(f"SELECT * FROM {job.at}").to_arrow_table()


@pytest.fixture(scope="module")
def data():
    rng = random.Random(SEED)
    return {"a": table(rng, 60), "b": table(rng, 40)}


def test_generated_jobs_answer_as_duckdb(server, unique, data):
    files = {}
    for side, table_ in data.items():
        sink = io.BytesIO()
        pq.write_table(table_, sink, row_group_size=25)
        files[f"{side}/{side}.parquet"] = sink.getvalue()
    source, out = bucket(server, files), bucket(server, stem="out")
    role, glue = glue_role(server, reads(source), writes(out)), server.client("glue")
    jobs, runs = [generate(number, source, out) for number in range(JOBS)], []
    for job in jobs:
        name = unique("generated")
        glue.create_job(Name=name, Role=role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=job.nodes)
        runs.append((name, glue.start_job_run(JobName=name)["JobRunId"]))
    wrong = []
    for job, (name, run) in zip(jobs, runs):
        done = ended(server, name, run, timeout=240)
        told = f"job {job.number}: " + " | ".join(f"{node} = {query}" for node, query in job.views)
        if done["JobRunState"] != "SUCCEEDED":
            wrong.append(f"{told}: {done.get('ErrorMessage')}")
            continue
        want = expected(job, data)
        found, columns = answer(server, out, job.number)
        if sorted(found, key=repr) != rows(want):
            differ = [pair for pair in zip(sorted(found, key=repr), rows(want)) if pair[0] != pair[1]]
            wrong.append(f"{told}: {len(found)} rows, not {want.num_rows}: {differ[:2]}")
        elif columns is not None and columns != want.column_names:
            wrong.append(f"{told}: columns {columns}, not {want.column_names}")
    assert not wrong, f"{len(wrong)} of {JOBS}:\n" + "\n".join(wrong)
