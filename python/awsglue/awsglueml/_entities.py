"""Kinds of personal data: the form of each, what else must hold, and words by which it is told from other things."""

from __future__ import annotations

import ipaddress
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _letters(*categories: str) -> str:
    """The letters of Unicode's categories, as they stand in a class of a regular expression."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in categories:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _digits(text: str) -> list[int]:
    return [int(letter) for letter in text if letter in "0123456789"]


def _luhn(digits: list[int]) -> bool:
    doubled = (digit * 2 // 10 + digit * 2 % 10 if at % 2 else digit for at, digit in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _any(_: str) -> bool:
    return True


def _card(text: str) -> bool:
    digits = _digits(text)
    return 13 <= len(digits) <= 19 and _luhn(digits)


def _provider(text: str) -> bool:
    return _luhn([8, 0, 8, 4, 0, *_digits(text)])


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _social(text: str) -> bool:
    area, group, serial = text.split("-")
    return area not in ("000", "666") and not area.startswith("9") and group != "00" and serial != "0000"


def _dea(text: str) -> bool:
    digits = _digits(text)[-7:]
    if len(digits) < 7:
        return False
    a, b, c, d, e, f, check = digits
    return (a + c + e + 2 * (b + d + f)) % 10 == check


def _bank(text: str) -> bool:
    """An IBAN whose check digits are right, or a plain number."""
    plain = text.replace(" ", "")
    if plain.isdigit():
        return True
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


Row = tuple[str, Callable[[str], bool], tuple[str, ...]]

#: Forms, further checks, and words of which one must be near if the form alone says little. `LU`, `LL` and `L` stand for
#: Unicode's letters.
_ENTITIES: dict[str, Row] = {
    "EMAIL": (
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", _any, (),
    ),
    "CREDIT_CARD": (
        r"\b[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}\b|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b", _card, (),
    ),
    "IP_ADDRESS": (
        r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b"
        r"|(?i:\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}\b)", _address, (),
    ),
    "MAC_ADDRESS": (r"(?i:\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b)", _any, ()),
    "PHONE_NUMBER": (
        r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}\b"
        r"|\+[1-9]\d{0,2}[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){2,3}\b", _any, (),
    ),
    "USA_SSN": (r"\b\d{3}-\d{2}-\d{4}\b", _social, ()),
    "USA_ITIN": (r"\b9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-2]|9[4-9])-\d{4}\b", _any, ()),
    "USA_ATIN": (r"\b9\d{2}-93-\d{4}\b", _any, ()),
    "USA_PTIN": (r"\bP\d{8}\b", _any, ("ptin", "preparer")),
    "USA_PASSPORT_NUMBER": (r"\b[A-Z0-9]\d{8}\b", _any, ("passport", "travel document")),
    "USA_DRIVING_LICENSE": (
        r"\b[A-Z]{1,2}\d{5,12}\b|\b\d{7,9}\b", _any, ("driver", "driving", "license", "licence", "dl"),
    ),
    "BANK_ACCOUNT": (
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b|\b\d{8,17}\b", _bank,
        ("account", "acct", "bank", "iban"),
    ),
    "USA_NATIONAL_PROVIDER_IDENTIFIER": (r"\b[12]\d{9}\b", _provider, ("npi", "provider", "hipaa")),
    "USA_DEA_NUMBER": (r"\b[A-Z][A-Z9]\d{7}\b", _dea, ("dea", "drug enforcement")),
    "USA_MEDICARE_BENEFICIARY_IDENTIFIER": (
        r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        _any, (),
    ),
    "USA_HEALTH_INSURANCE_CLAIM_NUMBER": (
        r"\b\d{3}-?\d{2}-?\d{4}-?[A-Z]\d?\b", _any, ("hicn", "claim", "medicare"),
    ),
    "USA_CPT_CODE": (r"\b\d{4}[0-9FTU]\b", _any, ("cpt", "procedure")),
    "USA_HCPCS_CODE": (r"\b[A-V]\d{4}\b", _any, ("hcpcs", "procedure", "code")),
    "USA_NATIONAL_DRUG_CODE": (r"\b\d{4,5}-\d{3,4}-\d{1,2}\b", _any, ("ndc", "drug")),
    "DATE": (r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b", _any, ()),
    "GENDER": (r"(?i:\b(?:male|female|man|woman|non-binary|transgender)\b)|\b[MF]\b", _any, ("gender", "sex")),
    "PERSON_NAME": (
        r"\b<LU>[<LL>'’-]+(?: <LU>\.)?(?: <LU>[<L>'’-]+){1,2}\b|^<LU>[<LL>'’-]+$", _any,
        ("name", "customer", "person", "contact", "mr", "mrs", "ms", "dr"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Find:
    """A place in a text that holds personal data."""

    entity: str
    start: int
    end: int


# A decorated cache would not go to the server by value.
_forms: dict[str, re.Pattern[str]] = {}


def _form(name: str) -> re.Pattern[str]:
    if name not in _forms:
        form = _ENTITIES[name][0]
        if "<LU>" in form:
            form = form.replace("<LU>", f"[{_letters('Lu')}]").replace("<LL>", _letters("Ll"))
            form = form.replace("<L>", _letters("Lu", "Ll", "Lt", "Lm", "Lo"))
        _forms[name] = re.compile(form)
    return _forms[name]


def known(name: str) -> str:
    """The name of a kind, as it is known here.

    Raises ValueError for one that is not.
    """
    # The API's own list writes it so.
    name = "USA_SSN" if name == "USA_SNN" else name
    if name not in _ENTITIES:
        raise ValueError(f"the entity type {name!r} is not supported")
    return name


def finds(names: Iterable[str], column: str, text: str, strict: bool) -> list[Find]:
    """All finds in a text, in their order; where two overlap the longer one counts. `strict` wants a word near."""
    found = []
    for name in names:
        _, holds, words = _ENTITIES[name]
        if strict and words and not _near(words, column) and not _near(words, text):
            continue
        for match in _form(name).finditer(text):
            if holds(match.group()):
                found.append(Find(name, match.start(), match.end()))
    found.sort(key=lambda find: (find.start, -find.end))
    apart: list[Find] = []
    for find in found:
        if not apart or find.start >= apart[-1].end:
            apart.append(find)
    return apart


def _near(words: tuple[str, ...], text: str) -> bool:
    text = text.lower()
    parts = re.split(r"[\W_]", text)
    return any((len(word) > 3 and word in text) or word in parts for word in words)
