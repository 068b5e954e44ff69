"""Jobs that read and write PostgreSQL and MariaDB: tables, queries, predicates, parts, targets new and old, the catalog."""

import pytest

from databases import HOST, authority, folder, mariadb, postgres  # noqa: F401
from jdbc import Place
from pipeline import crawl, run
from test_preflight import preflight

COUNT = 1000


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def place(request, server):
    """A table of orders, of which every tenth has no town, and a bucket."""
    database = request.getfixturevalue(request.param)
    # The server's own character set is Latin 1.
    letters = " CHARACTER SET utf8mb4" if database.engine == "mysql" else ""
    columns = "id int PRIMARY KEY, town varchar(20), price decimal(10,2), made timestamp NULL"
    database.sql(f"CREATE TABLE orders ({columns}){letters}")
    towns = ["Rome", "Oslo", "Köln", "東京"]
    rows = [f"({n}, {'NULL' if n % 10 == 0 else repr(towns[n % 4])}, {n}.50, '2024-02-29 12:00:{n % 60:02}')" for n in range(COUNT)]
    database.sql("INSERT INTO orders VALUES " + ", ".join(rows))
    return Place(server, database)


def ids(rows):
    return sorted(row["id"] for row in rows)


def test_a_table(place):
    rows = place.read(place.connector(ConnectionTable="orders"))
    assert ids(rows) == list(range(COUNT))
    [row] = [row for row in rows if row["id"] == 7]
    assert (row["town"], float(row["price"])) == ("東京", 7.5)
    assert row["made"].startswith("2024-02-29") and "12:00:07" in row["made"]
    assert [row.get("town") for row in rows if row["id"] == 10] == [None]


def test_queries_and_predicates(place):
    query = "SELECT town, count(*) AS n FROM orders WHERE id < 100 GROUP BY town -- by town\n;"
    counted = {row.get("town"): row["n"] for row in place.read(place.connector(Query=query))}
    assert sum(counted.values()) == 100 and counted[None] == 10
    options = {"FilterPredicate": "town = 'Oslo' AND id < 10"}
    assert ids(place.read(place.connector(ConnectionTable="orders", AdditionalOptions=options))) == [1, 5, 9]
    query = "SELECT id, town FROM orders WHERE id > 5"
    assert ids(place.read(place.connector(Query=query, AdditionalOptions=options))) == [9]


def test_parts_are_read_side_by_side(place):
    options = {"PartitionColumn": "id", "LowerBound": 100, "UpperBound": 900, "NumPartitions": 11}
    assert ids(place.read(place.connector(ConnectionTable="orders", AdditionalOptions=options))) == list(range(COUNT))
    kind = place.database.engine
    for more in ({"hashfield": "town", "hashpartitions": "5"}, {"hashexpression": "id", "hashpartitions": "3"}):
        data = {"connectionName": place.connection, "dbtable": "orders"} | more
        source = {"ConnectorDataSource": {"Name": "in", "ConnectionType": kind, "Data": data}}
        assert ids(place.read(source)) == list(range(COUNT))
    bad = {"PartitionColumn": "town", "LowerBound": 0, "UpperBound": 9, "NumPartitions": 2}
    out = {"out": place.into("elsewhere")}
    cause = place.failure({"in": place.connector(ConnectionTable="orders", AdditionalOptions=bad)} | out)
    assert "PartitionColumn `town` is of type string: numbers are wanted" in cause


def test_types_are_mapped(place):
    # What both drivers call a decimal differs.
    kind = "NUMERIC" if place.database.engine == "postgresql" else "DECIMAL"
    options = {"DataTypeMapping": {kind: "STRING", "INTEGER": "LONG"}}
    table = place.read(place.connector(ConnectionTable="orders", AdditionalOptions=options), "parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["id"] == "int64" and "string" in types["price"], types


def test_direct_sources(place):
    node = {"Name": "in", "Database": "nyc", "Table": "orders", "ConnectionName": place.connection,
            "ConnectionType": place.database.engine}  # fmt: skip
    assert ids(place.read({"DirectJDBCSource": node})) == list(range(COUNT))
    other = "mysql" if place.database.engine == "postgresql" else "postgresql"
    wrong = {"in": {"DirectJDBCSource": node | {"ConnectionType": other}}, "out": place.into("elsewhere")}
    assert "leads to" in place.failure(wrong)
    wrong["in"] = {"DirectJDBCSource": node | {"Table": "no_such_table"}}
    assert "table no_such_table of the connection" in place.failure(wrong)


ROWS = [{"id": 1, "town": "Köln", "n": 1.5}, {"id": 2, "town": None, "n": None}, {"id": 3, "town": "a\tb\\c\n'\"", "n": -2.0}]


def test_a_new_table_is_made(place):
    table = place.unique("made")
    place.done({"in": place.put(ROWS), "out": place.into(table)})
    found = place.read(place.connector(ConnectionTable=table))
    assert sorted((row["id"], row.get("town"), row.get("n")) for row in found) == [tuple(row.values()) for row in ROWS]
    place.done({"in": place.put(ROWS), "out": place.into(table)})
    assert place.rows(f"SELECT count(*) FROM {table}") == [("6",)]


def test_a_table_that_is_there_keeps_its_columns(place):
    table = place.unique("kept")
    place.sql(f"CREATE TABLE {table} (town varchar(20), ID bigint NOT NULL, state varchar(5) DEFAULT 'new')")
    rows = [{"id": row["id"], "town": "x"} for row in ROWS]
    place.done({"in": place.put(rows), "out": place.into(table)})
    assert place.rows(f"SELECT id, town, state FROM {table} ORDER BY 1") == [(f"{n}", "x", "new") for n in (1, 2, 3)]
    cause = place.failure({"in": place.put([{"id": 4, "color": "red"}]), "out": place.into(table)})
    assert "the table has no column `color`: it has `town`" in cause
    assert place.rows(f"SELECT count(*) FROM {table}") == [("3",)]


def test_from_table_to_table(place):
    table = place.unique("copy")
    few = {"SelectFields": {"Name": "few", "Inputs": ["in"], "Paths": [["id"], ["price"]]}}
    options = {"PartitionColumn": "id", "LowerBound": 0, "UpperBound": COUNT, "NumPartitions": 4}
    source = place.connector(ConnectionTable="orders", AdditionalOptions=options)
    place.done({"in": source, "few": few, "out": place.into(table, "few"), "again": place.into("orders_again", "few", "again")})
    assert place.rows(f"SELECT count(*), sum(price) FROM {table}") == place.rows("SELECT count(*), sum(price) FROM orders")
    assert place.rows("SELECT count(*) FROM orders_again") == [(f"{COUNT}",)]


def test_two_targets_share_a_table(place):
    table = place.unique("shared")
    nodes = {"in": place.put(ROWS), "a": place.into(table, name="a"), "b": place.into(table, name="b")}
    place.done(nodes)
    assert place.rows(f"SELECT count(*) FROM {table}") == [("6",)]


def test_tables_of_the_catalog(place, server):
    engine = place.database.engine
    database, crawler = place.unique("db"), place.unique("crawler")
    place.sql("CREATE TABLE bills (id int, town varchar(20))")
    path = "nyc/public/%" if engine == "postgresql" else "nyc/%"
    targets = {"JdbcTargets": [{"ConnectionName": place.connection, "Path": path}]}
    place.glue.create_crawler(Name=crawler, Role=place.role, DatabaseName=database, Targets=targets)
    assert crawl(server, crawler)["Status"] == "SUCCEEDED"
    stem = "nyc_public" if engine == "postgresql" else "nyc"
    kind = "PostgreSQL" if engine == "postgresql" else "MySQL"

    def node(table, **more):
        return {"Name": "x", "Database": database, "Table": f"{stem}_{table}"} | more

    for source in (f"{kind}CatalogSource", "RelationalCatalogSource", "CatalogSource"):
        assert ids(place.read({source: node("orders")})) == list(range(COUNT))
    rows = [{"id": 1, "town": "Rome"}]
    for target in (f"{kind}CatalogTarget", "CatalogTarget"):
        place.done({"in": place.put(rows), "out": {target: node("bills", Inputs=["in"])}})
    assert place.rows("SELECT id, town FROM bills") == [("1", "Rome")] * 2
    job = place.job({"in": {"CatalogSource": node("orders")}, "out": {target: node("bills", Inputs=["in"])}})
    needed = {(p["Action"], p["Resource"].rsplit(":", 1)[-1]) for p in preflight(server, "--job", job)["Permissions"]}
    assert ("glue:GetConnection", f"connection/{place.connection}") in needed


def test_bookmarks(place):
    """Runs read what came since the last one that was well: by the primary key, or by the keys that the node names."""
    table, out = place.unique("marked"), place.unique("out")
    place.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, a int, b varchar(9))")
    enable = {"Arguments": {"--job-bookmark-option": "job-bookmark-enable"}}
    data = {"connectionName": place.connection, "dbtable": table}
    by_key = {"ConnectorDataSource": {"Name": "in", "ConnectionType": place.database.engine, "Data": data}}
    options = {"JobBookmarkKeys": ["a", "b"], "JobBookmarkKeysSortOrder": "desc"}
    named = place.connector(name="other", ConnectionTable=table, AdditionalOptions=options)
    job = place.job({"in": by_key, "other": named, "x": place.into(out, "in", "x"), "y": place.into(f"{out}_y", "other", "y")})

    def add(*rows):
        place.sql(f"INSERT INTO {table} VALUES " + ", ".join(rows))

    def read():
        ended = run(place.server, job, **enable)
        assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]
        found = [[int(row[0]) for row in place.rows(f"SELECT id FROM {of} ORDER BY id")] for of in (out, f"{out}_y")]
        place.sql(f"DELETE FROM {out}; DELETE FROM {out}_y")
        return found

    backslash = "\\" if place.database.engine == "postgresql" else "\\\\"
    add("(1, 9, 'b')", "(2, 9, 'a')")
    assert read() == [[1, 2], [1, 2]]
    assert read() == [[], []]
    # The first source misses what comes before its last key, the second what comes behind its own.
    add("(5, 9, 'x')", f"(4, 8, 'z''{backslash}')", "(3, 9, 'A')")
    first, second = read()
    assert first == [3, 4, 5] and 4 in second and 5 not in second
    add("(6, 8, 'y')", "(0, 7, 'y')")
    assert read() == [[6], [0, 6]]
    place.sql(f"ALTER TABLE {out} ADD CONSTRAINT no_more CHECK (id < 7)")
    add("(7, 6, 'y')")
    ended = run(place.server, job, **enable)
    assert ended["JobRunState"] == "FAILED" and "no_more" in ended["ErrorMessage"]
    place.sql(f"ALTER TABLE {out} DROP CONSTRAINT no_more")
    assert read() == [[7], [7]]
    place.glue.reset_job_bookmark(JobName=job)
    assert read() == [list(range(8))] * 2


def test_over_tls(place, server, authority):
    """The server's certificate is checked against an authority that lies in a bucket."""
    key = "ca.pem"
    server.client("s3").put_object(Bucket=place.bucket, Key=key, Body=authority.certificate.read_bytes())
    properties = place.database.properties(JDBC_ENFORCE_SSL="true", CUSTOM_JDBC_CERT=f"s3://{place.bucket}/{key}",
                                           SKIP_CUSTOM_JDBC_CERT_VALIDATION="true")  # fmt: skip
    table, plain = place.unique("safe"), place.connection
    try:
        place.connection = place.connect(properties)
        place.done({"in": place.put(ROWS), "out": place.into(table)})
        assert len(place.read(place.connector(ConnectionTable=table))) == 3
    finally:
        place.connection = plain
