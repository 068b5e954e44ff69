"""Ten thousand partitions in one run with little memory, in every format; small and large files."""

import pytest

from test_job_formats import bodies, done, place, target  # noqa: F401 (a fixture)

ROWS, PARTS = 20_000, 10_000


@pytest.fixture(scope="module")
def many(server, place):  # noqa: F811
    text = "n,part,word\n" + "".join(f"{n},p{n % PARTS},word {n % 7}\n" for n in range(ROWS))
    server.client("s3").put_object(Bucket=place[0], Key="many/many.csv", Body=text.encode())
    return {"in": {"S3CsvSource": {"Name": "in", "Paths": [f"s3://{place[0]}/many/"], "Separator": "comma", "QuoteChar": "quote",
                                   "WithHeader": True}}}


@pytest.mark.parametrize("fmt,compression", [("parquet", None), ("orc", "zlib"), ("avro", None), ("json", "gzip")])
def test_ten_thousand_partitions(server, unique, place, many, fmt, compression):  # noqa: F811
    folder = unique("many")
    nodes = many | {"t": target(place[1], folder, fmt, compression, PartitionKeys=[["part"]])}
    done(server, unique, place, nodes, run_memory="384m")
    keys = [item["Key"] for page in server.client("s3").get_paginator("list_objects_v2").paginate(
        Bucket=place[1], Prefix=f"{folder}/") for item in page["Contents"]]
    assert len({key.split("/")[1] for key in keys}) == PARTS
    # A partition whose rows came early may be closed to make room, and go on in a second file.
    assert PARTS <= len(keys) <= 2 * PARTS


@pytest.mark.parametrize("fmt,compression", [("csv", None), ("json", "bzip2"), ("xml", None), ("avro", None), ("orc", None)])
def test_a_small_table_is_few_files(server, unique, place, many, fmt, compression):  # noqa: F811
    folder = unique("small")
    done(server, unique, place, many | {"t": target(place[1], folder, fmt, compression)})
    assert 1 <= len(bodies(server, place[1], folder)) <= 2
