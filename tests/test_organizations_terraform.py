"""Terraform's resources and data sources of Organizations."""

import pytest


def test_an_organization(server, terraform):
    management = server.account("management")
    with terraform("organizations.tf", management) as run:
        run.apply()
        assert run.output("seen") == {
            "accounts": 2,
            "unit": True,
            "units": 1,
            "descendants": 2,
            "below": 2,
            "policies": 2,
            "here": 2,
            "kept": "kept",
            "delegates": 1,
            "delegated": 1,
            "tags": {"comment": "first"},
        }
        changed = run.apply(comment="changed")
        assert (changed.added, changed.destroyed) == (0, 0), changed.text
    client = server.client("organizations", management)
    with pytest.raises(client.exceptions.AWSOrganizationsNotInUseException):
        client.describe_organization()
