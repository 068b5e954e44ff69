"""Choices resolved (AWS Glue Developer Guide: "resolveChoice")."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from awsglue import gluetypes as g
from awsglue._columns import Leaf, cast, changed, find, inner, nothing
from awsglue._paths import EACH, VALUES, Path, text
from awsglue._rows import Rows
from awsglue._types import choices, parse_type
from awsglue.dynamicframe._fields import absent, place

_ACTIONS = "cast:type, project:type, make_cols and make_struct"


@dataclass(frozen=True)
class Action:
    """What becomes of a field: its kind, and the type for those that need one."""

    kind: str
    of: g.DataType | None = None
    name: str = ""

    @classmethod
    def parse(cls, action: str) -> Action:
        """Reads an action as scripts write it.

        Raises ValueError that names what is none.
        """
        kind, colon, of = (part.strip() for part in action.partition(":"))
        if kind in ("make_cols", "make_struct", "match_catalog") and not colon:
            return cls(kind)
        if kind == "project" and of in ("struct", "array", "map", "decimal"):
            return cls(kind, None, of)
        if kind in ("cast", "project") and of:
            parsed = parse_type(of)
            return cls(kind, parsed, parsed.typeName())
        raise ValueError(f"the action {action!r} is none of {_ACTIONS}")

    def apply(self, at: Path, leaf: Leaf) -> Sequence[Leaf]:
        """The fields in the place of this one."""
        of = leaf.of
        if self.kind == "cast" and self.of is not None:
            return [Leaf(leaf.name, cast(leaf.column, of, self.of), self.of)]
        if not isinstance(of, g.ChoiceType):
            return [leaf]
        if self.kind == "make_struct":
            fields = [g.Field(name, one) for name, one in of.choices.items()]
            return [Leaf(leaf.name, leaf.column, g.StructType(fields))]
        if self.kind == "project":
            name = find(of.choices, self.name)
            if name is None:
                to = self.of or g.NullType()
                return [Leaf(leaf.name, nothing(to), to)]
            return [Leaf(leaf.name, inner(leaf.column, name), of.choices[name])]
        if at[-1] in (EACH, VALUES):
            raise ValueError(f"make_cols: {text(at)} are the elements of an array, which are no columns")
        return [Leaf(f"{leaf.name}_{name}", inner(leaf.column, name), one) for name, one in of.choices.items()]


def resolved(rows: Rows, specs: Iterable[tuple[str, str]] | None, choice: str, catalog: g.StructType | None) -> Rows:
    """The rows with the choices resolved: those of `specs`, or all by one action.

    Raises ValueError for an action that is none, and for both `specs` and `choice`.
    """
    specs = None if specs is None else list(specs)
    if specs and choice:
        raise ValueError("resolveChoice takes specs or choice, and not both")
    if not specs and not choice:
        if choices(rows.schema):
            warnings.warn("resolveChoice: neither specs nor choice is given; the choices stay", stacklevel=3)
        return rows
    if specs:
        return _by_specs(rows, specs)
    action = Action.parse(choice)
    if action.kind == "match_catalog":
        assert catalog is not None
        return _matched(rows, catalog)

    def change(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
        if not isinstance(leaf.of, g.ChoiceType):
            return None
        # A choice in an array has no place for columns of its own.
        inside = action.kind == "make_cols" and at[-1] in (EACH, VALUES)
        return (Action("make_struct") if inside else action).apply(at, leaf)

    return _again(rows, change)


def _again(rows: Rows, change: Any) -> Rows:
    """Once more while choices come out of choices."""
    before = choices(rows.schema)
    while before:
        rows = rows.select(changed(rows.leaves, change))
        after = choices(rows.schema)
        if after == before:
            break
        before = after
    return rows


def _by_specs(rows: Rows, specs: list[tuple[str, str]]) -> Rows:
    for path, written in specs:
        action = Action.parse(written)
        if action.kind == "match_catalog":
            raise ValueError("match_catalog is an action for choice, and not for specs")
        found = place(rows, path)
        if found is None:
            absent(rows, path, "resolveChoice")
            continue
        rows = _at(rows, found, action)
    return rows


def _at(rows: Rows, path: Path, action: Action) -> Rows:
    return rows.select(changed(rows.leaves, lambda at, leaf: action.apply(at, leaf) if at == path else None))


def _matched(rows: Rows, catalog: g.StructType) -> Rows:
    """Each choice cast to the type that the catalog's table has in its place."""

    def change(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
        if not isinstance(leaf.of, g.ChoiceType):
            return None
        of: g.DataType | None = catalog
        for step in at:
            if isinstance(of, g.StructType):
                name = find(of.field_map, step)
                of = of.field_map[name].dataType if name else None
            elif isinstance(of, g.ArrayType):
                of = of.elementType
            elif isinstance(of, g.MapType):
                of = of.valueType
            else:
                of = None
        if of is None:
            warnings.warn(f"match_catalog: the table has no column {text(at)}; its choice stays", stacklevel=6)
            return None
        return [Leaf(leaf.name, cast(leaf.column, leaf.of, of), of)]

    return rows.select(changed(rows.leaves, change))


class ResolveOption:
    """How `toDF` resolves a choice: `Project`, `Cast` (both with a target type) or `KeepAsStruct`."""

    def __init__(self, path: str, action: str, target: Any = None) -> None:
        self.path, self.action, self.target = path, action, target

    def parsed(self) -> tuple[str, Action]:
        """The path and the action.

        Raises ValueError for an action that is none or lacks its type.
        """
        kinds = {"project": "project", "cast": "cast", "keepasstruct": "make_struct"}
        kind = kinds.get(self.action.replace("_", "").lower())
        if kind is None:
            raise ValueError(f"{self.action!r} is none of Project, Cast, KeepAsStruct")
        if kind == "make_struct":
            return self.path, Action(kind)
        if self.target is None:
            raise ValueError(f"{self.action} needs a target type")
        of = self.target if isinstance(self.target, g.DataType) else parse_type(_name(self.target))
        return self.path, Action(kind, of, of.typeName())


def _name(of: Any) -> str:
    return of.simpleString() if hasattr(of, "simpleString") else str(of)


def shaped(rows: Rows, options: Iterable[ResolveOption] | None) -> Rows:
    """The rows with the choices resolved as `toDF` is told."""
    for option in options or ():
        path, action = option.parsed()
        found = place(rows, path)
        if found is None:
            absent(rows, path, "toDF")
            continue
        rows = _at(rows, found, action)
    return rows
