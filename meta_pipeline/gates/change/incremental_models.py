"""dbt models that add rows, and what keeps them from adding the same ones again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, Tree, text_of
from meta_pipeline.gates.weighing import Weighed, weighed

_CONFIG = re.compile(r"\bconfig\s*\((?P<written>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)", re.DOTALL)
_INCREMENTAL = re.compile(r"materialized\s*[=:]\s*[\"']?incremental", re.IGNORECASE)
_STRATEGY = re.compile(r"incremental_strategy[\"']?\s*[=:]\s*[\"']?([\w+-]+)")
_KEY = re.compile(r"unique_key[\"']?\s*[=:]\s*(?!\s*[\"']?(?:none|null|\[\s*\])\b)\S")
_REPLACES = frozenset(
    {"insert_overwrite", "microbatch", "delete+insert", "merge", "dynamic_overwrite", "replace_where"}
)
_NEEDS_KEY = frozenset({"merge", "delete+insert"})
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_FILTERED = re.compile(r"\bis_incremental\s*(?:\(|$)|\.is_incremental\b")


@dataclass(frozen=True, slots=True)
class Incremental:
    """How an incremental model writes: `repeats` where a run adds again what the last one added."""

    has_key: bool
    strategy: str | None
    is_filtered: bool

    @property
    def repeats(self) -> bool:
        if self.strategy in _REPLACES - _NEEDS_KEY:
            return False
        return not (self.has_key and self.strategy != "append")


def new_repeats(change: Change) -> Iterator[Weighed]:
    """The models that a change makes add the same rows again, or add without telling rows apart."""
    for file in change.files:
        if file.new is None or not file.path.endswith((".sql", ".py")) or "/macros/" in f"/{file.path}":
            continue
        after = _incremental(change.head, file.path)
        if after is None or not after.repeats:
            continue
        before = _before(change, file)
        line = _line(file.new.decode("utf-8", errors="replace"))
        if before is not None and before.repeats and before.is_filtered == after.is_filtered:
            continue
        yield _judged(file.path, line, before, after)


def _judged(path: str, line: int, before: Incremental | None, after: Incremental) -> Weighed:
    fix = "give the model a unique_key, or a strategy that replaces partitions, such as insert_overwrite"
    name = path.rpartition("/")[2].rpartition(".")[0]
    if before is not None and not before.repeats:
        message = f"the model {name} no longer tells its rows apart: a second run adds the same rows again"
        return weighed("failed", message, f"keep what it had, or {fix}", path=path, line=line)
    if not after.is_filtered:
        message = f"each run of the model {name} adds all rows of its query again: it has neither unique_key nor filter"
        return weighed("failed", message, fix, path=path, line=line)
    message = f"the model {name} only adds rows: late rows are lost and a repeated window is added twice"
    return weighed("warned", message, fix, path=path, line=line)


def _before(change: Change, file: FileChange) -> Incremental | None:
    """The model at base, also where it lay in another folder: dbt knows it by its file's name."""
    if file.old is not None:
        return _incremental(change.base, file.path)
    name = file.path.rpartition("/")[2]
    moved = next(
        (one.path for one in change.files if one.status == "deleted" and one.path.rpartition("/")[2] == name),
        None,
    )
    return _incremental(change.base, moved) if moved else None


def _incremental(tree: Tree, path: str) -> Incremental | None:
    text = text_of(tree, path)
    config = _CONFIG.search(_COMMENT.sub("", text)) if text and "incremental" in text else None
    if text is None or config is None or not _INCREMENTAL.search(config.group("written")):
        return None
    written = config.group("written")
    has_key, strategy = bool(_KEY.search(written)), _STRATEGY.search(written)
    if not has_key or strategy is None:
        beside = _beside(tree, path)
        has_key = has_key or bool(_KEY.search(beside))
        strategy = strategy or _STRATEGY.search(beside)
    return Incremental(has_key, strategy.group(1) if strategy else None, bool(_FILTERED.search(text)))


def _beside(tree: Tree, path: str) -> str:
    """What property files say of the model, and dbt_project.yml of its folders, as text."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    found = []
    for other in tree.entries():
        if not other.endswith((".yml", ".yaml")):
            continue
        text = text_of(tree, other) or ""
        if other.endswith("dbt_project.yml"):
            found.append(text)
        elif name in text and "models" in text:
            entry = re.search(
                rf"-\s*name:\s*[\"']?{re.escape(name)}\b(.*?)(?=\n\s{{0,2}}-\s*name:|\Z)", text, re.DOTALL
            )
            found.append(entry.group(1) if entry else "")
    return "\n".join(found)


def _line(text: str) -> int:
    match = _INCREMENTAL.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else 1
