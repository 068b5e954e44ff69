"""Names of partitions' folders as Spark gives them: Sail calls those of nulls by whatever the array has there, mostly zero."""

from __future__ import annotations

from typing import Any

from mastic_host import tables
from mastic_host.statements import quoted


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
        if not writer._write.partitioning_cols or source not in ("avro", "csv", "json", "parquet", "text"):
            save(writer, path, format)
            return
        child = writer._write._child
        rows = DataFrame(child, writer._spark)
        known = {name.lower(): name for name in rows.columns}
        # Sail wants them as they are written in the frame.
        keys = [known.get(key.lower(), key) for key in writer._write.partitioning_cols]
        writer._write.partitioning_cols = keys
        texts = {name: rows[quoted(name)].cast("string") for name in keys}
        texts = {name: F.coalesce(F.nullif(text, F.lit("")), F.lit(tables.NULL)) for name, text in texts.items()}
        writer._write._child = rows.withColumns(texts)._plan
        try:
            save(writer, path, format)
        finally:
            writer._write._child = child

    DataFrameWriter.save = saving
