"""Jinja templates of Markdown, where a missing value is an error and untrusted text cannot pose as markup."""

import re
import textwrap
from collections.abc import Sized
from functools import cache
from typing import TYPE_CHECKING, Any

from meta_pipeline.delivery.citations import cite_chunk, cite_file

if TYPE_CHECKING:
    import jinja2

# An underscore inside a word, a lone `>` or `#` and a back quote with its partner are plain or harmless in Markdown.
_MARKUP = re.compile(r"(?<!\w)_|_(?!\w)|^[>#+-]|[\\*\[\]<|]")


_CITATION = re.compile(r"(?<=\bchunk)_(?=id:)|(?<=\bF):")
_NUMBER = re.compile(r"^(\d+)(?=[.)])")
_LONG = 400


def escaped(text: object) -> str:
    """Text of others on one line of Markdown, its markup made plain."""
    line = " ".join(str(text).split())
    if line.count("`") % 2:
        line = line.replace("`", "'")
    plain = _MARKUP.sub(r"\\\g<0>", line)
    return _NUMBER.sub(r"\1\\", _CITATION.sub(r"\\\g<0>", plain))


def brief(text: object, words: int) -> str:
    """At most so many words of a text."""
    all_words = str(text).split()
    return " ".join(all_words[:words]) + " ..." if len(all_words) > words else " ".join(all_words)


def more(items: Sized, shown: int) -> str:
    """That a list goes on after what is shown of it; empty where it does not."""
    return f"{len(items) - shown} more are in the ledger." if len(items) > shown else ""


def shortened(text: object) -> str:
    """Text of others, cut at a word where it is long; the whole is in the ledger."""
    return textwrap.shorten(str(text), _LONG, placeholder=" ...")


def code(text: object) -> str:
    """Text of others as inline code."""
    plain = " ".join(str(text).split()).replace("`", "'")
    return f"`{plain}`"


@cache
def _environment() -> "jinja2.Environment":
    import jinja2

    # Not HTML: the templates are Markdown, and `escaped` is the escape of Markdown.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meta_pipeline.messages"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )
    environment.filters |= {
        "text": escaped,
        "short": shortened,
        "brief": brief,
        "more": more,
        "code": code,
        "file": cite_file,
        "chunk": cite_chunk,
    }
    return environment


def render(template: str, **values: Any) -> str:
    """The text of `templates/<template>.md.j2`; raises `jinja2.UndefinedError` for a value that is missing."""
    text = _environment().get_template(f"{template}.md.j2").render(**values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
