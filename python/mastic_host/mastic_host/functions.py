"""Functions that Sail lacks, or answers otherwise than Spark, in the terms of those that it has: in the frames' API and in SQL."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from mastic_host import regexes
from mastic_host.statements import enclosed, split

# A call is a function's name and its arguments; what is given, an expression or a text of SQL, stands for itself.
_Term = Any
_MICROSECONDS = {
    "microsecond": 1, "millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000,
    "day": 86_400_000_000, "week": 604_800_000_000,
}  # fmt: skip
_STRUCT = re.compile(r"(struct|named_struct)\s*(?=\()", re.I)
_ALIAS = re.compile(r"\s+as\s+(?:\w+|`[^`]*`)\s*\Z", re.I)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _time(of: _Term) -> _Term:
    # Sail's own functions take numbers for microseconds, or leave their fractions out.
    return ("try_cast", of, "timestamp")


def _between(unit: Any, start: _Term, end: _Term) -> _Term | None:
    """How many whole units lie between two times; to Sail how often the unit changes between them."""
    name = str(getattr(unit, "_value", unit)).strip("'\"").lower()
    if name in _MICROSECONDS:
        first, last = (("unix_micros", _time(one)) for one in (start, end))
        return ("div", ("-", last, first), _MICROSECONDS[name])
    return ("cast", ("/", ("months_between", end, start), _MONTHS[name]), "bigint") if name in _MONTHS else None


def _without(array: _Term, other: _Term) -> _Term:
    # Sail wants both to have nulls or neither, and what is flattened may have them.
    return ("array_except", ("flatten", ("array", array)), ("flatten", ("array", other)))


def _outermost(function: str, of: _Term) -> _Term | None:
    """The least or greatest struct: null is less than all else, to Sail more."""
    fields = _fields(of)
    key = [part for field in fields for part in (("isnotnull", field), field)]
    return (f"{function}_by", of, ("struct", *key)) if fields else None


def _fields(of: _Term) -> list[_Term]:
    """What a call makes a struct of; nothing of all else."""
    if isinstance(of, str):
        call = _STRUCT.match(of)
        inner, rest = enclosed(of[call.end() :]) if call else ("", "")
        name, given = call[1].lower() if call and not rest else "", [_ALIAS.sub("", one).strip() for one in split(inner)]
    else:
        name, given = getattr(of, "_name", ""), [getattr(one, "_child", one) for one in getattr(of, "_args", [])]
    return given if name == "struct" else given[1::2] if name == "named_struct" else []


def _compact(array: _Term) -> _Term:
    # Sail's own leaves nulls in a batch's later rows.
    return ("without nulls", array)


def _date(of: _Term) -> _Term:
    """A date, also of a text with a time behind a T or spaces around it."""
    text = ("replace", ("trim", ("cast", of, "string")), ("text", "T"), ("text", " "))
    return ("coalesce", ("try_cast", of, "date"), ("try_cast", ("substring_index", text, ("text", " "), 1), "date"))


def _matched(name: str) -> Callable[..., _Term | None]:
    """A function of a text and a pattern, computed by Python where Sail has not got what the pattern uses."""

    def made(of: _Term, pattern: _Term, *more: _Term) -> _Term | None:
        told = _literal(pattern)
        beyond = regexes.is_beyond(told) or (name == "split" and regexes.may_match_nothing(told))
        return (regexes.by_python(name), of, pattern, *more) if beyond else None

    return made


def _replaced(of: _Term, pattern: _Term, put: _Term) -> _Term | None:
    """Groups in what is put are told by one or two digits, whatever is behind; to Sail the name goes on with letters."""
    beyond = _matched("regexp_replace")(of, pattern, put)
    if beyond is not None:
        return beyond
    literal = _literal(put)
    if literal is None or not re.search(r"[$\\]", literal):
        return None
    return ("regexp_replace", of, pattern, ("text", regexes.PLACES.sub(_place, literal)))


def _place(found: re.Match[str]) -> str:
    if found[1]:
        return "$$" if found[1] == "$" else found[1]
    return f"${{{found[2] or found[3]}}}"


def _literal(of: _Term) -> str | None:
    """The text that an argument is; nothing for one that is none."""
    if not isinstance(of, str):
        value = getattr(of, "_value", None)
        return value if isinstance(value, str) else None
    if len(of) < 2 or of[0] not in "'\"" or of[-1] != of[0]:
        return None
    return re.sub(r"\\(.)", r"\1", of[1:-1])


def _to_even(of: _Term) -> _Term:
    half = ("=", ("abs", ("%", of, 1.0)), 0.5)
    return ("if", half, ("*", ("round", ("/", of, 2.0)), 2.0), ("round", of))


# What stands in the place of a function, by its name and how many arguments it has.
_OTHERWISE: dict[tuple[str, int], Callable[..., _Term | None]] = {
    ("array_compact", 1): _compact,
    ("array_except", 2): _without,
    # To Sail it is a timestamp without a zone where a text is cut.
    ("date_trunc", 2): lambda unit, of: ("date_trunc", unit, _time(of)),
    ("date_diff", 3): _between,
    ("datediff", 3): _between,
    # Beyond its end an array has nulls, and so has a map for keys that it lacks.
    ("element_at", 2): lambda of, at: ("try_element_at", of, at),
    # What is not there is a number.
    ("isnan", 1): lambda of: ("coalesce", ("isnan", of), False),
    ("regr_count", 2): lambda y, x: ("count", ("nvl2", y, x, None)),
    ("regexp", 2): _matched("rlike"),
    ("regexp_extract", 2): _matched("regexp_extract"),
    ("regexp_extract", 3): _matched("regexp_extract"),
    ("regexp_like", 2): _matched("rlike"),
    ("regexp_replace", 3): _replaced,
    # To Sail halves go up.
    ("rint", 1): lambda of: _to_even(("cast", of, "double")),
    ("rlike", 2): _matched("rlike"),
    ("split", 2): _matched("split"),
    ("split", 3): _matched("split"),
    ("timestamp_seconds", 1): _time,
    ("timestampdiff", 3): _between,
    ("to_date", 1): _date,
    ("to_timestamp", 1): _time,
    ("uuid", 1): lambda seed: ("uuid",),
    ("max", 1): lambda of: _outermost("max", of),
    ("min", 1): lambda of: _outermost("min", of),
    # Sail writes microseconds.
    ("to_json", 1): lambda of: ("to_json", of, ("map", ("text", "timestampFormat"), ("text", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"))),
    # Sundays are -1 to Sail.
    ("weekday", 1): lambda of: ("pmod", ("+", ("dayofweek", of), 5), 7),
}
NAMES = {name for name, _ in _OTHERWISE}
# Over windows they keep nulls.
LISTS = {"array_agg", "collect_list"}


def in_sql(name: str, given: list[str]) -> str | None:
    """SQL for a call of a function with these arguments; nothing for one that stays.

    >>> in_sql("max", ["struct(a AS n, f(b, c))"]), in_sql("min", ["named_struct('n', a)"]), in_sql("max", ["struct(a).a"])
    ('max_by(struct(a AS n, f(b, c)), struct(isnotnull(a), a, isnotnull(f(b, c)), f(b, c)))', "min_by(named_struct('n', a), struct(isnotnull(a), a))", None)
    >>> in_sql("isnan", ["x"]), in_sql("weekday", ["d"]), in_sql("datediff", ["DAY", "a", "b"])[:30], in_sql("datediff", ["a", "b"])
    ('coalesce(isnan(x), false)', 'pmod((dayofweek(d) + 5), 7)', '((unix_micros(TRY_CAST(b AS ti', None)
    """
    made = _OTHERWISE.get((name, len(given)))
    term = made(*given) if made else None
    return None if term is None else _text(term)


def _text(term: _Term) -> str:
    match term:
        case ("without nulls", of):
            return f"filter({_text(of)}, _v -> _v IS NOT NULL)"
        case ("text", value):
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case (("cast" | "try_cast") as name, of, kind):
            return f"{name.upper()}({_text(of)} AS {kind})"
        case (("+" | "-" | "*" | "/" | "%" | "=" | "div") as sign, left, right):
            return f"({_text(left)} {sign} {_text(right)})"
        case (str(name), *of):
            return f"{name}({', '.join(map(_text, of))})"
        case None:
            return "NULL"
        case _:
            return str(term).lower() if isinstance(term, bool) else f"{term}D" if isinstance(term, float) else str(term)


def install() -> None:
    """Makes calls of functions so."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect import expressions, functions

    for module in (F, F.builtin, functions, functions.builtin):
        module.percentile_approx = module.approx_percentile = percentile
        module.datediff, module.date_diff = _days("datediff"), _days("date_diff")
        module.initcap = _capitals
        module.transform_keys, module.transform_values, module.zip_with = _keys, _values, _zipped
    planned, windows = expressions.UnresolvedFunction.to_plan, expressions.WindowExpression.to_plan

    def planning(call: Any, session: Any) -> Any:
        made = None if call._is_distinct else _OTHERWISE.get((call._name, len(call._args)))
        term = made(*call._args) if made else None
        if term is None:
            return planned(call, session)
        # Inner calls are no longer asked about.
        return expressions.ColumnAlias(_expression(term, planned), [_name_of(call)], None).to_plan(session)

    def over(window: Any, session: Any) -> Any:
        whole = window._create_proto_expression()
        whole.CopyFrom(windows(window, session))
        function = whole.window.window_function
        if function.HasField("alias"):
            function.CopyFrom(function.alias.expr)
        if getattr(window._windowFunction, "_name", None) not in LISTS:
            return whole
        list_of_all = copy.copy(window)
        list_of_all.to_plan = lambda _: whole
        return expressions.ColumnAlias(_expression(_compact(list_of_all), planned), [str(window._windowFunction)], None).to_plan(session)

    expressions.UnresolvedFunction.to_plan = planning
    expressions.WindowExpression.to_plan = over


def _name_of(of: Any) -> str:
    """What Spark calls a column that is this expression."""
    name, given = getattr(of, "_name", None), [_name_of(one) for one in getattr(of, "_args", [])]
    if name is None or callable(name):
        return str(of)
    sign = {"==": "=", "and": "AND", "or": "OR"}.get(name, name)
    infix = len(given) == 2 and (sign.isupper() or not re.match(r"\w", name))
    return f"({given[0]} {sign} {given[1]})" if infix else f"{name}({', '.join(given)})"


def _expression(term: _Term, planned: Callable[..., Any]) -> Any:
    from pyspark.sql.connect import expressions, functions
    from pyspark.sql.connect.column import Column

    if isinstance(term, expressions.Expression):
        return term
    if not isinstance(term, tuple):
        return expressions.LiteralExpression._from_value(term)
    name, *given = term
    if name == "without nulls":
        return functions.filter(Column(_expression(given[0], planned)), lambda one: one.isNotNull())._expr
    if name == "text":
        return expressions.LiteralExpression._from_value(given[0])
    if name in ("cast", "try_cast"):
        return expressions.CastExpression(_expression(given[0], planned), given[1], "try" if name == "try_cast" else None)
    made = expressions.UnresolvedFunction("==" if name == "=" else name, [_expression(one, planned) for one in given])
    made.to_plan = lambda session: planned(made, session)
    return made


def percentile(col: Any, percentage: Any, accuracy: Any = 10000) -> Any:
    """A percentile, or several, as Spark finds them among few rows: a value that is there, in its own type."""
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(col) if isinstance(col, str) else col
    several = isinstance(percentage, list | tuple)
    told = f"array({', '.join(map(str, percentage))})" if several else percentage
    name = f"percentile_approx({_name(column)}, {_name(told)}, {_name(accuracy)})"

    def among(rows: Callable[[Any], Any]) -> Any:
        values, number = F.sort_array(rows(F.collect_list(column))), rows(F.count(column))

        def one(at: Any) -> Any:
            place = F.ceil((at if hasattr(at, "cast") else F.lit(at)).cast("double") * number)
            return F.try_element_at(values, F.greatest(place, F.lit(1)).cast("int"))

        return (F.array(*map(one, percentage)) if several else one(percentage)).alias(name)

    found = among(lambda aggregate: aggregate)
    found.over = lambda window: among(lambda aggregate: aggregate.over(window))
    return found


def _days(name: str) -> Callable[[Any, Any], Any]:
    def days(end: Any, start: Any) -> Any:
        from pyspark.sql import functions as F  # noqa: N812

        columns = [F.col(one) if isinstance(one, str) else one for one in (end, start)]
        return F.call_function("date_diff", *columns).cast("int").alias(f"{name}({', '.join(map(_name, columns))})")

    return days


def _capitals(col: Any) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(col) if isinstance(col, str) else col
    parts = F.split(F.lower(column), " ")
    made = F.transform(parts, lambda word: F.concat(F.upper(F.left(word, F.lit(1))), F.substring(word, 2, 1 << 30)))
    return F.array_join(made, " ").alias(f"initcap({_name(column)})")


def _name(of: Any) -> str:
    return str(getattr(of, "_expr", of))


def _keys(col: Any, f: Callable[[Any, Any], Any]) -> Any:
    return _entries(col, lambda key, value: (f(key, value), value))


def _values(col: Any, f: Callable[[Any, Any], Any]) -> Any:
    return _entries(col, lambda key, value: (key, f(key, value)))


def _entries(col: Any, made: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    return F.map_from_entries(F.transform(F.map_entries(col), lambda entry: F.struct(*made(entry["key"], entry["value"]))))


def _zipped(left: Any, right: Any, f: Callable[[Any, Any], Any]) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    left, right = (F.col(one) if isinstance(one, str) else one for one in (left, right))
    pairs = F.arrays_zip(left.alias("l"), right.alias("r"))
    return F.transform(pairs, lambda pair: f(pair["l"], pair["r"]))
