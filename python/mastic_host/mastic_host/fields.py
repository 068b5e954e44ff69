"""Fields of structs in arrays, and values of maps, by their names behind a dot: Sail knows those of structs and, of columns, arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mastic_host.asking import Asker, context_of, relations, texts, within
from mastic_host.operands import Reader
from mastic_host.statements import quoted

_INDEX = re.compile(r"Cannot cast string '.*' to value of \w+ type")
_MISSING = re.compile(r"attribute ObjectName\(\[((?:Identifier\(\"[^\"]+\"\)(?:, )?){2,})\]\) is missing from the schema")
_PART = re.compile(r"`((?:[^`]|``)+)`|([^.`]+)")
# How a part of a name is reached: as a field, as a map's key, or as a field in all structs of an array.
_Steps = list[tuple[str, str]]


def repair(plan: Any, refused: str, asker: Asker) -> bool:
    """Puts names with dots in other words in a plan that was refused for one; whether there are any."""
    missing, changed = _MISSING.search(refused), False
    if missing is None and not _INDEX.search(refused):
        return False
    parts = re.findall(r'"([^"]+)"', missing[1]) if missing else []
    for relation in relations(plan):
        context = context_of(relation)
        if context is not None:
            changed = _mend(relation, context, parts, asker) or changed
        for message, field, over in texts(relation) if parts else []:
            text = _named(getattr(message, field), parts, over, asker)
            changed = changed or text != getattr(message, field)
            setattr(message, field, text)
    return changed


def _mend(relation: Any, context: Any, parts: list[str], asker: Asker) -> bool:
    changed = False
    for one in within(getattr(relation, relation.WhichOneof("rel_type")), "Expression"):
        name, value = one.unresolved_attribute.unparsed_identifier, one.unresolved_extract_value
        if name and parts and _parts(name) == parts:
            made = _reached(one, parts, context, asker)
        elif value.extraction.literal.HasField("string"):
            steps = _steps(asker.over(context, [value.child])[0], [value.extraction.literal.string])
            made = _all_of(value.child, steps) if steps and steps[0][0] == "each" else None
        else:
            made = None
        if made is not None:
            one.CopyFrom(made)
            changed = True
    return changed


def _parts(name: str) -> list[str]:
    return [quoted_part.replace("``", "`") or plain for quoted_part, plain in _PART.findall(name)]


def _reached(one: Any, parts: list[str], context: Any, asker: Asker) -> Any | None:
    """The column that a name begins with, and what is reached in it."""
    for width in range(len(parts) - 1, 0, -1):
        column = type(one)()
        column.CopyFrom(one)
        column.unresolved_attribute.unparsed_identifier = ".".join(map(quoted, parts[:width]))
        steps = _steps(asker.over(context, [column])[0], parts[width:])
        if steps:
            named = type(one)()
            named.alias.name.append(parts[-1])
            named.alias.expr.CopyFrom(_all_of(column, steps))
            return named
    return None


def _steps(of: Any, parts: list[str]) -> _Steps:
    """How parts of a name are reached from a type; nothing where they are not."""
    from pyspark.sql.types import ArrayType, MapType, StructType

    steps: _Steps = []
    for part in parts:
        within_array = isinstance(of, ArrayType) and isinstance(of.elementType, StructType)
        if isinstance(of, MapType):
            steps.append(("key", part))
            of = of.valueType
            continue
        struct = of.elementType if within_array else of
        field = next((one for one in struct.fields if one.name.lower() == part.lower()), None) if isinstance(struct, StructType) else None
        if field is None:
            return []
        steps.append(("each" if within_array else "field", field.name))
        of = ArrayType(field.dataType) if within_array else field.dataType
    return steps


def _all_of(column: Any, steps: _Steps) -> Any:
    from pyspark.sql.connect import functions
    from pyspark.sql.connect.column import Column
    from pyspark.sql.connect.expressions import Expression

    class Given(Expression):
        def to_plan(self, session: Any) -> Any:
            return column

        def __repr__(self) -> str:
            return "column"

    reached = Column(Given())
    for how, name in steps:
        reached = functions.transform(reached, _getter(name)) if how == "each" else reached[name]
    return reached._expr.to_plan(None)


def _getter(name: str) -> Callable[[Any], Any]:
    return lambda struct: struct.getField(name)


def _named(text: str, parts: list[str], over: Any, asker: Asker) -> str:
    """SQL with other words in the place of a name."""
    reader = Reader(text)
    length = 2 * len(parts) - 1
    for at in range(len(reader.tokens) - length, -1, -1):
        told = [reader.token(at + step).low.strip("`") for step in range(length)]
        if told[::2] != [part.lower() for part in parts] or set(told[1::2]) != {"."} or reader.token(at - 1).text == ".":
            continue
        put = _text(parts, lambda wanted, at=at: asker.of_texts(over, reader.asks(at), wanted))
        if put is None:
            continue
        alone = reader.token(at - 1).low in ("select", ",", "distinct") and reader.token(at + length).low in (",", "from", "")
        alias = f" AS {quoted(parts[-1])}" if alone and reader.asks(at) else ""
        text = text[: reader.token(at).start] + put + alias + text[reader.token(at + length - 1).end :]
    return text


def _text(parts: list[str], ask: Callable[[list[str]], list[Any]]) -> str | None:
    for width in range(len(parts) - 1, 0, -1):
        made = ".".join(map(quoted, parts[:width]))
        steps = _steps(ask([made])[0], parts[width:])
        for how, name in steps:
            key = name.replace("\\", "\\\\").replace("'", "\\'")
            made = {"field": f"{made}.{quoted(name)}", "key": f"{made}['{key}']", "each": f"transform({made}, _x -> _x.{quoted(name)})"}[how]
        if steps:
            return made
    return None
