"""The same script on Spark outside the run: a Sail cluster of several processes."""

import json

import pytest
import yaml

from harness import ROOT, name
from pipeline import reads, writes
from scripts_corpus import Corpus
from spark_clusters import SETTINGS, SailCluster


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


def test_the_manifest_says_what_the_cluster_here_is_told():
    documents = list(yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text()))
    made = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    container = made["Deployment", "sail"]["spec"]["template"]["spec"]["containers"][0]
    told = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert set(SETTINGS) <= set(told)
    template = json.loads(told["SAIL_KUBERNETES__WORKER_POD_TEMPLATE"])
    assert template["spec"]["containers"][0]["name"] == "worker"
    server = made["Deployment", "mastic"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "MASTIC_SPARK_REMOTE", "value": "sc://sail:50051"} in server["env"]
