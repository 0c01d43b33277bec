"""What each mutator makes of the small repositories, as text: `python -m tests.lab.expected` writes the files again.

Read their difference before it is committed: they say what a fault is and where it is to be found.
"""

import random
from difflib import unified_diff
from pathlib import Path

from meta_pipeline.lab.classes import mutators
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from tests.lab.bases import bases

FOLDER = Path(__file__).parent / "expected"
# Their changes hold credentials or characters that no file of ours may hold; they are tested by what they do.
NOT_WRITTEN = ("secret-", "connection-literal", "suppressed-fault", "hidden-text")
AT_MOST = 2


def is_written(mutator: Mutator) -> bool:
    return not mutator.id.startswith(NOT_WRITTEN)


def made(mutator: Mutator, base: Base) -> list[Mutation]:
    return list(mutator.mutations(base, random.Random(f"{mutator.id} {base.path}")))  # noqa: S311


def rendered(mutator: Mutator) -> str:
    """The first mutations of each scheduler: what was done, the places, the difference."""
    parts: list[str] = []
    for scheduler in sorted(mutator.schedulers):
        found = [
            (base, mutation)
            for base in bases()
            if base.scheduler == scheduler
            for mutation in made(mutator, base)
        ]
        for base, mutation in found[:AT_MOST]:
            parts.append(f"== {scheduler} {base.path}: {mutation.says}\n")
            parts += [
                f"@ {place.path}:{place.first}-{place.last} {place.side}\n" for place in mutation.places
            ]
            parts += [_difference(base, path, data) for path, data in mutation.files.items()]
    return "".join(parts)


def _difference(base: Base, path: str, data: bytes | None) -> str:
    before = (base.tree.read(path) or b"").decode().splitlines()
    after = (data or b"").decode().splitlines()
    lines = list(unified_diff(before, after, n=0, lineterm=""))[2:]
    state = " (deleted)" if data is None else " (new)" if base.tree.read(path) is None else ""
    return "".join(f"{line}\n" for line in (f"--- {path}{state}", *lines[:24]))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for mutator in mutators():
        if is_written(mutator):
            (FOLDER / f"{mutator.id}.txt").write_text(rendered(mutator))


if __name__ == "__main__":
    main()
