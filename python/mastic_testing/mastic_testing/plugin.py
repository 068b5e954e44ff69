"""The fixtures: `mastic`, a server for the session, and `aws`, an account of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from mastic_testing.account import Account
from mastic_testing.server import Mastic


@pytest.fixture(scope="session")
def mastic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mastic]:
    """A server on a free port, over a directory that is gone after the tests."""
    with Mastic(Path(tmp_path_factory.mktemp("mastic"))) as server:
        yield server


@pytest.fixture
def aws(mastic: Mastic, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account that nobody else has; boto3, the AWS CLI and everything else find it by the environment."""
    account = mastic.account()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    # boto3 keeps the session of an earlier test's account.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return account
