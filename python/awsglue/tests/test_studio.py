"""The managed transforms of Glue Studio, as its scripts call them."""

import datetime
import importlib

import pytest
from conftest import rows


@pytest.fixture(scope="module")
def made(frame):
    return frame(
        [(1, '{"a": {"b": 5}}', [1, 2], {"k": 1}, 1700000000), (2, None, None, None, 1700000000000)],
        "id int, j string, l array<int>, m map<string,int>, t long",
    )


def test_scripts_import_them():
    module = importlib.import_module("gs_flatten")
    assert callable(module.gs_flatten)
    with pytest.raises(ImportError):
        importlib.import_module("gs_nothing")


def test_columns_that_are_made(made):
    assert len({one["u"] for one in rows(made.gs_uuid("u"))}) == 2
    assert len({one["n"] for one in rows(made.gs_sequence_id("n", unique="True"))}) == 2
    now = rows(made.gs_now("now"))[0]["now"]
    assert abs(now - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)) < datetime.timedelta(minutes=5)
    assert len(rows(made.gs_now("day", "%Y-%m-%d"))[0]["day"]) == 10
    assert [one["t"].year for one in rows(made.gs_to_timestamp("t"))] == [2023, 2023]
    assert [one["x"] for one in rows(made.gs_derived("x", "id * 2"))] == [2, 4]


def test_text_is_taken_apart(made):
    found = made.gs_extract_json("j", "a.b,$.c", "b,c", dropCol=True)
    assert found.toDF().columns == ["id", "l", "m", "t", "b", "c"]
    assert [(one["b"], one["c"]) for one in rows(found)] == [("5", None), (None, None)]
    with pytest.raises(ValueError, match="1 paths and 2 columns"):
        made.gs_extract_json("j", "a", "b,c")
    with pytest.raises(ValueError, match="has 2 groups, and there are 1 columns"):
        made.gs_regex_extract("j", "(a)(b)", "x")


def test_arrays_and_maps_become_rows_and_columns(made):
    assert [one["e"] for one in rows(made.gs_explode("l", "e"))] == [1, 2]
    assert [one["l"] for one in rows(made.gs_explode("l", outer=True))] == [1, 2, None]
    exploded = made.gs_explode("m")
    assert [(one["key"], one["value"]) for one in rows(exploded)] == [("k", 1)] and "__entry" not in exploded.toDF().columns
    assert [(one["a"], one["z"]) for one in rows(made.gs_array_to_cols("l", "a,z", "1,-1"))] == [(1, 2), (None, None)]
    for call, told in [
        (lambda: made.gs_explode("id"), "neither array nor map but int"),
        (lambda: made.gs_array_to_cols("id", "a"), "no array but int"),
        (lambda: made.gs_array_to_cols("l", "a,b", "1"), "2 columns and 1 indexes"),
        (lambda: made.gs_format_timestamp("id", "yyyy"), "no timestamp but int"),
        (lambda: made.gs_to_timestamp("id", "weeks"), "'weeks' is not supported"),
        (lambda: made.gs_split("nope", ","), "there is no field nope; there are id, j"),
        (lambda: made.gs_pivot("id", "mode", "t"), "'mode' is not supported"),
    ]:
        with pytest.raises(ValueError, match=told):
            call()


def test_rows_without_anything_are_left_out(frame):
    sparse = frame([(None, ""), (None, None), (1, None)], "a int, b string")
    assert len(rows(sparse.gs_null_rows())) == 2 and len(rows(sparse.gs_null_rows(extended=True))) == 1
    assert sparse.gs_repartition("2").count() == 3
    counted = frame([("x", 1), ("x", 2), ("y", 5)], "k string, n int").gs_pivot("n", "sum", ["k"])
    assert rows(counted) == [{"x": 3, "y": 5}]
