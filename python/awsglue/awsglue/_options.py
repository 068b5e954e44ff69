"""Options that AWS Glue does not know: it does nothing about them, and so nothing is done about them here, but the log tells.

Those that it knows, and the runner has not got, stay refused: they would change an answer.
"""

from __future__ import annotations

import re
import sys
from typing import Any

_REFUSED = re.compile(r"the option `([^`]+)` of (connection_options|format_options|additional_options) is not supported")
_OF_TABLES = {
    "aws_iam_role", "boundedfiles", "boundedsize", "catalogpartitionpredicate", "enablepartitioningforsamplequery", "enableupdatecatalog",
    "exclusions", "excludestorageclasses", "groupfiles", "groupsize", "hashexpression", "hashfield", "hashpartitions", "isfailfast",
    "jobbookmarkkeys", "jobbookmarkkeyssortorder", "maxband", "maxfilesinband", "mergeschema", "partitionkeys", "recurse", "samplequery",
    "samplesize", "updatebehavior", "uses3listimplementation",
}  # fmt: skip
# What AWS's documentation has ("Connection types and options for ETL in AWS Glue", "Data format options for inputs and outputs"), in
# small letters.
_KNOWN = {
    "connection_options": _OF_TABLES | {"attachfilename", "compression", "compressiontype", "connectionname", "path", "paths", "write.parallelism"},
    "additional_options": _OF_TABLES | {"attachfilename", "classification", "delimiter", "inferschema", "startingposition"},
    "format_options": {
        "attachfilename", "attachtimestamp", "attributeprefix", "blocksize", "compression", "custompatterns", "encoding", "escaper",
        "excludeattribute", "ignoresurroundingspaces", "jsonpath", "logformat", "multiline", "numberrows", "optimizeperformance", "pagesize",
        "quotechar", "rowtag", "separator", "skipfirst", "skipfooter", "strictcheckforquoting", "treatemptyvaluesasnulls",
        "useglueparquetwriter", "valuetag", "version", "withheader", "withschema", "writeheader",
    },
}  # fmt: skip


def without(request: dict[str, Any], refused: str) -> dict[str, Any] | None:
    """A request without the option that it was refused for; nothing if AWS knows that, or it is about something else.

    >>> without({"connection_options": {"path": "s3://b/", "Dream": 1}}, "the option `Dream` of connection_options is not supported")
    {'connection_options': {'path': 's3://b/'}}
    >>> without({"format_options": {"attachFilename": "f"}}, "the option `attachFilename` of format_options is not supported")
    """
    found = _REFUSED.search(refused)
    if found is None or found[1].lower() in _KNOWN[found[2]] or found[1] not in (request.get(found[2]) or {}):
        return None
    print(f"`{found[1]}` of {found[2]} is no option of AWS Glue's, and does nothing", file=sys.stderr)
    return {**request, found[2]: {name: value for name, value in request[found[2]].items() if name != found[1]}}
