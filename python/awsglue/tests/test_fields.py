"""Fields picked, left out, renamed, mapped, split."""

import pytest
from conftest import rows

from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import ApplyMapping, DropFields, DropNullFields, RenameField, SelectFields, SplitFields

PEOPLE = "name string, age int, address struct<state:string,zip:int>, `dot.ted` string, visits array<struct<at:string,n:int>>"


@pytest.fixture(scope="module")
def people(frame):
    return frame(
        [
            ("Ann", 30, {"state": "NE", "zip": 1}, "x", [{"at": "a", "n": 1}, {"at": "b", "n": 2}]),
            ("Bob", None, None, "y", None),
            ("Cid", 5, {"state": None, "zip": 3}, None, []),
        ],
        PEOPLE,
    )


def test_structs_are_unnested_and_nested_again(people):
    flat = people.apply_mapping(
        [
            ("name", "string", "name", "string"),
            ("address.state", "string", "state", "string"),
            ("address.zip", "int", "zip", "long"),
        ]
    )
    assert [(one["state"], one["zip"]) for one in rows(flat)] == [("NE", 1), (None, None), (None, 3)]
    assert flat.schema().getField("zip").dataType.typeName() == "long"
    again = flat.apply_mapping(
        [
            ("name", "string", "name", "string"),
            ("state", "string", "address.state", "string"),
            ("zip", "long", "address.zip", "int"),
        ]
    )
    assert rows(again)[0] == {"name": "Ann", "address": {"state": "NE", "zip": 1}}


def test_a_mapped_struct_is_null_where_its_source_is(people):
    made = people.apply_mapping([("name", "string", "n", "string"), ("address.zip", "int", "to.code", "string")])
    assert [one["to"] for one in rows(made)] == [{"code": "1"}, None, {"code": "3"}]


def test_values_that_do_not_fit_become_null(frame):
    words = frame([("5",), ("7.9",), ("NA",), (" 8 ",), (None,), ("",)], "v string")
    made = ApplyMapping.apply(frame=words, mappings=[("v", "String", "v", "Long")], transformation_ctx="m")
    assert [row.v for row in made.toDF().collect()] == [5, 7, None, 8, None, None]


def test_dots_in_names_need_back_ticks(people):
    made = people.apply_mapping([("`dot.ted`", "string", "new", "string")])
    assert [row.new for row in made.toDF().collect()] == ["x", "y", None]
    renamed = RenameField.apply(people, "`dot.ted`", "plain")
    assert "plain" in [field.name for field in renamed.schema()]
    dotted = people.rename_field("name", "`full.name`")
    assert [field.name for field in dotted.schema()][0] == "full.name"


def test_sources_that_are_not_there_are_told_of(people):
    with pytest.warns(UserWarning, match="apply_mapping: there is no field nope; there are name, age"):
        made = people.apply_mapping([("name", "string", "name", "string"), ("nope", "string", "nope", "string")])
    assert made.toDF().columns == ["name"]
    with pytest.warns(UserWarning, match="there is no field NAME"):
        people.apply_mapping([("NAME", "string", "name", "string")], case_sensitive=True)
    assert people.apply_mapping([("NAME", "string", "name", "string")]).toDF().columns == ["name"]


def test_arrays_cannot_be_mapped_from(people):
    with pytest.raises(ValueError, match="inside of an array"):
        people.apply_mapping([("visits[].at", "string", "at", "string")])
    with pytest.raises(ValueError, match="'strin' is none"):
        people.apply_mapping([("name", "string", "name", "strin")])


def test_fields_are_selected_in_the_order_named(people):
    made = SelectFields.apply(frame=people, paths=["age", "address.zip", "name"])
    assert made.toDF().columns == ["age", "address", "name"]
    assert [row.address for row in made.toDF().collect()][:2] == [(1,), None]
    assert people.select_fields("name").toDF().columns == ["name"]


def test_fields_are_dropped_in_structs_and_arrays_too(people):
    made = DropFields.apply(people, paths=["age", "address.state", "visits[].n", "`dot.ted`"])
    ann = rows(made)[0]
    assert ann == {"name": "Ann", "address": {"zip": 1}, "visits": [{"at": "a"}, {"at": "b"}]}
    assert people.drop_fields(["address.state", "address.zip"]).toDF().columns == ["name", "age", "dot.ted", "visits"]


def test_fields_are_renamed_in_place_and_moved(people):
    inside = people.rename_field("address.state", "address.state_code")
    assert rows(inside)[0]["address"] == {"state_code": "NE", "zip": 1}
    out = people.rename_field("address.state", "state")
    assert (rows(out)[0]["state"], rows(out)[0]["address"]) == ("NE", {"zip": 1})
    into = people.rename_field("age", "address.age")
    assert rows(into)[0]["address"] == {"state": "NE", "zip": 1, "age": 30}
    assert people.rename_field("age", "name").toDF().columns == ["name", "address", "dot.ted", "visits"]
    with pytest.warns(UserWarning, match="rename_field: there is no field nope"):
        assert people.rename_field("nope", "x").toDF().columns == people.toDF().columns


def test_a_frame_is_split_by_fields(people):
    both = SplitFields.apply(people, ["name", "`dot.ted`"], "a", "b")
    assert list(both.keys()) == ["a", "b"]
    assert both.select("a").toDF().columns == ["name", "dot.ted"]
    assert both.select("b").toDF().columns == ["age", "address", "visits"]
    assert list(people.split_fields(["name"]).keys()) == ["f1", "f2"]


def test_fields_that_are_always_null_are_dropped(frame, spark, context):
    made = frame([(1, None, {"a": None, "b": "x"}), (2, None, None)], "id int, gone string, s struct<a:int,b:string>")
    kept = DropNullFields.apply(made)
    assert rows(kept) == [{"id": 1, "s": {"b": "x"}}, {"id": 2, "s": None}]
    assert DropNullFields.apply(made.filter(lambda row: False)).toDF().columns == ["id", "gone", "s"]
    void = DynamicFrame.fromDF(spark.sql("select 1 as a, null as n"), context, "v")
    assert DropNullFields.apply(void).toDF().columns == ["a"]
