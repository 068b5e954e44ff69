"""Never ends, nor does what it starts."""

import subprocess
import sys
import time

subprocess.Popen(["sleep", dict(zip(sys.argv[1::2], sys.argv[2::2]))["--nap"]])
print("waiting", flush=True)
while True:
    time.sleep(1)
