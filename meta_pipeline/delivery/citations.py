"""How a document of a delivery cites its evidence: files as `F:path`, stored facts by their chunk id."""

import re
from urllib.parse import unquote

_FILE = re.compile(r"`F:(?P<quoted>[^`\n]+)`|(?<![\w`])F:(?P<plain>[^\s`,;)\]]+)")
_LINES = re.compile(r":\d+(-\d+)?$")
_CHUNK = re.compile(r"\bchunk_id:\s*`?(?P<id>[0-9A-Za-z]+)")


def cite_file(path: str) -> str:
    """The citation of a file; back quotes, percent signs and line breaks of its path are percent-encoded."""
    for letter in "%`\n":
        path = path.replace(letter, f"%{ord(letter):02X}")
    return f"`F:{path}`"


def cite_chunk(chunk_id: str) -> str:
    """The citation of a stored fact."""
    return f"`chunk_id: {chunk_id}`"


def files_cited(markdown: str) -> tuple[str, ...]:
    """The paths of all file citations in their order, each once; a line number after the path is left out."""
    found = []
    for match in _FILE.finditer(markdown):
        path = match["quoted"] or match["plain"].rstrip(".:")
        found.append(unquote(_LINES.sub("", path)))
    return tuple(dict.fromkeys(found))


def chunks_cited(markdown: str) -> tuple[str, ...]:
    """The chunk ids of all citations in their order, each once, well formed or not."""
    return tuple(dict.fromkeys(match["id"] for match in _CHUNK.finditer(markdown)))
