"""Negated decimals. Sail says that they have the digits of what is negated, and computes them with others: what is made of them
fails, or is wrong. So they are what is left of zero.
"""

from __future__ import annotations

import re
from typing import Any

from mastic_host import operands
from mastic_host.asking import Asker, context_of, kind, relations, texts, within

# A sign before a name, call or parenthesis; it may be one between two of them.
_SIGN = re.compile(r"-\s*[a-z_`(]", re.I)


def mend(plan: Any, asker: Asker) -> None:
    """Puts negations of decimals in a plan in other words."""
    sent = plan.SerializeToString()
    if b"negative" not in sent and b"-" not in sent:
        return
    for relation in relations(plan):
        for message, field, context in texts(relation):
            if not _SIGN.search(getattr(message, field)):
                continue
            setattr(message, field, _without(getattr(message, field), asker, context, field == "query"))
        context = context_of(relation) if b"negative" in sent else None
        for one in within(getattr(relation, relation.WhichOneof("rel_type")), "Expression") if context is not None else []:
            call = one.unresolved_function
            if call.function_name != "negative" or len(call.arguments) != 1 or call.arguments[0].HasField("literal"):
                continue
            of = kind(asker.over(context, [call.arguments[0]])[0])
            if of.startswith("decimal"):
                one.CopyFrom(_of_zero(call.arguments[0], of))


def _of_zero(operand: Any, of: str) -> Any:
    from pyspark.sql.connect.proto import expressions_pb2

    made = expressions_pb2.Expression()
    made.cast.type_str = of
    difference = made.cast.expr.unresolved_function
    difference.function_name = "-"
    difference.arguments.add().literal.integer = 0
    difference.arguments.add().CopyFrom(operand)
    return made


def _without(text: str, asker: Asker, context: Any, of_query: bool) -> str:
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
