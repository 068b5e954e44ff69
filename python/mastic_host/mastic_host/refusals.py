"""What Spark says of statements over its catalog that it refuses, with the names of its errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def analysis(condition: str, message: str, state: str) -> Exception:
    """An error of Spark's by its name."""
    from pyspark.errors import AnalysisException

    return AnalysisException(errorClass=condition, message=f"{message} SQLSTATE: {state}")


def plain(message: str) -> Exception:
    """An error of Spark's that has no name."""
    from pyspark.errors import AnalysisException

    return AnalysisException(message)


def syntax(message: str) -> Exception:
    """A statement that Spark does not take for one."""
    from pyspark.errors import ParseException

    return ParseException(message)


def no_table(name: str) -> Exception:
    """There is no such table."""
    told = f"The table or view {_quoted(name)} cannot be found. Verify the spelling and correctness of the schema and catalog."
    return analysis("TABLE_OR_VIEW_NOT_FOUND", told, "42P01")


def no_database(name: str) -> Exception:
    """There is no such database."""
    told = f"The schema {_quoted(name)} cannot be found. Verify the spelling and correctness of the schema and catalog."
    return analysis("SCHEMA_NOT_FOUND", told, "42704")


def table_exists(name: str) -> Exception:
    """There is such a table already."""
    told = f"Cannot create table or view {_quoted(name)} because it already exists."
    return analysis("TABLE_OR_VIEW_ALREADY_EXISTS", told, "42P07")


def is_view(name: str, statement: str) -> Exception:
    """A view, where a table is wanted."""
    told = f"'{statement}' expects a table but {_quoted(name)} is a view."
    return analysis("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", told, "42809")


def not_partitioned(name: str, statement: str) -> Exception:
    """A table without partitions, where some are wanted."""
    told = f"Operation {statement} is not allowed for {_quoted(name)} because it is not a partitioned table."
    return analysis("NOT_A_PARTITIONED_TABLE", told, "42809")


def no_partitions(table: dict[str, Any], which: Iterable[str]) -> Exception:
    """There are no such partitions, or partition keys."""
    told = f"The partition(s) {', '.join(which)} cannot be found in table {of(table)}."
    return analysis("PARTITIONS_NOT_FOUND", f"{told}\nVerify the partition specification and table name.", "428FT")


def partitions_exist(table: dict[str, Any], which: Iterable[str]) -> Exception:
    """There are such partitions already."""
    told = f"Cannot ADD or RENAME TO partition(s) {', '.join(which)} in table {of(table)} because they already exist."
    return analysis("PARTITIONS_ALREADY_EXIST", told, "428FT")


def no_column(name: str) -> Exception:
    """There is no such column."""
    return analysis("COLUMN_NOT_FOUND", f"The column {_quoted(name)} cannot be found.", "42703")


def column_exists(name: str) -> Exception:
    """There is such a column already."""
    told = f"The column {_quoted(name)} already exists. Choose another name or rename the existing column."
    return analysis("COLUMN_ALREADY_EXISTS", told, "42711")


def not_for(name: str, what: str) -> Exception:
    """Something that Spark does with tables of other kinds only."""
    told = f"The feature is not supported: Table {_quoted(name)} does not support {what}."
    return analysis("UNSUPPORTED_FEATURE.TABLE_OPERATION", told, "0A000")


def of(table: dict[str, Any]) -> str:
    """A table's name, as errors have it."""
    return f"`{table['DatabaseName']}`.`{table['Name']}`"


def _quoted(name: str) -> str:
    from mastic_host import tables

    return ".".join(f"`{part}`" for part in tables.parts(name))
