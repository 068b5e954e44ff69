"""AWS Glue's Python surface over Spark Connect, written from Amazon's public documentation alone."""

from typing import Any

_LAZY = {"DynamicFrame": "awsglue.dynamicframe", "DynamicFrameCollection": "awsglue.dynamicframe"}


def __getattr__(name: str) -> Any:
    # Scripts without Spark import `awsglue.utils`, and generated ones `from awsglue import DynamicFrame`.
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
