"""Hive's forms of files: the classes by which the catalog's descriptions name them."""

from __future__ import annotations

from typing import Any

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"

_MAPRED, _IO = "org.apache.hadoop.mapred", "org.apache.hadoop.hive.ql.io"
_TEXT = (f"{_MAPRED}.TextInputFormat", f"{_IO}.HiveIgnoreKeyTextOutputFormat")
# What `STORED AS` may name, as Spark has it: input format, output format, SerDe.
_FORMS = {
    "textfile": (*_TEXT, LAZY),
    "parquet": (
        f"{_IO}.parquet.MapredParquetInputFormat",
        f"{_IO}.parquet.MapredParquetOutputFormat",
        f"{_IO}.parquet.serde.ParquetHiveSerDe",
    ),
    "orc": (f"{_IO}.orc.OrcInputFormat", f"{_IO}.orc.OrcOutputFormat", f"{_IO}.orc.OrcSerde"),
    "avro": (
        f"{_IO}.avro.AvroContainerInputFormat",
        f"{_IO}.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
    "sequencefile": (f"{_MAPRED}.SequenceFileInputFormat", f"{_MAPRED}.SequenceFileOutputFormat", LAZY),
    "rcfile": (
        f"{_IO}.RCFileInputFormat",
        f"{_IO}.RCFileOutputFormat",
        "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe",
    ),
}
# Forms that name their SerDe themselves.
WITH_SERDE = ("parquet", "orc", "avro")


def form(name: str) -> tuple[str, str, str] | None:
    """Input format, output format and SerDe of what `STORED AS` names."""
    return _FORMS.get(name.lower())


def source_of(storage: dict[str, Any]) -> str | None:
    """The source of Spark's own that reads such files; nothing if it has none."""
    named = (storage.get("InputFormat"), storage.get("OutputFormat"), storage.get("SerdeInfo", {}).get("SerializationLibrary"))
    found = next((name for name, classes in _FORMS.items() if classes == named), None)
    return {"textfile": "text", "parquet": "parquet", "orc": "orc", "avro": "avro"}.get(found or "")

