"""What all transforms share (AWS Glue Developer Guide: "GlueTransform base class")."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

#: What arguments of the same name mean, wherever they are.
_MEANINGS = {
    "frame": ("DynamicFrame", "The frame to work on"),
    "frame1": ("DynamicFrame", "The first frame"),
    "frame2": ("DynamicFrame", "The second frame"),
    "dfc": ("DynamicFrameCollection", "The collection to work on"),
    "paths": ("List", "Paths of fields"),
    "path": ("String", "The path of a field, or of a folder to write to"),
    "mappings": ("List", "Tuples of source path, source type, target path, target type"),
    "f": ("Function", "The function that is called with each record"),
    "callable": ("Function", "The function that is called with each frame"),
    "keys1": ("List", "Paths of the first frame's keys"),
    "keys2": ("List", "Paths of the second frame's keys"),
    "key": ("String", "The name of a frame"),
    "old_name": ("String", "The path of the field to rename"),
    "new_name": ("String", "Its new path"),
    "name": ("String", "The name of the root table"),
    "name1": ("String", "The name of the frame that is split off"),
    "name2": ("String", "The name of the frame that remains"),
    "comparison_dict": ("Dict", "Comparators and values by the paths of fields"),
    "specs": ("List", "Tuples of path and action"),
    "choice": ("String", "The action for all choices"),
    "database": ("String", "The database of the catalog, for match_catalog"),
    "table_name": ("String", "The table of the catalog, for match_catalog"),
    "catalog_id": ("String", "The account of the catalog, for match_catalog"),
    "format": ("String", "The format of the text"),
    "options": ("Dict", "More settings"),
    "staging_path": ("String", "Where records are written in between"),
    "num_partitions": ("Integer", "How many parts"),
    "BaseTransform": ("Class", "The transform that is applied to each frame"),
    "frame_name": ("String", "The name of the transform's argument that takes the frame"),
    "base_kwargs": ("Dict", "The transform's other arguments"),
    "transformation_ctx": ("String", "The name under which the job's bookmark knows the transform"),
    "info": ("String", "Told with errors of the transform"),
    "stageThreshold": ("Integer", "Errors of this transform at which the process fails, 0 for never"),
    "totalThreshold": ("Integer", "Errors up to this transform at which the process fails, 0 for never"),
    "case_sensitive": ("Boolean", "Whether source fields are found by their exact names alone"),
    "shuffle": ("Boolean", "Whether records are dealt out anew"),
}


class GlueTransform:
    """A transform is called with frames and settings: `Transform.apply(frame, ...)`."""

    #: What it answers: type and description.
    returns: ClassVar[tuple[str, str]] = ("DynamicFrame", "The frame with the transform applied")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self.name()} has no __call__")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Applies the transform, and answers what it makes."""
        return cls()(*args, **kwargs)

    @classmethod
    def name(cls) -> str:
        """The name of the transform's class."""
        return cls.__name__

    @classmethod
    def describeArgs(cls) -> list[dict[str, Any]]:
        """The arguments: name, type, description, whether optional, default value.

        Raises NotImplementedError for a transform that takes what it is given.
        """
        if cls.__call__ is GlueTransform.__call__:
            raise NotImplementedError(f"{cls.name()} does not describe its arguments")
        out = []
        for name, argument in list(inspect.signature(cls.__call__).parameters.items())[1:]:
            of, description = _MEANINGS.get(name, ("String", f"The setting {name}"))
            rest = argument.kind is argument.VAR_KEYWORD
            optional = rest or argument.default is not argument.empty
            default = None if rest or argument.default in (argument.empty, None) else str(argument.default)
            out.append({"name": name, "type": of, "description": description, "optional": optional,
                        "defaultValue": default})  # fmt: skip
        return out

    @classmethod
    def describeReturn(cls) -> dict[str, str]:
        """What the transform answers: type and description."""
        of, description = cls.returns
        return {"type": of, "description": description}

    @classmethod
    def describeTransform(cls) -> str:
        """What the transform does.

        Raises NotImplementedError for a transform that does not say.
        """
        if not cls.__doc__:
            raise NotImplementedError(f"{cls.name()} does not describe itself")
        return inspect.cleandoc(cls.__doc__)

    @classmethod
    def describeErrors(cls) -> list[dict[str, str]]:
        """The exceptions that the transform raises: type and description."""
        return [{"type": "ValueError", "description": "An argument is not what it may be"}]

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """All of it."""
        return {
            "transform": {
                "name": cls.name(),
                "args": cls.describeArgs(),
                "returns": cls.describeReturn(),
                "raises": cls.describeErrors(),
                "location": "internal",
            }
        }
