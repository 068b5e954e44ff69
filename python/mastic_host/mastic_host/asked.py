"""A statement that somebody asked a session, and what its names mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from awsglue import _catalog
from awsglue._errors import EntityNotFoundException

from mastic_host import refusals, tables


@dataclass(frozen=True)
class Asked:
    """The session, the way to Sail, and the arguments that came with the statement."""

    session: Any
    ask: Callable[..., Any]
    arguments: tuple[Any, ...] = ()

    def sail(self, text: str) -> Any:
        """Sail's answer to another statement."""
        return self.ask(self.session, text)

    def query(self, text: str) -> Any:
        """The answer of a query within the statement."""
        return self.session.sql(text, *self.arguments)

    def rows(self, rows: list[Any], columns: str) -> Any:
        """An answer of these rows."""
        return self.session.createDataFrame(rows, columns)

    def table(self, name: str) -> dict[str, Any] | None:
        """The table of the Glue catalog that a name means; nothing if it is Sail's to know.

        Raises AnalysisException if there is no such table.
        """
        if tables.locate(self.session, name) is None or self.is_temporary(name):
            return None
        found = tables.find(self.session, name)
        if found is None:
            raise refusals.no_table(name)
        return found

    def is_temporary(self, name: str) -> bool:
        """Whether a name means a temporary view."""
        from pyspark.errors import PySparkException

        if len(tables.parts(name)) > 1:
            return False
        try:
            return bool(self.session.catalog.getTable(name).isTemporary)
        except PySparkException:
            return False

    def database(self, name: str | None) -> tuple[str, str] | None:
        """Catalog and name of the database that a name means, or else the current one; nothing if it is not of the Glue catalog."""
        named = tables.parts(name) if name else [self.session.catalog.currentDatabase()]
        catalog = named[0] if len(named) == 2 else self.session.catalog.currentCatalog()
        return (catalog, named[-1]) if catalog in tables.catalogs and len(named) <= 2 else None

    def described(self, place: tuple[str, str]) -> dict[str, Any]:
        """What the Glue catalog says of a database. Raises AnalysisException if there is none."""
        try:
            return dict(_catalog.call(_catalog.client("glue").get_database, Name=place[1])["Database"])
        except EntityNotFoundException:
            raise refusals.no_database(f"`{place[0]}`.`{place[1]}`") from None


@contextmanager
def elsewhere(session: Any) -> Iterator[Any]:
    """Another session, in a database that there is: Sail knows its own functions only in such a one."""
    other = type(session)(connection=session.client._builder)
    try:
        databases = other.catalog.listDatabases()
        if databases:
            other.catalog.setCurrentDatabase(databases[0].name)
        yield other
    finally:
        other.client.release_session()
        other.client.close()


def matches(pattern: str | None, name: str) -> bool:
    """Whether a name is one of those that a pattern of `LIKE` after `SHOW` means.

    >>> [matches("ev*|X", one) for one in ("events", "x", "prev")]
    [True, True, False]
    """
    if pattern is None:
        return True
    forms = (re.escape(one.strip()).replace(r"\*", ".*") for one in pattern.split("|"))
    return any(re.fullmatch(form, name, re.I) for form in forms)
