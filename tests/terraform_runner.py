'''Runs Terraform against the server, with a configuration of `tests/terraform`.

A test of more resources is a configuration and these lines (the fixture is there for every test):

    """Terraform's resources of Glue's classifiers: apply, an empty plan, a change, an empty plan, destroy."""


    def test_classifiers(server, terraform):
        with terraform("classifiers.tf") as run:
            run.apply()
            changed = run.apply(comment="changed")
            assert (changed.added, changed.destroyed) == (0, 0), changed.text
        assert server.client("glue").get_classifiers()["Classifiers"] == []

The configuration begins like `terraform/analyzer/main.tf`: it requires the provider `aws`, declares the variable `name`, which
every run sets to a name that no other has, and a variable that changes what can be changed. Further variables and whose
credentials sign are arguments: `terraform("x.tf", credentials, name="Mine", data="/some/file")`.
'''

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

CONFIGURATIONS = pathlib.Path(__file__).parent / "terraform"
DONE = re.compile(r"Apply complete! Resources: (\d+) added, (\d+) changed, (\d+) destroyed\.")


@dataclasses.dataclass(frozen=True)
class Changes:
    """How many resources an apply added, changed and destroyed, and all it said."""

    added: int
    changed: int
    destroyed: int
    text: str = dataclasses.field(repr=False)


class Terraform:
    """One configuration in a directory of its own; as a context manager it destroys at the end what it made."""

    def __init__(self, program, folder, environment):
        self.program, self.folder, self.environment = program, folder, environment

    @property
    def name(self):
        """The variable `name`."""
        return self.environment["TF_VAR_name"]

    def command(self, *arguments):
        """Runs `terraform` with arguments: the finished process, errors among its output."""
        return subprocess.run(
            [self.program, *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def apply(self, **variables):
        """Applies with these variables and demands that a plan is empty afterwards: the `Changes`."""
        settings = [f"-var={name}={value}" for name, value in variables.items()]
        applied = self.command("apply", "-auto-approve", *settings)
        assert applied.returncode == 0, applied.stdout
        again = self.command("plan", "-detailed-exitcode", *settings)
        assert again.returncode == 0, again.stdout
        return Changes(*map(int, DONE.search(applied.stdout).groups()), applied.stdout)

    def output(self, name):
        """What the configuration's output has, sensitive ones too."""
        answer = self.command("output", "-json", name)
        assert answer.returncode == 0, answer.stdout
        # Warnings come after the answer.
        return json.JSONDecoder().raw_decode(answer.stdout.lstrip())[0]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        destroyed = self.command("destroy", "-auto-approve")
        # A test that has failed tells why itself.
        assert error or destroyed.returncode == 0, destroyed.stdout


@pytest.fixture
def terraform(server, tmp_path, unique):
    """Makes a `Terraform`: `terraform("iam/main.tf", credentials, comment="mine")`."""
    program = shutil.which("terraform")
    if not program:
        pytest.skip("the terraform binary is not installed")

    def make(configuration, credentials=None, **variables):
        shutil.copy(CONFIGURATIONS / configuration, tmp_path)
        variables = {"name": unique("terraform")} | variables
        environment = server.environment(credentials) | {
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            **{f"TF_VAR_{name}": str(value) for name, value in variables.items()},
        }
        if not os.path.isfile(environment.get("TF_CLI_CONFIG_FILE", "")):
            environment.pop("TF_CLI_CONFIG_FILE", None)
        made = Terraform(program, tmp_path, environment)
        found = provider_directory()
        ready = made.command("init", *([f"-plugin-dir={found}"] if found else []))
        if ready.returncode:
            pytest.skip(f"Terraform's AWS provider is not installed, and no registry gives it: {ready.stdout[-300:]}")
        return made

    return make


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
