"""Frames split, joined, merged and put together; collections of them."""

import json

import pytest
from conftest import rows

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.transforms import (
    Coalesce,
    FlatMap,
    Join,
    MapToCollection,
    Repartition,
    SelectFields,
    Spigot,
    SplitFields,
    SplitRows,
    Union,
)


@pytest.fixture(scope="module")
def persons(frame):
    return frame([(1, "Ann", {"k": "x"}), (2, "Bob", {"k": "y"}), (3, "Cid", None)], "id int, name string, s struct<k:string>")


@pytest.fixture(scope="module")
def orders(frame):
    return frame([("1", "a", "x"), ("1", "b", "z"), ("9", "c", None)], "person string, name string, k string")


def test_rows_with_equal_keys_are_joined(persons, orders):
    made = Join.apply(frame1=persons, frame2=orders, keys1=["id"], keys2=["person"])
    assert made.toDF().columns == ["id", "name", "s", "person", ".name", "k"]
    assert [(one["name"], one[".name"]) for one in rows(made)] == [("Ann", "a"), ("Ann", "b")]
    assert made.drop_fields(["`.name`"]).toDF().columns == ["id", "name", "s", "person", "k"]
    assert [one["name"] for one in rows(persons.join("s.k", "k", orders))] == ["Ann"]
    assert len(rows(persons.join(["id", "s.k"], ["person", "k"], orders))) == 1
    assert [field.name for field in persons.join("id", "id", persons).schema()] == [
        "id", "name", "s", ".id", ".name", ".s",
    ]  # fmt: skip


def test_keys_that_are_wrong_are_named(persons, orders):
    with pytest.raises(ValueError, match="one side has 1 keys and the other 2"):
        persons.join(["id"], ["person", "k"], orders)
    with pytest.raises(ValueError, match="join: there is no field nope; there are id, name, s"):
        persons.join(["nope"], ["person"], orders)
    with pytest.raises(ValueError, match="no key is named"):
        persons.mergeDynamicFrame(persons, [])


def test_records_of_both_come_together_by_names(persons, frame):
    other = frame([("x", {"k": 5}, True)], "id string, s struct<k:int>, more boolean")
    made = Union.apply(persons, other)
    assert made.choices == {("id",), ("s", "k")}
    assert [field.name for field in made.schema()] == ["id", "name", "s", "more"]
    [new] = [one for one in rows(made) if one["more"]]
    assert new == {"id": {"int": None, "string": "x"}, "name": None, "s": {"k": {"string": None, "int": 5}}, "more": True}
    wider = frame([(2**40,)], "id long")
    assert persons.union(wider).schema().getField("id").dataType.typeName() == "long"


def test_staged_records_win(frame):
    source = frame([(1, "old"), (1, "older"), (2, "kept"), (2, "kept too"), (None, "null")], "id int, v string")
    staged = frame([(1, "new", 5), (3, "added", 6), (3, "twice", 7)], "id int, v string, extra int")
    made = source.mergeDynamicFrame(staged, ["id"], transformation_ctx="m")
    assert sorted((one["id"] or 0, one["v"], one["extra"]) for one in rows(made) if one["extra"]) == [
        (1, "new", 5),
        (3, "added", 6),
        (3, "twice", 7),
    ]
    assert {one["v"] for one in rows(made) if not one["extra"]} == {"kept", "kept too", "null"}


def test_rows_are_split_by_comparisons(persons):
    both = SplitRows.apply(persons, {"id": {">": 1, "<": 3}}, "some", "others")
    assert [one["id"] for one in rows(both["some"])] == [2] and [one["id"] for one in rows(both["others"])] == [1, 3]
    nested = persons.split_rows({"s.k": {"!=": "x"}, "id": {">=": 1}}, "a", "b")
    assert [one["id"] for one in rows(nested["a"])] == [2] and len(rows(nested["b"])) == 2
    assert list(SplitRows.apply(persons, {"id": {"=": 1}}).keys()) == ["frame1", "frame2"]
    with pytest.raises(ValueError, match="'~' is none of"):
        persons.split_rows({"id": {"~": 1}}, "a", "b")
    with pytest.raises(ValueError, match="there is no field nope"):
        persons.split_rows({"nope": {">": 1}}, "a", "b")
    with pytest.raises(ValueError, match="s is of the type struct"):
        persons.split_rows({"s": {">": 1}}, "a", "b")


def test_functions_go_over_collections(persons, context):
    both = DynamicFrameCollection({"one": persons, "two": persons.filter(lambda one: one.id > 1)}, context)
    assert len(both) == 2 and "one" in both and list(both) == ["one", "two"]
    named = MapToCollection.apply(both, lambda frame, ctx: frame.select_fields(["id"], transformation_ctx=ctx), "c_")
    assert [frame.toDF().columns for frame in named.values()] == [["id"], ["id"]]
    plain = both.map(lambda frame: frame.drop_fields(["s"]))
    assert plain.select("two").toDF().columns == ["id", "name"]
    flat = FlatMap.apply(both, SplitFields, "frame", paths=["id"], name1="a", name2="b")
    assert list(flat.keys()) == ["one_a", "one_b", "two_a", "two_b"]
    assert list(FlatMap.apply(both, SelectFields, "frame", paths=["id"]).keys()) == ["one", "two"]


def test_samples_are_written(persons, tmp_path):
    place = tmp_path / "sample"
    assert Spigot.apply(persons, str(place), {"topk": 2}).count() == 3
    lines = [line for file in place.glob("*.json") for line in file.read_text().splitlines()]
    assert len(lines) == 2 and {"id", "name"} <= set(json.loads(lines[0]))
    persons.spigot(str(tmp_path / "none"), {"prob": 0.0})
    with pytest.raises(ValueError, match="the option 'rows' is none of topk, prob"):
        persons.spigot(str(place), {"rows": 1})


def test_frames_are_dealt_out(persons):
    assert Repartition.apply(persons, 3).getNumPartitions() == 3
    assert Coalesce.apply(persons, 1).count() == 3
    # Sinks write as many files.
    assert (persons.partitions, persons.coalesce(2).select_fields(["id"]).partitions) == (None, 2)
    assert persons.repartition(2).union(persons).partitions is None
    parted = DynamicFrame.fromDF(persons.toDF().coalesce(1), persons.glue_ctx, "one")
    assert parted.partitions == 1 and DynamicFrame.fromDF(parted.toDF().filter("id > 1"), persons.glue_ctx).partitions is None


def test_frames_are_written_to_their_context_s_sinks(persons, context, monkeypatch):
    calls = []

    class Sink:
        def setFormat(self, format, **options):
            calls.append((format, options))

        def setAccumulableSize(self, size):
            calls.append(size)

        def write(self, frame):
            calls.append(frame.name)
            return frame

    def sink(connection_type, **options):
        calls.append((connection_type, options))
        return Sink()

    monkeypatch.setattr(context, "getSink", sink, raising=False)
    assert persons.write("s3", {"path": "s3://b/"}, "csv", {"separator": "|"}, 5) is persons
    assert calls == [("s3", {"path": "s3://b/"}), ("csv", {"separator": "|"}), 5, "f"]
