"""Records of CSV as columns of texts: many at once where any parser would make the same of them, the others one by one."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from mastic_host import csv_records
from mastic_host.csv_records import Form

_NOT_BLANK = "[^\\x00-\\x20]"


@dataclasses.dataclass(frozen=True)
class Texts:
    """Columns of texts of some records, and how many values each record had."""

    columns: list[Any]
    counts: Any
    # Whether any parser would make the same of all of them.
    plain: bool = True


def kept(lines: Any, form: Form) -> Any:
    """Which of the lines are records: no comments or blank ones."""
    from pyarrow import compute

    wanted = compute.match_substring_regex(lines, _NOT_BLANK)
    return compute.and_(wanted, compute.invert(compute.starts_with(lines, form.comment))) if form.comment else wanted


def split(lines: Any, form: Form, width: int, columns: list[int] | None = None) -> Texts:
    """The records in as many columns; of `columns`, if they are given, only these are right."""
    import pyarrow
    from pyarrow import compute

    if not len(lines):
        return Texts([pyarrow.nulls(0, pyarrow.string())] * width, pyarrow.nulls(0, pyarrow.int32()))
    if len(form.separator) != 1 or ord(form.separator) > 127 or form.separator in "\r\n":
        return _one_by_one(lines, form, width)
    quoted = bool(form.quote) and compute.any(compute.match_substring(lines, form.quote)).as_py()
    if quoted and (form.trims_before or form.trims_after or ord(form.quote) > 127):
        return _one_by_one(lines, form, width)
    regular = compute.match_substring_regex(lines, f"\\A(?:{form.regular()})\\z") if quoted else None
    if regular is None or compute.all(regular).as_py():
        odd, simple = lines[:0], lines
        places = None
    else:
        odd, simple = lines.filter(compute.invert(regular)), lines.filter(regular)
        places = [_places(regular), _places(compute.invert(regular))]
    found, ragged = _at_once(simple, form, width, quoted, columns)
    if not ragged:
        return found if places is None else _merged([found, _one_by_one(odd, form, width)], places)
    uneven = pyarrow.array(ragged, pyarrow.int64())
    even = pyarrow.array(sorted(set(range(len(simple))) - set(ragged)), pyarrow.int64())
    rest = dataclasses.replace(_one_by_one(simple.take(uneven), form, width), plain=True)
    whole = _merged([found, rest], [even, uneven])
    return whole if places is None else _merged([whole, _one_by_one(odd, form, width)], places)


def _places(mask: Any) -> Any:
    from pyarrow import compute

    return compute.indices_nonzero(mask).cast("int64")


def _merged(parts: list[Texts], places: list[Any]) -> Texts:
    """The parts in one, each of its records where it was."""
    import pyarrow
    from pyarrow import compute

    order = compute.sort_indices(pyarrow.concat_arrays(places))
    columns = [pyarrow.concat_arrays(list(pair)).take(order) for pair in zip(*(part.columns for part in parts))]
    return Texts(columns, pyarrow.concat_arrays([part.counts for part in parts]).take(order), all(part.plain for part in parts))


def _at_once(lines: Any, form: Form, width: int, quoted: bool, wanted: list[int] | None) -> tuple[Texts, list[int]]:
    """The regular lines, and which of them have another number of values than the first one."""
    import pyarrow
    from pyarrow import compute, csv

    if not len(lines):
        return split(lines, form, width), []
    there = len(csv_records.values(lines[0].as_py(), form)[0])
    names = [str(at) for at in range(there)]
    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number - 1)
        return "skip"

    texts = lines.cast(pyarrow.string())
    joined = compute.binary_join(pyarrow.ListArray.from_arrays([0, len(texts)], texts), "\n")[0].as_buffer()
    same = not form.empty and not form.nothing
    table = csv.read_csv(
        pyarrow.BufferReader(joined),
        csv.ReadOptions(column_names=names, use_threads=False, block_size=joined.size + 1),
        csv.ParseOptions(
            delimiter=form.separator,
            quote_char=form.quote if quoted else False,
            double_quote=False,
            newlines_in_values=quoted and bool(form.ends),
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pyarrow.string()),
            include_columns=[names[at] for at in wanted if at < there] if wanted is not None else None,
            null_values=[""] if quoted or not form.nothing else ["", form.nothing],
            strings_can_be_null=True,
            quoted_strings_can_be_null=same,
        ),
    ).combine_chunks()
    rows = len(lines) - len(ragged)
    nothing = pyarrow.nulls(rows, pyarrow.string())
    finish = functools.partial(_finished, form=form, quoted=quoted)
    found = {name: finish(one.chunk(0)) for name, one in zip(table.column_names, table.columns) if one.num_chunks}
    columns = [found.get(str(at), nothing) for at in range(width)]
    return Texts(columns, pyarrow.array([there], pyarrow.int32()).take(pyarrow.nulls(rows, pyarrow.int64()).fill_null(0))), ragged


def _finished(column: Any, form: Form, quoted: bool) -> Any:
    """Values with the rules for empty and trimmed ones."""
    from pyarrow import compute

    spaces = "".join(map(chr, range(33)))
    if form.trims_before:
        column = compute.utf8_ltrim(column, spaces)
    if form.trims_after:
        column = compute.utf8_rtrim(column, spaces)
    if form.trims_before or form.trims_after:
        column = _without(_without(column, ""), form.nothing)
    if quoted and form.empty:
        column = compute.if_else(compute.equal(column, ""), form.empty, column)
    return _without(column, form.nothing) if quoted and (form.nothing or form.empty) else column


def _without(column: Any, text: str) -> Any:
    import pyarrow
    from pyarrow import compute

    return compute.if_else(compute.equal(column, text), pyarrow.scalar(None, pyarrow.string()), column)


def _one_by_one(lines: Any, form: Form, width: int) -> Texts:
    import pyarrow

    columns: list[list[str | None]] = [[] for _ in range(width)]
    counts = []
    for line in lines.to_pylist():
        found, _ = csv_records.values(line, form)
        counts.append(len(found))
        for at, column in enumerate(columns):
            column.append(found[at] if at < len(found) else None)
    return Texts([pyarrow.array(column, pyarrow.string()) for column in columns], pyarrow.array(counts, pyarrow.int32()), plain=False)


def each_once(convert: Callable[[str], Any], texts: Any, to: Any) -> Any:
    """What becomes of texts one by one, each text once."""
    import pyarrow

    coded = texts.dictionary_encode()
    made = pyarrow.array([None if text is None else convert(text) for text in coded.dictionary.to_pylist()], to)
    return made.take(coded.indices)
