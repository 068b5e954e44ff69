"""Terraform's resources for passwords, devices, keys and certificates: apply, empty plan, update, empty plan, destroy."""

import os
import pathlib
import shutil
import subprocess

import pytest

from people import sign_in
from test_terraform import provider_directory

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "crates/iam/src/people/testdata"


@pytest.fixture
def root(server, unique):
    return server.account(unique("terraform"))


@pytest.fixture
def terraform(server, root, tmp_path, unique):
    program = shutil.which("terraform")
    if not program:
        pytest.skip("the terraform binary is not installed")
    shutil.copy(HERE / "terraform/people/main.tf", tmp_path)
    environment = server.environment(root) | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_name": unique("people"),
        "TF_VAR_data": str(DATA),
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

    run.name = environment["TF_VAR_name"]
    found = provider_directory()
    made = run("init", *([f"-plugin-dir={found}"] if found else []))
    if made.returncode:
        pytest.skip(f"Terraform's AWS provider is not installed, and no registry gives it: {made.stdout[-300:]}")
    return run


def test_people_by_terraform(server, root, terraform):
    iam = server.client("iam", root)
    applied = terraform("apply", "-auto-approve")
    try:
        assert applied.returncode == 0, applied.stdout
        again = terraform("plan", "-detailed-exitcode")
        assert again.returncode == 0, again.stdout
        password = terraform("output", "-raw", "password").stdout
        # It is right, but has to be changed at the first sign-in.
        answer = sign_in(server, terraform.name, terraform.name, password)
        assert answer.code == "PasswordResetRequiredException"
        changed = terraform("apply", "-auto-approve", "-var", "changed=true")
        assert changed.returncode == 0, changed.stdout
        still = terraform("plan", "-detailed-exitcode", "-var", "changed=true")
        assert still.returncode == 0, still.stdout
        assert iam.list_account_aliases()["AccountAliases"] == [f"{terraform.name}-2"]
        assert iam.list_ssh_public_keys(UserName=terraform.name)["SSHPublicKeys"][0]["Status"] == "Inactive"
    finally:
        destroyed = terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    summary = iam.get_account_summary()["SummaryMap"]
    assert [summary[kind] for kind in ("Users", "MFADevices", "ServerCertificates")] == [0, 0, 0]
    assert iam.list_account_aliases()["AccountAliases"] == []
