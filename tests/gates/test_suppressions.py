"""Comments that silence a tool silence no gate: whoever writes a change would else judge it too."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.judgement import SEVERITY, GateResult
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import Example, Gate, judge

_ON_A_LINE = {
    ".py": (
        "  # noqa  # nosec  # type: ignore  # pylint: disable=all  # pragma: allowlist secret  # nosemgrep"
        "  # gitleaks:allow  # pragma: no cover  # fmt: skip"
    ),
    ".sql": "  -- noqa  -- pragma: allowlist secret  -- sqlfluff:ignore",
    ".yml": "  # noqa  # pragma: allowlist secret  # zizmor: ignore  # yamllint disable-line  # nosec",
    ".yaml": "  # noqa  # pragma: allowlist secret  # zizmor: ignore  # yamllint disable-line  # nosec",
    ".env": "  # pragma: allowlist secret",
    ".sh": "  # shellcheck disable=all  # pragma: allowlist secret  # nosec",
    ".toml": "  # pragma: allowlist secret",
}
_IN_A_FILE = {
    ".py": "\n# ruff: noqa\n# flake8: noqa\n# pylint: skip-file\n# mypy: ignore-errors\n# nosec\n# isort: skip_file\n",
    ".sql": "\n-- noqa: disable=all\n",
    ".yml": "\n# yamllint disable-file\n",
    ".yaml": "\n# yamllint disable-file\n",
}


def _kind(path: str) -> str:
    return path[path.rfind(".") :]


def _silenced(path: str, text: str, lines: set[int]) -> str | None:
    """The file with a comment for every tool at these lines and at its end; None where that makes another program."""
    kind = _kind(path)
    if kind not in _ON_A_LINE:
        return None
    told = [
        line + _ON_A_LINE[kind] if number in lines else line
        for number, line in enumerate(text.split("\n"), start=1)
    ]
    silenced = "\n".join(told) + _IN_A_FILE.get(kind, "")
    if kind == ".py":
        try:
            if ast.dump(ast.parse(silenced)) != ast.dump(ast.parse(text)):
                return None  # the line is inside a text
        except SyntaxError:
            return None
    return silenced


@cache
def _tried(gate: Gate) -> tuple[tuple[Example, GateResult, Change], ...]:
    """The gate's examples in whose files it finds something, each with its result and with those files silenced."""
    return tuple(_silenced_examples(gate))


def _silenced_examples(gate: Gate) -> Iterator[tuple[Example, GateResult, Change]]:
    for example in gate.examples():
        change = example.case.change
        if change is None or not isinstance(change.head, MemoryTree):
            continue
        result = judge(gate, example.case)
        found: dict[str, set[int]] = {}
        for finding in result.findings:
            if finding.path in change.head.files and finding.line:
                found.setdefault(str(finding.path), set()).add(finding.line)
        silenced = {
            path: text.encode()
            for path, lines in found.items()
            if (text := _silenced(path, change.head.files[path].decode("utf-8", "replace"), lines))
        }
        if silenced:
            head = MemoryTree.of({**change.head.files, **silenced}, change.head.modes)
            yield example, result, replace(change, head=head)


@pytest.mark.parametrize("gate", own_gates().gates.values(), ids=lambda gate: gate.id)
def test_a_comment_that_silences_a_tool_silences_no_gate(gate: Gate) -> None:
    for example, result, change in _tried(gate):
        silenced = judge(gate, replace(example.case, change=change))

        assert SEVERITY[silenced.outcome] >= SEVERITY[result.outcome], (example.title, silenced.reason)
        where = Counter(finding.path for finding in silenced.findings)
        for path, count in Counter(finding.path for finding in result.findings).items():
            assert where[path] >= count, (example.title, path)


@pytest.mark.parametrize("gate", ["CHG003", "CHG004"])
def test_the_gates_on_what_a_file_says_are_tried(gate: str) -> None:
    assert _tried(own_gates().gates[gate])
