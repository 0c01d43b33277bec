"""Places where code hides from who reads a diff: folded files, far columns, encoded texts, what starts by itself.

And from who judges it: code in folders of other people's code, which the gates do not read.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.honesty.code import is_code
from meta_pipeline.gates.weighing import Weighed, weighed

_FOLDS = re.compile(r"(?<!-)\b(linguist-generated|linguist-vendored)\b(?!=false)|(^|\s)(-diff|binary)(\s|$)")
_MOST = 2000
"""No line that a person writes is longer, and no page shows one to its end."""
_FAR = re.compile(r"\S[ \t]{120,}\S")
_RUNS = frozenset(
    {"exec", "eval", "compile", "__import__", "loads", "system", "Popen", "run", "check_output"}
)
_DECODES = re.compile(r"\b(b64decode|b32decode|b85decode|a85decode|unhexlify|fromhex|decompress|rot_?13)\b")
_SELF_RUNNING = frozenset({"sitecustomize.py", "usercustomize.py"})
_MADE = re.compile(r"(_pb2(_grpc)?\.pyi?|\.lock|lock\.json|\.min\.(js|css)|\.svg|\.snap|\.map)$")
_COMPILED = re.compile(r"(?:^|/)target/(?:compiled|run)/")
_RUN_FROM_THERE = (".py", ".sql", ".sh", ".yml", ".yaml", ".ipynb")
_DATA = frozenset(".lock .csv .tsv .txt .dat .md .log .bak .json".split())


def hidden(change: Change) -> Iterator[Weighed]:
    """Everything of a change that runs where nobody looks."""
    yield from _in_folders_of_others(change)
    for file in change.files:
        if file.new is None or file.is_binary:
            continue
        name = PurePosixPath(file.path).name
        if name == ".gitattributes":
            yield from _folded(file, change)
        elif file.path.endswith(".py"):
            yield from _encoded(file)
        if file.status == "added" and (name.endswith(".pth") or name in _SELF_RUNNING):
            yield weighed(
                "needs_approval",
                f"{file.path} is run at every start of Python that finds it, whoever starts it",
                "let what needs it import it",
                path=file.path,
                line=1,
            )
        if is_code(file.path) and not file.path.endswith((".json", ".ipynb")):
            yield from _far_away(file)
        if file.status == "added" and PurePosixPath(file.path).suffix in _DATA:
            yield from _program(file)


def _in_folders_of_others(change: Change) -> Iterator[Weighed]:
    """Code that is added or changed where it counts as installed or vendored: once for each folder."""
    found: dict[str, list[str]] = {}
    for file in change.files:
        # What dbt compiled is committed by some, with each change, and run by nobody.
        is_run = file.path.endswith(_RUN_FROM_THERE) and not _COMPILED.search(file.path)
        if file.new is not None and is_run and is_of_others(file.path):
            found.setdefault(_folder_of_others(file.path), []).append(file.path)
    for folder, paths in found.items():
        others = f" and {len(paths) - 1} more below {folder}" if len(paths) > 1 else ""
        yield weighed(
            "needs_approval",
            f"{paths[0]}{others} is code that counts as other people's, which no gate reads",
            "install it as a pinned dependency, or move what is your own to a folder of your own",
            path=paths[0],
            line=1,
        )


def _folder_of_others(path: str) -> str:
    parts = path.split("/")
    folders = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return next(folder for folder in folders if is_of_others(f"{folder}/"))


def _folded(file: FileChange, change: Change) -> Iterator[Weighed]:
    """Attributes that keep code out of the diffs that people look at."""
    for line in file.added:
        pattern, _, attributes = line.text.strip().partition(" ")
        if pattern.startswith("#") or not _FOLDS.search(attributes):
            continue
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines([pattern.strip('"')])
        matched = [str(path) for path in spec.match_files(change.head.entries())]
        folded = [path for path in matched if is_code(path) and not _MADE.search(path)]
        if folded:
            yield weighed(
                "needs_approval",
                f"{file.path} folds {pattern} away in diffs ({attributes.strip()}), {min(folded)} among it: what "
                "changes there goes unread",
                "name only what a tool makes",
                path=file.path,
                line=line.number,
            )


def _encoded(file: FileChange) -> Iterator[Weighed]:
    """A text that is decoded and run in one go: nobody has read what it says."""
    added = {line.number for line in file.added if _DECODES.search(line.text)}
    if not added:
        return
    try:
        module = ast.parse(file.new or b"")
    except (SyntaxError, ValueError, RecursionError):
        return
    decoded = {
        target.id
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and _DECODES.search(ast.unparse(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        last = name.rsplit(".", 1)[-1]
        given = node.args[0]
        runs = last in _RUNS and name not in ("json.loads", "yaml.loads", "orjson.loads", "tomllib.loads")
        if (
            runs
            and last in ("loads", "compile", "run")
            and name not in ("pickle.loads", "marshal.loads", "compile", "subprocess.run")
        ):
            continue
        names = {inner.id for inner in ast.walk(given) if isinstance(inner, ast.Name)}
        if runs and (_DECODES.search(ast.unparse(given)) or names & decoded):
            yield weighed(
                "needs_approval" if last == "loads" else "failed",
                f"{file.path} decodes a text and runs it ({name}): nobody can read what it does",
                "write it as code",
                path=file.path,
                line=node.lineno,
            )


def _far_away(file: FileChange) -> Iterator[Weighed]:
    for line in file.added:
        far = _FAR.search(line.text)
        if far is not None and not line.text.lstrip().startswith(("#", "--")):
            yield weighed(
                "needs_approval",
                f"{file.path} goes on at column {far.end()}, behind a gap that no window shows",
                "write it on a line of its own",
                path=file.path,
                line=line.number,
            )
        elif len(line.text) > _MOST and file.path.endswith(".py"):
            yield weighed(
                "warned",
                f"{file.path} has a line of {len(line.text)} characters, which nobody reads to its end",
                "break the line, or keep data in a file of its own",
                path=file.path,
                line=line.number,
            )


def _program(file: FileChange) -> Iterator[Weighed]:
    """A file that is named as data and is a program."""
    text = (file.new or b"").decode("utf-8", errors="replace")
    starts = text.startswith("#!")
    if not starts and not (file.path.endswith(".lock") and _is_python(text)):
        return
    yield weighed(
        "needs_approval",
        f"{file.path} is a program under the name of data, which reviews and linters pass over",
        "give it the name of what it is",
        path=file.path,
        line=1,
    )


def _is_python(text: str) -> bool:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) for node in module.body)
