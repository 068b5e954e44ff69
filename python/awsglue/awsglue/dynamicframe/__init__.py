"""DynamicFrames: records that describe themselves, over DataFrames of Spark Connect."""

from awsglue._record import DynamicRecord
from awsglue.dynamicframe import _studio
from awsglue.dynamicframe._choices import ResolveOption
from awsglue.dynamicframe._errors import ErrorThresholdExceeded
from awsglue.dynamicframe.collection import DynamicFrameCollection
from awsglue.dynamicframe.frame import DynamicFrame

_studio.attach(DynamicFrame)

__all__ = [
    "DynamicFrame",
    "DynamicFrameCollection",
    "DynamicRecord",
    "ErrorThresholdExceeded",
    "ResolveOption",
]
