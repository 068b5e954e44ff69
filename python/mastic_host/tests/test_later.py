"""pandas behind its stand-in, each case in an interpreter of its own."""

import os
import subprocess
import sys

import pytest

LOADED = "'pandas.core.frame' in sys.modules"


def told(*lines):
    """What a program prints after pandas was put off."""
    program = "\n".join(["import sys", "from mastic_host import later", "with later.putting_off(): import pyspark.sql.connect.session", *lines])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          env=os.environ | {"SPARK_HOME": "/"})
    return done.stdout.split()


def test_nobody_asks():
    assert told(f"print({LOADED})") == ["False"]


@pytest.mark.parametrize(
    "use",
    [
        "import pandas as pd; pd.DataFrame({'a': [1]})",
        "from pandas import DataFrame; DataFrame({'a': [1]})",
        "import pandas.core.frame; pandas.core.frame.DataFrame({'a': [1]})",
        "from pandas.api.types import is_bool_dtype; assert is_bool_dtype('bool')",
        "import pandas.api.types as t; assert t.is_bool_dtype('bool')",
        "from pandas.core import frame; frame.DataFrame({'a': [1]})",
        "from pyspark.sql.connect.session import is_datetime64_dtype as of; assert of('datetime64[ns]') and not of('bool')",
        "import pickle, pandas; assert pickle.loads(pickle.dumps(pandas)).DataFrame",
        "from pyspark import cloudpickle as c; import pickle, pandas; f = lambda: pandas.DataFrame; pickle.loads(c.dumps(f))()",
        "import importlib.util; assert importlib.util.find_spec('pandas.core.frame')",
    ],
)
def test_somebody_asks(use):
    after = "import pandas, pandas.core.frame as f; print(pandas.DataFrame is f.DataFrame, type(sys.modules['pandas']).__name__)"
    assert told(use, f"print({LOADED})", after) == ["True", "True", "module"]


def test_threads_get_one_pandas():
    lines = [
        "import pandas as pd, threading",
        "found = []",
        "threads = [threading.Thread(target=lambda: found.append(pd.DataFrame)) for _ in range(8)]",
        "[thread.start() for thread in threads]",
        "[thread.join() for thread in threads]",
        "print(len(found), len(set(found)))",
    ]
    assert told(*lines) == ["8", "1"]
