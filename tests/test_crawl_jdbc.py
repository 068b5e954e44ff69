"""Crawls of PostgreSQL and MariaDB: tables, views and types, paths and exclusions, metadata, changes, policies, failures."""

import pytest

from databases import HOST, PASSWORD, MariaDb, Postgres, running, watched
from databases import authority, folder, mariadb, postgres  # noqa: F401
from harness import statement
from pipeline import bucket, crawl, glue_role, lines, put_policy, reads, rows

POSTGRES_TYPES = {
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "real": "float",
    "double precision": "double",
    "numeric": "decimal(38,18)",
    "numeric(10,2)": "decimal(10,2)",
    "money": "double",
    "boolean": "boolean",
    "bit(1)": "boolean",
    "bit(8)": "string",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp(3) with time zone": "timestamp",
    "time without time zone": "string",
    "interval": "string",
    "character varying(20)": "string",
    "character(3)": "string",
    "text": "string",
    "bytea": "binary",
    "uuid": "string",
    "jsonb": "string",
    "inet": "string",
    "point": "string",
    "integer[]": "array<int>",
    "text[]": "array<string>",
    "mood": "string",
}
MARIADB_TYPES = {
    "tinyint(1)": "boolean",
    "tinyint(4)": "tinyint",
    "tinyint(3) unsigned": "smallint",
    "smallint(6)": "smallint",
    "mediumint(9)": "int",
    "int(11)": "int",
    "int(10) unsigned": "bigint",
    "bigint(20)": "bigint",
    "bigint(20) unsigned": "decimal(20,0)",
    "float": "float",
    "double": "double",
    "decimal(10,2)": "decimal(10,2)",
    "decimal(65,30)": "decimal(38,30)",
    "bit(1)": "boolean",
    "bit(8)": "binary",
    "date": "date",
    "year(4)": "date",
    "datetime(6)": "timestamp",
    "timestamp": "timestamp",
    "time": "string",
    "char(3)": "string",
    "varchar(20)": "string",
    "longtext": "string",
    "enum('a(1)','b unsigned')": "string",
    "varbinary(16)": "binary",
    "longblob": "binary",
    "point": "binary",
    "uuid": "string",
}


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def database(request):
    """A database with the flights of January, an airline's name for each, and a view over both."""
    found = request.getfixturevalue(request.param)
    flights = "year int, day int, dep_time int, carrier varchar(2), tailnum varchar(10), distance int"
    found.sql(f"CREATE TABLE flights ({flights})")
    names = [column.split()[0] for column in flights.split(", ")]
    quoted = [", ".join("NULL" if row[n] in ("", "NA") else f"'{row[n]}'" for n in names) for row in rows(1)[:2000]]
    found.sql("INSERT INTO flights VALUES " + ", ".join(f"({row})" for row in quoted))
    found.sql("CREATE TABLE airlines (carrier varchar(2) PRIMARY KEY, name varchar(50) NOT NULL)")
    found.sql("CREATE VIEW named AS SELECT f.carrier, a.name FROM flights f JOIN airlines a ON f.carrier = a.carrier")
    return found


def prefix(database):
    return "nyc_public" if database.engine == "postgresql" else "nyc"


def path(database, table="%"):
    return f"nyc/public/{table}" if database.engine == "postgresql" else f"nyc/{table}"


class Crawled:
    """A crawler of a database, with a catalog database and a connection of its own."""

    def __init__(self, server, unique, database, targets, role=None, properties=None, **more):
        self.server, self.glue = server, server.client("glue")
        self.database, self.crawler, self.connection = unique("db"), unique("crawler"), unique("connection")
        given = {"Name": self.connection, "ConnectionType": "JDBC"}
        given["ConnectionProperties"] = properties or database.properties()
        self.glue.create_connection(ConnectionInput=given)
        targets = [{"ConnectionName": self.connection, **target} for target in targets]
        self.glue.create_crawler(Name=self.crawler, Role=role or glue_role(server), DatabaseName=self.database,
                                 Targets={"JdbcTargets": targets}, **more)  # fmt: skip

    def crawl(self):
        last = crawl(self.server, self.crawler)
        assert last["Status"] == "SUCCEEDED", last
        return self.tables()

    def tables(self):
        return {t["Name"]: t for t in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def lines(self):
        return lines(self.server, "/aws-glue/crawlers", self.crawler)

    def versions(self, table):
        return len(self.glue.get_table_versions(DatabaseName=self.database, TableName=table)["TableVersions"])


def columns(table):
    return {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}


def test_tables_and_views(server, unique, database):
    made = Crawled(server, unique, database, [{"Path": path(database)}])
    found = made.crawl()
    stem = prefix(database)
    assert {f"{stem}_flights", f"{stem}_airlines", f"{stem}_named"} <= set(found)
    flights = found[f"{stem}_flights"]
    assert columns(flights) == {
        "year": "int",
        "day": "int",
        "dep_time": "int",
        "carrier": "string",
        "tailnum": "string",
        "distance": "int",
    }
    descriptor, parameters = flights["StorageDescriptor"], dict(flights["Parameters"])
    assert descriptor["Location"] == f"{stem}_flights".replace("_", ".")
    assert parameters.pop("CRAWL_RUN_ID")
    assert parameters == {
        "classification": database.engine,
        "compressionType": "none",
        "connectionName": made.connection,
        "typeOfData": "table",
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": made.crawler,
    }
    assert {k: v for k, v in descriptor["Parameters"].items() if k != "CRAWL_RUN_ID"} == parameters
    assert flights["TableType"] == "EXTERNAL_TABLE" and flights["PartitionKeys"] == []
    assert found[f"{stem}_named"]["Parameters"]["typeOfData"] == "view"
    assert columns(found[f"{stem}_named"]) == {"carrier": "string", "name": "string"}

    # A second crawl of the same writes nothing.
    assert made.crawl() == found
    assert made.versions(f"{stem}_flights") == 1
    assert PASSWORD not in "".join(made.lines())


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_all_types_with_their_raw_names(server, unique, request, kind):
    database = request.getfixturevalue(kind)
    types = POSTGRES_TYPES if kind == "postgres" else MARIADB_TYPES
    if kind == "postgres":
        database.sql("CREATE TYPE mood AS ENUM ('good', 'bad')")
    all_columns = ", ".join(f"c{n} {raw}" for n, raw in enumerate(types))
    database.sql(f"CREATE TABLE types_of_all ({all_columns})")
    target = {"Path": path(database, "types%"), "EnableAdditionalMetadata": ["RAWTYPES"]}
    made = Crawled(server, unique, database, [target], TablePrefix="raw_")
    table = made.crawl()[f"raw_{prefix(database)}_types_of_all"]
    found = {c["Parameters"]["aws:RawType"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}
    assert found == types


def test_comments(server, unique, database):
    if database.engine == "mysql":
        database.sql("CREATE TABLE told (a int COMMENT 'of a', b int) COMMENT = 'of the table'")
    else:
        database.sql(
            "CREATE TABLE told (a int, b int); COMMENT ON TABLE told IS 'of the table'; "
            "COMMENT ON COLUMN told.a IS 'of a'"
        )
    target = {"Path": path(database, "told"), "EnableAdditionalMetadata": ["COMMENTS"]}
    made = Crawled(server, unique, database, [target])
    (table,) = made.crawl().values()
    assert table["Parameters"]["aws:RawTableComment"] == "of the table"
    a, b = table["StorageDescriptor"]["Columns"]
    assert a["Parameters"] == {"aws:RawColumnComment": "of a"} and not b.get("Parameters")


def test_paths_and_exclusions(server, unique, database):
    targets = [{"Path": path(database, "%air%")}, {"Path": path(database), "Exclusions": ["t*", "named"]}]
    made = Crawled(server, unique, database, targets)
    assert set(made.crawl()) == {f"{prefix(database)}_{table}" for table in ("airlines", "flights")}
    none = Crawled(server, unique, database, [{"Path": path(database, "Flights")}])
    assert none.crawl() == {}
    assert "the database has no such tables" in "".join(none.lines())


def test_schemas(server, unique, postgres):  # noqa: F811
    postgres.sql('CREATE SCHEMA "Ops"; CREATE TABLE "Ops"."Gates" ("Number" int); CREATE TABLE "Ops".hidden (a int)')
    postgres.sql("CREATE TABLE days (d date, n int) PARTITION BY RANGE (d)")
    postgres.sql("CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2013-01-01') TO ('2014-01-01')")
    postgres.sql("CREATE USER reader PASSWORD 'reads'; GRANT USAGE ON SCHEMA \"Ops\" TO reader")
    postgres.sql('GRANT SELECT ON "Ops"."Gates", days, days_1 TO reader')
    login = postgres.properties(USERNAME="reader", PASSWORD="reads")
    found = Crawled(server, unique, postgres, [{"Path": "nyc"}], properties=login).crawl()
    assert set(found) == {"nyc_ops_gates", "nyc_public_days"}
    assert found["nyc_ops_gates"]["StorageDescriptor"]["Location"] == "nyc.Ops.Gates"
    assert columns(found["nyc_ops_gates"]) == {"number": "int"}


def test_changes_follow_the_policies(server, unique, database):
    database.sql("CREATE TABLE moving (a int, b int)")
    database.sql("CREATE TABLE leaving (a int)")
    names = {stem: f"{prefix(database)}_{stem}" for stem in ("moving", "leaving")}
    target = {"Path": path(database, "%ving")}
    default = Crawled(server, unique, database, [target])
    log = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    logging = Crawled(server, unique, database, [target], SchemaChangePolicy=log)
    drop = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}
    dropping = Crawled(server, unique, database, [target], SchemaChangePolicy=drop)
    before = {made: made.crawl() for made in (default, logging, dropping)}
    assert all(set(found) == set(names.values()) for found in before.values())

    database.sql("ALTER TABLE moving ADD c date")
    database.sql("DROP TABLE leaving")
    plan = server.mastic("crawl", "plan", default.crawler).stdout
    assert names["moving"] in plan and "date" in plan, plan
    assert default.tables() == before[default]

    found = default.crawl()
    assert columns(found[names["moving"]]) == {"a": "int", "b": "int", "c": "date"}
    assert "DEPRECATED_BY_CRAWLER" in found[names["leaving"]]["Parameters"]
    assert logging.crawl() == before[logging]
    told = "".join(logging.lines())
    assert f"The schema of table {names['moving']} has changed" in told
    assert f"Table {names['leaving']} is left as it is" in told
    assert set(dropping.crawl()) == {names["moving"]}
    database.sql("DROP TABLE moving")


def test_connections_are_got_as_the_role(server, unique, postgres):  # noqa: F811
    glue = server.client("glue")
    custom = {"JDBC_ENFORCE_SSL": "true"}
    where = bucket(server)
    certificate = postgres.folder.parent / "trusted.pem"
    server.client("s3").put_object(Bucket=where, Key="ca.pem", Body=certificate.read_bytes())
    custom["CUSTOM_JDBC_CERT"] = f"s3://{where}/ca.pem"
    target = {"Path": "nyc/public/flights"}
    role = glue_role(server)
    made = Crawled(server, unique, postgres, [target], role=role, properties=postgres.properties(**custom))
    last = crawl(server, made.crawler)
    assert last["Status"] == "FAILED"
    assert f"connection {made.connection}: s3://{where}/ca.pem" in last["ErrorMessage"], last
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(where)]})
    made.crawl()

    deny = statement("glue:GetConnection", effect="Deny")["Statement"][0]
    put_policy(server, role, {"Version": "2012-10-17", "Statement": [reads(where), deny]})
    last = crawl(server, made.crawler)
    assert last["Status"] == "FAILED" and "glue:GetConnection" in last["ErrorMessage"], last

    # Who makes a crawler must be allowed to get its connection.
    user = server.user(policy=statement(["glue:CreateCrawler", "iam:PassRole"]))
    targets = {"JdbcTargets": [{"ConnectionName": made.connection, **target}]}
    with pytest.raises(glue.exceptions.InvalidInputException) as failed:
        server.client("glue", user).create_crawler(Name=unique("crawler"), Role=role, DatabaseName="d", Targets=targets)
    text = failed.value.response["Error"]["Message"]
    assert text.startswith(f"Unable to retrieve connection {made.connection}: User: {user.arn} is not authorized"), text
    assert "glue:GetConnection" in text and "Error Code: AccessDeniedException; Request ID: " in text, text


def test_what_cannot_be_crawled_is_named(server, unique, database):
    def failure(target, **changed):
        made = Crawled(server, unique, database, [target], properties=database.properties(**changed))
        last = crawl(server, made.crawler)
        assert last["Status"] == "FAILED" and PASSWORD not in last["ErrorMessage"], last
        assert made.server.client("glue").get_crawler(Name=made.crawler)["Crawler"]["State"] == "READY"
        return last["ErrorMessage"]

    good = path(database)
    assert "login: " in failure({"Path": good}, PASSWORD="wrong")
    assert "login: " in failure({"Path": "nowhere/" + good.split("/", 1)[1]})
    closed = database.url.replace(str(database.port), "1")
    assert f"TCP: {HOST}:1: " in failure({"Path": good}, JDBC_CONNECTION_URL=closed)
    assert "does not begin with a database's name" in failure({"Path": "%/x"})
    assert "has too many parts" in failure({"Path": good + "/x/y"})


@pytest.mark.parametrize("kind", [Postgres, MariaDb])
def test_a_database_that_is_killed_in_the_middle(server, unique, folder, kind):  # noqa: F811
    with running(kind(folder / f"killed-{kind.engine}")) as database:
        database.sql("CREATE TABLE flights (a int)")
        with watched(database, b"COLUMNS" if kind is MariaDb else b"pg_attribute", database.kill) as port:
            url = database.url.replace(str(database.port), str(port))
            made = Crawled(server, unique, database, [{"Path": path(database)}], properties=database.properties(JDBC_CONNECTION_URL=url))
            last = crawl(server, made.crawler)
        assert database.process.poll() is not None
    assert last["Status"] == "FAILED", last
    said = f"connection {made.connection}: the tables of the database nyc cannot be listed: "
    assert said in last["ErrorMessage"], last
    assert any(said in line for line in made.lines() if "ERROR" in line)
    with pytest.raises(made.glue.exceptions.EntityNotFoundException):
        made.glue.get_database(Name=made.database)
