"""Personal data found, and hidden (AWS Glue Developer Guide: "Using sensitive data detection outside AWS Glue Studio")."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark import cloudpickle

from awsglue import gluetypes as g
from awsglue._python import Step, Work
from awsglue._rows import mapped, plainly
from awsglueml import _entities
from awsglueml._entities import finds, known

if TYPE_CHECKING:
    from awsglue.dynamicframe import DynamicFrame

for _module in (_entities, sys.modules[__name__]):
    cloudpickle.register_pickle_by_value(_module)

_FIND = g.StructType(
    [
        g.Field("entityType", g.StringType()),
        g.Field("actionUsed", g.StringType()),
        g.Field("start", g.IntegerType()),
        g.Field("end", g.IntegerType()),
    ]
)
_OPTIONS = {
    "DETECT": set(),
    "REDACT": {"redactText"},
    "PARTIAL_REDACT": {"numLeftCharsToExclude", "numRightCharsToExclude", "matchPattern", "redactChar"},
    "SHA256_HASH": set(),
}
_SETTINGS = {"action", "actionOptions", "sourceColumns", "sourceColumnsToExclude"}


class EntityDetector:
    """Finds personal data by its form in the text columns of a frame."""

    def detect(
        self,
        frame: DynamicFrame,
        entityTypesToDetect: list[str] | dict[str, list[dict[str, Any]]],
        outputColumnName: str = "DetectedEntities",
        detectionSensitivity: str = "LOW",
    ) -> DynamicFrame:
        """The frame with what was found in a column more: by column the kinds and places.

        Instead of a list of kinds there may be settings for each: `action` (DETECT, REDACT, PARTIAL_REDACT, SHA256_HASH),
        `actionOptions`, `sourceColumns` and `sourceColumnsToExclude`. Raises ValueError for kinds and settings that are
        none.
        """
        rules = _rules(entityTypesToDetect)
        strict = _strict(detectionSensitivity)
        schema = frame._rows.schema
        texts = [field.name for field in schema.fields if field.dataType.typeName() == "string"]
        # A column has one rule for each kind.
        by_column = {name: {kind: rule for kind, rule in rules if rule.covers(name)} for name in texts}

        def look(record: Any) -> Any:
            told = {}
            for name, kinds in by_column.items():
                text = record[name]
                found = finds(kinds, name, text, strict) if text else []
                if found:
                    told[name] = [
                        {"entityType": one.entity, "actionUsed": kinds[one.entity].action, "start": one.start, "end": one.end}
                        for one in found
                    ]
                    parts, end = [], 0
                    for one in found:
                        parts += [text[end : one.start], kinds[one.entity].hidden(text[one.start : one.end])]
                        end = one.end
                    record[name] = "".join(parts) + text[end:]
            record[outputColumnName] = told
            return record

        column = g.Field(outputColumnName, g.MapType(g.ArrayType(_FIND)))
        out = g.StructType([*(field for field in schema.fields if field.name != outputColumnName), column])
        rows, spark = frame._rows, frame.df.sparkSession
        work = Work(schema, (Step("map", look),), spark.conf.get("spark.sql.session.timeZone") or "UTC", None)
        made = mapped(rows.df, lambda batches: work.rows(batches, out), out)
        return frame._next(rows.made(made, out))

    def classify_columns(
        self,
        frame: DynamicFrame,
        entityTypesToDetect: list[str],
        sampleFraction: float = 0.1,
        thresholdFraction: float = 0.1,
        detectionSensitivity: str = "LOW",
    ) -> dict[str, set[str]]:
        """The columns that hold personal data in at least `thresholdFraction` of the rows looked at, with its kinds."""
        kinds = [known(kind) for kind in entityTypesToDetect]
        strict = _strict(detectionSensitivity)
        fields = enumerate(frame._rows.schema.fields)
        texts = {field.name: at for at, field in fields if field.dataType.typeName() == "string"}
        sample = frame.df if sampleFraction >= 1 else frame.df.sample(sampleFraction)

        def look(batches: Any) -> Any:
            import pyarrow as pa

            rows, counts = 0, {(name, kind): 0 for name in texts for kind in kinds}
            for batch in batches:
                rows += batch.num_rows
                for name, at in texts.items():
                    for text in batch.column(at).to_pylist():
                        for kind in {one.entity for one in finds(kinds, name, text, strict)} if text else ():
                            counts[name, kind] += 1
            found = [("", "", rows), *((name, kind, count) for (name, kind), count in counts.items() if count)]
            yield pa.RecordBatch.from_pylist([{"name": name, "kind": kind, "found": count} for name, kind, count in found])

        counted: dict[tuple[str, str], int] = {}
        for name, kind, count in plainly(sample).mapInArrow(look, "name string, kind string, found bigint").collect():
            counted[name, kind] = counted.get((name, kind), 0) + count
        least = thresholdFraction * counted.pop(("", ""), 0)
        out: dict[str, set[str]] = {}
        for name in texts:
            held = {kind for kind in kinds if 0 < counted.get((name, kind), 0) >= least}
            if held:
                out[name] = held
        return out


class _Rule:
    """What becomes of finds of one kind."""

    def __init__(self, settings: dict[str, Any]) -> None:
        unknown = set(settings) - _SETTINGS
        if unknown:
            raise ValueError(f"the setting {min(unknown)!r} is none of {', '.join(sorted(_SETTINGS))}")
        self.action = settings.get("action", "DETECT").upper()
        options = settings.get("actionOptions") or {}
        if self.action not in _OPTIONS:
            raise ValueError(f"the action {self.action!r} is none of {', '.join(_OPTIONS)}")
        if unknown := set(options) - _OPTIONS[self.action]:
            raise ValueError(f"{self.action} has no option {min(unknown)!r}")
        self.columns = settings.get("sourceColumns") or ["*"]
        self.others = settings.get("sourceColumnsToExclude") or []
        self.hidden = _hiding(self.action, options)

    def covers(self, column: str) -> bool:
        """Whether it is for a column."""
        return ("*" in self.columns or column in self.columns) and column not in self.others


def _hiding(action: str, options: dict[str, Any]) -> Callable[[str], str]:
    """What is written in the place of a find."""
    if action == "REDACT":
        text = options.get("redactText", "*******")
        return lambda _: text
    if action == "SHA256_HASH":
        return lambda found: hashlib.sha256(found.encode()).hexdigest()
    if action == "PARTIAL_REDACT":
        left, right = int(options.get("numLeftCharsToExclude", 0)), int(options.get("numRightCharsToExclude", 0))
        letter, pattern = options.get("redactChar", "*"), options.get("matchPattern")
        if pattern:
            form = re.compile(pattern)
            return lambda found: form.sub(lambda part: letter * len(part.group()), found)
        return lambda found: "".join(one if at < left or at + right >= len(found) else letter for at, one in enumerate(found))
    return lambda found: found


def _rules(given: list[str] | dict[str, list[dict[str, Any]]]) -> list[tuple[str, _Rule]]:
    if not given:
        raise ValueError("no entity type is named")
    if isinstance(given, dict):
        return [(known(kind), _Rule(one)) for kind, all in given.items() for one in all]
    return [(known(kind), _Rule({})) for kind in given]


def _strict(sensitivity: str) -> bool:
    if sensitivity.upper() not in ("LOW", "HIGH"):
        raise ValueError(f"the sensitivity {sensitivity!r} is neither LOW nor HIGH")
    return sensitivity.upper() == "LOW"
