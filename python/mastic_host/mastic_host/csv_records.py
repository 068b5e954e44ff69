"""How Spark's parser takes a record of CSV apart: what it makes of quotes that nobody closed, or that stand within a value, included."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Form:
    """How records are written. `quote` and `escape` are empty where there is none."""

    separator: str = ","
    quote: str = '"'
    escape: str = "\\"
    # What makes an escape before a quote an ordinary character.
    escape_of_escape: str = "\\"
    comment: str = ""
    trims_before: bool = False
    trims_after: bool = False
    empty: str = ""
    nothing: str = ""
    # Characters that end a record where one may have several lines.
    ends: str = ""

    def regular(self) -> str:
        """A pattern of records of which any parser makes the same."""
        return f"{self.one()}(?:{escaped(self.separator)}{self.one()})*"

    def one(self) -> str:
        """A pattern of such a value."""
        apart, quote, escape = escaped(self.separator[0]), escaped(self.quote), escaped(self.escape)
        plain = f"[^{quote}{apart}{self.ends}]*"
        return f"(?:{plain}|{quote}[^{quote}{escape}]*{quote})" if quote else plain


def escaped(text: str) -> str:
    """A text in a pattern, for all who read patterns."""
    return "".join(one if one.isalnum() or one in " ,;:" else f"\\x{ord(one):02x}" if ord(one) < 128 else one for one in text)


def values(text: str, form: Form, at: int = 0) -> tuple[list[str | None], int]:
    """The values of the record that begins there, and where it ends.

    >>> values('1,"a, b",,"",x"y', Form())[0]
    ['1', 'a, b', None, None, 'x"y']
    >>> values('"a""b","c"d,"e\\\\"f","open', Form(nothing="NA"))[0]
    ['"a""b"', '"c"d', 'e"f', 'open']
    """
    found: list[str | None] = []
    while True:
        if form.trims_before:
            at = _behind_spaces(text, at, form)
        if _ends(text, at, form):
            found.append(None)
            break
        if text.startswith(form.separator, at):
            found.append(None)
            at += len(form.separator)
            continue
        if form.quote and text[at] == form.quote:
            value, at = _quoted(text, at + 1, form)
            value = value or form.empty
        else:
            value, at = _until_separator(text, at, form)
        found.append(None if value == form.nothing or value == "" and text[at - 1 : at] != form.quote else value)
        if _ends(text, at, form):
            break
        at += len(form.separator)
    return found, at


def records(text: str, form: Form) -> Iterator[str]:
    """The records of a text of which one may have several lines, without empty ones and comments."""
    regular = re.compile(f"(?:{form.regular()})(?=[{form.ends}]|\\Z)") if form.ends else None
    at = 0
    while at < len(text):
        if form.comment and text.startswith(form.comment, at):
            end = _line_end(text, at, form)
        else:
            fits = regular.match(text, at) if regular else None
            end = fits.end() if fits else values(text, form, at)[1]
            if text[at:end].strip():
                yield text[at:end]
        at = end + 1


def _line_end(text: str, at: int, form: Form) -> int:
    while not _ends(text, at, form):
        at += 1
    return at


def _ends(text: str, at: int, form: Form) -> bool:
    return at >= len(text) or text[at] in form.ends


def _behind_spaces(text: str, at: int, form: Form) -> int:
    while not _ends(text, at, form) and text[at] <= " " and not text.startswith(form.separator, at):
        at += 1
    return at


def _until_separator(text: str, at: int, form: Form) -> tuple[str, int]:
    end = text.find(form.separator, at)
    end = len(text) if end < 0 else end
    for mark in form.ends:
        found = text.find(mark, at, end)
        end = end if found < 0 else found
    value = text[at:end]
    return (_trimmed(value) if form.trims_after else value), end


def _trimmed(value: str) -> str:
    end = len(value)
    while end and value[end - 1] <= " ":
        end -= 1
    return value[:end]


def _quoted(text: str, at: int, form: Form) -> tuple[str, int]:
    """A value behind its first quote."""
    quote, escape, escapes_escape = form.quote, form.escape, form.escape_of_escape
    start, kept, before = at, "", ""
    while at < len(text):
        now = text[at]
        if before == quote and (text[at] <= " " or text.startswith(form.separator, at) or _ends(text, at, form)):
            return _behind_quote(text, at, kept, form)
        if now != quote and now != escape:
            if before == quote:
                return _unescaped(text, at, kept, form)
            if before and before == escape:
                kept += escape
            end = at
            while end < len(text) and text[end] not in (quote, escape, escapes_escape):
                end += 1
            kept += text[at:end]
            before, at = text[end : end + 1], end + 1
            continue
        if now == escape and before and before == escapes_escape:
            kept, now = kept + escape, ""
        elif before and before == escape:
            if now == quote:
                kept, now = kept + quote, ""
            else:
                kept += before
        elif now == quote and before == quote:
            kept += quote
        elif before == quote:
            kept, now = kept + quote + now, ""
        before, at = now, at + 1
    return kept if start < len(text) else quote, len(text)


def _behind_quote(text: str, at: int, kept: str, form: Form) -> tuple[str, int]:
    """The value that a quote closed: spaces behind it are none of it, unless more follows."""
    end = _behind_spaces(text, at, form)
    if _ends(text, end, form) or text.startswith(form.separator, end):
        return kept, end
    return _unescaped(text, at, kept, form)


def _unescaped(text: str, at: int, kept: str, form: Form) -> tuple[str, int]:
    """The value is what stands there up to the separator, quotes and all."""
    rest, end = _until_separator(text, at, form)
    return form.quote + kept + form.quote + rest, end
