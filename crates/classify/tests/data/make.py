"""Writes the fixtures here with pyarrow 26, fastavro 1.13, pymongo 4.20 and amazon.ion 0.15: `python make.py` in this
folder. `types.parquet` and `int96.parquet` are older, and were written by pyarrow too."""

import datetime
import decimal
import io

import bson
import fastavro
import pyarrow as pa
import pyarrow.orc as orc
from amazon.ion import simpleion

AT = datetime.datetime(2024, 1, 2, 3, 4, 5)


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def orc_files():
    schema = pa.schema(
        [
            ("Flag", pa.bool_()),
            ("i8", pa.int8()),
            ("i16", pa.int16()),
            ("i32", pa.int32()),
            ("i64", pa.int64()),
            ("f32", pa.float32()),
            ("f64", pa.float64()),
            ("s", pa.string()),
            ("bin", pa.binary()),
            ("d", pa.date32()),
            ("ts", pa.timestamp("ns")),
            ("tsz", pa.timestamp("ns", tz="UTC")),
            ("dec", pa.decimal128(12, 2)),
            ("tags", pa.list_(pa.string())),
            ("m", pa.map_(pa.string(), pa.int64())),
            ("st", pa.struct([("Inner", pa.int32()), ("list", pa.list_(pa.struct([("x", pa.float64())])))])),
        ]
    )
    table = pa.table({name: [None] * 3 for name in schema.names}, schema=schema)
    for codec in ["uncompressed", "zlib", "snappy", "lz4", "zstd"]:
        sink = io.BytesIO()
        orc.write_table(table, sink, compression=codec)
        write(f"{codec}.orc", sink.getvalue())


def avro_file():
    schema = {
        "type": "record",
        "name": "Event",
        "namespace": "com.example",
        "fields": [
            {"name": "Id", "type": "long"},
            {"name": "name", "type": ["null", "string"]},
            {"name": "small", "type": "int"},
            {"name": "ratio", "type": "float"},
            {"name": "value", "type": ["double", "null"]},
            {"name": "ok", "type": "boolean"},
            {"name": "raw", "type": "bytes"},
            {"name": "digest", "type": {"type": "fixed", "name": "MD5", "size": 16}},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
            {"name": "exact", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
            {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
            {"name": "counts", "type": {"type": "map", "values": "long"}},
            {"name": "either", "type": ["null", "int", "string"]},
            {
                "name": "place",
                "type": {
                    "type": "record",
                    "name": "Place",
                    "fields": [
                        {"name": "Lat", "type": "double"},
                        {"name": "kind", "type": "Kind"},
                        {"name": "parent", "type": ["null", "Event"]},
                    ],
                },
            },
            {"name": "other", "type": ["null", "com.example.Place"]},
        ],
    }
    record = {
        "Id": 1,
        "name": "a",
        "small": 1,
        "ratio": 1.5,
        "value": 2.5,
        "ok": True,
        "raw": b"x",
        "digest": bytes(16),
        "kind": "A",
        "day": AT.date(),
        "at": AT.replace(tzinfo=datetime.timezone.utc),
        "exact": AT.replace(tzinfo=datetime.timezone.utc),
        "price": decimal.Decimal("1.25"),
        "tags": ["x", None],
        "counts": {"k": 1},
        "either": 1,
        "place": {"Lat": 1.0, "kind": "B", "parent": None},
        "other": None,
    }
    sink = io.BytesIO()
    fastavro.writer(sink, schema, [record] * 500, codec="deflate", sync_interval=4000)
    write("events.avro", sink.getvalue())


def bson_file():
    first = {
        "_id": bson.ObjectId("507f1f77bcf86cd799439011"),
        "Name": "a",
        "n": 1,
        "big": 2**40,
        "ratio": 1.5,
        "ok": True,
        "at": AT,
        "raw": b"\x00\x01",
        "nothing": None,
        "tags": ["x", "y"],
        "parts": [{"k": 1}, {"k": 2.5, "j": "z"}],
        "inner": {"Deep": {"x": 1}},
        "pattern": bson.Regex("a.*", "i"),
        "exact": bson.Decimal128("1.5"),
        "code": bson.Code("f()"),
        "stamp": bson.Timestamp(1, 2),
    }
    write("documents.bson", bson.encode(first) + bson.encode({"_id": bson.ObjectId(), "n": 2**33, "more": False}))


def ion_files():
    records = [
        {
            "Id": 1,
            "name": "a",
            "big": 2**40,
            "huge": 2**80,
            "ratio": 1.5,
            "exact": decimal.Decimal("1.25"),
            "ok": True,
            "at": AT,
            "raw": simpleion.loads('{{aGVsbG8=}}'),
            "nothing": None,
            "sym": simpleion.loads("abc"),
            "tags": ["x", "y"],
            "inner": {"Deep": [{"x": 1}, {"y": 2.5}]},
        },
        {"Id": -2, "more": False},
    ]
    for name, binary in [("records.ion", False), ("records.10n", True)]:
        sink = io.BytesIO()
        simpleion.dump(records, sink, binary=binary, sequence_as_stream=True)
        write(name, sink.getvalue())


orc_files()
avro_file()
bson_file()
ion_files()
