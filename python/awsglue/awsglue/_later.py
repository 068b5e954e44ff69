"""Rows of the runner's engine that go to Spark when it first needs them.

A source that the engine reads is a folder that tells Spark its columns. Most of what a script asks of Spark is about columns; what
needs rows is held up until the engine has put them there. A frame that the engine writes by itself never needs them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from awsglue._bridge import Bridge

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Sources that are read side by side.
_READERS = 4
_COMMENTS = re.compile(r"\A(\s+|/\*.*?\*/|--[^\n]*(\n|\Z))*", re.S)
# Behind a `WITH` or a `FROM`, too.
_INSERT = re.compile(r"\binsert\b", re.I)
_QUERY = re.compile(r"\(*\s*(select|with|from|values|table)\b", re.I)
#: What reads tables and views by their names.
_NAMING = {"spark.connect.Read.NamedTable", "spark.connect.SQL", "spark.connect.SqlCommand"}
#: Commands that are about Spark itself.
_WITHOUT_ROWS = {"register_function", "register_table_function", "register_data_source", "get_resources_command"}


class Later:
    """A source whose rows are not there yet."""

    def __init__(self, bridge: Bridge, source: int, folder: str) -> None:
        self.folder = folder.encode()
        self._bridge, self._source = bridge, source
        self._lock = threading.Lock()
        self._answer: dict[str, Any] | None = None

    def filled(self) -> dict[str, Any]:
        """What is known once the rows are there; the first call has them put there."""
        with self._lock:
            if self._answer is None:
                self._answer = self._bridge.ask("/fill", {"source": self._source})
                _waiting.discard(self)
            return self._answer


_waiting: set[Later] = set()
#: Those behind the names of views.
_viewed: dict[bytes, set[Later]] = {}
#: Those in queries that were made of frames.
_queried: set[Later] = set()


def wait_for(spark: SparkSession, later: Later) -> None:
    """From now on Spark is not asked for this source's rows before they are there."""
    _waiting.add(later)
    client = type(spark.client)
    if not getattr(client, "_awsglue_waits", False):
        client._awsglue_waits = True
        client._execute = _before(client._execute)
        client._execute_and_fetch_as_iterator = _before(client._execute_and_fetch_as_iterator)
        client._analyze = _analyzing(client._analyze)


def _before(execute: Callable[..., Any]) -> Callable[..., Any]:
    def executing(client: Any, req: Any, *given: Any, **more: Any) -> Any:
        if _waiting:
            _fill(_needed(req.plan))
        return execute(client, req, *given, **more)

    return executing


def _analyzing(analyze: Callable[..., Any]) -> Callable[..., Any]:
    def analyzing(client: Any, *given: Any, **more: Any) -> Any:
        if not _waiting:
            return analyze(client, *given, **more)
        try:
            return analyze(client, *given, **more)
        except Exception:
            # A pivot asks for rows to know its columns.
            if not _waiting:
                raise
            _fill(set(_waiting))
            return analyze(client, *given, **more)

    return analyzing


def _needed(plan: Any) -> set[Later]:
    """The sources whose rows a plan may need."""
    told = plan.SerializeToString()
    named = {later for later in list(_waiting) if later.folder in told}
    if plan.WhichOneof("op_type") == "command":
        kind = plan.command.WhichOneof("command_type")
        if kind in _WITHOUT_ROWS:
            return set()
        if kind == "create_dataframe_view":
            _viewed[plan.command.create_dataframe_view.name.encode().lower()] = named | _behind(plan, told)
            return set()
        if kind == "sql_command" and _is_query(plan.command.sql_command):
            _queried.update(named)
            return set()
    return named | _behind(plan, told)


def _behind(plan: Any, told: bytes) -> set[Later]:
    """The sources behind the views that a plan may name."""
    text = told.lower()
    viewed = [laters for name, laters in _viewed.items() if name in text]
    behind = _queried.union(*viewed) & _waiting
    return behind if behind and _names(plan) else set()


def _names(plan: Any) -> bool:
    """Whether a plan reads what it only names: a view, perhaps."""
    parts = [plan]
    while parts:
        part = parts.pop()
        if part.DESCRIPTOR.full_name in _NAMING:
            return True
        for field, value in part.ListFields():
            if field.message_type is not None and not field.message_type.GetOptions().map_entry:
                parts.extend((value,) if hasattr(value, "ListFields") else value)
            elif field.message_type is not None and hasattr(next(iter(value.values()), None), "DESCRIPTOR"):
                parts.extend(value.values())
    return False


def _is_query(command: Any) -> bool:
    text = command.sql or command.input.sql.query
    return bool(_QUERY.match(_COMMENTS.sub("", text, count=1))) and not _INSERT.search(text)


def _fill(needed: set[Later]) -> None:
    if len(needed) < 2:
        for later in needed:
            later.filled()
        return
    with ThreadPoolExecutor(_READERS) as readers:
        list(readers.map(Later.filled, needed))
