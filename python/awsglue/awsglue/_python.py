"""What runs beside the data when a script's own function goes over the records of a frame.

This module goes to the server with the function, by value: nothing needs to be installed there but pyarrow.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from awsglue import gluetypes as g
from awsglue._lazy import lazy_records
from awsglue._arrow import batch, records
from awsglue._record import DynamicRecord, copied, normal, plain

#: Records of a batch, and of a piece that is kept.
BATCH, PIECE = 8192, 2000
#: Bytes of a partition's records that the survey brings along, and that it writes down where it may.
KEPT, WRITTEN = 4 << 20, 2 << 30
_KINDS = {
    str: "string", float: "double", bool: "boolean", bytes: "binary", datetime: "timestamp", date: "date",
}  # fmt: skip


class Step:
    """One function over the records: a `map`, a `filter`, or one over `partitions`, which may be `indexed`."""

    def __init__(self, kind: str, call: Callable[..., Any], info: str = "") -> None:
        self.kind, self.call, self.info = kind, call, info

    def over(self, records: Iterator[Any], number: int, errors: list[Any], index: int) -> Iterator[Any]:
        """The records that come out; those on which the function fails go to `errors`."""
        if self.kind == "partitions":
            return (normal(one) for one in self.call(records))
        if self.kind == "indexed":
            return (normal(one) for one in self.call(index, records))
        return self._apart(records, number, errors)

    def _apart(self, records: Iterator[Any], number: int, errors: list[Any]) -> Iterator[Any]:
        for record in records:
            # A function may change the record that it is given before it fails.
            before = record if self.kind == "filter" else copied(record)
            try:
                answer = self.call(record)
                out = record if self.kind == "filter" else normal(answer)
            except Exception as error:
                trace = traceback.format_exc()
                errors.append(failure(number, f"{type(error).__name__}: {error}", trace, self.info, before))
                continue
            if self.kind != "filter" or answer:
                yield out


def failure(number: int, message: str, trace: str, info: str, record: Any) -> tuple[int, DynamicRecord]:
    """A record of an error frame (AWS Glue Developer Guide: "errorsAsDynamicFrame")."""
    told = {
        "callsite": {"site": "", "info": info},
        "msg": message,
        "stackTrace": trace,
        "input": json.dumps(plain(record), default=str),
        "bytesread": None,
        "source": None,
        "dynamicRecord": record,
    }
    return number, normal({"error": told})


class Seen:
    """What the values of a place have been: enough to tell their type."""

    __slots__ = ("kinds",)

    def __init__(self) -> None:
        self.kinds: dict[str, Any] = {}

    def add(self, values: list[Any]) -> None:
        """More values: those of a field in many records at once."""
        for of in dict.fromkeys(map(type, values)):
            kind = _KINDS.get(of)
            if kind is not None:
                self.kinds[kind] = True
            elif of is int:
                own = values if len(values) == 1 else [value for value in values if type(value) is int]
                # Which whole type holds them is all that counts, so the ends are those of a type.
                ends = self.kinds.setdefault("int", [0, 0])
                for value in (min(own), max(own)):
                    bits = next((bits for bits in (7, 15, 31, 63) if -(1 << bits) <= value < 1 << bits), 127)
                    ends[0], ends[1] = min(ends[0], -(1 << bits)), max(ends[1], (1 << bits) - 1)
            elif of is not type(None):
                self._other(of, [value for value in values if type(value) is of])

    def _other(self, of: type, values: list[Any]) -> None:
        if issubclass(of, dict):
            fields = self.kinds.setdefault("struct", {})
            for name in dict.fromkeys(name for value in values for name in value):
                fields.setdefault(name, Seen()).add([value.get(name) for value in values])
        elif issubclass(of, list):
            self.kinds.setdefault("array", Seen()).add([one for value in values for one in value])
        elif issubclass(of, Decimal):
            ends = self.kinds.setdefault("decimal", [1, 0])
            for value in values:
                _, digits, exponent = value.as_tuple()
                if isinstance(exponent, int):
                    ends[0], ends[1] = max(ends[0], len(digits) + exponent), max(ends[1], -exponent)
        else:
            self.kinds[next(kind for base, kind in _KINDS.items() if issubclass(of, base))] = True

    def told(self) -> dict[str, Any]:
        """As an object of JSON; `merged` joins several of them."""
        out = dict(self.kinds)
        if "struct" in out:
            out["struct"] = {name: seen.told() for name, seen in out["struct"].items()}
        if "array" in out:
            out["array"] = out["array"].told()
        return out


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What the values of two parts of a frame have been."""
    out = dict(one)
    for kind, more in other.items():
        if kind not in out or more is True:
            out[kind] = more
        elif kind == "int":
            out[kind] = [min(out[kind][0], more[0]), max(out[kind][1], more[1])]
        elif kind == "decimal":
            out[kind] = [max(out[kind][0], more[0]), max(out[kind][1], more[1])]
        elif kind == "array":
            out[kind] = merged(out[kind], more)
        else:
            known = out[kind]
            out[kind] = known | {name: merged(known.get(name, {}), seen) for name, seen in more.items()}
    return out


class Kept:
    """The records of a partition, in pieces: in memory while they are few, then in a file."""

    def __init__(self, folder: str | None, kept: int = KEPT, written: int = WRITTEN) -> None:
        self.pieces: list[bytes] = []
        self.path: str | None = None
        self.whole = True
        self._folder, self._kept, self._written = folder, kept, written
        self._file: Any = None
        self._size = 0

    def add(self, records: list[Any]) -> None:
        """One piece more. Where there is no room for it, all are given up."""
        if not records or not self.whole:
            return
        piece = pickle.dumps(records)
        self._size += len(piece)
        if self._file is None and self._size > self._kept and self._folder is not None:
            self._file = tempfile.NamedTemporaryFile(dir=self._folder, suffix=".records", delete=False)
            self.path = self._file.name
            self._file.writelines(self.pieces)
            self.pieces = []
        if self._size > (self._kept if self._file is None else self._written):
            self.pieces, self.whole = [], False
            self.close()
        elif self._file is not None:
            self._file.write(piece)
        else:
            self.pieces.append(piece)

    def close(self) -> None:
        """Closes the file, and removes one that does not hold all."""
        if self._file is not None:
            self._file.close()
            if not self.whole and self.path is not None:
                os.unlink(self.path)
                self.path = None
            self._file = None


def written(batches: Iterable[pa.RecordBatch], out: g.StructType, zone: str) -> Iterator[pa.RecordBatch]:
    """The records of files that `Kept` wrote, whose paths are the rows."""
    for part in batches:
        for path in part.column(0).to_pylist():
            with open(path, "rb") as file:
                while True:
                    try:
                        records = pickle.load(file)
                    except EOFError:
                        break
                    yield batch(records, out, zone)


class Work:
    """The steps over the rows of a schema; `number` is the column with the partition's number, if the steps ask for it."""

    def __init__(self, schema: g.StructType, steps: tuple[Step, ...], zone: str, number: str | None) -> None:
        self.schema, self.steps, self.zone, self.number = schema, steps, zone, number

    def _run(self, batches: Iterable[pa.RecordBatch], errors: list[Any]) -> Iterator[Any]:
        source, index = iter(batches), 0
        if self.number is not None:
            first = next((one for one in source if one.num_rows), None)
            if first is None:
                return iter(())
            index = first.column(len(first.columns) - 1)[0].as_py()
            source = (one for part in ([first], source) for one in part)
        out: Iterator[Any] = records(source, self.schema)
        for number, step in enumerate(self.steps):
            out = step.over(out, number, errors, index)
        return out

    def survey(self, batches: Iterable[pa.RecordBatch], folder: str | None) -> Iterator[pa.RecordBatch]:
        """One look at all records: what their values have been, how many there are, errors by step, and the records
        themselves: with the answer if they are few, else in a file of the folder, if there is one."""
        errors: list[Any] = []
        failed = [0] * len(self.steps)
        seen, count, first, piece, kept = Seen(), 0, None, [], Kept(folder)
        for record in self._run(batches, errors):
            piece.append(record)
            if len(piece) >= PIECE:
                seen.add(piece)
                kept.add(piece)
                count += len(piece)
                piece = []
            if errors:
                for number, error in errors:
                    failed[number] += 1
                    first = first or error["error"]["msg"]
                errors.clear()
        for number, error in errors:
            failed[number] += 1
            first = first or error["error"]["msg"]
        seen.add(piece)
        kept.add(piece)
        kept.close()
        count += len(piece)
        told = {"seen": seen.told(), "count": count, "errors": failed, "whole": kept.whole, "file": kept.path}
        told["first"] = first
        payload = [json.dumps(told).encode(), *kept.pieces]
        yield pa.RecordBatch.from_arrays([pa.array(payload, pa.binary())], names=["payload"])

    def rows(self, batches: Iterable[pa.RecordBatch], out: g.StructType) -> Iterator[pa.RecordBatch]:
        """The records that come out, as rows of the schema."""
        errors: list[Any] = []
        yield from self._batches(self._run(batches, errors), errors, out)

    def _batches(self, source: Iterator[Any], errors: list[Any], out: g.StructType) -> Iterator[pa.RecordBatch]:
        rows: list[Any] = []
        for record in source:
            rows.append(record)
            errors.clear()
            if len(rows) >= BATCH:
                yield batch(rows, out, self.zone)
                rows = []
        if rows:
            yield batch(rows, out, self.zone)

    def filtered(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows that all steps, which are filters, let through, as they are."""
        failed, first = 0, ""
        for part in batches:
            errors: list[Any] = []
            mask = []
            for record in lazy_records(part, self.schema):
                one: Iterator[Any] = iter((record,))
                for number, step in enumerate(self.steps):
                    one = step.over(one, number, errors, 0)
                mask.append(next(one, None) is not None)
            if errors:
                failed, first = failed + len(errors), first or errors[0][1]["error"]["msg"]
            if any(mask):
                yield part.filter(pa.array(mask, pa.bool_()))
        if failed:
            # Nobody has asked for the count, so that only this tells of rows that are not there any more.
            sys.stderr.write(f"{lost(failed, first)}\n")


def lost(count: int, first: str | None) -> str:
    """What is said of records that failed."""
    return f"awsglue: {count} records failed and are left out ({first}): errorsAsDynamicFrame() has them"


class Failures(Step):
    """In place of the steps of a `Work`: its records are those on which the steps fail."""

    def __init__(self, work: Work) -> None:
        super().__init__("failures", lambda record: record)
        self.work = work

    def over(self, records: Iterator[Any], number: int, errors: list[Any], index: int) -> Iterator[Any]:
        """The failures of the work's steps."""
        found: list[Any] = []
        out = records
        for at, step in enumerate(self.work.steps):
            out = step.over(out, at, found, index)
        for _ in out:
            yield from (error for _, error in found)
            found.clear()
        yield from (error for _, error in found)
