"""One script from its first line to its end."""

from __future__ import annotations

import json
import os
import sys
import traceback
import types
from pathlib import Path
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))


def run(settings: dict[str, Any]) -> int:
    """Runs the script that the settings name; how it ended is in the file `outcome`."""
    sys.path[:0] = settings["paths"]
    sys.argv = [settings["script"], *settings["arguments"]]
    # `getResolvedOptions` takes shortened names up to 5.1.
    os.environ["GLUE_VERSION"] = settings["glue_version"]
    if settings["spark"]:
        from mastic_host import spark

        spark.install(settings["spark"])
    outcome = _execute(Path(settings["script"]))
    sys.stdout.flush()
    sys.stderr.flush()
    Path(settings["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")
    return 0 if outcome is None else 1


def _execute(script: Path) -> dict[str, Any] | None:
    """How the script failed; nothing if it did not."""
    main = types.ModuleType("__main__")
    main.__file__ = str(script)
    sys.modules["__main__"] = main
    try:
        # The script decides for itself what it takes from the future.
        code = compile(script.read_bytes(), str(script), "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except SystemExit as end:
        if end.code in (None, 0):
            return None
        if not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
        return _failure(end, script)
    except BaseException as error:  # noqa: BLE001: whatever ends the script is its end
        _print(error)
        return _failure(error, script)
    return None


def frames_of(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of an error without those of this package."""
    return [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(HERE)]


def lines_of(error: BaseException) -> list[str]:
    """The error as Python prints it, without the frames of this package."""
    told = traceback.TracebackException.from_exception(error)
    link: traceback.TracebackException | None = told
    while link is not None:
        link.stack = traceback.StackSummary.from_list(
            [frame for frame in link.stack if not frame.filename.startswith(HERE)]
        )
        link = link.__cause__ or link.__context__
    return [line for part in told.format() for line in part.rstrip("\n").split("\n")]


def _print(error: BaseException) -> None:
    sys.stdout.flush()
    print("\n".join(lines_of(error)), file=sys.stderr)


def _failure(error: BaseException, script: Path) -> dict[str, Any]:
    frames = frames_of(error)
    folder = str(script.parent.parent)
    own = [frame for frame in frames if frame.filename.startswith(folder)]
    line = next((frame.lineno for frame in reversed(own) if frame.filename == str(script)), None)
    if isinstance(error, SyntaxError) and error.filename == str(script):
        line = error.lineno
    inner = own[-1] if own and own[-1].filename != str(script) else None
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "message": _message(error),
        "line": line,
        "script": script.name,
        "inner": f"{Path(inner.filename).name}, line {inner.lineno}" if inner else None,
        "category": getattr(error, "category", None),
    }


def _message(error: BaseException) -> str:
    """The text of an error. What a worker of Spark's says is a whole traceback: its last line tells."""
    if isinstance(error, SyntaxError):
        return error.msg
    text = str(error).strip()
    if type(error).__name__ == "PythonException":
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else text
    return text.partition("\n\nJVM stacktrace:")[0]
