"""A folder for what is kept while the process runs."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_folders: list[str] = []


def scratch(spark: SparkSession) -> str | None:
    """A folder of this machine's, which goes with the process; none where Spark runs on another machine."""
    host = getattr(spark.client, "host", "localhost")
    if host not in ("localhost", "127.0.0.1", "[::1]", "::1"):
        return None
    if not _folders:
        _folders.append(tempfile.mkdtemp(prefix="awsglue-", dir=os.environ.get("MASTIC_SCRATCH")))
        atexit.register(shutil.rmtree, _folders[0], ignore_errors=True)
    return _folders[0]
