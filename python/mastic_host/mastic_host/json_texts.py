"""Texts of JSON as Spark's parser takes them, with what its options allow: other quotes, names without quotes, comments."""

from __future__ import annotations

import decimal
import json
import math
import re
from typing import Any

from mastic_host.reading import Options

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENTS = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.S)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z_$][\w$#@*+-]*")
_WORD = re.compile(r"[+-]?[A-Za-z]+")
_WORDS = {"true": True, "false": False, "null": None}
_NUMBERS = {
    "NaN": math.nan, "Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf, "INF": math.inf, "+INF": math.inf, "-INF": -math.inf,
}  # fmt: skip
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_RARE = ("allowcomments", "allowunquotedfieldnames", "allownumericleadingzeros", "allowbackslashescapinganycharacter", "allowunquotedcontrolchars")


class Parser:
    """Takes the first value of a text; what is behind it does not count, as in Spark."""

    def __init__(self, said: Options):
        self.names_bare = said.flag("allowunquotedfieldnames")
        self.zeros = said.flag("allownumericleadingzeros")
        self.any_escape = said.flag("allowbackslashescapinganycharacter")
        self.controls = said.flag("allowunquotedcontrolchars")
        self.quotes = '"' + ("'" if said.flag("allowsinglequotes", usual=True) else "")
        self.numbers = _NUMBERS if said.flag("allownonnumericnumbers", usual=True) else {}
        self.space = _COMMENTS if said.flag("allowcomments") else _SPACE
        self._rare = any(said.flag(name) for name in _RARE)
        self._usual = json.JSONDecoder(parse_float=decimal.Decimal, parse_constant=self._constant)

    def parsed(self, text: str) -> Any:
        """The value; raises ValueError where there is none.

        >>> Parser(Options({})).parsed('{"a": 1.50} x'), Parser(Options({})).parsed("{'a': +INF}")
        ({'a': Decimal('1.50')}, {'a': inf})
        >>> Parser(Options({"allowcomments": "true", "allowunquotedfieldnames": "true"})).parsed("{a: 1, /* two */ b: [2]} // c")
        {'a': 1, 'b': [2]}
        """
        try:
            return self._usual.raw_decode(text, self._behind(text, 0))[0]
        except (ValueError, RecursionError):
            if not self._rare and "'" not in text and "INF" not in text:
                raise ValueError(text) from None
            return self._value(text, self._behind(text, 0))[0]

    def _constant(self, word: str) -> float:
        if word not in self.numbers:
            raise ValueError(word)
        return self.numbers[word]

    def _behind(self, text: str, at: int) -> int:
        """What is behind spaces, and comments where these are allowed."""
        found = self.space.match(text, at)
        return found.end() if found else at

    def _value(self, text: str, at: int) -> tuple[Any, int]:
        first = text[at : at + 1]
        if first == "{":
            return self._object(text, at + 1)
        if first == "[":
            return self._array(text, at + 1)
        if first and first in self.quotes:
            return self._string(text, at)
        number, word = _NUMBER.match(text, at), _WORD.match(text, at)
        if number:
            return self._number(number), number.end()
        if word and (word[0] in _WORDS or word[0] in self.numbers):
            return {**self.numbers, **_WORDS}[word[0]], word.end()
        raise ValueError(text)

    def _number(self, found: re.Match[str]) -> int | decimal.Decimal:
        digits = found[0].lstrip("-")
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() and not self.zeros:
            raise ValueError(found[0])
        return decimal.Decimal(found[0]) if found[1] or found[2] else int(found[0])

    def _object(self, text: str, at: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        at = self._behind(text, at)
        while text[at : at + 1] != "}":
            bare = _NAME.match(text, at) if self.names_bare else None
            name, at = (bare[0], bare.end()) if bare else self._string(text, at)
            at = self._expected(text, at, ":")
            made[name], at = self._value(text, self._behind(text, at))
            at = self._next(text, at, "}")
        return made, at + 1

    def _array(self, text: str, at: int) -> tuple[list[Any], int]:
        made = []
        at = self._behind(text, at)
        while text[at : at + 1] != "]":
            value, at = self._value(text, at)
            made.append(value)
            at = self._next(text, at, "]")
        return made, at + 1

    def _expected(self, text: str, at: int, mark: str) -> int:
        at = self._behind(text, at)
        if text[at : at + 1] != mark:
            raise ValueError(text)
        return at + 1

    def _next(self, text: str, at: int, end: str) -> int:
        """Where the next entry begins, or the end is."""
        at = self._behind(text, at)
        if text[at : at + 1] == end:
            return at
        at = self._behind(text, self._expected(text, at, ","))
        if text[at : at + 1] in (end, ""):
            raise ValueError(text)
        return at

    def _string(self, text: str, at: int) -> tuple[str, int]:
        quote, parts = text[at : at + 1], []
        if not quote or quote not in self.quotes:
            raise ValueError(text)
        at += 1
        while (now := text[at : at + 1]) != quote:
            if not now or (now < " " and not self.controls):
                raise ValueError(text)
            at += 1
            if now == "\\":
                now, at = self._escaped(text, at)
            parts.append(now)
        return "".join(parts), at + 1

    def _escaped(self, text: str, at: int) -> tuple[str, int]:
        mark = text[at : at + 1]
        if mark == "u":
            return chr(int(text[at + 1 : at + 5], 16)), at + 5
        if mark in _ESCAPES and mark:
            return _ESCAPES[mark], at + 1
        if mark and self.any_escape:
            return mark, at + 1
        raise ValueError(text)


def written(value: Any) -> str:
    """A value as a text, as Spark 3 has it: numbers with a fraction are of floating point.

    >>> written({"y": 2, "b": [decimal.Decimal("2.50"), True, None, "x"]})
    '{"y":2,"b":[2.5,true,null,"x"]}'
    """
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_within(one)}" for name, one in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_within, value)) + "]"
        case str():
            return value
        case _:
            return _within(value)


def _within(value: Any) -> str:
    match value:
        case dict() | list():
            return written(value)
        case float() | decimal.Decimal():
            return java(float(value))
        case int() if value is not True and value is not False:
            return str(value)
    return json.dumps(value, ensure_ascii=False)


def java(value: float) -> str:
    """A number of floating point as Java writes it.

    >>> java(1.5), java(1e5), java(1e7), java(0.00012), java(float("nan"))
    ('1.5', '100000.0', '1.0E7', '1.2E-4', 'NaN')
    """
    if math.isnan(value) or math.isinf(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    exact = decimal.Decimal(repr(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(exact, "f")
        return text if "." in text else f"{text}.0"
    sign, digits, exponent = exact.as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"
