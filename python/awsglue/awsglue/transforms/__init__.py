"""AWS Glue's transforms (Developer Guide: "AWS Glue PySpark transforms reference")."""

from awsglue.transforms.base import GlueTransform
from awsglue.transforms.fields import (
    ApplyMapping,
    DropFields,
    DropNullFields,
    Relationalize,
    RenameField,
    ResolveChoice,
    SelectFields,
    SplitFields,
    Unbox,
    UnnestFrame,
)
from awsglue.transforms.rows import (
    Coalesce,
    ErrorsAsDynamicFrame,
    Filter,
    FlatMap,
    Join,
    Map,
    MapToCollection,
    Repartition,
    SelectFromCollection,
    Spigot,
    SplitRows,
    Union,
)

__all__ = [
    "ApplyMapping", "Coalesce", "DropFields", "DropNullFields", "ErrorsAsDynamicFrame", "Filter", "FlatMap",
    "GlueTransform", "Join", "Map", "MapToCollection", "Relationalize", "RenameField", "Repartition", "ResolveChoice",
    "SelectFields", "SelectFromCollection", "SplitFields", "SplitRows", "Spigot", "Unbox", "Union", "UnnestFrame",
]  # fmt: skip
