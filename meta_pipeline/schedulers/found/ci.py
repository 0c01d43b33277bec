"""What a repository's continuous integration runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import own_paths

_FILES = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.circleci/config\.ya?ml|\.gitlab-ci\.ya?ml|\.?azure-pipelines[^/]*\.ya?ml"
    r"|\.azure-?pipelines/[^/]+\.ya?ml|bitbucket-pipelines\.ya?ml|\.buildkite/[^/]+\.ya?ml|\.travis\.ya?ml"
)
_SCRIPTS = frozenset({"run", "command", "commands", "script", "before_script", "bash"})
_FOLDERS = ("working-directory", "working_directory", "workingDirectory")
_ACTIONS = (
    (re.compile(r"[\w-]+/ruff-action(?:@.*)?"), "ruff"),
    (re.compile(r"pre-commit/action(?:@.*)?"), ""),
)
_LARGEST = 200_000
_MOST_NODES = 50_000


@dataclass(frozen=True, slots=True)
class Step:
    """A script that CI runs: `line` is that of its first line, `folder` where it runs, `name` its job and step."""

    path: str
    line: int
    script: str
    folder: str
    name: str


def ci_files(tree: Tree) -> tuple[str, ...]:
    """The files that tell GitHub Actions, CircleCI, GitLab, Azure, Bitbucket, Buildkite or Travis what to run."""
    return tuple(path for path in own_paths(tree) if _FILES.fullmatch(path))


def ci_steps(tree: Tree) -> Iterator[Step]:
    """Every script of every file, in their order; a file that cannot be read gives none."""
    for path in ci_files(tree):
        text = text_of(tree, path) or ""
        if len(text) > _LARGEST:
            continue
        try:
            root = YAML(typ="safe", pure=True).compose(text)
        except (YAMLError, RecursionError, ValueError):
            continue
        if root is not None:
            yield from _Walk(path).steps(root, ".", "", frozenset())


@dataclass
class _Walk:
    """One walk over a file; it counts the nodes that it meets, as aliases can unfold without end."""

    path: str
    met: int = 0

    def steps(self, node: Node, folder: str, name: str, above: frozenset[int]) -> Iterator[Step]:
        self.met += 1
        if id(node) in above or self.met > _MOST_NODES:
            return
        above |= {id(node)}
        if isinstance(node, SequenceNode):
            for item in node.value:
                yield from self.steps(item, folder, name, above)
        if not isinstance(node, MappingNode):
            return
        fields = _fields(node)
        given = next((_text(fields[key]) for key in _FOLDERS if key in fields), None)
        folder = _default_folder(fields, folder) if given is None else given
        name = f"{name} {_text(fields.get('name'))}"
        action = _action(fields)
        if action:
            yield Step(self.path, node.start_mark.line + 1, action, folder, name)
        for key, value in fields.items():
            if key in _SCRIPTS:
                yield from (Step(self.path, line, text, folder, name) for line, text in _scripts(value))
            if not isinstance(value, ScalarNode):
                yield from self.steps(value, folder, f"{name} {key}", above)


def _scripts(node: Node) -> Iterator[tuple[int, str]]:
    for item in node.value if isinstance(node, SequenceNode) else [node]:
        if isinstance(item, ScalarNode):
            # The text of a block begins on the line after its bar.
            yield item.start_mark.line + (2 if item.style in ("|", ">") else 1), item.value


def _action(fields: dict[str, Node]) -> str:
    """The command that a well-known action stands for."""
    used = _text(fields.get("uses"))
    for pattern, program in _ACTIONS:
        if pattern.fullmatch(used):
            arguments = _text(_fields(fields.get("with")).get("args")) or "check"
            return f"{program} {arguments}" if program else "pre-commit run --all-files"
    return ""


def _default_folder(fields: dict[str, Node], folder: str) -> str:
    """The folder that `defaults: {run: {working-directory: ...}}` gives to all steps below."""
    node: Node | None = fields.get("defaults")
    for key in ("run", _FOLDERS[0]):
        node = _fields(node).get(key)
    return _text(node) or folder


def _fields(node: Node | None) -> dict[str, Node]:
    """The values of a mapping by their keys; nothing where this is none."""
    pairs = node.value if isinstance(node, MappingNode) else ()
    return {key.value: value for key, value in pairs if isinstance(key, ScalarNode)}


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, ScalarNode) else ""
