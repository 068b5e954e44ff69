"""`spark.read.json` as Spark has it: options that Sail does not heed, records that do not fit, fields of all records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import reduce
from typing import Any

from mastic_host import csv_values, discovered, json_kinds, json_texts, json_values, record_files
from mastic_host.read_csv import judged, malformed
from mastic_host.reading import Options, arrow

# So many records are tried again at once where Arrow does not take more.
_FEW = 1024
_NOT_BLANK = "[^\\x00-\\x20]"


def _records(batch: Any) -> tuple[Any, Any]:
    """The records of a batch without blank ones, and the batch of these."""
    import pyarrow
    from pyarrow import compute

    batch = batch.filter(compute.match_substring_regex(batch.column(0).cast(pyarrow.string()), _NOT_BLANK))
    return batch.column(0).cast(pyarrow.string()), batch


@dataclasses.dataclass(frozen=True)
class Rows:
    """Makes rows of records. `corrupt` is the column for records that do not fit, if there is one."""

    said: Options
    fields: list[Any]
    corrupt: str | None

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Rows, of batches of records and keys."""
        known = [_known(field.dataType) for field in self.fields]
        for batch in batches:
            lines, kept = _records(batch)
            yield from self._of_lines(lines, kept.columns[1:], known)

    def _of_lines(self, lines: Any, keys: list[Any], known: list[Any]) -> Iterator[Any]:
        columns = self._at_once(lines, known) if len(lines) and known and all(known) else None
        if columns is not None:
            yield self._made(*columns, lines, keys)
        elif len(lines) > _FEW and known and all(known):
            for at in range(0, len(lines), _FEW):
                yield from self._of_lines(lines.slice(at, _FEW), [key.slice(at, _FEW) for key in keys], known)
        else:
            yield self._one_by_one(lines, keys)

    def _at_once(self, lines: Any, known: list[Any]) -> tuple[list[Any], Any] | None:
        """The columns of records that all fit but for dates and times, and which do not."""
        import pyarrow
        from pyarrow import compute, json

        joined = compute.binary_join(pyarrow.ListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_buffer()
        wanted = pyarrow.schema([(field.name, arrow(of)) for field, of in zip(self.fields, known)])
        try:
            read = json.read_json(
                pyarrow.BufferReader(joined),
                json.ReadOptions(use_threads=False, block_size=joined.size + 1),
                json.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="ignore"),
            )
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
            return None
        if read.num_rows != len(lines):
            return None
        bad, columns = pyarrow.array([False]).take(pyarrow.nulls(len(lines), pyarrow.int64()).fill_null(0)), []
        for one, field, of in zip(read.columns, self.fields, known):
            before = one.combine_chunks()
            after = before if of == field.dataType else csv_values.converted(before, field.dataType, self.said)
            if before.null_count != after.null_count:
                bad = compute.or_(bad, compute.and_(before.is_valid(), after.is_null()))
            columns.append(after)
        return columns, bad

    def _one_by_one(self, lines: Any, keys: list[Any]) -> Any:
        import pyarrow

        rows, bad, places = [], [], []
        parse, fit = json_texts.Parser(self.said).parsed, json_values.fields(self.fields, self.said)
        for place, line in enumerate(lines.to_pylist()):
            for row, fits in _of_record(line, parse, fit):
                rows.append(row)
                bad.append(not fits)
                places.append(place)
        columns = [pyarrow.array([row.get(field.name) for row in rows], arrow(field.dataType)) for field in self.fields]
        order = pyarrow.array(places, pyarrow.int64())
        return self._made(columns, pyarrow.array(bad, pyarrow.bool_()), lines.take(order), [key.take(order) for key in keys])

    def _made(self, columns: list[Any], bad: Any, lines: Any, keys: list[Any]) -> Any:
        import pyarrow
        from pyarrow import compute

        columns = [*columns, *keys]
        if self.corrupt is not None:
            columns.append(compute.if_else(bad, lines, pyarrow.scalar(None, pyarrow.string())))
        made = pyarrow.RecordBatch.from_arrays(columns, names=[str(at) for at in range(len(columns))])
        return judged(made, bad, self.said)


def _of_record(line: str, parse: Any, fit: Any) -> list[tuple[dict[str, Any], bool]]:
    """The rows of a record, and whether they fit: one, or as many as an array has."""
    try:
        value = parse(line)
    except ValueError:
        return [({}, False)]
    if isinstance(value, dict):
        return [fit(value)]
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return [fit(one) for one in value]
    return [({}, False)]


def _known(of: Any) -> Any:
    """The type as which many values of JSON are read at once; none if they are to be read one by one."""
    from pyspark.sql.types import StringType

    if of.typeName() in ("date", "timestamp", "timestamp_ntz"):
        # Times may be numbers: Arrow takes these for no texts.
        return StringType()
    return of if _is_plain(of) else None


def _is_plain(of: Any) -> bool:
    match of.typeName():
        case "struct":
            return bool(of.fields) and all(_is_plain(field.dataType) for field in of.fields)
        case "array":
            return _is_plain(of.elementType)
        case name:
            return name in ("string", "boolean", "byte", "short", "integer", "long", "float", "double")


def rows(records: Any, said: Options, fields: list[Any], corrupt: str | None) -> Any:
    """The columns, the keys of folders as texts, and the column for records that do not fit, if there is one."""
    from pyspark.sql.types import StructType

    texts = record_files.texts([*records.columns[1:], *([corrupt] if corrupt is not None else [])])
    return records.mapInArrow(Rows(said, fields, corrupt).read, StructType([*fields, *texts.fields]))


def without_schema(session: Any, path: Any, said: Options) -> Any:
    """The fields that the records have, by their names, and the keys of folders as texts."""
    from pyspark.sql.types import StructType

    records = record_files.opened(session, path, "json", said)
    found = record_files.told(records.mapInArrow(Kinds(said).read, "found string").collect())
    kind = reduce(json_kinds.both, (one for one, _ in found), json_kinds.NOTHING)
    of = json_kinds.typed(kind, said) if isinstance(kind, dict) else None
    fields = list(of.fields) if of is not None else []
    corrupt = said.corrupt if said.mode == "PERMISSIVE" and any(broken for _, broken in found) else None
    _demand_unlike([field.name for field in fields])
    if corrupt is None and not fields:
        return session.createDataFrame([], StructType([]))
    if said.corrupt in [field.name for field in fields]:
        corrupt = None
    frame = rows(records, said, fields, corrupt)
    own = sorted([*(field.name for field in fields), *([corrupt] if corrupt is not None else [])])
    return frame.select(*map(discovered.quoted, [*own, *records.columns[1:]]))


def _demand_unlike(names: list[str]) -> None:
    """Refuses names that differ in the case of their letters only, as Spark does."""
    from pyspark.errors import AnalysisException

    seen: set[str] = set()
    for name in map(str.lower, names):
        if name in seen:
            raise AnalysisException(
                f"[COLUMN_ALREADY_EXISTS] The column `{name}` already exists. Choose another name or rename the existing column. SQLSTATE: 42711"
            )
        seen.add(name)


@dataclasses.dataclass(frozen=True)
class Kinds:
    """Finds the type of records, and whether there are some that are none."""

    said: Options

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """A text of JSON for all batches: the type, and whether."""
        import pyarrow

        parse, kind, broken = json_texts.Parser(self.said).parsed, json_kinds.NOTHING, False
        for batch in batches:
            for one, fits in self._of_lines(_records(batch)[0], parse):
                kind, broken = json_kinds.both(kind, one), broken or not fits
        yield pyarrow.RecordBatch.from_arrays([pyarrow.array([json_kinds.told(kind, broken)])], names=["found"])

    def _of_lines(self, lines: Any, parse: Any) -> Iterator[tuple[Any, bool]]:
        """Types of some records each, and whether they are records."""
        found = json_kinds.of_lines(lines, self.said) if len(lines) else json_kinds.NOTHING
        if found is not None:
            yield found, True
        elif len(lines) > _FEW:
            for at in range(0, len(lines), _FEW):
                yield from self._of_lines(lines.slice(at, _FEW), parse)
        else:
            yield self._one_by_one(lines.to_pylist(), parse)

    def _one_by_one(self, lines: list[str], parse: Any) -> tuple[Any, bool]:
        kind, whole = json_kinds.NOTHING, True
        for line in lines:
            one, fits = json_kinds.of_record(line, parse, self.said)
            if not fits and self.said.mode == "FAILFAST":
                raise malformed(line)
            kind, whole = json_kinds.both(kind, one), whole and fits
        return kind, whole
