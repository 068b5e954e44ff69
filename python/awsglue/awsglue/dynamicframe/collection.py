"""Several frames by their names (AWS Glue Developer Guide: "DynamicFrameCollection class")."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe.frame import DynamicFrame


class DynamicFrameCollection:
    """A dictionary of frames."""

    def __init__(self, dynamic_frames: Mapping[str, DynamicFrame], glue_ctx: GlueContext) -> None:
        self._frames, self._glue_ctx = dict(dynamic_frames), glue_ctx

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._frames.keys()

    def values(self) -> ValuesView[DynamicFrame]:
        """The frames."""
        return self._frames.values()

    def items(self) -> Any:
        """The names with the frames."""
        return self._frames.items()

    def select(self, key: str, transformation_ctx: str = "") -> DynamicFrame:
        """The frame of the name.

        Raises KeyError, with the names that there are, for another one.
        """
        if key not in self._frames:
            raise KeyError(f"there is no frame {key!r}: there are {', '.join(map(repr, self._frames)) or 'none'}")
        return self._frames[key]

    def __getitem__(self, key: str) -> DynamicFrame:
        return self.select(key)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __contains__(self, key: object) -> bool:
        return key in self._frames

    def map(self, callable: Callable[..., DynamicFrame], transformation_ctx: str = "") -> DynamicFrameCollection:
        """What a function makes of each frame, under the same name. It is given the frame, and the context if it takes two."""
        frames = {name: _called(callable, frame, f"{transformation_ctx}{name}") for name, frame in self._frames.items()}
        return DynamicFrameCollection(frames, self._glue_ctx)

    def flatmap(self, f: Callable[..., Any], transformation_ctx: str = "") -> DynamicFrameCollection:
        """What a function makes of each frame: a frame under the same name, or a collection, whose frames are called by
        both names with an underscore between."""
        frames: dict[str, DynamicFrame] = {}
        for name, frame in self._frames.items():
            made = _called(f, frame, f"{transformation_ctx}{name}")
            if isinstance(made, DynamicFrameCollection):
                frames |= {f"{name}_{inner}": one for inner, one in made.items()}
            else:
                frames[name] = made
        return DynamicFrameCollection(frames, self._glue_ctx)


def _called(function: Callable[..., Any], frame: DynamicFrame, context: str) -> Any:
    try:
        places = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        places = []
    named = {place.name for place in places}
    needed = [place for place in places if place.default is place.empty and place.kind <= place.POSITIONAL_OR_KEYWORD]
    if "transformation_ctx" in named or "ctx" in named:
        return function(frame, **{"transformation_ctx" if "transformation_ctx" in named else "ctx": context})
    return function(frame, context) if len(needed) > 1 else function(frame)
