"""Types that Spark makes fit each other and Sail does not: texts that are computed with, compared with numbers, or chosen beside them.

What types operands have is asked of Sail, and only of plans that it refuses, or that it may fail at halfway: those of writes and views.
Expressions in SQL are texts, and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mastic_host import casts

_ARITHMETIC = {"+", "-", "*", "/", "%"}
_COMPARISONS = {"==", "=", "!=", "<>", "<", "<=", ">", ">=", "<=>"}
_CHOICES = {"coalesce", "greatest", "ifnull", "in", "least", "nvl", "when"}
# Functions of numbers, of texts too in Spark.
_NUMBERS = {"abs", "avg", "ceil", "exp", "floor", "ln", "log10", "mean", "pow", "power", "sqrt", "sum"} | {
    "stddev", "stddev_pop", "stddev_samp", "std", "variance", "var_pop", "var_samp", "median",
}  # fmt: skip
_ALL = _ARITHMETIC | _COMPARISONS | _CHOICES | _NUMBERS
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

        if casts.lenient and _starts(request.plan) == "command":
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


def _starts(plan: Any) -> str:
    return str(plan.WhichOneof("op_type"))


def _repair(client: Any, plan: Any, analyze: Callable[..., Any]) -> bool:
    """Casts the operands in a plan that do not fit; whether there are any."""

    def kinds(context: Any, wanted: list[Any]) -> list[str]:
        """The types of expressions over a relation; nothing for one that is none by itself."""
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.proto import base_pb2

        asked = base_pb2.Plan()
        asked.root.project.input.CopyFrom(context)
        for at, one in enumerate(wanted):
            named = asked.root.project.expressions.add().alias
            named.name.append(f"_{at}")
            named.expr.CopyFrom(one)
        try:
            fields = analyze(client, "schema", plan=asked).schema.fields
        except PySparkException:
            return [kinds(context, [one])[0] for one in wanted] if len(wanted) > 1 else [""]
        return [_kind(field.dataType) for field in fields]

    changed = False
    for relation in _relations(plan):
        changed = _fit(relation, kinds) or changed
    return changed


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


def _fit(relation: Any, kinds: Callable[[Any, list[Any]], list[str]]) -> bool:
    """Casts operands in the expressions of one relation."""
    name = relation.WhichOneof("rel_type")
    inner = getattr(relation, name) if name else None
    if inner is None or not hasattr(inner, "ListFields"):
        return False
    calls = sorted(_calls(inner, 0), key=lambda found: -found[0])
    context, changed = _context(name, inner), False
    while context is not None and calls:
        level = [call for depth, call in calls if depth == calls[0][0]]
        calls = calls[len(level) :]
        # Literals tell their types.
        asked = [one for call in level for one in _operands(call) if not one.HasField("literal")]
        found = iter(kinds(context, asked) if asked else [])
        for call in level:
            operands = _operands(call)
            types = [_literal(one) if one.HasField("literal") else next(found) for one in operands]
            for operand, of in zip(operands, _wanted(call.function_name, types)):
                if of:
                    _cast(operand, of)
                    changed = True
    return changed


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
