"""Fixtures: a server for the whole session, and one for tests that break theirs."""

import pytest

import harness

pytest_plugins = ["plugin_coverage", "terraform_runner"]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that tests share; use unique names, and leave it running."""
    running = harness.Server(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0, "the server did not end in good order"


@pytest.fixture
def own_server(tmp_path):
    """A server that a test may kill, restart and start with arguments of its own."""
    running = harness.Server(tmp_path / "own")
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


@pytest.fixture
def unique(request):
    """Makes names that no other test has: `unique("table")`."""
    return lambda stem="thing": harness.name(stem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    answer = yield
    # Where each server's log ends now, so that a failure shows only what the test itself caused.
    item.log_starts = {running.log: _size(running.log) for running in _servers(item)}
    return answer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for running in _servers(item):
            with running.log.open("rb") as log:
                log.seek(getattr(item, "log_starts", {}).get(running.log, 0))
                text = log.read().decode(errors="replace")
            report.sections.append((f"server log {running.log}", text[-20_000:]))
    return report


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed"):
        for kind, text in report.user_properties:
            if kind == "figure":
                terminalreporter.write_line(f"{report.nodeid}: {text}")


def _servers(item):
    found = [item.funcargs.get(fixture) for fixture in ("server", "own_server")] if hasattr(item, "funcargs") else []
    return [running for running in found if running is not None and running.log.exists()]


def _size(path):
    return path.stat().st_size if path.exists() else 0
