"""Files that a change deletes or moves and that code or settings at head still name."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import SYMLINK, text_of
from meta_pipeline.gates.soundness.module_names import parsed_or_none
from meta_pipeline.gates.weighing import Weighed, weighed

_LOADED = (
    ".sql",
    ".hql",
    ".json",
    ".yaml",
    ".yml",
    ".toml",
    ".csv",
    ".sh",
    ".j2",
    ".jinja",
    ".txt",
    ".parquet",
)
_NAMING = (".py", ".yml", ".yaml", ".toml", ".cfg", ".ini", ".sh", "Dockerfile", "Makefile")
_NOT_PIPELINES = re.compile(r"(?:^|/)(?:\.github|\.circleci|docs?)/|(?:^|/)\.[^/]+$|(?:^|/)tests?/")
_WORD = r"[\w./{}$-]"


def files_left(change: Change) -> Iterator[Weighed]:
    """Each place at head that names a file which was there at base and, under that name, is nowhere any more."""
    gone = [
        file.path
        for file in change.files
        if file.new is None
        and file.path.endswith(_LOADED)
        and file.old_mode != SYMLINK
        and not is_of_others(file.path)
    ]
    gone = [path for path in gone if not _is_ignored(change, path)]
    if not gone:
        return
    kept = tuple(change.head.entries())
    names = {path.rpartition("/")[2]: path for path in gone}
    last = {path.rpartition("/")[2] for path in kept}
    # dbt knows its models by their stems, and CHG017 sees those; any file may be named in code.
    wanted = re.compile(
        rf"(?P<before>(?:{_WORD}*/)?)(?P<name>{'|'.join(re.escape(name) for name in sorted(names))})(?![\w.-])"
    )
    quick = re.compile(b"|".join(re.escape(name.encode()) for name in sorted(names)))
    for path in kept:
        if not path.endswith(_NAMING) or is_of_others(path) or _NOT_PIPELINES.search(path):
            continue
        data = change.head.read(path) or b""
        if not quick.search(data):
            continue
        for line, text in _texts(path, data):
            found = wanted.fullmatch(text.strip()) if path.endswith(".py") else wanted.search(text)
            if found is None:
                continue
            whole = f"{found['before']}{found['name']}".lstrip("./")
            if found["name"] in last and any(_means(whole, one) for one in kept):
                continue
            yield weighed(
                "needs_approval",
                f"'{whole}' is named here, and this change takes {names[found['name']]} away: what loads it fails",
                "keep the file, or take this use of it away too",
                path=path,
                line=line,
            )


def _is_ignored(change: Change, path: str) -> bool:
    """Whether git passes over it at head: then whoever needs it makes it where it is needed."""
    folders = ["", *accumulate(path.split("/")[:-1], lambda above, name: f"{above}/{name}")]
    for folder in folders:
        at = f"{folder}/" if folder else ""
        written = text_of(change.head, f"{at}.gitignore")
        if not written:
            continue
        from pathspec import GitIgnoreSpec  # few repositories have such a file

        if GitIgnoreSpec.from_lines(written.splitlines()).match_file(path.removeprefix(at)):
            return True
    return False


def _means(named: str, path: str) -> bool:
    """Whether a name in code may mean the file at `path`: one is the end of the other."""
    bare = re.sub(r"^.*[}$]/?", "", named)
    return path == bare or path.endswith(f"/{bare}") or bare.endswith(f"/{path}")


def _texts(path: str, data: bytes) -> Sequence[tuple[int, str]]:
    """The texts of a file with their lines: literals of Python, lines of settings without comments."""
    if path.endswith(".py"):
        module = parsed_or_none(data)
        return [
            (node.lineno, node.value)
            for node in (ast.walk(module) if module else ())
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        ]
    lines = data.decode("utf-8", errors="replace").splitlines()
    return [(number, line) for number, line in enumerate(lines, 1) if not line.lstrip().startswith("#")]
