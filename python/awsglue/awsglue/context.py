"""GlueContext: where a script's data comes from and goes to ("GlueContext class", AWS Glue Developer Guide)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Iterable

from awsglue import _catalog, _exchange, _native, _plain, _streams
from awsglue._bridge import Bridge
from awsglue._errors import InvalidInputException, unsupported
from awsglue._logger import GlueLogger
from awsglue._maintenance import Maintenance
from awsglue._readers import DataFrameReader, DataFrameWriter, DynamicFrameReader, DynamicFrameWriter
from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection

Options = dict[str, Any]

#: What a context has of a session's, as the `SQLContext` that it is in AWS's documentation.
_OF_SESSION = frozenset(
    "catalog conf createDataFrame newSession range read readStream sql streams table tableNames tables udf".split()
)


class GlueContext(Maintenance):
    """The data of a script. `sparkContext` is a SparkContext or a SparkSession; without one it is the process's session."""

    def __init__(self, sparkContext: Any = None, **options: Any):  # noqa: N803
        self.spark_session: SparkSession = _session(sparkContext)
        self._context = sparkContext
        self._bridge = Bridge.find()
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_data_frame = DataFrameWriter(self)

    @property
    def sparkSession(self) -> SparkSession:  # noqa: N802
        """The session."""
        return self.spark_session

    def __getattr__(self, name: str) -> Any:
        if name in _OF_SESSION:
            return getattr(self.spark_session, name)
        if name in ("_jvm", "_jsc", "_ssql_ctx", "_glue_scala_context"):
            raise unsupported(f"GlueContext.{name} needs a JVM, and Spark Connect has none")
        raise AttributeError(f"'GlueContext' object has no attribute {name!r}")

    # Sources.

    def create_dynamic_frame_from_rdd(
        self,
        data: Any,
        name: str,
        schema: Any = None,
        sample_ratio: float | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """A frame of rows: a list, or what `SparkContext.parallelize` gives."""
        from awsglue.dynamicframe import DynamicFrame

        rows = data if isinstance(data, (list, tuple)) else data.collect()
        spark_schema = schema if schema is None or isinstance(schema, (str, list)) else _as_spark(schema)
        frame = self.spark_session.createDataFrame(list(rows), spark_schema, sample_ratio)
        return DynamicFrame.fromDF(frame, self, name)

    def create_dynamic_frame_from_catalog(
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
        """A table of the Data Catalog."""
        request = self._of_table(
            database, table_name, transformation_ctx, push_down_predicate, additional_options, catalog_id, kwargs
        )
        return self._dynamic(request)

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        """What a connection type and its options name."""
        request = self._of_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate, kwargs
        )
        return self._dynamic(request)

    def create_sample_dynamic_frame_from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        num: int | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        sample_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """At most `num` rows of a table. Sample options: `maxSamplePartitions`, `maxSampleFilesPerPartition`."""
        request = self._of_table(
            database, table_name, transformation_ctx, push_down_predicate, additional_options, catalog_id, kwargs
        )
        return self._dynamic(request | _sample(num, sample_options))

    def create_sample_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        num: int | None = None,
        sample_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        """At most `num` rows of a source. Sample options: `maxSamplePartitions`, `maxSampleFilesPerPartition`."""
        request = self._of_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate, kwargs
        )
        return self._dynamic(request | _sample(num, sample_options))

    def create_data_frame_from_catalog(
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
        """A table of the Data Catalog, as Spark's own frame."""
        request = self._of_table(
            database, table_name, transformation_ctx, push_down_predicate, additional_options, catalog_id, kwargs
        )
        return self._read(request)[0]

    def create_data_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DataFrame:
        """What a connection type and its options name, as Spark's own frame."""
        request = self._of_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate, kwargs
        )
        return self._read(request)[0]

    def getSource(  # noqa: N802
        self,
        connection_type: str,
        format: str | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **options: Any,
    ) -> DataSource:
        """A source that can be told its format before its frame is asked for."""
        return DataSource(self, connection_type, options, format, transformation_ctx)

    def get_catalog_schema_as_spark_schema(
        self, database: str | None = None, table_name: str | None = None, catalog_id: str | None = None
    ) -> StructType:
        """A table's columns as Spark has them."""
        if not database or not table_name:
            raise InvalidInputException("`database` and `table_name` are wanted")
        return _catalog.spark_schema(self.spark_session, _catalog.table(database, table_name, catalog_id))

    @staticmethod
    def _of_table(
        database: str | None,
        table_name: str | None,
        transformation_ctx: str,
        predicate: str,
        options: Options | None,
        catalog_id: str | None,
        others: dict[str, Any],
    ) -> dict[str, Any]:
        database = database or others.pop("name_space", None)
        _no_others(others)
        if not database or not table_name:
            raise InvalidInputException("`database` and `table_name` are wanted")
        return {
            "database": database,
            "table_name": table_name,
            "transformation_ctx": transformation_ctx or "",
            "push_down_predicate": predicate or None,
            "additional_options": options or {},
            "catalog_id": catalog_id,
        }

    @staticmethod
    def _of_options(
        connection_type: str,
        options: Options | None,
        form: str | None,
        how: Options | None,
        transformation_ctx: str,
        predicate: str,
        others: dict[str, Any],
    ) -> dict[str, Any]:
        _no_others(others)
        if predicate:
            raise unsupported("`push_down_predicate` is of tables of the Data Catalog: other sources have no partitions to prune")
        return {
            "connection_type": connection_type,
            "connection_options": options or {},
            "format": form or None,
            "format_options": how or {},
            "transformation_ctx": transformation_ctx or "",
        }

    def _read(
        self, request: dict[str, Any]
    ) -> tuple[DataFrame, frozenset[tuple[str, ...]], Callable[[], DataFrame | None] | None]:
        """The frame, where its columns have choices, and what tells the records that could not be read."""
        if self._bridge is None or _is_local(request):
            return self._read_plainly(request), frozenset(), None
        exchange = _exchange.exchange_folder(self._bridge)
        roads = {"direct": _exchange.reads_s3(), "folders": not exchange, "exchange": exchange, "later": not exchange}
        answer = self._bridge.ask("/read", {**request, **roads})
        frame, errors = _exchange.read(self.spark_session, self._bridge, answer, request["transformation_ctx"])
        _native.note(frame, _native.source(answer))
        return frame, frozenset(tuple(path) for path in answer["choices"]), errors

    def _read_plainly(self, request: dict[str, Any]) -> DataFrame:
        if request.get("database"):
            frame = _plain.read_table(
                self.spark_session,
                request["database"],
                request["table_name"],
                request["push_down_predicate"] or "",
                request["additional_options"],
                request["catalog_id"],
            )
        else:
            frame = _plain.read(
                self.spark_session,
                request["connection_type"],
                request["connection_options"],
                request["format"],
                request["format_options"],
            )
        rows = (request.get("sample") or {}).get("num")
        return frame if rows is None else frame.limit(rows)

    def _dynamic(self, request: dict[str, Any]) -> DynamicFrame:
        from awsglue.dynamicframe import DynamicFrame

        frame, choices, errors = self._read(request)
        name = request["transformation_ctx"] or request.get("table_name") or ""
        return DynamicFrame(frame, self, name, choices=choices, errors=errors)

    # Targets.

    def getSink(  # noqa: N802
        self, connection_type: str, format: str | None = None, transformation_ctx: str = "", **options: Any
    ) -> DataSink:
        """A target that can be told its format and its table before it is written."""
        return DataSink(self, connection_type, options, format, transformation_ctx)

    def write_dynamic_frame_from_options(
        self,
        frame: Any,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """Writes a frame, or those of a collection one after the other, to what a connection type and its options name."""
        return self.write_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    def write_from_options(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection | DataFrame,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | dict[str, Any] | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """Writes a frame, or those of a collection one after the other."""
        sink = DataSink(self, connection_type, dict(connection_options or {}), format or None, transformation_ctx)
        sink.format_options = dict(format_options or {})
        return sink.write(frame_or_dfc)

    def write_dynamic_frame_from_catalog(
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
        """Writes a frame into a table of the Data Catalog."""
        database = database or kwargs.pop("name_space", None)
        _no_others(kwargs)
        if not database or not table_name:
            raise InvalidInputException("`database` and `table_name` are wanted")
        request = {
            "database": database,
            "table_name": table_name,
            "transformation_ctx": transformation_ctx or "",
            "additional_options": dict(additional_options or {}),
            "catalog_id": catalog_id,
        }
        for one in _frames(frame):
            self._write(one, request)
        return frame

    write_data_frame_from_catalog = write_dynamic_frame_from_catalog

    def write_dynamic_frame_from_jdbc_conf(
        self,
        frame: Any,
        catalog_connection: str,
        connection_options: Options | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Writes a frame through a connection of the Data Catalog: into `dbtable` of `database`."""
        request = {
            "catalog_connection": catalog_connection,
            "connection_options": dict(connection_options or {}),
            "transformation_ctx": transformation_ctx or "",
            "catalog_id": catalog_id,
        }
        for one in _frames(frame):
            self._write(one, request)
        return frame

    def _write(self, frame: Any, request: dict[str, Any]) -> None:
        data, files = _rows_of(frame)
        options = request.get("connection_options", {})
        if self._bridge is not None and not _is_local(request):
            given = {name: value for name, value in request.items() if value is not None}
            native = _native.of_frame(data)
            _exchange.write(self._bridge, data, given | ({} if files is None else {"files": files}), native)
        elif request.get("catalog_connection"):
            given = {"connectionName": request["catalog_connection"], **options}
            _plain.write(data, "jdbc", given, None, {})
        elif request.get("connection_type"):
            if request.get("database"):
                raise unsupported("setCatalogInfo is not supported outside of a job's run")
            _plain.write(data, request["connection_type"], options, request["format"], request["format_options"])
        else:
            _plain.write_table(
                data, request["database"], request["table_name"], request["additional_options"], request["catalog_id"]
            )

    # The rest.

    def _prepare(self, frame: DataFrame, steps: list[dict[str, Any]], context: str) -> DataFrame:
        """What steps of a recipe make of a frame."""
        if self._bridge is None:
            raise unsupported("recipes are not supported outside of a job's run")
        return _exchange.prepare(self.spark_session, self._bridge, frame, steps, context)

    def extract_jdbc_conf(self, connection_name: str, catalog_id: str | None = None) -> dict[str, str]:
        """What a connection of the Data Catalog says of its database."""
        return _catalog.jdbc_conf(connection_name, catalog_id)

    def get_logger(self) -> GlueLogger:
        """The script's logger."""
        return GlueLogger()

    def currentTimeMillis(self) -> int:  # noqa: N802
        """Milliseconds since 1970."""
        return int(time.time() * 1000)

    def forEachBatch(  # noqa: N802
        self, frame: DataFrame, batch_function: Callable[[DataFrame, int], Any], options: Options | None = None
    ) -> None:
        """Calls a function with each micro-batch of a stream. A frame that is no stream is one batch."""
        _streams.for_each_batch(frame, batch_function, options or {})

    def getSampleStreamingDynamicFrame(  # noqa: N802
        self, frame: DataFrame, options: Options | None = None, batch_function: Callable[..., Any] | None = None
    ) -> DynamicFrame:
        """The first rows of a frame that is no stream."""
        from awsglue.dynamicframe import DynamicFrame

        sample = _streams.sample(frame, options or {})
        if batch_function is not None:
            batch_function(sample, 0)
        return DynamicFrame.fromDF(sample, self, "sample")

    def getStreamingSource(self, *_: Any, **__: Any) -> Any:  # noqa: N802
        """Streams are not read."""
        raise unsupported("GlueContext.getStreamingSource: streaming sources are not supported")

    def add_ingestion_time_columns(self, dataFrame: DataFrame, timeGranularity: str = "") -> DataFrame:  # noqa: N803
        """The frame with `ingest_year`, `ingest_month`, `ingest_day` and, by `timeGranularity` (`day`, `hour`, `minute`),
        `ingest_hour` and `ingest_minute`: now, in UTC."""
        return _streams.add_ingestion_time_columns(dataFrame, timeGranularity)

    def start_transaction(self, read_only: bool) -> str:
        """AWS has no governed tables any more."""
        raise _no_transactions("start_transaction")

    def commit_transaction(self, transaction_id: str, wait_for_commit: bool = True) -> bool:
        """AWS has no governed tables any more."""
        raise _no_transactions("commit_transaction")

    def cancel_transaction(self, transaction_id: str) -> None:
        """AWS has no governed tables any more."""
        raise _no_transactions("cancel_transaction")


def _session(context: Any) -> SparkSession:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    if hasattr(type(context), "createDataFrame"):
        return context
    for name in ("_session", "sparkSession"):
        if context is not None and name in vars(context):
            return vars(context)[name]
    return ConnectSession.getActiveSession() or SparkSession.builder.getOrCreate()


def _as_spark(schema: Any) -> Any:
    """A schema of Glue's or Spark's as Spark has it."""
    from pyspark.sql.types import StructType

    if isinstance(schema, StructType):
        return schema
    value = schema.jsonValue() if hasattr(schema, "jsonValue") else None
    if value is None:
        raise InvalidInputException(f"{schema!r} is no schema")
    from awsglue._types import to_spark

    return to_spark(schema)


def _sample(num: int | None, options: Options | None) -> dict[str, Any]:
    if num is None or num < 1:
        raise InvalidInputException("`num`, the most rows of a sample, is wanted and is above zero")
    return {"sample": {"num": num, "options": options or {}}}


def _no_others(others: dict[str, Any]) -> None:
    if others:
        raise unsupported(f"the argument `{next(iter(others))}` is not supported")


def _no_transactions(name: str) -> Exception:
    return unsupported(f"GlueContext.{name}: AWS Lake Formation's governed tables and their transactions do not exist any more")


def _is_local(request: dict[str, Any]) -> bool:
    """Whether a request is about files that are not in S3, which Spark alone can reach."""
    if str(request.get("connection_type", "")).lower() not in ("s3", "file", "parquet", "orc"):
        return False
    options = request["connection_options"]
    return bool(_plain.paths(options)) and not _plain.in_s3(options)


def _frames(frame_or_collection: Any) -> Iterable[Any]:
    """The frames of a collection, or the one that it is."""
    from awsglue.dynamicframe import DynamicFrameCollection

    if isinstance(frame_or_collection, DynamicFrameCollection):
        return list(frame_or_collection.values())
    return [frame_or_collection]


def _rows_of(frame: Any) -> tuple[DataFrame, int | None]:
    """Spark's frame, and how many files the script wants of it."""
    from awsglue.dynamicframe import DynamicFrame

    if not isinstance(frame, DynamicFrame):
        return frame, None
    frame.assertErrorThreshold()
    return frame.toDF(), getattr(frame, "partitions", None)
