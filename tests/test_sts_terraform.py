"""Terraform's resources for identity providers: apply, empty plan, update, empty plan, destroy."""

import os
import pathlib
import shutil
import subprocess

import pytest

import idp
from test_terraform import provider_directory

HERE = pathlib.Path(__file__).parent


@pytest.fixture
def root(server, unique):
    return server.account(unique("terraform"))


@pytest.fixture
def terraform(server, root, tmp_path, unique):
    program = shutil.which("terraform")
    if not program:
        pytest.skip("the terraform binary is not installed")
    shutil.copy(HERE / "terraform/providers/main.tf", tmp_path)
    metadata = tmp_path / "metadata.xml"
    metadata.write_text(idp.SamlProvider(tmp_path).metadata)
    environment = server.environment(root) | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_name": unique("idp"),
        "TF_VAR_metadata": str(metadata),
    }
    if not pathlib.Path(environment.get("TF_CLI_CONFIG_FILE", os.devnull)).is_file():
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


def test_providers_by_terraform(server, root, terraform):
    iam = server.client("iam", root)
    applied = terraform("apply", "-auto-approve")
    try:
        assert applied.returncode == 0, applied.stdout
        again = terraform("plan", "-detailed-exitcode")
        assert again.returncode == 0, again.stdout
        assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2
        changed = terraform("apply", "-auto-approve", "-var", "changed=true")
        assert changed.returncode == 0, changed.stdout
        assert "0 added" in changed.stdout and "0 destroyed" in changed.stdout, changed.stdout
        still = terraform("plan", "-detailed-exitcode", "-var", "changed=true")
        assert still.returncode == 0, still.stdout
    finally:
        destroyed = terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Providers"], summary["GlobalEndpointTokenVersion"]) == (0, 1)
