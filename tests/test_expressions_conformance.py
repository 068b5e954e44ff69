"""`GetPartitions` answers what its expression asks for: by the documented rules, and as SQL does.

SQLite is the judge of hundreds of random expressions over the part of the language that both speak; the
table beside it has what is AWS's own.
"""

import functools
import itertools
import random
import sqlite3

import pytest
from botocore.exceptions import ClientError

import harness

COLUMNS = {"Columns": [{"Name": "a", "Type": "int"}]}
NULL = "__HIVE_DEFAULT_PARTITION__"


class Table:
    """A table of these keys and partitions."""

    def __init__(self, glue, database, keys, rows, index=None):
        self.glue, self.place = glue, {"DatabaseName": database, "TableName": harness.name("table")}
        given = {
            "Name": self.place["TableName"],
            "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys.items()],
            "StorageDescriptor": COLUMNS,
        }
        glue.create_table(DatabaseName=database, TableInput=given)
        inputs = [{"Values": list(values), "StorageDescriptor": COLUMNS} for values in rows]
        for batch in (inputs[n : n + 100] for n in range(0, len(inputs), 100)):
            answer = glue.batch_create_partition(**self.place, PartitionInputList=batch)
            assert not answer.get("Errors"), answer["Errors"]
        if index:
            glue.create_partition_index(**self.place, PartitionIndex={"Keys": index, "IndexName": "index"})

    def matching(self, expression, **more):
        """The values of the partitions that match, over all pages."""
        pages = self.glue.get_paginator("get_partitions").paginate(**self.place, Expression=expression, **more)
        return sorted(tuple(p["Values"]) for page in pages for p in page["Partitions"])

    def refusal(self, expression):
        with pytest.raises(ClientError) as caught:
            self.glue.get_partitions(**self.place, Expression=expression)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def glue(server):
    return server.client("glue")


@pytest.fixture(scope="module")
def database(glue):
    name = harness.name("database")
    glue.create_database(DatabaseInput={"Name": name})
    return name


def one_key(glue, database, kind, values):
    table = Table(glue, database, {"c": kind}, [(value,) for value in values])
    return lambda expression: [value for (value,) in table.matching(expression)]


# As SQL does.

YEARS = ["2019", "2020", "2021", "-7"]
CITIES = ["Aarhus", "aarhus", "Bern", "B_rn", "it's", "100%", ""]
DAYS = ["2024-02-28", "2024-02-29", "2024-03-01"]
ROWS = [row for row in itertools.product(YEARS, CITIES, DAYS) if row[1:] != ("Bern", "2024-02-29") and row[1]]


def literal(rng, key):
    if key == "year":
        value = rng.choice([*YEARS, "0", "2022"])
        return value if rng.random() < 0.7 else f"'{value}'"
    value = rng.choice(CITIES if key == "city" else [*DAYS, "2024-01-01"])
    return "'" + value.replace("'", "''") + "'"


def in_order(key, *literals):
    """Bounds the wrong way round are AWS's own matter."""
    return sorted(literals, key=lambda text: int(text.strip("'")) if key == "year" else text[1:-1].replace("''", "'"))


def condition(rng):
    key = rng.choice(["year", "city", "day"])
    one = functools.partial(literal, rng, key)
    negation = rng.choice(["", "NOT "])
    forms = [
        lambda: f"{key} {rng.choice(['=', '<>', '!=', '<', '<=', '>', '>='])} {one()}",
        lambda: f"{key} {negation}IN ({', '.join(one() for _ in range(rng.randint(1, 3)))})",
        lambda: f"{key} {negation}BETWEEN {' AND '.join(in_order(key, one(), one()))}",
        lambda: f"{key} IS {negation}NULL",
    ]
    if key == "city":
        pattern = rng.choice(["%", "_%", "B%n", "B_rn", "%''%", "a%s", "A%", "100%", "%r%"])
        forms.append(lambda: f"city {negation}LIKE '{pattern}'")
    return rng.choice(forms)()


def expression(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        return condition(rng)
    parts = [expression(rng, depth - 1) for _ in range(rng.randint(2, 3))]
    joined = parts[0]
    for part in parts[1:]:
        joined += rng.choice([" AND ", " OR ", " and "]) + part
    return rng.choice(["({})", "NOT ({})", "{}"]).format(joined)


@pytest.mark.parametrize("index", [None, ["year"], ["year", "city"]], ids=["plain", "year", "year-city"])
def test_as_sqlite_does(glue, database, index):
    table = Table(glue, database, {"year": "int", "city": "string", "day": "date"}, ROWS, index)
    judge = sqlite3.connect(":memory:")
    judge.execute("PRAGMA case_sensitive_like = ON")
    judge.execute("CREATE TABLE t (year INTEGER, city TEXT, day TEXT)")
    judge.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
    rng = random.Random(2026)
    for _ in range(150):
        asked = expression(rng, 2)
        wanted = judge.execute(f"SELECT CAST(year AS TEXT), city, day FROM t WHERE {asked}").fetchall()
        assert table.matching(asked) == sorted(wanted), asked


def test_segments_and_pages_divide_what_matches(glue, database):
    table = Table(glue, database, {"year": "int", "city": "string", "day": "date"}, ROWS)
    asked = "city LIKE '%r%' AND year > 0"
    wanted = table.matching(asked)
    assert wanted
    for total in (1, 3, 10):
        parts = [table.matching(asked, Segment={"SegmentNumber": n, "TotalSegments": total}) for n in range(total)]
        assert sorted(itertools.chain(*parts)) == wanted
    assert table.matching(asked, PaginationConfig={"PageSize": 1}) == wanted
    token, pages = {}, 0
    while True:
        page = glue.get_partitions(**table.place, Expression=asked, MaxResults=2, **token)
        pages += 1
        assert page["Partitions"], "an empty page"
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == -(-len(wanted) // 2)


# What is AWS's own: types, quoting, parentheses, Hive's forms, texts.


@pytest.mark.parametrize(
    "expression",
    [
        "c = 2",
        "c = '2'",
        "C = 2",
        "c = 2L",
        "c = 2S",
        "`c` = 2",
        '"c" = 2',
        "(c) = ((2))",
        "c BETWEEN 3 AND 1",
        "((c = 1) (OR) (c = 2)) AND c <> 1",
        "(not (c) IN (1, 3))",
        "((c=2) AND (c<>3))",
        "c between 1 (and) 2 and c <> 1",
        "c IS NOT NULL AND c NOT IN (1, 3)",
        "c = 2 OR c = 1 AND c = 3",
    ],
)
def test_forms_of_one_integer(glue, database, expression):
    assert one_key(glue, database, "int", ["1", "2", "3"])(expression) == ["2"]


@pytest.mark.parametrize(
    ("kind", "values", "expression", "wanted"),
    [
        ("bigint", ["9223372036854775806", "9223372036854775807"], "c > 9223372036854775806", [1]),
        ("int", ["9", "10"], "c > 9", [1]),
        ("string", ["9", "10"], "c > '10'", [0]),
        ("string", ["9", "10"], "c = 9", [0]),
        ("string", ["it's"], r"(c='it\'s')", [0]),
        ("string", ["it's"], "c = 'it''s'", [0]),
        ("string", ["a.c", "abc"], "c LIKE 'a.c'", [0]),
        ("decimal(5,2)", ["2.50", "10.00"], "c = 2.5", [0]),
        ("decimal(5,2)", ["2.50", "10.00"], "c > 2.5BD", [1]),
        ("decimal(5,2)", ["2.50", "10.00"], "c < 1e1", [0]),
        ("date", ["2024-02-29", "2024-03-01"], "c >= '2024-03-01'", [1]),
        ("timestamp", ["2024-01-01 00:00:00", "2024-01-01 00:00:00.000000001"], "c > '2024-01-01 00:00:00.0'", [1]),
        ("smallint", ["-2", "-1"], "c < -1", [0]),
        ("string", ["x", NULL], "c IS NULL", [1]),
        ("string", ["x", NULL], "c <> 'y'", [0, 1]),
        ("int", ["1", NULL], "c <> 2", [0]),
        ("int", ["1", NULL], "c IS NOT NULL", [0]),
        ("string", ["x", "y"], "   ", [0, 1]),
    ],
)
def test_types(glue, database, kind, values, expression, wanted):
    assert one_key(glue, database, kind, values)(expression) == sorted(values[n] for n in wanted)


@pytest.mark.parametrize(
    ("kind", "expression", "text"),
    [
        ("int", "c = 'x'", '"x" is not an integer.'),
        ("int", "c = 2.5", '"2.5" is not an integer.'),
        ("int", "c LIKE '2'", "Integral data type doesn't support operation 'LIKE'"),
        ("decimal(5,2)", "c = 'x'", "x is not a decimal."),
        ("date", "c = '2024-02-30'", "2024-02-30 is not a date."),
        ("date", "c LIKE '2%'", "Date data type doesn't support operation 'LIKE'"),
        (
            "timestamp",
            "c = '2024-01-01'",
            "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff] 2024-01-01 is not a timestamp.",
        ),
        ("string", "d = '1'", "Invalid partition expression!"),
        ("float", "c = 3.14", "Unknown type : 'float'"),
        ("string", "c", "Unsupported expression 'c'"),
        ("string", "c = d", "Unsupported expression 'c = d'"),
        ("string", "c = 'x' AND", "Unsupported expression 'c = 'x' AND'"),
    ],
)
def test_refusals(glue, database, kind, expression, text):
    table = Table(glue, database, {"c": kind}, [])
    assert table.refusal(expression) == ("InvalidInputException", text)


def test_a_table_without_keys_has_nothing_to_ask_about(glue, database):
    assert Table(glue, database, {}, []).refusal("c = 1") == (
        "InvalidInputException",
        "Invalid partition expression!",
    )


def test_a_stored_value_that_is_not_of_its_type(glue, database):
    assert Table(glue, database, {"c": "int"}, [("x",)]).refusal("c = 1") == (
        "InvalidStateException",
        '"x" is not an integer.',
    )
