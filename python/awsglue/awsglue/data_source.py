"""A source that is told its format before its frame is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame


class DataSource:
    """What `GlueContext.getSource` gives."""

    def __init__(
        self,
        glue_context: GlueContext,
        connection_type: str,
        options: dict[str, Any],
        format: str | None = None,
        transformation_ctx: str = "",
    ):
        self._glue_context = glue_context
        self.connection_type, self.options = connection_type, options
        self.format, self.format_options = format, {}
        self.transformation_ctx = transformation_ctx

    def setFormat(self, format: str, **options: Any) -> None:  # noqa: N802
        """Says how the data is written down, with the options of the format."""
        self.format, self.format_options = format, options

    def getFrame(self, minPartitions: int | None = None, targetPartitions: int | None = None) -> DynamicFrame:  # noqa: N802, N803
        """The data. The numbers of partitions are hints that change no answer."""
        return self._glue_context.create_dynamic_frame_from_options(
            self.connection_type, self.options, self.format, self.format_options, self.transformation_ctx
        )

    def getSampleFrame(self, num: int, **options: Any) -> DynamicFrame:  # noqa: N802
        """At most `num` rows of the data."""
        return self._glue_context.create_sample_dynamic_frame_from_options(
            self.connection_type, self.options, num, options, self.format, self.format_options, self.transformation_ctx
        )
