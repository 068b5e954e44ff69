"""Terraform's resources and data sources for users, groups, roles, policies and instance profiles."""

import json
import pathlib
import shutil
import subprocess

import pytest

from test_terraform import provider_directory

CONFIGURATION = pathlib.Path(__file__).parent / "terraform" / "iam" / "main.tf"


@pytest.fixture
def account(server):
    return server.account()


@pytest.fixture
def terraform(server, account, tmp_path, unique):
    """Runs `terraform` as the root user of an account of its own: its exit code and output."""
    program, plugins = shutil.which("terraform"), provider_directory()
    if not program or not plugins:
        pytest.skip("terraform or its AWS provider is not installed")
    shutil.copy(CONFIGURATION, tmp_path)
    settings = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_VAR_name": unique("tf")}
    environment = server.environment(account) | settings
    environment.pop("TF_CLI_CONFIG_FILE", None)

    def run(*arguments):
        command = [program, *arguments, "-no-color"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
        )
        return done.returncode, done.stdout + done.stderr

    run.bucket = settings["TF_VAR_name"]
    code, text = run("init", f"-plugin-dir={plugins}")
    assert code == 0, text
    return run


def test_apply_change_destroy(server, account, terraform):
    try:
        code, text = terraform("apply", "-auto-approve")
        assert code == 0, text
        code, text = terraform("plan", "-detailed-exitcode")
        assert code == 0, text
        seen = json.loads(terraform("output", "-json", "seen")[1].partition("\nWarning")[0])
        assert seen["allowed"] == {
            f"arn:aws:s3:::{terraform.bucket}/a": "allowed",
            "arn:aws:s3:::other/a": "implicitDeny",
        }
        assert seen["glue"] == "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
        assert (seen["keys"], seen["members"], seen["people"]) == (1, 2, 1)
        assert (len(seen["profiles"]), len(seen["roles"])) == (1, 1)
        changes = ["-var", "comment=changed", "-var", "action=s3:ListBucket"]
        code, text = terraform("apply", "-auto-approve", *changes)
        # The provider makes access keys and memberships of renamed users and groups anew.
        assert code == 0 and "2 destroyed" in text, text
        code, text = terraform("plan", "-detailed-exitcode", *changes)
        assert code == 0, text
    finally:
        code, text = terraform("destroy", "-auto-approve")
    assert code == 0, text
    iam = server.client("iam", account)
    assert iam.list_users()["Users"] == iam.list_groups()["Groups"] == iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
