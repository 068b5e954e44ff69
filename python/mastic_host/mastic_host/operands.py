"""The operands of operators and functions in SQL: where each is in the text, and over which tables it means something."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<gap>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>[rR]?'(?:[^'\\]|\\.)*'|[rR]?\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYFD])?\b)|(?P<name>`(?:[^`]|``)*`|\w+)"
    r"|(?P<sign><=>|->|=>|::|\|\||<=|>=|<>|!=|==|.)",
    re.S,
)
_ARITHMETIC = {"+", "-", "*", "/", "%"}
_COMPARISONS = {"=", "==", "!=", "<>", "<", "<=", ">", ">=", "<=>"}
#: Words that are no operands.
_WORDS = {
    "all", "and", "any", "as", "asc", "between", "by", "case", "cross", "desc", "distinct", "div", "else", "end", "escape", "except", "exists",
    "from", "full", "group", "having", "ilike", "in", "inner", "intersect", "interval", "is", "join", "lateral", "left", "like", "limit",
    "minus", "not", "nulls", "offset", "on", "or", "order", "outer", "over", "partition", "qualify", "right", "rlike", "rows", "select",
    "semi", "set", "sort", "then", "union", "using", "values", "view", "when", "where", "window", "with",
}  # fmt: skip
#: Words behind which a query's tables are no more.
ENDS = {"where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "minus", "window", "cluster", "distribute", "sort"}
_CHOSEN = {"coalesce", "greatest", "if", "ifnull", "least", "nvl", "nvl2"}
#: Those of them that have a condition before.
_CONDITIONAL = {"if", "nvl2"}
_TYPED = {"date": "date", "timestamp": "timestamp", "interval": "interval"}
_OF_SUFFIX = {"L": "long", "S": "short", "Y": "byte", "F": "float", "D": "double", "BD": "decimal(38,18)"}


@dataclass(frozen=True)
class Operand:
    """A name, call, literal or what is in parentheses, between two places of a text; the type of one that tells it."""

    start: int
    end: int
    type: str | None = None


@dataclass(frozen=True)
class Operation:
    """An operator or function, and its operands in a row; those that are not there are made of others by arithmetic."""

    function: str
    operands: tuple[Operand | None, ...]
    asks: str


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def low(self) -> str:
        return self.text.lower()


class Reader:
    """The words and signs of a text, and which parentheses belong together."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = [_Token(one.lastgroup or "", one[0], one.start()) for one in _TOKEN.finditer(text)]
        self.tokens = [one for one in found if one.kind != "gap"]
        self.partner: dict[int, int] = {}
        self.around: list[int] = []
        # The tokens right within each parenthesis, and at the top.
        self.levels: dict[int, list[int]] = {-1: []}
        self.selects: dict[int, list[int]] = {}
        self.asked: dict[int, str] = {}
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            if token.text in (")", "]") and opened:
                start = opened.pop()
                self.partner[start], self.partner[at] = at, start
            self.around.append(opened[-1] if opened else -1)
            self.levels.setdefault(self.around[-1], []).append(at)
            if token.low == "select":
                self.selects.setdefault(self.around[-1], []).append(at)
            if token.text in ("(", "["):
                opened.append(at)

    def token(self, at: int) -> _Token:
        """One of them; an empty one beyond either end."""
        return self.tokens[at] if 0 <= at < len(self.tokens) else _Token("sign", "", len(self.text))

    def is_name(self, at: int) -> bool:
        """Whether one is a name."""
        token = self.token(at)
        return token.kind == "name" and token.low not in _WORDS

    def before(self, at: int) -> tuple[Operand | None, int]:
        """The operand that ends with a token, and what stands before it."""
        start, token = at, self.token(at)
        while self.token(start).text in ("]", ")") and start in self.partner:
            start = self.partner[start]
            if self.token(start).text == "(" and not self.is_name(start - 1):
                return self._made(start, at), start - 1
            start -= 1
        token = self.token(start)
        if token.kind in ("text", "number") and start == at:
            typed = self.token(start - 1).low if token.kind == "text" else ""
            return self._made(start - (typed in _TYPED), at), start - 1 - (typed in _TYPED)
        if not self.is_name(start):
            return None, start - 1
        while self.token(start - 1).text == "." and (self.is_name(start - 2) or self.token(start - 2).text in (")", "]")):
            if self.token(start - 2).text in (")", "]"):
                return None, start - 1
            start -= 2
        return self._made(start, at), start - 1

    def behind(self, at: int) -> tuple[Operand | None, int]:
        """The operand that begins with a token, and what stands behind it."""
        begin = at
        while self.token(at).text in ("-", "+"):
            at += 1
        token = self.token(at)
        if token.low in _TYPED and self.token(at + 1).kind == "text":
            return self._made(begin, at + 1), at + 2
        if token.kind in ("text", "number"):
            return self._made(begin, at), at + 1
        if token.text == "(" and at in self.partner:
            return self._made(begin, self.partner[at]), self.partner[at] + 1
        if not self.is_name(at):
            return None, at + 1
        while True:
            after = self.token(at + 1).text
            if after == "." and self.token(at + 2).kind == "name":
                at += 2
            elif after in ("(", "[") and at + 1 in self.partner:
                at = self.partner[at + 1]
            else:
                return self._made(begin, at), at + 1

    def _made(self, start: int, end: int) -> Operand:
        first, last = self.token(start), self.token(end)
        return Operand(first.start, last.end, _literal(first, last, end - start))

    def asks(self, at: int) -> str:
        """What stands before and behind expressions to be asked for at a place, apart by NUL; nothing in an expression alone."""
        inside = self.around[at]
        while True:
            before = bisect_left(self.selects.get(inside, []), at)
            if before:
                select = self.selects[inside][before - 1]
                if select not in self.asked:
                    self.asked[select] = self._select(select, self.levels[inside])
                return self.asked[select]
            if inside < 0:
                return ""
            inside = self.around[inside]

    def _select(self, select: int, level: list[int]) -> str:
        rest = level[bisect_left(level, select) + 1 :]
        stop = next((one for one in rest if self.token(one).low in ENDS), None)
        begin = next((one for one in rest if self.token(one).low == "from" and (stop is None or one < stop)), None)
        last = self.token(stop).start if stop is not None else self.token(level[-1]).end
        tables = self.text[self.token(begin).start : last] if begin is not None else ""
        return f"{self._with(select)} SELECT \0 {tables}"

    def _with(self, select: int) -> str:
        """The queries that have names before one."""
        outer = self.levels[-1]
        start = next((one for one in outer if self.token(one).low == "with"), None)
        if start is None or start > select:
            return ""
        main = next((one for one in outer if one > start and self.token(one).low in ("select", "insert")), len(self.tokens))
        if select >= main:
            return self.text[self.token(start).start : self.token(main).start]
        commas = [one for one in outer if start < one < select and self.token(one).text == ","]
        return self.text[self.token(start).start : self.token(commas[-1]).start] if commas else ""


def _literal(first: _Token, last: _Token, tokens: int) -> str | None:
    if last.kind == "text":
        return "string" if tokens == 0 else _TYPED.get(first.low)
    if last.kind != "number" or (tokens and first.text not in ("-", "+")):
        return None
    suffix = re.search(r"[A-Z]+$", last.text)
    if suffix and suffix[0] in _OF_SUFFIX:
        return _OF_SUFFIX[suffix[0]]
    if "e" in last.low or "." not in last.text:
        return "double" if "e" in last.low else "integer" if len(last.text) < 10 else "long"
    before, _, behind = last.text.partition(".")
    return f"decimal({len(before.lstrip('0') + behind) or 1},{len(behind)})"


def operations(text: str, functions: Callable[[str], bool]) -> list[Operation]:
    """The operations in a query or an expression: operators, and functions that are asked for.

    >>> found = operations("SELECT a + 1 FROM t x WHERE sum(x.b) > -2.5 AND c[0] BETWEEN 1 AND 'z'", {"sum"}.__contains__)
    >>> [(one.function, [o and ("SELECT a + 1 FROM t x WHERE sum(x.b) > -2.5 AND c[0] BETWEEN 1 AND 'z'"[o.start:o.end], o.type)
    ...   for o in one.operands]) for one in found]
    [('+', [('a', None), ('1', 'integer')]), ('sum', [('x.b', None)]), ('>', [('sum(x.b)', None), ('-2.5', 'decimal(2,1)')]), \
('>=', [('c[0]', None), ('1', 'integer')]), ('<=', [('c[0]', None), ("'z'", 'string')])]
    >>> found[0].asks.split(chr(0))
    [' SELECT ', ' FROM t x ']
    """
    reader, found = Reader(text), []
    for at, token in enumerate(reader.tokens):
        if token.text in _ARITHMETIC | _COMPARISONS:
            found += _binary(reader, at, token.text)
        elif token.low in ("in", "between"):
            found += _among(reader, at, token.low)
        elif token.low == "case":
            found += _case(reader, at)
        elif token.kind == "name" and functions(token.low) and reader.token(at + 1).text == "(" and at + 1 in reader.partner:
            found += _call(reader, at)
    return found


def negations(text: str) -> list[tuple[Operand, str, str]]:
    """What is negated by a sign, and is no literal: the whole of it, the operand, and what asks for its type.

    >>> [(text, asks) for _, text, asks in negations("-a - b * -sum(x.c) + -1 - -2.5")]
    [('a', ''), ('sum(x.c)', '')]
    """
    reader, found = Reader(text), []
    for at, token in enumerate(reader.tokens):
        before = reader.token(at - 1)
        if token.text != "-" or before.low == "end" or reader.before(at - 1)[0] is not None or before.text in (")", "]"):
            continue
        operand, _ = reader.behind(at + 1)
        if operand is not None and operand.type is None:
            found.append((Operand(token.start, operand.end), text[operand.start : operand.end], reader.asks(at)))
    return found


def quotients(text: str) -> list[tuple[Operand, tuple[Operand, Operand], str]]:
    """What is divided by a sign: the whole of it, both sides, and what asks for their types.

    >>> text = "sum(a) * 100 / sum(b) + -c / 2 / d"
    >>> [(text[whole.start:whole.end], text[left.start:left.end]) for whole, (left, _), _ in quotients(text)]
    [('sum(a) * 100 / sum(b)', 'sum(a) * 100'), ('c / 2', 'c'), ('c / 2 / d', 'c / 2')]
    """
    reader, found = Reader(text), []
    for at, token in enumerate(reader.tokens):
        if token.text != "/":
            continue
        right, _ = reader.behind(at + 1)
        first, before = reader.before(at - 1)
        left = first
        while first is not None and left is not None and reader.token(before).text in ("*", "/", "%"):
            first, before = reader.before(before - 1)
            left = None if first is None else Operand(first.start, left.end)
        if left is not None and right is not None:
            found.append((Operand(left.start, right.end), (left, right), reader.asks(at)))
    return found


def _binary(reader: Reader, at: int, sign: str) -> list[Operation]:
    left, before = reader.before(at - 1)
    right, after = reader.behind(at + 1)
    if (left is None and reader.token(at - 1).low != "end") or right is None:
        return []
    if sign in _COMPARISONS:
        # What is computed is a number.
        left = None if reader.token(before).text in _ARITHMETIC else left
        right = None if reader.token(after).text in _ARITHMETIC else right
    return [Operation(sign, (left, right), reader.asks(at))]


def _among(reader: Reader, at: int, word: str) -> list[Operation]:
    negated = reader.token(at - 1).low == "not"
    left, before = reader.before(at - 1 - negated)
    if left is None or reader.token(before).text in _ARITHMETIC:
        return []
    asks = reader.asks(at)
    if word == "between":
        low, after = reader.behind(at + 1)
        high, _ = reader.behind(after + 1) if reader.token(after).low == "and" else (None, 0)
        return [Operation(sign, (left, one), asks) for sign, one in ((">=", low), ("<=", high)) if one is not None]
    end = reader.partner.get(at + 1)
    if reader.token(at + 1).text != "(" or end is None or reader.token(at + 2).low in ("select", "with"):
        return []
    return [Operation("in", (left, *_listed(reader, at + 1, end)), asks)]


def _call(reader: Reader, at: int) -> list[Operation]:
    name, end = reader.token(at).low, reader.partner[at + 1]
    start = at + 1 + (reader.token(at + 2).low in ("distinct", "all"))
    if name in _CHOSEN:
        commas = [one for one in reader.levels[at + 1] if reader.token(one).text == ","]
        results = [_whole(reader, first, after) for first, after in zip([start + 1, *(one + 1 for one in commas)], [*commas, end])]
        return [Operation(name, tuple(results[name in _CONDITIONAL :]), reader.asks(at))]
    listed = _listed(reader, start, end)
    return [Operation(name, tuple(listed), reader.asks(at))] if None not in listed else []


def _case(reader: Reader, at: int) -> list[Operation]:
    """What a `CASE` chooses between."""
    level = reader.levels[reader.around[at]]
    depth, begin, results = 0, None, []
    for one in itertools.islice(level, bisect_left(level, at) + 1, None):
        word = reader.token(one).low
        if depth == 0 and word in ("when", "else", "end") and begin is not None:
            results.append(_whole(reader, begin, one))
            begin = None
        if depth == 0 and word in ("then", "else"):
            begin = one + 1
        if depth == 0 and word == "end":
            return [Operation("case", tuple(results), reader.asks(at))]
        depth += (word == "case") - (word == "end")
    return []


def _whole(reader: Reader, start: int, end: int) -> Operand:
    """All between two tokens, the latter not with it."""
    one, after = reader.behind(start)
    return one if one is not None and after == end else Operand(reader.token(start).start, reader.token(end - 1).end)


def _listed(reader: Reader, start: int, end: int) -> list[Operand | None]:
    """What commas part between two tokens; nothing for what is more than one operand."""
    found: list[Operand | None] = []
    commas = [at for at in range(start + 1, end) if reader.token(at).text == "," and reader.around[at] == reader.partner[end]]
    for begin, stop in zip([start + 1, *(at + 1 for at in commas)], [*commas, end]):
        one, after = reader.behind(begin)
        found.append(one if after == stop else None)
    return found


def replaced(text: str, edits: dict[Operand, str]) -> str:
    """The text with other words in the place of operands; of those within others the inner."""
    starts = sorted(one.start for one in edits)
    for operand in sorted(edits, key=lambda one: -one.start):
        within = bisect_left(starts, operand.end) - bisect_left(starts, operand.start + 1)
        if within == 0:
            text = text[: operand.start] + edits[operand] + text[operand.end :]
    return text
