"""The targets of a Makefile, and why one cannot be run as a check."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.tree import Tree, text_of

_NAMES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^(?P<names>[\w.%/-][\w.%/ -]*)::?(?![:=])(?P<needs>[^=#\n]*)")
_LONGEST = 2000
_UNFIT = (
    (re.compile(r"\b(?:docker|docker-compose|podman|kubectl|helm|minikube)\s"), "starts containers"),
    (
        re.compile(r"\b(?:uv|poetry|pipenv|hatch|pdm|conda|astro)\s+\w|\b(?:tox|nox)\b|\bpip3?\s+install\b"),
        "builds an environment of its own",
    ),
    (re.compile(r"\bvenv/bin/"), "wants a virtual environment in the checkout"),
    (re.compile(r"\bpre-commit\b"), "fetches the hooks of pre-commit"),
    (re.compile(r"--fix\b|\b(?:ruff format|black|isort)\s(?!.*--(?:check|diff))"), "edits the files"),
)


@dataclass(frozen=True, slots=True)
class Makefile:
    """`targets` maps each name to what it needs and to the lines of its recipe."""

    path: str
    targets: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

    def obstacle(self, target: str) -> str | None:
        """Why `make <target>` cannot serve as a check, by the first line that speaks against it; None where it can."""
        for line in self.lines(target):
            for pattern, why in _UNFIT:
                if pattern.search(f"{line[:_LONGEST]} "):
                    return f"{why} ({line[:100]})"
        return None

    def lines(self, target: str) -> tuple[str, ...]:
        """The commands of a target, after those of the targets that it needs."""
        return tuple(self._lines(target, set()))

    def _lines(self, target: str, seen: set[str]) -> Iterator[str]:
        if target in self.targets and target not in seen:
            seen.add(target)
            needs, lines = self.targets[target]
            for need in needs:
                yield from self._lines(need, seen)
            yield from lines


def read_makefile(tree: Tree) -> Makefile | None:
    """The Makefile at the root, the one that make itself would take; None where there is none."""
    for path in _NAMES:
        text = text_of(tree, path)
        if text is not None:
            return Makefile(path, _targets(text))
    return None


def _targets(text: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    current: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            command = " ".join(line.strip().lstrip("@-+").split())
            for name in current:
                needs, lines = found[name]
                found[name] = needs, (*lines, command)
            continue
        rule = _RULE.match(line)
        if rule:
            current = rule["names"].split()
            for name in current:
                needs, lines = found.get(name, ((), ()))
                found[name] = (*needs, *rule["needs"].split()), lines
        elif line.strip() and not line.startswith("#"):
            current = []
    return found
