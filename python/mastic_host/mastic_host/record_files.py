"""The files of CSV and JSON: their records as texts, each in a row, beside the keys of the files' folders."""

from __future__ import annotations

import bz2
import codecs
import dataclasses
import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from awsglue._errors import unsupported

from mastic_host import csv_records, discovered, paths
from mastic_host.reading import Options

# A header is within so many bytes.
_HEAD = 1 << 16
# So many records of a file are handed on at once.
_AT_ONCE = 8192
_LINE_END = re.compile(r"\r\n|\r|\n")
_PACKED = (".gz", ".bz2", ".zst", ".zstd", ".xz")
_SIGN = "\ufffd"
_BOM = "\ufeff"


@dataclasses.dataclass(frozen=True)
class Head:
    """The first record of files, whether it is what any reader takes for it, and the keys of the files' folders."""

    record: str
    is_plain: bool
    keys: tuple[str, ...] = ()


def opened(session: Any, path: Any, kind: str, said: Options, head: Head | None = None) -> Any:
    """The records of the files at these paths, without headers, in the first column of a frame; the keys of folders are the others."""
    from pyspark.errors import AnalysisException

    has_header = kind == "csv" and said.flag("header")
    if said.takes_lines and (head is None or head.is_plain):
        try:
            return _lines(session, path, said, head.keys if has_header and head else None)
        except AnalysisException as error:
            if "mixed compression" not in str(error):
                raise
    frame = _without_keys(discovered.files(session, path, "binaryFile", **of_files(said)), said, 4)
    keys = frame.columns[4:]
    frame = frame.select("content", "path", *map(discovered.quoted, keys))
    return frame.mapInArrow(WholeFiles(kind, said, has_header).read, texts(["value", *keys]))


def _lines(session: Any, path: Any, said: Options, keys: tuple[str, ...] | None) -> Any:
    """Lines as Sail finds them; without the first of each file, if the keys of folders are told."""
    if keys is None:
        return _without_keys(discovered.files(session, path, "text", **of_files(said)), said, 1)
    # Sail leaves out the first line of each file that it reads as CSV; nothing takes its lines apart.
    given = {"header": "true", "sep": "\x1f", "quote": "\x1e"} | ({"comment": said.form().comment} if said.form().comment else {})
    return discovered.files(session, path, "csv", texts(["value", *keys]), **given, **of_files(said))


def texts(names: list[str]) -> Any:
    """A schema of texts. Sail tells keys of folders where it is given a schema only if they are in it."""
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in names])


def of_files(said: Options) -> dict[str, str]:
    """The options that are about files, by the names that readers know."""
    named = {"pathglobfilter": "pathGlobFilter", "compression": "compression", "basepath": "basePath"}
    return {name: said.said[key] for key, name in named.items() if key in said.said}


def _without_keys(frame: Any, said: Options, own: int) -> Any:
    """The frame with the keys of folders as texts, or without them if the folders are to be looked through only."""
    columns = frame.columns
    keys = [] if said.flag("recursivefilelookup") else columns[own:]
    texts = (f"CAST({discovered.quoted(name)} AS string) AS {discovered.quoted(name)}" for name in keys)
    return frame.selectExpr(*map(discovered.quoted, columns[:own]), *texts)


def first(session: Any, path: Any, said: Options) -> Head:
    """The first record of the first file that has one, by the files' names."""
    frame = _without_keys(discovered.files(session, path, "binaryFile", **of_files(said)), said, 4)
    files = sorted(frame.inputFiles())
    head = next((head for head in (_head(file, said) for file in files) if head.record), Head("", True))
    alike = len({file.rpartition(".")[2] if file.endswith(_PACKED) else "" for file in files}) < 2
    # Of folders above the paths Sail knows nothing.
    alike = alike and "basepath" not in said.said
    return dataclasses.replace(head, is_plain=head.is_plain and alike, keys=tuple(frame.columns[4:]))


def _head(file: str, said: Options) -> Head:
    text, comment = decoded(_begun(file), said), said.form().comment
    record = next((record for record in _records(text, "csv", said) if not comment or not record.startswith(comment)), "")
    # Lines of spaces are lines to Sail, and what is no text at all it does not read.
    return Head(record, _SIGN not in record and not text[: text.find(record)].strip("\r\n")[:1].isspace())


def _begun(file: str) -> bytes:
    """The first bytes of a file that may be compressed."""
    if file.endswith(".gz"):
        return zlib.decompressobj(wbits=47).decompress(_bytes(file, _HEAD))
    if file.endswith(".bz2"):
        return bz2.BZ2Decompressor().decompress(_bytes(file, 1 << 20))
    return _unpacked(file, _bytes(file, 1 << 30 if file.endswith(_PACKED) else _HEAD))


def _bytes(file: str, most: int) -> bytes:
    if not file.startswith("file:"):
        return paths.head(file, most)
    with open(unquote(urlsplit(file).path), "rb") as content:
        return content.read(most)


def _unpacked(file: str, content: bytes) -> bytes:
    """A whole file, without its compression."""
    import pyarrow

    if file.endswith(".gz"):
        return gzip.decompress(content)
    if file.endswith(".bz2"):
        return bz2.decompress(content)
    if file.endswith((".zst", ".zstd")):
        return bytes(pyarrow.input_stream(pyarrow.py_buffer(content), compression="zstd").read())
    if file.endswith((".snappy", ".lz4", ".deflate", ".xz")):
        raise unsupported(f"files of CSV and JSON that are compressed otherwise than by gzip, bzip2 or zstd are not supported: {file}")
    return content


def decoded(content: bytes, said: Options) -> str:
    """The text of bytes; where they are none, Java's sign for it."""
    return codecs.decode(content, said.encoding, "replace").removeprefix(_BOM)


def _records(text: str, kind: str, said: Options) -> Iterator[str]:
    """The records of a text."""
    if kind == "json" and said.flag("multiline"):
        return iter([text] if text.strip() else [])
    if kind == "csv" and said.flag("multiline"):
        return csv_records.records(text, said.form())
    end = said.said.get("linesep")
    lines = text.split(end) if end else _LINE_END.split(text)
    return (line for line in lines if line.strip())


@dataclasses.dataclass(frozen=True)
class WholeFiles:
    """Takes files apart that are not made of lines as everybody has them."""

    kind: str
    said: Options
    has_header: bool

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Records, of batches of files with their content, path and keys."""
        import pyarrow

        for batch in batches:
            for at in range(len(batch)):
                content, path = batch.column(0)[at].as_py(), batch.column(1)[at].as_py()
                records = self._of_file(decoded(_unpacked(path, content), self.said))
                while some := list(itertools.islice(records, _AT_ONCE)):
                    keys = [pyarrow.array([column[at].as_py()] * len(some), pyarrow.string()) for column in batch.columns[2:]]
                    names = ["value", *batch.schema.names[2:]]
                    yield pyarrow.RecordBatch.from_arrays([pyarrow.array(some, pyarrow.string()), *keys], names=names)

    def _of_file(self, text: str) -> Iterator[str]:
        comment = self.said.form().comment if self.kind == "csv" else ""
        records = (record for record in _records(text, self.kind, self.said) if not comment or not record.startswith(comment))
        return itertools.islice(records, 1, None) if self.has_header else records


def told(rows: Iterator[Any]) -> list[Any]:
    """What workers say of their parts: texts of JSON in rows."""
    return [json.loads(row[0]) for row in rows]
