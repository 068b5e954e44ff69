"""What the benchmarks share: a release server, process trees measured, figures printed as one table."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import harness

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Used:
    """Wall seconds, CPU seconds of the whole process tree, and the largest sum of its resident memory in MiB."""

    wall: float
    cpu: float
    peak: float


@contextlib.contextmanager
def server():
    """A Mastic server over an empty directory."""
    with tempfile.TemporaryDirectory(prefix="mastic-bench-", dir=scratch()) as folder:
        running = harness.Server(folder).start()
        try:
            yield running
        finally:
            running.stop()


def scratch():
    """Where benchmarks keep data; a real disk, as /tmp may be memory."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "mastic" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def emptied(name):
    """An empty folder for what a peer, or a look at what was written, needs."""
    folder = scratch() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def clear(s3, bucket, prefix):
    """Deletes all objects under a prefix."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        found = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if found:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": found})


def download(s3, bucket, prefix):
    """All objects under a prefix as files of one folder, by the rest of their keys."""
    folder = emptied("ours")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page["Contents"]:
            file = folder / entry["Key"].removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(file))
    return folder


def tree(root):
    """The processes below and including `root`."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        # It may be gone by now.
        with contextlib.suppress(OSError):
            for children in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return found


def cpu(root):
    """CPU seconds of the tree, with those of children that are gone and waited for."""
    total = 0
    for process in tree(root):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICK


def resident(root):
    """MiB of the tree in memory."""
    total = 0
    for process in tree(root):
        with contextlib.suppress(OSError):
            total += int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Watch:
    """Measures the tree below a process while the block runs; `used` afterwards."""

    def __init__(self, root):
        self.root = root
        self.used = None
        self._peak = 0.0
        self._done = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._sample)
        self._cpu, self._begin = cpu(self.root), time.monotonic()
        self._thread.start()
        return self

    def _sample(self):
        while not self._done.wait(0.05):
            self._peak = max(self._peak, resident(self.root))

    def __exit__(self, *error):
        wall = time.monotonic() - self._begin
        spent = cpu(self.root) - self._cpu
        self._done.set()
        self._thread.join()
        self.used = Used(wall, spent, self._peak)


def command(*arguments):
    """Runs a whole process and measures it from start to exit."""
    begin, peak, spent = time.monotonic(), 0.0, 0.0
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    while True:
        # A child that nobody waits for, as Spark's JVM, is not in what is left at the end.
        peak, spent = max(peak, resident(process.pid)), max(spent, cpu(process.pid))
        exited = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if exited is not None:
            wall = time.monotonic() - begin
            assert process.wait() == 0, arguments
            return Used(wall, spent, peak)
        time.sleep(pause(begin))


def pause(begin):
    """Seconds until one looks again: often at first, and never so often that looking takes from what is measured."""
    return min(0.05, max(0.005, (time.monotonic() - begin) / 50))


def run_job(server, name, **more):
    """StartJobRun until SUCCEEDED."""
    glue = server.client("glue")
    with Watch(server.process.pid) as watch:
        begin = time.monotonic()
        run = glue.start_job_run(JobName=name, **more)["JobRunId"]
        while True:
            found = glue.get_job_run(JobName=name, RunId=run)["JobRun"]
            if found["JobRunState"] in ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR"):
                break
            time.sleep(pause(begin))
    assert found["JobRunState"] == "SUCCEEDED", found.get("ErrorMessage")
    return watch.used


def rounds(count, **engines):
    """Runs each engine in turn, `count` times; the figures of each."""
    found = {name: [] for name in engines}
    for number in range(count):
        for name, engine in engines.items():
            found[name].append(engine())
            print(f"  round {number + 1} {name}: {found[name][-1]}", file=sys.stderr)
    return found


def table(title, found, base):
    """Prints medians, and the median of within-round ratios to `base`."""
    print(f"\n{title}")
    head = f"{'':12} {'wall s':>8} {'(min..max)':>16} {'cpu s':>8} {'peak MiB':>9}"
    print(f"{head} {'wall':>6} {'cpu':>6} {'peak':>6}  of {base}")
    for name, runs in found.items():
        walls = [run.wall for run in runs]
        pairs = list(zip(runs, found[base]))
        ratios = [
            statistics.median(getattr(run, what) / max(getattr(other, what), 1e-9) for run, other in pairs)
            for what in ("wall", "cpu", "peak")
        ]
        spread = f"({min(walls):.2f}..{max(walls):.2f})"
        wall, spent, peak = (statistics.median(getattr(run, what) for run in runs) for what in ("wall", "cpu", "peak"))
        ratios = " ".join(f"{ratio:6.2f}" for ratio in ratios)
        print(f"{name:12} {wall:8.2f} {spread:>16} {spent:8.2f} {peak:9.0f} {ratios}")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
