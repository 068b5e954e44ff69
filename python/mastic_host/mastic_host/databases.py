"""Statements that change or end databases of the Glue catalog."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from awsglue import _catalog
from awsglue._errors import EntityNotFoundException, GlueError

from mastic_host import commands, creates, describe, partitions, refusals, tables
from mastic_host.asked import Asked
from mastic_host.statements import enclosed, literal, unquoted


_NO_DEFAULT = re.compile(r"Database (?:not found: default\b|default not found)")


def make_default(refused: str) -> bool:
    """Makes the database in which tables without one are, which a plan was refused for; whether it was, and is there now."""
    if not tables.catalogs or not _NO_DEFAULT.search(refused):
        return False
    try:
        _catalog.call(_catalog.client("glue").create_database, DatabaseInput={"Name": "default"})
    except GlueError as error:
        # Another run may have been quicker.
        if error.code != "AlreadyExistsException":
            raise
    return True


def drop(asked: Asked, found: re.Match[str]) -> Any:
    """`DROP DATABASE [IF EXISTS] name [CASCADE]`: only with the latter if it has tables, whose own files go with them."""
    unless_gone, name, cascade = bool(found[1]), found[2], (found[3] or "").lower() == "cascade"
    place = asked.database(name)
    if place is None:
        return None
    try:
        there = describe.listed(place[1])
    except EntityNotFoundException:
        if unless_gone:
            return commands.nothing(asked.session)
        raise refusals.no_database(f"`{place[0]}`.`{place[1]}`") from None
    if there and not cascade:
        told = f"Cannot drop a schema `{place[1]}` because it contains objects."
        hint = "Use DROP SCHEMA ... CASCADE to drop the schema and all its objects."
        raise refusals.analysis("SCHEMA_NOT_EMPTY", f"{told} {hint}", "2BP01")
    _catalog.call(_catalog.client("glue").delete_database, Name=place[1])
    for one in there:
        if partitions.is_managed(one) and not tables.is_iceberg(one):
            partitions.empty(partitions.place(one))
    return commands.nothing(asked.session)


def set_properties(asked: Asked, found: re.Match[str]) -> Any:
    """`ALTER DATABASE name SET DBPROPERTIES (...)`."""
    said = creates.pairs(enclosed(found[2])[0])
    return _change(asked, found[1], lambda there: {"Parameters": {**there.get("Parameters", {}), **said}})


def set_location(asked: Asked, found: re.Match[str]) -> Any:
    """`ALTER DATABASE name SET LOCATION '...'`."""
    _catalog.place(unquoted(found[2]))
    return _change(asked, found[1], lambda there: {"LocationUri": unquoted(found[2])})


def comment(asked: Asked, found: re.Match[str]) -> Any:
    """`COMMENT ON DATABASE name IS '...'`."""
    said = "" if found[2].lower() == "null" else literal(found[2])
    return _change(asked, found[1], lambda there: {"Description": said})


def _change(asked: Asked, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    place = asked.database(name)
    if place is None:
        return None
    there = asked.described(place)
    kept = ("Name", "Description", "LocationUri", "Parameters", "CreateTableDefaultPermissions", "TargetDatabase")
    described = {name: there[name] for name in kept if name in there} | change(there)
    _catalog.call(_catalog.client("glue").update_database, Name=place[1], DatabaseInput=described)
    return commands.nothing(asked.session)
