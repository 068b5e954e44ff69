"""Types that Spark makes fit each other and Sail does not: texts that are computed with, compared with numbers, or chosen beside them.

What types operands have is asked of Sail, and only of plans that it refuses, or that it may fail at halfway: those of writes and views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mastic_host import casts, operands

_ARITHMETIC = {"+", "-", "*", "/", "%"}
_COMPARISONS = {"==", "=", "!=", "<>", "<", "<=", ">", ">=", "<=>"}
_CHOICES = {"coalesce", "greatest", "ifnull", "in", "least", "nvl", "when"}
# Functions of numbers, of texts too in Spark.
_NUMBERS = {"abs", "avg", "ceil", "exp", "floor", "ln", "log10", "mean", "pow", "power", "sqrt", "sum"} | {
    "stddev", "stddev_pop", "stddev_samp", "std", "variance", "var_pop", "var_samp", "median",
}  # fmt: skip
_ALL = _ARITHMETIC | _COMPARISONS | _CHOICES | _NUMBERS
# Those that SQL calls as functions, with all operands as arguments.
_FUNCTIONS = _NUMBERS | _CHOICES - {"in", "when"}
_QUERY = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*\(*\s*(?:select|with|from|values|table)\b", re.I | re.S)
_WHOLE = ("byte", "short", "integer", "long")
_NUMERIC = (*_WHOLE, "float", "double", "decimal")
_NAMES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint", "timestamp_ntz": "timestamp_ntz"}
# What Sail says of plans that do not fit.
_REFUSED = re.compile(
    r"Cannot coerce arithmetic expression|Cannot infer common argument type|failed to match any signature|"
    r"Cannot cast string '.*' to value of|is too large to store in a Decimal",
    re.S,
)


def install() -> None:
    """Makes the client send plans that fit."""
    from pyspark.sql.connect.client.core import SparkConnectClient

    analyze, execute = SparkConnectClient._analyze, SparkConnectClient._execute_and_fetch_as_iterator

    def analyzing(client: Any, method: str, **more: Any) -> Any:
        try:
            return analyze(client, method, **more)
        except Exception as error:
            if "plan" not in more or not _REFUSED.search(str(error)) or not _repair(client, more["plan"], analyze):
                raise
            return analyze(client, method, **more)

    def executing(client: Any, request: Any, *arguments: Any, **more: Any) -> Iterator[Any]:
        import pyarrow as pa

        if casts.lenient and _writes(request.plan):
            _repair(client, request.plan, analyze)
        begun = False
        try:
            for answer in execute(client, request, *arguments, **more):
                begun = begun or isinstance(answer, pa.RecordBatch)
                yield answer
            return
        except Exception as error:
            if begun or not _REFUSED.search(str(error)) or not _repair(client, request.plan, analyze):
                raise
        yield from execute(client, request, *arguments, **more)

    SparkConnectClient._analyze = analyzing
    SparkConnectClient._execute_and_fetch_as_iterator = executing


def _writes(plan: Any) -> bool:
    """Whether a plan is more than a query."""
    if plan.WhichOneof("op_type") != "command":
        return False
    text = plan.command.sql_command.input.sql.query or plan.command.sql_command.sql
    return not _QUERY.match(text)


def _repair(client: Any, plan: Any, analyze: Callable[..., Any]) -> bool:
    """Casts the operands in a plan that do not fit; whether there are any."""
    asker, changed = _Asker(client, analyze), False
    for relation in _relations(plan):
        changed = _fit(relation, asker) or changed
    return changed


class _Asker:
    """Asks Sail for types."""

    def __init__(self, client: Any, analyze: Callable[..., Any]) -> None:
        self._client, self._analyze = client, analyze

    def over(self, context: Any, wanted: list[Any]) -> list[str]:
        """The types of expressions over a relation; nothing for one that is none by itself."""
        from pyspark.sql.connect.proto import relations_pb2

        asked = relations_pb2.Relation()
        asked.project.input.CopyFrom(context)
        for at, one in enumerate(wanted):
            named = asked.project.expressions.add().alias
            named.name.append(f"_{at}")
            named.expr.CopyFrom(one)
        return self._of(asked) or self._singly(wanted, lambda few: self.over(context, few))

    def of_texts(self, context: Any, asks: str, wanted: list[str]) -> list[str]:
        """The same for expressions in SQL: of a query that says where they are from, or over a relation."""
        from pyspark.sql.connect.proto import expressions_pb2, relations_pb2

        if not asks:
            return self.over(context, [expressions_pb2.Expression(expression_string={"expression": one}) for one in wanted])
        asked = relations_pb2.Relation()
        asked.CopyFrom(context)
        begin, _, end = asks.partition("\0")
        asked.sql.query = begin + ", ".join(f"{one} AS _{at}" for at, one in enumerate(wanted)) + end
        return self._of(asked) or self._singly(wanted, lambda few: self.of_texts(context, asks, few))

    @staticmethod
    def _singly(wanted: list[Any], ask: Callable[[list[Any]], list[str]]) -> list[str]:
        return [ask([one])[0] for one in wanted] if len(wanted) > 1 else [""]

    def _of(self, relation: Any) -> list[str]:
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.proto import base_pb2

        try:
            fields = self._analyze(self._client, "schema", plan=base_pb2.Plan(root=relation)).schema.fields
        except PySparkException:
            return []
        return [_kind(field.dataType) for field in fields]


def _kind(of: Any) -> str:
    """The type by its name, of a decimal with its digits."""
    return str(of.simpleString() if of.typeName() == "decimal" else of.typeName())


def _relations(message: Any) -> Iterator[Any]:
    """The relations within a message, those first that others are made of."""
    for _, value in message.ListFields():
        for inner in _messages(value):
            yield from _relations(inner)
    if message.DESCRIPTOR.name == "Relation":
        yield message


def _messages(value: Any) -> list[Any]:
    if hasattr(value, "DESCRIPTOR"):
        return [value]
    if hasattr(value, "values"):
        value = list(value.values())
    return [one for one in value if hasattr(one, "DESCRIPTOR")] if hasattr(value, "__len__") and not isinstance(value, str | bytes) else []


def _fit(relation: Any, asker: _Asker) -> bool:
    """Casts operands in the expressions of one relation."""
    name = relation.WhichOneof("rel_type")
    inner = getattr(relation, name) if name else None
    if name == "sql":
        text = _fitting(inner.query, lambda asks, wanted: asker.of_texts(relation, asks, wanted) if asks else [""] * len(wanted))
        changed, inner.query = text != inner.query, text
        return bool(changed)
    context = _context(name, inner) if name and hasattr(inner, "ListFields") else None
    if context is None:
        return False
    changed = False
    for one in list(_found(inner, "ExpressionString")):
        text = _fitting(one.expression, lambda asks, wanted: asker.of_texts(context, asks, wanted) if not asks else [""] * len(wanted))
        changed, one.expression = changed or text != one.expression, text
    calls = sorted(_calls(inner, 0), key=lambda found: -found[0])
    while calls:
        level = [call for depth, call in calls if depth == calls[0][0]]
        calls = calls[len(level) :]
        # Literals tell their types.
        asked = [one for call in level for one in _operands(call) if not one.HasField("literal")]
        found = iter(asker.over(context, asked) if asked else [])
        for call in level:
            given = _operands(call)
            types = [_literal(one) if one.HasField("literal") else next(found) for one in given]
            for operand, of in zip(given, _wanted(call.function_name, types)):
                if of:
                    _cast(operand, of)
                    changed = True
    return changed


def _fitting(text: str, ask: Callable[[str, list[str]], list[str]]) -> str:
    """SQL whose operands fit: the inner ones first, as what is made of them has no type before."""
    for _ in range(4):
        done = operands.operations(text, _FUNCTIONS.__contains__)
        types: dict[operands.Operand, str] = {}
        for asks in dict.fromkeys(one.asks for one in done):
            wanted = [one for operation in done if operation.asks == asks for one in operation.operands if one and one.type is None]
            wanted = list(dict.fromkeys(wanted))
            if wanted:
                types |= zip(wanted, ask(asks, [text[one.start : one.end] for one in wanted]))
        edits: dict[operands.Operand, str] = {}
        for operation in done:
            given = ["double" if one is None else one.type or types[one] for one in operation.operands]
            for operand, of in zip(operation.operands, _wanted(operation.function, given)):
                if of and operand:
                    edits.setdefault(operand, _cast_text(text[operand.start : operand.end], of))
        if not edits:
            break
        text = operands.replaced(text, edits)
    return text


def _cast_text(text: str, of: str) -> str:
    if not casts.lenient:
        return f"CAST({text} AS {of})"
    return casts.whole(text, of) if of in casts.WHOLE else f"try_cast({text} AS {of})"


def _found(message: Any, name: str) -> Iterator[Any]:
    """The messages of a name in a relation's expressions."""
    for _, value in message.ListFields():
        for inner in _messages(value):
            if inner.DESCRIPTOR.name == name:
                yield inner
            elif inner.DESCRIPTOR.name != "Relation":
                yield from _found(inner, name)


def _context(name: str, inner: Any) -> Any:
    """The relation whose columns the expressions of another are about."""
    from pyspark.sql.connect.proto import relations_pb2

    if name == "join":
        both = relations_pb2.Relation()
        both.join.left.CopyFrom(inner.left)
        both.join.right.CopyFrom(inner.right)
        both.join.join_type = relations_pb2.Join.JoinType.JOIN_TYPE_CROSS
        return both
    return inner.input if "input" in inner.DESCRIPTOR.fields_by_name else None


def _calls(message: Any, depth: int) -> Iterator[tuple[int, Any]]:
    """The calls in a relation's expressions whose operands may have to fit, and how deep they are."""
    for _, value in message.ListFields():
        for inner in _messages(value):
            name = inner.DESCRIPTOR.name
            if name == "UnresolvedFunction" and inner.function_name.lower() in _ALL:
                yield depth, inner
            if name not in ("Relation", "Literal", "DataType"):
                yield from _calls(inner, depth + 1)


def _operands(call: Any) -> list[Any]:
    """The arguments of a call that are to be of one type."""
    given = list(call.arguments)
    if call.function_name.lower() == "when":
        return [one for at, one in enumerate(given) if at % 2 or (at == len(given) - 1 and not at % 2)]
    return given


def _literal(of: Any) -> str:
    return str(of.literal.WhichOneof("literal_type") or "")


def _wanted(function: str, types: list[str]) -> list[str]:
    """What operands of these types are cast to, as in Spark; nothing for those that stay.

    >>> _wanted("+", ["string", "integer"]), _wanted("==", ["integer", "string"]), _wanted("<", ["string", "decimal(10,2)"])
    (['double', ''], ['', 'int'], ['double', 'double'])
    >>> _wanted("in", ["string", "integer"]), _wanted("==", ["boolean", "string"]), _wanted("==", ["boolean", "integer"])
    (['', 'string'], ['', 'boolean'], ['int', ''])
    >>> _wanted("sum", ["string"]), _wanted("==", ["string", "string"]), _wanted("+", ["", "string"]), _wanted("+", ["date", "string"])
    (['double'], ['', ''], ['', ''], ['', ''])
    """
    function, plain = function.lower(), [of.partition("(")[0] for of in types]
    none = [""] * len(types)
    if "" in plain or (("string" not in plain) and "boolean" not in plain):
        return none
    if function in _NUMBERS | _ARITHMETIC:
        fits = all(of in (*_NUMERIC, "string", "null") for of in plain)
        return ["double" if fits and of == "string" else "" for of in plain]
    if function in _COMPARISONS and len(types) == 2:
        return _compared(plain)
    if function in _CHOICES and "string" in plain and all(of in (*_NUMERIC, "string", "null", "date", "timestamp") for of in plain):
        return ["" if of in ("string", "null") else "string" for of in plain]
    return none


def _compared(types: list[str]) -> list[str]:
    for at, other in ((0, 1), (1, 0)):
        this, that, wanted = types[at], types[other], ["", ""]
        if this == "string" and that == "decimal":
            return ["double", "double"]
        if this == "string" and (that in _NUMERIC or that in ("boolean", "date", "timestamp")):
            wanted[at] = _NAMES.get(that, that)
            return wanted
        if this == "boolean" and that in _NUMERIC:
            wanted[at] = _NAMES.get(that, "double")
            return wanted
    return ["", ""]


def _cast(operand: Any, of: str) -> None:
    from pyspark.sql.connect.proto import expressions_pb2

    made = expressions_pb2.Expression()
    if casts.lenient and of in casts.WHOLE:
        made.unresolved_function.function_name = "coalesce"
        chains = [[of], ["double", of]]
        made.unresolved_function.arguments.extend(_chain(operand, chain) for chain in chains)
    else:
        made.CopyFrom(_chain(operand, [of]))
    operand.CopyFrom(made)


def _chain(operand: Any, types: list[str]) -> Any:
    """The operand cast to these types, one after the other."""
    from pyspark.sql.connect.proto import expressions_pb2

    made = expressions_pb2.Expression()
    made.CopyFrom(operand)
    for of in types:
        whole = expressions_pb2.Expression()
        whole.cast.expr.CopyFrom(made)
        whole.cast.type_str = of
        if casts.lenient:
            whole.cast.eval_mode = expressions_pb2.Expression.Cast.EvalMode.EVAL_MODE_TRY
        made = whole
    return made
