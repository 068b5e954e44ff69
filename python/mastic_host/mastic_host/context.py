"""`SparkContext` and what belongs to it, over Spark Connect.

Over Connect there is no JVM and there are no RDDs. What scripts use of a context besides is here; the rest is refused with
the name of the call and the way that DataFrames have for it.
"""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn


class NotOverConnect(NotImplementedError):
    """A call that needs a JVM or RDDs."""

    category = "UNSUPPORTED_OPERATION_ERROR"


# For each call of the RDD world what a DataFrame has instead.
_INSTEAD = {
    "parallelize": "spark.createDataFrame(rows, schema)",
    "textFile": "spark.read.text(path)",
    "wholeTextFiles": "spark.read.text(path, wholetext=True)",
    "binaryFiles": 'spark.read.format("binaryFile").load(path)',
    "sequenceFile": "a format that DataFrames read, such as Parquet",
    "newAPIHadoopFile": "spark.read.format(...).load(path)",
    "hadoopFile": "spark.read.format(...).load(path)",
    "emptyRDD": "spark.createDataFrame([], schema)",
    "range": "spark.range(start, end)",
    "union": "DataFrame.unionByName",
    "accumulator": "an aggregation, such as DataFrame.agg(count(...))",
    "map": "DataFrame.select with functions or a UDF, or DataFrame.mapInPandas",
    "flatMap": "DataFrame.select(explode(...))",
    "mapPartitions": "DataFrame.mapInPandas",
    "foreach": "DataFrame.toLocalIterator",
    "foreachPartition": "DataFrame.toLocalIterator",
    "reduceByKey": "DataFrame.groupBy(...).agg(...)",
    "groupByKey": "DataFrame.groupBy(...).agg(collect_list(...))",
    "isEmpty": "DataFrame.isEmpty()",
    "zipWithIndex": "row_number() over a window",
    "saveAsTextFile": "DataFrame.write.text(path)",
    "filter": "DataFrame.filter",
}


def refuse(call: str, name: str) -> NoReturn:
    """Says that a call of the RDD world is not there, and what is."""
    instead = _INSTEAD.get(name)
    way = f" Use {instead} instead." if instead else " Use the DataFrame API instead."
    if name == "getNumPartitions":
        way = " There is no counterpart: how rows are divided is the engine's business."
    raise NotOverConnect(f"{call} needs RDDs, which Spark Connect does not have.{way}")


def no_jvm(call: str) -> NoReturn:
    """Says that there is no JVM."""
    raise NotOverConnect(f"{call} needs a JVM, and Spark Connect has none. Use the DataFrame API or boto3 instead.")


class RDD:
    """An RDD: every call on it is refused by its name."""

    def __init__(self, origin: str = "rdd"):
        self._origin = origin

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse(f"{self._origin}.{name}", name)


class FrameRdd(RDD):
    """The `rdd` of a DataFrame: what only fetches rows is the DataFrame's own."""

    def __init__(self, frame: Any):
        super().__init__("DataFrame.rdd")
        self._frame = frame
        for call in ("collect", "count", "take", "first", "isEmpty"):
            setattr(self, call, getattr(frame, call))

    def toDF(self, *columns: Any) -> Any:  # noqa: N802
        """The DataFrame again."""
        return self._frame.toDF(*columns) if columns else self._frame


class Rows:
    """What `parallelize` gives: rows that wait to become a DataFrame."""

    def __init__(self, rows: Iterable[Any]):
        self._rows = list(rows)

    def __iter__(self) -> Iterator[Any]:
        """The rows, for `createDataFrame`."""
        return iter(self._rows)

    def __len__(self) -> int:
        """How many there are, for `createDataFrame`."""
        return len(self._rows)

    def isEmpty(self) -> bool:  # noqa: N802
        """Whether there are none."""
        return not self._rows

    def toDF(self, schema: Any = None, sampleRatio: float | None = None) -> Any:  # noqa: N802, N803
        """A DataFrame of the rows."""
        from mastic_host import spark

        return spark.session().createDataFrame(self._rows, schema, sampleRatio)

    def collect(self) -> list[Any]:
        """The rows."""
        return list(self._rows)

    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse(f"SparkContext.parallelize(...).{name}", name)


class Broadcast:
    """A value that functions carry with them."""

    def __init__(self, value: Any):
        self.value = value

    def __reduce__(self) -> Any:
        # Workers on other machines do not have this class.
        return types.SimpleNamespace, (), {"value": self.value}

    def unpersist(self, blocking: bool = False) -> None:
        """Nothing is kept outside this process."""

    def destroy(self, blocking: bool = False) -> None:
        """Nothing is kept outside this process."""


class SparkConf:
    """Settings for the session that is made with them."""

    def __init__(self, loadDefaults: bool = True, _jvm: Any = None, _jconf: Any = None):  # noqa: N803
        self._values: dict[str, str] = {}

    def set(self, key: str, value: Any) -> SparkConf:
        """Sets one."""
        self._values[key] = str(value)
        return self

    def setAll(self, pairs: Iterable[tuple[str, Any]]) -> SparkConf:  # noqa: N802
        """Sets several."""
        for key, value in pairs:
            self.set(key, value)
        return self

    def setIfMissing(self, key: str, value: Any) -> SparkConf:  # noqa: N802
        """Sets one that is not set."""
        return self if key in self._values else self.set(key, value)

    def setAppName(self, value: str) -> SparkConf:  # noqa: N802
        """Sets `spark.app.name`."""
        return self.set("spark.app.name", value)

    def setMaster(self, value: str) -> SparkConf:  # noqa: N802
        """Sets `spark.master`, which has no meaning over Connect."""
        return self.set("spark.master", value)

    def get(self, key: str, defaultValue: str | None = None) -> str | None:  # noqa: N803
        """One setting."""
        return self._values.get(key, defaultValue)

    def contains(self, key: str) -> bool:
        """Whether it is set."""
        return key in self._values

    def getAll(self) -> list[tuple[str, str]]:  # noqa: N802
        """All that are set."""
        return list(self._values.items())

    def toDebugString(self) -> str:  # noqa: N802
        """All that are set, a line each."""
        return "\n".join(f"{key}={value}" for key, value in sorted(self._values.items()))


class _Hadoop:
    """`sc._jsc.hadoopConfiguration()`: scripts set S3 options there, which the runner has set already."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def set(self, key: str, value: Any) -> None:
        """Keeps a setting for `get`; says that nothing else reads it."""
        self._values[key] = str(value)
        print(f"The Hadoop setting {key} has no effect: nothing here reads files through Hadoop.", file=sys.stderr)

    def get(self, key: str, default: str | None = None) -> str | None:
        """A setting that was set."""
        return self._values.get(key, default)


class _JavaContext:
    def __init__(self) -> None:
        self._hadoop = _Hadoop()

    def hadoopConfiguration(self) -> _Hadoop:  # noqa: N802
        """The settings of Hadoop."""
        return self._hadoop

    def __getattr__(self, name: str) -> Any:
        no_jvm(f"SparkContext._jsc.{name}")


class Jvm:
    """What scripts use of the JVM without need: its loggers. The rest is refused by name."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        path = f"{self._path}.{name}"
        whole = path.partition("_jvm.")[2]
        if whole in ("org.apache.log4j.LogManager", "org.apache.log4j.Logger"):
            return Loggers
        if "org.apache.log4j".startswith(whole):
            return Jvm(path)
        no_jvm(path)


class Loggers:
    """`LogManager` of log4j, over Python's loggers: what they say goes to the error log."""

    @staticmethod
    def getLogger(name: str) -> Logger:  # noqa: N802
        """The logger of a name."""
        return Logger(name)

    @staticmethod
    def getRootLogger() -> Logger:  # noqa: N802
        """The root's."""
        return Logger("root")


class Logger:
    """A logger of log4j's kind."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _say(self, level: str, message: Any) -> None:
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {level} {self._name}: {message}", file=sys.stderr)

    def debug(self, message: Any) -> None:
        """Debugging is off, as Glue's log4j has it."""

    def trace(self, message: Any) -> None:
        """Tracing is off."""

    def info(self, message: Any) -> None:
        """A line of information."""
        self._say("INFO", message)

    def warn(self, message: Any) -> None:
        """A warning."""
        self._say("WARN", message)

    def error(self, message: Any) -> None:
        """An error."""
        self._say("ERROR", message)

    def fatal(self, message: Any) -> None:
        """The last error."""
        self._say("FATAL", message)

    def setLevel(self, level: Any) -> None:  # noqa: N802
        """All of INFO and above is told, whatever the level."""


class SparkContext:
    """The context of the process's session."""

    _active_spark_context: SparkContext | None = None

    def __init__(self, master: str | None = None, appName: str | None = None, conf: SparkConf | None = None, **_: Any):  # noqa: N803
        from mastic_host import spark

        self._conf = conf or SparkConf()
        if appName:
            self._conf.setAppName(appName)
        self._session = spark.session(dict(self._conf.getAll()))
        self._jsc = _JavaContext()
        self.startTime = int(time.time() * 1000)
        SparkContext._active_spark_context = self

    @classmethod
    def getOrCreate(cls, conf: SparkConf | None = None) -> SparkContext:  # noqa: N802
        """The context there is, or a new one."""
        if cls._active_spark_context is None:
            return cls(conf=conf)
        if conf is not None:
            from mastic_host import spark

            spark.session(dict(conf.getAll()))
        return cls._active_spark_context

    @classmethod
    def of_session(cls, session: Any) -> SparkContext:
        """The context of a session."""
        return cls.getOrCreate()

    @property
    def version(self) -> str:
        """Spark's version."""
        return str(self._session.version)

    @property
    def appName(self) -> str:  # noqa: N802
        """The application's name: the job's, unless the script gave one."""
        return self._conf.get("spark.app.name") or os.environ.get("MASTIC_JOB_NAME", "")

    @property
    def applicationId(self) -> str:  # noqa: N802
        """The session's id."""
        return str(self._session.session_id)

    @property
    def master(self) -> str:
        """Where Spark is."""
        return "connect"

    @property
    def defaultParallelism(self) -> int:  # noqa: N802
        """How many cores there are."""
        return os.cpu_count() or 1

    @property
    def _jvm(self) -> Jvm:
        return Jvm("SparkContext._jvm")

    def getConf(self) -> SparkConf:  # noqa: N802
        """The settings that the context was made with."""
        return SparkConf().setAll(self._conf.getAll())

    def setLogLevel(self, logLevel: str) -> None:  # noqa: N802, N803
        """Spark's own log is not part of a run's: any level will do."""

    def setLocalProperty(self, key: str, value: str) -> None:  # noqa: N802
        """Properties of Spark's jobs, which nothing here shows."""

    def setJobGroup(self, groupId: str, description: str, interruptOnCancel: bool = False) -> None:  # noqa: N802, N803
        """Groups of Spark's jobs, which nothing here shows."""

    def setJobDescription(self, value: str) -> None:  # noqa: N802
        """A description of Spark's jobs, which nothing here shows."""

    def setCheckpointDir(self, dirName: str) -> None:  # noqa: N802, N803
        """Where checkpoints would go."""

    def addPyFile(self, path: str) -> None:  # noqa: N802
        """Makes a module or package importable, here and in functions."""
        if "://" in path and not path.startswith("file://"):
            raise NotOverConnect(f"SparkContext.addPyFile({path!r}): name the file in --extra-py-files instead.")
        local = path.removeprefix("file://")
        sys.path.insert(0, local if local.endswith((".zip", ".egg")) else os.path.dirname(os.path.abspath(local)))

    def broadcast(self, value: Any) -> Broadcast:
        """Wraps a value for functions."""
        return Broadcast(value)

    def parallelize(self, c: Iterable[Any], numSlices: int | None = None) -> Rows:  # noqa: N803
        """Rows for `toDF`; everything else of an RDD is refused."""
        return Rows(c)

    def emptyRDD(self) -> Rows:  # noqa: N802
        """No rows, for `createDataFrame`."""
        return Rows([])

    def stop(self) -> None:
        """Forgets the context; the session ends with the process."""
        SparkContext._active_spark_context = None

    def __enter__(self) -> SparkContext:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse(f"SparkContext.{name}", name)


class SQLContext:
    """The older name of a session."""

    def __init__(self, sparkContext: SparkContext, sparkSession: Any = None, jsqlContext: Any = None):  # noqa: N803
        from mastic_host import spark

        self.sparkSession = sparkSession or spark.session()

    @classmethod
    def getOrCreate(cls, sc: SparkContext) -> SQLContext:  # noqa: N802
        """One over the session there is."""
        return cls(sc)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sparkSession, name)
