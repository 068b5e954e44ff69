"""Terraform: apply, an empty plan, destroy."""

import os
import pathlib
import shutil
import subprocess

import pytest

CONFIGURATION = pathlib.Path(__file__).parent / "terraform" / "main.tf"


def provider_directory():
    """A directory with Terraform's AWS provider, where an administrator or a package would put it."""
    data = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share")
    places = [pathlib.Path.home() / ".terraform.d" / "plugins", data / "terraform" / "plugins"]
    for shared in ("/usr/local/share", "/usr/share", "/opt"):
        places += pathlib.Path(shared).glob("*/plugins")
        places += pathlib.Path(shared).glob("t*plugins")
    if os.environ.get("TERRAFORM_PLUGINS"):
        places.insert(0, pathlib.Path(os.environ["TERRAFORM_PLUGINS"]))
    return next((place for place in places if any(place.glob("*/hashicorp/aws/*"))), None)


@pytest.fixture
def terraform(server, tmp_path, unique):
    """Runs `terraform` on the configuration, in a directory of its own."""
    program = shutil.which("terraform")
    if not program:
        pytest.skip("the terraform binary is not installed")
    shutil.copy(CONFIGURATION, tmp_path)
    environment = server.environment() | {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_name": unique("terraform").replace("-", "_"),
    }
    if not pathlib.Path(environment.get("TF_CLI_CONFIG_FILE", "/")).is_file():
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


def test_apply_then_an_empty_plan_then_destroy(server, terraform):
    applied = terraform("apply", "-auto-approve")
    try:
        assert applied.returncode == 0, applied.stdout
        again = terraform("plan", "-detailed-exitcode")
        assert again.returncode == 0, again.stdout
        changed = terraform("apply", "-auto-approve", "-var", "comment=changed")
        assert changed.returncode == 0, changed.stdout
        assert "0 added" in changed.stdout and "0 destroyed" in changed.stdout, changed.stdout
        still = terraform("plan", "-detailed-exitcode", "-var", "comment=changed")
        assert still.returncode == 0, still.stdout
    finally:
        destroyed = terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout
    left = server.client("glue").get_databases()["DatabaseList"]
    assert not [database for database in left if database["Name"].startswith("terraform")]
