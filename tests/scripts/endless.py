"""Never ends, nor does what it starts."""

import subprocess
import time

subprocess.Popen(["sleep", "4321"])
print("waiting", flush=True)
while True:
    time.sleep(1)
