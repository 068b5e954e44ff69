"""How many files a table becomes."""

import pytest

from test_job_formats import bodies, done, place, rows, target  # noqa: F401 (a fixture)


@pytest.mark.parametrize("fmt,compression", [("csv", None), ("json", "bzip2"), ("xml", None), ("avro", None), ("orc", None)])
def test_a_small_table_is_few_files(server, unique, place, fmt, compression):  # noqa: F811
    folder = unique("small")
    done(server, unique, place, {"in": rows(place[0]), "t": target(place[1], folder, fmt, compression)})
    assert 1 <= len(bodies(server, place[1], folder)) <= 2
