"""Nodes of Redshift, whose protocol PostgreSQL speaks: a PostgreSQL server stands in for it."""

import pytest

from databases import HOST, authority, folder, postgres  # noqa: F401
from jdbc import Place

OLD = "(1, 'one'), (2, 'two'), (3, NULL)"
NEW = [{"id": 2, "text": "deux"}, {"id": 4, "text": "quatre"}]


@pytest.fixture(scope="module")
def place(server, postgres):
    url = f"jdbc:redshift://{HOST}:{postgres.port}/nyc"
    return Place(server, postgres, postgres.properties(JDBC_CONNECTION_URL=url))


@pytest.fixture
def table(place):
    made = place.unique("table")
    place.sql(f"CREATE TABLE {made} (id int PRIMARY KEY, text varchar(20)); INSERT INTO {made} VALUES {OLD}")
    return made


def option(text):
    return {"Value": text, "Label": text, "Description": ""}


COLUMNS = [option("id"), option("text")]


def target(place, table, **data):
    data = {"AccessType": "Connection", "Connection": option(place.connection), "Schema": option("public"),
            "Table": option(table), "TempDir": "s3://nowhere/tmp/"} | data  # fmt: skip
    return {"AmazonRedshiftTarget": {"Name": "out", "Inputs": ["in"], "Data": data}}


def write(place, table, rows=NEW, **data):
    place.done({"in": place.put(rows), "out": target(place, table, **data)})
    return place.rows(f"SELECT id, text FROM {table} ORDER BY 1")


def left(place):
    return place.rows("SELECT relname FROM pg_class WHERE relname LIKE 'mastic%' OR relname LIKE '%stag%'")


BEFORE = [("1", "one"), ("2", "two"), ("3", "")]


def test_sources(place, table):
    data = {"AccessType": "Connection", "SourceType": "table", "Connection": option(place.connection),
            "Schema": option("public"), "Table": option(table)}  # fmt: skip
    found = place.read({"AmazonRedshiftSource": {"Name": "in", "Data": data}})
    assert sorted((row["id"], row.get("text")) for row in found) == [(1, "one"), (2, "two"), (3, None)]
    query = data | {"SourceType": "query", "SampleQuery": f"SELECT max(id) AS most FROM {table}"}
    assert place.read({"AmazonRedshiftSource": {"Name": "in", "Data": query}}) == [{"most": 3}]
    node = {"Name": "in", "Database": "nyc", "Table": table, "ConnectionName": place.connection, "ConnectionType": "redshift"}
    assert len(place.read({"DirectJDBCSource": node})) == 3
    options = {"connectionName": place.connection, "dbtable": table, "hashfield": "text", "redshiftTmpDir": "s3://x/"}
    assert len(place.read({"ConnectorDataSource": {"Name": "in", "ConnectionType": "redshift", "Data": options}})) == 3


def test_rows_are_added(place, table):
    added = [{"id": n, "text": f"{n}'\\\""} for n in range(10, 1300)]
    found = write(place, table, added, Action="insert")
    assert found == BEFORE + [(f"{n}", f"{n}'\\\"") for n in range(10, 1300)]


def test_rows_are_replaced(place, table):
    after = [("2", "deux"), ("4", "quatre")]
    assert write(place, table, Action="truncate") == after
    assert write(place, table, [{"id": 9, "text": "neuf", "more": 1.5}], Action="drop") == [("9", "neuf")]
    assert place.rows(f"SELECT more FROM {table}") == [("1.5",)]
    assert left(place) == []


def test_a_table_from_itself(place, table):
    """The rows of a table replace it: it is there until they are all read."""
    data = {"Connection": option(place.connection), "Schema": option("public"), "Table": option(table)}
    source = {"AmazonRedshiftSource": {"Name": "in", "Data": data | {"SourceType": "table"}}}
    some = {"Filter": {"Name": "some", "Inputs": ["in"], "LogicalOperator": "AND", "Filters": [
        {"Operation": "GT", "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["id"]}, {"Type": "CONSTANT", "Value": ["1"]}]}]}}
    for action in ("drop", "truncate"):
        out = target(place, table, Action=action)
        out["AmazonRedshiftTarget"]["Inputs"] = ["some"]
        place.done({"in": source, "some": some, "out": out})
        assert place.rows(f"SELECT id FROM {table} ORDER BY 1") == [("2",), ("3",)]


@pytest.mark.parametrize(
    ("matched", "unmatched", "after"),
    [
        ("update", "insert", [("1", "one"), ("2", "deux"), ("3", ""), ("4", "quatre")]),
        ("delete", "insert", [("1", "one"), ("3", ""), ("4", "quatre")]),
        ("update", "ignore", [("1", "one"), ("2", "deux"), ("3", "")]),
        ("delete", "ignore", [("1", "one"), ("3", "")]),
    ],
)
def test_rows_are_merged(place, table, matched, unmatched, after):
    found = write(place, table, Action="merge", MergeAction="simple", MergeWhenMatched=matched,
                  MergeWhenNotMatched=unmatched, SelectedColumns=[option("id")], TableSchema=COLUMNS,
                  StagingTable=f"{table}_stage")  # fmt: skip
    assert found == after
    assert left(place) == []


def test_an_authors_own_merge(place, table):
    clause = (f"MERGE INTO public.{table} USING public.{table}_stage s ON {table}.id = s.id "
              f"WHEN MATCHED THEN UPDATE SET text = 'met' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new');")  # fmt: skip
    found = write(place, table, Action="merge", MergeAction="custom", MergeClause=clause, StagingTable=f"public.{table}_stage")
    assert found == [("1", "one"), ("2", "met"), ("3", ""), ("4", "new")]


def test_actions_before_and_after(place, table):
    new = f"{table}_new"
    found = write(place, new, Action="insert", PreAction=f"CREATE TABLE {new} (id int, text varchar(9)); DELETE FROM {table}",
                  PostAction=f"UPDATE {new} SET text = 'post' WHERE id = 4;")  # fmt: skip
    assert found == [("2", "deux"), ("4", "post")]
    assert place.rows(f"SELECT count(*) FROM {table}") == [("0",)]


def test_actions_may_say_what_looks_like_the_end_of_a_transaction(place, table):
    new = f"{table}_new"
    before = f"CREATE TABLE {new} (id int, text varchar(20)); INSERT INTO {new} VALUES (0, 'a; COMMIT') -- ; COMMIT"
    after = f"/* ; COMMIT; */ UPDATE {new} SET text = $x$; commit$x$ WHERE id = 4; SAVEPOINT a; ROLLBACK TO SAVEPOINT a"
    found = write(place, new, Action="insert", PreAction=before, PostAction=after)
    assert found == [("0", "a; COMMIT"), ("2", "deux"), ("4", "; commit")]
    for hidden in ("/* */ COMMIT", "SELECT ';' ; -- '\n COMMIT", "SELECT $$ ' $$; /* /* */ */ commit"):
        cause = place.failure({"in": place.put(NEW), "out": target(place, table, PostAction=hidden)})
        assert "`PostAction` has `COMMIT`: it runs within the run's transaction" in cause
    cause = place.failure({"in": place.put(NEW), "out": target(place, table, PreAction="SELECT 'a")})
    assert "`PreAction` cannot be used: a literal in it does not end" in cause


def test_what_fails_leaves_all_as_it_was(place, table):
    rows = {"in": place.put([{"id": 5, "text": "x"}, {"id": 6, "text": "y" * 21}])}
    for data in ({"Action": "truncate"}, {"Action": "insert", "PreAction": f"DELETE FROM {table}"},
                 {"Action": "merge", "SelectedColumns": [option("id")], "TableSchema": COLUMNS}):  # fmt: skip
        cause = place.failure(rows | {"out": target(place, table, **data)})
        assert f"node `out`: table public.{table} of the connection" in cause and "too long" in cause, cause
    cause = place.failure({"in": place.put(NEW), "out": target(place, table, Action="drop", PostAction="SELECT 1 / 0")})
    assert "PostAction: ERROR: division by zero" in cause
    cause = place.failure({"in": place.put(NEW), "out": target(place, table, PreAction="COMMIT")})
    assert "`PreAction` has `COMMIT`" in cause
    assert place.rows(f"SELECT id, text FROM {table} ORDER BY 1") == BEFORE
    assert left(place) == []


def test_upserts_of_catalog_tables(place, table):
    database = place.unique("db")
    place.glue.create_database(DatabaseInput={"Name": database})
    columns = [{"Name": "id", "Type": "int"}, {"Name": "text", "Type": "string"}]
    descriptor = {"Columns": columns, "Location": f"nyc.public.{table}"}
    parameters = {"classification": "redshift", "connectionName": place.connection}
    place.glue.create_table(DatabaseName=database, TableInput={"Name": "t", "StorageDescriptor": descriptor, "Parameters": parameters})
    node = {"Name": "out", "Inputs": ["in"], "Database": database, "Table": "t"}
    keys = {"UpsertRedshiftOptions": {"TableLocation": f"public.{table}", "ConnectionName": place.connection, "UpsertKeys": ["id"]}}
    place.done({"in": place.put(NEW), "out": {"RedshiftTarget": node | keys}})
    after = [("1", "one"), ("2", "deux"), ("3", ""), ("4", "quatre")]
    assert place.rows(f"SELECT id, text FROM {table} ORDER BY 1") == after
    place.done({"in": place.put([{"id": 5, "text": "cinq"}]), "out": {"RedshiftTarget": node}})
    assert len(place.read({"RedshiftSource": {"Name": "in", "Database": database, "Table": "t"}})) == 5
    catalog = {"AccessType": "Catalog", "CatalogDatabase": option(database), "CatalogTable": option("t"),
               "CatalogRedshiftSchema": "public", "CatalogRedshiftTable": table}  # fmt: skip
    assert len(place.read({"AmazonRedshiftSource": {"Name": "in", "Data": catalog}})) == 5
