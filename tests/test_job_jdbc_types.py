"""Values of every type of PostgreSQL's and MariaDB's on their way out of a database and into another table: extremes too."""

import datetime
import decimal

import pytest

from databases import authority, folder, mariadb, postgres  # noqa: F401
from jdbc import Place

D = decimal.Decimal
UTC = datetime.timezone.utc
POSTGRES = {
    # type: (values in SQL, type read, values read)
    "smallint": (["-32768", "32767"], "int16", [-32768, 32767]),
    "integer": (["-2147483648", "2147483647"], "int32", [-2147483648, 2147483647]),
    "bigint": (["-9223372036854775808", "9223372036854775807"], "int64", [-(2**63), 2**63 - 1]),
    "real": (["0.1", "'-Infinity'"], "float", [pytest.approx(0.1), float("-inf")]),
    "double precision": (["1e300", "-2.5"], "double", [1e300, -2.5]),
    "numeric": (["1.5", "-0.000000000000000001"], "decimal128(38, 18)", [D("1.5"), D("-1E-18")]),
    "numeric(38,0)": (["9" * 38, "-1"], "decimal128(38, 0)", [D("9" * 38), D(-1)]),
    "numeric(10,2)": (["99999999.99", "-0.01"], "decimal128(10, 2)", [D("99999999.99"), D("-0.01")]),
    "money": (["'12.34'", "'-1.00'"], "double", [12.34, -1.0]),
    "boolean": (["true", "false"], "bool", [True, False]),
    "bit(1)": (["B'1'", "B'0'"], "bool", [True, False]),
    "bit(8)": (["B'10000001'", "B'00000000'"], "string", ["10000001", "00000000"]),
    "date": (["'0001-01-01'", "'9999-12-31'"], "date32[day]", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "timestamp": (["'0001-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"], "timestamp",
                  [datetime.datetime(1, 1, 1, 0, 0, 0, 1, UTC), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]),
    "timestamp with time zone": (["'2024-02-29 12:00:00+02'", "'1969-12-31 23:59:59.5Z'"], "timestamp",
                                 [datetime.datetime(2024, 2, 29, 10, tzinfo=UTC), datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, UTC)]),
    "time": (["'23:59:59.999999'", "'00:00'"], "string", ["23:59:59.999999", "00:00:00"]),
    "interval": (["'1 day 2 hours'", "'-1 month'"], "string", ["1 day 02:00:00", "-1 mons"]),
    "varchar(20)": (["'Köln 東京 😀'", "''"], "string", ["Köln 東京 😀", ""]),
    "character(3)": (["'a'", "'abc'"], "string", ["a  ", "abc"]),
    "text": (["E'a\\tb\\\\c\\nd'", "'\\N'"], "string", ["a\tb\\c\nd", "\\N"]),
    "bytea": (["'\\x00ff5c'", "''"], "binary", [b"\x00\xff\\", b""]),
    "uuid": (["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"] * 2, "string", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] * 2),
    "json": (["'{\"a\": [1]}'", "'null'"], "string", ['{"a": [1]}', "null"]),
    "jsonb": (["'{\"a\": [1]}'", "'null'"], "string", ['{"a": [1]}', "null"]),
    "inet": (["'10.0.0.1/8'", "'::1'"], "string", ["10.0.0.1/8", "::1"]),
    "point": (["'(1,2)'", "'(0,0)'"], "string", ["(1,2)", "(0,0)"]),
    "oid": (["4294967295", "0"], "int64", [4294967295, 0]),
    "mood": (["'glad'", "'sad'"], "string", ["glad", "sad"]),
    "positive": (["1", "2"], "int32", [1, 2]),
    "integer[]": (["'{1,NULL,-3}'", "'{}'"], "list", [[1, None, -3], []]),
    "text[]": (["ARRAY['a\"b', NULL, 'c,{d}']", "'{}'"], "list", [["a\"b", None, "c,{d}"], []]),
    "numeric(4,1)[]": (["'{1.5}'", "'{-0.1,NULL}'"], "list", [[D("1.5")], [D("-0.1"), None]]),
    "uuid[]": (["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'", "'{}'"], "list", [["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"], []]),
}
MARIADB = {
    "tinyint(1)": (["1", "0"], "bool", [True, False]),
    "tinyint": (["-128", "127"], "int8", [-128, 127]),
    "tinyint unsigned": (["255", "0"], "int16", [255, 0]),
    "smallint unsigned": (["65535", "0"], "int32", [65535, 0]),
    "mediumint": (["-8388608", "8388607"], "int32", [-8388608, 8388607]),
    "int": (["-2147483648", "2147483647"], "int32", [-2147483648, 2147483647]),
    "int unsigned": (["4294967295", "0"], "int64", [4294967295, 0]),
    "bigint": (["-9223372036854775808", "9223372036854775807"], "int64", [-(2**63), 2**63 - 1]),
    "bigint unsigned": (["18446744073709551615", "0"], "decimal128(20, 0)", [D(2**64 - 1), D(0)]),
    "float": (["0.5", "-1.25"], "float", [0.5, -1.25]),
    "double": (["1e300", "-2.5"], "double", [1e300, -2.5]),
    "decimal(38,0)": (["9" * 38, "-1"], "decimal128(38, 0)", [D("9" * 38), D(-1)]),
    "decimal(10,2)": (["99999999.99", "-0.01"], "decimal128(10, 2)", [D("99999999.99"), D("-0.01")]),
    "decimal(65,30)": (["1.5", "-0.1"], "decimal128(38, 30)", [D("1.5"), D("-0.1")]),
    "bit(1)": (["b'1'", "b'0'"], "bool", [True, False]),
    "bit(16)": (["b'1000000000000001'", "b'0'"], "binary", [b"\x80\x01", b"\0\0"]),
    "date": (["'1000-01-01'", "'9999-12-31'"], "date32[day]", [datetime.date(1000, 1, 1), datetime.date(9999, 12, 31)]),
    "year": (["1901", "2155"], "date32[day]", [datetime.date(1901, 1, 1), datetime.date(2155, 1, 1)]),
    "datetime(6)": (["'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"], "timestamp",
                    [datetime.datetime(1000, 1, 1, 0, 0, 0, 1, UTC), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]),
    "timestamp": (["from_unixtime(1)", "from_unixtime(1709200800)"], "timestamp",
                  [datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), datetime.datetime(2024, 2, 29, 10, tzinfo=UTC)]),
    "time": (["'-838:59:59'", "'12:00:00'"], "string", ["-838:59:59", "12:00:00"]),
    "varchar(20)": (["'Köln 東京 😀'", "''"], "string", ["Köln 東京 😀", ""]),
    "char(3)": (["'a'", "'abc'"], "string", ["a", "abc"]),
    "longtext": (["'a\\tb\\\\c\\nd'", "'\\\\N'"], "string", ["a\tb\\c\nd", "\\N"]),
    "json": (["'{\"a\": [1]}'", "'null'"], "string", ['{"a": [1]}', "null"]),
    "enum('glad','sad')": (["'glad'", "'sad'"], "string", ["glad", "sad"]),
    "set('a','b')": (["'a,b'", "''"], "string", ["a,b", ""]),
    "uuid": (["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"] * 2, "string", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] * 2),
    "inet6": (["'::ffff:10.0.0.1'", "'::1'"], "string", ["::ffff:10.0.0.1", "::1"]),
    "varbinary(16)": (["x'00ff5c'", "''"], "binary", [b"\x00\xff\\", b""]),
    "longblob": (["x'00ff5c'", "''"], "binary", [b"\x00\xff\\", b""]),
}


def typed(place, types):
    """A table with a column of each type: two rows of values, one of nulls."""
    table = place.unique("typed")
    letters = " CHARACTER SET utf8mb4" if place.database.engine == "mysql" else ""
    place.sql(f"CREATE TABLE {table} (" + ", ".join(f"c{n} {of} NULL" for n, of in enumerate(types)) + f"){letters}")
    rows = [", ".join(values[n] for values, *_ in types.values()) for n in (0, 1)] + [", ".join(["NULL"] * len(types))]
    place.sql(f"INSERT INTO {table} VALUES " + ", ".join(f"({row})" for row in rows))
    return table


def check(table, types):
    found = {field.name: (str(field.type), table.column(field.name).to_pylist()) for field in table.schema}
    assert table.num_rows == 3
    for n, (of, (_, read, values)) in enumerate(types.items()):
        kind, answer = found[f"c{n}"]
        kind = kind.removesuffix("_view")
        assert kind.startswith(read), (of, kind)
        assert answer == [*values, None], (of, answer)


@pytest.mark.parametrize("name", ["postgres", "mariadb"])
def test_out_and_in_again(request, server, name):
    """What was read is written into a table like the first one, and into a new one, and read again."""
    types = POSTGRES if name == "postgres" else MARIADB
    database = request.getfixturevalue(name)
    if name == "postgres":
        database.sql("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    place = Place(server, database)
    table = typed(place, types)
    source = place.connector(ConnectionTable=table)
    check(place.read(source, "parquet"), types)
    alike, new = place.unique("alike"), place.unique("new")
    if name == "postgres":
        place.sql(f"CREATE TABLE {alike} (LIKE {table})")
    else:
        place.sql(f"CREATE TABLE {alike} LIKE {table}")
    nodes = {"in": source, "new": place.into(new, name="new")}
    if name == "postgres":
        nodes["alike"] = place.into(alike, name="alike")
    place.done(nodes)
    check(place.read(place.connector(ConnectionTable=new), "parquet"), types)
    if name == "postgres":
        # A number without bounds has 18 digits behind its point now.
        names = ", ".join(f"trim_scale(c{n})" if of == "numeric" else f"c{n}::text" for n, of in enumerate(types))
        query = "SELECT {names} FROM {table} ORDER BY 1".format
        assert place.sql(query(names=names, table=alike)) == place.sql(query(names=names, table=table))


def test_infinite_times_are_the_first_and_the_last(postgres, server):
    place = Place(server, postgres)
    query = "SELECT 'infinity'::timestamp AS t, '-infinity'::date AS d"
    [row] = place.read(place.connector(Query=query), "parquet").to_pylist()
    assert row["t"] == datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC) and row["d"] == datetime.date(1, 1, 1)


def test_values_that_cannot_be_held_are_named(postgres, mariadb, server):
    place = Place(server, postgres)
    out = {"out": place.into("elsewhere")}
    for query, said in [
        ("SELECT n, CASE n WHEN 7 THEN 'NaN'::numeric ELSE 1 END AS x FROM generate_series(1, 9) n",
         "row 7, column `x` (numeric): it is NaN, which a decimal cannot be"),
        ("SELECT 1e30::numeric AS wide", "row 1, column `wide` (numeric): it does not fit decimal(38,18)"),
        ("SELECT ARRAY[[1],[2]] AS deep", "column `deep` (_int4): the array has 2 dimensions"),
        ("SELECT 1 / (n - 3) FROM generate_series(1, 9) n", "division by zero"),
        ("SELECT no_such FROM nothing", "nothing"),
        ("SELEC 1", "syntax error"),
    ]:  # fmt: skip
        cause = place.failure({"in": place.connector(Query=query)} | out)
        assert "node `in`: the query of the connection" in cause and said in cause, cause
    place = Place(server, mariadb)
    place.sql("SET sql_mode = ''; CREATE TABLE zeros (d date); INSERT INTO zeros VALUES ('0000-00-00')")
    cause = place.failure({"in": place.connector(ConnectionTable="zeros"), "out": place.into("elsewhere")})
    assert "row 1, column `d` (date): it is a date of zeros" in cause
    url = mariadb.url + "?zeroDateTimeBehavior=CONVERT_TO_NULL"
    place.connection = place.connect(mariadb.properties(JDBC_CONNECTION_URL=url))
    assert [row.get("d") for row in place.read(place.connector(ConnectionTable="zeros"))] == [None]
