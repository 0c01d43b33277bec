from meta_pipeline.gates.catalogue import own_gates
from scripts.generate_docs import DOCS, pages


def test_the_committed_pages_are_what_the_code_says() -> None:
    old = [
        name
        for name, text in pages(own_gates()).items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert old == [], "run 'make docs' and commit what it writes"
