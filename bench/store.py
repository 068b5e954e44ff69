"""Durable small writes a second, with 1 and with 64 writers: the store's own benchmark."""

import subprocess

import measure

if __name__ == "__main__":
    print("\nStore", flush=True)
    subprocess.run(["cargo", "bench", "--quiet", "--package", "mastic-store-sqlite"], cwd=measure.ROOT, check=True)
