"""Names and messages come from the change that is judged: no form may let them speak for us."""

import re
import unicodedata

_WRITTEN = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SEPARATORS = frozenset("\u2028\u2029")
_HIDDEN = re.compile(r"[^\x20-\x7e]")
_MARKDOWN = re.compile(r"([\\`*_\[\]~|$]|^[-+#=](?=\s|$|[-+#=])|(?<=^\d)[.)]|(?<=^\d\d)[.)])")
_MENTIONS = re.compile(r"([@#])(?=\w)")
_SCHEMES = re.compile(r"(?i)\b(https?|ftp|mailto|www)(?=[:.])")
_TICKS = re.compile(r"`+")


def visible(text: str, *, lines: bool = False) -> str:
    """Text in which nothing is hidden: control characters, and those that turn the direction, become escapes.

    With `lines` a newline stays one.
    """
    return _HIDDEN.sub(lambda found: _seen(found.group(), lines=lines), text)


def _seen(character: str, *, lines: bool) -> str:
    if lines and character == "\n":
        return character
    if character in _WRITTEN:
        return _WRITTEN[character]
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cs") or character in _DIRECTIONS or character in _SEPARATORS:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def markdown(text: str) -> str:
    """Text for one line of Markdown, which shows it as it is: no markup, HTML, link, mention or table cell in it."""
    plain = " ".join(visible(text, lines=True).split("\n")).strip()
    safe = _MARKDOWN.sub(r"\\\1", plain)
    safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Both would work as plain text: a mention calls a person, and a bare address becomes a link.
    safe = _MENTIONS.sub(r"\1&#8203;", safe)
    return _SCHEMES.sub(r"\1&#8203;", safe)


def code(text: str) -> str:
    """Text as code of Markdown, on one line and outside of tables."""
    plain = visible(text)
    fence = "`" * (1 + max((len(found) for found in _TICKS.findall(plain)), default=0))
    gap = " " if plain.startswith(("`", " ")) or plain.endswith(("`", " ")) else ""
    return f"{fence}{gap}{plain}{gap}{fence}"


def command_data(text: str) -> str:
    """The data of a workflow command of GitHub."""
    return visible(text, lines=True).replace("%", "%25").replace("\n", "%0A")


def command_property(text: str) -> str:
    """The value of a property of a workflow command of GitHub."""
    return visible(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def command_line(text: str) -> str:
    """A plain line among workflow commands, which is none: GitHub looks for `##[` anywhere, for `::` at its start."""
    return visible(text).replace("##[", "## [").replace("::", ": :")
