"""Sources and targets by Spark alone, outside of a job's run: no bookmarks, and no choices."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from awsglue import _catalog
from awsglue._errors import EntityNotFoundException, InvalidInputException, unsupported
from awsglue._exchange import ticked
from awsglue._globs import excluded, listed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DATABASES = ("mysql", "postgresql", "oracle", "sqlserver", "redshift", "jdbc", "custom.jdbc", "marketplace.jdbc")
_FORMATS = ("csv", "json", "parquet", "orc", "avro", "xml")
_PARQUET = ("parquet", "glueparquet")
_told: set[str] = set()


def told_once(text: str) -> None:
    """Says something to the script's author, the first time only."""
    if text not in _told:
        _told.add(text)
        print(text, file=sys.stderr)


def in_s3(options: dict[str, Any]) -> bool:
    """Whether what options name is in S3, all of it."""
    places = paths(options)
    return bool(places) and all(place.split("://")[0] in ("s3", "s3a", "s3n") for place in places)


def paths(options: dict[str, Any]) -> list[str]:
    """The paths that options name."""
    return listed(options.get("paths")) or listed(options.get("path"))


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def read(spark: SparkSession, connection_type: str, options: dict[str, Any], form: str | None, how: dict[str, Any]) -> DataFrame:
    """A source that is no table of the catalog."""
    told_once("awsglue runs outside of a job's run: Spark reads and writes, without job bookmarks and choices.")
    kind = connection_type.lower()
    if kind in DATABASES:
        return spark.read.format("jdbc").options(**_jdbc(options)).load()
    if kind in ("delta", "iceberg", "hudi"):
        return spark.read.format(kind).load(*paths(options))
    if kind in ("parquet", "orc"):
        form = kind
    elif kind not in ("s3", "file"):
        raise unsupported(f"the connection type `{connection_type}` is not supported")
    if not form:
        raise InvalidInputException("`format` is missing: a source of files needs one")
    return _load(spark, _files(options, form.lower()), form.lower(), how)


def _format(form: str) -> str:
    form = "parquet" if form in _PARQUET else form
    if form not in _FORMATS:
        raise unsupported(f"the format `{form}` is not supported outside of a job's run")
    return form


def _load(spark: SparkSession, places: list[str], form: str, how: dict[str, Any], schema: Any = None) -> DataFrame:
    given, form = {name.lower(): value for name, value in how.items()}, _format(form)
    reader = spark.read.format(form)
    if form == "csv":
        header = _true(given.get("withheader", False))
        reader = reader.option("header", str(header).lower()).option("sep", str(given.get("separator", ",")))
        quote = str(given.get("quotechar", '"'))
        reader = reader.option("quote", "" if quote == "-1" else quote)
        if given.get("escaper"):
            reader = reader.option("escape", given["escaper"])
        if _true(given.get("multiline", False)):
            reader = reader.option("multiLine", "true")
    elif form == "json" and _true(given.get("multiline", False)):
        reader = reader.option("multiLine", "true")
    elif form == "xml":
        if not given.get("rowtag"):
            raise InvalidInputException("`rowTag` of format_options is missing: XML needs one")
        reader = reader.option("rowTag", given["rowtag"])
    if form == "json" and given.get("jsonpath"):
        raise unsupported("`jsonPath` is not supported outside of a job's run")
    if given.get("withschema"):
        import json

        from pyspark.sql.types import StructType

        schema = StructType.fromJson(json.loads(given["withschema"]))
    if schema is not None:
        reader = reader.schema(schema)
    frame = reader.load(places)
    if form == "csv" and schema is None and not _true(given.get("withheader", False)):
        frame = frame.toDF(*(f"col{at}" for at in range(len(frame.columns))))
    return frame


def _files(options: dict[str, Any], form: str) -> list[str]:
    places = paths(options)
    if not places:
        raise InvalidInputException("`paths` of connection_options is missing")
    exclusions, most = listed(options.get("exclusions")), int(options.get("boundedFiles") or 0)
    if not exclusions and not most:
        return places
    found = []
    for place in places:
        for url in _under(place):
            if not excluded(url, place, exclusions):
                found.append(url)
    if not found:
        raise EntityNotFoundException(f"`{places[0]}`: there are no files to read")
    return found[:most] if most else found


def _under(place: str) -> list[str]:
    if place.startswith(("s3://", "s3a://", "s3n://")):
        return [f"s3://{found['Bucket']}/{found['Key']}" for found in _catalog.objects(place) if found["Size"]]
    root = place.removeprefix("file://")
    scheme = "file://" if place.startswith("file://") else ""
    found = [scheme + os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    return sorted(found) or [place]


def read_table(
    spark: SparkSession,
    database: str,
    name: str,
    predicate: str = "",
    options: dict[str, Any] | None = None,
    catalog_id: str | None = None,
) -> DataFrame:
    """A table of the catalog: its files as its definition tells, of the partitions that meet the predicate."""
    from pyspark.sql import functions as F

    told_once("awsglue runs outside of a job's run: Spark reads and writes, without job bookmarks and choices.")
    found = _catalog.table(database, name, catalog_id)
    parameters = found.get("Parameters", {})
    lake = next((v.lower() for k, v in parameters.items() if k in ("table_type", "spark.sql.sources.provider")), "")
    location = found.get("StorageDescriptor", {}).get("Location", "")
    if lake == "delta":
        return spark.read.format("delta").load(location)
    if lake == "iceberg":
        return spark.table(f"{ticked(database)}.{ticked(name)}")
    connection = parameters.get("connectionName")
    if connection:
        return spark.read.format("jdbc").options(**_jdbc({"connectionName": connection, "dbtable": location})).load()
    form = _format(_table_format(found))
    schema = _catalog.spark_schema(spark, found)
    keys = [key["Name"] for key in found.get("PartitionKeys", [])]
    data = type(schema)([field for field in schema.fields if field.name not in keys])
    how = _table_how(found)
    if not keys:
        return _load(spark, [location], form, how, data)
    expression = (options or {}).get("catalogPartitionPredicate")
    frame = None
    for partition in _catalog.partitions(spark, found, predicate, expression, catalog_id):
        part = _load(spark, [partition["StorageDescriptor"]["Location"]], form, how, data)
        for key, value in zip(keys, partition["Values"]):
            part = part.withColumn(key, F.lit(value).cast(schema[key].dataType))
        frame = part if frame is None else frame.unionByName(part)
    return spark.createDataFrame([], schema) if frame is None else frame


def _table_format(found: dict[str, Any]) -> str:
    form = found.get("Parameters", {}).get("classification", "").lower()
    library = found.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("SerializationLibrary", "").lower()
    for known in ("parquet", "orc", "avro", "json", "csv"):
        if form == known or (not form and known in library):
            return known
    return form or ("csv" if "lazysimple" in library else library)


def _table_how(found: dict[str, Any]) -> dict[str, Any]:
    serde = found.get("StorageDescriptor", {}).get("SerdeInfo", {}).get("Parameters", {})
    how: dict[str, Any] = {}
    separator = serde.get("separatorChar") or serde.get("field.delim")
    if separator:
        how["separator"] = separator
    if serde.get("quoteChar"):
        how["quoteChar"] = serde["quoteChar"]
    lines = serde.get("skip.header.line.count") or found.get("Parameters", {}).get("skip.header.line.count")
    if lines not in (None, "0"):
        how["withHeader"] = True
    if found.get("Parameters", {}).get("rowTag"):
        how["rowTag"] = found["Parameters"]["rowTag"]
    return how


def _jdbc(options: dict[str, Any]) -> dict[str, str]:
    given = {name.lower(): value for name, value in options.items()}
    if given.get("connectionname"):
        conf = _catalog.jdbc_conf(given["connectionname"])
        given = {"url": conf["fullUrl"], "user": conf["user"], "password": conf["password"]} | given
    missing = [name for name in ("url", "dbtable") if not given.get(name) and not (name == "dbtable" and given.get("query"))]
    if missing:
        raise InvalidInputException(f"`{missing[0]}` of connection_options is missing")
    known = ("url", "user", "password", "dbtable", "query", "driver", "fetchsize", "batchsize")
    return {name: str(given[name]) for name in known if given.get(name)}


def write(frame: DataFrame, connection_type: str, options: dict[str, Any], form: str | None, how: dict[str, Any]) -> None:
    """Writes to a target that is no table of the catalog; rows that are there stay."""
    kind = connection_type.lower()
    if kind in DATABASES:
        frame.write.format("jdbc").mode("append").options(**_jdbc(options)).save()
        return
    if kind not in ("s3", "file"):
        raise unsupported(f"targets of the connection type `{connection_type}` are not supported")
    if _true(options.get("enableUpdateCatalog", False)):
        raise unsupported("`enableUpdateCatalog` is not supported outside of a job's run")
    if not form:
        raise InvalidInputException("`format` is missing: a target of files needs one")
    place = next(iter(paths(options)), None)
    if not place:
        raise InvalidInputException("`path` of connection_options is missing")
    form = form.lower() if form.lower() == "delta" else _format(form.lower())
    given = {name.lower(): value for name, value in how.items()}
    writer = frame.write.format(form).mode("append").partitionBy(*listed(options.get("partitionKeys")))
    compression = options.get("compression") or given.get("compression")
    if compression:
        writer = writer.option("compression", str(compression).lower())
    if form == "csv":
        writer = writer.option("header", str(_true(given.get("writeheader", True))).lower())
        writer = writer.option("sep", str(given.get("separator", ",")))
        if str(given.get("quotechar", '"')) != '"':
            writer = writer.option("quote", "" if str(given["quotechar"]) == "-1" else str(given["quotechar"]))
    writer.save(place)


def write_table(frame: DataFrame, database: str, name: str, options: dict[str, Any], catalog_id: str | None = None) -> None:
    """Writes into a table of the catalog, whose partitions are not brought up to date."""
    found = _catalog.table(database, name, catalog_id)
    if _true(options.get("enableUpdateCatalog", False)):
        raise unsupported("`enableUpdateCatalog` is not supported outside of a job's run")
    location = found["StorageDescriptor"]["Location"]
    parameters = found.get("Parameters", {})
    if parameters.get("spark.sql.sources.provider", "").lower() == "delta":
        frame.write.format("delta").mode("append").save(location)
        return
    if parameters.get("table_type", "").lower() == "iceberg":
        frame.writeTo(f"{ticked(database)}.{ticked(name)}").append()
        return
    how = _table_how(found)
    keys = [key["Name"] for key in found.get("PartitionKeys", [])]
    write(
        frame,
        "s3",
        {"path": location, "partitionKeys": keys},
        _table_format(found),
        {**how, "writeHeader": bool(how.get("withHeader"))},
    )
