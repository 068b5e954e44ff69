"""Functions over records: what they see, and the schema of what they make."""

import datetime
import decimal

import pytest
from conftest import rows

from awsglue import _python
from awsglue.dynamicframe import DynamicFrame, DynamicRecord
from awsglue.transforms import Filter, Map

HOSPITALS = "`Provider Name` string, `Provider City` string, `Provider State` string, beds long"


@pytest.fixture(scope="module")
def hospitals(frame):
    return frame([("A", "SACRAMENTO", "CA", 5), ("B", "MONTGOMERY", "AL", 7), ("C", "MADISON", "WI", None)], HOSPITALS)


def tree(frame):
    return {field.name: field.dataType.typeName() for field in frame.schema()}


def test_fields_are_merged_into_a_struct(hospitals, capsys):
    def merge(record):
        record["Address"] = {}
        record["Address"]["City"] = record["Provider City"]
        record["Address"]["Zip.Code"] = "1"
        record["Address"]["Array"] = [record["Provider City"], record["Provider State"]]
        del record["Provider City"]
        del record["Provider State"]
        return record

    made = Map.apply(frame=hospitals, f=merge, transformation_ctx="m")
    made.printSchema()
    assert capsys.readouterr().out == (
        "root\n|-- Provider Name: string\n|-- beds: long\n|-- Address: struct\n|    |-- City: string\n"
        "|    |-- Zip.Code: string\n|    |-- Array: array\n|    |    |-- element: string\n\n"
    )
    assert rows(made)[0]["Address"] == {"City": "SACRAMENTO", "Zip.Code": "1", "Array": ["SACRAMENTO", "CA"]}
    assert made.count() == 3


def test_rows_are_filtered_by_items_and_attributes(hospitals):
    made = Filter.apply(frame=hospitals, f=lambda x: x["Provider State"] in ["CA", "AL"] and x["Provider City"] == "SACRAMENTO")
    assert made.count() == 1
    assert hospitals.filter(f=lambda x: x.beds is not None and x.beds > 5).count() == 1
    assert hospitals.filter(lambda x: False).toDF().columns == hospitals.toDF().columns


def test_records_are_like_dictionaries():
    record = DynamicRecord({"a": 1, "b": DynamicRecord({"c": 2})})
    assert (record.a, record["b"].c, "a" in record, list(record)) == (1, 2, True, ["a", "b"])
    record.d = 4
    del record.a
    assert record.asDict(recursive=True) == {"b": {"c": 2}, "d": 4}
    with pytest.raises(AttributeError, match="no field 'nope'"):
        _ = record.nope
    with pytest.raises(KeyError):
        record["nope"]


def test_values_of_different_types_are_a_choice(mixed):
    made = mixed([{"id": 1, "v": 5}, {"id": 2, "v": "x"}, {"id": 3}, {"id": 4, "v": None}])
    assert tree(made) == {"id": "int", "v": "choice"}
    assert made.choices == {("v",)}
    assert [one["v"] for one in rows(made)] == [
        {"int": 5, "string": None},
        {"int": None, "string": "x"},
        None,
        None,
    ]
    # Functions see the value, not the struct, and no field where a record has none.
    seen = made.map(lambda record: {"id": record.id, "w": str(record.get("v", "gone"))})
    assert [one["w"] for one in rows(seen)] == ["5", "x", "gone", "None"]
    seen = made.select_fields(["id", "v"]).map(lambda record: {"id": record.id, "w": str(record["v"])})
    assert [one["w"] for one in rows(seen)] == ["5", "x", "None", "None"]


def test_the_type_of_every_kind_of_value(mixed):
    when = datetime.datetime(2024, 1, 2, 3, 4, 5)
    made = mixed(
        [
            {
                "i": 1, "l": 2**40, "f": 1.5, "s": "x", "b": True, "y": b"z", "d": when.date(), "t": when,
                "n": decimal.Decimal("12.345"), "none": None, "a": [1, None], "st": {"x": {"y": 1}}, "tuple": (1, 2),
                "mix": 1, "huge": 2**70,
            },
            {"mix": 2.5, "a": [2**40], "st": {"z": "w"}, "n": decimal.Decimal("1234")},
        ]
    )  # fmt: skip
    assert tree(made) == {
        "i": "int", "l": "long", "f": "double", "s": "string", "b": "boolean", "y": "binary", "d": "date",
        "t": "timestamp", "n": "decimal", "none": "null", "a": "array", "st": "struct", "tuple": "array",
        "mix": "double", "huge": "decimal",
    }  # fmt: skip
    second, first = rows(made)
    first = first if first["i"] == 1 else second
    assert first["t"] == when and first["d"] == when.date() and first["y"] == b"z"
    assert first["st"] == {"x": {"y": 1}, "z": None} and first["huge"] == 2**70
    assert first["n"] == decimal.Decimal("12.345")


def test_types_of_the_input_stay(frame):
    made = frame(
        [(1, 2, 1.5, decimal.Decimal("1.50"), {"k": 1}, None)],
        "a long, b short, c float, d decimal(10,2), m map<string,long>, n string",
    )
    same = made.map(lambda record: record)
    assert same.schema() == made.schema()
    assert rows(same) == rows(made)
    wider = made.map(lambda record: {"b": 10**6, "n": 1})
    assert tree(wider) == {"b": "int", "n": "int"}


def test_nothing_is_in_a_struct_that_is_null(frame):
    numbers = frame([(1,), (2,)], "n int")
    made = numbers.map(lambda record: {"s": {"a": 1, "b": {"c": "x"}} if record.n == 1 else None, "l": [None, {"d": 5}]})
    found = made.toDF().selectExpr("s.a", "s.b.c", "l[0].d as d").collect()
    assert sorted((row.asDict() for row in found), key=repr) == [
        {"a": 1, "c": "x", "d": None},
        {"a": None, "c": None, "d": None},
    ]


def test_functions_go_over_partitions(frame):
    numbers = frame([(n,) for n in range(6)], "n int").repartition(2)
    sums = numbers.mapPartitions(lambda part: [{"total": sum(one.n for one in part)}])
    assert sum(one["total"] for one in rows(sums)) == 15
    marked = numbers.mapPartitionsWithIndex(lambda index, part: ({"n": one.n, "part": index} for one in part))
    found = rows(marked)
    assert sorted(one["n"] for one in found) == list(range(6)) and {one["part"] for one in found} == {0, 1}
    assert numbers.getNumPartitions() == 2 and numbers.coalesce(1).getNumPartitions() == 1


def test_a_function_is_called_once_for_a_record_of_few(frame, tmp_path):
    log = str(tmp_path / "calls")

    def noted(record):
        with open(log, "a") as file:
            file.write("x")
        return record

    made = frame([(1,), (2,)], "n int").map(noted).filter(lambda record: record.n > 0)
    assert len(rows(made)) == 2 and made.count() == 2 and made.errorsCount() == 0
    assert len(open(log).read()) == 2


@pytest.mark.parametrize("written", [True, False])
def test_many_records_are_written_down_or_take_a_second_look(frame, spark, context, monkeypatch, tmp_path, written):
    log = str(tmp_path / "calls")

    def noted(record):
        if record["id"] == 7:
            with open(log, "a") as file:
                file.write("x")
        return {"id": record["id"], "text": str(record["id"]) * 300, "odd": record["id"] % 2 or "even"}

    if not written:
        monkeypatch.setattr("awsglue._rows.scratch", lambda _: None)
    big = DynamicFrame.fromDF(spark.range(20000).repartition(3), context, "big")
    made = big.map(noted)
    survey = made._rows.survey
    assert (survey.pieces is not None, bool(survey.files)) == (written, written) and made.count() == 20000
    assert made.toDF().selectExpr("sum(id)").first()[0] == 199990000
    assert tree(made) == {"id": "long", "text": "string", "odd": "choice"}
    assert len(open(log).read()) == (1 if written else 2)
    assert made.filter(lambda record: record.odd == "even").count() == 10000


def test_what_is_too_much_is_given_up(tmp_path):
    kept = _python.Kept(str(tmp_path), 100, 300)
    kept.add(["x" * 50])
    assert kept.pieces and kept.path is None
    kept.add(["y" * 100])
    assert not kept.pieces and kept.whole and len(list(tmp_path.iterdir())) == 1
    kept.add(["z" * 300])
    assert not kept.whole and kept.path is None and not list(tmp_path.iterdir())
    alone = _python.Kept(None, 100)
    alone.add(["x" * 200])
    assert not alone.whole and not alone.pieces


def test_rows_of_no_fields_are_counted(frame):
    made = frame([(1,), (2,)], "n int").map(lambda record: {})
    assert made.toDF().columns == [] and made.count() == 2


def test_what_is_no_record_is_an_error(frame):
    numbers = frame([(1,), (2,)], "n int")
    assert numbers.map(lambda record: None if record.n == 1 else record).errorsCount() == 1
    odd = numbers.map(lambda record: {"v": {1, 2} if record.n == 1 else 0})
    assert odd.errorsCount() == 1 and rows(odd) == [{"v": 0}]
    with pytest.raises(TypeError, match="needs a function"):
        numbers.map("f")


def test_seen_values_of_two_parts_are_joined():
    one, other = _python.Seen(), _python.Seen()
    one.add([{"a": 1, "b": [1], "c": {"d": 1}}, {"a": None}])
    other.add([{"a": "x", "b": [-129], "c": {"e": True}, "f": decimal.Decimal("0.05")}])
    assert _python.merged(one.told(), other.told()) == {
        "struct": {
            "a": {"int": [-128, 127], "string": True},
            "b": {"array": {"int": [-(2**15), 2**15 - 1]}},
            "c": {"struct": {"d": {"int": [-128, 127]}, "e": {"boolean": True}}},
            "f": {"decimal": [1, 2]},
        }
    }
