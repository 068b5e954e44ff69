"""What sources make of files that are not as they should be: gaps, records that cannot be read, types that disagree."""

import bz2
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import name
from pipeline import bucket, flights, glue_role, keys, reads, rows, run, writes


@pytest.fixture(scope="module")
def place(server):
    """A bucket, a role that may use it and the catalog, and a database."""
    source = bucket(server, flights("1"))
    catalog = {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}
    database = name("reading").replace("-", "_")
    server.client("glue").create_database(DatabaseInput={"Name": database})
    return source, glue_role(server, reads(source), writes(source), catalog), database


@pytest.fixture
def work(server, unique, place):
    """Puts files under a new folder, runs a job over it and answers the rows of its one target."""
    return Work(server, unique, place)


class Work:
    def __init__(self, server, unique, place):
        self.server, self.unique, self.s3, self.glue = server, unique, server.client("s3"), server.client("glue")
        (self.bucket, self.role, self.database), self.out, self.errors = place, unique("out"), unique("errors")

    def put(self, files):
        folder = self.unique("in")
        for key, body in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"{folder}/{key}", Body=body)
        return f"s3://{self.bucket}/{folder}/"

    def table(self, columns, location, serde="", parameters=None):
        table = self.unique("table").replace("-", "_")
        self.glue.create_table(DatabaseName=self.database, TableInput={
            "Name": table, "Parameters": parameters or {}, "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in columns], "Location": location,
                "SerdeInfo": {"Parameters": parameters or {}} | ({"SerializationLibrary": serde} if serde else {})}})
        return {"S3CatalogSource": {"Name": "in", "Database": self.database, "Table": table}}

    def run(self, nodes, **arguments):
        """The nodes with a JSON target on the last of them."""
        job, last = self.unique("reading"), list(nodes)[-1]
        target = {"Name": "out", "Inputs": [last], "Path": f"s3://{self.bucket}/{self.out}/", "Format": "json"}
        self.glue.create_job(
            Name=job, Role=self.role, Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes | {"t": {"S3DirectTarget": target}},
            DefaultArguments={f"--{key.replace('_', '-')}": value for key, value in arguments.items()})
        return run(self.server, job)

    def lines(self, folder):
        found = [self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys(self.server, self.bucket, f"{folder}/")]
        return [json.loads(line) for body in found for line in body.decode().splitlines()]

    def rows(self, nodes, **arguments):
        ended = self.run(nodes, **arguments)
        assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]
        return self.lines(self.out)

    def fails(self, nodes, **arguments):
        ended = self.run(nodes, **arguments)
        assert ended["JobRunState"] == "FAILED"
        assert self.lines(self.out) == []
        return ended["ErrorMessage"]


def csv(path, columns=None, **more):
    node = {"Name": "in", "Paths": [path], "Separator": "comma", "QuoteChar": "quote", "WithHeader": True} | more
    if columns:
        node["OutputSchemas"] = [{"Columns": [{"Name": name, "Type": of} for name, of in columns]}]
    return {"in": {"S3CsvSource": node}}


def jsons(path, columns=None, **more):
    node = {"Name": "in", "Paths": [path]} | more
    if columns:
        node["OutputSchemas"] = [{"Columns": [{"Name": name, "Type": of} for name, of in columns]}]
    return {"in": {"S3JsonSource": node}}


def test_gaps_of_the_flights(work):
    delays = [row["arr_delay"] or "NA" for row in rows(1)]
    path = work.put({"f.csv": "\n".join(["n,arr_delay", *(f"{n},{delay}" for n, delay in enumerate(delays))]).encode()})
    gaps = delays.count("NA")
    query = "select count(*) n, count(arr_delay) known, sum(cast(arr_delay as int)) total from t"
    sql = {"q": {"SparkSQL": {"Name": "q", "Inputs": ["in"], "SqlQuery": query, "SqlAliases": [{"From": "in", "Alias": "t"}]}}}
    [found] = work.rows(csv(path) | sql, null_values="NA")
    assert gaps and (found["n"], found["known"]) == (len(delays), len(delays) - gaps)
    assert found["total"] == sum(int(delay) for delay in delays if delay != "NA")
    # Without the argument they are text like any other, as for Glue's reader; a cast makes them null.
    work.out = work.unique("again")
    [plain] = work.rows(csv(path) | sql)
    assert (plain["n"], plain["known"], plain["total"]) == (found["n"], found["n"], found["total"])


def test_quotes_escapes_and_lines(work):
    text = "a,b\n«x,y«,say «hi»\n«two\nlines«,«a «« b«\n".encode()
    found = work.rows(csv(work.put({"q.csv": text}), QuoteChar="quillemet", Multiline=True))
    assert sorted(row["a"] + "/" + row["b"] for row in found) == ["two\nlines/a « b", "x,y/say «hi»"]
    work.out = work.unique("escaped")
    found = work.rows(csv(work.put({"e.csv": b"skipped\na\\,b\\tc|d\\\\\n"}), QuoteChar="disabled", WithHeader=False,
                          Separator="pipe", Escaper="\\", SkipFirst=True, OptimizePerformance=True))
    assert found == [{"col0": "a,b\tc", "col1": "d\\"}]


@pytest.mark.parametrize("compression,pack", [("gzip", gzip.compress), ("bzip2", bz2.compress)])
def test_compressions_that_names_do_not_tell(work, compression, pack):
    path = work.put({"data": pack(b"a,b\n1,2\n")})
    assert work.rows(csv(path, CompressionType=compression)) == [{"a": "1", "b": "2"}]
    work.out = work.unique("json")
    path = work.put({"data": pack(b'{"x": [{"a": 1},\n {"a": 2}]}')})
    assert work.rows(jsons(path, CompressionType=compression, JsonPath="$.x[*]", Multiline=True)) == [{"a": 1}, {"a": 2}]


def told(work, path):
    """The error rows: line, reason, record."""
    found = work.lines(work.errors)
    assert {row["node"] for row in found} <= {"in"} and all(row["file"].startswith(path) for row in found)
    return sorted((row["line"], row["reason"], row["record"]) for row in found)


def test_error_rows_of_csv(work):
    path = work.put({"c.csv": b'n,word\n1,a\nx,b\n2\n3,"open\n4,d,more\n,e\n'})
    schema = [("n", "int"), ("word", "string")]
    folder = f"s3://{work.bucket}/{work.errors}/"
    found = work.rows(csv(path, schema), error_rows=folder)
    assert found == [{"n": 1, "word": "a"}, {"word": "e"}]
    assert told(work, path) == [
        (3, "column `n`: `x` is no int", "x,b"), (4, "it has 1 fields instead of 2", "2"),
        (5, "a quote is not closed", '3,"open'), (6, "it has 3 fields instead of 2", "4,d,more")]
    # Without the argument what does not fit is null, as on AWS.
    work.out = work.unique("plain")
    assert len(work.rows(csv(path, schema))) == 6
    work.out, work.errors = work.unique("few"), work.unique("none")
    message = work.fails(csv(path, schema), error_rows=f"s3://{work.bucket}/{work.errors}/", error_threshold="2")
    assert "c.csv" in message and "more than 2 records of the run cannot be read" in message
    assert work.lines(work.errors) == []


def test_error_rows_of_a_large_file(work):
    lines = [f"{n},word {n}" if n % 50_000 else "broken" for n in range(1, 400_001)]
    path = work.put({"c.csv": ("n,word\n" + "\n".join(lines)).encode(), "d.csv.gz": gzip.compress(b"n,word\n1,x\nbroken\n")})
    query = {"q": {"SparkSQL": {"Name": "q", "Inputs": ["in"], "SqlQuery": "select count(*) n from t",
                                "SqlAliases": [{"From": "in", "Alias": "t"}]}}}
    assert work.rows(csv(path) | query, error_rows=f"s3://{work.bucket}/{work.errors}/") == [{"n": 400_000 - 8 + 1}]
    assert [row[0] for row in told(work, path)] == [3] + [n + 1 for n in range(50_000, 400_001, 50_000)]


def test_error_rows_of_json(work):
    path = work.put({"j.json": b'{"a": 1}\n{oops\n5\n\n{"a": "x"}\n{"a": 2}\n'})
    folder = f"s3://{work.bucket}/{work.errors}/"
    assert work.rows(jsons(path, [("a", "bigint")]), error_rows=folder) == [{"a": 1}, {"a": 2}]
    assert [row[0] for row in told(work, path)] == [2, 3, 5]
    assert [row[1] for row in told(work, path)][1:] == ["it is not an object", 'column `a`: `"x"` is no bigint']
    work.out, work.errors = work.unique("inferred"), work.unique("errors")
    path = work.put({"j.json": b'{"a": 1}\n{oops\n{"a": 2}\n'})
    assert work.rows(jsons(path), error_rows=f"s3://{work.bucket}/{work.errors}/") == [{"a": 1}, {"a": 2}]
    work.out = work.unique("failed")
    message = work.fails(jsons(path))
    assert "j.json" in message and "record 2" in message


XML = """<orders><order id="1"><item>a</item><item>b</item><to zip="5"><city>Rome &amp; more</city></to></order>
<order id="x"><to><city>Oslo</city></to></order>
<order id="3"><item>c</order>
<order id="4"><item>d</item></order></orders>"""
COLUMNS = [("_id", "int"), ("item", "array<string>"), ("to", "struct<_zip:int,city:string>")]


def test_xml(work):
    path = work.put({"o.xml": XML.encode(), "p.xml.gz": gzip.compress(b"<orders><order id='9'><item>z</item></order></orders>")})
    source = {"in": work.table(COLUMNS, path, parameters={"rowTag": "order", "classification": "orders"})}
    message = work.fails(source)
    assert "o.xml" in message and "record 3" in message
    found = work.rows(source, error_rows=f"s3://{work.bucket}/{work.errors}/")
    assert sorted(found, key=lambda row: row["_id"]) == [
        {"_id": 1, "item": ["a", "b"], "to": {"_zip": 5, "city": "Rome & more"}}, {"_id": 4, "item": ["d"]},
        {"_id": 9, "item": ["z"]}]
    assert [row[0] for row in told(work, path)] == [2, 3]


def test_xml_that_was_crawled(work):
    path = work.put({"o.xml": XML.replace("<item>c</order>", "</order>").encode()})
    name = work.unique("crawled").replace("-", "_")
    work.glue.create_classifier(XMLClassifier={"Name": name, "Classification": name, "RowTag": "order"})
    work.glue.create_crawler(Name=name, Role=work.role, DatabaseName=work.database, Classifiers=[name],
                             TablePrefix=f"{name}_", Targets={"S3Targets": [{"Path": path}]})
    from pipeline import crawl
    ended = crawl(work.server, name)
    assert ended["Status"] == "SUCCEEDED", ended
    [table] = [t["Name"] for t in work.glue.get_tables(DatabaseName=work.database)["TableList"] if t["Name"].startswith(name)]
    found = work.rows({"in": {"CatalogSource": {"Name": "in", "Database": work.database, "Table": table}}})
    assert sorted(row["_id"] for row in found) == ["1", "3", "4", "x"]
    assert [row["to"]["city"] for row in found if "to" in row] == ["Rome & more", "Oslo"]


def test_choices(work):
    path = work.put({"a.json": b'{"id": 1, "v": 5}\n{"id": 2, "v": "six"}\n', "b.json": b'{"id": 3, "v": {"w": 7}}\n'})
    found = work.rows(jsons(path))
    assert sorted(found, key=lambda row: row["id"]) == [
        {"id": 1, "v": {"long": 5}}, {"id": 2, "v": {"string": "six"}}, {"id": 3, "v": {"struct": {"w": 7}}}]

    def mapped(of):
        work.out = work.unique("mapped")
        mapping = [{"FromPath": ["id"], "ToKey": "id", "ToType": "int"}, {"FromPath": ["v"], "FromType": "choice", "ToKey": "v", "ToType": of}]
        found = work.rows(jsons(path) | {"m": {"ApplyMapping": {"Name": "m", "Inputs": ["in"], "Mapping": mapping}}})
        return [row.get("v") for row in sorted(found, key=lambda row: row["id"])]

    assert mapped("int") == [5, None, None]
    assert mapped("string") == ["5", "six", None]

    def resolved(*parameters):
        work.out = work.unique("resolved")
        given = [{"Name": name, "Type": "list", "ListType": "str", "Value": value} for name, value in parameters]
        node = {"Name": "r", "TransformName": "resolveChoice", "FunctionName": "resolveChoice", "Inputs": ["in"],
                "Path": "s3://x/resolveChoice.py", "Parameters": given}
        return sorted(work.rows(jsons(path) | {"r": {"DynamicTransform": node}}), key=lambda row: row["id"])

    assert resolved(("choice", ["make_cols"]))[:2] == [{"id": 1, "v_long": 5}, {"id": 2, "v_string": "six"}]
    assert resolved(("specs", ["v,cast:double", "id,cast:string"]))[:2] == [{"id": "1", "v": 5.0}, {"id": "2"}]
    assert resolved(("choice", ["project:string"]))[1] == {"id": 2, "v": "six"}


def parquet(**columns):
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


def test_parquet_files_that_disagree(work):
    path = work.put({
        "a.parquet": parquet(id=pa.array([1], pa.int32()), v=pa.array([5], pa.int32()), only=["x"]),
        "b.parquet": parquet(v=pa.array([6], pa.int64()), id=pa.array([2], pa.int64())),
        "c.parquet": parquet(id=pa.array([3], pa.int64()), v=["seven"]),
        "d.parquet": parquet(id=pa.array([4], pa.int64()), v=pa.array([8.5]))})
    source = {"in": {"S3ParquetSource": {"Name": "in", "Paths": [path]}}}
    assert sorted(work.rows(source), key=lambda row: row["id"]) == [
        {"id": 1, "v": {"double": 5.0}, "only": "x"}, {"id": 2, "v": {"double": 6.0}}, {"id": 3, "v": {"string": "seven"}},
        {"id": 4, "v": {"double": 8.5}}]
    work.out = work.unique("typed")
    serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    table = work.table([("id", "int"), ("v", "bigint"), ("only", "string"), ("gone", "date")], path, serde)
    assert sorted(work.rows({"in": table}), key=lambda row: row["id"]) == [
        {"id": 1, "v": 5, "only": "x"}, {"id": 2, "v": 6}, {"id": 3}, {"id": 4, "v": 8}]


def test_bounded_reads_of_tables(work):
    path = work.put({f"{n}.json": f'{{"a": {n}}}\n'.encode() for n in range(5)})
    table = work.table([("a", "int")], path, "org.openx.data.jsonserde.JsonSerDe")
    table["S3CatalogSource"]["AdditionalOptions"] = {"BoundedFiles": 2}
    assert work.rows({"in": table}) == [{"a": 0}, {"a": 1}]
