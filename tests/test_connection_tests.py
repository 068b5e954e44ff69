"""TestConnection against real databases: what each step says when it fails, who may, and that passwords stay secret."""

import json
import socket

import botocore.exceptions
import pytest

from databases import HOST, PASSWORD, Authority, MariaDb, Postgres, free_port, running
from databases import authority, folder, mariadb, postgres  # noqa: F401
from harness import statement
from pipeline import bucket

TLS = {"JDBC_ENFORCE_SSL": "true"}


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def database(request):
    return request.getfixturevalue(request.param)


def connect(server, properties, by=None, kind="JDBC"):
    """The text with which a test of these properties fails; None if it goes well."""
    given = {"ConnectionType": kind, "ConnectionProperties": properties}
    try:
        server.client("glue", by).test_connection(TestConnectionInput=given)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidInputException", error
        text = error.response["Error"]["Message"]
        assert PASSWORD not in text
        return text
    return None


@pytest.fixture(scope="module")
def certificates(server, authority, folder):  # noqa: F811
    """The authority's certificate in a bucket, another's, and one that is signed with another algorithm."""
    other, modern = Authority(folder, "other"), Authority(folder, "modern", "ec -pkeyopt ec_paramgen_curve:P-256")
    files = {f"{made.name}.pem": made.certificate.read_bytes() for made in (authority, other, modern)}
    return bucket(server, files)


def test_a_connection_that_works(server, unique, database, certificates):
    glue = server.client("glue")
    custom = TLS | {"CUSTOM_JDBC_CERT": f"s3://{certificates}/trusted.pem"}
    assert connect(server, database.properties()) is None
    assert connect(server, database.properties(**custom)) is None
    by_name = database.url.replace(HOST, "localhost")
    assert connect(server, database.properties(JDBC_CONNECTION_URL=by_name, **custom)) is None
    parts = {"HOST": HOST, "PORT": str(database.port), "DATABASE": "nyc"}
    parts |= {"USERNAME": database.user, "PASSWORD": database.password}
    assert connect(server, parts | {"JDBC_ENGINE": database.engine}) is None
    assert connect(server, parts, kind=database.engine.upper()) is None

    name = unique("connection")
    given = {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": database.properties(**custom)}
    glue.create_connection(ConnectionInput=given)
    answer = glue.test_connection(ConnectionName=name)
    assert set(answer) == {"ResponseMetadata"}
    server.cli("glue", "test-connection", "--connection-name", name)
    credentials = {"Username": database.user, "Password": database.password}
    authentication = {"AuthenticationType": "BASIC", "BasicAuthenticationCredentials": credentials}
    properties = {"JDBC_CONNECTION_URL": database.url}
    test = {"ConnectionType": "JDBC", "ConnectionProperties": properties, "AuthenticationConfiguration": authentication}
    glue.test_connection(TestConnectionInput=test)


def test_each_step_tells_why_it_fails(server, database):
    properties, mysql = database.properties, database.engine == "mysql"
    unknown = database.url.replace(HOST, "no-such-host.invalid")
    text = connect(server, properties(JDBC_CONNECTION_URL=unknown))
    assert text.startswith("The connection failed. DNS: the host no-such-host.invalid cannot be found"), text

    port = free_port()
    closed = database.url.replace(f":{database.port}", f":{port}")
    text = connect(server, properties(JDBC_CONNECTION_URL=closed))
    assert text.startswith(f"The connection failed. TCP: {HOST}:{port}: Connection refused"), text
    assert f"What went well before: DNS: {HOST} is {HOST}." in text, text

    text = connect(server, properties(PASSWORD="wrong-but-secret"))
    assert "wrong-but-secret" not in text
    said = "Access denied for user 'glue'" if mysql else 'password authentication failed for user "glue"'
    assert "The connection failed. login: " in text and said in text, text
    assert "TCP: connected to" in text and "TLS: encrypted; the certificate was not looked at" in text, text

    text = connect(server, properties(JDBC_CONNECTION_URL=database.url.replace("nyc", "nowhere")))
    said = "Unknown database 'nowhere'" if mysql else 'database "nowhere" does not exist'
    assert "The connection failed. login: " in text and said in text, text


def test_certificates_are_looked_at(server, database, certificates):
    properties = database.properties
    custom = f"s3://{certificates}/trusted.pem"
    text = connect(server, properties(**TLS))
    assert "TLS: the server's certificate is not signed by an authority that is trusted" in text, text
    text = connect(server, properties(CUSTOM_JDBC_CERT=f"s3://{certificates}/other.pem", **TLS))
    assert "TLS: the server's certificate is not signed by an authority that is trusted" in text, text
    assert "What went well before: DNS: " in text and "TCP: connected to" in text, text

    named = {"CUSTOM_JDBC_CERT": custom, "CUSTOM_JDBC_CERT_STRING": "db.example.com"} | TLS
    assert "TLS: the server's certificate is not for db.example.com" in connect(server, properties(**named))
    matched = named | {"CUSTOM_JDBC_CERT_STRING": "localhost"}
    assert connect(server, properties(**matched)) is None
    if database.engine == "mysql":
        text = connect(server, properties(JDBC_CONNECTION_URL=f"{database.url}?sslMode=VERIFY_CA"))
        assert text.startswith("sslMode cannot be used"), text
    else:
        loose = named | {"JDBC_ENFORCE_SSL": "false", "JDBC_CONNECTION_URL": f"{database.url}?sslmode=verify-ca"}
        assert connect(server, properties(**loose)) is None

    modern = {"CUSTOM_JDBC_CERT": f"s3://{certificates}/modern.pem"} | TLS
    text = connect(server, properties(**modern))
    assert "modern.pem) cannot be used: its signature algorithm is not SHA256withRSA" in text, text
    text = connect(server, properties(SKIP_CUSTOM_JDBC_CERT_VALIDATION="true", **modern))
    assert "TLS: the server's certificate is not signed by an authority that is trusted" in text, text
    text = connect(server, properties(CUSTOM_JDBC_CERT=f"s3://{certificates}/none.pem", **TLS))
    assert f"The certificate s3://{certificates}/none.pem cannot be read" in text, text


@pytest.mark.parametrize("kind", [Postgres, MariaDb])
def test_servers_without_tls(server, folder, kind):  # noqa: F811
    with running(kind(folder / f"plain-{kind.engine}")) as database:
        assert connect(server, database.properties()) is None
        text = connect(server, database.properties(**TLS))
        assert "TLS: the server does not offer encryption" in text, text
        assert "TCP: connected to" in text, text


def test_servers_that_speak_something_else(server, database):
    with socket.create_server((HOST, 0)) as deaf:
        url = database.url.replace(str(database.port), str(deaf.getsockname()[1]))
        limit = "connectTimeout=1" if database.engine == "postgresql" else "connectTimeout=1000"
        text = connect(server, database.properties(JDBC_CONNECTION_URL=f"{url}?{limit}"))
        assert "no answer within 1 s" in text, text


def test_what_cannot_be_tested_is_named(server, unique, postgres):  # noqa: F811
    glue = server.client("glue")

    def refused(**arguments):
        with pytest.raises(botocore.exceptions.ClientError) as failed:
            glue.test_connection(**arguments)
        return failed.value.response["Error"]["Code"], failed.value.response["Error"]["Message"]

    for kind in ("KAFKA", "MONGODB", "NETWORK"):
        text = connect(server, {}, kind=kind)
        assert text.startswith(f"Connections of type {kind} cannot be tested"), text
    properties = postgres.properties
    for url, named in [
        ("jdbc:sqlserver://db:1433;databaseName=x", "sqlserver"),
        ("jdbc:oracle:thin://@db:1521/x", "oracle"),
        (postgres.url + "?socketFactory=x", "socketFactory"),
        (f"jdbc:postgresql://glue:{PASSWORD}@db/x", "USERNAME and PASSWORD"),
    ]:
        assert named in connect(server, properties(JDBC_CONNECTION_URL=url))
    text = connect(server, properties(USERNAME=None, PASSWORD=None, SECRET_ID="db-secret"))
    assert "the secret db-secret of Secrets Manager" in text, text
    assert "cannot be used" in connect(server, properties(JDBC_ENFORCE_SSL="perhaps"))

    both = {"ConnectionType": "JDBC", "ConnectionProperties": properties()}
    for arguments in ({}, {"ConnectionName": "x", "TestConnectionInput": both}):
        assert refused(**arguments)[0] == "InvalidInputException"
    missing = unique("connection")
    assert refused(ConnectionName=missing) == ("EntityNotFoundException", f"Connection {missing} not found.")


def test_who_may_test(server, unique, postgres, certificates):  # noqa: F811
    name = unique("connection")
    custom = TLS | {"CUSTOM_JDBC_CERT": f"s3://{certificates}/trusted.pem"}
    given = {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": postgres.properties(**custom)}
    server.client("glue").create_connection(ConnectionInput=given)
    arn = f"arn:aws:glue:us-east-1:{server.root.account}:"

    def tried(policy):
        glue = server.client("glue", server.user(policy=policy))
        try:
            return glue.test_connection(ConnectionName=name)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"].startswith("AccessDenied"), error
            return error.response["Error"]["Message"]

    assert "glue:TestConnection" in tried(statement("glue:GetConnection"))
    test = statement("glue:TestConnection", [f"{arn}connection/{name}", f"{arn}catalog"])
    assert "s3:GetObject" in tried(test)
    test["Statement"].append(statement("s3:GetObject", f"arn:aws:s3:::{certificates}/*")["Statement"][0])
    assert not isinstance(tried(test), str)


def test_passwords_stay_secret(server, tmp_path, postgres):  # noqa: F811
    connect(server, postgres.properties())
    connect(server, postgres.properties(JDBC_CONNECTION_URL=postgres.url.replace("nyc", "nowhere")))
    connect(server, postgres.properties(), by=server.user(policy=statement("glue:TestConnection")))
    assert PASSWORD not in server.log.read_text()
    trail = server.client("cloudtrail")
    looked = [{"AttributeKey": "EventName", "AttributeValue": "TestConnection"}]

    def records():
        return [json.loads(e["CloudTrailEvent"]) for e in trail.lookup_events(LookupAttributes=looked)["Events"]]

    found = records()
    assert found and all(PASSWORD not in json.dumps(record) for record in found)
