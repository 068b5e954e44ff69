"""The way to the runner beside this process: it reads and writes what Spark does not, as the visual jobs' engine does."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from awsglue import _options
from awsglue._errors import OperationNotSupportedException, error_of


@dataclass(frozen=True)
class Bridge:
    """A client of the runner's. `scratch` is the run's folder on this machine."""

    url: str
    token: str
    scratch: str

    @classmethod
    def find(cls) -> Bridge | None:
        """The runner that started this process; none if nobody did."""
        url = os.environ.get("MASTIC_BRIDGE")
        if not url:
            return None
        return cls(url.rstrip("/"), os.environ.get("MASTIC_BRIDGE_TOKEN", ""), os.environ.get("MASTIC_SCRATCH", "/tmp"))

    def ask(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, however long it takes.

        Raises the exception that the answer tells of.
        """
        while True:
            try:
                return self._ask(path, request)
            except OperationNotSupportedException as error:
                rest = _options.without(request, error.message)
                if rest is None:
                    raise
                request = rest

    def _ask(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        asked = urllib.request.Request(
            self.url + path,
            data=json.dumps(request, default=_plain).encode(),
            headers={"Authorization": self.token, "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with _OPENER.open(asked) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            told = error.read().decode(errors="replace")
            try:
                answer = json.loads(told)
            except ValueError:
                answer = {"message": told}
            raise error_of(answer) from None


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


# The runner is on this machine: no proxy is between.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def remove(folder: str) -> None:
    """Removes a folder of this machine, named by its path or `file://` URL."""
    path = urlparse(folder).path if folder.startswith("file://") else folder
    shutil.rmtree(path, ignore_errors=True)
