"""Choices and what resolves them."""

import pytest
from conftest import rows

from awsglue import gluetypes as g
from awsglue.dynamicframe import ResolveOption, _catalog
from awsglue.transforms import ResolveChoice


@pytest.fixture(scope="module")
def medicare(mixed):
    return mixed([{"name": "a", "provider id": 10001}, {"name": "b", "provider id": "INC"},
                  {"name": "c", "provider id": "7"}])  # fmt: skip


def ids(frame, name="provider id"):
    return [one[name] for one in rows(frame)]


def test_the_schema_tells_of_a_choice(medicare, capsys):
    medicare.printSchema()
    assert capsys.readouterr().out == "root\n|-- name: string\n|-- provider id: choice\n|    |-- int\n|    |-- string\n\n"
    medicare.show(1)
    assert capsys.readouterr().out == '{"name": "a", "provider id": 10001}\n'


def test_each_action(medicare):
    cast = medicare.resolveChoice(specs=[("provider id", "cast:long")])
    assert ids(cast) == [10001, None, 7]
    columns = ResolveChoice.apply(medicare, choice="make_cols")
    assert columns.toDF().columns == ["name", "provider id_int", "provider id_string"]
    assert ids(columns, "provider id_string") == [None, "INC", "7"]
    struct = medicare.resolveChoice(choice="make_struct")
    assert struct.choices == frozenset() and ids(struct)[1] == {"int": None, "string": "INC"}
    assert ids(medicare.resolveChoice(choice="project:string")) == [None, "INC", "7"]
    assert ids(medicare.resolveChoice(choice="cast:string")) == ["10001", "INC", "7"]
    assert ids(medicare.resolveChoice(specs=[("name", "cast:int"), ("provider id", "project:int")])) == [10001, None, None]


def test_choices_in_arrays_and_structs(mixed):
    made = mixed([{"myList": [{"price": 100.0}, {"price": "$100.00"}], "s": {"v": 1}}, {"s": {"v": "x"}}, {"myList": []}])
    assert made.choices == {("myList", "[]", "price"), ("s", "v")}
    prices = made.resolveChoice(specs=[("myList[].price", "cast:double"), ("s.v", "cast:string")])
    assert prices.choices == frozenset()
    [first] = [one for one in rows(prices) if one["myList"]]
    assert first == {"myList": [{"price": 100.0}, {"price": None}], "s": {"v": "1"}}
    columns = made.resolveChoice(choice="make_cols")
    fields = {field.name for field in columns.schema().getField("myList").dataType.elementType}
    assert fields == {"price_double", "price_string"}
    elements = mixed([{"a": [1, "x"]}, {"a": None}])
    assert ids(elements.resolveChoice(specs=[("a[]", "cast:string")]), "a") == [None, ["1", "x"]]
    assert ids(elements.resolveChoice(choice="make_cols"), "a")[1] == [
        {"int": 1, "string": None},
        {"int": None, "string": "x"},
    ]


def test_a_choice_of_a_struct(mixed):
    made = mixed([{"address": {"city": "Oslo"}}, {"address": "Rome"}])
    structs = made.resolveChoice(specs=[("address", "project:struct")])
    assert ids(structs, "address") == [None, {"city": "Oslo"}]
    assert made.select_fields(["address"]).choices == {("address",)}


def test_choices_match_the_catalog(medicare, monkeypatch):
    table = g.StructType([g.Field("name", g.StringType()), g.Field("provider id", g.LongType())])
    asked = []
    monkeypatch.setattr(_catalog, "table_schema", lambda *of: asked.append(of) or table)
    made = medicare.resolveChoice(choice="match_catalog", database="d", table_name="t", catalog_id="1")
    assert ids(made) == [10001, None, 7] and asked == [("d", "t", "1")]
    with pytest.raises(ValueError, match="needs a database and a table_name"):
        medicare.resolveChoice(choice="match_catalog")


def test_what_is_wrong_is_named(medicare):
    for arguments, told in [
        ({"specs": [("name", "cast:int")], "choice": "make_cols"}, "specs or choice, and not both"),
        ({"choice": "make_row"}, "'make_row' is none of cast:type"),
        ({"choice": "cast:strin"}, "'strin' is none"),
        ({"specs": [("name", "match_catalog")]}, "match_catalog is an action for choice"),
    ]:
        with pytest.raises(ValueError, match=told):
            medicare.resolveChoice(**arguments)
    with pytest.warns(UserWarning, match="resolveChoice: there is no field nope"):
        medicare.resolveChoice(specs=[("nope", "cast:int")])
    with pytest.warns(UserWarning, match="neither specs nor choice"):
        assert medicare.resolveChoice().choices == medicare.choices


def test_to_df_resolves_too(medicare):
    from pyspark.sql.types import LongType

    assert medicare.toDF().schema["provider id"].dataType.simpleString() == "struct<int:int,string:string>"
    cast = medicare.toDF([ResolveOption("provider id", "Cast", LongType())])
    assert [row["provider id"] for row in cast.collect()] == [10001, None, 7]
    project = medicare.toDF([ResolveOption("provider id", "Project", g.StringType())])
    assert [row["provider id"] for row in project.collect()] == [None, "INC", "7"]
    assert "struct" in medicare.toDF([ResolveOption("provider id", "KeepAsStruct")]).schema["provider id"].simpleString()
    with pytest.raises(ValueError, match="needs a target type"):
        medicare.toDF([ResolveOption("name", "Cast")])


def test_choices_are_known_by_path_and_by_mark(spark, context, frame):
    from pyspark.sql import functions as F

    from awsglue.dynamicframe import DynamicFrame

    schema = "v struct<int:int,string:string>, l array<struct<p:struct<int:int,string:string>>>"
    made = frame([((1, None), [((None, "x"),)])], schema, choices={"v", "l[].p"})
    assert made.choices == {("v",), ("l", "[]", "p")}
    assert made.toDF().schema["v"].dataType.simpleString() == "struct<int:int,string:string>"
    marked = made.toDF().select(F.col("v").alias("v", metadata={"glue.choice": True}))
    assert DynamicFrame.fromDF(marked, context, "m").choices == {("v",)}
    # What leaves as a DataFrame comes back as a struct.
    again = DynamicFrame.fromDF(DynamicFrame.fromDF(marked, context, "m").toDF(), context, "n")
    assert again.choices == frozenset()
