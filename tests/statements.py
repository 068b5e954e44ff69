"""Statements of SQL that a script asks, each with the answer that is wanted, and what the catalog has then."""

import pytest

from harness import name, statement
from pipeline import put_policy, reads, writes
from scripts_corpus import Corpus

NO_TABLE = "cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01"
NO_DATABASE = "cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42704"


@pytest.fixture(scope="module")
def corpus(server):
    made = Corpus(server, name)
    allowed = [reads(made.source, made.scripts), writes(made.target), statement(["glue:*"])["Statement"][0]]
    # A role may use some tables only.
    some = ["glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:UpdateTable", "glue:DeleteTable", "glue:GetPartitions"]
    allowed.append(statement(some, "arn:aws:glue:*:*:table/*/denied", "Deny")["Statement"][0])
    put_policy(server, made.role, {"Version": "2012-10-17", "Statement": allowed})
    return made


@pytest.fixture
def database(corpus):
    """A database that has a place, with a partitioned table `events`."""
    made = corpus.database()
    place = f"s3://{corpus.target}/{made}/"
    corpus.glue.update_database(Name=made, DatabaseInput={
        "Name": made, "Description": "what happens", "LocationUri": place, "Parameters": {"of": "us"}})
    return made


def ask(corpus, database, *pairs, **more):
    """Has a script ask statements, and compares what it prints of each with what is wanted."""
    at = corpus.upload(f"{name('statements')}.sql", "\n".join(statement for statement, _ in pairs))
    given = {"--database": database, "--statements": at, "--enable-glue-datacatalog": "true"}
    found = corpus.run("hive_ddl", given | {f"--{key.replace('_', '-')}": value for key, value in more.items()}).succeeded()
    wrong = [(asked, line, wanted) for (asked, wanted), line in zip(pairs, found, strict=True) if line != wanted]
    assert not wrong, "\n".join(f"{asked}\n  answers {line}\n  not     {wanted}" for asked, line, wanted in wrong)


def table(corpus, database, name):
    return corpus.glue.get_table(DatabaseName=database, Name=name)["Table"]


def partitions(corpus, database, name):
    found = corpus.glue.get_partitions(DatabaseName=database, TableName=name)["Partitions"]
    return {"/".join(one["Values"]): one["StorageDescriptor"]["Location"].replace(corpus.target, "TARGET") for one in found}
