"""`spark.read.csv` as Spark has it: options that Sail does not heed, records that do not fit, types of all records.

Sail reads files itself of which any parser would make the same: it is faster.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from mastic_host import csv_kinds, csv_records, csv_texts, csv_values, discovered, record_files
from mastic_host.reading import Options
from mastic_host.statements import quoted

# Options with which Sail does what Spark does.
_OF_SAIL = {
    "basepath", "columnnameofcorruptrecord", "dateformat", "delimiter", "enforceschema", "escape", "header", "inferschema",
    "maxcharspercolumn", "maxcolumns", "mergeschema", "path", "pathglobfilter", "preferdate", "quote", "recursivefilelookup", "samplingratio",
    "sep", "timestampformat",
}  # fmt: skip
# So many values more than columns a record may have.
_SURPLUS = 64
# A pattern for more columns takes longer than Python.
_MOST = 200


@dataclasses.dataclass(frozen=True)
class Rows:
    """Makes rows of records. `corrupt` is the column for records that do not fit, if there is one."""

    said: Options
    fields: list[Any]
    corrupt: str | None

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Rows, of batches of records and keys."""
        for batch in batches:
            yield self._of_batch(batch)

    def _of_batch(self, batch: Any) -> Any:
        import pyarrow
        from pyarrow import compute

        form, width = self.said.form(), len(self.fields)
        batch = batch.filter(csv_texts.kept(batch.column(0).cast(pyarrow.string()), form))
        lines = batch.column(0).cast(pyarrow.string())
        texts = csv_texts.split(lines, form, width)
        columns = [csv_values.converted(column, field.dataType, self.said) for column, field in zip(texts.columns, self.fields)]
        bad = compute.not_equal(texts.counts, width)
        for before, after in zip(texts.columns, columns):
            if before.null_count != after.null_count:
                bad = compute.or_(bad, compute.and_(before.is_valid(), after.is_null()))
        columns = [*columns, *batch.columns[1:]]
        if self.corrupt is not None:
            columns.append(compute.if_else(bad, lines, pyarrow.scalar(None, pyarrow.string())))
        made = pyarrow.RecordBatch.from_arrays(columns, names=[str(at) for at in range(len(columns))])
        return judged(made, bad, self.said)


def judged(rows: Any, bad: Any, said: Options) -> Any:
    """The rows that the mode leaves of these."""
    from pyarrow import compute

    if said.mode == "DROPMALFORMED":
        return rows.filter(compute.invert(bad))
    if said.mode == "FAILFAST" and compute.any(bad).as_py():
        at = compute.index(bad, True).as_py()
        raise malformed(str([column[at].as_py() for column in rows.columns]))
    return rows


def malformed(what: str) -> Exception:
    """What Spark says of a record that does not fit where all have to."""
    from pyspark.errors import SparkRuntimeException

    return SparkRuntimeException(
        f"[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: {what}.\nParse Mode: FAILFAST. "
        "To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'. SQLSTATE: 22023"
    )


def rows(records: Any, said: Options, fields: list[Any], corrupt: str | None) -> Any:
    """The columns, the keys of folders as texts, and the column for records that do not fit, if there is one."""
    from pyspark.sql.types import StructType

    texts = record_files.texts([*records.columns[1:], *([corrupt] if corrupt is not None else [])])
    return records.mapInArrow(Rows(said, fields, corrupt).read, StructType([*fields, *texts.fields]))


def without_schema(session: Any, path: Any, said: Options) -> Any:
    """The columns that the files have, and the keys of folders as texts."""
    from pyspark.sql.types import StructField, StructType

    head = record_files.first(session, path, said)
    if not head.record:
        return session.createDataFrame([], StructType([]))
    records = record_files.opened(session, path, "csv", said, head)
    names = _names(csv_records.values(head.record, said.form())[0], said)
    kinds, plain = ["string"] * len(names), None
    if said.flag("inferschema"):
        kinds, plain = _kinds(records, said, len(names))
    fields = [StructField(name, csv_kinds.typed(kind)) for name, kind in zip(names, kinds)]
    if _is_usual(said) and head.is_plain and (_are_plain(records, said, len(names)) if plain is None else plain):
        # Sail refuses records with more values than columns.
        more = [f"_mastic_{at}" for at in range(_SURPLUS)]
        frame = discovered.files(session, path, "csv", record_files.texts([*names, *more, *head.keys]), **_of_sail(said))
        return frame.selectExpr(*(_cast(name, kind) for name, kind in zip(names, kinds)), *map(quoted, head.keys))
    return rows(records, said, fields, None)


def _is_usual(said: Options) -> bool:
    """Whether Sail heeds all that a script says."""
    form = said.form()
    return set(said.said) - {"mode"} <= _OF_SAIL and said.mode == "PERMISSIVE" and len(form.quote) == len(form.escape) == 1


def _cast(name: str, kind: str) -> str:
    return quoted(name) if kind == "string" else f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}"


def _of_sail(said: Options) -> dict[str, str]:
    form = said.form()
    given = {"header": said.said.get("header", "false"), "sep": form.separator, "allowTruncatedRows": "true"}
    return given | record_files.of_files(said) | {key: said.said[key] for key in ("quote", "escape") if key in said.said}


def _names(head: list[str | None], said: Options) -> list[str]:
    """The names of columns, of the first record.

    >>> _names(["a", None, "A", "b"], Options({"header": "true"})), _names(["a", "b"], Options({}))
    (['a0', '_c1', 'A2', 'b'], ['_c0', '_c1'])
    """
    if not said.flag("header"):
        return [f"_c{at}" for at in range(len(head))]
    small = [name.lower() for name in head if name]
    names = []
    for at, name in enumerate(head):
        twice = name and small.count(name.lower()) > 1
        names.append(f"_c{at}" if not name else f"{name}{at}" if twice else name)
    return names


def _are_plain(records: Any, said: Options, width: int) -> bool:
    """Whether any parser would make the same of all records."""
    form, value = said.form(), records["value"]
    if len(form.separator) != 1 or width > _MOST:
        return False
    apart = csv_records.escaped(form.separator)
    # Sail has lines of spaces for records.
    if not records.where(value.contains(form.quote) | ((value < "!") & (value != ""))).limit(1).collect():
        return True
    pattern = f"^{form.one()}(?:{apart}{form.one()}){{0,{width - 1}}}$"
    return not records.where(~value.rlike(pattern) | value.rlike(r"^\s+$")).limit(1).collect()


@dataclasses.dataclass(frozen=True)
class Kinds:
    """Finds the types of columns, and whether Sail would make the same of their records and values."""

    said: Options
    width: int

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """A text of JSON for all batches: the types, and whether."""
        import pyarrow
        from pyarrow import compute

        form, kinds, plain = self.said.form(), [csv_kinds.NOTHING] * self.width, True
        for batch in batches:
            lines = batch.column(0).cast(pyarrow.string())
            kept = csv_texts.kept(lines, form)
            # Sail has lines of spaces for records.
            plain = plain and not any(line for line in lines.filter(compute.invert(kept)).to_pylist())
            lines = lines.filter(kept)
            wanted = [at for at, kind in enumerate(kinds) if kind != "string"]
            texts = csv_texts.split(lines, form, self.width, wanted)
            plain = plain and texts.plain
            for at in wanted:
                kinds[at], usual = csv_kinds.of_column(texts.columns[at], kinds[at], self.said)
                plain = plain and usual
        yield pyarrow.RecordBatch.from_arrays([pyarrow.array([json.dumps([kinds, plain])])], names=["found"])


def _kinds(records: Any, said: Options, width: int) -> tuple[list[str], bool]:
    found = record_files.told(records.mapInArrow(Kinds(said, width).read, "found string").collect())
    return csv_kinds.merged((kinds for kinds, _ in found), width, said), all(plain for _, plain in found)
