"""The files that a repository's environment is installed from."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.issues.manifests import manifests_of
from meta_pipeline.schedulers.found.answer import (
    Answer,
    Doubt,
    below,
    folder_of,
    from_near_to_root,
    listed,
    own_paths,
)
from meta_pipeline.schedulers.found.python import table, toml_of
from meta_pipeline.workspace.requirement_files import RequirementFault, requirement_files

KEY = "environment.requirements"
AS_OF = "environment.resolve_as_of"

_FOR_DEVELOPMENT = re.compile(
    r"(?:requirements/|requirements[-_.])(?:dev|develop|development|tests?|testing|ci|lint)\.txt"
    r"|(?:dev|test|tests|lint)[-_]requirements\.txt"
)
_FOR_ANOTHER_END = re.compile(r"dev|test|lint|\bci\b|docs?\b|override|constraint|local|notebook|jupyter")
_IN_FOLDER = ("prod", "production", "main", "base", "requirements", "common", "core")
_LOCKS = ("requirements.lock", "pylock.toml")
_ELSEWHERE = {
    "uv.lock": "uv export --no-emit-project -o requirements.lock",
    "poetry.lock": "poetry export -f requirements.txt -o requirements.lock",
    "pdm.lock": "pdm export -f requirements -o requirements.lock",
    "Pipfile.lock": "pipenv requirements --hash > requirements.lock",
    "Pipfile": "pipenv requirements > requirements.txt",
    "environment.yml": "conda list --export, put as pip names into a requirements.txt",
    "setup.py": "uv pip compile setup.py -o requirements.lock",
}
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?\s*==\s*(?P<version>[\w.!+]+)\s*(?:\\|#|--|$)", re.MULTILINE
)
_NAME = re.compile(r"^[\s\"']*(?P<name>[A-Za-z0-9][\w.-]*)", re.MULTILINE)


def requirement_roots(tree: Tree, pipelines: Iterable[str]) -> Answer[tuple[str, ...]]:
    """The files to install from, those for tests last; `pipelines` are folders, beside or above which they are sought.

    A lock is taken before a file with hashes, that before a plain one, and a `pyproject.toml` last.
    """
    paths = set(own_paths(tree))
    for folder in from_near_to_root(pipelines):
        here = {posixpath.relpath(path, folder): path for path in paths if _is_near(path, folder)}
        main = _main(tree, here)
        if main.value:
            return _with_development_files(tree, here, main)
    return Answer((), doubts=(_nothing_found(paths),))


def lacking(tree: Tree, roots: tuple[str, ...], needs: Mapping[str, str]) -> tuple[Doubt, ...]:
    """A doubt for each package of `needs` (the start of its name, and what it is needed for) that no file names."""
    try:
        contents = requirement_files(tree, roots).contents
    except RequirementFault:
        return ()
    names = {
        _normal(match["name"])
        for data in contents.values()
        for match in _NAME.finditer(data.decode("utf-8", "replace"))
    }
    files = listed(roots) or "no requirement file"
    return tuple(
        Doubt(
            KEY,
            f"{why}, but {files} {'do' if len(roots) > 1 else 'does'} not name {package}; add it to one of them.",
        )
        for package, why in needs.items()
        if roots and not any(name.startswith(_normal(package)) for name in names)
    )


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
        sentence = f"which of {listed(files, 6)} an environment needs could not be told, so all are installed; leave out what it does not need."
        return Answer(files, f"{listed(files)} are there", (Doubt(KEY, sentence),) if len(files) > 1 else ())
    if "requirements.in" in here:
        return Answer((here["requirements.in"],), f"{here['requirements.in']} is there")
    if "pyproject.toml" in here and table(toml_of(tree, here["pyproject.toml"]), "project").get(
        "dependencies"
    ):
        return Answer((here["pyproject.toml"],), f"{here['pyproject.toml']} lists dependencies")
    return Answer(())


def _with_development_files(
    tree: Tree, here: Mapping[str, str], main: Answer[tuple[str, ...]]
) -> Answer[tuple[str, ...]]:
    roots, reason, doubts = list(main.value), main.reason, list(main.doubts)
    for name in sorted(filter(_FOR_DEVELOPMENT.fullmatch, here)):
        conflict = _conflict(tree, roots, here[name])
        if conflict:
            doubts.append(
                Doubt(KEY, f"{here[name]} is left out: {conflict}; make the pins equal and add the file.")
            )
        else:
            roots.append(here[name])
            reason += f"; {here[name]} is for tests and tools"
    return Answer(tuple(roots), reason, (*doubts, *_installing(tree, tuple(roots), here)))


def _conflict(tree: Tree, roots: list[str], other: str) -> str | None:
    new = _pins(tree, other)
    for root in roots:
        for name, version in _pins(tree, root).items():
            if new.get(name, version) != version:
                return f"it pins {name} {new[name]}, and {root} pins {version}"
    return None


def _pins(tree: Tree, path: str) -> dict[str, str]:
    return {_normal(match["name"]): match["version"] for match in _PIN.finditer(text_of(tree, path) or "")}


def _installing(tree: Tree, roots: tuple[str, ...], here: Mapping[str, str]) -> Iterable[Doubt]:
    """What stands in the way of an installation from `roots`, and of one that is the same every day."""
    try:
        included = requirement_files(tree, roots).contents.keys()
    except RequirementFault as fault:
        yield Doubt(KEY, str(fault))
        return
    unlocked = [
        manifest.path for manifest in manifests_of(tree) if manifest.path in roots and not manifest.locked
    ]
    if not unlocked or any("constraint" in path for path in included):
        return
    constraints = next(
        (here[name] for name in sorted(here) if re.fullmatch(r"constraints[^/]*\.txt", name)), None
    )
    if constraints:
        name = posixpath.relpath(constraints, folder_of(unlocked[0]))
        sentence = f"{constraints} is used by no requirement file; begin {unlocked[0]} with the line '-c {name}' to have its versions."
        yield Doubt(KEY, sentence)
        return
    exported = next(
        (command for lock, command in _ELSEWHERE.items() if lock.endswith(".lock") and lock in here), None
    )
    command = exported or f"uv pip compile {unlocked[0]} -o requirements.lock"
    sentence = (
        f"{listed(unlocked)} {'does' if len(unlocked) == 1 else 'do'} not pin every version, so the environment depends "
        f"on the day when it is built; commit a lock ({command}) and name it under {KEY}, or name a date under {AS_OF}."
    )
    yield Doubt(AS_OF, sentence, 'resolve_as_of: "2026-01-01"')


def _nothing_found(paths: set[str]) -> Doubt:
    known = next(((name, command) for name, command in _ELSEWHERE.items() if name in paths), None)
    how = (
        f"{known[0]} cannot be installed from as it is: write a requirement file ({known[1]})"
        if known
        else "commit one"
    )
    return Doubt(
        KEY,
        f"no requirement file was found, so commands run without packages; {how} and name it under {KEY}.",
        "requirements: [requirements.txt]",
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
