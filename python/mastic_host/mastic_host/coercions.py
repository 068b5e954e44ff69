"""Types that Spark makes fit each other and Sail does not: texts that are computed with, compared with numbers, or chosen beside them.

What types operands have is asked of Sail, and only of plans that it refuses, or that it may fail at halfway: those of writes and views.
What is chosen between, as by `CASE`, Sail fits when it computes, and says before that it has the type of the first: so tables would
have columns of other types than their files. Those are fitted wherever somebody asks for types, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mastic_host import casts, operands
from mastic_host.asking import Asker, context_of, kind, messages, relations, texts
from mastic_host.statements import quoted

_ARITHMETIC = {"+", "-", "*", "/", "%"}
_COMPARISONS = {"==", "=", "!=", "<>", "<", "<=", ">", ">=", "<=>"}
_CHOSEN = {"case", "coalesce", "greatest", "if", "ifnull", "least", "nvl", "nvl2", "when"}
_CHOICES = _CHOSEN | {"in"}
# Functions of numbers, of texts too in Spark.
_NUMBERS = {"abs", "avg", "ceil", "exp", "floor", "ln", "log10", "mean", "pow", "power", "sqrt", "sum"} | {
    "stddev", "stddev_pop", "stddev_samp", "std", "variance", "var_pop", "var_samp", "median",
}  # fmt: skip
_ALL = _ARITHMETIC | _COMPARISONS | _CHOICES | _NUMBERS
# Those that SQL calls as functions, with all operands as arguments.
_FUNCTIONS = _NUMBERS | _CHOICES - {"case", "in", "when"}
_QUERY = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*\(*\s*(?:select|with|from|values|table)\b", re.I | re.S)
_WHOLE = ("byte", "short", "integer", "long")
_NUMERIC = (*_WHOLE, "float", "double", "decimal")
_NAMES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint", "timestamp_ntz": "timestamp_ntz"}
# How many digits whole numbers have as decimals.
_DIGITS = {"byte": (3, 0), "short": (5, 0), "integer": (10, 0), "long": (20, 0)}
# Types of null.
_NOTHING = {"null", "void"}
# What Sail says of plans that do not fit.
_REFUSED = re.compile(
    r"Cannot coerce arithmetic expression|Cannot infer common argument type|failed to match any signature|"
    r"Cannot cast string '.*' to value of|is too large to store in a Decimal|cast Timestamp\(Nanosecond",
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


def fit(plan: Any, asker: Asker, only_chosen: bool = False) -> bool:
    """Casts the operands in a plan that do not fit, or only of what is chosen between; whether there are any."""
    changed = False
    for relation in relations(plan):
        changed = _fit(relation, asker, _CHOSEN if only_chosen else _ALL) or changed
    return changed


def _fit(relation: Any, asker: Asker, which: set[str]) -> bool:
    """Casts operands in the expressions of one relation."""
    changed = _unite(relation, asker)
    for message, field, context in texts(relation):
        before = getattr(message, field)
        text = _fitting(before, which, _asking(asker, context, field == "query"))
        changed = changed or text != before
        setattr(message, field, text)
    context = context_of(relation)
    if context is None:
        return changed
    calls = sorted(_calls(getattr(relation, relation.WhichOneof("rel_type")), 0, which), key=lambda call: -call[0])
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
                    _cast(operand, of, call.function_name in _CHOSEN)
                    changed = True
    return changed


def _unite(relation: Any, asker: Asker) -> bool:
    """Casts columns of a union that has other types on one side than on the other."""
    union, sides = relation.set_op, [relation.set_op.left_input, relation.set_op.right_input]
    if union.set_op_type != union.SetOpType.SET_OP_TYPE_UNION or union.by_name:
        return False
    schemas = [asker.of(one) for one in sides]
    if not all(schemas) or len(schemas[0]) != len(schemas[1]):
        return False
    wanted = [_of_both(left.dataType, right.dataType) for left, right in zip(*schemas)]
    changed = False
    for side, schema in zip(sides, schemas):
        names = [field.name for field in schema]
        casts_of = ["" if field.dataType.simpleString() == of else of for of, field in zip(wanted, schema)]
        if any(casts_of) and len(set(names)) == len(names):
            _project(side, names, casts_of)
            changed = True
    return changed


def _of_both(left: Any, right: Any) -> str:
    """The type of a union's column; nothing where that is the type of both."""
    nothing = [kind(one) in _NOTHING for one in (left, right)]
    if any(nothing):
        return "" if all(nothing) else str((right if nothing[0] else left).simpleString())
    return _common([kind(left), kind(right)])


def _project(relation: Any, names: list[str], types: list[str]) -> None:
    """Makes a relation have its columns in these types; in their own where there is none."""
    before = type(relation)()
    before.CopyFrom(relation)
    relation.Clear()
    relation.common.CopyFrom(before.common)
    relation.project.input.CopyFrom(before)
    for name, of in zip(names, types):
        named = relation.project.expressions.add().alias
        named.name.append(name)
        named.expr.unresolved_attribute.unparsed_identifier = quoted(name)
        if of:
            named.expr.CopyFrom(_chain(named.expr, [of]))


def _asking(asker: Asker, context: Any, of_query: bool) -> Callable[[str, list[str]], list[str]]:
    """What asks for types in SQL; in a query of what is in a `SELECT` only, in an expression of what is in none."""

    def ask(asks: str, wanted: list[str]) -> list[str]:
        return [kind(one) for one in asker.of_texts(context, asks, wanted)] if bool(asks) == of_query else [""] * len(wanted)

    return ask


def _fitting(text: str, which: set[str], ask: Callable[[str, list[str]], list[str]]) -> str:
    """SQL whose operands fit: the inner ones first, as what is made of them has no type before."""
    for _ in range(4):
        done = [one for one in operands.operations(text, _FUNCTIONS.__contains__) if one.function in which]
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
                    edits.setdefault(operand, _cast_text(text[operand.start : operand.end], of, operation.function in _CHOSEN))
        if not edits:
            break
        text = operands.replaced(text, edits)
    return text


def _cast_text(text: str, of: str, chosen: bool) -> str:
    if chosen or not casts.lenient:
        return f"CAST({text} AS {of})"
    return casts.whole(text, of) if of in casts.WHOLE else f"try_cast({text} AS {of})"


def _calls(message: Any, depth: int, which: set[str]) -> Iterator[tuple[int, Any]]:
    """The calls in a relation's expressions whose operands may have to fit, and how deep they are."""
    for _, value in message.ListFields():
        for inner in messages(value):
            name = inner.DESCRIPTOR.name
            if name == "UnresolvedFunction" and inner.function_name.lower() in which:
                yield depth, inner
            if name not in ("Relation", "Literal", "DataType"):
                yield from _calls(inner, depth + 1, which)


def _operands(call: Any) -> list[Any]:
    """The arguments of a call that are to be of one type."""
    given = list(call.arguments)
    if call.function_name.lower() == "when":
        return [one for at, one in enumerate(given) if at % 2 or (at == len(given) - 1 and not at % 2)]
    return given[1:] if call.function_name.lower() in ("if", "nvl2") else given


def _literal(of: Any) -> str:
    name, digits = str(of.literal.WhichOneof("literal_type") or ""), of.literal.decimal
    return f"decimal({digits.precision},{digits.scale})" if name == "decimal" and digits.HasField("scale") else name


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
    if function in _CHOSEN:
        common = _common(types)
        return ["" if of in _NOTHING or _NAMES.get(of, of) == common else common for of in types]
    if "" in plain or (("string" not in plain) and "boolean" not in plain):
        return none
    if function in _NUMBERS | _ARITHMETIC:
        fits = all(of in (*_NUMERIC, "string", "null", "void") for of in plain)
        return ["double" if fits and of == "string" else "" for of in plain]
    if function in _COMPARISONS and len(types) == 2:
        return _compared(plain)
    if function in _CHOICES and "string" in plain and all(of in (*_NUMERIC, "string", "null", "void", "date", "timestamp") for of in plain):
        return ["" if of in ("string", "null", "void") else "string" for of in plain]
    return none


def _common(types: list[str]) -> str:
    """The type of a column that has values of all these; nothing where they are of one, or there is none.

    >>> _common(["integer", "void", "double"]), _common(["integer", "decimal(2,1)"]), _common(["long", "long"]), _common(["date", "timestamp"])
    ('double', 'decimal(11,1)', '', 'timestamp')
    >>> _common(["string", "integer"]), _common(["integer", "long"]), _common(["float", "decimal(4,2)"]), _common(["integer", "boolean"])
    ('string', 'bigint', 'double', '')
    """
    given = {of for of in types if of not in _NOTHING}
    plain = {of.partition("(")[0] for of in given}
    if len(given) < 2 or "" in given:
        return ""
    if "string" in plain:
        return "string" if plain <= {*_NUMERIC, "string", "date", "timestamp"} else ""
    if plain == {"date", "timestamp"}:
        return "timestamp"
    if not plain <= set(_NUMERIC):
        return ""
    if "double" in plain or plain >= {"float", "decimal"}:
        return "double"
    if "decimal" not in plain:
        widest = max(plain, key=_NUMERIC.index)
        return _NAMES.get(widest, widest)
    digits = [_DIGITS[of] if of in _DIGITS else tuple(map(int, of[8:-1].split(","))) for of in given if of in _DIGITS or "," in of]
    scale = max(after for _, after in digits)
    return f"decimal({min(38, max(all_of - after for all_of, after in digits) + scale)},{scale})" if len(digits) == len(given) else ""


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


def _cast(operand: Any, of: str, chosen: bool) -> None:
    from pyspark.sql.connect.proto import expressions_pb2

    made = expressions_pb2.Expression()
    if casts.lenient and not chosen and of in casts.WHOLE:
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
