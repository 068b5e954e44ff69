"""What a script says of how files of CSV and JSON are read."""

from __future__ import annotations

import codecs
import dataclasses
from typing import Any

from awsglue._errors import unsupported

from mastic_host.csv_records import Form
from mastic_host.times import Pattern

# Of files as such: Sail's readers heed them.
OF_FILES = {"pathglobfilter", "compression"}
_GENERAL = OF_FILES | {
    "basepath", "charset", "columnnameofcorruptrecord", "dateformat", "encoding", "enabledatetimeparsingfallback", "inferschema", "linesep",
    "locale", "mode", "multiline", "path", "recursivefilelookup", "samplingratio", "timestampformat", "timestampntzformat",
}  # fmt: skip
_OF_CSV = {
    "chartoescapequoteescaping", "comment", "delimiter", "emptyvalue", "enforceschema", "escape", "escapequotes", "header",
    "ignoreleadingwhitespace", "ignoretrailingwhitespace", "maxcharspercolumn", "maxcolumns", "mergeschema", "nanvalue", "negativeinf", "nullvalue",
    "positiveinf", "preferdate", "quote", "quoteall", "sep", "unescapedquotehandling",
}  # fmt: skip
_OF_JSON = {
    "allowbackslashescapinganycharacter", "allowcomments", "allownonnumericnumbers", "allownumericleadingzeros", "allowsinglequotes",
    "allowunquotedcontrolchars", "allowunquotedfieldnames", "dropfieldifallnull", "infertimestamp", "ignorenullfields", "mergeschema",
    "prefersdecimal", "primitivesasstring",
}  # fmt: skip
# What would change rows, and is not there. Other words are nobody's, and Spark does not heed them either.
_REFUSED = {"modifiedbefore", "modifiedafter", "ignorecorruptfiles", "ignoremissingfiles", "singlevariantcolumn", "datetimerebasemode"}
_MODES = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"}


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a reader, by their names in small letters, and the zone of the session."""

    said: dict[str, str]
    corrupt: str = "_corrupt_record"
    zone: str = "UTC"

    def flag(self, name: str, usual: bool = False) -> bool:
        """Whether something is so."""
        return self.said.get(name, str(usual)).lower() == "true"

    @property
    def mode(self) -> str:
        """What becomes of records that do not fit."""
        asked = self.said.get("mode", "").upper()
        return asked if asked in _MODES else "PERMISSIVE"

    @property
    def encoding(self) -> str:
        """How texts are encoded: Python's name."""
        return codecs.lookup(self.said.get("encoding", self.said.get("charset", "utf-8"))).name

    @property
    def takes_lines(self) -> bool:
        """Whether records are lines as everybody has them."""
        return not self.flag("multiline") and self.encoding in ("utf-8", "ascii") and self.said.get("linesep", "\n") == "\n"

    @property
    def day(self) -> Pattern | None:
        """How dates are written, if the script says it."""
        return Pattern(self.said["dateformat"]) if self.said.get("dateformat") else None

    @property
    def time(self) -> Pattern | None:
        """How times are written, if the script says it."""
        return Pattern(self.said["timestampformat"]) if self.said.get("timestampformat") else None

    def form(self) -> Form:
        """How records of CSV are written."""
        quote, escape = self.said.get("quote", '"')[:1].strip("\0"), self.said.get("escape", "\\")[:1].strip("\0")
        return Form(
            separator=separator(self.said.get("sep", self.said.get("delimiter", ","))),
            quote=quote,
            escape=escape if quote else "",
            escape_of_escape=self.said.get("chartoescapequoteescaping", "" if escape == quote else escape),
            comment=self.said.get("comment", "")[:1].strip("\0"),
            trims_before=self.flag("ignoreleadingwhitespace"),
            trims_after=self.flag("ignoretrailingwhitespace"),
            empty=self.said.get("emptyvalue", ""),
            nothing=self.said.get("nullvalue", ""),
            ends=(self.said.get("linesep") or "\r\n") if self.flag("multiline") else "",
        )


def separator(text: str) -> str:
    r"""What a script means by a separator.

    >>> separator("\\t"), separator("|~|"), separator("\\\\"), separator("\\u0001")
    ('\t', '|~|', '\\', '\x01')
    """
    named = {"\\t": "\t", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\f": "\f", "\\b": "\b", "\\u0000": "\0"}
    if text.startswith("\\u") and len(text) == 6:
        return chr(int(text[2:], 16))
    return named.get(text) or text.replace("\\t", "\t")


def options(name: str, said: dict[str, Any], corrupt: str, zone: str) -> Options:
    """The options of a reader of `csv` or `json`; refuses what is not there."""
    given = {key.lower(): str(value) for key, value in said.items() if value is not None}
    for key in said:
        if key.lower() in _REFUSED and given.get(key.lower(), "false").lower() != "false":
            raise unsupported(f"the option `{key}` of readers of {name} is not supported")
    if given.get("unescapedquotehandling", "STOP_AT_DELIMITER").upper() != "STOP_AT_DELIMITER":
        raise unsupported("of the option `unescapedQuoteHandling` there is STOP_AT_DELIMITER")
    if not given.get("locale", "en-US").lower().startswith("en"):
        raise unsupported("of the option `locale` there is en-US")
    encoding = given.get("encoding", given.get("charset", "utf-8"))
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise unsupported(f"the option `encoding` is not supported for `{encoding}`") from None
    known = _GENERAL | (_OF_CSV if name == "csv" else _OF_JSON)
    kept = {key: value for key, value in given.items() if key in known}
    made = Options(kept, given.get("columnnameofcorruptrecord", corrupt), zone)
    if name == "csv" and not made.form().separator:
        raise ValueError("[INVALID_DELIMITER_VALUE.EMPTY_STRING] Delimiter cannot be empty string.")
    return made


def arrow(of: Any) -> Any:
    """Arrow's type for one of Spark's."""
    from pyspark.sql.pandas.types import to_arrow_type

    return to_arrow_type(of, timezone="UTC")
