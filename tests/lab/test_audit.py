import random
from collections.abc import Iterator, Mapping

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.lab.audit import audited
from meta_pipeline.lab.bases import bases_of
from meta_pipeline.lab.cases import Draw, drawn
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from tests.lab.samples import DAG

TREE = MemoryTree.of({"dags/d.py": DAG, "dags/c.yml": "a: 1\n"})
COMMENTED = (DAG + "# once a day\n").encode()


class Given(Mutator):
    """What the test says."""

    id = "given"
    schedulers = frozenset({"airflow"})

    def __init__(
        self,
        files: Mapping[str, bytes | None],
        places: tuple[Place, ...] = (),
        *,
        harms: bool = False,
        breaks: bool = False,
        keeps: bool = False,
    ) -> None:
        self.files, self.places = files, places
        self.is_harmful, self.breaks_syntax, self.keeps_meaning = harms, breaks, keeps  # type: ignore[misc]

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if base.path == "dags/d.py":
            yield Mutation(self.files, self.places, "given")


def complaints(*given: Given) -> list[str]:
    bases = list(bases_of("shop", TREE, "shop", None))
    cases = [case for each in given for case in drawn(bases, [each], Draw())]
    return [complaint.says for complaint in audited(cases, given, {"shop": TREE})]


PLACE = (Place("dags/d.py", 1, 1),)


@pytest.mark.parametrize(
    "given, says",
    [
        (Given({"dags/d.py": DAG.encode()}), "it changes nothing"),
        (Given({"dags/d.py": COMMENTED}, harms=True), "a fault names no place"),
        (Given({"dags/d.py": COMMENTED}, PLACE), "a twin names a place, as if something were wrong there"),
        (
            Given({"dags/d.py": COMMENTED}, (Place("dags/d.py", 9, 9),), harms=True),
            "dags/d.py:9-9 is no line at head",
        ),
        (Given({"dags/no.py": None}, PLACE, harms=True), "dags/no.py is deleted and was not there"),
        (
            Given({"dags/d.py": b"from (\n"}),
            "dags/d.py cannot be read any more, and its class is none that breaks syntax",
        ),
        (
            Given({"dags/c.yml": b"a: [\n"}),
            "dags/c.yml cannot be read any more, and its class is none that breaks syntax",
        ),
        (
            Given({"dags/d.py": DAG.replace("daily", "hourly").encode()}, keeps=True),
            "dags/d.py means something else, and its class keeps the meaning",
        ),
    ],
)
def test_a_change_that_is_not_what_its_class_says_is_told(given: Given, says: str) -> None:
    assert says in complaints(given)


@pytest.mark.parametrize(
    "given",
    [
        Given({"dags/d.py": COMMENTED}, keeps=True),
        Given({"dags/d.py": b"from (\n"}, PLACE, harms=True, breaks=True),
        Given({"dags/d.py": None}, (Place("dags/d.py", 1, 1, "base"),), harms=True),
        Given({"dags/new.yml": b"a: {{ x }}\n"}),
    ],
)
def test_a_change_that_is_what_its_class_says_is_not(given: Given) -> None:
    assert complaints(given) == []


def test_a_change_that_is_a_fault_here_and_harmless_there_is_told() -> None:
    harmful = Given({"dags/d.py": COMMENTED}, PLACE, harms=True)
    assert any(
        "the very same change is" in says for says in complaints(Given({"dags/d.py": COMMENTED}), harmful)
    )
