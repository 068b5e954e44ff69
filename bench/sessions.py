"""Interactive sessions: how long until they are ready, one and 20 at once, and what an idle one takes."""

import pathlib
import statistics
import time

import measure
from measure import harness

import sessions

MANY = 20


def own_memory(root):
    """MiB of a process and all below it; what processes share counts in parts."""
    total = 0
    for process in measure.tree(root):
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def runners(server):
    """The processes of sessions, one for each, below the server."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(process) for children in tasks for process in children.read_text().split()]


def ready(server, role, count):
    """So many new sessions, and the seconds until the last one was ready."""
    begin = time.monotonic()
    made = [sessions.Session(server, harness.name("session"), role, ready=False) for _ in range(count)]
    for session in made:
        session.until("READY")
    return made, time.monotonic() - begin


def statement(session, code):
    """The seconds that a statement took."""
    begin = time.monotonic()
    session.text(code)
    return time.monotonic() - begin


def all_at_once(made, code):
    """The seconds that a statement of each took."""
    begin = time.monotonic()
    for session, id in [(session, session.begin(code)) for session in made]:
        session.end_of(id)
    return time.monotonic() - begin


def told(server, what):
    taken = [own_memory(process) for process in runners(server)]
    idle = measure.cpu(server.process.pid)
    time.sleep(10)
    idle = (measure.cpu(server.process.pid) - idle) / 10 / len(taken)
    print(f"{what}: {statistics.median(taken):.0f} MiB and {idle:.2%} of a core for each of {len(taken)}")


def main():
    spark = "spark.range(3).count()"
    with measure.server() as server:
        role = server.role(harness.statement(["s3:*", "glue:*", "logs:*"]))
        # The first one may make the runtime.
        ready(server, role, 1)[0][0].stop()
        alone = []
        for _ in range(5):
            (session,), seconds = ready(server, role, 1)
            alone.append((seconds, statement(session, "1 + 1"), statement(session, spark), statement(session, spark)))
            session.stop()
        figures = [statistics.median(row) for row in zip(*alone)]
        print("one session: ready in {:.2f} s, a first statement {:.2f} s, Spark's first {:.2f} s, its second {:.2f} s".format(*figures))
        made, seconds = ready(server, role, MANY)
        print(f"{MANY} sessions at once: ready in {seconds:.2f} s")
        told(server, "idle")
        print(f"a first statement with Spark in each at once: {all_at_once(made, spark):.1f} s, "
              f"a second {all_at_once(made, spark):.2f} s")
        told(server, "idle with Spark")


if __name__ == "__main__":
    main()
