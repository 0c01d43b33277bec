"""The settings of linters and type checkers as sets, so that one may be seen to find less than another."""

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.gate import Strength

_SECTIONS = (
    "flake8",
    "mypy",
    "pylint",
    "sqlfluff",
    "bandit",
    "pycodestyle",
    "MASTER",
    "MAIN",
    "MESSAGES CONTROL",
    "main",
)
_FINDS = frozenset("select extend-select enable rules enable_error_code".split())
_PASSES = frozenset(
    "ignore extend-ignore disable exclude_rules disable_error_code ignore-patterns skips".split()
)
_LEAVES_OUT = frozenset(
    "exclude extend-exclude exclude_dirs files-ignore ignore-paths per-file-ignores".split()
)
_STRICT = re.compile(r"(strict|disallow_\w+|warn_\w+|check_untyped_defs|no_implicit_\w+|strict_\w+)")
_LAX = re.compile(r"(ignore_errors|allow_\w+)")
_STYLE = re.compile(
    r"(E[1-35]|W[1-6]|COM|D\d|D$|DOC|Q|I\d|I$|N8|N$|UP|ISC|ANN|ERA|T20|TD|FIX|EM|LT|CP|RF|AL|AM0[15]|LAYOUT|CV|ST|layout|"
    r"line-too-long|missing-|invalid-name|too-|C01|R09|fixme)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Looser:
    """One way in which settings find less: what they say, and a word by which their line is found."""

    strength: Strength
    said: str
    word: str


def looser_settings(file: FileChange) -> Iterator[Looser]:
    """How a file of settings finds less at head than at base."""
    reader = _reader(file.path)
    if reader is None or file.old is None:
        return
    try:
        old = dict(_flat(reader(_text(file.old))))
        new = dict(_flat(reader(_text(file.new))))
    except (ValueError, configparser.Error, TypeError, AttributeError):
        return
    if not old:
        return
    if not new:
        yield Looser("warned", "every setting of the linter is gone", "")
        return
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if after is None and _is_gone(key, new):
            yield Looser(
                "needs_approval", f"{key.rpartition('.')[2]} is gone, which had {_listed(_items(before))}", ""
            )
        else:
            yield from _of_key(key, before, after)


def _is_gone(key: str, new: Mapping[str, Any]) -> bool:
    """Whether what a linter was asked to find is said nowhere any more, so that it finds what it does by itself."""
    name = key.rpartition(".")[2]
    return name in _FINDS and not any(other.rpartition(".")[2] in _FINDS for other in new)


def _of_key(key: str, before: Any, after: Any) -> Iterator[Looser]:
    tables, _, name = key.rpartition(".")
    table = tables.rpartition(".")[2]
    if name in _FINDS or table in _FINDS:
        lost = _items(before) - _items(after)
        if lost and after is not None and "ALL" not in _items(after):
            lost = {one for one in lost if not any(one.startswith(kept) for kept in _items(after))}
            if lost:
                # What was asked for by name was wanted, style or not.
                yield Looser("needs_approval", f"{name} no longer has {_listed(lost)}", name)
    elif name in _LEAVES_OUT or table in _LEAVES_OUT or (table == "per-file-ignores"):
        grown = _items(after) - _items(before)
        if grown:
            weight: Strength = (
                "warned" if all(_is_aside(one) or _STYLE.match(one) for one in grown) else "needs_approval"
            )
            yield Looser(weight, f"{name} also has {_listed(grown)}", min(grown))
    elif name in _PASSES or table in _PASSES:
        grown = _items(after) - _items(before)
        if grown:
            yield Looser(_weight(grown), f"{name} also has {_listed(grown)}", min(grown))
    elif _STRICT.fullmatch(name) and _is_on(before) and not _is_on(after):
        yield Looser("needs_approval", f"{name} is off", name)
    elif _LAX.fullmatch(name) and name == "ignore_errors" and _is_on(after) and not _is_on(before):
        yield Looser("needs_approval", f"{name} is on", name)
    elif name in ("fail-under", "fail_under") and _number(after) < _number(before):
        yield Looser("needs_approval", f"{name} falls from {before} to {after}", name)


def _reader(path: str) -> Callable[[str], Mapping[str, Any]] | None:
    name = PurePosixPath(path).name
    if name == "pyproject.toml":
        return _pyproject
    if name in ("ruff.toml", ".ruff.toml"):
        return tomllib.loads
    if name in (
        ".flake8",
        "setup.cfg",
        "tox.ini",
        "mypy.ini",
        ".mypy.ini",
        ".pylintrc",
        "pylintrc",
        ".sqlfluff",
        ".bandit",
    ):
        return _ini
    if name == "pyrightconfig.json":
        return lambda text: dict(json.loads(text or "{}"))
    if name in (".sqlfluffignore", ".gitleaksignore"):
        return lambda text: {
            "exclude": [line for line in text.split("\n") if line.strip() and line[0] != "#"]
        }
    return None


def _pyproject(text: str) -> Mapping[str, Any]:
    tool = tomllib.loads(text).get("tool", {})
    wanted = ("ruff", "mypy", "pylint", "flake8", "sqlfluff", "bandit", "pyright", "basedpyright", "black")
    return {name: tool[name] for name in wanted if name in tool}


def _ini(text: str) -> Mapping[str, Any]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return {
        name.replace(".", "/"): dict(parser[name])
        for name in parser.sections()
        if name.split(":")[0].split("-")[0] in _SECTIONS or name in _SECTIONS
    }


def _flat(value: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        plain = str(key).replace(".", "/")
        if isinstance(item, Mapping):
            yield from _flat(item, f"{at}{plain}.")
        elif isinstance(item, list) and item and isinstance(item[0], Mapping):
            for number, one in enumerate(item):
                yield from _flat(
                    one, f"{at}{plain}.{one.get('module', number) if isinstance(one, Mapping) else number}."
                )
        else:
            yield f"{at}{plain}", item


def _items(value: Any) -> set[str]:
    if value is None:
        return set()
    if isinstance(value, list):
        return {str(item) for item in value}
    return {
        item
        for item in re.split(r"[\s,]+", re.sub(r"#.*", "", str(value)))
        if item and item.lower() != "none"
    }


def _weight(codes: set[str]) -> Strength:
    return "warned" if all(_STYLE.match(code) for code in codes) else "needs_approval"


def _is_aside(path: str) -> bool:
    return bool(
        re.search(
            r"(^|/|\*)(\.?venv|docs?|build|dist|target|node_modules|migrations|alembic|\.\w+|dbt_packages|site-packages|logs)\b",
            path,
        )
    )


def _is_on(value: Any) -> bool:
    return str(value).lower() in ("true", "yes", "1", "on", "strict")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _listed(items: set[str]) -> str:
    return ", ".join(sorted(items)[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
