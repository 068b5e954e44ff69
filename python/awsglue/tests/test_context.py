"""GlueContext outside of a job's run, with Sail: what a script reads and writes by Spark alone."""

import json
import re

import pytest
from context_support import glue, rows  # noqa: F401

from awsglue._errors import InvalidInputException, OperationNotSupportedException
from awsglue._globs import excluded, pattern
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame


def put(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def test_csv_is_text(glue, tmp_path):
    place = put(tmp_path, a_csv="id|name\n1|x\n2|y\n")
    frame = glue.create_dynamic_frame.from_options(
        "s3", {"paths": [place]}, "csv", {"withHeader": True, "separator": "|"}, "ctx"
    )
    assert isinstance(frame, DynamicFrame)
    assert rows(frame) == [{"id": "1", "name": "x"}, {"id": "2", "name": "y"}]


def test_columns_without_names(glue, tmp_path):
    place = put(tmp_path, a_csv="1,x\n2,y\n")
    frame = glue.create_dynamic_frame.from_options("s3", {"paths": [place]}, format="csv")
    assert frame.toDF().columns == ["col0", "col1"]


def test_exclusions_and_schemas(glue, tmp_path):
    place = put(tmp_path, a_json='{"id": 1}\n', b__c_json='{"id": 2}\n', b__d_json='{"id": 3}\n')
    schema = {"type": "struct", "fields": [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]}
    frame = glue.create_dynamic_frame.from_options(
        connection_type="s3",
        connection_options={"paths": [place], "exclusions": json.dumps(["b/d*"])},
        format="json",
        format_options={"withSchema": json.dumps(schema)},
    )
    assert sorted(row["id"] for row in rows(frame)) == [1, 2]


def test_there_and_back(glue, spark, tmp_path):
    data = spark.createDataFrame([(1, "a", 2020), (2, None, 2021)], "id int, name string, year int")
    frame = DynamicFrame.fromDF(data, glue, "data")
    for form in ("parquet", "json", "csv"):
        place = str(tmp_path / form)
        answer = glue.write_dynamic_frame.from_options(
            frame=frame, connection_type="s3", connection_options={"path": place, "partitionKeys": ["year"]}, format=form
        )
        assert answer is frame
        assert sorted(path.name for path in (tmp_path / form).iterdir()) == ["year=2020", "year=2021"]
        assert len(spark.read.format(form).option("header", "true").load(place).collect()) == 2
    again = glue.create_data_frame.from_options("parquet", {"paths": [str(tmp_path / "parquet")]})
    assert sorted(row.id for row in again.collect()) == [1, 2]


def test_sinks_and_sources(glue, spark, tmp_path):
    frame = DynamicFrame.fromDF(spark.range(3), glue, "numbers")
    sink = glue.getSink("s3", path=str(tmp_path / "out"))
    sink.setFormat("json")
    assert sink.writeFrame(frame) is frame
    source = glue.getSource("s3", paths=[str(tmp_path / "out")])
    source.setFormat("json")
    assert sorted(row["id"] for row in rows(source.getFrame())) == [0, 1, 2]
    assert source.getSampleFrame(2).count() == 2


def test_samples(glue, tmp_path):
    place = put(tmp_path, a_csv="id\n1\n2\n3\n")
    options = {"paths": [place]}
    frame = glue.create_sample_dynamic_frame_from_options("s3", options, 2, {}, "csv", {"withHeader": True})
    assert frame.count() == 2
    with pytest.raises(InvalidInputException, match="num"):
        glue.create_sample_dynamic_frame_from_options("s3", options, format="csv")


def test_rows_of_python(glue):
    frame = glue.create_dynamic_frame.from_rdd([(1, "a")], "made", "id int, name string")
    assert rows(frame) == [{"id": 1, "name": "a"}]


def test_what_is_not_there_is_named(glue):
    with pytest.raises(OperationNotSupportedException, match="`kafka`"):
        glue.create_data_frame.from_options("kafka", {"topicName": "x"})
    with pytest.raises(OperationNotSupportedException, match="`ion`"):
        glue.create_dynamic_frame.from_options("s3", {"paths": ["/nowhere"]}, "ion")
    with pytest.raises(InvalidInputException, match="format"):
        glue.create_dynamic_frame.from_options("s3", {"paths": ["/nowhere"]})
    with pytest.raises(InvalidInputException, match="table_name"):
        glue.create_dynamic_frame.from_catalog("db")
    with pytest.raises(OperationNotSupportedException, match="`colour`"):
        glue.create_dynamic_frame.from_catalog("db", "t", colour="red")
    with pytest.raises(OperationNotSupportedException, match="governed tables"):
        glue.start_transaction(True)
    with pytest.raises(OperationNotSupportedException, match="_jvm"):
        glue._jvm
    with pytest.raises(AttributeError):
        glue.nothing_of_the_kind


def test_it_is_a_session_too(glue, spark):
    assert glue.spark_session is spark and glue.sparkSession is spark
    assert [row.n for row in glue.sql("select 1 as n").collect()] == [1]
    assert glue.range(2).count() == 2
    assert glue.currentTimeMillis() > 1_700_000_000_000
    assert GlueContext().spark_session is spark and GlueContext(spark).spark_session is spark


def test_the_logger(glue, capsys):
    logger = glue.get_logger()
    logger.info("begun")
    logger.debug("unheard")
    logger.error("broken", ValueError("why"))
    told = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"[\d-]{10} [\d:]{8},\d{3} INFO  \[main\] GlueLogger: begun", told[0])
    assert told[1].endswith("ERROR [main] GlueLogger: broken") and told[2] == "ValueError: why"


def test_batches_of_what_is_no_stream(glue, spark):
    seen = []

    def batch(frame, number):
        seen.append((frame.count(), number))
        if len(seen) == 1:
            raise ValueError("the first time only")

    glue.forEachBatch(frame=spark.range(3), batch_function=batch, options={"windowSize": "10 seconds"})
    assert seen == [(3, 0), (3, 0)]
    with pytest.raises(ZeroDivisionError):
        glue.forEachBatch(spark.range(3), lambda frame, number: 1 / 0, {"batchMaxRetries": "0"})
    assert glue.getSampleStreamingDynamicFrame(spark.range(9), {"recordPollingLimit": "4"}).count() == 4


def test_ingestion_time(glue, spark):
    frame = spark.range(1)
    columns = {
        granularity: glue.add_ingestion_time_columns(frame, granularity).columns[1:]
        for granularity in ("day", "hour", "minute")
    }
    day = ["ingest_year", "ingest_month", "ingest_day"]
    assert columns == {"day": day, "hour": [*day, "ingest_hour"], "minute": [*day, "ingest_hour", "ingest_minute"]}
    row = glue.add_ingestion_time_columns(frame, "minute").first()
    assert re.fullmatch(r"\d{4} \d\d \d\d \d\d \d\d", " ".join(row[1:]))
    with pytest.raises(InvalidInputException):
        glue.add_ingestion_time_columns(frame, "month")


@pytest.mark.parametrize(
    ("text", "path", "met"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "b/a.csv", False),
        ("**.csv", "b/a.csv", True),
        ("*", "a/b", False),
        ("?.{csv,gz}", "a.gz", True),
        ("[!a-c]x", "dx", True),
        ("[a-c]x", "dx", False),
        (r"a\*", "a*", True),
        ("a.b", "aXb", False),
    ],
)
def test_patterns(text, path, met):
    assert bool(pattern(text).fullmatch(path)) is met


def test_exclusions_name_urls_or_paths():
    assert excluded("s3://b/in/x/a.pdf", "s3://b/in/", ["**.pdf"])
    assert excluded("s3://b/in/x/a.pdf", "s3://b/in/", ["s3://b/in/**"])
    assert not excluded("s3://b/in/x/a.pdf", "s3://b/in/", ["*.pdf"])
