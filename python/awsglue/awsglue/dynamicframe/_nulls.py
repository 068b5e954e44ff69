"""Fields without values."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from awsglue import gluetypes as g
from awsglue._columns import Leaf, changed
from awsglue._paths import EACH, VALUES, Path
from awsglue._rows import Rows


def without_empty(rows: Rows) -> Rows:
    """The rows without the fields that are null in every one; with all fields where there are no rows."""
    counted: list[Path] = []
    counts: list[Column] = []

    def count(at: Path, leaf: Leaf) -> Sequence[Leaf] | None:
        if EACH in at or VALUES in at:
            return [leaf]
        counted.append(at)
        counts.append(F.count(leaf.column).alias(f"c{len(counts)}"))
        return None if isinstance(leaf.of, g.StructType) else [leaf]

    changed(rows.leaves, count)
    if not counts:
        return rows
    found = rows.df.agg(*counts, F.count(F.lit(1)).alias("rows")).first()
    assert found is not None
    *values, total = found
    if total == 0:
        return rows
    empty = {at for at, value in zip(counted, values) if value == 0}
    return rows.select(changed(rows.leaves, lambda at, leaf: [] if at in empty else None))
