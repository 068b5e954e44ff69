"""`input_file_name()` and `_metadata.file_path`, which Sail does not have: where a frame asks for them, each of its files is read
by itself, beside the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from awsglue._errors import unsupported

from mastic_host import paths

#: The column with the names, as long as it is needed.
COLUMN = "_mastic_file"
#: The same column in queries.
QUERIED = "_mastic_file_name"
FUNCTION = re.compile(r"\binput_file_name\s*\(\s*\)", re.I)
_PATH, _NAME = "_metadata.file_path", "_metadata.file_name"
_TEXT = re.compile(r"\binput_file_name\s*\(\s*\)|\b_metadata\s*\.\s*file_(path|name)\b", re.I)
# What Spark tells of a file besides its columns.
_HIDDEN = re.compile(r"_metadata\.file_\w+")
_WANTED = re.compile(r"\binput_file_name\b|\b_metadata\b", re.I)
# Steps that go over rows one by one: what they make of all files is what they make of each.
_BY_ROW = {
    "project", "filter", "with_columns", "with_columns_renamed", "drop", "to_df", "to_schema", "subquery_alias", "hint", "fill_na",
    "drop_na", "replace", "repartition", "map_partitions",
}  # fmt: skip
# As many files as may be read so: each is a part of the plan.
_MOST = 2000

# Whether anything asked for a file's name yet: before that, no plan is looked at.
_asked = False


def install() -> None:
    """Makes frames tell the names of their files."""
    from pyspark.sql.connect import expressions
    from pyspark.sql.connect.client import SparkConnectClient

    _noticing(expressions.UnresolvedFunction)
    _noticing(expressions.SQLExpression)
    _noticing(expressions.ColumnReference)
    SparkConnectClient._set_relation_in_plan = _with_names(SparkConnectClient._set_relation_in_plan)
    SparkConnectClient._set_command_in_plan = _with_names(SparkConnectClient._set_command_in_plan)


def _noticing(kind: Any) -> None:
    begin = kind.__init__

    def beginning(made: Any, *given: Any, **more: Any) -> None:
        global _asked
        texts = (*given[:1], *more.values())
        _asked = _asked or any(isinstance(text, str) and _WANTED.search(text) for text in texts)
        begin(made, *given, **more)

    kind.__init__ = beginning


def _with_names(send: Callable[..., Any]) -> Callable[..., Any]:
    def sending(client: Any, plan: Any, what: Any) -> Any:
        if _asked:
            for relation in list(_relations(what)):
                _rewrite(client, relation)
        return send(client, plan, what)

    return sending


def _relations(message: Any) -> Iterator[Any]:
    """The outermost relations in a message."""
    if message.DESCRIPTOR.name == "Relation":
        yield message
        return
    for _, value in _messages(message):
        yield from _relations(value)


def _messages(message: Any) -> Iterator[tuple[str, Any]]:
    """The messages right within one."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            entries = value.values() if field.message_type.fields_by_name["value"].message_type is not None else []
        else:
            entries = value if not hasattr(value, "DESCRIPTOR") else [value]
        for entry in entries:
            yield field.name, entry


def _rewrite(client: Any, relation: Any) -> None:
    """Rewrites the topmost steps that ask for names."""
    step = _step(relation)
    if step is None:
        return
    if any(_mentions(value) for _, value in _messages(step) if value.DESCRIPTOR.name != "Relation"):
        _expand(client, relation)
        return
    for _, value in list(_messages(step)):
        for inner in list(_relations(value)):
            _rewrite(client, inner)


def _step(relation: Any) -> Any:
    kind = relation.WhichOneof("rel_type")
    return getattr(relation, kind) if kind else None


def _mentions(message: Any) -> bool:
    """Whether an expression asks for names."""
    name = message.DESCRIPTOR.name
    if name == "Relation":
        return False
    if name == "UnresolvedFunction" and message.function_name.lower() == "input_file_name":
        return True
    if name == "UnresolvedAttribute" and _HIDDEN.fullmatch(message.unparsed_identifier.replace("`", "")):
        return True
    if name == "ExpressionString" and _TEXT.search(message.expression):
        return True
    return any(_mentions(value) for _, value in _messages(message))


def _expand(client: Any, relation: Any) -> None:
    """Puts a step that asks for names over all files of its source, each with its name."""
    from pyspark.sql.connect import proto

    whole = proto.Relation()
    whole.CopyFrom(relation)
    step = _step(whole)
    if "input" not in step.DESCRIPTOR.fields_by_name:
        raise _refused("of several frames at once")
    files, schema = _source(client, step.input)
    if any(field.name.lower() == "_metadata" for field in schema.fields):
        # The files have a column of their own by this name.
        return
    parts = []
    for file in files:
        part = proto.Relation()
        part.with_columns.input.CopyFrom(step.input)
        below = part.with_columns.input
        while below.WhichOneof("rel_type") != "read":
            _replace(below, file)
            below = _step(below).input
        _read_only(below, file, schema)
        alias = part.with_columns.aliases.add()
        alias.name.append(COLUMN)
        alias.expr.literal.string = file
        parts.append(part)
    named = _union(parts)
    if step.input.WhichOneof("rel_type") == "subquery_alias":
        qualified = proto.Relation()
        qualified.CopyFrom(step.input)
        qualified.subquery_alias.input.CopyFrom(named)
        named = qualified
    named.common.plan_id = step.input.common.plan_id
    step.input.CopyFrom(named)
    _replace(whole, None)
    if whole.WhichOneof("rel_type") == "aggregate":
        relation.CopyFrom(whole)
        return
    relation.Clear()
    relation.common.CopyFrom(whole.common)
    relation.drop.input.CopyFrom(whole)
    relation.drop.column_names.append(COLUMN)


def _union(parts: list[Any]) -> Any:
    """All of these, as a tree that is not deep."""
    from pyspark.sql.connect import proto

    while len(parts) > 1:
        paired = []
        for left, right in zip(parts[::2], parts[1::2]):
            both = proto.Relation()
            both.set_op.left_input.CopyFrom(left)
            both.set_op.right_input.CopyFrom(right)
            both.set_op.set_op_type = proto.SetOperation.SET_OP_TYPE_UNION
            both.set_op.is_all = True
            paired.append(both)
        parts = paired + (parts[-1:] if len(parts) % 2 else [])
    return parts[0]


def _source(client: Any, below: Any) -> tuple[list[str], Any]:
    """The files that the rows below a step come from, and the columns of their source."""
    from pyspark.sql.connect import proto

    while below.WhichOneof("rel_type") in _BY_ROW:
        if _uses_others(below):
            raise _refused("of rows that a window was laid over")
        below = _step(below).input
    source = below.read.data_source if below.WhichOneof("rel_type") == "read" else None
    if source is None or not source.paths or any(path.startswith("file:") for path in source.paths):
        raise _refused("of rows that do not come right from files")
    plan = proto.Plan()
    plan.root.CopyFrom(below)
    files = sorted(client._analyze(method="input_files", plan=plan).input_files)
    if len(files) > _MOST:
        raise _refused(f"of {len(files)} files ({_MOST} at most)")
    if files and files[0].startswith("s3"):
        # What Sail asks of a file first is denied without a text.
        paths.head(files[0], 1)
    return files or list(source.paths), client.schema(plan)


def _uses_others(message: Any) -> bool:
    return any(
        value.DESCRIPTOR.name == "Window" or (value.DESCRIPTOR.name != "Relation" and _uses_others(value))
        for _, value in _messages(_step(message) if message.DESCRIPTOR.name == "Relation" else message)
    )


def _read_only(read: Any, file: str, schema: Any) -> None:
    """Makes a source that of one file, with the columns of all; those of its folders' names are put behind."""
    from pyspark.sql.connect import proto
    from pyspark.sql.types import StructType

    known = {field.name.lower(): field for field in schema.fields}
    folders = [segment.partition("=") for segment in file.split("/")[:-1] if "=" in segment]
    keys = {name.lower(): unquote(value) for name, _, value in folders if name.lower() in known}
    source = read.read.data_source
    del source.paths[:]
    source.paths.append(file)
    source.schema = StructType([field for field in schema.fields if field.name.lower() not in keys]).json()
    if not keys:
        return
    inner = proto.Relation()
    inner.CopyFrom(read)
    read.ClearField("read")
    read.with_columns.input.CopyFrom(inner)
    for field in schema.fields:
        if field.name.lower() in keys:
            value, alias = keys[field.name.lower()], read.with_columns.aliases.add()
            alias.name.append(field.name)
            alias.expr.cast.type_str = field.dataType.simpleString()
            if value in ("", "__HIVE_DEFAULT_PARTITION__"):
                alias.expr.cast.expr.literal.null.null.SetInParent()
            else:
                alias.expr.cast.expr.literal.string = value


def _replace(relation: Any, file: str | None) -> None:
    """Puts a file's name, or the column with the names, where a step asks for one."""
    step = _step(relation)
    top = relation.WhichOneof("rel_type") in ("project", "aggregate")
    for _, value in list(_messages(step)):
        if value.DESCRIPTOR.name != "Relation":
            _put(value, file, top)


def _put(message: Any, file: str | None, top: bool) -> None:
    if message.DESCRIPTOR.name != "Expression":
        for _, value in list(_messages(message)):
            if value.DESCRIPTOR.name != "Relation":
                _put(value, file, top and message.DESCRIPTOR.name != "Alias")
        return
    kind = message.WhichOneof("expr_type")
    if kind == "unresolved_attribute" and file is None:
        # There is one frame below, and what was its number is that of its parts.
        message.unresolved_attribute.ClearField("plan_id")
    if kind == "expression_string":
        text, told = message.expression_string.expression, _TEXT.fullmatch(message.expression_string.expression.strip())
        if told and top:
            _name(message, f"file_{told[1]}" if told[1] else text.strip(), file, told[1] == "name")
        else:
            message.expression_string.expression = _TEXT.sub(lambda found: _sql(file, found[1] == "name"), text)
    elif kind is not None and _mentions(getattr(message, kind)) and kind in ("unresolved_function", "unresolved_attribute"):
        asked = message.unresolved_attribute.unparsed_identifier.replace("`", "") if kind == "unresolved_attribute" else ""
        if kind == "unresolved_function" and message.unresolved_function.function_name.lower() != "input_file_name":
            _inside(message, file)
        elif asked in ("", _PATH, _NAME):
            named = asked.rpartition(".")[2] or "input_file_name()"
            _name(message, named if top else None, file, asked == _NAME)
        else:
            raise _refused(f"by `{asked}`: there are _metadata.file_path and _metadata.file_name")
    else:
        _inside(message, file)


def _inside(message: Any, file: str | None) -> None:
    for _, value in list(_messages(message)):
        if value.DESCRIPTOR.name != "Relation":
            _put(value, file, False)


def _name(message: Any, called: str | None, file: str | None, last: bool) -> None:
    """Makes an expression the name of the file."""
    message.Clear()
    inner = message
    if called is not None:
        message.alias.name.append(called)
        inner = message.alias.expr
    if file is not None:
        inner.literal.string = file.rpartition("/")[2] if last else file
    elif last:
        inner.expression_string.expression = _sql(None, True)
    else:
        inner.unresolved_attribute.unparsed_identifier = COLUMN


def _sql(file: str | None, last: bool) -> str:
    whole = f"`{COLUMN}`" if file is None else "'" + file.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"substring_index({whole}, '/', -1)" if last else whole


def in_query(query: str, views: dict[str, Any]) -> str | None:
    """A query that asks views for names, over views that have them in a column of their own; nothing if it asks for none.
    `views` are the frames behind the names in the query that are views'."""
    from pyspark.sql import functions as F

    if not FUNCTION.search(query):
        return None
    if not re.match(r"(?:\s|/\*.*?\*/|--[^\n]*\n)*(?:select|with)\b", query, re.I | re.S):
        raise _refused("in a statement that is no query")
    asked = query
    for name, frame in views.items():
        if not _has_files(frame):
            continue
        own = f"{QUERIED}_of_{name}"
        frame.withColumn(QUERIED, F.input_file_name()).createOrReplaceTempView(own)
        query = re.sub(
            rf"(\b(?:from|join)\s+|,\s*)`?{re.escape(name)}`?(?![\w.`(])(?=\s+(?:as\s+)?(\w+))?",
            lambda found: f"{found[1]}{own}" + ("" if found[2] and found[2].lower() not in _CLAUSES else f" AS {name}"),
            query,
            flags=re.I,
        )
    if query == asked:
        raise _refused("in a query over no view of files")
    return FUNCTION.sub(QUERIED, query)


# Words after a table that are not its other name.
_CLAUSES = {
    "anti", "cluster", "cross", "distribute", "except", "full", "group", "having", "inner", "intersect", "join", "lateral", "left",
    "limit", "minus", "natural", "on", "order", "pivot", "qualify", "right", "semi", "sort", "tablesample", "union", "unpivot",
    "using", "where", "window",
}  # fmt: skip


def _has_files(frame: Any) -> bool:
    """Whether names can be told of the rows of a frame."""
    relation = frame._plan.plan(frame._session.client)
    while relation.WhichOneof("rel_type") in _BY_ROW:
        relation = _step(relation).input
    return relation.WhichOneof("rel_type") == "read" and bool(relation.read.data_source.paths)


def _refused(what: str) -> Exception:
    return unsupported(
        f"the name of the file is not known {what}: make a column of input_file_name() right after spark.read...load(path)"
    )
