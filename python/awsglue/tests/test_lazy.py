"""Records that are filled as far as somebody has looked are like all others."""

import copy
import json
import pickle

import pyarrow as pa
import pytest

from awsglue import gluetypes as g
from awsglue._arrow import records
from awsglue._lazy import Columns, lazy_records
from awsglue._record import copied, plain

SCHEMA = g.StructType([
    g.Field("a", g.LongType()), g.Field("to", g.StructType([g.Field("city", g.StringType())])),
    g.Field("many", g.ArrayType(g.LongType())), g.Field("dot.ted", g.StringType()),
])  # fmt: skip
ROWS = [
    {"a": 1, "to": {"city": "Rome"}, "many": [1, 2], "dot.ted": "x"},
    {"a": None, "to": None, "many": [], "dot.ted": None},
]
PART = pa.RecordBatch.from_pylist(ROWS)


def both():
    return list(zip(lazy_records(PART, SCHEMA), records([PART], SCHEMA), strict=True))


@pytest.mark.parametrize("look", [
    lambda r: r["a"], lambda r: r.a, lambda r: r.get("nothing", 7), lambda r: r.get("a", 7), lambda r: "a" in r, lambda r: "b" in r,
    lambda r: list(r), lambda r: len(r), lambda r: bool(r), lambda r: list(r.items()), lambda r: list(r.values()), lambda r: dict(r),
    lambda r: {**r}, lambda r: r.copy(), lambda r: repr(r), lambda r: json.dumps(r), lambda r: plain(r), lambda r: copied(r),
    lambda r: r | {"z": 1}, lambda r: {"z": 1} | r, lambda r: pickle.loads(pickle.dumps(r)), lambda r: r.asDict(recursive=True),
    lambda r: copy.deepcopy(plain(r)), lambda r: list(reversed(r)), lambda r: r == {"a": 1}, lambda r: sorted(r.keys()),
])  # fmt: skip
def test_what_is_seen(look):
    for lazy, whole in both():
        assert look(lazy) == look(whole)
        assert lazy == whole


def test_what_is_changed():
    for lazy, whole in both():
        for record in (lazy, whole):
            record["new"] = record["a"]
            record.dotted = 5
            record["many"] = None
            del record["a"]
            assert record.pop("to", None) is None or record.get("to") is None
            record.update(b=2)
            record.setdefault("c", 3)
        assert lazy == whole and sorted(lazy) == sorted(whole)
        assert "a" not in lazy
        with pytest.raises(KeyError):
            lazy["a"]


def test_what_is_not_there():
    for lazy, _ in both():
        with pytest.raises(KeyError):
            lazy["nothing"]
        with pytest.raises(AttributeError):
            lazy.nothing  # noqa: B018


def test_a_column_is_decoded_once():
    made = []

    def make(value):
        made.append(value)
        return value

    columns = Columns(PART, ["a", "to", "many", "dot.ted"], [make, make, None, None])
    assert columns.column("a") is columns.column("a")
    assert made == [1, None]
