"""Terraform's resources of IAM Access Analyzer: apply, an empty plan, a change, an empty plan, destroy."""

import pathlib

import pytest

import test_terraform
from test_terraform import terraform  # noqa: F401  the fixture

CONFIGURATION = pathlib.Path(__file__).parent / "terraform" / "analyzer" / "main.tf"


@pytest.fixture(autouse=True)
def configuration(monkeypatch):
    monkeypatch.setattr(test_terraform, "CONFIGURATION", CONFIGURATION)


def test_analyzers_and_archive_rules(server, terraform):  # noqa: F811
    applied = terraform("apply", "-auto-approve")
    try:
        assert applied.returncode == 0, applied.stdout
        again = terraform("plan", "-detailed-exitcode")
        assert again.returncode == 0, again.stdout
        changed = terraform("apply", "-auto-approve", "-var", "comment=changed")
        assert changed.returncode == 0, changed.stdout
        assert "0 destroyed" in changed.stdout, changed.stdout
        still = terraform("plan", "-detailed-exitcode", "-var", "comment=changed")
        assert still.returncode == 0, still.stdout
    finally:
        destroyed = terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    assert server.client("accessanalyzer").list_analyzers()["analyzers"] == []
