"""Terraform's resources of IAM Access Analyzer."""


def test_analyzers_and_archive_rules(server, terraform, unique):
    with terraform("analyzer/main.tf", name=unique("terraform").replace("-", "_")) as run:
        run.apply()
        changed = run.apply(comment="changed")
        assert changed.destroyed == 0, changed.text
    assert server.client("accessanalyzer").list_analyzers()["analyzers"] == []
