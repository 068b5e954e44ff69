"""Questions about plans: what relations and expressions are in them, and which types expressions have, which Sail is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_known: dict[tuple[int, bytes], list[Any]] = {}


class Asker:
    """Asks Sail for types."""

    def __init__(self, client: Any, analyze: Callable[..., Any]) -> None:
        self._client, self._analyze = client, analyze

    def over(self, context: Any, wanted: list[Any]) -> list[Any]:
        """The types of expressions over a relation; none for one that is none by itself."""
        from pyspark.sql.connect.proto import relations_pb2

        asked = relations_pb2.Relation()
        asked.project.input.CopyFrom(context)
        for at, one in enumerate(wanted):
            named = asked.project.expressions.add().alias
            named.name.append(f"_{at}")
            named.expr.CopyFrom(one)
        return self._types(asked) or self._singly(wanted, lambda few: self.over(context, few))

    def of_texts(self, context: Any, asks: str, wanted: list[str]) -> list[Any]:
        """The same for expressions in SQL: of a query that says where they are from, or over a relation."""
        from pyspark.sql.connect.proto import expressions_pb2, relations_pb2

        if not asks:
            return self.over(context, [expressions_pb2.Expression(expression_string={"expression": one}) for one in wanted])
        asked = relations_pb2.Relation()
        asked.CopyFrom(context)
        begin, _, end = asks.partition("\0")
        asked.sql.query = begin + ", ".join(f"{one} AS _{at}" for at, one in enumerate(wanted)) + end
        return self._types(asked) or self._singly(wanted, lambda few: self.of_texts(context, asks, few))

    @staticmethod
    def _singly(wanted: list[Any], ask: Callable[[list[Any]], list[Any]]) -> list[Any]:
        return [ask([one])[0] for one in wanted] if len(wanted) > 1 else [None]

    def _types(self, relation: Any) -> list[Any]:
        return [field.dataType for field in self.of(relation)]

    def of(self, relation: Any) -> list[Any]:
        """The columns of a relation; nothing for one that is none by itself."""
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.proto import base_pb2

        # Frames are made of frames whose types were asked for before.
        key = (id(self._client), relation.SerializeToString(deterministic=True))
        if key not in _known:
            try:
                _known[key] = list(self._analyze(self._client, "schema", plan=base_pb2.Plan(root=relation)).schema.fields)
            except PySparkException:
                return []
        return _known[key]


def forget() -> None:
    """Forgets what was asked: names may stand for something else."""
    _known.clear()


def kind(of: Any) -> str:
    """The name of a type, of a decimal with its digits; nothing for none."""
    if of is None:
        return ""
    return str(of.simpleString() if of.typeName() == "decimal" else of.typeName())


def texts(relation: Any) -> list[tuple[Any, str, Any]]:
    """The SQL in one relation: the message that has it, the name of its field, and the relation that it is over; itself for a query."""
    name = relation.WhichOneof("rel_type")
    inner = getattr(relation, name) if name else None
    if name == "sql":
        return [(inner, "query", relation)]
    context = context_of(relation)
    return [] if context is None else [(one, "expression", context) for one in within(inner, "ExpressionString")]


def relations(message: Any) -> Iterator[Any]:
    """The relations within a message, those first that others are made of."""
    for _, value in message.ListFields():
        for inner in messages(value):
            yield from relations(inner)
    if message.DESCRIPTOR.name == "Relation":
        yield message


def messages(value: Any) -> list[Any]:
    """The messages in a field."""
    if hasattr(value, "DESCRIPTOR"):
        return [value]
    if hasattr(value, "values"):
        value = list(value.values())
    return [one for one in value if hasattr(one, "DESCRIPTOR")] if hasattr(value, "__len__") and not isinstance(value, str | bytes) else []


def within(message: Any, name: str) -> Iterator[Any]:
    """The messages of a name in a relation's expressions, the inner ones first."""
    for _, value in message.ListFields():
        for inner in messages(value):
            if inner.DESCRIPTOR.name != "Relation":
                yield from within(inner, name)
            if inner.DESCRIPTOR.name == name:
                yield inner


def context_of(relation: Any) -> Any:
    """The relation whose columns the expressions of another are about; none where there are no such."""
    from pyspark.sql.connect.proto import relations_pb2

    name = relation.WhichOneof("rel_type")
    inner = getattr(relation, name) if name else None
    if not hasattr(inner, "ListFields"):
        return None
    if name == "join":
        both = relations_pb2.Relation()
        both.join.left.CopyFrom(inner.left)
        both.join.right.CopyFrom(inner.right)
        both.join.join_type = relations_pb2.Join.JoinType.JOIN_TYPE_CROSS
        return both
    return inner.input if "input" in inner.DESCRIPTOR.fields_by_name else None
