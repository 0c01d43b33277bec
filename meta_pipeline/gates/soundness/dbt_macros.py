"""Macros and generic tests of dbt projects that are called and are not there."""

import re
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project

MACRO = re.compile(rb"\{%-?\s*(?P<kind>macro|(?:data_)?test)\s+(?P<name>\w+)\s*\(")
_JINJA = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_COMMENTED = re.compile(rb"\{#.*?#\}", re.DOTALL)
_READ = (".sql", ".yml", ".yaml", ".md")


def macro_faults(change: Change) -> Iterator[Weighed]:
    """Each call at head of a macro, or use of a generic test, that the change takes away."""
    if not any(file.old and MACRO.search(file.old) for file in change.files if file.path.endswith(".sql")):
        return
    for folder in project_folders(change.head):
        base, head = read_project(change.base, folder), read_project(change.head, folder)
        if not isinstance(base, Project) or not isinstance(head, Project):
            continue
        before, after = _macros(change.base, base), _macros(change.head, head)
        yield from _called(change.head, head, before.keys() - after.keys(), before)


def macro_texts(tree: Tree, project: Project) -> Iterator[tuple[str, bytes]]:
    """Each file that may hold macros, with comments blanked."""
    kinds = ("macro", "test", "model", "snapshot", "analysis")
    for path in project.files(tree, kinds, (".sql",)):
        text = tree.read(path) or b""
        if MACRO.search(text):
            yield path, _COMMENTED.sub(lambda found: re.sub(rb"[^\n]", b" ", found[0]), text)


def _macros(tree: Tree, project: Project) -> dict[tuple[str, str], str]:
    """(kind, name) of each macro and generic test, with its file."""
    return {
        ("macro" if found["kind"] == b"macro" else "test", found["name"].decode()): path
        for path, text in macro_texts(tree, project)
        for found in MACRO.finditer(text)
    }


def _called(
    tree: Tree, project: Project, gone: set[tuple[str, str]], before: dict[tuple[str, str], str]
) -> Iterator[Weighed]:
    # The variants that `adapter.dispatch` chooses among are called by the name without their prefix.
    macros = {name for kind, name in gone if kind == "macro" and "__" not in name}
    tests = {name for kind, name in gone if kind == "test"}
    if not macros and not tests:
        return
    call = re.compile(
        rf"(?<![\w.'\"])(?:{re.escape(project.name)}\.)?(?P<name>{'|'.join(map(re.escape, macros)) or '(?!)'})\s*\("
    )
    use = re.compile(
        rf"^\s*-\s*(?:{re.escape(project.name)}\.)?(?P<name>{'|'.join(map(re.escape, tests)) or '(?!)'})\s*(?::|$)",
        re.MULTILINE,
    )
    kinds = ("model", "macro", "test", "snapshot", "analysis", "seed")
    for path in (*project.files(tree, kinds, _READ), project.path):
        text = (tree.read(path) or b"").decode("utf-8", errors="replace")
        plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        found = [
            (block.start() + one.start(), "macro", one["name"])
            for block in _JINJA.finditer(plain)
            for one in call.finditer(block[0])
        ]
        if path.endswith((".yml", ".yaml")):
            found += [(one.start("name"), "test", one["name"]) for one in use.finditer(plain)]
        for at, kind, name in found:
            what = "macro" if kind == "macro" else "generic test"
            yield weighed(
                "failed",
                f"the {what} '{name}' is used here and is no longer in the project "
                f"(it was in {before[(kind, name)]}); dbt cannot build this",
                f"keep the {what}, or take this use of it away too",
                path=path,
                line=text.count("\n", 0, at) + 1,
            )
