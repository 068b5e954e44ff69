"""What a script sees of its arguments, its working directory and its environment."""

import os
import sys
from pathlib import Path

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(Path(sys.argv[0]).name, given["--JOB_NAME"], given["--day"], given["--job-bookmark-option"])
print(given["--JOB_RUN_ID"].startswith("jr_"), given["--JOB_ID"].startswith("j_"))
print(Path("settings.json").read_text())
print(sorted(name for name in os.environ if "SECRET" in name or "ACCESS_KEY" in name))
print(sys.stdin.read() == "", __name__)
