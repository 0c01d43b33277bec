"""The files that a repository's environment is installed from."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import (
    Answer,
    Doubt,
    below,
    folder_of,
    from_near_to_root,
    listed,
    own_paths,
)
from meta_pipeline.schedulers.found.installing import KEY, installing, names_of, normal, nothing_found
from meta_pipeline.schedulers.found.toml_files import table, toml_of

_FOR_DEVELOPMENT = re.compile(
    r"(?:requirements/|requirements[-_.])(?:dev|develop|development|tests?|testing|ci|lint)\.txt"
    r"|(?:dev|test|tests|lint)[-_]requirements\.txt"
)
_FOR_ANOTHER_END = re.compile(r"dev|test|lint|\bci\b|docs?\b|override|constraint|local|notebook|jupyter")
_IN_FOLDER = ("prod", "production", "main", "base", "requirements", "common", "core")
_FOR_PACKAGING = frozenset(
    {"pip", "pip-tools", "pre-commit", "build", "twine", "wheel", "setuptools", "uv", "bump2version"}
)
_LOCKS = ("requirements.lock", "pylock.toml")
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^]\n]*\])?[ \t]*==[ \t]*(?P<version>[\w.!+]+)\s*(?:\\|#|--|$)",
    re.MULTILINE,
)


def requirement_roots(tree: Tree, pipelines: Sequence[str]) -> Answer[tuple[str, ...]]:
    """The files to install from, those for tests last; `pipelines` are folders, beside or above which they are sought.

    A lock is taken before a file with hashes, that before a plain one, and a `pyproject.toml` last. Where
    several folders of pipelines bring files of their own, those of all are taken: there is one environment.
    """
    paths = set(own_paths(tree))
    own = {folder: _main(tree, _near(paths, folder)) for folder in pipelines if folder != "."}
    own = {folder: main for folder, main in own.items() if main.value}
    if len(own) > 1:
        return _together(tree, own)
    for folder in from_near_to_root(pipelines):
        here = _near(paths, folder)
        main = _main(tree, here)
        if main.value:
            return _with_development_files(tree, here, main)
    return Answer((), doubts=(nothing_found(paths),))


def _together(tree: Tree, mains: Mapping[str, Answer[tuple[str, ...]]]) -> Answer[tuple[str, ...]]:
    """The files of several projects, installed into one environment; one that pins against those before is left out."""
    roots: list[str] = []
    doubts: list[Doubt] = []
    for main in mains.values():
        for path in main.value:
            conflict = _conflict(tree, roots, path)
            if conflict:
                doubts.append(
                    Doubt(KEY, f"{path} is left out: {conflict}; make the pins equal and add the file.")
                )
            else:
                roots.append(path)
    sentence = (
        f"{len(roots)} projects have dependencies of their own, and all are installed into one environment, in the "
        f"versions of the day; see that they fit together, or make one lock of them with 'uv pip compile' and name "
        f"it under {KEY}."
    )
    reason = f"{listed(roots)} list the dependencies of their projects"
    return Answer(tuple(roots), reason, (Doubt(KEY, sentence), *doubts))


def _near(paths: Iterable[str], folder: str) -> dict[str, str]:
    """The files in a folder and in its `requirements/`, by their path from there."""
    return {posixpath.relpath(path, folder): path for path in paths if _is_near(path, folder)}


def _is_near(path: str, folder: str) -> bool:
    return folder_of(path) in (folder, below(folder, "requirements"))


def _main(tree: Tree, here: Mapping[str, str]) -> Answer[tuple[str, ...]]:
    for name in _LOCKS:
        if name in here:
            return Answer((here[name],), f"{here[name]} is a lock")
    plain = sorted(
        name
        for name in here
        if re.fullmatch(r"requirements[^/]*\.txt", name) and not _FOR_ANOTHER_END.search(name)
    )
    plain.sort(key=lambda name: name != "requirements.txt")
    hashed = [name for name in plain if b"--hash=" in (tree.read(here[name]) or b"")]
    if hashed:
        return Answer((here[hashed[0]],), f"{here[hashed[0]]} pins every package by hash")
    if "requirements.txt" in plain:
        return Answer((here["requirements.txt"],), f"{here['requirements.txt']} is there")
    if len(plain) == 1:
        return Answer((here[plain[0]],), f"{here[plain[0]]} is there")
    foldered = [name for name in _IN_FOLDER if f"requirements/{name}.txt" in here]
    if foldered:
        chosen = here[f"requirements/{foldered[0]}.txt"]
        return Answer((chosen,), f"{chosen} is there")
    rest = plain or sorted(
        name
        for name in here
        if name.startswith("requirements/")
        and name.endswith(".txt")
        and not _FOR_ANOTHER_END.search(posixpath.basename(name))
    )
    if rest:
        files = tuple(here[name] for name in rest)
        sentence = (
            f"which of {listed(files, 6)} the environment needs could not be told, so all are installed; "
            f"keep those under {KEY} that it needs."
        )
        return Answer(files, f"{listed(files)} are there", (Doubt(KEY, sentence),) if len(files) > 1 else ())
    if "requirements.in" in here:
        return Answer((here["requirements.in"],), f"{here['requirements.in']} is there")
    project = here.get("pyproject.toml")
    if project and table(toml_of(tree, project), "project").get("dependencies"):
        return Answer((project,), f"{project} lists dependencies")
    return Answer(())


def _with_development_files(
    tree: Tree, here: Mapping[str, str], main: Answer[tuple[str, ...]]
) -> Answer[tuple[str, ...]]:
    roots, reason, doubts = list(main.value), main.reason, list(main.doubts)
    for name in sorted(filter(_FOR_DEVELOPMENT.fullmatch, here)):
        brought = names_of(tree, here[name])
        if brought and brought <= _FOR_PACKAGING:
            continue
        conflict = _conflict(tree, roots, here[name])
        if conflict:
            doubts.append(
                Doubt(KEY, f"{here[name]} is left out: {conflict}; make the pins equal and add the file.")
            )
        else:
            roots.append(here[name])
            reason += f"; {here[name]} is for tests and tools"
    doubts += _left_out(tree, roots, here)
    return Answer(tuple(roots), reason, (*doubts, *installing(tree, tuple(roots), here)))


def _left_out(tree: Tree, roots: list[str], here: Mapping[str, str]) -> Iterator[Doubt]:
    """Files that are meant to be installed over the others, in a step of their own."""
    for name in sorted(here):
        if re.fullmatch(r"requirements[^/]*override[^/]*\.txt", name):
            conflict = _conflict(tree, roots, here[name])
            why = f" and {conflict}" if conflict else ""
            sentence = (
                f"{here[name]} is left out, as an environment is installed in one step{why}; "
                f"if the pipelines need it, make one lock of all files and name that under {KEY}."
            )
            yield Doubt(KEY, sentence)


def _conflict(tree: Tree, roots: list[str], other: str) -> str | None:
    new = _pins(tree, other)
    for root in roots:
        for name, version in _pins(tree, root).items():
            if new.get(name, version) != version:
                return f"it pins {name} {new[name]} while {root} pins {version}"
    return None


def _pins(tree: Tree, path: str) -> dict[str, str]:
    return {normal(match["name"]): match["version"] for match in _PIN.finditer(text_of(tree, path) or "")}
