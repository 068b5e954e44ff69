"""Types that Spark makes fit each other and Sail does not: texts that are computed with, compared with numbers, or chosen beside them.

What types operands have is asked of Sail, and only of plans that it refuses, or that it may fail at halfway: those of writes and views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mastic_host import casts, operands
from mastic_host.asking import Asker, context_of, kind, messages, relations, texts

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


def repair(plan: Any, refused: str, asker: Asker) -> bool:
    """Casts the operands in a plan that was refused because they do not fit; whether there are any."""
    return bool(_REFUSED.search(refused)) and fit(plan, asker)


def writes(plan: Any) -> bool:
    """Whether a plan is more than a query."""
    if plan.WhichOneof("op_type") != "command":
        return False
    text = plan.command.sql_command.input.sql.query or plan.command.sql_command.sql
    return not _QUERY.match(text)


def fit(plan: Any, asker: Asker) -> bool:
    """Casts the operands in a plan that do not fit; whether there are any."""
    changed = False
    for relation in relations(plan):
        changed = _fit(relation, asker) or changed
    return changed


def _fit(relation: Any, asker: Asker) -> bool:
    """Casts operands in the expressions of one relation."""
    changed = False
    for message, field, context in texts(relation):
        before = getattr(message, field)
        text = _fitting(before, _asking(asker, context, field == "query"))
        changed = changed or text != before
        setattr(message, field, text)
    context = context_of(relation)
    if context is None:
        return changed
    calls = sorted(_calls(getattr(relation, relation.WhichOneof("rel_type")), 0), key=lambda call: -call[0])
    while calls:
        level = [call for depth, call in calls if depth == calls[0][0]]
        calls = calls[len(level) :]
        # Literals tell their types.
        asked = [one for call in level for one in _operands(call) if not one.HasField("literal")]
        answers = iter(asker.over(context, asked) if asked else [])
        for call in level:
            given = _operands(call)
            types = [_literal(one) if one.HasField("literal") else kind(next(answers)) for one in given]
            for operand, of in zip(given, _wanted(call.function_name, types)):
                if of:
                    _cast(operand, of)
                    changed = True
    return changed


def _asking(asker: Asker, context: Any, of_query: bool) -> Callable[[str, list[str]], list[str]]:
    """What asks for types in SQL; in a query of what is in a `SELECT` only, in an expression of what is in none."""

    def ask(asks: str, wanted: list[str]) -> list[str]:
        return [kind(one) for one in asker.of_texts(context, asks, wanted)] if bool(asks) == of_query else [""] * len(wanted)

    return ask


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


def _calls(message: Any, depth: int) -> Iterator[tuple[int, Any]]:
    """The calls in a relation's expressions whose operands may have to fit, and how deep they are."""
    for _, value in message.ListFields():
        for inner in messages(value):
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
