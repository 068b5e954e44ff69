"""The kernel of sessions, as the runner talks to it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

PACKAGES = pathlib.Path(__file__).parent.parent


class Session:
    """A kernel in a process of its own."""

    def __init__(self, folder, **settings):
        settings = {"mode": "kernel", "paths": [], "arguments": [], "spark": None} | settings
        self.log = folder / "stderr"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mastic_host"],
            env=dict(os.environ, PYTHONPATH=str(PACKAGES), PYTHONUNBUFFERED="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("wb"),
            # When its input ends, it ends its whole process group.
            start_new_session=True,
        )
        self.statements = 0
        self.tell(settings)
        assert self.hear() == {"ready": True}

    def tell(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        return json.loads(line)

    def begin(self, code):
        self.statements += 1
        self.tell({"id": self.statements, "code": code})
        return self.statements

    def run(self, code):
        self.begin(code)
        answer = self.hear()
        assert answer["id"] == self.statements
        return answer

    def text(self, code):
        answer = self.run(code)
        assert answer["error"] is None, answer
        return answer["text"]

    def error(self, code):
        return self.run(code)["error"]


@pytest.fixture
def session(tmp_path):
    started = []

    def start(**settings):
        started.append(Session(tmp_path, **settings))
        return started[-1]

    yield start
    for one in started:
        one.process.stdin.close()
        # It ends itself and its group.
        one.process.wait(10)


def test_a_statement_is_like_a_cell(session):
    kernel = session()
    assert kernel.text("x = 20\nprint('so far')\nx + 22") == "so far\n42"
    assert kernel.text("x * 2") == "40"
    assert kernel.text("_ + 1") == "41"
    for silent in ("None", "x = 1", "", "# nothing", "for n in range(3): n"):
        assert kernel.text(silent) == ""
    assert kernel.text('"as it is"') == "'as it is'"
    assert kernel.text("def f(n):\n    return n + x\n\nf(1)") == "2"
    assert kernel.text("__name__") == "'__main__'"
    # What this module's own text asks of Python is not asked of statements.
    assert kernel.text("def f(a: int): ...\nf.__annotations__") == "{'a': <class 'int'>}"


def test_errors_are_told_without_the_kernel(session):
    kernel = session()
    kernel.run("def inner():\n    return 1 / 0")
    answer = kernel.run("print('before')\ninner()")
    assert answer["text"] == "before" and not answer["cancelled"]
    error = answer["error"]
    assert (error["name"], error["value"]) == ("ZeroDivisionError", "division by zero")
    assert error["traceback"][0] == "Traceback (most recent call last):"
    assert error["traceback"][1:5] == [
        '  File "<statement 2>", line 2, in <module>',
        "    inner()",
        '  File "<statement 1>", line 2, in inner',
        "    return 1 / 0",
    ]
    assert error["traceback"][-1] == "ZeroDivisionError: division by zero"
    assert not any("kernel.py" in line for line in error["traceback"])
    assert kernel.error("1 +")["name"] == "SyntaxError"
    assert kernel.error('val x: Int = 1; println("Scala")')["name"] == "SyntaxError"
    ended = kernel.error("import sys; sys.exit(3)")
    assert (ended["name"], ended["value"]) == ("SystemExit", "3")
    broken = kernel.error("class E(Exception):\n    def __str__(self): raise ValueError\nraise E")
    assert broken["value"] == "<its text cannot be had: ValueError>"
    assert kernel.text("'alive'") == "'alive'"


def test_a_statement_is_interrupted(session):
    kernel = session()
    statement = kernel.begin("import time\nprint('begun')\nwhile True: time.sleep(600)")
    kernel.tell({"cancel": 99})
    kernel.tell({"cancel": statement})
    answer = kernel.hear()
    assert answer["cancelled"] and answer["error"]["name"] == "KeyboardInterrupt"
    assert kernel.run("'in time'")["text"] == "'in time'"
    # Too late: it does not meet the next one.
    kernel.tell({"cancel": statement})
    assert kernel.text("x = 'lives on'; x") == "'lives on'"


def test_the_streams_are_kept_apart(session, tmp_path):
    kernel = session()
    text = kernel.text(
        "import os, subprocess, sys, logging, warnings\n"
        "print('printed')\n"
        "print('to the log', file=sys.stderr)\n"
        "os.write(1, b'raw\\n')\n"
        "subprocess.run(['echo', 'from a child'])\n"
        "logging.getLogger().warning('warned')\n"
        "sys.stdin.read()"
    )
    assert text == "printed\n''"
    kernel.run("sys.stdout = sys.stderr; print('away')")
    assert kernel.text("print('back')") == "back"
    log = kernel.log.read_text()
    for line in ("to the log", "raw", "from a child", "warned"):
        assert line in log
    kernel.text("import threading\ngo = threading.Event()\ndef late():\n    go.wait(); print('late')\n"
                "thread = threading.Thread(target=late); thread.start()")
    assert kernel.text("go.set(); thread.join()") == "late"


def test_long_and_strange_texts(session):
    kernel = session()
    assert kernel.text("'\\ud800 \\u2603'") == "'\\ud800 ☃'"
    assert kernel.text("print('a\\ud800b')") == "a?b"
    long = kernel.text("print('x' * 3_000_000)")
    assert len(long) < 1_100_000 and long.endswith("\n... 2000001 more characters were not kept")
    assert kernel.error("import sys; sys.stdout.write(b'bytes')")["name"] == "TypeError"


def test_arguments_and_paths(session, tmp_path):
    (tmp_path / "mine.py").write_text("answer = 42\n")
    kernel = session(paths=[str(tmp_path)], arguments=["--a", "1"])
    assert kernel.text("import sys, mine\nsys.argv[1:], mine.answer") == "(['--a', '1'], 42)"


def test_main_is_the_session(session):
    kernel = session()
    assert kernel.text("import pickle\nclass Thing: pass\ntype(pickle.loads(pickle.dumps(Thing()))) is Thing") == "True"
