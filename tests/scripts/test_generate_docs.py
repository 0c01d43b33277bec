import re

from meta_pipeline.gates.catalogue import own_gates
from scripts.generate_docs import DOCS, left_over, pages

_MEND = "run 'make docs' and commit what it writes"


def test_the_committed_pages_are_what_the_code_says() -> None:
    made = pages(own_gates())
    old = [
        name
        for name, text in made.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert old == [], _MEND
    assert left_over(made) == [], _MEND


def test_a_page_of_a_gate_that_is_gone_is_left_over() -> None:
    made = pages(own_gates())
    first = next(name for name in made if name.startswith("gates/CHG"))

    assert left_over([name for name in made if name != first]) == [DOCS / first]


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for name, text in pages(own_gates()).items():
        for target in re.findall(r"\]\(([^)#]+)", text) if name.endswith(".md") else ():
            assert (DOCS / name).parent.joinpath(target).exists(), (name, target)
