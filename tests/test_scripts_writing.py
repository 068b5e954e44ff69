"""Files that scripts write by Spark's API, as Apache Spark 4.2 writes them."""

import pytest

from harness import name
from pipeline import put_policy, reads, writes
from scripts_corpus import Corpus


@pytest.fixture(scope="module")
def corpus(server):
    made = Corpus(server, name)
    put_policy(server, made.role, {"Version": "2012-10-17", "Statement": [reads(made.scripts, made.target), writes(made.target)]})
    return made


def test_writing(corpus):
    ended = corpus.run("writing", {"--target": corpus.target})
    assert ended.succeeded() == [
        "1,2024-01-02T03:04:05.123Z,2024-01-02T03:04:05.000,2024-01-02,",
        '{"i":1,"t":"2024-01-02T03:04:05.123Z","n":"2024-01-02T03:04:05.000","d":"2024-01-02"}',
        "i,t,n,d,none",
        "1,02.01.2024 03:04,2024-01-02T03:04:05.000,01/02/24,",
        '{"s":{"t":"2024-01-02T03:04:05.000Z","x":1},"a":["2024-01-02T03:04:05.000Z",null],"m":{"k":"2024-01-02T03:04:05.000Z"},"l":[{"d":"2024"}]}',
        '"a\\"b,c",1',
        '"x\\\\y,z",1',
        '"p\\\\\\"q",1',
        '"end,\\\\",1',
        "sp,1",
        "it's,1",
        ",1",
        '"a""b,c"|1',
        "x\\y,z|1",
        '"p\\""q"|1',
        "end,\\|1",
        " sp|1",
        "it's|1",
        "-|1",
        '"a\\"b,c",1',
        '"x\\\\y,z",1',
        '"p\\\\\\"q",1',
        '"end,\\\\",1',
        "sp,1",
        "it's,1",
        ",1",
        "True",
        "OperationNotSupportedException the option `quoteAll` of a writer is not supported with 'true'",
        "OperationNotSupportedException the option `encoding` of a writer is not supported with 'latin1'",
        "OperationNotSupportedException the option `ignoreNullFields` of a writer is not supported with 'false'",
        '{"k":1,"v":"b"}',
        "the option `attachFilename` of format_options is not supported",
    ]
    assert [line for line in ended.errors if "no option" in line] == [
        "`useGlueDataCatalog` of connection_options is no option of AWS Glue's, and does nothing",
        "`updateBehavior` of format_options is no option of AWS Glue's, and does nothing",
    ]
