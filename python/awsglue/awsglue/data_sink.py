"""A target that is told its format and its table before it is written ("Updating the schema, and adding new partitions in
the Data Catalog using AWS Glue ETL jobs", AWS Glue Developer Guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awsglue.context import GlueContext


class DataSink:
    """What `GlueContext.getSink` gives."""

    def __init__(
        self,
        glue_context: GlueContext,
        connection_type: str,
        options: dict[str, Any],
        format: Any = None,
        transformation_ctx: str = "",
    ):
        self._glue_context = glue_context
        self.connection_type, self.options = connection_type, dict(options)
        self.format, self.format_options = format, {}
        self.transformation_ctx = transformation_ctx
        self._table: tuple[str, str, str | None] | None = None

    def setFormat(self, format: str, **options: Any) -> None:  # noqa: N802
        """Says how the data is written down, with the options of the format."""
        self.format, self.format_options = format, options

    def setCatalogInfo(self, catalogDatabase: str, catalogTableName: str, catalogId: str = "") -> None:  # noqa: N802, N803
        """Names the table that is made or kept up to date with `enableUpdateCatalog`."""
        self._table = (catalogDatabase, catalogTableName, catalogId or None)

    def setAccumulableSize(self, size: int) -> None:  # noqa: N802
        """A hint for accumulators of a JVM, which changes no answer."""

    def writeFrame(self, dynamic_frame: Any, info: str = "") -> Any:  # noqa: N802
        """Writes a frame; the same frame."""
        self._glue_context._write(dynamic_frame, self._request())
        return dynamic_frame

    def write(self, dynamic_frame_or_dfc: Any, info: str = "") -> Any:
        """Writes a frame, or those of a collection one after the other."""
        from awsglue.context import _frames

        for frame in _frames(dynamic_frame_or_dfc):
            self.writeFrame(frame, info)
        return dynamic_frame_or_dfc

    writeDynamicFrame = writeFrame  # noqa: N815

    def _request(self) -> dict[str, Any]:
        database, table, catalog_id = self._table or (None, None, None)
        return {
            "connection_type": self.connection_type,
            "connection_options": self.options,
            "format": self.format,
            "format_options": self.format_options,
            "database": database,
            "table_name": table,
            "catalog_id": catalog_id,
            "transformation_ctx": self.transformation_ctx or "",
        }
