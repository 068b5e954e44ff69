"""The beginning of the process: settings in, a script or a session's kernel to its end."""

import atexit
import os
import sys
import threading
from typing import NoReturn

from mastic_host.control import Control


def main() -> int:
    control = Control.take()
    if control.settings["mode"] == "kernel":
        from mastic_host import kernel

        return kernel.serve(control)
    control.watch()
    from mastic_host import script

    return script.run(control.settings)


def leave(code: int) -> NoReturn:
    """Ends the process as Python does, but for taking all of its objects apart, which takes longer than many a script."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
