"""What goes wrong between a script and its data, as exceptions."""

from __future__ import annotations

from typing import Any

# The sorts of causes, as a run's error message names them.
PERMISSION = "PERMISSION_ERROR"
NOT_FOUND = "RESOURCE_NOT_FOUND_ERROR"
ARGUMENT = "INVALID_ARGUMENT_ERROR"
UNSUPPORTED = "UNSUPPORTED_OPERATION_ERROR"
QUERY = "QUERY_ERROR"
UNCLASSIFIED = "UNCLASSIFIED_ERROR"


class GlueError(Exception):
    """What an operation of GlueContext's failed with.

    `code` is AWS's name of the error where there is one (`AccessDeniedException`), `category` its sort, by which a job's
    run is told to have failed.
    """

    category = UNCLASSIFIED

    def __init__(self, message: str, code: str | None = None, category: str | None = None):
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
        self.category = category or type(self).category


class AccessDeniedException(GlueError):
    """The role may not do something."""

    category = PERMISSION


class EntityNotFoundException(GlueError):
    """A table, a bucket, a file is not there."""

    category = NOT_FOUND


class InvalidInputException(GlueError):
    """An option is wrong or missing."""

    category = ARGUMENT


class OperationNotSupportedException(GlueError):
    """Something is not there, by its name."""

    category = UNSUPPORTED


_BY_CATEGORY: dict[str, type[GlueError]] = {
    kind.category: kind
    for kind in (
        AccessDeniedException,
        EntityNotFoundException,
        InvalidInputException,
        OperationNotSupportedException,
    )
}


def error_of(answer: dict[str, Any]) -> Exception:
    """The exception for an answer of the runner's that is none: `message`, `code`, `category`."""
    message = str(answer.get("message") or "the runner gave no reason")
    code, category = answer.get("code"), answer.get("category")
    if category == QUERY:
        from pyspark.errors import AnalysisException

        error = AnalysisException(message)
        error.category = category
        return error
    return _BY_CATEGORY.get(category or "", GlueError)(message, code, category)


def unsupported(what: str) -> OperationNotSupportedException:
    """Something that is not there: `what` is a sentence that names it."""
    return OperationNotSupportedException(what)
