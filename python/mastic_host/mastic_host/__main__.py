"""The beginning of the process: settings in, a script or a session's kernel to its end."""

import sys

from mastic_host.control import Control


def main() -> int:
    control = Control.take()
    if control.settings["mode"] == "kernel":
        from mastic_host import kernel

        return kernel.serve(control)
    control.watch()
    from mastic_host import script

    return script.run(control.settings)


if __name__ == "__main__":
    sys.exit(main())
