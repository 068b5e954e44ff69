"""Terraform's resources for identity providers."""

import idp


def test_providers_by_terraform(server, terraform, tmp_path):
    root = server.account()
    iam = server.client("iam", root)
    metadata = tmp_path / "metadata.xml"
    metadata.write_text(idp.SamlProvider(tmp_path).metadata)
    with terraform("providers/main.tf", root, metadata=metadata) as run:
        run.apply()
        assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2
        changed = run.apply(changed="true")
        assert (changed.added, changed.destroyed) == (0, 0), changed.text
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Providers"], summary["GlobalEndpointTokenVersion"]) == (0, 1)
