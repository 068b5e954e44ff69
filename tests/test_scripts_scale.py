"""The same script on Spark outside the run: a Sail cluster of several processes."""

import pytest

from harness import name
from pipeline import reads, writes
from scripts_corpus import Corpus
from spark_clusters import SailCluster


@pytest.fixture(scope="module")
def corpus(server):
    return Corpus(server, name)


@pytest.fixture(scope="module")
def sail(server, corpus, tmp_path_factory):
    """A cluster that may read and write what the corpus has."""
    allowed = [reads(corpus.source), writes(corpus.target)]
    user = server.user({"Version": "2012-10-17", "Statement": allowed})
    cluster = SailCluster(server, tmp_path_factory.mktemp("sail"), user)
    yield cluster
    cluster.stop()


def test_a_sail_cluster(corpus, sail):
    alone = corpus.run("join").succeeded()[:-1]
    assert corpus.run("join", {"--spark-remote": sail.url}).succeeded()[:-1] == alone
    assert len(sail.kubernetes.pods) >= 2, "the work was for workers"


def test_functions_on_a_sail_cluster(corpus, sail):
    assert corpus.run("functions", {"--spark-remote": sail.url}).succeeded()[:3] == ["a 3 4.5", "b 5 7.5", "c None None"]


def test_an_endpoint_that_is_not_there(corpus):
    ended = corpus.run("functions", {"--spark-remote": "sc://127.0.0.1:1"})
    assert ended.state == "FAILED" and "127.0.0.1:1" in ended.message, ended.message
