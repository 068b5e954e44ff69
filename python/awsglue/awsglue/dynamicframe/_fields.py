"""Fields picked, left out, renamed, mapped."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, changed, inner, located, read, struct
from awsglue._paths import EACH, VALUES, Path, listed, names, parse, text
from awsglue._rows import Rows
from awsglue._types import parse_type


def absent(rows: Rows, path: str, what: str) -> None:
    """Says that a field is not there: records describe themselves, so AWS Glue goes on without it."""
    there = ", ".join(field.name for field in rows.schema.fields)
    warnings.warn(f"{what}: there is no field {path}; there are {there or 'none'}", stacklevel=4)


def place(rows: Rows, path: str) -> Path | None:
    """Where a field is, if it is there. A name with dots in it is found without its back-ticks too."""
    whole = located(rows.schema, (path,))
    return whole if whole is not None else located(rows.schema, parse(path))


def places(rows: Rows, paths: str | Iterable[str], what: str) -> list[Path]:
    """Where the fields are; those that are not there are told of."""
    found = []
    for path in listed(paths):
        at = place(rows, path)
        if at is None:
            absent(rows, path, what)
        else:
            found.append(at)
    return found


def _steps(path: Path) -> Path:
    return tuple(step for step in path if step not in (EACH, VALUES))


def _starts(path: Path, start: Path) -> bool:
    return path[: len(start)] == start


def select(rows: Rows, found: Sequence[Path]) -> list[Leaf]:
    """The fields in the order named; of a struct what is named of it."""
    wanted = [_steps(path) for path in found]

    def change(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
        steps = _steps(at)
        if any(_starts(steps, path) for path in wanted):
            return [leaf]
        return None if any(_starts(path, steps) for path in wanted) else []

    leaves = {leaf.name: leaf for leaf in changed(rows.leaves, change)}
    return [leaves[name] for name in dict.fromkeys(path[0] for path in found)]


def drop(leaves: Iterable[Leaf], found: Iterable[Path]) -> list[Leaf]:
    """All fields but these, those in arrays too."""
    gone = {_steps(path) for path in found}
    return changed(leaves, lambda at, leaf: [] if at[-1] not in (EACH, VALUES) and _steps(at) in gone else None)


def rename(rows: Rows, old: str, new: str) -> Rows:
    """The field under another path: in its place if both are of one struct, else moved."""
    found, target = place(rows, old), parse(new)
    if found is None:
        absent(rows, old, "rename_field")
        return rows
    source = _steps(found)
    if names(target)[:-1] == source[:-1]:
        name = target[-1]

        def change(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
            if at == found:
                return [Leaf(name, leaf.column, leaf.of)]
            taken = at[-1] == name and at[:-1] == found[:-1] and name != found[-1]
            return [] if taken else None

        return rows.select(changed(rows.leaves, change))
    moved = read(rows.schema, found)
    left = drop(rows.leaves, [found])
    return rows.select(_put(left, target, moved))


def _put(leaves: list[Leaf], path: Path, leaf: Leaf) -> list[Leaf]:
    """The columns with one at a path, in structs that are made where they lack."""
    [name, *below] = path
    if not below:
        return [*(one for one in leaves if one.name != name), Leaf(name, leaf.column, leaf.of)]
    holder = next((one for one in leaves if one.name == name), None)
    fields: list[Leaf] = []
    if holder is not None:
        if not isinstance(holder.of, g.StructType):
            raise ValueError(f"{text(path)}: {name} is no struct but {holder.of.typeName()}")
        fields = [Leaf(one.name, inner(holder.column, one.name), one.dataType) for one in holder.of.fields]
    made = _struct(name, _put(fields, tuple(below), leaf))
    return [made if one is holder else one for one in leaves] if holder is not None else [*leaves, made]


def _struct(name: str, fields: list[Leaf]) -> Leaf:
    return Leaf(name, struct(fields), g.StructType([g.Field(one.name, one.of) for one in fields]))


class _Target:
    """A field of what a mapping makes: a value, or a struct of more of them."""

    def __init__(self) -> None:
        self.leaf: Leaf | None = None
        self.present: list[Column] = []
        self.below: dict[str, _Target] = {}

    def made(self, name: str) -> Leaf:
        if self.leaf is not None:
            return Leaf(name, self.leaf.column, self.leaf.of)
        made = _struct(name, [target.made(below) for below, target in self.below.items()])
        present = self.there()
        return made if present is None else Leaf(name, F.when(present, made.column), made.of)

    def there(self) -> Column | None:
        """Whether any of the values came out of a struct that is there; nothing if one came out of none."""
        if self.leaf is not None:
            return self.present[0] if self.present else None
        out: Column | None = None
        for target in self.below.values():
            one = target.there()
            if one is None:
                return None
            out = one if out is None else out | one
        return out


_AS_IT_IS = ("struct", "array", "map", "choice", "null", "unknown")


def mapped(rows: Rows, mappings: Iterable[Any], case_sensitive: bool) -> Rows:
    """What the mappings name, in their order; a value that does not fit its new type is null."""
    root = _Target()
    for mapping in mappings:
        source, _, target, of = _mapping(mapping)
        whole = located(rows.schema, (source,), case_sensitive)
        found = whole if whole is not None else located(rows.schema, parse(source), case_sensitive)
        if found is None:
            absent(rows, source, "apply_mapping")
            continue
        value = read(rows.schema, found)
        to = value.of if of.strip().lower() in _AS_IT_IS else parse_type(of)
        at = root
        for step in parse(target):
            if at.leaf is not None:
                raise ValueError(f"apply_mapping: {target} would be inside of a field that another mapping makes")
            at = at.below.setdefault(step, _Target())
        at.leaf = Leaf("", cast(value.column, value.of, to), to)
        if len(found) > 1:
            at.present = [read(rows.schema, found[:-1]).column.isNotNull()]
    return rows.select([target.made(name) for name, target in root.below.items()])


def _mapping(mapping: Any) -> tuple[str, str, str, str]:
    """A mapping of two names or of names and types: (a, b), (a, type, b), (a, type, b, type)."""
    match tuple(mapping):
        case (source, of, target, to):
            return source, of, target, to
        case (source, of, target):
            return source, of, target, of
        case (source, target):
            return source, "unknown", target, "unknown"
    raise ValueError(f"the mapping {mapping!r} is not (source column, source type, target column, target type)")


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "==": operator.eq,
    "!=": operator.ne,
}  # fmt: skip


def compared(rows: Rows, comparisons: dict[str, dict[str, Any]]) -> Column:
    """Whether a row meets all comparisons; it does not where a value is null.

    Raises ValueError for a field that is not there or a comparator that is none.
    """
    met = F.lit(True)
    for path, tests in comparisons.items():
        found = place(rows, path)
        if found is None:
            there = ", ".join(field.name for field in rows.schema.fields)
            raise ValueError(f"split_rows: there is no field {path}; there are {there}")
        value = read(rows.schema, found)
        if not isinstance(value.of, g.AtomicType):
            raise ValueError(f"split_rows: {path} is of the type {value.of.typeName()}, which has no order")
        for comparator, constant in tests.items():
            if comparator not in _COMPARISONS:
                raise ValueError(f"split_rows: {comparator!r} is none of {', '.join(_COMPARISONS)}")
            met = met & _COMPARISONS[comparator](value.column, F.lit(constant))
    return F.coalesce(met, F.lit(False))
