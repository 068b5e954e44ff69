"""Spark for scripts: an endpoint of Spark Connect, started when a script first asks for a session.

`pyspark-client` has neither `SparkContext` nor a Spark of its own. Scripts begin with both, so they are put in its place
here: `SparkContext` from `mastic_host.context`, and Sail, or the endpoint that the run names.
"""

from __future__ import annotations

import os
import socket
import sys
import types
import urllib.parse
from typing import Any

_settings: dict[str, Any] = {}
_server: Any = None
# The settings with which Spark was started.
_conf: dict[str, str] = {}

# Seconds that an endpoint may take to be reached.
PATIENCE = 30


def install(settings: dict[str, Any]) -> None:
    """Prepares `pyspark` for the script. Settings: `remote` (a URL or nothing), `conf`, `catalog`, `region`, `endpoint`."""
    _settings.update(settings)
    if settings["remote"]:
        # `awsglue` hands rows over another way.
        os.environ["MASTIC_SPARK_REMOTE"] = settings["remote"]
    if settings["conf"].get("spark.mastic.native") == "false":
        os.environ["MASTIC_NATIVE"] = "false"
    # The client looks for a Spark although it needs none.
    os.environ.setdefault("SPARK_HOME", os.environ.get("MASTIC_SCRATCH", "/"))
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    from mastic_host import later

    with later.putting_off():
        import pyspark
        from pyspark.sql import session as classic
        from pyspark.sql.connect.dataframe import DataFrame
        from pyspark.sql.connect.readwriter import DataFrameWriter
        from pyspark.sql.connect.session import SparkSession

    from mastic_host import (
        alterations, casts, catalog, checkpoints, commands, context, creates, dialect, discovered, file_names, folders, formats,
        frames, functions, inserts, lakes, overwrite, paths, quantiles, records, refused, sources, structs, text_files,
        times_in_json, views,
    )  # fmt: skip

    if settings["remote"]:
        _carry_packages()
    else:
        paths.install()
        discovered.install()
        records.install()
        casts.install()
        dialect.install()
        functions.install()
        frames.install()
        times_in_json.install()
        refused.install()
        quantiles.install()
        structs.install()
        folders.install()
        text_files.install()
        overwrite.install()
        inserts.install()
        lakes.install()
        alterations.install()
        checkpoints.install()
        file_names.install()
        formats.install()
        _heeding()
        catalog.install()
        DataFrameWriter.saveAsTable = creates.noting(DataFrameWriter.saveAsTable)
        SparkSession.sql = commands.answering(SparkSession.sql, _set)
    views.install(native=not settings["remote"])
    if not settings["remote"]:
        sources.install()
    pyspark.SparkContext = context.SparkContext
    pyspark.SparkConf = context.SparkConf
    pyspark.Broadcast = context.Broadcast
    pyspark.RDD = context.RDD
    for name, members in {
        "context": {"SparkContext": context.SparkContext},
        "conf": {"SparkConf": context.SparkConf},
        "broadcast": {"Broadcast": context.Broadcast},
        "rdd": {"RDD": context.RDD},
    }.items():
        module = types.ModuleType(f"pyspark.{name}")
        module.__dict__.update(members)
        sys.modules[module.__name__] = module
        setattr(pyspark, name, module)
    import pyspark.sql as sql

    sql.SQLContext = sql.HiveContext = context.SQLContext
    SparkSession.sparkContext = property(context.SparkContext.of_session)
    SparkSession._jvm = property(lambda session: context.Jvm("spark._jvm"))
    SparkSession._jsparkSession = property(lambda session: context.no_jvm("spark._jsparkSession"))
    DataFrame.rdd = property(context.FrameRdd)
    for builder in (classic.SparkSession.Builder, SparkSession.Builder):
        builder.getOrCreate = _get_or_create
        builder.create = _get_or_create
    # What is left of the builders' differences: only Connect's has the way to a session.
    classic.SparkSession.Builder.enableHiveSupport = lambda builder: builder
    SparkSession.Builder.enableHiveSupport = lambda builder: builder


def session(options: dict[str, str] | None = None) -> Any:
    """The session of the process. The first call starts Spark where the run names none."""
    from pyspark.sql.connect.session import SparkSession

    given = {key: value for key, value in (options or {}).items() if key not in _OF_THE_PROCESS}
    active = SparkSession.getActiveSession()
    if active is None:
        wanted = ({} if _settings["remote"] else _DEFAULTS) | _settings["conf"] | given
        active = _connect(_settings["remote"] or _start(wanted))
        for key, value in wanted.items():
            _set(active, key, value)
        return active
    for key, value in given.items():
        _set(active, key, value)
    return active


# What a builder may be told and a session over Connect cannot have.
_OF_THE_PROCESS = {"spark.master", "spark.remote", "spark.app.name", "spark.api.mode"}


# Glue's machines are in UTC, and Iceberg knows no other zone.
_DEFAULTS = {"spark.sql.session.timeZone": "UTC"}


def _get_or_create(builder: Any) -> Any:
    return session({key: _text(value) for key, value in builder._options.items()})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _connect(url: str) -> Any:
    from pyspark.sql.connect.session import SparkSession

    _reach(url)
    connected = SparkSession(connection=url)
    SparkSession._set_default_and_active_session(connected)
    return connected


def _reach(url: str) -> None:
    """Fails early where nobody listens: the client itself would try for many minutes."""
    place = urllib.parse.urlsplit(url)
    host, port = place.hostname or "", place.port or 15002
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        raise ConnectionError(f"No Spark Connect server answers at {host}:{port}: {error}") from None


def _carry_packages() -> None:
    """Makes functions carry what they use of the packages that workers on other machines do not have."""
    import awsglue
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(awsglue)


def _set(active: Any, key: str, value: str) -> None:
    from pyspark.errors import PySparkException

    try:
        active.conf.set(key, value)
    except PySparkException as error:
        # Spark has settings that only a cluster's start can take; a script that names them runs on Glue all the same.
        print(f"The setting {key} is not taken: {str(error).splitlines()[0]}", file=sys.stderr)


def _heeding() -> None:
    """Makes settings of the session heard that Sail does not heed."""
    from pyspark.sql.connect.conf import RuntimeConf

    from mastic_host import casts, discovered, overwrite, records, views

    keep = RuntimeConf.set

    def setting(conf: Any, key: str, value: Any) -> None:
        casts.heed(key, _text(value))
        discovered.heed(key, _text(value))
        overwrite.heed(key, _text(value))
        records.heed(key, _text(value))
        views.heed(key, _text(value))
        _conf[key] = _text(value)
        keep(conf, key, value)

    RuntimeConf.set = setting


def _start(conf: dict[str, str]) -> str:
    """Starts Sail within this process, with the Glue catalog behind the names that the settings give it."""
    global _server
    if _server is None:
        os.environ.update(_environment(conf))
        from pysail.spark import SparkConnectServer

        _server = SparkConnectServer()
        _server.start(background=True)
    return "sc://127.0.0.1:%d" % _server.listening_address[1]


def _environment(conf: dict[str, str]) -> dict[str, str]:
    from mastic_host import tables

    _conf.update(conf)
    names = tables.catalogs = catalogs(conf, _settings["catalog"])
    own = [f'type="glue", name="{name}", region="{_settings["region"]}", endpoint_url="{_settings["endpoint"]}"' for name in names]
    if "spark_catalog" not in names:
        own.insert(0, 'type="memory", name="spark_catalog", initial_database=["default"]')
    return {
        "SAIL_CATALOG__LIST": "[" + ", ".join(f"{{{entry}}}" for entry in own) + "]",
        "SAIL_CATALOG__DEFAULT_CATALOG": "spark_catalog",
        "AWS_ENDPOINT": _settings["endpoint"],
        "AWS_ALLOW_HTTP": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        "SAIL_EXECUTION__CHECKPOINT__PATH": f"file://{os.environ.get('MASTIC_SCRATCH', '/tmp')}/checkpoints",
        "RUST_LOG": "error",
    }


def settings() -> dict[str, str]:
    """The settings with which Spark was started."""
    return _conf


def is_of_iceberg(catalog: str) -> bool:
    """Whether a catalog is one of Iceberg's, in which tables are Iceberg's if nobody says otherwise."""
    return _conf.get(f"spark.sql.catalog.{catalog}", "").endswith(".SparkCatalog")


def catalogs(conf: dict[str, str], default: bool) -> list[str]:
    """The names under which SQL reaches the Glue catalog: Spark's own if the job says so, and those that the settings make
    catalogs of Iceberg's over Glue.

    >>> catalogs({"spark.sql.catalog.g": "org.apache.iceberg.spark.SparkCatalog",
    ...           "spark.sql.catalog.g.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog"}, True)
    ['spark_catalog', 'g']
    """
    prefix = "spark.sql.catalog."
    names = ["spark_catalog"] if default else []
    for key, value in conf.items():
        name, _, setting = key.removeprefix(prefix).partition(".")
        glue = (setting == "catalog-impl" and value.endswith(".GlueCatalog")) or (setting == "type" and value == "glue")
        if key.startswith(prefix) and glue and name not in names:
            names.append(name)
    return names
