"""A server for tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from mastic_testing.account import Account

_READY = re.compile(r"Mastic listens on (\S+)")
_PATIENCE = 60.0


class Mastic:
    """A `mastic serve` process over a directory of its own.

    `folder` is that directory; `binary` the program, without which `MASTIC_BINARY`, or `mastic` on the path, is taken.
    """

    def __init__(self, folder: Path, binary: str | None = None, region: str = "us-east-1"):
        found = binary or os.environ.get("MASTIC_BINARY") or shutil.which("mastic")
        if not found:
            raise FileNotFoundError("There is no `mastic` on the path: install it, or name it with MASTIC_BINARY.")
        self.region = region
        self.log = folder / "server.log"
        self._data = folder / "data"
        self._binary = found
        self._process: subprocess.Popen[str] | None = None
        self._endpoint = ""

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return self._endpoint

    def start(self) -> Mastic:
        """Starts it; returns when it answers. Raises `RuntimeError` if it ends instead."""
        ready = threading.Event()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "serve", "--listen", "127.0.0.1:0", "--data", str(self._data), "--region", self.region],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._listen, args=(self._process, ready), daemon=True).start()
        end = time.monotonic() + _PATIENCE
        while not ready.wait(0.05):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"mastic did not start:\n{self.log.read_text(errors='replace')}")
        return self

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found = _READY.search(line)
            if found:
                self._endpoint = found[1]
                ready.set()

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_PATIENCE)

    def __enter__(self) -> Mastic:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def account(self, name: str = "test") -> Account:
        """A new account, as its root user."""
        made = self._mastic("account", "create", name).strip()
        exports = self._mastic("env", "--account", made)
        keys = dict(re.findall(r"export (\w+)='?([^'\n]*)", exports))
        return Account(made, keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], self._endpoint, self.region)

    def _mastic(self, *arguments: str) -> str:
        """What a command of the server's prints."""
        bare = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        command = [self._binary, *arguments, "--data", str(self._data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=bare)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout
