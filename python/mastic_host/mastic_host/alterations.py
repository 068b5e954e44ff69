"""`ALTER TABLE` and `CALL ...system...` for Iceberg tables of the Glue catalog, as changes of their metadata."""

from __future__ import annotations

import copy
import datetime
import re
import time
from collections.abc import Callable
from typing import Any

from awsglue import _catalog
from awsglue._errors import InvalidInputException, unsupported

from mastic_host import commands, iceberg, tables
from mastic_host.iceberg import Metadata
from mastic_host.statements import NAME, TABLE, bare, enclosed, quoted, split, unquoted

_ALTER = re.compile(rf"\s*alter\s+table\s+({TABLE})\s+(.*)\Z", re.I | re.S)
_CALL = re.compile(rf"\s*call\s+(?:({NAME})\s*\.\s*)?`?system`?\s*\.\s*(\w+)\s*(\(.*\))\s*\Z", re.I | re.S)
_ARGUMENT = re.compile(r"\s*(?:(\w+)\s*=>\s*)?(.*?)\s*\Z", re.S)
_COLUMN = re.compile(rf"\s*({NAME})\s+(.*?)\s*\Z", re.I | re.S)
_WHERE = re.compile(rf"\s+(?:(first)|after\s+({NAME}))\s*\Z", re.I)
_TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_PAIR = re.compile(rf"\s*({_TEXT}|[\w.\-]+)\s*(?:=\s*({_TEXT}|[\w.\-]+))?\s*\Z", re.S)
# What tells of a table by a name behind its own.
_HISTORY = re.compile(rf"(?<![\w`.])((?:{NAME}\.){{1,2}}{NAME})\.(snapshots|history)\b(?!\s*[.(])", re.I)
# What a column's type may become, by what it is.
_WIDER = {("int", "long"), ("float", "double")}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
# How old snapshots are that `expire_snapshots` takes if nobody says.
_OLD = 5 * 24 * 3600 * 1000


def install() -> None:
    """Makes SQL do so."""
    from pyspark.sql.connect.session import SparkSession

    sql = SparkSession.sql

    def asking(session: Any, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        text = commands.begun(sqlQuery).rstrip().rstrip(";")
        if found := _ALTER.match(text):
            table = iceberg.named(session, found[1])
            if table is not None:
                _alter(session, table, found[2])
                return commands.nothing(session)
        if found := _CALL.match(text):
            return _call(session, found[1], found[2].lower(), split(enclosed(found[3])[0]))
        if _HISTORY.search(sqlQuery):
            sqlQuery = _HISTORY.sub(lambda found: _told(session, found[1], found[2].lower()) or found[0], sqlQuery)  # noqa: N806
        return sql(session, sqlQuery, *arguments, **more)

    SparkSession.sql = asking


def _told(session: Any, name: str, what: str) -> str | None:
    """A view of a table's snapshots or history; nothing for a name that is no Iceberg table's."""
    table = iceberg.named(session, name)
    if table is None:
        return None
    _, metadata = iceberg.load(table)
    parents = {snapshot["snapshot-id"]: snapshot.get("parent-snapshot-id") for snapshot in metadata["snapshots"]}
    rows: list[Any]
    if what == "snapshots":
        columns = "at bigint, snapshot_id bigint, parent_id bigint, operation string, manifest_list string, "
        columns += "summary map<string, string>"
        rows = [_snapshot(snapshot) for snapshot in metadata["snapshots"]]
    else:
        columns = "at bigint, snapshot_id bigint, parent_id bigint, is_current_ancestor boolean"
        current = _ancestors(parents, metadata.get("current-snapshot-id"))
        log = [(entry["timestamp-ms"], entry["snapshot-id"]) for entry in metadata.get("snapshot-log", [])]
        rows = [(at, one, parents.get(one), one in current) for at, one in log]
    frame = session.createDataFrame(rows, columns)
    moment = "committed_at" if what == "snapshots" else "made_current_at"
    view = "_mastic_" + "_".join([*tables.parts(name), what])
    frame.selectExpr(f"timestamp_millis(at) AS {moment}", *frame.columns[1:]).createOrReplaceTempView(view)
    return quoted(view)


def _snapshot(one: dict[str, Any]) -> tuple[Any, ...]:
    summary = dict(one.get("summary", {}))
    names = (one["timestamp-ms"], one["snapshot-id"], one.get("parent-snapshot-id"), summary.pop("operation", None))
    return (*names, one.get("manifest-list"), summary)


def _alter(session: Any, table: dict[str, Any], action: str) -> None:
    place, old = iceberg.load(table)
    new = copy.deepcopy(old)
    fields = copy.deepcopy(iceberg.current_schema(new)["fields"])
    for form, change in _CHANGES:
        if found := re.match(form, action, re.I | re.S):
            change(session, new, fields, found)
            break
    else:
        raise unsupported(
            f"ALTER TABLE ... {' '.join(action.split()[:3])} is not supported for Iceberg tables: there are ADD, DROP, "
            "RENAME and ALTER COLUMN, SET and UNSET TBLPROPERTIES"
        )
    if fields != iceberg.current_schema(new)["fields"]:
        iceberg.add_schema(new, fields)
    iceberg.commit(table, iceberg.write(new, place), new)


def _listed(text: str) -> list[str]:
    return split(enclosed(text)[0] if text.startswith("(") else text, types=True)


def _add(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    for entry in _listed(found[1].strip()):
        where = _WHERE.search(entry)
        told = _COLUMN.match(entry[: where.start()] if where else entry)
        if told is None:
            raise InvalidInputException(f"`{entry.strip()}` is no column with its type")
        name, of = bare(told[1]), told[2]
        comment = re.search(rf"\s+comment\s+({_TEXT})\s*\Z", of, re.I | re.S)
        schema = session.createDataFrame([], f"{quoted(name)} {of[: comment.start()] if comment else of}").schema.jsonValue()
        [field] = schema["fields"]
        if "." in name:
            raise unsupported(f"`{name}`: columns within others are not added")
        if any(one["name"].lower() == name.lower() for one in fields):
            raise _analysis(f"[FIELD_ALREADY_EXISTS] Cannot add column, because `{name}` already exists. SQLSTATE: 42710")
        if not field["nullable"]:
            raise InvalidInputException(f"`{name}` is NOT NULL: the rows that are there have no value for it")
        made = {"id": iceberg.number(new), "name": name, "required": False, "type": iceberg.kind(new, field["type"])}
        fields.insert(_at(fields, where), {**made, "doc": unquoted(comment[1])} if comment else made)


def _at(fields: list[dict[str, Any]], where: re.Match[str] | None) -> int:
    if where is None:
        return len(fields)
    return 0 if where[1] else fields.index(_field(fields, where[2])) + 1


def _field(fields: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((field for field in fields if field["name"].lower() == bare(name).lower()), None)
    if found is None:
        raise _analysis(f"[UNRESOLVED_COLUMN] There is no column {quoted(bare(name))}. SQLSTATE: 42703")
    return found


def _drop(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    for entry in _listed(found[2].strip()):
        if found[1] and not any(field["name"].lower() == bare(entry.strip()).lower() for field in fields):
            continue
        field = _field(fields, entry.strip())
        spec = next(spec for spec in new["partition-specs"] if spec["spec-id"] == new["default-spec-id"])
        if any(part["source-id"] == field["id"] for part in spec["fields"]):
            raise InvalidInputException(f"The table has partitions by `{field['name']}`, which cannot be dropped.")
        fields.remove(field)


def _rename(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    if any(field["name"].lower() == bare(found[2]).lower() for field in fields):
        raise _analysis(f"[FIELD_ALREADY_EXISTS] Cannot rename column, because `{bare(found[2])}` already exists. SQLSTATE: 42710")
    _field(fields, found[1])["name"] = bare(found[2])


def _change(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    field, action = _field(fields, found[1]), found[2].strip()
    if of := re.match(r"(?:set\s+data\s+)?type\s+(.*)\Z", action, re.I | re.S):
        wanted = iceberg.kind(new, session.createDataFrame([], f"a {of[1]}").schema.jsonValue()["fields"][0]["type"])
        if not _widens(field["type"], wanted):
            raise InvalidInputException(f"`{field['name']}` is {field['type']}, and cannot become {wanted}.")
        field["type"] = wanted
    elif comment := re.match(r"comment\s+(.*)\Z", action, re.I | re.S):
        field["doc"] = unquoted(comment[1])
    elif re.match(r"drop\s+not\s+null\Z", action, re.I):
        field["required"] = False
    elif where := _WHERE.match(f" {action}"):
        fields.remove(field)
        fields.insert(_at(fields, where), field)
    else:
        raise unsupported(f"ALTER COLUMN ... {action} is not supported for Iceberg tables")


def _widens(old: Any, new: Any) -> bool:
    if old == new or (old, new) in _WIDER:
        return True
    left, right = (_DECIMAL.fullmatch(one) if isinstance(one, str) else None for one in (old, new))
    return bool(left and right and left[2] == right[2] and int(left[1]) <= int(right[1]))


def _set(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    iceberg.set_properties(new, {name: value or "" for name, value in _pairs(found[1]).items()})


def _unset(session: Any, new: Metadata, fields: list[dict[str, Any]], found: re.Match[str]) -> None:
    for name in _pairs(found[1]):
        new.get("properties", {}).pop(name, None)


def _pairs(text: str) -> dict[str, str | None]:
    told = [_PAIR.match(entry) for entry in split(enclosed(text)[0])]
    return {unquoted(one[1]): None if one[2] is None else unquoted(one[2]) for one in told if one}


Change = Callable[[Any, Metadata, "list[dict[str, Any]]", "re.Match[str]"], None]
_CHANGES: list[tuple[str, Change]] = [
    (r"add\s+columns?\s*(.*)\Z", _add),
    (r"drop\s+columns?\s*(if\s+exists\s*)?(.*)\Z", _drop),
    (rf"rename\s+column\s+({NAME})\s+to\s+({NAME})\s*\Z", _rename),
    (rf"(?:alter|change)\s+(?:column\s+)?({NAME})\s+(.*)\Z", _change),
    (r"set\s+tblproperties\s*(\(.*)\Z", _set),
    (r"unset\s+tblproperties\s*(?:if\s+exists\s*)?(\(.*)\Z", _unset),
]


def _call(session: Any, catalog: str | None, procedure: str, arguments: list[str]) -> Any:
    known = _PROCEDURES.get(procedure)
    if known is None:
        raise unsupported(f"the procedure {procedure} is not supported: there are {', '.join(sorted(_PROCEDURES))}")
    names, act = known
    said: dict[str, str] = {}
    for at, entry in enumerate(one for one in arguments if one.strip()):
        named = _ARGUMENT.match(entry)
        name = (named[1] or "").lower() if named else ""
        if not name and at >= len(names) or name and name not in names:
            raise InvalidInputException(f"{procedure} has the arguments {', '.join(names)}, and not `{entry.strip()}`")
        said[name or names[at]] = named[2] if named else ""
    row = session.sql("SELECT " + ", ".join(f"{value} AS `{name}`" for name, value in said.items())).collect()[0] if said else None
    given = {} if row is None else row.asDict()
    missing = next((name for name in names[: _NEEDED[procedure]] if given.get(name) is None), None)
    if missing:
        raise InvalidInputException(f"{procedure} needs `{missing}`")
    name = str(given["table"])
    if catalog and len(tables.parts(name)) < 3:
        name = f"{catalog}.{name}"
    table = iceberg.named(session, name)
    if table is None:
        raise _analysis(f"[TABLE_OR_VIEW_NOT_FOUND] There is no Iceberg table {name}. SQLSTATE: 42P01")
    return act(session, table, given)


def _go_to(session: Any, table: dict[str, Any], given: dict[str, Any], only_back: bool) -> Any:
    place, old = iceberg.load(table)
    wanted, current = int(given["snapshot_id"]), old.get("current-snapshot-id")
    parents = {snapshot["snapshot-id"]: snapshot.get("parent-snapshot-id") for snapshot in old["snapshots"]}
    if wanted not in parents:
        raise InvalidInputException(f"The table has no snapshot {wanted}.")
    if only_back and wanted not in _ancestors(parents, current):
        raise InvalidInputException(f"The snapshot {wanted} is no ancestor of the current one: set_current_snapshot takes any.")
    new = {**old, "current-snapshot-id": wanted}
    new["refs"] = {**old.get("refs", {}), "main": {"snapshot-id": wanted, "type": "branch"}}
    new["snapshot-log"] = [*old.get("snapshot-log", []), {"timestamp-ms": int(time.time() * 1000), "snapshot-id": wanted}]
    iceberg.commit(table, iceberg.write(new, place), new)
    return session.createDataFrame([(current, wanted)], "previous_snapshot_id bigint, current_snapshot_id bigint")


def _ancestors(parents: dict[int, int | None], last: int | None) -> list[int]:
    found: list[int] = []
    while last in parents and last not in found:
        found.append(last)  # type: ignore[arg-type]
        last = parents[last]  # type: ignore[index]
    return found


def _back_in_time(session: Any, table: dict[str, Any], given: dict[str, Any]) -> Any:
    _, old = iceberg.load(table)
    parents = {snapshot["snapshot-id"]: snapshot.get("parent-snapshot-id") for snapshot in old["snapshots"]}
    times = {snapshot["snapshot-id"]: snapshot["timestamp-ms"] for snapshot in old["snapshots"]}
    before = [one for one in _ancestors(parents, old.get("current-snapshot-id")) if times[one] < _millis(given["timestamp"])]
    if not before:
        raise InvalidInputException(f"The table has no snapshot of before {given['timestamp']}.")
    return _go_to(session, table, {"snapshot_id": before[0]}, True)


def _millis(moment: Any) -> int:
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.fromisoformat(str(moment))
    return int(moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp() * 1000)


def _expire(session: Any, table: dict[str, Any], given: dict[str, Any]) -> Any:
    place, old = iceberg.load(table)
    before = _millis(given["older_than"]) if given.get("older_than") else int(time.time() * 1000) - _OLD
    snapshots = {snapshot["snapshot-id"]: snapshot for snapshot in old["snapshots"]}
    parents = {number: snapshot.get("parent-snapshot-id") for number, snapshot in snapshots.items()}
    kept = set(_ancestors(parents, old.get("current-snapshot-id"))[: max(int(given.get("retain_last") or 1), 1)])
    kept |= {ref["snapshot-id"] for ref in old.get("refs", {}).values()}
    kept |= {number for number, snapshot in snapshots.items() if snapshot["timestamp-ms"] >= before}
    gone = [snapshot for number, snapshot in snapshots.items() if number not in kept]
    lists = {snapshot["manifest-list"] for snapshot in gone if "manifest-list" in snapshot}
    held, lost = _manifests(session, [snapshots[number] for number in kept]), _manifests(session, gone)
    manifests = set(lost) - set(held)
    files = _files(session, manifests, False)
    for path in _files(session, set(held), True):
        files.pop(path, None)
    new = {**old, "snapshots": [snapshot for number, snapshot in snapshots.items() if number in kept]}
    new["snapshot-log"] = [entry for entry in old.get("snapshot-log", []) if entry["snapshot-id"] in kept]
    if gone:
        iceberg.commit(table, iceberg.write(new, place), new)
        _delete([*files, *manifests, *lists])
    counts = [list(files.values()).count(content) for content in (0, 1, 2)]
    names = ("data", "position_delete", "equality_delete", "manifest")
    columns = [*(f"deleted_{name}_files_count bigint" for name in names), "deleted_manifest_lists_count bigint"]
    return session.createDataFrame([(*counts, len(manifests), len(lists))], ", ".join(columns))


def _manifests(session: Any, snapshots: list[dict[str, Any]]) -> set[str]:
    lists = [snapshot["manifest-list"] for snapshot in snapshots if "manifest-list" in snapshot]
    inline = {path for snapshot in snapshots for path in snapshot.get("manifests", [])}
    return inline | {row[0] for one in lists for row in session.read.format("avro").load(one).select("manifest_path").collect()}


def _files(session: Any, manifests: set[str], living: bool) -> dict[str, int]:
    """The files that manifests name, each with what it is: 0 data, 1 and 2 deletes."""
    found = {}
    for manifest in sorted(manifests):
        frame = session.read.format("avro").load(manifest)
        content = "data_file.content" if "content" in frame.schema["data_file"].dataType.names else "0"
        rows = frame.where("status < 2" if living else "true").selectExpr("data_file.file_path", f"{content} AS content").collect()
        found.update({row[0]: row[1] for row in rows})
    return found


def _delete(places: list[str]) -> None:
    by_bucket: dict[str, list[str]] = {}
    for bucket, key in map(_catalog.place, places):
        by_bucket.setdefault(bucket, []).append(key)
    from mastic_host import overwrite

    for bucket, keys in by_bucket.items():
        overwrite.delete(f"s3://{bucket}/", keys)


_NEEDED = {"rollback_to_snapshot": 2, "set_current_snapshot": 2, "rollback_to_timestamp": 2, "expire_snapshots": 1}
_PROCEDURES: dict[str, tuple[tuple[str, ...], Callable[[Any, dict[str, Any], dict[str, Any]], Any]]] = {
    "rollback_to_snapshot": (("table", "snapshot_id"), lambda session, table, given: _go_to(session, table, given, True)),
    "set_current_snapshot": (("table", "snapshot_id"), lambda session, table, given: _go_to(session, table, given, False)),
    "rollback_to_timestamp": (("table", "timestamp"), _back_in_time),
    "expire_snapshots": (("table", "older_than", "retain_last", "max_concurrent_deletes", "stream_results"), _expire),
}


def _analysis(message: str) -> Exception:
    from pyspark.errors import AnalysisException

    return AnalysisException(message)
