"""Keys that a mapping of YAML holds twice: most readers keep the last one without a word."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import changed, holds_template, may_be_unreadable
from meta_pipeline.gates.weighing import Weighed, weighed

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = (".yml", ".yaml")
_NAMED_BY = ("name", "id", "key")
_DEEPEST = 60
_LONGEST = 300_000

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    """A key that stands again in its mapping: `path` leads to it by keys and names."""

    path: _Path
    first: int
    again: int
    is_same: bool


def repeated_key_faults(change: Change) -> Iterator[Weighed]:
    """Each key that the change makes stand twice in one mapping, at the line that it added."""
    for file in changed(change, _ENDINGS):
        new = file.new or b""
        if len(new) > _LONGEST or may_be_unreadable(file) or (file.old is None and holds_template(new)):
            continue
        found = list(_repeated(new))
        if not found:
            continue
        before = Counter(one.path for one in _repeated(file.old or b""))
        added = {line.number for line in file.added}
        for one in found:
            before[one.path] -= 1
            if before[one.path] >= 0:
                continue
            line, other = (one.again, one.first) if one.again in added else (one.first, one.again)
            key = one.path[-1]
            yield weighed(
                "warned" if one.is_same else "needs_approval",
                f"the key '{key}' stands twice here, also at line {other}: what reads the file keeps the last one and "
                "forgets what the first says, or refuses the file",
                "put both under one key, or take one of them away",
                path=file.path,
                line=line,
            )


def _repeated(data: bytes) -> Iterator[_Repeated]:
    try:
        for document in yaml.compose_all(data.decode("utf-8", errors="replace"), Loader=_Loader):
            if document is not None:
                yield from _within(document, ())
    except (yaml.YAMLError, RecursionError):
        return


def _within(node: yaml.Node, path: _Path) -> Iterator[_Repeated]:
    if len(path) > _DEEPEST:
        return
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name = _name(item)
            yield from _within(item, (*path, name) if name else path)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, tuple[int, object]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            line, text = key.start_mark.line + 1, _plain(value)
            if key.value in seen:
                first, was = seen[key.value]
                yield _Repeated((*path, key.value), first, line, was == text)
            seen[key.value] = (line, text)
            yield from _within(value, (*path, key.value))


def _name(item: yaml.Node) -> str:
    """What an entry of a list is called, so that others may come before it."""
    if not isinstance(item, yaml.MappingNode):
        return ""
    held = {key.value: value.value for key, value in item.value if isinstance(key, yaml.ScalarNode)}
    return next((str(held[key]) for key in _NAMED_BY if isinstance(held.get(key), str)), "")


def _plain(node: yaml.Node) -> object:
    """A value without its place, to be compared."""
    return yaml.serialize(node) if not isinstance(node, yaml.ScalarNode) else node.value
