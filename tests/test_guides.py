"""The walk-throughs of docs/guides.md: each block is run as it stands there, each answer compared."""

import os
import re
import subprocess

import pytest

import harness
from harness import ROOT

GUIDES = ROOT / "docs" / "guides.md"
BLOCK = re.compile(r"^```(bash|text)\n(.*?)^```$", re.M | re.S)
# Between the answers of a guide's blocks.
MARK = "\x1e"


def guides():
    """The preparation, and each guide's title with its pairs of commands and answer (None: not shown)."""
    head, *rest = re.split(r"^## (.*)$", GUIDES.read_text(), flags=re.M)
    preparation = [text for kind, text in BLOCK.findall(head) if kind == "bash"]
    found = {}
    for title, text in zip(rest[::2], rest[1::2]):
        pairs = []
        for kind, block in BLOCK.findall(text):
            if kind == "bash":
                pairs.append([block, None])
            else:
                pairs[-1][1] = block
        found[title] = pairs
    assert preparation and found
    return "".join(preparation), found


PREPARATION, FOUND = guides()


def expression(shown):
    """What an answer must match: its lines, with `...` for anything."""
    lines = [".*".join(re.escape(part) for part in line.split("...")) for line in shown.splitlines()]
    # A line of its own stands for any number of them.
    return re.compile(r"\s*" + r"\n+".join(r"(?s:.*)" if line == ".*" else line for line in lines) + r"\s*")


def fails(shown):
    """Whether a block is there to show a refusal: the shell then goes on after it."""
    return shown is not None and re.search(r"denied|not authorized|Error|FAILED|missing", shown, re.I)


def script(pairs):
    lines = [PREPARATION]
    for commands, shown in pairs:
        lines += [f"printf '{MARK}'", "set +e" if fails(shown) else "set -e", commands]
    return "\n".join(lines)


def told(own_server, folder, pairs):
    """What each block printed, errors too, in order."""
    environment = own_server.bare_environment() | {
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "MASTIC_DATA": str(own_server.data),
        "PATH": f"{os.path.dirname(harness.binary())}:{os.path.dirname(harness.tool('aws'))}:{os.environ['PATH']}",
        "TMPDIR": str(folder),
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        ["bash", "-c", script(pairs)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=300,
    )
    _, *answers = done.stdout.split(MARK)
    assert len(answers) == len(pairs), f"the guide ended with {done.returncode}:\n{done.stdout[-2000:]}"
    return answers


@pytest.mark.parametrize("title", FOUND)
def test_guide(own_server, tmp_path, title):
    own_server.start()
    pairs = FOUND[title]
    for answer, (commands, shown) in zip(told(own_server, tmp_path, pairs), pairs):
        if shown is None:
            assert "error occurred" not in answer, f"{commands}\nprinted\n{answer}"
        else:
            assert expression(shown).fullmatch(answer), f"{commands}\nprinted\n{answer}\ninstead of\n{shown}"
