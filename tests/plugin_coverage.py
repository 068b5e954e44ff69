"""The lists in `lists/` that tests can shorten: operations without a denial, an audit or a conformance test.

A list is compared at the end of a session that ran every test; any difference fails the session, a row
that is no longer true as much as one that is missing. `--update-lists` writes the lists anew, for people
who then look at the difference.

A conformance case is an operation that some test called with success through a real client: boto3 is
watched here, other clients call `cover`.
"""

import functools
import pathlib
import re

import pytest
from botocore.client import BaseClient

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTS = {
    kind: ROOT / "lists" / f"no-{kind}-{what}.txt"
    for kind, what in (("denial", "test"), ("audit", "test"), ("conformance", "case"))
}
COVERED = {kind: set() for kind in LISTS}


# Services that botocore names otherwise than IAM does.
BOTOCORE = {"access-analyzer": "accessanalyzer"}
IAM = {name: service for service, name in BOTOCORE.items()}


def cover(kind, service, operation):
    """Notes that an operation has a test of this kind."""
    COVERED[kind].add(f"{service}:{operation}")


def implemented():
    """Every operation that the server serves, as `service:Operation`."""
    rows = set()
    for listed in ROOT.glob("crates/api-*/implemented-*.txt"):
        service = listed.stem.removeprefix("implemented-")
        rows |= {f"{service}:{name}" for name in listed.read_text().split()}
    table = (ROOT / "crates/s3-door/src/table.rs").read_text()
    return rows | {f"s3:{name}" for name in re.findall(r'^ +\("(\w+)", "s3:', table, re.M)}


def rows_of(text):
    """The rows of a list: what precedes a `#` in each line."""
    return {row for row in (line.partition("#")[0].strip() for line in text.splitlines()) if row}


def updated(text, rows):
    """A list's text with these rows; comments stay, those at a row's end with their row."""
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("#")]
    kept = {line.partition("#")[0].strip(): line for line in lines if not line.startswith("#")}
    return "".join(f"{line}\n" for line in [*head, *(kept.get(row, row) for row in sorted(rows))])


def differences(kind, listed, lacking):
    """What is wrong with a list."""
    path = LISTS[kind].relative_to(ROOT)
    gone = [f"{path}: remove {row}: it has one now, or is not served any more" for row in sorted(listed - lacking)]
    return gone + [f"{path}: {row} lacks one" for row in sorted(lacking - listed)]


def pytest_addoption(parser):
    parser.addoption("--update-lists", action="store_true", help="write lists/no-*.txt anew; never in CI")


def pytest_configure(config):
    config.pluginmanager.register(Session(config), "mastic-coverage")


class Session:
    """One run of pytest."""

    def __init__(self, config):
        self.config = config
        self.whole = False
        self.wrong = []
        self.call = BaseClient._make_api_call

    def pytest_sessionstart(self):
        call = self.call

        @functools.wraps(call)
        def watched(client, operation, parameters):
            answer = call(client, operation, parameters)
            name = client.meta.service_model.service_name
            cover("conformance", IAM.get(name, name), operation)
            return answer

        BaseClient._make_api_call = watched

    def pytest_collection_finish(self, session):
        option = self.config.option
        files = {pathlib.Path(item.path) for item in session.items}
        narrowed = (
            option.keyword
            or option.markexpr
            or option.collectonly
            or option.deselect
            or any("::" in argument for argument in self.config.args)
        )
        self.whole = not narrowed and set((ROOT / "tests").glob("test_*.py")) <= files

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        BaseClient._make_api_call = self.call
        if not self.whole or exitstatus != pytest.ExitCode.OK:
            return
        for kind, path in LISTS.items():
            lacking = implemented() - COVERED[kind]
            text = path.read_text()
            if self.config.getoption("update_lists"):
                path.write_text(updated(text, lacking))
            else:
                self.wrong += differences(kind, rows_of(text), lacking)
        if self.wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if self.wrong:
            terminalreporter.section("lists that may only shrink", red=True)
            for line in self.wrong:
                terminalreporter.line(line)
        elif not self.whole:
            terminalreporter.line("lists/no-*.txt were not compared: only some tests ran")
