"""What stands in the way of an environment that holds what the policy needs and is the same every day."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.tree import MemoryTree, Tree, text_of
from meta_pipeline.issues.manifests import manifests_of
from meta_pipeline.schedulers.found.answer import Doubt, folder_of, listed
from meta_pipeline.schedulers.found.toml_files import table, toml_of
from meta_pipeline.workspace.requirement_files import RequirementFault, requirement_files

KEY = "environment.requirements"
AS_OF = "environment.resolve_as_of"

_ELSEWHERE = {
    "uv.lock": "uv export --no-emit-project -o requirements.lock",
    "poetry.lock": "poetry export -f requirements.txt -o requirements.lock",
    "pdm.lock": "pdm export -f requirements -o requirements.lock",
    "Pipfile.lock": "pipenv requirements --hash > requirements.lock",
    "Pipfile": "pipenv requirements > requirements.txt",
    "environment.yml": "conda run python -m pip freeze > requirements.txt",
    "setup.py": "uv pip compile setup.py -o requirements.lock",
}
_NAME = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)")


def installing(tree: Tree, roots: tuple[str, ...], here: Mapping[str, str]) -> Iterator[Doubt]:
    """Doubts about an installation from `roots`; `here` maps names beside the main one to paths."""
    try:
        included = requirement_files(tree, roots).contents.keys()
    except RequirementFault as fault:
        yield Doubt(KEY, str(fault))
        return
    # The roots alone: another manifest of the repository may be huge or broken, and has no say here.
    installed = MemoryTree.of({root: tree.read(root) or b"" for root in roots})
    unlocked = [manifest.path for manifest in manifests_of(installed) if not manifest.locked]
    if not unlocked or any("constraint" in path for path in included):
        return
    constraints = next(
        (here[name] for name in sorted(here) if re.fullmatch(r"constraints[^/]*\.txt", name)), None
    )
    if constraints:
        name = posixpath.relpath(constraints, folder_of(unlocked[0]))
        sentence = (
            f"{constraints} is used by no requirement file; begin {unlocked[0]} with the line '-c {name}' "
            "to have its versions."
        )
        yield Doubt(KEY, sentence)
        return
    exported = next(
        (command for lock, command in _ELSEWHERE.items() if lock.endswith(".lock") and lock in here), None
    )
    folder = folder_of(unlocked[0])
    if exported and folder != "." and exported.startswith("uv "):
        exported = exported.replace("uv export", f"uv export --directory {folder}")
    command = exported or f"uv pip compile {' '.join(roots)} -o requirements.lock"
    sentence = (
        f"{listed(unlocked)} {'does' if len(unlocked) == 1 else 'do'} not pin every version, so the environment "
        f"depends on the day when it is built; commit a lock ({command}) and name it under {KEY}, "
        f"or name a date under {AS_OF}."
    )
    yield Doubt(AS_OF, sentence, 'resolve_as_of: "2026-01-01"')


def lacking(tree: Tree, roots: tuple[str, ...], needs: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Doubts for the packages of `needs` (the start of a name, and what it is needed for) that no file names.

    Those that one lock with an extra or a group would bring share a doubt.
    """
    try:
        paths = requirement_files(tree, roots).contents.keys()
    except RequirementFault:
        return ()
    names = {name for path in paths for name in names_of(tree, path)}
    absent = [
        package
        for package in (needs if roots else ())
        if not any(name.startswith(normal(package)) for name in names)
    ]
    projects = [path for path in roots if path.endswith("pyproject.toml")] or ["pyproject.toml"]
    inputs = " ".join(roots if projects[0] in roots else projects)
    by_option: dict[str, list[str]] = {}
    doubts = []
    files = listed(roots)
    for package in absent:
        option = next((found for path in projects if (found := _option(tree, path, package))), None)
        if option:
            by_option.setdefault(option, []).append(package)
        else:
            verb, one = ("do", "one of them") if len(roots) > 1 else ("does", "it")
            doubts.append(
                Doubt(
                    KEY,
                    f"{needs[package]}, but {files} {verb} not bring {package}; add the package to {one}.",
                )
            )
    for option, packages in by_option.items():
        sentence = (
            f"{listed([needs[package] for package in packages])}, but {listed(packages)} "
            f"{'is' if len(packages) == 1 else 'are'} asked for by {option} alone; make a lock with it "
            f"(uv pip compile {inputs} {option} -o requirements.lock) and name that under {KEY}."
        )
        doubts.append(Doubt(KEY, sentence))
    return tuple(doubts)


def _option(tree: Tree, path: str, package: str) -> str | None:
    """The option of uv that adds a package of one of the project's extras or groups; None where none has it."""
    found = _optional(tree, path)
    return next((option for name, option in found.items() if name.startswith(normal(package))), None)


def _optional(tree: Tree, path: str) -> dict[str, str]:
    """The packages of a project's extras and groups, and the option of uv that adds them."""
    document = toml_of(tree, path)
    extras, groups = table(document, "project", "optional-dependencies"), table(document, "dependency-groups")
    return {
        normal(match["name"]): f"{option} {group}"
        for option, named in (("--group", groups), ("--extra", extras))
        for group, wanted in named.items()
        if isinstance(wanted, list)
        for match in (_NAME.match(each) for each in wanted if isinstance(each, str))
        if match
    }


def names_of(tree: Tree, path: str) -> frozenset[str]:
    """The packages that a file asks for, as indexes compare their names; a file of constraints asks for none."""
    if path.endswith(".toml"):
        document = toml_of(tree, path)
        wanted = [str(each) for each in table(document, "project").get("dependencies", ())]
        wanted += [str(each.get("name")) for each in document.get("packages", ())]
    else:
        wanted = [] if "constraints" in path.rpartition("/")[2] else (text_of(tree, path) or "").splitlines()
    return frozenset(normal(match["name"]) for match in map(_NAME.match, wanted) if match)


def nothing_found(paths: set[str]) -> Doubt:
    """The doubt of a repository without any file to install from."""
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


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
