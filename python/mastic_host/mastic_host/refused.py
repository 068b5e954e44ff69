"""Plans that Sail refuses and Spark does not, put in other words and sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mastic_host import aliases, asking, casts, coercions, databases, decimals, fields
from mastic_host.asking import Asker

# A plan may have to be put in other words for several reasons, one after the other.
_MOST = 20
# What mends a plan in place that was refused with a message; whether it could.
_REPAIRS: list[Callable[[Any, str, Asker], bool]] = [
    coercions.repair, fields.repair, aliases.repair, lambda plan, refused, asker: databases.make_default(refused),
]  # fmt: skip


def install() -> None:
    """Makes the client send plans that Sail takes."""
    from pyspark.sql.connect.client.core import SparkConnectClient

    analyze, execute = SparkConnectClient._analyze, SparkConnectClient._execute_and_fetch_as_iterator

    def mended(client: Any, plan: Any, error: Exception) -> bool:
        return any([repair(plan, str(error), Asker(client, analyze)) for repair in _REPAIRS])

    def analyzing(client: Any, method: str, **more: Any) -> Any:
        if "plan" in more:
            decimals.mend(more["plan"], Asker(client, analyze))
            if method in ("schema", "tree_string"):
                coercions.fit(more["plan"], Asker(client, analyze), only_chosen=True)
        for _ in range(_MOST):
            try:
                return analyze(client, method, **more)
            except Exception as error:
                if "plan" not in more or not mended(client, more["plan"], error):
                    raise
        return analyze(client, method, **more)

    def executing(client: Any, request: Any, *arguments: Any, **more: Any) -> Iterator[Any]:
        import pyarrow as pa

        decimals.mend(request.plan, Asker(client, analyze))
        if coercions.writes(request.plan):
            asking.forget()
            # What fails halfway may have written rows before.
            coercions.fit(request.plan, Asker(client, analyze), only_chosen=not casts.lenient)
        for _ in range(_MOST):
            begun = False
            try:
                for answer in execute(client, request, *arguments, **more):
                    begun = begun or isinstance(answer, pa.RecordBatch)
                    yield answer
                return
            except Exception as error:
                if begun or not mended(client, request.plan, error):
                    raise
        yield from execute(client, request, *arguments, **more)

    SparkConnectClient._analyze = analyzing
    SparkConnectClient._execute_and_fetch_as_iterator = executing
