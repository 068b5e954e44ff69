"""Scripts that read and write through GlueContext: its words to the engine, and what comes back."""

import pytest

from harness import name
from scripts_corpus import Corpus


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def test_files_of_every_format(corpus):
    columns = "[('carrier', 'string'), ('delay', '%s'), ('flight', '%s')]"
    assert corpus.run("context_files", {"--database": corpus.database()}).succeeded() == [
        "27004 ['air_time', 'arr_delay', 'arr_time'] string",
        "csv True " + columns % ("string", "string"),
        "json True " + columns % ("double", "bigint"),
        "parquet True " + columns % ("double", "int"),
        "glueparquet True " + columns % ("double", "int"),
        "orc True " + columns % ("double", "int"),
        "avro True " + columns % ("double", "int"),
        "xml True " + columns % ("double", "bigint"),
        "['DL', 'UA'] [('flight', 'int'), ('delay', 'double'), ('carrier', 'string')]",
        "True",
        "5",
        "struct<flight:int,delay:double,carrier:string>",
    ]
