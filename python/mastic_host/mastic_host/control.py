"""The line to the runner: settings first, then whatever else it has to say; its end is ours."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, BinaryIO


class Control:
    """What the runner writes to this process."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.settings: dict[str, Any] = json.loads(stream.readline())

    @classmethod
    def take(cls) -> Control:
        """Takes the standard input for itself: scripts find an empty one."""
        stream = os.fdopen(os.dup(0), "rb")
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        return cls(stream)

    def watch(self, heard: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Listens from now on, in a thread of its own; `heard` gets each further line."""
        threading.Thread(target=self._listen, args=(heard,), name="control", daemon=True).start()

    def _listen(self, heard: Callable[[dict[str, Any]], None] | None) -> None:
        for line in self._stream:
            if heard is not None:
                heard(json.loads(line))
        # The runner is gone or wants an end: nothing that the script started may outlive it. The runner made this
        # group for itself and what it starts.
        os.killpg(os.getpgrp(), signal.SIGKILL)
