"""Container images that a repository builds on or runs, and how exactly it names them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Exactness = Literal["digest", "tag", "latest", "unknown"]
RANKS: dict[Exactness, int] = {"latest": 0, "tag": 1, "digest": 2, "unknown": 3}

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<alias>\S+))?", re.IGNORECASE)
_IMAGE = re.compile(
    r"""^\s*(?:-\s+)?["']?(?:image|container)["']?\s*:\s*["']?(?P<image>[\w./${}:@<>\- ]+?)["']?\s*(?:#.*)?$"""
)
_USER = re.compile(r"^\s*USER\s+(?P<user>\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a file names it; `name` is without tag and digest."""

    name: str
    said: str
    line: int
    exactness: Exactness


def is_dockerfile(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return (
        name in ("dockerfile", "containerfile")
        or name.startswith("dockerfile.")
        or name.endswith(".dockerfile")
    )


def images_in(path: str, text: str) -> tuple[Image, ...]:
    """The images of a Dockerfile, of compose, of Kubernetes or of a CI file."""
    if is_dockerfile(path):
        return tuple(_of_dockerfile(text))
    if not path.endswith((".yml", ".yaml")) or ("image" not in text and "container" not in text):
        return ()
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _IMAGE.match(line)
        if match is not None and ("/" in match["image"] or ":" in match["image"] or match["image"].isalnum()):
            found.append(_image(match["image"].strip(), number))
    return tuple(found)


def last_user(text: str) -> tuple[str | None, int]:
    """Who the last stage of a Dockerfile runs as, and the line that says so; None where nothing does."""
    user: str | None = None
    at = 1
    for number, line in enumerate(text.split("\n"), start=1):
        if _FROM.match(line):
            user, at = None, number
        elif match := _USER.match(line):
            user, at = match["user"], number
    return user, at


def _of_dockerfile(text: str) -> Iterator[Image]:
    stages = {"scratch"}
    for number, line in enumerate(text.split("\n"), start=1):
        match = _FROM.match(line)
        if match is None:
            continue
        if match["image"] not in stages:
            yield _image(match["image"], number)
        if match["alias"]:
            stages.add(match["alias"])


def _image(said: str, line: int) -> Image:
    name, at, _ = said.partition("@")
    if at:
        return Image(_bare(name), said, line, "digest")
    bare = _bare(name)
    tag = name[len(bare) + 1 :]
    exactness: Exactness = "latest" if tag in ("", "latest") else "tag"
    return Image(bare, said, line, "unknown" if re.search(r"[${}<>]", said) else exactness)


def _bare(name: str) -> str:
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.split(':')[0]}"
