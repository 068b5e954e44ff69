"""What a function says of a record, as a condition that the engine evaluates.

The function is called with a record whose values are not known. Whenever it has to know something - is this value null, does
this comparison hold - it is told yes, and called once more to be told no. What it answers at the end of each way makes a tree.
A function that does anything but look at fields, compare and answer is not called at all, and one whose way is not clear to
its end (a comparison of a value that may be null, which would fail) has no condition: it goes over the records.

It may call functions of the same kind, and those that make values of constants. Generated scripts have such a function: it gives
a constant the type that a value has (`isinstance`).
"""

from __future__ import annotations

import builtins
import datetime
import decimal
import dis
import inspect
import types
from collections.abc import Callable
from typing import Any

from awsglue import gluetypes as g

#: Calls of a function, beyond which it is left to go over the records; and questions on one way.
_WAYS, _DEEP = 400, 40
#: How deep functions call each other.
_NESTED = 3
#: Whole numbers that a floating-point number holds exactly.
_EXACT = 1 << 53
_WHOLE = {"byte", "short", "int", "long"}
_REAL = {"float", "double"}
_EPOCH = datetime.datetime(1970, 1, 1)
#: What values of a type are in Python.
_CLASSES: dict[str, type] = {
    "string": str, "boolean": bool, "date": datetime.date, "timestamp": datetime.datetime, "decimal": decimal.Decimal,
} | dict.fromkeys(_WHOLE, int) | dict.fromkeys(_REAL, float)  # fmt: skip

#: What a function may do: nothing of this is seen outside of it. Names differ among Python's versions.
_OPERATIONS = frozenset(
    """
    COMPARE_OP CONTAINS_OP COPY COPY_FREE_VARS DUP_TOP EXTENDED_ARG JUMP_ABSOLUTE JUMP_BACKWARD JUMP_FORWARD
    JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP LOAD_CONST LOAD_DEREF LOAD_FAST LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_GLOBAL
    LOAD_SMALL_INT NOP NOT_TAKEN POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE
    POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE
    POP_JUMP_FORWARD_IF_TRUE POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE POP_TOP PRECALL RESUME
    RETURN_CONST RETURN_VALUE ROT_THREE ROT_TWO STORE_FAST SWAP TO_BOOL UNARY_NOT BINARY_SUBSCR
    BUILD_TUPLE CALL CALL_FUNCTION CALL_FUNCTION_KW CALL_KW CALL_METHOD JUMP_FORWARD KW_NAMES LOAD_ATTR LOAD_METHOD PRECALL PUSH_NULL
    """.split()
)
#: What may be called, by what is reached through names: it has no effects, and fails on values that are not known.
_CALLABLE = (isinstance, bool, int, float, str, datetime, decimal, datetime.datetime, datetime.date, decimal.Decimal)
_METHODS = frozenset(
    "date datetime Decimal fromisoformat isdigit lower lstrip replace rstrip strip timedelta upper utcoffset".split()
)
#: Functions with `*arguments`, generators, coroutines.
_MORE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class _Unclear(Exception):
    """The function does what no condition tells."""


class _Way:
    """The answers that one call gets, and the questions that it has asked."""

    def __init__(self, answers: list[bool], utc: bool) -> None:
        self.answers, self.utc = answers, utc
        self.questions = list[Any]()
        self.known: dict[str, bool] = {}

    def ask(self, question: dict[str, Any]) -> bool:
        """The answer to a question; the same question has the same answer."""
        name = repr(question)
        if name not in self.known:
            if len(self.questions) >= _DEEP:
                raise _Unclear
            place = len(self.questions)
            if place == len(self.answers):
                self.answers.append(True)
            self.questions.append(question)
            self.known[name] = self.answers[place]
        return self.known[name]


class _Unknown:
    """What a function does not see in a record: only the methods of the classes below tell of it."""

    __hash__ = None  # type: ignore[assignment]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What `isinstance` is told."""
        raise _Unclear

    def __str__(self) -> str:
        raise _Unclear

    __repr__ = __str__


class _Fields(_Unknown):
    """A record, or a struct in it, of which only the types are known."""

    def __init__(self, way: _Way, path: tuple[str, ...], of: g.StructType) -> None:
        self._way, self._path = way, path
        self._types = {field.name: field.dataType for field in of.fields}

    def __getitem__(self, name: Any) -> Any:
        of = self._types.get(name) if isinstance(name, str) else None
        if of is None:
            raise _Unclear
        path = (*self._path, name)
        if self._way.ask({"null": list(path)}):
            return None
        return _Fields(self._way, path, of) if isinstance(of, g.StructType) else _Value(self._way, path, of.typeName())

    def __bool__(self) -> bool:
        raise _Unclear

    __eq__ = __ne__ = None  # type: ignore[assignment]


class _Value(_Unknown):
    """A value that is there."""

    def __init__(self, way: _Way, path: tuple[str, ...], of: str) -> None:
        self.way, self.path, self.of = way, path, of

    __hash__ = None  # type: ignore[assignment]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        if self.of not in _CLASSES:
            raise _Unclear
        return _CLASSES[self.of]

    def _compared(self, op: str, other: Any) -> Any:
        return _compared(self, op, other)

    def __eq__(self, other: object) -> Any:
        return self._compared("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compared("!=", other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(">=", other)

    def __bool__(self) -> bool:
        if self.of == "boolean":
            return bool(self == True)  # noqa: E712
        if self.of in _WHOLE or self.of in _REAL:
            return bool(self != 0)
        if self.of == "string":
            return bool(self != "")
        raise _Unclear


class _Held(_Unknown):
    """A comparison whose outcome is asked for when somebody needs it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, way: _Way, question: dict[str, Any]) -> None:
        self._way, self._question = way, question

    def __bool__(self) -> bool:
        return self._way.ask(self._question)

    def __eq__(self, other: object) -> Any:
        return bool(self) == other

    def __ne__(self, other: object) -> Any:
        return bool(self) != other


def _compared(value: _Value, op: str, other: Any) -> Any:
    def held(told: dict[str, Any], op: str = op) -> _Held:
        return _Held(value.way, {"compare": [list(value.path), op, told]})

    of = value.of
    if type(other) is _Value:
        kinds = {of, other.of}
        if kinds <= _WHOLE or kinds in ({"string"}, {"boolean"}, {"date"}):
            return held({"field": list(other.path)})
    elif other is None and op in ("==", "!="):
        return op == "!="
    elif of == "string" and type(other) is str:
        return held({"text": other})
    elif of == "boolean" and type(other) is bool and op in ("==", "!="):
        return held({"truth": other})
    elif of == "date" and type(other) is datetime.date:
        return held({"date": (other - _EPOCH.date()).days})
    elif of == "timestamp" and type(other) is datetime.datetime and other.tzinfo is None and value.way.utc:
        return held({"time": (other - _EPOCH) // datetime.timedelta(microseconds=1)})
    elif of in _WHOLE and type(other) is int and -(1 << 63) <= other < 1 << 63:
        return held({"whole": other})
    elif of in _WHOLE and type(other) is float and other.is_integer() and abs(other) < _EXACT:
        return held({"whole": int(other)})
    elif of in _REAL and type(other) in (int, float) and abs(other) <= _EXACT:
        return held({"real": float(other)})
    raise _Unclear


def told(f: Callable[[Any], Any], schema: g.StructType, utc: bool = True) -> dict[str, Any] | None:
    """The condition that a function over records of this schema stands for, in the words of the bridge; none if it is not sure.
    Where times are not of UTC (`utc`), the clock may show one time twice."""
    if not _only_looks(f):
        return None
    ways: list[tuple[list[Any], list[bool], bool]] = []
    answers: list[bool] = []
    while True:
        way = _Way(list(answers), utc)
        try:
            outcome = bool(f(_Fields(way, (), schema)))
        except Exception:
            # Some record would fail, and has to be told of.
            return None
        ways.append((way.questions, way.answers, outcome))
        if len(ways) > _WAYS:
            return None
        answers = list(way.answers)
        while answers and not answers[-1]:
            answers.pop()
        if not answers:
            return _tree(ways, 0)
        answers[-1] = False


def _tree(ways: list[tuple[list[Any], list[bool], bool]], depth: int) -> dict[str, Any]:
    questions, _, outcome = ways[0]
    if len(questions) == depth:
        return {"always": outcome}
    yes = [way for way in ways if way[1][depth]]
    no = [way for way in ways if not way[1][depth]]
    then, otherwise = _tree(yes, depth + 1), _tree(no, depth + 1)
    if then == otherwise:
        return then
    if then == {"always": True} and otherwise == {"always": False}:
        return questions[depth]
    return {"choose": [questions[depth], then, otherwise]}


def _only_looks(f: Any, depth: int = 0) -> bool:
    """Whether a function only looks at its arguments, of which the first has one, at constants, and answers."""
    if not isinstance(f, types.FunctionType) or f.__defaults__ or f.__kwdefaults__:
        return False
    code = f.__code__
    plain = not code.co_kwonlyargcount and not code.co_flags & _MORE and (depth or code.co_argcount == 1)
    done = [one for one in dis.get_instructions(code) if one.opname != "CACHE"]
    if not plain or not all(_harmless(before, one) for before, one in zip([None, *done], done)):
        return False
    outside = []
    for one in done:
        if one.opname == "LOAD_GLOBAL":
            outside.append(f.__globals__.get(one.argval, getattr(builtins, one.argval, None)))
        elif one.opname in ("LOAD_ATTR", "LOAD_METHOD") and one.argval not in _METHODS:
            return False
    try:
        outside += [cell.cell_contents for cell in f.__closure__ or ()]
    except ValueError:
        return False
    return all(_known(value, depth) for value in outside)


def _known(value: Any, depth: int) -> bool:
    """Whether a function may look at, or call, what a name outside of it stands for."""
    if type(value) in (str, int, float, bool, tuple, frozenset, list, set) or any(value is one for one in _CALLABLE):
        return True
    return depth < _NESTED and _only_looks(value, depth + 1)


def _harmless(before: dis.Instruction | None, one: dis.Instruction) -> bool:
    if one.opname == "IS_OP":
        # Only nothing is told by what it is.
        return before is not None and before.opname == "LOAD_CONST" and before.argval is None
    return one.opname in _OPERATIONS or (one.opname == "BINARY_OP" and one.argrepr in ("[]", "-"))
