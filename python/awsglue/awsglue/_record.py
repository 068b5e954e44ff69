"""Records as functions see and answer them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

_PLAIN = frozenset({type(None), bool, int, float, str, bytes, datetime, date, Decimal})


class DynamicRecord(dict):
    """A record: its fields by their names, as items or as attributes; structs in it are records too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the record has no field {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"the record has no field {name!r}")
        del self[name]

    def asDict(self, recursive: bool = False) -> dict[str, Any]:
        """The record as a dictionary of Python's; with `recursive` the structs in it too."""
        return plain(self) if recursive else dict(self)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def plain(value: Any) -> Any:
    """Records as dictionaries, at any depth."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def copied(value: Any) -> Any:
    """A record with its own structs and arrays."""
    if isinstance(value, dict):
        made = DynamicRecord(value)
        for key, one in value.items():
            if type(one) not in _PLAIN:
                made[key] = copied(one)
        return made
    return [copied(one) for one in value] if isinstance(value, list) else value


def normal(record: Any) -> DynamicRecord:
    """What a function answered, as a record.

    Raises TypeError for what is none.
    """
    if hasattr(record, "asDict") and not isinstance(record, dict):
        record = record.asDict(True)
    if not isinstance(record, dict):
        raise TypeError(f"the function answered {type(record).__name__}, and not a record")
    made = record if type(record) is DynamicRecord else DynamicRecord(record)
    odd = [key for key, value in made.items() if type(value) not in _PLAIN or type(key) is not str]
    for key in odd:
        # The fields keep their order unless a name was no text.
        value = made[key] if type(key) is str else made.pop(key)
        made[str(key)] = _normal(value)
    return made


def _normal(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict) or hasattr(value, "asDict"):
        return normal(value)
    if isinstance(value, (list, tuple)):
        return [_normal(one) for one in value]
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    for of in (bool, str, bytes, datetime, date, Decimal):
        if isinstance(value, of):
            return value
    if hasattr(value, "tolist"):
        return _normal(value.tolist())
    raise TypeError(f"a value of the type {type(value).__name__} has no type in AWS Glue")
