"""Records of CSV and JSON: what is made of them at once is what is made of them one by one."""

import doctest
import itertools

import pyarrow
import pytest
from pyspark.sql import types

from mastic_host import csv_kinds, csv_records, csv_texts, csv_values, json_kinds, json_texts, read_csv, read_json, reading, times
from mastic_host.csv_records import Form
from mastic_host.reading import Options

LINES = ["1,2,3", "a,b", '"a, b",c,d', '"a""b",c,d', "x,,", ",,", "1,2,3,4", '"",x,"NA"', "NA,é,y", '"open,1', "a\"b,c,d", '"a\\"b",c,d']
FORMS = [Form(), Form(nothing="NA"), Form(empty="E"), Form(escape='"', escape_of_escape=""), Form(quote="", escape=""), Form(separator=";"),
         Form(trims_before=True, trims_after=True)]


@pytest.mark.parametrize("module", [csv_kinds, csv_records, csv_values, json_kinds, json_texts, read_csv, reading, times])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed


@pytest.mark.parametrize("form", FORMS)
def test_lines_at_once_are_lines_one_by_one(form):
    for lines in itertools.chain([LINES, LINES[::-1], LINES[:1]], itertools.permutations(LINES, 2)):
        made = csv_texts.split(pyarrow.array(lines), form, 3)
        wanted = [csv_records.values(line, form)[0] for line in lines]
        assert made.counts.to_pylist() == [len(values) for values in wanted]
        assert [column.to_pylist() for column in made.columns] == [
            [values[at] if at < len(values) else None for values in wanted] for at in range(3)]


def test_records_of_several_lines():
    form = Form(ends="\r\n", comment="#")
    text = 'a,"b\nc"\r\n\r\n# no\n"d"x\n"e\\"\n",f\n"open\n1'
    assert list(csv_records.records(text, form)) == ['a,"b\nc"', '"d"x', '"e\\"\n",f', '"open\n1']


@pytest.mark.parametrize(("texts", "kind"), [
    (["1", "-2", None], types.IntegerType()), (["1", "+2", " 3", "x"], types.IntegerType()), (["0x1"], types.LongType()),
    (["1.5", "2"], types.DoubleType()), (["1d", "NaN", "inf"], types.DoubleType()), (["2024-01-02"], types.DateType()),
    (["2024-01-02 03:04:05", "2024-01-02T03:04:05.5"], types.TimestampType()), (["2024-01-02 03:04:05Z"], types.TimestampType()),
    (["2024-1-2", "2024", "x"], types.TimestampType()), (["true", "FALSE", "1"], types.BooleanType()), (["1.256", "1e2"], types.DecimalType(5, 2)),
])
def test_columns_at_once_are_values_one_by_one(texts, kind):
    said = Options({}, zone="Europe/Berlin")
    whole = csv_values.converted(pyarrow.array(texts, pyarrow.string()), kind, said).to_pylist()
    convert = csv_values._converter(kind, said)
    one_by_one = pyarrow.array([None if text is None else convert(text) for text in texts], reading.arrow(kind)).to_pylist()
    assert list(map(str, whole)) == list(map(str, one_by_one))


def test_kinds_of_columns_in_parts_and_at_once():
    said = Options({})
    texts = ["1", None, "3000000000", "1.5", "x", "2024-01-02", "2024-01-02 03:04:05", "+1", "12345678901234567890", "true"]
    for pair in itertools.permutations(texts, 2):
        at_once = csv_kinds.of_column(pyarrow.array(pair, pyarrow.string()), csv_kinds.NOTHING, said)[0]
        first = csv_kinds.of_column(pyarrow.array(pair[:1], pyarrow.string()), csv_kinds.NOTHING, said)[0]
        assert csv_kinds.of_column(pyarrow.array(pair[1:], pyarrow.string()), first, said)[0] == at_once, pair
        ends = [csv_kinds.of_column(pyarrow.array([one], pyarrow.string()), csv_kinds.NOTHING, said)[0] for one in pair]
        assert csv_kinds.both(*ends, said) == at_once, pair


JSON = ['{"a": 1, "b": "x"}', '{"a": 2.5}', '{"b": ""}', '{"a": "x"}', '{"b": [1]}', '{"b": [{"c": null}]}', '{"a": 12345678901234567890}',
        '{"b": "2024-01-01T00:00:00Z"}', '{"a": null, "a": 1}']


def test_kinds_of_json_at_once_are_those_one_by_one():
    said, parse = Options({}), json_texts.Parser(Options({})).parsed
    for lines in itertools.chain([[line] for line in JSON], itertools.permutations(JSON, 2)):
        at_once = json_kinds.of_lines(pyarrow.array(lines), said)
        kinds = [json_kinds.of_record(line, parse, said)[0] for line in lines]
        assert at_once is None or at_once == (kinds[0] if len(kinds) == 1 else json_kinds.both(*kinds)), lines


def test_json_at_once_is_json_one_by_one():
    fields = [types.StructField("a", types.LongType()), types.StructField("d", types.DateType()),
              types.StructField("s", types.StructType([types.StructField("x", types.StringType())]))]
    lines = ['{"a": 1, "d": "2024-01-02", "s": {"x": "y"}}', '{"s": null, "d": "no"}', "{}"]
    rows = read_json.Rows(Options({}), fields, "bad")
    whole = list(rows.read(iter([pyarrow.record_batch([pyarrow.array(lines)], ["value"])])))
    one_by_one = rows._one_by_one(pyarrow.array(lines), [])
    assert pyarrow.Table.from_batches(whole).to_pylist() == one_by_one.to_pylist()
    broken = list(rows.read(iter([pyarrow.record_batch([pyarrow.array([*lines, "{", '[{"a": 1}, {"a": "x"}]'])], ["value"])])))
    assert [row["3"] for batch in broken for row in batch.to_pylist()] == [None, lines[1], None, "{", None, '[{"a": 1}, {"a": "x"}]']


def test_numbers_as_java_writes_them():
    assert [json_texts.java(number) for number in (0.0, -0.5, 100.0, 1e-3, 9999999.0, 1.2e10, -1e-5, 1e300)] == [
        "0.0", "-0.5", "100.0", "0.001", "9999999.0", "1.2E10", "-1.0E-5", "1.0E300"]
