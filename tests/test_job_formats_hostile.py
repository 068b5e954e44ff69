"""Files that are cut off, broken or swell: a run names them and ends, within its memory."""

import bz2
import gzip
import io
import zipfile
import zlib

import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.orc
import pytest

from test_job_formats import AVRO, ORC
from test_job_formats_read import Work, csv, jsons, place, work  # noqa: F401 (fixtures)

XML = {"rowTag": "row", "classification": "xml"}


def avro(codec="deflate", text="x"):
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]})
    body = io.BytesIO()
    fastavro.writer(body, schema, [{"a": text}] * 2000, codec=codec)
    return body.getvalue()


def orc(codec="zlib"):
    body = io.BytesIO()
    pa.orc.write_table(pa.table({"a": [str(n) for n in range(20_000)]}), body, compression=codec)
    return body.getvalue()


def workbook():
    book = openpyxl.Workbook()
    for n in range(50):
        book.active.append([n, "x"])
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def bomb():
    """A workbook whose texts swell to gigabytes."""
    body = io.BytesIO(workbook())
    with zipfile.ZipFile(body, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/more.bin", "w", force_zip64=True) as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
    return body.getvalue()


def swelling_avro():
    """One block of a gigabyte, packed into a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    head = avro("deflate")
    start = head.index(b"avro.codec")
    start = head.index(b"\0", start) + 1
    sync = head[start:start + 16]

    def long(value):
        value, out = value << 1, b""
        while value >= 128:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    return head[:start + 16] + long(1 << 30) + long(len(block)) + block + sync


CASES = {
    "csv-gzip": ("c.csv.gz", gzip.compress(b"a\n" + b"x\n" * 99_999)[:-20], "csv"),
    "csv-bzip2": ("c.csv.bz2", bz2.compress(b"a\n" + b"x\n" * 99_999)[:-20], "csv"),
    "json-cut": ("c.json", b'{"a": 1}\n{"a": ', "json"),
    "json-gzip": ("c.json.gz", b"\x1f\x8bnothing", "json"),
    "avro-cut": ("c.avro", avro("null")[:-300], AVRO),
    "avro-none": ("c.avro", b"Obj\x01" + b"\xff" * 40, AVRO),
    "avro-swells": ("c.avro", swelling_avro(), AVRO),
    "avro-sync": ("c.avro", avro("null").replace(b"x", b"y", 3)[:-1] + b"?", AVRO),
    "orc-cut": ("c.orc", orc()[:-100], ORC),
    "orc-none": ("c.orc", b"ORC" + bytes(200), ORC),
    "orc-stripes": ("c.orc", orc()[:300] + bytes(500) + orc()[800:], ORC),
    "xml-cut": ("c.xml", b"<r><row><a>1</a></row><row><a>2", "xml"),
    "xml-none": ("c.xml", b"\x00\x01\x02", "xml"),
    "excel-cut": ("c.xlsx", workbook()[:-500], "excel"),
    "excel-none": ("c.xlsx", b"no workbook", "excel"),
    "excel-swells": ("c.xlsx", bomb(), "excel"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_file_is_named(work, case):  # noqa: F811
    name, body, kind = CASES[case]
    path = work.put({name: body})
    nodes = {
        "csv": lambda: csv(path), "json": lambda: jsons(path, [("a", "string")]),
        "excel": lambda: {"in": {"S3ExcelSource": {"Name": "in", "Paths": [path]}}},
        "xml": lambda: {"in": work.table([("a", "int")], path, parameters=XML)},
    }.get(kind, lambda: {"in": work.table([("a", "string")], path, kind)})()
    message = work.fails(nodes)
    assert name in message and "memory" not in message, message
