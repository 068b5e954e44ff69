"""Files of CSV and JSON as they come, read by a script as Spark reads them."""

import pytest

from harness import name
from scripts_corpus import HERE, Corpus


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


def test_reading_as_spark_does(corpus):
    # All but the last lines, which are refusals of ours, are what Apache Spark itself prints.
    expected = (HERE / "reading.txt").read_text().splitlines()
    assert corpus.run("reading").succeeded() == expected
