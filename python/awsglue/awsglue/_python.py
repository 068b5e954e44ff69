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
from numbers import Integral, Real
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from awsglue import gluetypes as g
from awsglue._types import fits, to_arrow

#: Records of a batch, and of a piece that is kept.
BATCH, PIECE = 8192, 2000
#: Bytes of a partition's records that the survey brings along, and that it writes down where it may.
KEPT, WRITTEN = 4 << 20, 2 << 30
_KINDS = {
    str: "string", float: "double", bool: "boolean", bytes: "binary", datetime: "timestamp", date: "date",
}  # fmt: skip
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, datetime, date, Decimal})


class DynamicRecord(dict):
    """A record: its fields by their names, as items or as attributes; structs in it are records too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the record has no field {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"the record has no field {name!r}")
        del self[name]

    def asDict(self, recursive: bool = False) -> dict[str, Any]:
        """The record as a dictionary of Python's; with `recursive` the structs in it too."""
        return plain(self) if recursive else dict(self)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def plain(value: Any) -> Any:
    """Records as dictionaries, at any depth."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


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


def copied(value: Any) -> Any:
    """A record with its own structs and arrays."""
    if isinstance(value, dict):
        made = DynamicRecord(value)
        for key, one in value.items():
            if type(one) not in _PLAIN:
                made[key] = copied(one)
        return made
    return [copied(one) for one in value] if isinstance(value, list) else value


def normal(record: Any) -> DynamicRecord:
    """What a function answered, as a record.

    Raises TypeError for what is none.
    """
    if hasattr(record, "asDict") and not isinstance(record, dict):
        record = record.asDict(True)
    if not isinstance(record, dict):
        raise TypeError(f"the function answered {type(record).__name__}, and not a record")
    made = record if type(record) is DynamicRecord else DynamicRecord(record)
    odd = [key for key, value in made.items() if type(value) not in _PLAIN or type(key) is not str]
    for key in odd:
        # The fields keep their order unless a name was no text.
        value = made[key] if type(key) is str else made.pop(key)
        made[str(key)] = _normal(value)
    return made


def _normal(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict) or hasattr(value, "asDict"):
        return normal(value)
    if isinstance(value, (list, tuple)):
        return [_normal(one) for one in value]
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    for of in (bool, str, bytes, datetime, date, Decimal):
        if isinstance(value, of):
            return value
    if hasattr(value, "tolist"):
        return _normal(value.tolist())
    raise TypeError(f"a value of the type {type(value).__name__} has no type in AWS Glue")


class Seen:
    """What the values of a place have been: enough to tell their type."""

    __slots__ = ("high", "kinds", "known", "low")

    def __init__(self) -> None:
        self.kinds: dict[str, Any] = {}
        #: Types of which another value tells nothing new, and whole numbers between which one does not.
        self.known: set[type] = {type(None)}
        self.low, self.high = 1, 0

    def add(self, value: Any) -> None:
        """One value more."""
        of = type(value)
        if of in self.known:
            return
        kind = _KINDS.get(of)
        if kind is not None:
            self.kinds[kind] = True
            self.known.add(of)
        elif of is int:
            # Which whole type holds them is all that counts, so the ends are those of a type.
            ends = self.kinds.setdefault("int", [0, 0])
            bits = next((bits for bits in (7, 15, 31, 63) if -(1 << bits) <= value < 1 << bits), 127)
            ends[0], ends[1] = self.low, self.high = min(ends[0], -(1 << bits)), max(ends[1], (1 << bits) - 1)
        elif isinstance(value, dict):
            fields = self.kinds.setdefault("struct", {})
            for name, one in value.items():
                seen = fields.get(name)
                if seen is None:
                    seen = fields[name] = Seen()
                inner = type(one)
                if inner in seen.known or (inner is int and seen.low <= one <= seen.high):
                    continue
                seen.add(one)
        elif isinstance(value, list):
            seen = self.kinds.setdefault("array", Seen())
            for one in value:
                seen.add(one)
        elif isinstance(value, Decimal):
            _, digits, exponent = value.as_tuple()
            behind = max(0, -exponent) if isinstance(exponent, int) else 0
            before = max(1, len(digits) + exponent) if isinstance(exponent, int) else 1
            ends = self.kinds.setdefault("decimal", [1, 0])
            ends[0], ends[1] = max(ends[0], before), max(ends[1], behind)
        else:
            self.kinds[next(kind for base, kind in _KINDS.items() if isinstance(value, base))] = True

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


def _kind(value: Any, members: dict[str, g.DataType]) -> str:
    """The type of a choice that a value has.

    Raises ValueError if it has none of them.
    """
    names: Iterable[str]
    if type(value) is bool:
        names = ("boolean",)
    elif type(value) is int:
        whole = [name for name in ("byte", "short", "int", "long") if name in members and fits(value, members[name])]
        names = (*whole, "double", "float", "decimal")
    elif type(value) is float:
        names = ("double", "float")
    elif isinstance(value, dict):
        names = ("struct", "map")
    elif isinstance(value, list):
        names = ("array",)
    elif isinstance(value, datetime):
        names = ("timestamp",)
    else:
        names = {str: ("string",), bytes: ("binary",), date: ("date",), Decimal: ("decimal",)}.get(type(value), ())
    for name in names:
        if name in members:
            return name
    raise ValueError(f"a value of the type {type(value).__name__} is none of {', '.join(members)}")


def decoder(of: g.DataType) -> Callable[[Any], Any] | None:
    """Makes of a value of Arrow's what functions see; None where it is that already."""
    if isinstance(of, g.StructType):
        inner = {field.name: decoder(field.dataType) for field in of.fields}

        def struct(value: Any) -> Any:
            if value is None:
                return None
            return DynamicRecord((name, make(value[name]) if make else value[name]) for name, make in inner.items())

        return struct
    if isinstance(of, g.ChoiceType):
        members = {name: decoder(one) for name, one in of.choices.items()}

        def choice(value: Any) -> Any:
            for name, make in members.items() if value is not None else ():
                if value[name] is not None:
                    return make(value[name]) if make else value[name]
            return None

        return choice
    if isinstance(of, g.ArrayType):
        element = decoder(of.elementType)
        if element is None:
            return None
        return lambda values: None if values is None else [element(value) for value in values]
    if isinstance(of, g.MapType):
        item = decoder(of.valueType) or (lambda value: value)
        return lambda pairs: None if pairs is None else DynamicRecord((key, item(one)) for key, one in pairs)
    if of.typeName() == "timestamp":
        return lambda moment: None if moment is None else moment.replace(tzinfo=None)
    return None


def encoder(of: g.DataType, zone: str) -> Callable[[Any], Any] | None:
    """Makes of a function's value what Arrow takes; None where it is that already."""
    if isinstance(of, g.StructType):
        inner = {field.name: encoder(field.dataType, zone) or _same for field in of.fields}

        def struct(value: Any) -> Any:
            return None if value is None else {name: make(value.get(name)) for name, make in inner.items()}

        return struct
    if isinstance(of, g.ChoiceType):
        members = {name: encoder(one, zone) or _same for name, one in of.choices.items()}

        def choice(value: Any) -> Any:
            if value is None:
                return None
            name = _kind(value, of.choices)
            return {name: members[name](value)}

        return choice
    if isinstance(of, g.ArrayType):
        element = encoder(of.elementType, zone)
        if element is None:
            return None
        return lambda values: None if values is None else [element(value) for value in values]
    if isinstance(of, g.MapType):
        item = encoder(of.valueType, zone) or _same
        return lambda pairs: None if pairs is None else [(key, item(one)) for key, one in pairs.items()]
    if of.typeName() == "timestamp":
        place = ZoneInfo(zone)
        return lambda at: at if at is None or at.tzinfo else at.replace(tzinfo=place)
    if of.typeName() in ("double", "float"):
        return lambda value: value if value is None or type(value) is float else float(value)
    if isinstance(of, g.DecimalType):
        return lambda value: value if value is None or type(value) is Decimal else Decimal(value)
    return None


def _same(value: Any) -> Any:
    return value


def records(batches: Iterable[pa.RecordBatch], schema: g.StructType) -> Iterator[DynamicRecord]:
    """The rows of batches as records."""
    makes = [decoder(field.dataType) for field in schema.fields]
    names = [field.name for field in schema.fields]
    for batch in batches:
        columns = []
        for make, column in zip(makes, batch.columns):
            values = column.to_pylist()
            columns.append([make(value) for value in values] if make else values)
        if not columns:
            yield from (DynamicRecord() for _ in range(batch.num_rows))
        for row in zip(*columns):
            yield DynamicRecord(zip(names, row))


def batch(rows: list[Any], schema: g.StructType, zone: str) -> pa.RecordBatch:
    """Records as rows of a schema."""
    arrays, fields = [], []
    for field in schema.fields:
        make, of = encoder(field.dataType, zone), to_arrow(field.dataType, zone)
        values = [row.get(field.name) for row in rows]
        arrays.append(pa.array([make(value) for value in values] if make else values, of))
        fields.append(pa.field(field.name, of))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


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
            seen.add(record)
            count += 1
            if kept.whole:
                piece.append(record)
                if len(piece) >= PIECE:
                    kept.add(piece)
                    piece = []
            for number, error in errors:
                failed[number] += 1
                first = first or error["error"]["msg"]
            errors.clear()
        for number, error in errors:
            failed[number] += 1
            first = first or error["error"]["msg"]
        if piece:
            kept.add(piece)
        kept.close()
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
            for record in records([part], self.schema):
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
