"""Names of partitions' folders as Spark gives them: Sail calls those of nulls by whatever the array has there, mostly zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mastic_host import tables
from mastic_host.statements import quoted

# The formats that Sail writes into folders.
FORMATS = ("avro", "csv", "json", "parquet", "text")


def install() -> None:
    """Makes writers name them so."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.readwriter import DataFrameWriter

    save = DataFrameWriter.save

    def saving(
        writer: Any, path: Any = None, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        writer.mode(mode).options(**options)
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        source = (format or writer._write.source or "parquet").lower()
        if not writer._write.partitioning_cols or source not in FORMATS:
            save(writer, path, format)
            return
        rows = DataFrame(writer._write._child, writer._spark)
        known = {name.lower(): name for name in rows.columns}
        # Sail wants them as they are written in the frame.
        keys = [known.get(key.lower(), key) for key in writer._write.partitioning_cols]
        writer._write.partitioning_cols = keys
        texts = {name: rows[quoted(name)].cast("string") for name in keys}
        texts = {name: F.coalesce(F.nullif(text, F.lit("")), F.lit(tables.NULL)) for name, text in texts.items()}
        with _instead(writer, rows.withColumns(texts)):
            save(writer, path, format)

    DataFrameWriter.save = saving


@contextmanager
def demanded(writer: Any, keys: list[str]) -> Iterator[None]:
    """A writer within writes into partitions of a table by Sail, and no nulls into those of other keys than texts."""
    from pyspark.sql.connect.dataframe import DataFrame

    with _instead(writer, without_nulls(DataFrame(writer._write._child, writer._spark), keys)):
        yield


@contextmanager
def _instead(writer: Any, rows: Any) -> Iterator[None]:
    child = writer._write._child
    writer._write._child = rows._plan
    try:
        yield
    finally:
        # A writer may be used again.
        writer._write._child = child


def without_nulls(rows: Any, keys: list[str]) -> Any:
    """Rows for Sail to put into partitions of a table; those whose key is null and no text end the writing, by a message."""
    from pyspark.sql import functions as F  # noqa: N812

    known = {name.lower(): (name, of) for name, of in rows.dtypes} if keys else {}
    demanded = {}
    for key in keys:
        name, of = known.get(key.lower(), (key, "string"))
        if of != "string":
            told = f"the partition key `{name}` is null and {of}: such rows are not written into tables of the catalog"
            demanded[name] = F.coalesce(rows[quoted(name)], F.raise_error(F.lit(told)).cast(of))
    return rows.withColumns(demanded) if demanded else rows
