"""Arguments of a job (AWS Glue Developer Guide: "Accessing parameters using getResolvedOptions")."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any, NoReturn

__all__ = ["GlueArgumentError", "GlueArgumentParser", "getResolvedOptions"]

_BOOKMARKS = ("job-bookmark-enable", "job-bookmark-pause", "job-bookmark-disable")
_CONTINUATIONS = {
    "continuation-enabled": "job-bookmark-enable",
    "continuation-readonly": "job-bookmark-pause",
    "continuation-ignore": "job-bookmark-disable",
}
#: What every job's answer has, asked for or not.
_RESERVED = (
    "job-bookmark-option", "job-bookmark-from", "job-bookmark-to", "continuation-option", "JOB_ID", "JOB_RUN_ID",
    "SECURITY_CONFIGURATION", "encryption-type", "enable-data-lineage",
)  # fmt: skip
_FOLDERS = ("RedshiftTempDir", "TempDir")
#: From this version of Glue on, a name must be written in full.
_WHOLE_NAMES = 6.0


class GlueArgumentError(Exception):
    """An argument that a script needs was not given, or is not what it may be."""


class GlueArgumentParser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raises GlueArgumentError."""
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str], allow_abbrev: bool | None = None) -> dict[str, Any]:
    """The values of the job's arguments named in `options` (without their hyphens), and of Glue's own.

    `args` is `sys.argv`. Arguments that are not asked for are left out. Shortened names are understood with `allow_abbrev`,
    which is on below version 6.0 of Glue (`GLUE_VERSION` in the environment).

    Raises GlueArgumentError for an argument that lacks, and RuntimeError for reserved names and bookmark options that
    do not fit together.
    """
    reserved = [option for option in options if option.replace("-", "_") in {one.replace("-", "_") for one in _RESERVED}]
    if reserved:
        raise RuntimeError(f"Using reserved arguments {reserved}")
    parser = GlueArgumentParser(add_help=False, allow_abbrev=_abbreviations() if allow_abbrev is None else allow_abbrev)
    bookmark = parser.add_mutually_exclusive_group()
    bookmark.add_argument("--job-bookmark-option", choices=_BOOKMARKS)
    bookmark.add_argument("--continuation-option", choices=_CONTINUATIONS)
    for name in (*_RESERVED, *_FOLDERS):
        if name not in ("job-bookmark-option", "continuation-option"):
            parser.add_argument(f"--{name}", required=name in options and name not in _FOLDERS)
    for option in dict.fromkeys(options):
        if option not in _FOLDERS:
            parser.add_argument(f"--{option}", required=True)
    found = vars(parser.parse_known_args(list(args)[1:])[0])
    _folders(found, options)
    _bookmarks(found)
    return found


def _abbreviations() -> bool:
    try:
        return float(os.environ.get("GLUE_VERSION", "")) < _WHOLE_NAMES
    except ValueError:
        return True


def _folders(found: dict[str, Any], options: Sequence[str]) -> None:
    """Each of the two names of the temporary folder stands for the other one."""
    for name, other in (_FOLDERS, _FOLDERS[::-1]):
        if found[name] is None:
            found[name] = found[other]
    missing = [f"--{name}" for name in options if name in _FOLDERS and found[name] is None]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")


def _bookmarks(found: dict[str, Any]) -> None:
    continuation = found.pop("continuation_option")
    if found["job_bookmark_option"] is None:
        found["job_bookmark_option"] = _CONTINUATIONS.get(continuation, "job-bookmark-disable")
    ends = {f"--{name.replace('_', '-')}": found[name] for name in ("job_bookmark_from", "job_bookmark_to")}
    given = [name for name, value in ends.items() if value is not None]
    if found["job_bookmark_option"] == "job-bookmark-pause":
        if len(given) == 1:
            missing = next(name for name in ends if name not in given)
            raise RuntimeError(f"Missing option or value for {missing}")
    elif given:
        raise RuntimeError(f"Invalid option(s) {', '.join(given)}: they go with job-bookmark-pause")
