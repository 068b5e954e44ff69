"""Formats of files that visual jobs read and write, each with its compressions, read and made by other programs."""

import bz2
import datetime
import decimal
import gzip
import io
import json
import xml.etree.ElementTree as ElementTree

import duckdb
import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from harness import name
from pipeline import bucket, glue_role, keys, reads, run, writes

SCHEMA = [("id", "bigint"), ("word", "string"), ("price", "decimal(9,2)"), ("day", "date"), ("at", "timestamp"),
          ("ratio", "double"), ("yes", "boolean"), ("small", "tinyint")]
LINES = ["id,word,price,day,at,ratio,yes,small"] + [
    f"{n},wörd {n % 7},{n}.25,2013-01-{n % 28 + 1:02},2013-01-01 04:05:{n % 60:02}.5,{n / 4},{str(n % 2 == 0).lower()},{n % 100}"
    for n in range(3000)] + [f"{n}" + "," * 7 for n in range(3000, 3100)] + [
    "-5,early,-0.05,1969-12-31,1969-12-31 23:59:58.25,-1.5,true,-128"]
NESTED = [{"k": n, "inner": {"a": n, "b": [f"x{n}", None]}, "list": [{"c": m} for m in range(n % 3)]} for n in range(50)]


def hive(table, serde, columns, location):
    return {"Name": table, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
        "Columns": [{"Name": n, "Type": t} for n, t in columns], "Location": location,
        "SerdeInfo": {"SerializationLibrary": serde}}}


AVRO = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"


@pytest.fixture(scope="module")
def place(server):
    """Buckets, a role that may use both and the catalog, and a database."""
    files = {"in/rows.csv": "\n".join(LINES).encode(), "nested/n.json": "\n".join(map(json.dumps, NESTED)).encode()}
    source, out = bucket(server, files), bucket(server, stem="out")
    catalog = {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}
    role = glue_role(server, reads(source), writes(out), catalog)
    database = name("formats").replace("-", "_")
    server.client("glue").create_database(DatabaseInput={"Name": database})
    return source, out, role, database


def rows(source):
    return {"S3CsvSource": {
        "Name": "rows", "Paths": [f"s3://{source}/in/"], "Separator": "comma", "QuoteChar": "quote", "WithHeader": True,
        "OutputSchemas": [{"Columns": [{"Name": name, "Type": of} for name, of in SCHEMA]}]}}


def target(out, folder, fmt, compression=None, **more):
    node = {"Name": "out", "Inputs": ["in"], "Path": f"s3://{out}/{folder}/", "Format": fmt}
    return {"S3DirectTarget": node | ({"Compression": compression} if compression else {}) | more}


def job(server, unique, place, nodes, **arguments):
    made = unique("formats")
    server.client("glue").create_job(
        Name=made, Role=place[2], Command={"Name": "glueetl"}, CodeGenConfigurationNodes=nodes,
        DefaultArguments={f"--{key.replace('_', '-')}": value for key, value in arguments.items()})
    return run(server, made)


def done(server, unique, place, nodes, **arguments):
    ended = job(server, unique, place, nodes, **arguments)
    assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]


def failed(server, unique, place, nodes, **arguments):
    ended = job(server, unique, place, nodes, **arguments)
    assert ended["JobRunState"] == "FAILED"
    return ended["ErrorMessage"]


def bodies(server, out, folder):
    s3 = server.client("s3")
    return {key: s3.get_object(Bucket=out, Key=key)["Body"].read() for key in keys(server, out, f"{folder}/")}


def table(bodies, read):
    return sorted((row for body in bodies.values() for row in read(body)), key=lambda row: row["id"])


def check(found):
    """The rows of the CSV file, as values."""
    assert len(found) == 3101
    early, first, empty = found[0], found[1], found[-1]
    utc = datetime.timezone.utc

    def same(at):
        return at if at.tzinfo else at.replace(tzinfo=utc)

    assert (early["id"], early["price"], early["small"]) == (-5, decimal.Decimal("-0.05"), -128)
    assert early["day"] == datetime.date(1969, 12, 31)
    assert same(early["at"]) == datetime.datetime(1969, 12, 31, 23, 59, 58, 250000, utc)
    assert (first["word"], first["ratio"], first["yes"]) == ("wörd 0", 0.0, True)
    assert same(first["at"]) == datetime.datetime(2013, 1, 1, 4, 5, 0, 500000, utc)
    # An empty field is null where it is no text.
    assert empty["id"] == 3099 and all(empty[name] is None for name, of in SCHEMA[2:])
    assert sum(row["ratio"] or 0 for row in found) == sum(n / 4 for n in range(3000)) - 1.5


def again(server, unique, place, serde, folder, columns=SCHEMA):
    """The same rows once more through a catalog table and Parquet."""
    out, database, found, copy = place[1], place[3], unique("table").replace("-", "_"), unique("copy")
    server.client("glue").create_table(
        DatabaseName=database, TableInput=hive(found, serde, columns, f"s3://{out}/{folder}/"))
    done(server, unique, place, {
        "in": {"S3CatalogSource": {"Name": "in", "Database": database, "Table": found}}, "t": target(out, copy, "parquet")})
    return [row for body in bodies(server, out, copy).values() for row in pq.read_table(io.BytesIO(body)).to_pylist()]


@pytest.mark.parametrize("compression", ["uncompressed", "deflate", "snappy", "bzip2", "xz", "zstd", None])
def test_avro(server, unique, place, compression):
    source, out, *_ = place
    folder = unique("avro")
    done(server, unique, place, {"in": rows(source), "t": target(out, folder, "avro", compression)})
    found = bodies(server, out, folder)
    for body in found.values():
        codec = fastavro.reader(io.BytesIO(body)).metadata["avro.codec"]
        assert codec == {"uncompressed": "null", "zstd": "zstandard", None: "snappy"}.get(compression, compression)
    if compression in ("uncompressed", "deflate", "bzip2", "xz"):
        check(table(found, lambda body: fastavro.reader(io.BytesIO(body))))
    check(sorted(again(server, unique, place, AVRO, folder), key=lambda row: row["id"]))


@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "lz4", "zstd", None])
def test_orc(server, unique, place, compression):
    source, out, *_ = place
    folder = unique("orc")
    done(server, unique, place, {"in": rows(source), "t": target(out, folder, "orc", compression)})
    found = bodies(server, out, folder)
    for body in found.values():
        file = pa.orc.ORCFile(io.BytesIO(body))
        assert file.compression.lower() == (compression or "snappy")
    check(table(found, lambda body: pa.orc.ORCFile(io.BytesIO(body)).read().to_pylist()))
    check(sorted(again(server, unique, place, ORC, folder), key=lambda row: row["id"]))


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "lz4", "zstd", "brotli"])
def test_parquet(server, unique, place, compression):
    source, out, *_ = place
    folder = unique("parquet")
    done(server, unique, place, {"in": rows(source), "t": target(out, folder, "parquet", compression)})
    found = bodies(server, out, folder)
    check(table(found, lambda body: pq.read_table(io.BytesIO(body)).to_pylist()))
    [body] = list(found.values())[:1]
    codec = pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).compression
    assert codec == {"none": "UNCOMPRESSED", "lz4": "LZ4"}.get(compression, compression.upper())
    copy = unique("copy")
    done(server, unique, place, {
        "in": {"S3ParquetSource": {"Name": "in", "Paths": [f"s3://{out}/{folder}/"]}}, "t": target(out, copy, "parquet")})
    check(table(bodies(server, out, copy), lambda body: pq.read_table(io.BytesIO(body)).to_pylist()))


@pytest.mark.parametrize("fmt", ["csv", "json", "xml"])
@pytest.mark.parametrize("compression,open_", [(None, bytes), ("gzip", gzip.decompress), ("bzip2", bz2.decompress)])
def test_text(server, unique, place, tmp_path, fmt, compression, open_):
    source, out, *_ = place
    folder = unique(fmt)
    done(server, unique, place, {"in": rows(source), "t": target(out, folder, fmt, compression)})
    end = {None: "", "gzip": ".gz", "bzip2": ".bz2"}[compression]
    ids, total = [], 0.0
    for key, body in bodies(server, out, folder).items():
        assert key.endswith(f".{fmt}{end}")
        if fmt == "xml":
            found = [{part.tag: part.text for part in row} for row in ElementTree.fromstring(open_(body))]
        else:
            path = tmp_path / f"f.{fmt}"
            path.write_bytes(open_(body))
            cursor = duckdb.execute(f"select id, ratio from read_{fmt}_auto('{path}')")
            found = [dict(zip(("id", "ratio"), row)) for row in cursor.fetchall()]
        ids += [int(row["id"]) for row in found]
        total += sum(float(row.get("ratio") or 0) for row in found)
    assert (len(set(ids)), total) == (3101, sum(n / 4 for n in range(3000)) - 1.5)


@pytest.mark.parametrize("fmt,serde", [("avro", AVRO), ("orc", ORC)])
def test_nested_values(server, unique, place, fmt, serde):
    source, out, *_ = place
    folder = unique("nested")
    nodes = {"in": {"S3JsonSource": {"Name": "in", "Paths": [f"s3://{source}/nested/"]}}, "t": target(out, folder, fmt)}
    done(server, unique, place, nodes)
    columns = [("k", "bigint"), ("inner", "struct<a:bigint,b:array<string>>"), ("list", "array<struct<c:bigint>>")]
    found = again(server, unique, place, serde, folder, columns)
    assert sorted(found, key=lambda row: row["k"]) == NESTED
    if fmt == "orc":
        read = [row for body in bodies(server, out, folder).values()
                for row in pa.orc.ORCFile(io.BytesIO(body)).read().to_pylist()]
        assert sorted(read, key=lambda row: row["k"]) == NESTED


def test_files_of_other_writers(server, unique, place):
    out, s3 = place[1], server.client("s3")
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": [
        {"name": "N", "type": ["null", "int"]}, {"name": "s", "type": ["null", "string"]}, {"name": "u", "type": ["null", "long", "string"]},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}}]})
    body = io.BytesIO()
    day = datetime.date(2020, 2, 29)
    values = [{"N": n, "s": None if n % 2 else "x", "u": n if n % 2 else f"t{n}", "e": "A", "d": day} for n in range(10)]
    fastavro.writer(body, schema, values, codec="deflate")
    folder = unique("other")
    s3.put_object(Bucket=out, Key=f"{folder}/a.avro", Body=body.getvalue())
    s3.put_object(Bucket=out, Key=f"{folder}/b.avro.gz", Body=gzip.compress(body.getvalue()))
    found = again(server, unique, place, AVRO, folder, [("n", "bigint"), ("s", "string"), ("u", "string"), ("e", "string"), ("d", "date")])
    assert [row["s"] for row in found].count(None) == 10
    assert len(found) == 20 and {row["u"] for row in found} == {"1", "3", "5", "7", "9", "t0", "t2", "t4", "t6", "t8"}
    assert {(row["e"], row["d"]) for row in found} == {("A", day)}
    folder = unique("orc")
    for number, codec in enumerate(["uncompressed", "zlib", "snappy", "lz4", "zstd"]):
        made = pa.table({"_col0": pa.array(range(1000)), "_col1": pa.array([None, "x"] * 500)})
        body = io.BytesIO()
        pa.orc.write_table(made, body, compression=codec, stripe_size=64 << 10)
        s3.put_object(Bucket=out, Key=f"{folder}/{number}.orc", Body=body.getvalue())
    found = again(server, unique, place, ORC, folder, [("id", "bigint"), ("word", "string")])
    assert sum(row["id"] for row in found) == 5 * sum(range(1000)) and {row["word"] for row in found} == {None, "x"}


def test_the_number_of_files(server, unique, place):
    source, out, *_ = place
    for fmt in ("json", "parquet", "orc"):
        folder = unique("few")
        done(server, unique, place, {"in": rows(source), "t": target(out, folder, fmt, NumberTargetPartitions="3")})
        assert len(keys(server, out, f"{folder}/")) == 3
    folder = unique("one")
    parquet = {"Name": "t", "Inputs": ["in"], "Path": f"s3://{out}/{folder}/", "NumberTargetPartitions": "1"}
    done(server, unique, place, {"in": rows(source), "t": {"S3GlueParquetTarget": parquet}})
    assert len(keys(server, out, f"{folder}/")) == 1


def workbook(rows, tail=()):
    book = openpyxl.Workbook()
    for row in [*rows, *tail]:
        book.active.append(row)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def test_excel(server, unique, place):
    out, s3 = place[1], server.client("s3")
    folder, copy = unique("excel"), unique("copy")
    at = datetime.datetime(2024, 5, 6, 7, 8, 9)
    head = ["id", "name", "price", "at", "yes", "mixed"]
    rows = [[n, f"n{n}", n / 2, at, n % 2 == 0, n if n % 2 else "text"] for n in range(20)]
    s3.put_object(Bucket=out, Key=f"{folder}/a.xlsx", Body=workbook([head, *rows], [["total", "x"], ["end"]]))
    source = {"Name": "in", "Paths": [f"s3://{out}/{folder}/"], "SkipFooter": 2}
    done(server, unique, place, {"in": {"S3ExcelSource": source}, "t": target(out, copy, "parquet")})
    found = table(bodies(server, out, copy), lambda body: pq.read_table(io.BytesIO(body)).to_pylist())
    assert len(found) == 20
    assert found[3] | {"at": None} == {"id": 3, "name": "n3", "price": 1.5, "at": None, "yes": False, "mixed": "3"}
    assert found[3]["at"].replace(tzinfo=None) == at
    few = unique("few")
    done(server, unique, place, {
        "in": {"S3ExcelSource": source | {"NumberRows": 5}}, "t": target(out, few, "parquet")})
    assert len(table(bodies(server, out, few), lambda body: pq.read_table(io.BytesIO(body)).to_pylist())) == 5


def test_compressions_that_a_format_has_not_are_refused(server, unique, place):
    source, out, *_ = place
    told = failed(server, unique, place, {"in": rows(source), "t": target(out, "x", "orc", "lzo")})
    assert "node `out`: ORC files cannot be compressed with `lzo` here: snappy, none, zlib, lz4, zstd are supported" in told
    told = failed(server, unique, place, {"in": rows(source), "t": target(out, "x", "csv", "snappy")})
    assert "CSV files cannot be compressed with `snappy` here" in told
    for fmt in ("hudi", "hyper", "delta", "iceberg"):
        with pytest.raises(Exception, match=f"Node 'out' .t. has the format {fmt}, which nodes of the kind S3DirectTarget do not"):
            failed(server, unique, place, {"in": rows(source), "t": target(out, "x", fmt)})
