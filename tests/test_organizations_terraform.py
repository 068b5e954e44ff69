"""Terraform's resources and data sources of Organizations: apply, an empty plan, update, an empty plan, destroy."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from test_terraform import provider_directory

CONFIGURATION = pathlib.Path(__file__).parent / "terraform" / "organizations.tf"


@pytest.fixture
def management(server):
    return server.account("management")


@pytest.fixture
def terraform(server, management, tmp_path, unique):
    """Runs `terraform` as the root user of an account without an organization."""
    program = shutil.which("terraform")
    if not program:
        pytest.skip("the terraform binary is not installed")
    shutil.copy(CONFIGURATION, tmp_path)
    environment = server.environment(management) | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_name": unique("terraform"),
    }
    if not os.path.isfile(environment.get("TF_CLI_CONFIG_FILE", "/")):
        environment.pop("TF_CLI_CONFIG_FILE", None)

    def run(*arguments):
        return subprocess.run(
            [program, *arguments, "-no-color"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    found = provider_directory()
    made = run("init", *([f"-plugin-dir={found}"] if found else []))
    if made.returncode:
        pytest.skip(f"Terraform's AWS provider is not installed, and no registry gives it: {made.stdout[-300:]}")
    return run


def test_an_organization(server, management, terraform):
    applied = terraform("apply", "-auto-approve")
    try:
        assert applied.returncode == 0, applied.stdout
        again = terraform("plan", "-detailed-exitcode")
        assert again.returncode == 0, again.stdout
        assert json.loads(terraform("output", "-json", "seen").stdout) == {
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
        changed = terraform("apply", "-auto-approve", "-var", "comment=changed")
        assert changed.returncode == 0, changed.stdout
        assert "0 added" in changed.stdout and "0 destroyed" in changed.stdout, changed.stdout
        still = terraform("plan", "-detailed-exitcode", "-var", "comment=changed")
        assert still.returncode == 0, still.stdout
    finally:
        destroyed = terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    client = server.client("organizations", management)
    with pytest.raises(client.exceptions.AWSOrganizationsNotInUseException):
        client.describe_organization()
