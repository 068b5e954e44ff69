"""Negated decimals, and quotients of decimals.

Sail says that a negated decimal has the digits of what is negated, and computes it with others: what is made of it fails, or is wrong.
So it is what is left of zero. Quotients have fewer digits than Spark's; so what is divided gets more before.
"""

from __future__ import annotations

import re
from typing import Any

from mastic_host import operands
from mastic_host.asking import Asker, context_of, kind, relations, texts, within

# A sign before a name, call or parenthesis, which may be one between two of them, or one that divides.
_SIGN = re.compile(r"-\s*[a-z_`(]|/", re.I)
_DIVIDED = re.compile(r"CAST\(.*AS DECIMAL\(38,\d+\)\)", re.S)
_WHOLE = {"byte": (3, 0), "short": (5, 0), "integer": (10, 0), "long": (20, 0)}
_TOLD = re.compile(r"(?:decimal|whole)\((\d+),(\d+)\)")
# A query has fewer quotients.
_MOST = 100


def mend(plan: Any, asker: Asker) -> None:
    """Puts negations and quotients of decimals in a plan in other words."""
    sent = plan.SerializeToString()
    if b"negative" not in sent and b"-" not in sent and b"/" not in sent:
        return
    for relation in relations(plan):
        for message, field, context in texts(relation):
            if _SIGN.search(getattr(message, field)):
                text = _negated(getattr(message, field), asker, context, field == "query")
                setattr(message, field, _divided(text, asker, context, field == "query"))
        context = context_of(relation)
        for one in within(getattr(relation, relation.WhichOneof("rel_type")), "Expression") if context is not None else []:
            call, given = one.unresolved_function, one.unresolved_function.arguments
            if call.function_name == "negative" and len(given) == 1 and not given[0].HasField("literal"):
                _negate(one, kind(asker.over(context, [given[0]])[0]))
            elif call.function_name == "/" and len(given) == 2:
                _divide(one, [_kind(side, asker, context) for side in given])


def _negate(one: Any, of: str) -> None:
    from pyspark.sql.connect.proto import expressions_pb2

    if of.startswith("decimal"):
        zero = expressions_pb2.Expression(literal={"integer": 0})
        difference = expressions_pb2.Expression()
        difference.unresolved_function.function_name = "-"
        difference.unresolved_function.arguments.extend([zero, one.unresolved_function.arguments[0]])
        one.CopyFrom(_cast(difference, of))


def _divide(one: Any, kinds: list[str]) -> None:
    found = _quotient(*kinds)
    if found is not None:
        left = one.unresolved_function.arguments[0]
        left.CopyFrom(_cast(left, found[0]))
        one.CopyFrom(_cast(one, found[1]))


def _cast(operand: Any, of: str) -> Any:
    from pyspark.sql.connect.proto import expressions_pb2

    made = expressions_pb2.Expression()
    made.cast.type_str = of
    made.cast.expr.CopyFrom(operand)
    return made


def _kind(operand: Any, asker: Asker, context: Any) -> str:
    """The type of an operand; of a whole number that is told, a decimal with its digits."""
    if not operand.HasField("literal"):
        return kind(asker.over(context, [operand])[0])
    name = operand.literal.WhichOneof("literal_type")
    if name in ("integer", "long"):
        return f"whole({len(str(abs(getattr(operand.literal, name))))},0)"
    return f"decimal({operand.literal.decimal.precision},{operand.literal.decimal.scale})" if name == "decimal" else ""


def _digits(of: str) -> tuple[int, int] | None:
    """How many digits a decimal or whole number has, and how many of them behind the point."""
    found = _TOLD.fullmatch(of)
    return (int(found[1]), int(found[2])) if found else _WHOLE.get(of)


def _quotient(dividend: str, divisor: str) -> tuple[str, str] | None:
    """The type that what is divided is given, and that of the quotient; nothing where that is no decimal.

    >>> _quotient("decimal(10,2)", "decimal(10,2)"), _quotient("decimal(20,2)", "long"), _quotient("decimal(2,1)", "whole(1,0)")
    (('DECIMAL(38,10)', 'DECIMAL(23,13)'), ('DECIMAL(38,17)', 'DECIMAL(38,20)'), ('DECIMAL(38,3)', 'DECIMAL(7,6)'))
    >>> _quotient("integer", "whole(1,0)"), _quotient("decimal(2,1)", "double")
    (None, None)
    """
    left, right = _digits(dividend), _digits(divisor)
    if left is None or right is None or not (dividend.startswith("decimal") or divisor.startswith("decimal")):
        return None
    scale = max(6, left[1] + right[0] + 1)
    precision = left[0] - left[1] + right[1] + scale
    if precision > 38:
        scale, precision = max(38 - (precision - scale), min(scale, 6)), 38
    # Sail's quotient has four digits more behind the point than what is divided; one of them is for rounding.
    wider = max(left[1], min(scale - 3, 38 - (left[0] - left[1])))
    return f"DECIMAL(38,{wider})", f"DECIMAL({precision},{scale})"


def _negated(text: str, asker: Asker, context: Any, of_query: bool) -> str:
    """SQL without negated decimals: the inner ones go first, as what is made of them has no type before."""
    while True:
        edits = {}
        for whole, operand, asks in operands.negations(text):
            of = kind(asker.of_texts(context, asks, [operand])[0]) if bool(asks) == of_query else ""
            if of.startswith("decimal"):
                edits[whole] = f"CAST(0 - {operand} AS {of})"
        if not edits:
            return text
        text = operands.replaced(text, edits)


def _divided(text: str, asker: Asker, context: Any, of_query: bool) -> str:
    """SQL with quotients of decimals as Spark has them, one after the other."""
    for _ in range(_MOST):
        for whole, sides, asks in operands.quotients(text):
            left, right = (text[one.start : one.end] for one in sides)
            if _DIVIDED.fullmatch(left) or bool(asks) != of_query:
                continue
            of = [_literal(one, told) or kind(asker.of_texts(context, asks, [told])[0]) for one, told in zip(sides, (left, right))]
            found = _quotient(*of)
            if found is not None:
                text = operands.replaced(text, {whole: f"CAST(CAST({left} AS {found[0]}) / {right} AS {found[1]})"})
                break
        else:
            return text
    return text


def _literal(one: operands.Operand, told: str) -> str:
    """The type of a literal, as `_kind`'s; nothing for what is none."""
    return f"whole({len(told.strip('+- L'))},0)" if one.type in ("integer", "long") else one.type or ""
