"""Structs that are null, null in their fields too.

Arrow's builders put zeros and empty texts into the fields of a struct that is null, and Sail takes a field as it finds it: `r.p` of
an `r` that is null would be 0. So what Python makes, rows of a script and what its functions return, goes to Sail with nulls there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def install() -> None:
    """Makes rows and functions so."""
    from pyspark.sql.connect import expressions, plan

    begin, plans = plan.LocalRelation.__init__, expressions.PythonUDF.to_plan

    def beginning(relation: Any, table: Any, schema: str | None = None) -> None:
        begin(relation, table if table is None else _of_columns(table), schema)

    def planning(function: Any, session: Any) -> Any:
        # Only here, as what runs functions is slow to import.
        _mend_functions()
        return plans(function, session)

    plan.LocalRelation.__init__ = beginning
    expressions.PythonUDF.to_plan = planning


def whole(array: Any) -> Any:
    """An Arrow array, of any type, with nulls in all fields of structs that are null.

    >>> import pyarrow as pa
    >>> made = pa.array([None, {"p": 1, "q": [None, {"r": "x"}]}])
    >>> made.field("p").to_pylist(), whole(made).field("p").to_pylist()
    ([0, 1], [None, 1])
    >>> whole(made).field("q").values.field("r").to_pylist(), whole(made).equals(made)
    ([None, 'x'], True)
    """
    import pyarrow as pa

    kind = array.type
    if not _holds_structs(kind):
        return array
    if pa.types.is_struct(kind):
        fields = [whole(one) for one in array.flatten()]
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=array.is_null() if array.null_count else None)
    if pa.types.is_map(kind):
        within = pa.StructArray.from_arrays([array.keys, whole(array.items)], fields=[kind.key_field, kind.item_field])
    else:
        within = whole(array.values)
    return pa.Array.from_buffers(kind, len(array), array.buffers()[:2], array.null_count, array.offset, [within])


def _holds_structs(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_map(kind):
        return _holds_structs(kind.item_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_structs(kind.value_type)
    return bool(pa.types.is_struct(kind)) and kind.num_fields > 0


def _of_columns(rows: Any) -> Any:
    """The same for a table or a batch; anything else stays."""
    import pyarrow as pa

    if not isinstance(rows, pa.Table | pa.RecordBatch) or not any(map(_holds_structs, rows.schema.types)):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.RecordBatch.from_arrays([whole(one) for one in rows.columns], schema=rows.schema)
    columns = [pa.chunked_array(map(whole, one.chunks), one.type) for one in rows.columns]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _mend_functions() -> None:
    from pyspark import worker
    from pyspark.sql.conversion import PandasToArrowConversion

    if hasattr(worker.read_udfs, "mended"):
        return
    read, convert = worker.read_udfs, PandasToArrowConversion.convert

    def reading(*given: Any) -> tuple[Any, ...]:
        function, *rest = read(*given)
        return (_returning(function), *rest)

    def converting(_: Any, *given: Any, **more: Any) -> Any:
        return _of_columns(convert(*given, **more))

    PandasToArrowConversion.convert = classmethod(converting)
    reading.mended = True  # type: ignore[attr-defined]
    worker.read_udfs = reading


def _returning(function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def calling(*given: Any) -> Iterator[Any]:
        return map(_of_columns, function(*given))

    return calling
