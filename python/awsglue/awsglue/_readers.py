"""The readers and writers that a GlueContext has as attributes ("DynamicFrameReader class" and "DynamicFrameWriter class",
AWS Glue Developer Guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame

Options = dict[str, Any]


class DynamicFrameReader:
    """`GlueContext.create_dynamic_frame`"""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_rdd(self, data: Any, name: str, schema: Any = None, sampleRatio: float | None = None) -> DynamicFrame:  # noqa: N803
        """See `GlueContext.create_dynamic_frame_from_rdd`."""
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio)

    def from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        """See `GlueContext.create_dynamic_frame_from_options`."""
        return self._glue_context.create_dynamic_frame_from_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate, **kwargs
        )

    def from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """See `GlueContext.create_dynamic_frame_from_catalog`."""
        return self._glue_context.create_dynamic_frame_from_catalog(
            database,
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            push_down_predicate,
            additional_options,
            catalog_id,
            **kwargs,
        )


class DynamicFrameWriter:
    """`GlueContext.write_dynamic_frame`, which can be called like `from_options` too."""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_options(
        self,
        frame: Any,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """See `GlueContext.write_dynamic_frame_from_options`."""
        return self._glue_context.write_dynamic_frame_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    __call__ = from_options

    def from_catalog(
        self,
        frame: Any,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """See `GlueContext.write_dynamic_frame_from_catalog`."""
        return self._glue_context.write_dynamic_frame_from_catalog(
            frame, database, table_name, redshift_tmp_dir, transformation_ctx, additional_options, catalog_id, **kwargs
        )

    def from_jdbc_conf(
        self,
        frame: Any,
        catalog_connection: str,
        connection_options: Options | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """See `GlueContext.write_dynamic_frame_from_jdbc_conf`."""
        return self._glue_context.write_dynamic_frame_from_jdbc_conf(
            frame, catalog_connection, connection_options, redshift_tmp_dir, transformation_ctx, catalog_id
        )


class DataFrameReader:
    """`GlueContext.create_data_frame`"""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DataFrame:
        """See `GlueContext.create_data_frame_from_options`."""
        return self._glue_context.create_data_frame_from_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate, **kwargs
        )

    def from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """See `GlueContext.create_data_frame_from_catalog`."""
        return self._glue_context.create_data_frame_from_catalog(
            database,
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            push_down_predicate,
            additional_options,
            catalog_id,
            **kwargs,
        )


class DataFrameWriter:
    """`GlueContext.write_data_frame`"""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_options(
        self,
        frame: DataFrame,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> DataFrame:
        """See `GlueContext.write_from_options`."""
        return self._glue_context.write_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    def from_catalog(
        self,
        frame: DataFrame,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """See `GlueContext.write_data_frame_from_catalog`."""
        return self._glue_context.write_data_frame_from_catalog(
            frame, database, table_name, redshift_tmp_dir, transformation_ctx, additional_options, catalog_id, **kwargs
        )
