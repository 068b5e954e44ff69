"""Nested values made flat."""

import pytest
from conftest import rows

from awsglue.transforms import Relationalize, SelectFromCollection, Unbox, UnnestFrame

PEOPLE = "name string, age int, friends array<string>"


def test_arrays_become_tables(frame, tmp_path):
    people = frame(
        [("Nancy", 47, ["Fred", "Lakshmi"]), ("Stephanie", 28, ["Yao", "Phil", "Alvin"]), ("Nathan", 54, [])], PEOPLE
    )
    made = Relationalize.apply(frame=people, staging_path=str(tmp_path), name="root", transformation_ctx="r")
    assert list(made.keys()) == ["root", "root_friends"]
    root = rows(SelectFromCollection.apply(made, "root"))
    friends = rows(SelectFromCollection.apply(dfc=made, key="root_friends"))
    number = {one["friends"]: one["name"] for one in root}
    assert sorted(number) != [None] and len(number) == 3
    assert list(friends[0]) == ["id", "index", "friends.val"]
    assert sorted((number[one["id"]], one["index"], one["friends.val"]) for one in friends) == [
        ("Nancy", 0, "Fred"),
        ("Nancy", 1, "Lakshmi"),
        ("Stephanie", 0, "Yao"),
        ("Stephanie", 1, "Phil"),
        ("Stephanie", 2, "Alvin"),
    ]
    with pytest.raises(KeyError, match="there is no frame 'x': there are 'root', 'root_friends'"):
        made.select("x")
    assert list(people.relationalize("people").keys()) == ["people", "people_friends"]


def test_arrays_in_arrays_structs_and_maps(frame):
    orders = frame(
        [
            (1, {"city": "Rome", "tags": ["x"]}, [{"sku": "a", "parts": [1, 2]}, {"sku": "b", "parts": None}], {"k": 1}),
            (2, None, None, None),
        ],
        "id int, to struct<city:string,tags:array<string>>, lines array<struct<sku:string,parts:array<int>>>, "
        "m map<string,int>",
    )
    made = orders.relationalize("root")
    names = ["root", "root_to.tags", "root_lines", "root_lines.lines.val.parts", "root_m"]
    assert list(made.keys()) == names
    tables = {name: rows(made.select(name)) for name in names}
    assert list(tables["root"][0]) == ["id", "to.city", "to.tags", "lines", "m"]
    assert tables["root"][1] == {"id": 2, "to.city": None, "to.tags": None, "lines": None, "m": None}
    key = tables["root"][0]["lines"]
    assert [(one["id"], one["index"], one["lines.val.sku"]) for one in tables["root_lines"]] == [(key, 0, "a"), (key, 1, "b")]
    parts = tables["root_lines.lines.val.parts"]
    assert list(parts[0]) == ["id", "index", "lines.val.parts.val"]
    assert [one["lines.val.parts.val"] for one in parts] == [1, 2]
    assert parts[0]["id"] == tables["root_lines"][0]["lines.val.parts"]
    assert tables["root_m"][0]["m.val.key"] == "k" and tables["root_m"][0]["m.val.value"] == 1


def test_flat_rows_stay_one_table(frame):
    made = frame([(1, {"b": {"c": 2}})], "a int, s struct<b:struct<c:int>>").relationalize("root")
    assert list(made.keys()) == ["root"] and rows(made["root"]) == [{"a": 1, "s.b.c": 2}]
    with pytest.raises(ValueError, match="relationalize has no options"):
        frame([(1,)], "a int").relationalize("root", options={"x": 1})


def test_text_is_unboxed_and_unnested(frame):
    stock = frame(
        [("TX", '{"strawberry": 220, "mango": null}'), ("CA", '{"strawberry": 34, "mango": null}'), ("CO", None)],
        "loc string, data string",
    )
    made = Unbox.apply(frame=stock, path="data", format="json")
    flat = UnnestFrame.apply(frame=made)
    assert [(field.name, field.dataType.typeName()) for field in flat.schema()] == [
        ("loc", "string"),
        ("data.strawberry", "int"),
        ("data.mango", "null"),
    ]
    assert [one["data.strawberry"] for one in rows(flat)] == [34, None, 220]


def test_other_text_is_an_error(frame):
    made = frame([("{",), ('{"a": 1}',), ('["x"]',)], "v string").unbox("v", "json")
    assert made.errorsCount() == 1 and made.count() == 2
    assert made.choices == {("v",)}
    with pytest.raises(ValueError, match="the format 'avro' is not supported: json and csv are"):
        made.unbox("v", "avro")
    with pytest.raises(ValueError, match="the option 'rowTag' is not supported"):
        made.unbox("v", "json", rowTag="x")
    with pytest.warns(UserWarning, match="unbox: there is no field w"):
        made.unbox("w", "json")


def test_csv_is_unboxed(frame):
    made = frame([({"c": "1|x y"},), ({"c": '2|"a|b"'},)], "a struct<c:string>")
    assert [one["a"]["c"] for one in rows(made.unbox("a.c", "csv", separator="|"))] == [
        {"col0": "1", "col1": "x y"},
        {"col0": "2", "col1": "a|b"},
    ]
    schema = '{"type":"struct","fields":[{"name":"n","type":"integer"},{"name":"t","type":"string"}]}'
    typed = made.unbox("a.c", "csv", separator="|", withSchema=schema)
    assert rows(typed)[0]["a"]["c"] == {"n": 1, "t": "x y"}


DYNAMO = (
    "Item struct<a:struct<S:string>, n:struct<N:string,`NULL`:boolean>, l:struct<L:array<struct<S:string>>>, "
    "m:struct<M:struct<x:struct<S:string>,y:struct<M:struct<z:struct<BOOL:boolean>>>>>, ss:struct<SS:array<string>>, "
    "two:struct<S:string,N:string>, lm:struct<L:array<struct<M:struct<q:struct<S:string>>>>>>"
)


@pytest.fixture(scope="module")
def dynamo(frame):
    item = (
        ("x",), (None, True), ([("p",), ("q",)],), ((("inner",), (((True,),),)),), (["s"],), ("t", None),
        ([((("deep",),),)],),
    )  # fmt: skip
    return frame([(item,)], DYNAMO)


def test_dynamo_s_json_is_simplified(dynamo):
    made = dynamo.simplify_ddb_json()
    assert rows(made) == [
        {
            "a": "x", "n": None, "l": ["p", "q"], "m": {"x": "inner", "y": {"z": True}}, "ss": ["s"],
            "two": {"S": "t", "N": None}, "lm": [{"M": {"q": {"S": "deep"}}}],
        }
    ]  # fmt: skip


def test_dynamo_s_json_is_unnested(dynamo):
    made = dynamo.unnest_ddb_json()
    assert made.toDF().columns == ["a", "n", "l", "m.x", "m.y.z", "ss", "two", "lm"]
    [row] = rows(made)
    assert (row["a"], row["m.y.z"], row["l"]) == ("x", True, [{"S": "p"}, {"S": "q"}])
