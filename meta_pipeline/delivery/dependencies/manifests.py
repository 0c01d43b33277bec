"""The dependencies that a manifest asks for, whatever tool it is written for."""

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from packaging.utils import canonicalize_name
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.dependencies.kinds import kind_of
from meta_pipeline.delivery.dependencies.wanted import (
    Exactness,
    Wanted,
    exactness_of,
    from_caret,
    from_text,
    of_revision,
)

_OPTION = re.compile(r"^(?P<name>--?[\w-]+)(?:\s*=\s*|\s+|(?<=^-[rcief]))(?P<value>\S.*)?$")
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "pip-tools", "poetry", "pipenv"})


@dataclass(frozen=True)
class Manifest:
    """A manifest as read. `options` are the installer's options with their lines, as `--extra-index-url`.

    `project` is the name it gives itself; `hashed` is whether every requirement carries a hash; `free` are names whose
    releases the manifest overrides, so that what it asks of them says nothing.
    """

    path: str
    kind: str
    wanted: tuple[Wanted, ...]
    options: tuple[tuple[str, str, int], ...] = ()
    project: str | None = None
    hashed: bool = False
    free: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def read_manifest(path: str, text: str) -> Manifest | None:
    """The manifest at `path`; None where it is none, or cannot be parsed."""
    kind = kind_of(path)
    if kind is None:
        return None
    try:
        return _READERS[kind](path, text)
    except (
        ValueError,
        YAMLError,
        TypeError,
        AttributeError,
        RecursionError,
        configparser.Error,
        SyntaxError,
    ):
        return None


def requirement_lines(text: str) -> Iterator[tuple[str, int]]:
    """The lines of a requirement file without comments, continued lines joined, each with its number."""
    joined, start = "", 0
    for number, raw in enumerate(text.split("\n"), start=1):
        start = start or number
        joined += re.sub(r"(^|\s)#.*", "", raw).rstrip("\r")
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        if joined.strip():
            yield joined.strip(), start
        joined, start = "", 0


def _requirements(path: str, text: str) -> Manifest:
    wanted: list[Wanted] = []
    options: list[tuple[str, str, int]] = []
    unhashed = 0
    for line, number in requirement_lines(text):
        if line.startswith("-"):
            option = _OPTION.match(line)
            name, value = (option["name"], option["value"] or "") if option else (line, "")
            options.append((name, value.strip(), number))
            if name in ("-e", "--editable") and (found := from_text(value, number)):
                wanted.append(found)
            continue
        unhashed += "--hash" not in line
        found = from_text(re.split(r"\s--", line)[0], number)
        if found is not None:
            wanted.append(found)
    return Manifest(path, "requirements", tuple(wanted), tuple(options), hashed=bool(wanted) and not unhashed)


def _pyproject(path: str, text: str) -> Manifest:
    document = tomllib.loads(text)
    lines = _Lines(text)
    project, tool = document.get("project", {}), document.get("tool", {})
    always = project.get("dependencies", [])
    chosen = [
        *project.get("optional-dependencies", {}).values(),
        *document.get("dependency-groups", {}).values(),
        *tool.get("pdm", {}).get("dev-dependencies", {}).values(),
        tool.get("uv", {}).get("dev-dependencies", []),
    ]
    wanted = [found for item in always if (found := from_text(item, lines.of(item)))]
    wanted += [
        replace(found, conditional=True)
        for group in chosen
        for item in group
        if isinstance(item, str) and (found := from_text(item, lines.of(item)))
    ]
    poetry = tool.get("poetry", {})
    tables = [
        poetry.get("dependencies", {}),
        poetry.get("dev-dependencies", {}),
        *(group.get("dependencies", {}) for group in poetry.get("group", {}).values()),
    ]
    wanted += [
        found for table in tables for name, value in table.items() if (found := _poetry(name, value, lines))
    ]
    uv = tool.get("uv", {})
    sources: dict[str, Any] = {
        canonicalize_name(name): source for name, source in uv.get("sources", {}).items()
    }
    wanted = [_sourced(one, sources.get(one.name), lines) for one in wanted]
    overridden = [from_text(item, 0) for item in uv.get("override-dependencies", []) if isinstance(item, str)]
    options = [
        ("--index", str(index.get("url", "")), lines.of(str(index.get("url", ""))))
        for index in (*uv.get("index", []), *poetry.get("source", []), *tool.get("pdm", {}).get("source", []))
    ]
    return Manifest(
        path,
        "poetry" if any(tables) else "pyproject",
        tuple(wanted),
        tuple(options),
        project=project.get("name") or poetry.get("name"),
        free=frozenset(one.name for one in overridden if one),
    )


def _poetry(name: str, value: Any, lines: "_Lines") -> Wanted | None:
    if name.lower() == "python":
        return None
    line = lines.of_key(name)
    if isinstance(value, str):
        return from_caret(name, value, line)
    if isinstance(value, list):
        return Wanted(canonicalize_name(name), name, line, "bounded", None, True)
    if "git" in value:
        return _of_git(name, value, line)
    if "version" not in value:
        return None
    conditional = bool({"markers", "python", "platform", "optional"} & set(value))
    return from_caret(name, str(value["version"]), line, conditional=conditional)


def _of_git(name: str, value: Mapping[str, Any], line: int) -> Wanted:
    revision = value.get("rev") or value.get("tag") or value.get("branch") or value.get("ref") or ""
    exactness: Exactness = "tagged" if value.get("tag") else of_revision(str(revision))
    return Wanted(
        canonicalize_name(name), f"{name} from {value['git']}", line, exactness, None, False, str(revision)
    )


def _sourced(wanted: Wanted, source: Any, lines: "_Lines") -> Wanted:
    """What uv takes from elsewhere than an index."""
    if not isinstance(source, dict):
        return wanted
    if "git" in source:
        return _of_git(wanted.name, source, lines.of_key(wanted.name) or wanted.line)
    if {"path", "workspace", "url"} & set(source):
        return Wanted(wanted.name, wanted.asks, wanted.line, "exact", None, wanted.conditional)
    return wanted


def _pipfile(path: str, text: str) -> Manifest:
    document = tomllib.loads(text)
    lines = _Lines(text)
    wanted = [
        found
        for table in ("packages", "dev-packages")
        for name, value in document.get(table, {}).items()
        if (found := _poetry(name, value, lines))
    ]
    options = [
        ("--index", str(s.get("url", "")), lines.of(str(s.get("url", ""))))
        for s in document.get("source", [])
    ]
    return Manifest(path, "pipfile", tuple(wanted), tuple(options))


def _setup_cfg(path: str, text: str) -> Manifest:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    lines = _Lines(text)
    listed = parser.get("options", "install_requires", fallback="").splitlines()
    if parser.has_section("options.extras_require"):
        listed += [item for _, value in parser.items("options.extras_require") for item in value.splitlines()]
    wanted = [found for item in listed if item.strip() and (found := from_text(item, lines.of(item.strip())))]
    return Manifest(path, "setup", tuple(wanted))


def _setup_py(path: str, text: str) -> Manifest:
    wanted: list[Wanted] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require"):
            keys = {
                id(key) for part in ast.walk(node.value) if isinstance(part, ast.Dict) for key in part.keys
            }
            wanted += [
                replace(found, conditional=found.conditional or node.arg == "extras_require")
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in keys
                if (found := from_text(part.value, part.lineno))
            ]
    return Manifest(path, "setup", tuple(wanted))


def _conda(path: str, text: str) -> Manifest:
    document = YAML(typ="safe").load(text) or {}
    lines = _Lines(text)
    wanted: list[Wanted] = []
    for item in document.get("dependencies") or []:
        if isinstance(item, dict):
            wanted += [w for one in item.get("pip") or [] if (w := from_text(str(one), lines.of(str(one))))]
        elif match := re.match(r"(?:[\w-]+::)?(?P<name>[\w.-]+)\s*(?P<rest>.*)", str(item)):
            rest = match["rest"]
            exact = re.fullmatch(r"={1,2}\s*\d[\w.]*(=\S+)?", rest)
            exactness: Exactness = "exact" if exact else "bounded" if "<" in rest or "*" in rest else "open"
            wanted.append(Wanted(canonicalize_name(match["name"]), str(item), lines.of(str(item)), exactness))
    return Manifest(path, "conda", tuple(one for one in wanted if one.name not in _TOOLS))


def _dbt(path: str, text: str) -> Manifest | None:
    document = YAML(typ="safe").load(text)
    if not isinstance(document, dict) or not isinstance(document.get("packages"), list):
        return None
    lines = _Lines(text)
    found = [_dbt_package(one, lines) for one in document["packages"] if isinstance(one, dict)]
    return Manifest(path, "dbt", tuple(one for one in found if one))


def _dbt_package(item: Mapping[str, Any], lines: "_Lines") -> Wanted | None:
    if "git" in item:
        address = str(item["git"])
        revision = str(item.get("revision") or "")
        name = address.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
        return Wanted(name, address, lines.of(address), of_revision(revision), None, False, revision)
    if "package" not in item:
        return None
    name, version = str(item["package"]), item.get("version")
    parts: Sequence[Any] = version if isinstance(version, list) else [] if version is None else [version]
    clauses = [re.sub(r"\s", "", str(part)) for part in parts]
    clauses = [clause if clause[:1] in "<>=!" else f"=={clause}" for clause in clauses if clause]
    text = ",".join(re.sub(r"^=(?!=)", "==", one) for clause in clauses for one in clause.split(","))
    spec = from_text(f"package{text}", 0)
    allows = spec.allows if spec else None
    return Wanted(
        name,
        f"{name} {text}".strip(),
        lines.of(name),
        exactness_of(allows) if allows is not None else "open",
        allows,
    )


def _container(path: str, text: str) -> Manifest:
    wanted: list[Wanted] = []
    joined = re.sub(r"\\\r?\n", lambda found: " " * len(found[0]), text)
    for command in re.finditer(r"\b(?:uv\s+)?pip3?\s+install\b(?P<rest>[^\n&|;]*)", joined):
        line = text.count("\n", 0, command.start()) + 1
        words = re.findall(r"\"[^\"]*\"|'[^']*'|\S+", command["rest"])
        takes_value = False
        for word in words:
            if takes_value:
                takes_value = False
            elif word.startswith("-"):
                takes_value = "=" not in word and word in _WITH_VALUE
            elif "$" not in word and not word.startswith((".", "/")):
                at = text.find(word, command.start())
                here = line if at < 0 else text.count("\n", 0, at) + 1
                found = from_text(word.strip("'\""), here)
                if found is not None and found.name not in _TOOLS:
                    wanted.append(found)
    return Manifest(path, "container", tuple(wanted))


_WITH_VALUE = frozenset(
    "-r --requirement -c --constraint -i --index-url --extra-index-url --trusted-host -t --target --prefix --root "
    "-e --editable -f --find-links --python --cache-dir --timeout --retries --no-binary --only-binary".split()
)


class _Lines:
    """Finds the line of what a parsed document holds, as its parser tells none."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def of(self, item: str) -> int:
        """The first line that holds `item`; 1 where none does."""
        return next((number for number, line in enumerate(self._lines, start=1) if item and item in line), 1)

    def of_key(self, name: str) -> int:
        """The first line that gives `name` a value."""
        spelled = "[-_.]+".join(map(re.escape, re.split(r"[-_.]+", name)))
        key = re.compile(rf"[\"']?{spelled}[\"']?\s*=", re.IGNORECASE)
        return next(
            (number for number, line in enumerate(self._lines, start=1) if key.match(line.strip())), 1
        )


_READERS: dict[str, Callable[[str, str], Manifest | None]] = {
    "requirements": _requirements,
    "pyproject": _pyproject,
    "pipfile": _pipfile,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "conda": _conda,
    "dbt": _dbt,
    "container": _container,
}
