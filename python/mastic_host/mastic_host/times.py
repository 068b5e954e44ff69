"""Texts of dates and times as Spark's readers of CSV and JSON take them: by a pattern of Java's, or as a cast does where there is none."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from typing import Any
from zoneinfo import ZoneInfo

from awsglue._errors import unsupported

_DAY = r"(?P<year>[+-]?\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d*))?)?\s*(?P<zone>[A-Za-z+-][\w:/+-]*)?"
_DATE = re.compile(rf"{_DAY}(?:[ T].*)?)?)?")
_TIMESTAMP = re.compile(rf"{_DAY}(?:[ T](?:{_CLOCK})?)?)?)?|T?{_CLOCK.replace('?P<', '?P<only_')}")
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.S)
_ZONE = r"Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?|[A-Za-z][\w/+-]*"


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A pattern of Java's `DateTimeFormatter`."""

    text: str

    def parsed(self, text: str, zone: str) -> datetime.datetime | None:
        """The time of a text, with its zone.

        >>> Pattern("dd/MM/yyyy HH:mm").parsed("13/02/2024 10:11", "UTC").isoformat()
        '2024-02-13T10:11:00+00:00'
        >>> Pattern("d MMM yyyy h:mm a['Z']").parsed("3 Feb 2024 1:05 PM", "UTC").isoformat()
        '2024-02-03T13:05:00+00:00'
        >>> Pattern("yyyy-MM-dd").parsed("2024-2-30", "UTC")
        """
        found = _compiled(self.text).fullmatch(text)
        if found is None:
            return None
        given = {name: value for name, value in found.groupdict().items() if value is not None}
        given = {name.rstrip("_"): value for name, value in given.items()}
        if "name" in given:
            given["month"] = str(1 + [one[:3].lower() for one in _MONTHS].index(given["name"][:3].lower()))
        if len(given.get("short", "")) == 2:
            given["year"] = f"20{given['short']}"
        if "half" in given:
            hour = int(given.get("twelve", "12")) % 12
            given["hour"] = str(hour + (12 if given["half"].lower() == "pm" else 0))
        return _made(given, zone)


@functools.lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts, seen = [], ""
    for token in _TOKEN.finditer(pattern):
        run = token[0]
        if token[1] is not None:
            parts.append(re.escape(token[1].replace("''", "'") or "'"))
        elif token[2]:
            seen += "_"
            parts.append(_letters(token[2], len(run), pattern, seen))
        else:
            parts.append({"[": "(?:", "]": ")?"}.get(run) or re.escape(run))
    return re.compile("".join(parts), re.I)


def _letters(letter: str, length: int, pattern: str, unique: str) -> str:
    """What a run of one letter stands for. Python wants each name once: optional parts may have a letter again."""

    def number(name: str, most: int = 2) -> str:
        return f"(?P<{name}{unique}>\\d{{{length}}})" if length > 1 else f"(?P<{name}{unique}>\\d{{1,{most}}})"

    match letter:
        case "y" | "u":
            return f"(?P<short{unique}>\\d{{2}})" if length == 2 else f"(?P<year{unique}>\\d{{4}})"
        case "M" | "L" if length > 2:
            names = [name[:3] if length == 3 else name for name in _MONTHS]
            return f"(?P<name{unique}>{'|'.join(names)})"
        case "M" | "L":
            return number("month")
        case "d":
            return number("day")
        case "D":
            return number("ordinal", 3)
        case "H":
            return number("hour")
        case "h" | "K":
            return number("twelve")
        case "m":
            return number("minute")
        case "s":
            return number("second")
        case "S":
            return f"(?P<fraction{unique}>\\d{{{length}}})"
        case "a":
            return f"(?P<half{unique}>AM|PM)"
        case "E":
            return "|".join(["(?:" + (name[:3] if length < 4 else name) for name in _WEEKDAYS]).replace("|(?:", "|") + ")"
        case "X" | "x" | "Z" | "z" | "V" | "O":
            return f"(?P<zone{unique}>{_ZONE})"
    raise unsupported(f"the letter `{letter}` in the pattern `{pattern}` for dates and times is not supported")


def day(text: str) -> datetime.date | None:
    """The date that a cast makes of a text.

    >>> day("2024-1-2"), day("2024-02"), day("2024-01-02T03:04"), day("02.01.2024")
    (datetime.date(2024, 1, 2), datetime.date(2024, 2, 1), datetime.date(2024, 1, 2), None)
    """
    found = _DATE.fullmatch(text.strip())
    made = _made({name: value for name, value in found.groupdict().items() if value}, "UTC") if found else None
    return made.date() if made else None


def instant(text: str, zone: str) -> datetime.datetime | None:
    """The time that a cast makes of a text, in this zone if it names none.

    >>> [str(instant(text, "UTC")) for text in ("2024-01-02 3:04", "2024-01-02T03:04:05.5+02:00", "2024", "x")]
    ['2024-01-02 03:04:00+00:00', '2024-01-02 03:04:05.500000+02:00', '2024-01-01 00:00:00+00:00', 'None']
    """
    found = _TIMESTAMP.fullmatch(text.strip())
    if found is None:
        return None
    given = {name: value for name, value in found.groupdict().items() if value}
    alone = {name.removeprefix("only_"): value for name, value in given.items() if name.startswith("only_")}
    if alone:
        today = datetime.datetime.now(_zone(zone))
        given = {"year": str(today.year), "month": str(today.month), "day": str(today.day), **alone}
    return _made(given, zone)


def _made(given: dict[str, str], zone: str) -> datetime.datetime | None:
    of = _zone(given.get("zone") or zone)
    if of is None:
        return None
    fraction = (given.get("fraction") or "0")[:6].ljust(6, "0")
    try:
        made = datetime.datetime(
            *(int(given.get(name, least)) for name, least in (("year", 1970), ("month", 1), ("day", 1))),
            *(int(given.get(name, 0)) for name in ("hour", "minute", "second")),
            int(fraction),
            of,
        )
    except ValueError:
        return None
    return made + datetime.timedelta(days=int(given["ordinal"]) - 1) if "ordinal" in given else made


@functools.lru_cache
def _zone(name: str) -> Any:
    if name in ("Z", "z", "UTC", "GMT"):
        return datetime.timezone.utc
    offset = _OFFSET.fullmatch(name)
    if offset:
        hours, minutes, seconds = (int(part or 0) for part in offset.groups()[1:])
        span = datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return datetime.timezone(-span if offset[1] == "-" else span) if hours <= 18 else None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
