"""Frames that are written without their rows having been in Spark."""

import pytest

from harness import name
from scripts_corpus import Corpus


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


# Before each answer: how many sources had been written from without their rows having gone to Spark.


def test_the_engine_takes_the_steps(corpus):
    lines = corpus.run("steps").succeeded()
    assert lines == [
        "1 [('ONE', 'one', 1.5), ('THREE', 'three', None)]",
        "1 [(1, 'one'), (3, 'three'), (4, 'four')]",
        "1 [(1, 1.5), (2, None), (3, None), (4, 4.5)]",
        "1 [(3, 'three'), (4, 'four')]",
        "1 [('ONE', 'one', 1.5), ('THREE', 'three', None)]",
        "0 [(1,), (3,), (4,)]",
        "0 [('twice', 'int')] [(2,)]",
        "3 1 ['it has 1 fields instead of 3']",
    ], lines


def test_the_engine_can_be_told_not_to(corpus):
    lines = corpus.run("steps", {"--conf": "spark.mastic.native=false"}).succeeded()
    assert lines[0] == "0 [('ONE', 'one', 1.5), ('THREE', 'three', None)]"
    assert lines[-1] == "3 1 ['it has 1 fields instead of 3']"


def test_queries_mean_what_they_say(corpus):
    lines = corpus.run("steps_views").succeeded()
    assert lines == [
        "1 [('ann',), ('bob',)]",
        "0 [('eve',)]",
        "1 [('cte',)]",
        # Rows that were behind a view's name, which is another's now, are not asked for.
        "1 [('zoe',)]",
        "1 [('<ann>',), ('<bob>',)]",
    ], lines
