"""Records whose fields are made when a function asks for them: filters look at few of many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from awsglue import gluetypes as g
from awsglue._arrow import decoder
from awsglue._record import DynamicRecord


class Columns:
    """The columns of a batch, each decoded once, when it is first asked for."""

    def __init__(self, part: pa.RecordBatch, names: list[str], makes: list[Callable[[Any], Any] | None]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._part, self._makes = part, makes
        self._decoded: dict[str, list[Any]] = {}
        self.names = names

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def column(self, name: str) -> list[Any]:
        """The values of a column.

        Raises KeyError if there is none of that name.
        """
        values = self._decoded.get(name)
        if values is None:
            place = self._places[name]
            make = self._makes[place]
            values = self._part.column(place).to_pylist()
            if make is not None:
                values = [make(value) for value in values]
            self._decoded[name] = values
        return values


class LazyRecord(DynamicRecord):
    """A row of a batch. It is a dictionary like any record's, filled as far as somebody has looked."""

    def __init__(self, columns: Columns, row: int) -> None:
        object.__setattr__(self, "_columns", columns)
        object.__setattr__(self, "_row", row)
        for name in columns.names[:1]:
            # Python's JSON encoder takes a dictionary that looks empty from within for an empty one.
            dict.__setitem__(self, name, columns.column(name)[row])

    def __missing__(self, name: Any) -> Any:
        if self._columns is None:
            raise KeyError(name)
        value = self._columns.column(name)[self._row]
        dict.__setitem__(self, name, value)
        return value

    def _fill(self) -> None:
        """Fills it whole, in the order of the columns."""
        columns = self._columns
        if columns is None:
            return
        object.__setattr__(self, "_columns", None)
        own = dict(dict.items(self))
        dict.clear(self)
        for name in columns.names:
            dict.__setitem__(self, name, own.pop(name) if name in own else columns.column(name)[self._row])
        dict.update(self, own)

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or (self._columns is not None and name in self._columns)

    def get(self, name: Any, default: Any = None) -> Any:
        """A field, or the default."""
        return self[name] if name in self else default


def _whole(method: str) -> Callable[..., Any]:
    own = getattr(dict, method)

    def call(record: LazyRecord, *arguments: Any, **more: Any) -> Any:
        record._fill()
        return own(record, *arguments, **more)

    call.__name__ = method
    return call


for _method in (
    "__iter__", "__reversed__", "__len__", "__delitem__", "__eq__", "__ne__", "__repr__", "__or__", "__ror__", "__ior__",
    "keys", "values", "items", "pop", "popitem", "setdefault", "copy", "clear", "update",
):  # fmt: skip
    setattr(LazyRecord, _method, _whole(_method))


def lazy_records(part: pa.RecordBatch, schema: g.StructType) -> Iterator[LazyRecord]:
    """The rows of a batch."""
    columns = Columns(part, [field.name for field in schema.fields], [decoder(field.dataType) for field in schema.fields])
    for row in range(part.num_rows):
        yield LazyRecord(columns, row)
