"""Who owns the pipelines of a repository, as its CODEOWNERS says."""

from collections.abc import Iterable
from dataclasses import dataclass

from pathspec import PathSpec
from pathspec.patterns.gitwildmatch import GitWildMatchPatternError

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import is_below, own_paths

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SEEN = 2_000


@dataclass(frozen=True, slots=True)
class Owners:
    """People and teams, as CODEOWNERS writes them, and the line that names them."""

    names: tuple[str, ...]
    where: str


def owners_of(tree: Tree, folders: Iterable[str]) -> tuple[Owners, ...]:
    """The owners of the Python and SQL below `folders`, those of most files first; none where nobody is named.

    As on GitHub and GitLab, the first file in the usual places counts, and in it the last rule that fits.
    """
    path = next((place for place in _PLACES if text_of(tree, place) is not None), None)
    if path is None:
        return ()
    rules = []
    for number, line in enumerate((text_of(tree, path) or "").splitlines(), start=1):
        words = line.partition(" #")[0].split()
        if words and not words[0].startswith(("#", "[", "^[")):
            try:
                rules.append((PathSpec.from_lines("gitwildmatch", [words[0]]), tuple(words[1:]), number))
            except GitWildMatchPatternError:
                continue
    places = tuple(folders)
    code = [path for path in own_paths(tree) if path.endswith((".py", ".sql"))]
    files = [path for path in code if any(is_below(path, place) for place in places)][:_SEEN]
    counted: dict[Owners, int] = {}
    for file in files:
        for spec, names, number in reversed(rules):
            if spec.match_file(file):
                if names:
                    owners = Owners(names, f"{path}:{number}")
                    counted[owners] = counted.get(owners, 0) + 1
                break
    return tuple(sorted(counted, key=lambda owners: (-counted[owners], owners.where)))
