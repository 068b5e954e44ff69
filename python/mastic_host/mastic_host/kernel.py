"""A session's kernel: runs statements in one namespace, one after another, as a notebook does its cells.

The runner writes one JSON line for each statement, `{"id": 1, "code": "..."}`, and `{"cancel": 1}` to interrupt one. It
reads `{"ready": true}` and then an `Answer` for each statement. What a statement prints and the value of its last
expression are its text; what it writes to the standard error goes to the session's log.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import linecache
import os
import queue
import signal
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, TextIO

from mastic_host.control import Control
from mastic_host.script import lines_of

# Characters of a statement's text; what a statement prints beyond them is counted and not kept.
MOST = 1_000_000

# What a statement may name before anything has made it, as in Glue's sessions.
_LENT = ("spark", "sc")


@dataclasses.dataclass
class Answer:
    """What came of a statement."""

    id: int
    text: str = ""
    # The exception that nothing caught: name, value, and the lines of its traceback.
    error: dict[str, Any] | None = None
    cancelled: bool = False


class Printed(io.TextIOBase):
    """The standard output of statements; what is printed between them goes elsewhere."""

    encoding = "utf-8"

    def __init__(self, elsewhere: TextIO):
        self._elsewhere = elsewhere
        self._parts: list[str] | None = None
        self._kept = self._lost = 0
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keeps the text of a statement that is under way, up to a limit."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            if self._parts is None:
                return self._elsewhere.write(text)
            part = text[: MOST - self._kept]
            self._parts.append(part)
            self._kept += len(part)
            self._lost += len(text) - len(part)
        return len(text)

    def flush(self) -> None:
        """Passes on what is not a statement's."""
        self._elsewhere.flush()

    def begin(self) -> None:
        """A statement begins."""
        with self._lock:
            self._parts, self._kept, self._lost = [], 0, 0

    def end(self) -> str:
        """A statement has ended: what it printed."""
        with self._lock:
            text = "".join(self._parts or [])
            if self._lost:
                text += f"\n... {self._lost} more characters were not kept"
            self._parts = None
        return text


class Kernel:
    """The namespace, and the statement that is under way in it."""

    def __init__(self, printed: Printed, spark: dict[str, Any] | None = None):
        self._printed = printed
        self._spark = spark
        self._module = types.ModuleType("__main__")
        self._module.__dict__["__builtins__"] = __builtins__
        self._running: int | None = None
        # The newest statement that has begun, and those behind it that are not wanted any more.
        self._newest = 0
        self._unwanted: set[int] = set()
        self._lock = threading.Lock()
        # Whether an interrupt is for the statement, and not for the kernel between two.
        self._interruptible = False

    def lead(self) -> None:
        """Makes the namespace the process's main module, and takes up interrupts."""
        sys.modules["__main__"] = self._module
        signal.signal(signal.SIGINT, self._interrupted)

    def _interrupted(self, *_: Any) -> None:
        if self._interruptible:
            raise KeyboardInterrupt

    def cancel(self, statement: int) -> None:
        """Interrupts the statement, or keeps it from beginning; called from another thread than the main one."""
        with self._lock:
            if self._running == statement:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            elif statement > self._newest:
                self._unwanted.add(statement)

    def run(self, statement: int, code: str) -> Answer:
        """Runs a statement to its end."""
        answer = Answer(statement)
        name = f"<statement {statement}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        self._printed.begin()
        # An earlier one may have put something else there.
        sys.stdout = self._printed
        try:
            try:
                self._interruptible = True
                self._enter(statement)
                self._execute(code, name)
            finally:
                self._interruptible = False
        except KeyboardInterrupt as error:
            answer.error, answer.cancelled = _raised(error), True
        except BaseException as error:  # noqa: BLE001: whatever ends a statement is its end, not the session's
            answer.error = _raised(error)
        with self._lock:
            self._running = None
        answer.text = self._printed.end().rstrip("\n")
        return answer

    def _enter(self, statement: int) -> None:
        with self._lock:
            self._running = self._newest = statement
            if statement in self._unwanted:
                raise KeyboardInterrupt

    def _execute(self, code: str, name: str) -> None:
        tree = ast.parse(code, name)
        self._prepare(tree, code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        space = self._module.__dict__
        exec(compile(tree, name, "exec", dont_inherit=True), space)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), space)
            if value is not None:
                space["_"] = value
                print(repr(value))

    def _prepare(self, tree: ast.Module, code: str) -> None:
        """Makes Spark ready for the first statement that may want it: a session that is idle has not even loaded it."""
        if self._spark is None:
            return
        imported = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        if "spark" not in code.lower() and imported <= sys.stdlib_module_names and not self._lent(tree):
            return
        from mastic_host import spark

        if self._spark:
            spark.install(self._spark)
            self._spark = {}
        for lent in self._lent(tree):
            session = spark.session()
            self._module.__dict__[lent] = session if lent == "spark" else session.sparkContext

    def _lent(self, tree: ast.Module) -> list[str]:
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        return [name for name in _LENT if name in used and name not in self._module.__dict__]


def _raised(error: BaseException) -> dict[str, Any]:
    return {"name": type(error).__name__, "value": _text(error), "traceback": lines_of(error)}


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001: a class of the user's may do anything
        return f"<its text cannot be had: {type(second).__name__}>"


def serve(control: Control) -> int:
    """Runs statements until the runner ends the process."""
    settings = control.settings
    out = os.fdopen(os.dup(1), "wb")
    # Whatever does not go through Python's own standard output is a line of the log.
    os.dup2(2, 1)
    sys.path[:0] = settings["paths"]
    sys.argv = ["", *settings["arguments"]]
    printed = Printed(sys.stderr)
    kernel = Kernel(printed, settings["spark"])
    kernel.lead()
    statements: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    control.watch(_hearing(kernel, statements))
    _tell(out, {"ready": True})
    while True:
        told = statements.get()
        _tell(out, dataclasses.asdict(kernel.run(told["id"], told["code"])))


def _hearing(kernel: Kernel, statements: queue.SimpleQueue[dict[str, Any]]) -> Callable[[dict[str, Any]], None]:
    def heard(told: dict[str, Any]) -> None:
        if "cancel" in told:
            kernel.cancel(told["cancel"])
        else:
            statements.put(told)

    return heard


def _tell(out: Any, message: dict[str, Any]) -> None:
    line = json.dumps(message, ensure_ascii=False) + "\n"
    # A text may have halves of characters, which are no UTF-8.
    out.write(line.encode("utf-8", "replace"))
    out.flush()
