"""Regular expressions of Python, asked of many lines in time that grows with the text alone.

RE2 answers for lines of ASCII letters whether one of the expressions may match; only then Python's own is asked. It has
no look-behind and no back-reference: without them an expression matches more, never less.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2

_NO_PART = re.compile(r"\(\?<![^)]*\)")
_BACK_TO_QUOTE = "(?P=quote)"
_NAMED = re.compile(r"\(\?P<\w+>")


class AnyOf:
    """Whether any of the expressions may match a line; where it is not ASCII, they are asked themselves."""

    def __init__(self, forms: Iterable[re.Pattern[str]]) -> None:
        self._forms = tuple(forms)

    def may_match(self, line: str) -> bool:
        if line.isascii():
            return self._quick.search(line) is not None
        return any(form.search(line) for form in self._forms)

    @cached_property
    def _quick(self) -> "re2._Regexp[str]":
        import re2  # a change without text needs none

        return re2.compile("|".join(map(_loosened, self._forms)))


def _loosened(form: re.Pattern[str]) -> str:
    pattern = _NO_PART.sub("", form.pattern).replace(_BACK_TO_QUOTE, "[\"']")
    flags = "?i" if form.flags & re.IGNORECASE else "?"
    return f"({flags}:{_NAMED.sub('(?:', pattern)})"
