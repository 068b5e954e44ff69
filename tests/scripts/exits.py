"""Ends itself."""

import sys

print("before")
sys.exit(int(dict(zip(sys.argv[1::2], sys.argv[2::2]))["--code"]))
