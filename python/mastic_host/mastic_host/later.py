"""pandas, imported when somebody first asks it for something.

Spark's client imports pandas with itself, which takes as long as all the rest of a script's start; most scripts never use it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any

_leaving = threading.Lock()
_beginning = False


class Member:
    """Stands for a member that something keeps while it is imported: a function or a class."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *given: Any, **more: Any) -> Any:
        return getattr(_imported(self._module), self._name)(*given, **more)

    def __instancecheck__(self, one: Any) -> bool:
        return isinstance(one, getattr(_imported(self._module), self._name))


class Later(types.ModuleType):
    """Stands for a module until somebody asks for one of its members."""

    def __getattr__(self, name: str) -> Any:
        if _beginning and name == "__version__":
            return importlib.metadata.version(self.__name__)
        if _beginning and name.startswith("__"):
            raise AttributeError(name)
        return Member(self.__name__, name) if _beginning else getattr(_imported(self.__name__), name)

    def __reduce__(self) -> Any:
        # Functions go to Spark with the modules that they name.
        return importlib.import_module, (self.__name__,)


class _There:
    """Finds modules that are there by now: an import that began at a stand-in brought in all of pandas on its way, and would
    execute its own module once more."""

    def __init__(self, module: Any = None) -> None:
        self._module, self._spec = module, getattr(module, "__spec__", None)

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """That of a module of pandas that was imported meanwhile."""
        there = sys.modules.get(name) if name.startswith("pandas.") else None
        return None if there is None else ModuleSpec(name, _There(there))

    def create_module(self, spec: ModuleSpec) -> Any:
        """The module, as it is."""
        return self._module

    def exec_module(self, module: Any) -> None:
        """It has been executed."""
        module.__spec__ = self._spec


def _imported(name: str) -> Any:
    with _leaving:
        for stand_in in [known for known, module in list(sys.modules.items()) if isinstance(module, Later)]:
            del sys.modules[stand_in]
    return importlib.import_module(name)


@contextmanager
def putting_off() -> Iterator[None]:
    """While the block imports what imports pandas, stand-ins take its place, and those of its members theirs."""
    global _beginning
    spec = None if "pandas" in sys.modules else importlib.util.find_spec("pandas")
    if spec is not None:
        pandas, api, kinds = Later("pandas"), Later("pandas.api"), Later("pandas.api.types")
        pandas.__spec__ = spec
        sys.modules.update({module.__name__: module for module in (pandas, api, kinds)})
        sys.meta_path.insert(0, _There())
    _beginning = True
    try:
        yield
    finally:
        _beginning = False
